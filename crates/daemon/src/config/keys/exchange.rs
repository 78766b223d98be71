//! The keys of `timeouts` and `limits` of an `[[upstream]]` and of a `[[route]]`: the same in both.

use std::time::Duration;

use super::super::Limits;
use super::gateway::wide;
use super::{Absent, DAY, Form, Key, MOMENT, Table};

const fn time(name: &'static str, about: &'static str, example: &'static str) -> Key {
    let absent = Absent::Means("a route: as its upstream; an upstream: as `[gateway.timeouts]`");
    Key { name, about, form: Form::Time { min: MOMENT, max: DAY }, absent, example }
}

const fn limit(name: &'static str, about: &'static str, form: Form, example: &'static str) -> Key {
    let absent = Absent::Means("a route: as its upstream; an upstream: as `[gateway.limits]`");
    Key { name, about, form, absent, example }
}

static TIMEOUTS: [Key; 6] = [
    time(
        "connect",
        "For a connection to a server to be made. Then the next server is tried.",
        "\"500ms\"",
    ),
    time(
        "first_byte",
        "From the end of the request to the first byte of the answer, for each server that is tried. \
         Then an idempotent request goes to the next server while `total` allows, and others get a \
         504.",
        "\"5s\"",
    ),
    Key {
        absent: Absent::Means(
            "a route: as its upstream; an upstream: the greater of `first_byte` here and in \
             `[gateway.timeouts]`",
        ),
        ..time(
            "total",
            "From the first server that is asked to the first byte of an answer, over all tries.",
            "\"20s\"",
        )
    },
    time("body_gap", "Between two pieces of a body, as in `[gateway.timeouts]`.", "\"2m\""),
    time(
        "client_stall",
        "That a client may take nothing of a response, as in `[gateway.timeouts]`.",
        "\"1h\"",
    ),
    Key {
        form: Form::Time { min: MOMENT, max: Duration::from_secs(30 * 24 * 3600) },
        ..time(
            "tunnel_idle",
            "Without a byte of an upgraded connection or an event stream, as in \
             `[gateway.timeouts]`.",
            "\"12h\"",
        )
    },
];

static LIMITS: [Key; 5] = [
    limit(
        "body_bytes",
        "Bytes of a request body; 0 means no limit. A longer one is answered 413.",
        Form::Size { min: 0, max: i64::MAX as u64 },
        "\"100MiB\"",
    ),
    limit(
        "trailer_bytes",
        "Bytes of the trailer fields after a chunked request body.",
        Form::Size { min: 0, max: wide(Limits::HEAD_BYTES_MAX) },
        "\"1KiB\"",
    ),
    limit(
        "interim_responses",
        "Interim responses (1xx) that a server may send before its final one.",
        Form::Count { min: 1, max: 1_000_000 },
        "10",
    ),
    limit(
        "attempts",
        "Servers tried for one request once bytes of it were sent.",
        Form::Count { min: 1, max: 16 },
        "1",
    ),
    limit(
        "client_rate",
        "Bytes a second that a client has to move of a body, as in `[gateway.limits]`; 0 means any.",
        Form::Size { min: 0, max: 1 << 30 },
        "\"10KiB\"",
    ),
];

pub(super) static UPSTREAM_TIMEOUTS: Table = Table {
    name: "upstream.timeouts",
    about: "How long an exchange with its servers may take, where that differs from \
            `[gateway.timeouts]`.",
    keys: &TIMEOUTS,
    later: &[],
};

pub(super) static ROUTE_TIMEOUTS: Table = Table {
    name: "route.timeouts",
    about: "How long an exchange on this route may take, where that differs from its upstream's \
            `timeouts`.",
    keys: &TIMEOUTS,
    later: &[],
};

pub(super) static UPSTREAM_LIMITS: Table = Table {
    name: "upstream.limits",
    about: "How much of an exchange with its servers is accepted, where that differs from \
            `[gateway.limits]`.",
    keys: &LIMITS,
    later: &[],
};

pub(super) static ROUTE_LIMITS: Table = Table {
    name: "route.limits",
    about: "How much of an exchange on this route is accepted, where that differs from its \
            upstream's `limits`.",
    keys: &LIMITS,
    later: &[],
};
