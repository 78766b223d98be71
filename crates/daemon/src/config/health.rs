//! What an upstream does about servers that fail: checks, ejection, slow start, retries, as meant.

use std::ops::RangeInclusive;
use std::time::Duration;

use tombolo_balance::EjectionRules;
use tombolo_services::{Descriptor, Protocol};

/// How servers are asked whether they are well: `health` of an `[[upstream]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthCheck {
    /// What is asked.
    pub probe: Probe,
    /// The request target of a further check, whether it can store: while that fails, requests
    /// that write go to other servers. Like [`Probe::Http`] in all else.
    pub writes: Option<String>,
    /// From one check of a server to the next.
    pub interval: Duration,
    /// For one check, from connecting to the last byte that is looked at.
    pub timeout: Duration,
    /// Checks in a row that must succeed before a server that is down is up again.
    pub healthy: u32,
    /// Checks in a row that must fail before a server is down.
    pub unhealthy: u32,
}

/// What a check asks a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    /// Whether it takes a connection.
    Tcp,
    /// `GET path`, over a connection of its own.
    Http {
        /// The request target, from `/`.
        path: String,
        /// The `Host` field. None: the server's address as written.
        host: Option<String>,
        /// The statuses of a server that is well.
        status: Statuses,
        /// What the first [`HealthCheck::BODY_BYTES_MAX`] bytes of the body must contain.
        body: Option<String>,
    },
}

impl HealthCheck {
    /// Of a body, so much is looked at.
    pub const BODY_BYTES_MAX: usize = 64 << 10;
    /// The interval unless the file says otherwise.
    pub const INTERVAL: Duration = Duration::from_secs(2);
    /// The timeout unless the file says otherwise.
    pub const TIMEOUT: Duration = Duration::from_secs(1);
    /// Successes unless the file says otherwise.
    pub const HEALTHY: u32 = 2;
    /// Failures unless the file says otherwise.
    pub const UNHEALTHY: u32 = 3;

    /// A check with the default times and counts.
    #[must_use]
    pub fn new(probe: Probe) -> Self {
        Self {
            probe,
            writes: None,
            interval: Self::INTERVAL,
            timeout: Self::TIMEOUT,
            healthy: Self::HEALTHY,
            unhealthy: Self::UNHEALTHY,
        }
    }

    /// How replicas of a service are checked unless the file says otherwise.
    #[must_use]
    pub fn of_service(service: &Descriptor) -> Self {
        match service.protocol {
            Protocol::Http { health, writes } => {
                Self { writes: writes.map(str::to_owned), ..Self::new(Probe::http(health)) }
            }
            Protocol::Lines { .. } => Self::new(Probe::Tcp),
        }
    }
}

impl Probe {
    /// The same check of another path; none for a check that asks for no path.
    #[must_use]
    pub fn of_path(&self, path: &str) -> Option<Self> {
        match self {
            Self::Tcp => None,
            Self::Http { host, status, .. } => Some(Self::Http {
                path: path.to_owned(),
                host: host.clone(),
                status: status.clone(),
                body: None,
            }),
        }
    }

    /// `GET path`, which a server that is well answers with a 2xx.
    #[must_use]
    pub fn http(path: impl Into<String>) -> Self {
        Self::Http { path: path.into(), host: None, status: Statuses::success(), body: None }
    }
}

/// A set of statuses, as ranges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statuses(Vec<RangeInclusive<u16>>);

impl Statuses {
    /// 200 to 299.
    #[must_use]
    pub fn success() -> Self {
        Self(vec![200..=299])
    }

    /// 500, 502, 503 and 504: what a server says that cannot do its work.
    #[must_use]
    pub fn failure() -> Self {
        Self(vec![500..=500, 502..=504])
    }

    /// No status.
    #[must_use]
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// From words such as `200`, `2xx` or `200-399`; the first that is none of these is the error.
    ///
    /// # Errors
    /// The word that is no status, class or range.
    pub fn from_words<'w>(words: impl IntoIterator<Item = &'w str>) -> Result<Self, &'w str> {
        words.into_iter().map(|word| range(word).ok_or(word)).collect::<Result<_, _>>().map(Self)
    }

    /// Whether the status is among them.
    #[must_use]
    pub fn contains(&self, status: u16) -> bool {
        self.0.iter().any(|range| range.contains(&status))
    }

    /// The words they can be read from.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let word = |range: &RangeInclusive<u16>| match (*range.start(), *range.end()) {
            (first, last) if first == last => first.to_string(),
            (first, last) if first % 100 == 0 && last == first + 99 => format!("{}xx", first / 100),
            (first, last) => format!("{first}-{last}"),
        };
        self.0.iter().map(word).collect()
    }
}

fn range(word: &str) -> Option<RangeInclusive<u16>> {
    let status = |text: &str| {
        let status = text.parse::<u16>().ok()?;
        (text.len() == 3 && (100..=599).contains(&status)).then_some(status)
    };
    if let Some(class) = word.strip_suffix("xx") {
        let first = status(&format!("{class}00"))?;
        return Some(first..=first.saturating_add(99));
    }
    match word.split_once('-') {
        Some((first, last)) => {
            let (first, last) = (status(first)?, status(last)?);
            (first <= last).then_some(first..=last)
        }
        None => status(word).map(|status| status..=status),
    }
}

/// When a server is left out for a while because it fails requests: `ejection` of an `[[upstream]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ejection {
    /// How often, how long, how many.
    pub rules: EjectionRules,
    /// Statuses that count as failures, beside connections that fail and answers that do not come.
    pub status: Statuses,
}

impl Default for Ejection {
    fn default() -> Self {
        Self { rules: EjectionRules::DEFAULT, status: Statuses::failure() }
    }
}

/// How many requests may be repeated at another server: `retry_budget` of an `[[upstream]]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryBudget {
    /// Repeats in percent of the requests.
    pub percent: u32,
    /// Repeats that are allowed each second whatever the requests.
    pub per_second: u32,
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self { percent: 20, per_second: 10 }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn statuses_are_numbers_classes_and_ranges() {
        let statuses = Statuses::from_words(["204", "3xx", "500-503"]).unwrap();
        for (status, is_in) in
            [(204, true), (200, false), (300, true), (399, true), (400, false), (503, true)]
        {
            assert_eq!(statuses.contains(status), is_in, "{status}");
        }
        assert_eq!(statuses.words(), ["204", "3xx", "500-503"]);
        for word in ["", "2", "20", "2000", "6xx", "xx", "x", "300-200", "-", "+20", "200-", " 200"]
        {
            assert_eq!(Statuses::from_words([word]), Err(word));
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(first in 100_u16..600, more in 0_u16..200) {
            let last = first.saturating_add(more).min(599);
            let word = format!("{first}-{last}");
            let statuses = Statuses::from_words([word.as_str()]).unwrap();
            let words = statuses.words();
            let again = Statuses::from_words(words.iter().map(String::as_str));
            prop_assert_eq!(again, Ok(statuses));
        }

        #[test]
        fn nothing_panics(word in ".*") {
            let _ = Statuses::from_words([word.as_str()]);
        }
    }
}
