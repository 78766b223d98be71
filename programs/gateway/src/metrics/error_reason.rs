//! What made an answer whose status tells operators that something is wrong: a closed list, so that the
//! exact numbers of such statuses are fixed series.

use super::exposition::{Exposition, Kind};

/// Declares the list once: a name, the status and the word of each.
macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $status:literal, $label:literal;)*) => {
        /// What made an answer.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(usize)]
        pub(crate) enum ErrorReason {
            $($(#[$doc])* $name,)*
        }

        impl ErrorReason {
            /// All of them, in their order.
            pub(super) const ALL: &'static [Self] = &[$(Self::$name,)*];
            pub(super) const COUNT: usize = Self::ALL.len();

            /// The status of the answer.
            pub(super) fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// The word for it.
            pub(super) fn label(self) -> &'static str {
                match self { $(Self::$name => $label,)* }
            }
        }
    };
}

reasons! {
    /// The request head took too long.
    SlowHead = 408, "head";
    /// The request body stopped coming.
    SlowBody = 408, "body_gap";
    /// The request body came too slowly.
    SlowRate = 408, "client_rate";
    /// The request body is too large.
    BodyTooLarge = 413, "body_bytes";
    /// The target is too long.
    TargetTooLong = 414, "target_bytes";
    /// Beyond the route's rate limit.
    RateLimit = 429, "rate_limit";
    /// The head is too large or has too many fields.
    HeadTooLarge = 431, "head";
    /// The client left before it was answered.
    ClientLeft = 499, "client_left";
    /// No connection to a server came about.
    Unreachable = 502, "unreachable";
    /// The answer of the server was broken, or none.
    BrokenAnswer = 502, "broken_answer";
    /// The server answered with a status after which another is asked, and no other did better.
    Retried = 502, "retry_on";
    /// The server answered so itself.
    ServerBadGateway = 502, "server";
    /// Too many connections.
    Connections = 503, "connections";
    /// Too many request heads that are not whole.
    HalfHeads = 503, "half_heads";
    /// The process has reached its bound of memory.
    Memory = 503, "memory";
    /// The client's requests hold its share of the memory for requests.
    MemoryShare = 503, "memory_share";
    /// No descriptor is left for a connection to a server.
    Descriptors = 503, "descriptors";
    /// The upstream is drained.
    Drained = 503, "drained";
    /// Every server is full, and so is the queue.
    QueueFull = 503, "queue_full";
    /// It has waited in the queue as long as it may.
    QueueWait = 503, "queue_wait";
    /// The upstream has no server to try.
    NoServer = 503, "no_server";
    /// The server answered so itself.
    ServerUnavailable = 503, "server";
    /// Connecting took too long.
    ConnectTimeout = 504, "connect";
    /// The answer did not begin in time.
    FirstByte = 504, "first_byte";
    /// The answer did not begin in the time for all attempts.
    Total = 504, "total";
    /// The server took nothing of the request body.
    BodyNotTaken = 504, "body_gap";
    /// The server was found to fail before it answered.
    ServerOut = 504, "server_out";
    /// Only what is stored was wanted.
    OnlyIfCached = 504, "only_if_cached";
    /// The server answered so itself.
    ServerTimeout = 504, "server";
}

impl ErrorReason {
    /// Of an answer with this status that the gateway has not made itself.
    pub(crate) fn of_server(status: u16) -> Option<Self> {
        match status {
            502 => Some(Self::ServerBadGateway),
            503 => Some(Self::ServerUnavailable),
            504 => Some(Self::ServerTimeout),
            _ => None,
        }
    }
}

/// Writes the family, with the numbers that `count` tells.
pub(super) fn write_errors(out: &mut Exposition, count: impl Fn(ErrorReason) -> u64) {
    let help = "Answers by exact status and what made them, where the status tells of trouble.";
    let mut family = out.family("tombolo_error_responses", Kind::Counter, "", help);
    for reason in ErrorReason::ALL {
        let status = reason.status().to_string();
        family.sample(&[("status", &status), ("reason", reason.label())], count(*reason));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_reason_is_one_series() {
        let series: HashSet<_> =
            ErrorReason::ALL.iter().map(|one| (one.status(), one.label())).collect();
        assert_eq!(series.len(), ErrorReason::COUNT);
        let is_place = |(place, reason): (usize, &ErrorReason)| *reason as usize == place;
        assert!(ErrorReason::ALL.iter().enumerate().all(is_place));
    }

    #[test]
    fn what_a_server_answers_is_told_from_what_the_gateway_does() {
        for status in [502, 503, 504] {
            let reason = ErrorReason::of_server(status).unwrap();
            assert_eq!((reason.status(), reason.label()), (status, "server"));
        }
        assert_eq!(ErrorReason::of_server(500), None);
    }
}
