//! Stages 5 and 9: the cache, between the guard and the upstream.
//!
//! ```text
//! question ── bypass, method ──────────────────────────────► forward, invalidate
//!    │
//! lookup ──── usable ──► serve (memory, file, 304, ranges) ─► client
//!    │          └ stale but usable: serve, and validate in the background
//! join ────── another asks already: follow it, byte by byte
//!    │
//! origin ──── 304: freshen, serve ── failed: serve stale
//!    │
//! keep ────── storable: fill in a task of its own, the client follows it
//!    └ not: relay
//! ```
//! What may be stored and used is decided in `tombolo_cache`; here it is done. Every answer says
//! what was done in `Cache-Status` (RFC 9211).
//!
//! | file | one idea |
//! |---|---|
//! | `question.rs` | what the request asks of the cache, and what passes it by |
//! | `target.rs`, `sent.rs` | the scheme and host it goes to, and what upstream is sent of its fields |
//! | `lookup.rs`, `stored.rs` | what is stored for it |
//! | `serve.rs`, `content.rs` | an answer from what is stored |
//! | `join.rs`, `follow.rs` | an answer from what another is fetching |
//! | `origin.rs`, `conditions.rs` | asking upstream, and what its answer means |
//! | `keep.rs`, `keep/store.rs`, `keeping.rs`, `fill.rs` | storing it |
//! | `pass_on.rs` | not storing it |
//! | `rehearsal.rs` | what would be done, without doing it |
//! | `background.rs` | validating after the client was served |
//! | `invalidate.rs` | what an unsafe request makes invalid |

mod background;
mod conditions;
mod content;
mod fill;
mod follow;
mod invalidate;
mod join;
mod keep;
mod keeping;
mod lookup;
mod origin;
mod pass_on;
mod question;
mod rehearsal;
mod sent;
mod serve;
mod stored;
mod target;

pub(crate) use rehearsal::Plan;
pub(super) use rehearsal::rehearse;

use std::time::{SystemTime, UNIX_EPOCH};

use tombolo_cache::cache_status::{CacheStatus, Forward};
use tombolo_cache::credentials::has_credentials;
use tombolo_cache::freshness::{Judgement, Staleness, Verdict, Why};
use tombolo_cache::message::{Request, Response};
use tombolo_cache::range::Selection;
use tombolo_cache::store::Store;
use tombolo_cache::time::Timestamp;
use tombolo_daemon::config::RouteCache;

use super::guard::Asked;
use super::journal::Journal;
use super::refusal::Refusal;
use super::{Failure, Scene, forward};
use crate::control_plane::Route;
use crate::data_plane::{Next, Workspace};
use crate::recent::Reason;
use join::Turn;
use lookup::Looked;
use question::Question;
use sent::Sent;
use stored::Stored;

/// Times a request looks into the cache anew, because what it found was gone or came meanwhile.
const LOOKS: u32 = 8;

/// What the steps of one request have in common.
struct Stage<'s> {
    scene: &'s Scene<'s>,
    route: &'s Route,
    rules: &'s RouteCache,
    store: &'s Store,
    asked: &'s Asked,
}

impl Stage<'_> {
    /// Whether the request carries credentials, as this route has them.
    fn has_credentials(&self, request: &Request<'_>) -> bool {
        has_credentials(request, &self.rules.policy)
    }

    /// How the request's fields go upstream.
    fn sent(&self) -> Sent<'_> {
        Sent {
            peer: self.scene.connection.client.ip(),
            trusted: self.asked.trusted,
            own_cookie: self.rules.policy.own_cookie.as_deref(),
        }
    }
}

/// Why upstream is asked, and what is stored.
struct Need {
    why: Forward,
    /// What is stored and cannot be used as it is.
    stored: Option<Stored>,
    /// It may be used if upstream fails.
    if_error: bool,
    /// The answer to another's request does not do.
    alone: bool,
}

impl Need {
    fn of_nothing(why: Forward, alone: bool) -> Self {
        Self { why, stored: None, if_error: false, alone }
    }
}

/// Serves a request of a route that caches, from the cache or from upstream.
pub(super) async fn serve(
    scene: &Scene<'_>,
    workspace: &mut Workspace,
    route: &Route,
    asked: &Asked,
    journal: &mut Journal,
) -> Result<Next, Failure> {
    let (Some(rules), Some(store)) = (&route.cache, &scene.snapshot.store) else {
        return super::pass(scene, workspace, route, asked, journal, forward::Errand::default())
            .await;
    };
    let stage = Stage { scene, route, rules, store, asked };
    let Workspace { inbound, request, key, .. } = &mut *workspace;
    let head = Request { head: request, buf: inbound.whole() };
    let mut question = match question::question(rules, asked, &head, key) {
        Ok(question) => question,
        Err(reason) => {
            journal.reason = Some(reason);
            let why = question::forward(reason);
            return Box::pin(invalidate::pass(&stage, workspace, journal, why)).await;
        }
    };
    for _ in 0..LOOKS {
        let ticket = store.ticket();
        let need = match lookup::look(&stage, workspace, &question).await {
            Looked::Stored(stored) => {
                match use_stored(&stage, workspace, &question, stored, journal).await? {
                    Used::Answered(next) => return Ok(next),
                    Used::Gone => continue,
                    Used::Not(need) => *need,
                }
            }
            Looked::Nothing(_) if question.directives.only_if_cached => {
                return Err(only_if_cached(journal, None));
            }
            Looked::Nothing(why) => Need::of_nothing(why, question.alone),
        };
        let turn = join::turn(&stage, workspace, &mut question, need, ticket, journal);
        match Box::pin(turn).await? {
            Turn::Ours(need, filling) => {
                let ask = origin::ask(&stage, workspace, &question, *need, filling, journal);
                return Box::pin(ask).await;
            }
            Turn::Answered(next) => return Ok(next),
            Turn::LookAgain => {}
        }
    }
    let need = Need::of_nothing(Forward::Miss, true);
    Box::pin(origin::ask(&stage, workspace, &question, need, None, journal)).await
}

