//! The life of a request: one exchange between a client, the gateway and an upstream.
//!
//! `read head → route → guard → cache → pick a backend → forward → answer → store → log`. [`stages`] names them
//! in order; [`run`] around it turns every refusal into a response and every exchange into one
//! line of the log. One task owns both sides; nothing on this path locks, and in steady state
//! nothing allocates.
//!
//! | file | stage |
//! |---|---|
//! | `read_head.rs` | 2: a request head within its limits and deadline |
//! | `guard.rs` | 3, 4: route, and what is refused before an upstream hears of it |
//! | `cache/` | 5, 9: answers from what is stored, and what is stored |
//! | `trace.rs` | which trace the request belongs to |
//! | `pick.rs` | 6: which backend |
//! | `onward.rs`, `forwarding.rs` | 7: the request head as it goes upstream |
//! | `forward.rs`, `forward/`, `attempt.rs` | 7: connect, send, retry |
//! | `answer.rs`, `downward.rs`, `relay.rs` | 8: the response, rewritten and streamed |
//! | `tunnel.rs` | 8: an upgraded connection |
//! | `refusal.rs`, `refusal/`, `linger.rs` | the gateway's own answers, and a clean end |
//! | `rehearsal.rs` | what would become of a request that nobody sent |
//! | `journal.rs` | 10: what is counted and what the log will say |
//!

mod answer;
mod attempt;
mod cache;
mod downward;
mod forward;
mod forwarding;
mod guard;
mod journal;
mod linger;
mod onward;
mod pick;
mod read_head;
mod refusal;
mod rehearsal;
mod relay;
mod request_id;
mod trace;
mod tunnel;

use std::net::IpAddr;
use std::sync::Arc;

use tokio::net::TcpStream;
use tombolo_daemon::memory;

use crate::control_plane::{Route, Snapshot};
use crate::data_plane::{Connection, Full, Next, Share, Workspace};
pub(crate) use cache::Plan;
pub(crate) use rehearsal::{Pick, Refused, rehearse};

use forward::{Errand, Forwarded};
use guard::Asked;
use journal::Journal;
use refusal::Refusal;

/// What every stage of one exchange can see.
pub(crate) struct Scene<'e> {
    connection: &'e Connection,
    /// Who waits for the answer. None: nobody, the cache asks for itself.
    client: Option<&'e TcpStream>,
    snapshot: &'e Arc<Snapshot>,
}

impl<'e> Scene<'e> {
    /// Whether a client that takes nothing is in the way of others: connections or memory are short.
    fn is_short(&self) -> bool {
        self.connection.core.is_short_of_connections() || memory::is_short()
    }

    /// The same while a request holds a place at a server of this upstream: or others wait for one.
    fn is_place_needed(&self, upstream: usize) -> bool {
        let upstream = self.snapshot.upstreams.get(upstream);
        self.is_short() || upstream.is_some_and(|upstream| upstream.queue.is_anybody_waiting())
    }

    /// The client, for a stage that is about it.
    fn client(&self) -> Result<&'e TcpStream, Failure> {
        self.client.ok_or(Failure::Cut("no client waits for the answer"))
    }
}

/// How an exchange ended other than by a clean answer.
enum Failure {
    /// Nothing was answered yet: the client is told.
    Refused(Refusal),
    /// The client is gone, or part of an answer was sent: all that is left is to close.
    Cut(&'static str),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Serves one request, whatever comes of it, and logs it.
pub(crate) async fn run(
    connection: &Connection,
    client: &mut TcpStream,
    workspace: &mut Workspace,
) -> Next {
    let snapshot = connection.core.snapshot();
    let snapshot: &Arc<Snapshot> = &snapshot;
    let scene = Scene { connection, client: Some(client), snapshot };
    let mut journal = Journal::new();
    let mut share = None;
    let mut ended = stages(&scene, workspace, &mut share, &mut journal).await;
    // Whatever it was at: its place was needed.
    if connection.timer.is_shed() && ended.is_err() {
        ended = Err(match journal.status {
            0 => Refusal::beyond_share().into(),
            _ => Failure::Cut(SHED),
        });
    }
    let next = match ended {
        Ok(next) => next,
        Err(Failure::Cut(error)) => {
            journal.cut(error);
            Next::Close
        }
        Err(Failure::Refused(refusal)) => {
            refusal::answer(&scene, refusal, workspace, &mut journal).await
        }
    };
    if journal.has_begun() {
        journal.log(&scene, workspace);
    }
    connection.timer.faces(0);
    workspace.inbound.next_message();
    workspace.outbound.clear();
    next
}

/// What the log says of an exchange that ended because what it holds was needed.
const SHED: &str = "the client's requests hold more than its share of the memory for requests, which is used up: the oldest that wait are ended";

/// The stages in order.
async fn stages<'s>(
    scene: &'s Scene<'_>,
    workspace: &mut Workspace,
    share: &mut Option<Share<'s>>,
    journal: &mut Journal,
) -> Result<Next, Failure> {
    if !read_head::read_head(scene, workspace, share, journal).await? {
        return Ok(Next::Close);
    }
    // Held for the peer until it was known who asks.
    *share = None;
    let route = guard::route(scene, workspace)?;
    journal.route = Some(route.index);
    let asked = guard::guard(scene, workspace, route, journal)?;
    *share = Some(hold(scene, asked.client)?);
    if route.cache.is_some() {
        return cache::serve(scene, workspace, route, &asked, journal).await;
    }
    pass(scene, workspace, route, &asked, journal, Errand::default()).await
}

/// Counts what the request holds for its client.
fn hold<'s>(scene: &'s Scene<'_>, client: IpAddr) -> Result<Share<'s>, Refusal> {
    let Connection { core, timer, .. } = scene.connection;
    core.shares.begin(client, timer).map_err(|Full| Refusal::beyond_share())
}

/// Sends the request on and its answer back.
async fn pass(
    scene: &Scene<'_>,
    workspace: &mut Workspace,
    route: &Route,
    asked: &Asked,
    journal: &mut Journal,
    errand: Errand<'_>,
) -> Result<Next, Failure> {
    let forwarded = forward::forward(scene, workspace, route, asked, journal, errand).await?;
    Ok(ended(scene, workspace, forwarded, journal).await)
}

/// Ends an exchange whose answer was passed on; tells what becomes of the connection.
async fn ended(
    scene: &Scene<'_>,
    workspace: &mut Workspace,
    forwarded: Forwarded,
    journal: &mut Journal,
) -> Next {
    match forwarded {
        Forwarded::Answered(next) => next,
        Forwarded::Upgraded(upstream) => {
            tunnel::tunnel(scene, workspace, &upstream, journal).await;
            Next::Close
        }
        Forwarded::Unfinished => {
            linger::linger(scene, workspace).await;
            Next::Close
        }
        // Only who asked for it is given one.
        Forwarded::Held(_) => Next::Close,
    }
}
