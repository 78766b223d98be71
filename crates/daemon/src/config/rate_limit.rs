//! `rate_limit` of a route as meant.

use std::time::Duration;

/// How often a route may be asked by one client, or whoever else the key names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests in each `per`, in the long run.
    pub requests: u64,
    /// What `requests` are counted in: whole seconds.
    pub per: Duration,
    /// Requests at once, after a pause.
    pub burst: u64,
    /// Who is limited.
    pub key: RateKey,
    /// Answers say what is left, in `RateLimit-Policy` and `RateLimit`.
    pub headers: bool,
}

impl RateLimit {
    /// The fastest limit there is, in requests a second: buckets count in microseconds.
    pub const MOST_PER_SECOND: u64 = 100_000;

    /// The longest that an empty bucket takes to be full again: `burst` times `per` by `requests`. Far
    /// below what the table of buckets can count, whatever the gateway's uptime.
    pub const LONGEST_FILL: Duration = Duration::from_secs(366 * 24 * 3600);

    /// How long an empty bucket of this limit takes to be full again.
    #[must_use]
    pub fn fill_seconds(requests: u64, per: Duration, burst: u64) -> u64 {
        let seconds = u128::from(burst) * u128::from(per.as_secs()) / u128::from(requests.max(1));
        u64::try_from(seconds).unwrap_or(u64::MAX)
    }
}

/// Whose requests are counted together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RateKey {
    /// Those of one client address; of one /64 with IPv6.
    #[default]
    Client,
    /// Those with one value of a header, named in lower case. Without it: of one client address.
    Header(String),
    /// All of the route.
    Route,
}

impl RateKey {
    /// The word for it in a configuration file.
    #[must_use]
    pub fn word(&self) -> String {
        match self {
            Self::Client => "client".to_owned(),
            Self::Header(name) => format!("header:{name}"),
            Self::Route => "route".to_owned(),
        }
    }
}
