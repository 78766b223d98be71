//! A bad server told from a bad page: how a server that answers error statuses does beside its peers.
//!
//! A page that fails everywhere says nothing of the server that was asked for it. So while failures
//! come in a row, it is counted how all servers do: with the page that fails, if it is one, else
//! with everything. Nothing is counted while all is well.

use std::time::Duration;

use tombolo_balance::{EjectionRules, FailureWindow, Tally};

use super::failures::{Asked, Page, SUSPICIOUS};
use super::watch::totals;
use crate::upstream::Upstream;

/// After so long another page has its turn.
const TURN: Duration = Duration::from_secs(2);

/// What is compared while servers of an upstream fail.
pub(super) struct Suspicion {
    since: Duration,
    /// The page that fails; none: several do.
    page: Option<Page>,
    /// Requests and failures of each server at the beginning.
    before: Vec<Tally>,
}

/// A server beside its peers, from the beginning of the suspicion on.
pub(super) struct Compared {
    /// How it does with what fails.
    own: Tally,
    /// How its peers do with that meanwhile.
    peers: Tally,
    /// How it does with everything, over a window, and how its peers do.
    overall: (Tally, Tally),
}

impl Compared {
    /// Whether so many failures in a row show that the server is worse than its peers.
    pub(super) fn is_no_accident(&self, in_a_row: u32) -> bool {
        let (own, peers) = self.overall;
        !self.peers.explains(u64::from(in_a_row)) && own.is_worse_than(peers)
    }

    /// Whether a rate of failures does.
    pub(super) fn is_worse(&self, rules: &EjectionRules) -> bool {
        let (own, peers) = self.overall;
        rules.is_failing(self.own)
            && rules.is_meaningful(self.peers)
            && self.own.is_worse_than(self.peers)
            && own.is_worse_than(peers)
    }
}

impl Suspicion {
    /// Begins where a server fails, and ends where none does.
    pub(super) fn follow(
        suspicion: &mut Option<Self>,
        upstream: &Upstream,
        windows: &[FailureWindow],
        now: Duration,
    ) {
        let suspects = || suspects(upstream, windows);
        match suspicion {
            None => {}
            Some(one) if now.saturating_sub(one.since) < TURN => return,
            // It goes on for as long as the page fails that it is about.
            Some(one) if suspects().any(|page| page == one.page) => return,
            Some(_) => {
                upstream.servers.iter().for_each(|server| server.health.failures.watch(None));
            }
        }
        *suspicion = suspects().next().map(|page| {
            if page.is_some() {
                upstream.servers.iter().for_each(|server| server.health.failures.watch(page));
            }
            let before = (0..upstream.servers.len()).map(|index| totals(upstream, index).all);
            Self { since: now, page, before: before.collect() }
        });
    }

    /// Compares a server with its peers; none where this is about something else.
    pub(super) fn compare(
        &self,
        upstream: &Upstream,
        windows: &[FailureWindow],
        index: usize,
    ) -> Option<Compared> {
        let asked = upstream.servers.get(index)?.health.failures.asked();
        let meanwhile = |index: usize| {
            let (now, before) = (totals(upstream, index).all, self.before.get(index).copied());
            let before = before.unwrap_or(now);
            Tally {
                requests: now.requests.saturating_sub(before.requests),
                failed: now.failed.saturating_sub(before.failed),
            }
        };
        let of = |index: usize| match (asked, self.page) {
            (Asked::One(page), Some(watched)) if page == watched => {
                upstream.servers.get(index).map(|server| server.health.failures.watched())
            }
            // Nothing failed just now: what is watched is compared, or, if several fail, everything.
            (Asked::Nothing, Some(_)) => {
                upstream.servers.get(index).map(|server| server.health.failures.watched())
            }
            (Asked::One(_), _) => None,
            (Asked::Several, _) | (Asked::Nothing, None) => Some(meanwhile(index)),
        };
        let overall = |index: usize| {
            let window = windows.get(index).map(|window| window.since(totals(upstream, index)));
            window.unwrap_or_default().all
        };
        let peers = || (0..upstream.servers.len()).filter(|other| *other != index);
        Some(Compared {
            own: of(index)?,
            peers: peers().filter_map(of).fold(Tally::default(), Tally::and),
            overall: (overall(index), peers().map(overall).fold(Tally::default(), Tally::and)),
        })
    }
}

/// What servers fail with that are to be compared: a page, or none for several.
fn suspects<'a>(
    upstream: &'a Upstream,
    windows: &'a [FailureWindow],
) -> impl Iterator<Item = Option<Page>> + 'a {
    let rules = upstream.ejection.as_ref();
    let servers = upstream.servers.iter().enumerate();
    servers.filter(|(_, server)| !server.health.is_ejected()).filter_map(move |(index, server)| {
        let failures = &server.health.failures;
        match failures.asked() {
            Asked::One(page) if failures.in_a_row() >= SUSPICIOUS => return Some(Some(page)),
            Asked::Several => return Some(None),
            Asked::One(_) | Asked::Nothing => {}
        }
        let window = windows.get(index)?;
        let since = window.since(totals(upstream, index));
        if since.answered == 0 || !rules?.is_failing(since.all) {
            return None;
        }
        Some(failures.last_page().filter(|_| window.is_of_one_kind()))
    })
}
