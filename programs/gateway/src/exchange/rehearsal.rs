//! What would become of a request that nobody sent: the stages up to the choice of a server, on the
//! same snapshot and by the same rules, and without an effect. No server is asked, nobody's turn is
//! taken, nothing is stored, counted or logged.

use std::net::SocketAddr;

use tombolo_balance::{Ask, Tried};
use tombolo_cache::message::Request;
use tombolo_http1::RequestHead;

use super::cache::{self, Plan};
use super::guard::{self, Asked};
use super::pick::Leaning;
use super::refusal::Refusal;
use crate::control_plane::{Route, Snapshot};
use crate::rate_limit::Facts;

/// What would become of it.
pub(crate) struct Rehearsal<'s> {
    /// The routes in the order in which they are asked, with why each does not fit.
    pub(crate) routes: Vec<(&'s Route, Option<&'static str>)>,
    /// The gateway would answer itself.
    pub(crate) refused: Option<Refused>,
    /// What the cache would do; none: it has no part.
    pub(crate) cache: Option<Plan>,
    /// Which server would be asked; none: no upstream would hear of it.
    pub(crate) pick: Option<Pick>,
}

/// An answer of the gateway's own.
pub(crate) struct Refused {
    pub(crate) status: u16,
    /// What the client would be told, and what the log would say.
    pub(crate) detail: String,
    pub(crate) cause: String,
}

/// The choice among an upstream's servers.
pub(crate) struct Pick {
    /// Index of the upstream.
    pub(crate) upstream: usize,
    /// Index of the server.
    pub(crate) server: Option<usize>,
    /// All servers are full, or others wait: it would wait too, unless as many do as may.
    pub(crate) waits: bool,
    /// The client's cookie names it.
    pub(crate) sticky: bool,
    /// The policy went by a hash of the request.
    pub(crate) hashed: bool,
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self {
            status: refusal.status(),
            detail: refusal.detail().to_owned(),
            cause: refusal.cause().to_owned(),
        }
    }
}

/// Goes through the stages with a whole request head, as if `client` had sent it.
pub(crate) async fn rehearse<'s>(
    snapshot: &'s Snapshot,
    head: &[u8],
    client: SocketAddr,
) -> Rehearsal<'s> {
    let mut told = Rehearsal { routes: Vec::new(), refused: None, cache: None, pick: None };
    let mut request = RequestHead::new();
    match request.parse(head, &snapshot.head) {
        Ok(Some(_)) => {}
        Ok(None) => {
            told.refused = Some(Refusal::slow_head(snapshot.patience.head).into());
            return told;
        }
        Err(error) => {
            told.refused = Some(Refusal::bad_head(error, &snapshot.head).into());
            return told;
        }
    }
    let (authority, path) = guard::place(&request, head);
    told.routes = snapshot.routes.considered(authority, path);
    let fits = told.routes.iter().find(|(_, why)| why.is_none());
    let Some(&(route, _)) = fits else {
        told.refused = Some(Refusal::no_route().into());
        return told;
    };
    if let Some(limiter) = &route.limiter {
        let trusted = &snapshot.trusted[..];
        let facts = Facts { request: &request, head, peer: client.ip(), trusted };
        let (limits, seconds) = limiter.refusals(facts);
        if !limits.is_empty() {
            told.refused = Some(Refusal::beyond(&limits, seconds).into());
            return told;
        }
    }
    if let Err(refusal) = guard::allowed(&request, head, route) {
        told.refused = Some(refusal.into());
        return told;
    }
    let trusted = snapshot.trusted.iter().any(|hop| hop.contains(&client.ip()));
    let asked = Asked::of(&request, route, trusted, client.ip());
    if let (Some(rules), Some(store)) = (&route.cache, &snapshot.store) {
        let message = Request { head: &request, buf: head };
        let plan = cache::rehearse(store, rules, &asked, &message, client.ip()).await;
        let (answers, nothing) = (plan.answers(), plan.is_unsatisfiable());
        told.cache = Some(plan);
        if nothing {
            told.refused = Some(Refusal::only_if_cached().into());
        }
        if answers || nothing {
            return told;
        }
    }
    if snapshot.upstreams.get(route.upstream).is_some_and(|upstream| upstream.is_drained()) {
        told.refused = Some(Refusal::drained().into());
        return told;
    }
    told.pick = pick(snapshot, route, &request, head, client);
    told.refused = unserved(snapshot, told.pick.as_ref());
    told
}

/// Why no server would be asked now, if none would.
fn unserved(snapshot: &Snapshot, pick: Option<&Pick>) -> Option<Refused> {
    match pick {
        Some(Pick { server: Some(_), .. }) => None,
        Some(pick) if pick.waits => {
            let upstream = snapshot.upstreams.get(pick.upstream)?;
            let most = upstream.limit.as_ref()?.queue;
            (upstream.queue.totals().waiting >= most).then(|| Refusal::full(upstream).into())
        }
        _ => Some(Refusal::no_backend().into()),
    }
}

/// The first server that would be asked.
fn pick(
    snapshot: &Snapshot,
    route: &Route,
    request: &RequestHead,
    head: &[u8],
    client: SocketAddr,
) -> Option<Pick> {
    let upstream = snapshot.upstreams.get(route.upstream)?;
    let Leaning { hash, preferred } = Leaning::of(upstream, request, head, client.ip());
    let tried = Tried::default();
    let (random, writes) = (fastrand::u64(..), !request.method().is_safe());
    let ask = Ask { tried: &tried, random, hash, preferred, writes };
    let before = upstream.queue.totals().waiting;
    let server = if before > 0 { None } else { upstream.balancer.rehearsal().pick(&ask) };
    Some(Pick {
        upstream: route.upstream,
        server,
        waits: server.is_none() && upstream.may_wait(&tried),
        sticky: server.is_some() && server == preferred,
        hashed: hash.is_some(),
    })
}
