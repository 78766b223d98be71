//! A route's limits, applied to a request.

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

/// How many limits of one value of a header a client has over all values that it sends: those of
/// a strangers' choice must not be a way around the limit.
const VALUES_OF_CLIENT: u64 = 10;

/// Bytes of a header's value that are shown.
const SHOWN: usize = 64;

/// The limits of one route.
pub(crate) struct Limiter {
    rules: Box<[Rule]>,
    table: Arc<Table>,
}

/// One limit.
struct Rule {
    /// Stands for route and limit: buckets of different ones are different, before a reload and
    /// after.
    id: u64,
    limit: RateLimit,
    pace: Pace,
    /// For a client over all values of a header.
    pace_of_client: Pace,
}

/// A request, as limits look at it.
#[derive(Clone, Copy)]
pub(crate) struct Facts<'f> {
    pub(crate) request: &'f RequestHead,
    pub(crate) head: &'f [u8],
    pub(crate) peer: IpAddr,
    pub(crate) trusted: &'f [IpNet],
}

/// Whose bucket it is.
#[derive(Clone, Copy, Hash)]
enum Whose<'f> {
    Client([u8; 16]),
    /// A value of a header.
    Value(&'f [u8]),
    /// A client over all values of a header.
    Values([u8; 16]),
    Route,
}

/// What a request takes a token from.
struct Bucket<'f> {
    rule: &'f Rule,
    whose: Whose<'f>,
}

/// A request beyond a limit.
#[derive(Clone, Debug)]
pub(crate) struct Exceeded {
    /// The limit's key with its value, and how much it allows.
    pub(crate) words: String,
    /// Seconds after which there is room again, rounded up.
    pub(crate) retry_after: u64,
    /// What the answer tells of the limit; none: nothing.
    pub(crate) allowance: Option<Allowance>,
}

impl Limiter {
    pub(crate) fn new(route: &str, limits: &[RateLimit], table: Arc<Table>) -> Self {
        let rule = |(place, limit): (usize, &RateLimit)| {
            let RateLimit { requests, per, burst, key, .. } = limit;
            let many = |count: u64| count.saturating_mul(VALUES_OF_CLIENT);
            Rule {
                id: hash_key(format!("{route} {} {per:?} {place}", key.word()).as_bytes()),
                pace: Pace::new(*requests, *per, *burst),
                pace_of_client: Pace::new(many(*requests), *per, many(*burst)),
                limit: limit.clone(),
            }
        };
        Self { rules: limits.iter().enumerate().map(rule).collect(), table }
    }

    /// Lets a request through and says what its answer tells of what is left (none: nothing), or
    /// says when there is room for it again. A request beyond one limit takes nothing from others.
    pub(crate) fn admit(&self, facts: Facts<'_>) -> Result<Option<Allowance>, Exceeded> {
        let now = now();
        let mut worst: Option<(u64, Bucket<'_>)> = None;
        for bucket in self.buckets(&facts) {
            if let Err(micros) = bucket.peek(&self.table, now)
                && worst.as_ref().is_none_or(|(longest, _)| micros > *longest)
            {
                worst = Some((micros, bucket));
            }
        }
        if let Some((micros, bucket)) = worst {
            return Err(bucket.exceeded(micros));
        }
        let mut told: Option<Allowance> = None;
        for bucket in self.buckets(&facts) {
            // Another thread may have taken the last token meanwhile.
            let full_at =
                bucket.take(&self.table, now).map_err(|micros| bucket.exceeded(micros))?;
            let left = bucket.pace().left(full_at, now);
            let allowance = bucket.rule.told(left, full_at.saturating_sub(now));
            if told.is_none_or(|told| allowance.is_some_and(|new| new.left < told.left)) {
                told = allowance.or(told);
            }
        }
        Ok(told)
    }

    /// What refuses the request now, in words, and the seconds until there is room again; takes
    /// nothing.
    pub(crate) fn refusals(&self, facts: Facts<'_>) -> (Vec<String>, u64) {
        let now = now();
        let mut longest = 0;
        let mut words = Vec::new();
        for bucket in self.buckets(&facts) {
            if let Err(micros) = bucket.peek(&self.table, now) {
                longest = longest.max(seconds(micros));
                words.push(bucket.words());
            }
        }
        (words, longest)
    }

    /// The buckets that a request takes from.
    fn buckets<'f>(&'f self, facts: &'f Facts<'f>) -> impl Iterator<Item = Bucket<'f>> {
        self.rules.iter().flat_map(move |rule| {
            let client = || key::client(facts.request, facts.head, facts.peer, facts.trusted);
            let whose = match &rule.limit.key {
                RateKey::Client => [Some(Whose::Client(client())), None],
                RateKey::Route => [Some(Whose::Route), None],
                RateKey::Header(name) => match key::header(facts.request, facts.head, name) {
                    Some(value) => [Some(Whose::Value(value)), Some(Whose::Values(client()))],
                    // Who leaves the header out gets no second bucket for it.
                    None => [Some(Whose::Client(client())), None],
                },
            };
            whose.into_iter().flatten().map(move |whose| Bucket { rule, whose })
        })
    }
}

