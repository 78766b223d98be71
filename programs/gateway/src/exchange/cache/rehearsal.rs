//! What the cache would do with a request, by the same rules as when it does it.

use std::net::IpAddr;

use tombolo_cache::cache_status::{CacheStatus, Forward};
use tombolo_cache::freshness::{Judgement, Verdict};
use tombolo_cache::message::Request;
use tombolo_cache::range::Selection;
use tombolo_cache::store::{Found, Store, Varying};
use tombolo_cache::vary::is_preferred;
use tombolo_daemon::config::RouteCache;

use super::lookup::{lists, write_names};
use super::question::{self, Question};
use super::sent::Sent;
use super::stored::Stored;
use super::{now, reason};
use crate::exchange::guard::Asked;
use crate::recent::Reason;

/// What would be done.
pub(crate) struct Plan {
    /// As the answer's `Cache-Status` would tell it, as far as it is known before upstream is asked.
    pub(crate) status: CacheStatus<'static>,
    pub(crate) reason: Option<Reason>,
    /// The key under which it is looked for.
    pub(crate) key: Option<String>,
    /// What is stored.
    pub(crate) stored: Option<Known>,
    /// The fields that what is stored differs by, if no variant fits: with commas between them.
    pub(crate) varies_by: Option<String>,
}

/// What is known of a stored response.
pub(crate) struct Known {
    pub(crate) status: u16,
    /// Seconds.
    pub(crate) age: u32,
    pub(crate) lifetime: u32,
    pub(crate) body_length: u64,
}

impl Plan {
    fn passing(forward: Forward, reason: Option<Reason>, key: Option<String>) -> Self {
        let status = CacheStatus { fwd: Some(forward), ..CacheStatus::default() };
        Self { status, reason, key, stored: None, varies_by: None }
    }

    /// It would answer by itself.
    pub(crate) fn answers(&self) -> bool {
        self.status.hit
    }

    /// Nothing stored will do, and upstream would not be asked.
    pub(crate) fn is_unsatisfiable(&self) -> bool {
        !self.status.hit && self.status.fwd.is_none()
    }
}

/// Looks, judges, and leaves no trace.
pub(in crate::exchange) async fn rehearse(
    store: &Store,
    rules: &RouteCache,
    asked: &Asked,
    request: &Request<'_>,
    peer: IpAddr,
) -> Plan {
    let own_cookie = rules.policy.own_cookie.as_deref();
    let sent = Sent { peer, trusted: asked.trusted, own_cookie };
    let mut key = Vec::new();
    let question = match question::question(rules, asked, request, &mut key) {
        Ok(question) => question,
        Err(reason) => return Plan::passing(question::forward(reason), Some(reason), None),
    };
    let shown = Some(String::from_utf8_lossy(&key).into_owned());
    let mut varies_by = None;
    let (stored, miss) = match store.peek(question.key(&key)).await {
        Found::Miss => (None, Forward::UriMiss),
        Found::Hit(entry) => (Stored::of(entry), Forward::UriMiss),
        Found::Varies(varying) => {
            let mut names = Vec::new();
            write_names(&varying, &mut names);
            varies_by = Some(String::from_utf8_lossy(&names).into_owned());
            (variant(store, request, &sent, &question, &key, &varying).await, Forward::VaryMiss)
        }
    };
    let Some(stored) = stored else {
        let mut plan = Plan { varies_by, ..Plan::passing(miss, None, shown) };
        if question.directives.only_if_cached {
            plan.status.fwd = None;
        }
        return plan;
    };
    let Judgement { verdict, age, ttl } =
        stored.judge_for(request, &question.directives, &rules.policy, now());
    let held = !matches!(stored.select(request), Selection::NotHeld);
    let only = question.directives.only_if_cached;
    let ask =
        |forward, reason| (CacheStatus { fwd: Some(forward), ..CacheStatus::default() }, reason);
    let hit = CacheStatus { hit: true, ..CacheStatus::default() };
    let (status, reason) = match verdict {
        Verdict::Unsatisfiable(why) => (CacheStatus::default(), Some(Reason::Unfit(why))),
        Verdict::Fresh | Verdict::Stale(_) if !held && only => (CacheStatus::default(), None),
        Verdict::Fresh | Verdict::Stale(_) if !held => ask(Forward::Partial, None),
        Verdict::Fresh => (hit, None),
        Verdict::Stale(staleness) => (hit, Some(Reason::Stale(staleness))),
        Verdict::Revalidate { why, .. } => ask(reason(why), Some(Reason::Unfit(why))),
    };
    let meta = stored.meta();
    let known = Known {
        status: meta.status,
        age,
        lifetime: meta.lifetime,
        body_length: stored.entry.body_length(),
    };
    let status = CacheStatus { ttl: Some(ttl), ..status };
    Plan { status, reason, key: shown, stored: Some(known), varies_by: None }
}

/// The variant for the request; of several the newest.
async fn variant(
    store: &Store,
    request: &Request<'_>,
    sent: &Sent<'_>,
    question: &Question,
    key: &[u8],
    varying: &Varying,
) -> Option<Stored> {
    let mut best: Option<Stored> = None;
    for vary in lists(varying) {
        let mut text = Vec::new();
        let wanted = vary.variant(request, sent, &mut text);
        let found = store.peek_variant(question.key(key), varying, wanted).await;
        if let Found::Hit(entry) = found
            && let Some(stored) = Stored::of(entry)
            && best.as_ref().is_none_or(|best| is_preferred(stored.meta(), best.meta()))
        {
            best = Some(stored);
        }
    }
    best
}
