//! Where bounds are written, and how their values are told: for whoever asks which one ended a request.

use std::fmt;

use tombolo_daemon::config::{Route, Upstream};

use crate::data_plane::TICK;

/// Where a bound is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    Gateway,
    Upstream,
    Route,
}

impl Place {
    /// Where a value is from of which a route, then an upstream may have its own.
    fn of<T>(route: Option<T>, upstream: Option<T>) -> Self {
        match (route, upstream) {
            (Some(_), _) => Self::Route,
            (None, Some(_)) => Self::Upstream,
            (None, None) => Self::Gateway,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Gateway => "[gateway]",
            Self::Upstream => "the upstream",
            Self::Route => "the route",
        })
    }
}

/// Where bounds are written; where nothing is, it is the default of `[gateway]`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Written {
    pub(crate) connect: Place,
    pub(crate) first_byte: Place,
    pub(crate) total: Place,
    pub(crate) body_gap: Place,
    pub(crate) client_rate: Place,
    pub(crate) body_bytes: Place,
}

impl Written {
    pub(super) fn of(route: &Route, upstream: Option<&Upstream>) -> Self {
        let times = upstream.map(|one| one.timeouts).unwrap_or_default();
        let limits = upstream.map(|one| one.limits).unwrap_or_default();
        let first_byte = Place::of(route.timeouts.first_byte, times.first_byte);
        Self {
            connect: Place::of(route.timeouts.connect, times.connect),
            first_byte,
            // Without a total of its own it is that for the first byte.
            total: match Place::of(route.timeouts.total, times.total) {
                Place::Gateway => first_byte,
                place => place,
            },
            body_gap: Place::of(route.timeouts.body_gap, times.body_gap),
            client_rate: Place::of(route.limits.client_rate, limits.client_rate),
            body_bytes: Place::of(route.limits.body_bytes, limits.body_bytes),
        }
    }
}

/// Ticks as a configuration would have them.
pub(crate) fn span(ticks: u64) -> String {
    let millis = u128::from(ticks).saturating_mul(TICK.as_millis());
    if millis.is_multiple_of(1000) { format!("{}s", millis / 1000) } else { format!("{millis}ms") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_told_as_they_would_be_written() {
        assert_eq!([1, 3, 10, 15, 600].map(span), ["100ms", "300ms", "1s", "1500ms", "60s"]);
    }
}
