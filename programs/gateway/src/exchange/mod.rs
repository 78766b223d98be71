//! The life of a request: one exchange between a client, the gateway and an upstream.
//!
//! `read head → route → guard → pick a backend → forward → answer → log`. [`stages`] names them
//! in order; [`run`] around it turns every refusal into a response and every exchange into one
//! line of the log. One task owns both sides; nothing on this path locks, and in steady state
//! nothing allocates.
//!
//! | file | stage |
//! |---|---|
//! | `read_head.rs` | 2: a request head within its limits and deadline |
//! | `guard.rs` | 3, 4: route, and what is refused before an upstream hears of it |
//! | `pick.rs` | 6: which backend |
//! | `onward.rs` | 7: the request head as it goes upstream |
//! | `forward.rs`, `attempt.rs` | 7: connect, send, retry |
//! | `answer.rs`, `downward.rs` | 8: the response, rewritten and streamed |
//! | `tunnel.rs` | 8: an upgraded connection |
//! | `refusal.rs`, `linger.rs` | the gateway's own answers, and a clean end |
//! | `journal.rs` | 10: what the log will say |
//!
//! The cache (stages 5 and 9) comes between guard and pick, and in the stream of the answer.

mod answer;
mod attempt;
mod downward;
mod forward;
mod guard;
mod journal;
mod linger;
mod onward;
mod pick;
mod read_head;
mod refusal;
mod request_id;
mod tunnel;

use std::sync::Arc;

use tokio::net::TcpStream;

use crate::control_plane::Snapshot;
use crate::data_plane::{Connection, Next, Workspace};
use journal::Journal;
use refusal::Refusal;

/// What every stage of one exchange can see.
pub(crate) struct Scene<'e> {
    connection: &'e Connection,
    client: &'e TcpStream,
    snapshot: &'e Snapshot,
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
    let scene = Scene { connection, client, snapshot };
    let mut journal = Journal::new();
    let next = match stages(&scene, workspace, &mut journal).await {
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
    workspace.inbound.next_message();
    workspace.outbound.clear();
    next
}

/// The stages in order.
async fn stages(
    scene: &Scene<'_>,
    workspace: &mut Workspace,
    journal: &mut Journal,
) -> Result<Next, Failure> {
    if !read_head::read_head(scene, workspace, journal).await? {
        return Ok(Next::Close);
    }
    let route = guard::route(scene, workspace)?;
    let asked = guard::guard(scene, workspace, route, journal)?;
    let forwarded = forward::forward(scene, workspace, route, &asked, journal).await?;
    Ok(match forwarded {
        forward::Forwarded::Answered(next) => next,
        forward::Forwarded::Upgraded(upstream) => {
            tunnel::tunnel(scene, workspace, &upstream, journal).await;
            Next::Close
        }
        forward::Forwarded::Unfinished => {
            linger::linger(scene, workspace).await;
            Next::Close
        }
    })
}
