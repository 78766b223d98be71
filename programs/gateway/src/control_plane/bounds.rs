//! What an exchange may take, for each route: its own word over its upstream's over the gateway's,
//! settled when the configuration is put in force.

mod written;

use tombolo_daemon::config::{Config, ExchangeTimeouts, Route};
use tombolo_http1::BodyLimits;

use crate::data_plane::{Pace, TICK, ticks};
pub(crate) use written::{Written, span};

/// Timeouts in ticks of the data plane's clock, and limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) connect: u64,
    pub(crate) first_byte: u64,
    pub(crate) total: u64,
    pub(crate) body_gap: u64,
    pub(crate) client_stall: u64,
    pub(crate) tunnel_idle: u64,
    /// Bytes that a client has to move of a body in each `body_gap`; 0: any.
    pub(crate) client_bytes: u64,
    /// Most bytes of a request body; 0 for no limit.
    pub(crate) body_bytes: u64,
    pub(crate) trailer_bytes: usize,
    pub(crate) interim_responses: usize,
    pub(crate) attempts: usize,
    /// Where those are written that can end a request.
    pub(crate) written: Written,
}

impl Bounds {
    /// Those of a route of this configuration.
    pub(crate) fn of(route: &Route, config: &Config) -> Self {
        let upstream = config.upstreams.get(route.upstream);
        let times = route.timeouts.or(upstream.map(|one| one.timeouts).unwrap_or_default());
        let said = route.limits.or(upstream.map(|one| one.limits).unwrap_or_default());
        let (gateway, limits) = (&config.gateway.timeouts, &config.gateway.limits);
        let ExchangeTimeouts { connect, first_byte, total, body_gap, client_stall, tunnel_idle } =
            times;
        let first_byte = first_byte.unwrap_or(gateway.first_byte);
        let body_gap = ticks(body_gap.unwrap_or(gateway.body_gap));
        let rate = said.client_rate.unwrap_or(limits.client_rate);
        let gap_millis = u128::from(body_gap).saturating_mul(TICK.as_millis());
        let client_bytes = u128::from(rate).saturating_mul(gap_millis) / 1000;
        Self {
            connect: ticks(connect.unwrap_or(gateway.connect)),
            first_byte: ticks(first_byte),
            // A longer first byte is not cut short by what was meant for another.
            total: ticks(total.unwrap_or(gateway.first_byte.max(first_byte))),
            body_gap,
            client_stall: ticks(client_stall.unwrap_or(gateway.client_stall)),
            tunnel_idle: ticks(tunnel_idle.unwrap_or(gateway.tunnel_idle)),
            client_bytes: u64::try_from(client_bytes).unwrap_or(u64::MAX),
            body_bytes: said.body_bytes.unwrap_or(limits.body_bytes),
            trailer_bytes: said.trailer_bytes.unwrap_or(limits.trailer_bytes),
            interim_responses: said.interim_responses.unwrap_or(limits.interim_responses),
            attempts: said.attempts.unwrap_or(limits.attempts),
            written: Written::of(route, upstream),
        }
    }

    /// What is asked of a client that takes a response.
    pub(crate) fn reading<'p>(&self, is_needed: &'p dyn Fn() -> bool) -> Pace<'p> {
        Pace::new(self.body_gap, self.client_stall, self.client_bytes, is_needed)
    }

    /// The limits of a request body.
    pub(crate) fn body(&self) -> BodyLimits {
        BodyLimits {
            body_bytes: if self.body_bytes == 0 { u64::MAX } else { self.body_bytes },
            trailer_bytes: self.trailer_bytes,
            ..BodyLimits::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tombolo_daemon::config::{Overrides, parse};

    use super::*;

    #[test]
    fn a_route_says_more_than_its_upstream_and_that_more_than_the_gateway() {
        let text = r#"
[gateway.timeouts]
connect = "1s"
first_byte = "2s"
body_gap = "3s"
[gateway.limits]
attempts = 4
client_rate = "50B"
[[upstream]]
name = "a"
servers = ["a:1"]
timeouts = { first_byte = "20s", tunnel_idle = "5s" }
limits = { attempts = 5, body_bytes = "1KiB" }
[[route]]
path = "/"
upstream = "a"
[[route]]
path = "/slow"
upstream = "a"
timeouts = { body_gap = "30s", total = "25s" }
limits = { body_bytes = 0, client_rate = "10B" }
"#;
        let nothing = BTreeMap::new();
        let config = parse(text, "t", &nothing, &Overrides::default()).unwrap();
        let of = |index: usize| Bounds::of(&config.routes[index], &config);
        let plain = of(0);
        assert_eq!((plain.connect, plain.first_byte, plain.total), (10, 200, 200));
        assert_eq!((plain.body_gap, plain.tunnel_idle, plain.attempts), (30, 50, 5));
        assert_eq!((plain.client_bytes, plain.body_bytes), (150, 1024));
        let written = plain.written;
        let told = [written.connect, written.first_byte, written.total, written.body_bytes];
        let told = told.map(|place| place.to_string());
        assert_eq!(told, ["[gateway]", "the upstream", "the upstream", "the upstream"]);
        let written = of(1).written;
        let told = [written.body_gap, written.total, written.body_bytes, written.first_byte];
        let told = told.map(|place| place.to_string());
        assert_eq!(told, ["the route", "the route", "the route", "the upstream"]);
        let slow = of(1);
        let written = slow.written;
        let expected = Bounds {
            body_gap: 300,
            total: 250,
            body_bytes: 0,
            client_bytes: 300,
            written,
            ..plain
        };
        assert_eq!(slow, expected);
        assert_eq!(slow.body().body_bytes, u64::MAX);
    }
}