impl Rule {
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

impl Bucket<'_> {
    fn pace(&self) -> Pace {
        match self.whose {
            Whose::Values(_) => self.rule.pace_of_client,
            _ => self.rule.pace,
        }
    }

    fn peek(&self, table: &Table, now: u64) -> Result<u64, u64> {
        table.peek((self.rule.id, self.whose), self.pace(), now)
    }

    fn take(&self, table: &Table, now: u64) -> Result<u64, u64> {
        table.take((self.rule.id, self.whose), self.pace(), now)
    }

    fn exceeded(&self, micros: u64) -> Exceeded {
        let (retry_after, allowance) = (seconds(micros), self.rule.told(0, micros));
        Exceeded { words: self.words(), retry_after, allowance }
    }

    /// The limit's key with its value, and how much it allows.
    fn words(&self) -> String {
        let RateLimit { requests, per, burst, key, .. } = &self.rule.limit;
        let pace = format!("{requests} in {per:?}, {burst} at once");
        match self.whose {
            Whose::Route => format!("key route: {pace}"),
            Whose::Client(client) => format!("key client, {}: {pace}", shown(client)),
            Whose::Value(value) => {
                let value = value.get(..SHOWN).unwrap_or(value).escape_ascii();
                format!("key {}, \"{value}\": {pace}", key.word())
            }
            Whose::Values(client) => format!(
                "key {}, all values of client {}: {VALUES_OF_CLIENT} times {pace}",
                key.word(),
                shown(client)
            ),
        }
    }
}

/// A client as its bucket has it.
fn shown(client: [u8; 16]) -> String {
    match IpAddr::from(client).to_canonical() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("{ip}/64"),
    }
}

fn now() -> u64 {
    u64::try_from(since_start().as_micros()).unwrap_or(u64::MAX)
}

/// Microseconds as whole seconds, rounded up; at least one.
fn seconds(micros: u64) -> u64 {
    micros.div_ceil(1_000_000).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tombolo_http1::HeadLimits;

    fn limit(requests: u64, key: RateKey) -> RateLimit {
        let per = Duration::from_secs(3600);
        RateLimit { requests, per, burst: requests, key, headers: true }
    }

    /// The verdicts of requests with these values of `x-key`, all from one client.
    fn asked(limiter: &Limiter, values: impl IntoIterator<Item = String>) -> Vec<bool> {
        values
            .into_iter()
            .map(|value| with(limiter, &value, |facts| limiter.admit(facts).is_ok()))
            .collect()
    }

    fn with<T>(_: &Limiter, value: &str, then: impl FnOnce(Facts<'_>) -> T) -> T {
        let wire = format!("GET / HTTP/1.1\r\nHost: x\r\nX-Key: {value}\r\n\r\n");
        let mut request = RequestHead::new();
        request.parse(wire.as_bytes(), &HeadLimits::default()).unwrap().unwrap();
        let peer = "192.0.2.7".parse().unwrap();
        then(Facts { request: &request, head: wire.as_bytes(), peer, trusted: &[] })
    }

    #[test]
    fn all_limits_hold_and_a_refused_request_takes_from_none() {
        let limits = [limit(3, RateKey::Client), limit(5, RateKey::Route)];
        let limiter = Limiter::new("/", &limits, Arc::new(Table::new()));
        assert_eq!(asked(&limiter, (0..8).map(|_| "a".into())).iter().filter(|ok| **ok).count(), 3);
        let (words, seconds) = with(&limiter, "a", |facts| limiter.refusals(facts));
        assert_eq!(words, ["key client, 192.0.2.7: 3 in 3600s, 3 at once"]);
        assert!((1190..=1200).contains(&seconds), "{seconds}");
        let other = "192.0.2.8".parse().unwrap();
        let others =
            |_| with(&limiter, "a", |facts| limiter.admit(Facts { peer: other, ..facts }).is_ok());
        assert_eq!(
            (0..3).map(others).filter(|ok| *ok).count(),
            2,
            "two are left of the route's five"
        );
    }

    #[test]
    fn values_of_a_header_that_are_made_up_do_not_escape_the_limit() {
        let limits = [limit(3, RateKey::Header("x-key".into()))];
        let limiter = Limiter::new("/", &limits, Arc::new(Table::new()));
        assert_eq!(asked(&limiter, (0..5).map(|_| "one".into())), [true, true, true, false, false]);
        let made_up = asked(&limiter, (0..100).map(|guess| guess.to_string()));
        assert_eq!(made_up.iter().filter(|ok| **ok).count(), 27, "thirty of one client in all");
        let (words, _) = with(&limiter, "new", |facts| limiter.refusals(facts));
        assert_eq!(
            words,
            ["key header:x-key, all values of client 192.0.2.7: 10 times 3 in 3600s, 3 at once"]
        );
    }

    #[test]
    fn the_strictest_limit_is_told() {
        let limits = [limit(9, RateKey::Route), limit(3, RateKey::Client)];
        let limiter = Limiter::new("/", &limits, Arc::new(Table::new()));
        let told = with(&limiter, "a", |facts| limiter.admit(facts).unwrap()).unwrap();
        assert_eq!((told.requests, told.left), (3, 2));
    }
}
