//! A route's limit, applied to a request.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use tombolo_balance::hash_key;
use tombolo_daemon::config::{RateKey, RateLimit};
use tombolo_http1::RequestHead;

use super::key;
use super::pace::Pace;
use super::{Allowance, Table};
use crate::upstream::since_start;

/// The limit of one route.
pub(crate) struct Limiter {
    /// Stands for the route: buckets of different routes are different ones, before a reload and
    /// after.
    route: u64,
    limit: RateLimit,
    pace: Pace,
    table: Arc<Table>,
}

/// A request beyond the limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exceeded {
    /// Seconds after which there is room again, rounded up.
    pub(crate) retry_after: u64,
    /// What the answer tells of the limit; none: nothing.
    pub(crate) allowance: Option<Allowance>,
}

impl Limiter {
    pub(crate) fn new(route: &str, limit: RateLimit, table: Arc<Table>) -> Self {
        let pace = Pace::new(limit.requests, limit.per, limit.burst);
        Self { route: hash_key(route.as_bytes()), limit, pace, table }
    }

    /// Lets a request through and says what its answer tells of what is left (none: nothing), or
    /// says when there is room for it again.
    pub(crate) fn admit(
        &self,
        request: &RequestHead,
        head: &[u8],
        peer: IpAddr,
        trusted: &[IpNet],
    ) -> Result<Option<Allowance>, Exceeded> {
        let now = u64::try_from(since_start().as_micros()).unwrap_or(u64::MAX);
        let named = match &self.limit.key {
            RateKey::Header(name) => key::header(request, head, name),
            RateKey::Client | RateKey::Route => None,
        };
        let taken = match (&self.limit.key, named) {
            (_, Some(value)) => self.table.take((self.route, value), self.pace, now),
            (RateKey::Route, None) => self.table.take(self.route, self.pace, now),
            // Who leaves the header out gets no second bucket for it.
            (_, None) => {
                let client = key::client(request, head, peer, trusted);
                self.table.take((self.route, client), self.pace, now)
            }
        };
        match taken {
            Ok(full_at) => {
                let left = self.pace.left(full_at, now);
                Ok(self.told(left, full_at.saturating_sub(now)))
            }
            Err(micros) => {
                Err(Exceeded { retry_after: seconds(micros), allowance: self.told(0, micros) })
            }
        }
    }

    /// What is told of the limit, where anything is.
    fn told(&self, left: u64, reset_micros: u64) -> Option<Allowance> {
        self.limit.headers.then(|| Allowance {
            requests: self.limit.requests,
            seconds: self.limit.per.as_secs().max(1),
            left,
            reset: seconds(reset_micros),
        })
    }
}

/// Microseconds as whole seconds, rounded up; at least one.
fn seconds(micros: u64) -> u64 {
    micros.div_ceil(1_000_000).max(1)
}
