//! The words by which series are told apart. Each set is closed: its size is a factor of how many
//! series there can be.

/// The route of requests that fit none, or whose head could not be read.
pub(crate) const NO_ROUTE: &str = "(none)";

/// What the cache can have done: the words of `tombolo_cache::cache_status::CacheStatus::word`, and
/// a last one for whatever else.
pub(super) const CACHE_RESULTS: [&str; 14] = [
    "hit",
    "uri-miss",
    "stale-hit",
    "revalidated",
    "collapsed",
    "stale",
    "vary-miss",
    "miss",
    "request",
    "partial",
    "method",
    "bypass",
    "unsatisfiable",
    "other",
];

/// The first digit of a status.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(usize)]
pub(super) enum Class {
    /// 101: the connection became a tunnel.
    Informational,
    Successful,
    Redirection,
    ClientError,
    ServerError,
}

impl Class {
    pub(super) const COUNT: usize = 5;
    pub(super) const ALL: [Self; Self::COUNT] = [
        Self::Informational,
        Self::Successful,
        Self::Redirection,
        Self::ClientError,
        Self::ServerError,
    ];

    #[inline]
    pub(super) fn of(status: u16) -> Self {
        match status {
            0..200 => Self::Informational,
            200..300 => Self::Successful,
            300..400 => Self::Redirection,
            400..500 => Self::ClientError,
            500.. => Self::ServerError,
        }
    }

    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Informational => "1xx",
            Self::Successful => "2xx",
            Self::Redirection => "3xx",
            Self::ClientError => "4xx",
            Self::ServerError => "5xx",
        }
    }
}

/// How asking a server ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(usize)]
pub(crate) enum Outcome {
    /// Its response was passed on.
    Answered,
    /// No connection to it came about; nothing was sent.
    Unreachable,
    /// It had closed an idle connection just as that was used; it was asked again over a new one.
    Stale,
    /// It took too long.
    TimedOut,
    /// It broke off, or what it answered was broken.
    Failed,
    /// The client left, or sent what cannot be passed on, before the server had answered.
    Abandoned,
}

impl Outcome {
    pub(super) const COUNT: usize = 6;
    pub(crate) const ALL: [Self; Self::COUNT] = [
        Self::Answered,
        Self::Unreachable,
        Self::Stale,
        Self::TimedOut,
        Self::Failed,
        Self::Abandoned,
    ];

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Unreachable => "unreachable",
            Self::Stale => "stale",
            Self::TimedOut => "timed_out",
            Self::Failed => "failed",
            Self::Abandoned => "abandoned",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_the_cache_is_known() {
        use tombolo_cache::cache_status::{CacheStatus, Forward};
        let asked = [
            Forward::Bypass,
            Forward::Method,
            Forward::UriMiss,
            Forward::VaryMiss,
            Forward::Miss,
            Forward::Request,
            Forward::Stale,
            Forward::Partial,
        ];
        let none = CacheStatus::default();
        let others = [
            none,
            CacheStatus { hit: true, ..none },
            CacheStatus { hit: true, ttl: Some(-1), ..none },
            CacheStatus { collapsed: true, ..none },
            CacheStatus { fwd_status: Some(304), ..none },
        ];
        let asked = asked.map(|fwd| CacheStatus { fwd: Some(fwd), ..none });
        for status in asked.iter().chain(&others) {
            assert!(CACHE_RESULTS.contains(&status.word()), "{status:?}");
        }
        assert_eq!(CACHE_RESULTS.len(), asked.len() + others.len() + 1);
    }

    #[test]
    fn numbers_are_places_in_the_lists() {
        assert!(Class::ALL.iter().enumerate().all(|(place, class)| *class as usize == place));
        assert!(Outcome::ALL.iter().enumerate().all(|(place, one)| *one as usize == place));
        assert_eq!(Class::of(101).label(), "1xx");
        assert_eq!(Class::of(499).label(), "4xx");
        assert_eq!(Class::of(504).label(), "5xx");
    }
}