/// What came of a stored response.
enum Used {
    /// It was sent.
    Answered(Next),
    /// It could not be read; it is stored no longer.
    Gone,
    /// Upstream has to be asked.
    Not(Box<Need>),
}

/// Judges a stored response, and sends it if it will do.
async fn use_stored(
    stage: &Stage<'_>,
    workspace: &mut Workspace,
    question: &Question,
    stored: Stored,
    journal: &mut Journal,
) -> Result<Used, Failure> {
    let asked_at = i64::try_from(journal.unix_millis()).unwrap_or(i64::MAX);
    let asked_at = Timestamp::from_millis(asked_at);
    let asked = request(workspace);
    let Judgement { verdict, age, ttl } =
        stored.judge_for(&asked, &question.directives, &stage.rules.policy, asked_at);
    let selection = stored.select(&asked);
    let held = !matches!(selection, Selection::NotHeld);
    let mut status = CacheStatus { hit: true, ttl: Some(ttl), ..CacheStatus::default() };
    let need = match verdict {
        Verdict::Fresh | Verdict::Stale(_) if !held && question.directives.only_if_cached => {
            return Err(only_if_cached(journal, Some(ttl)));
        }
        Verdict::Fresh | Verdict::Stale(_) if !held => {
            Need { why: Forward::Partial, stored: Some(stored), if_error: false, alone: true }
        }
        Verdict::Fresh | Verdict::Stale(_) => {
            if let Verdict::Stale(staleness) = verdict {
                journal.reason = Some(Reason::Stale(staleness));
                status.detail = Some(told(staleness));
                if staleness != Staleness::MaxStale {
                    background::validate(stage, workspace);
                }
            }
            let sent = serve::send(stage, workspace, &stored, selection, age, status, journal);
            return Ok(match sent.await? {
                serve::Sent::Done(next) => Used::Answered(next),
                serve::Sent::Unreadable => Used::Gone,
            });
        }
        // Its validators are those of an answer to somebody else.
        Verdict::Revalidate { why: Why::Credentials, .. } => {
            journal.reason = Some(Reason::Unfit(Why::Credentials));
            Need::of_nothing(reason(Why::Credentials), question.alone)
        }
        Verdict::Unsatisfiable(_) => return Err(only_if_cached(journal, Some(ttl))),
        Verdict::Revalidate { why, if_error } => {
            journal.reason = Some(Reason::Unfit(why));
            let if_error = if_error && held;
            let alone = question.alone || stored.meta().lifetime == 0 || why != Why::Stale;
            let alone = alone && why != Why::MustRevalidate;
            Need { why: reason(why), stored: Some(stored), if_error, alone }
        }
    };
    Ok(Used::Not(Box::new(need)))
}

/// Nothing that is stored will do, and upstream is not to be asked.
fn only_if_cached(journal: &mut Journal, ttl: Option<i64>) -> Failure {
    let detail = Some("only-if-cached");
    journal.cache = Some(CacheStatus { ttl, detail, ..CacheStatus::default() });
    Refusal::only_if_cached().into()
}

/// What a client is told of a stale answer.
fn told(staleness: Staleness) -> &'static str {
    match staleness {
        Staleness::MaxStale => "max-stale",
        Staleness::WhileRevalidate => "stale-while-revalidate",
        Staleness::SoftPurge => "purged",
    }
}

/// Why upstream is asked, as `Cache-Status` tells it.
fn reason(why: Why) -> Forward {
    match why {
        Why::RequestNoCache | Why::RequestMaxAge | Why::RequestMinFresh | Why::Credentials => {
            Forward::Request
        }
        Why::ResponseNoCache | Why::Stale | Why::MustRevalidate => Forward::Stale,
    }
}

/// The time by the wall clock.
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// The client's request.
fn request(workspace: &Workspace) -> Request<'_> {
    Request { head: &workspace.request, buf: workspace.inbound.whole() }
}

/// The response that is held.
fn response(workspace: &Workspace) -> Response<'_> {
    Response { head: &workspace.response, buf: workspace.outbound.whole() }
}
