//! The keys of `[gateway.timeouts]`.

use std::time::Duration;

use super::super::super::Timeouts;
use super::super::{Absent, DAY, Default, Form, Key, MOMENT, Table};

const fn time(
    name: &'static str,
    about: &'static str,
    default: Duration,
    (min, max): (Duration, Duration),
    example: &'static str,
) -> Key {
    Key {
        name,
        about,
        form: Form::Time { min, max },
        absent: Absent::Is(Default::Time(default)),
        example,
    }
}

pub(super) static TIMEOUTS: Table = Table {
    name: "gateway.timeouts",
    about: "How long the gateway waits for anything. They are kept to within a tenth of a second.",
    keys: &[
        time(
            "head",
            "From the first byte of a request to the end of its head, however slowly the bytes \
             drip. Then 408.",
            Timeouts::DEFAULT.head,
            (MOMENT, DAY),
            "\"5s\"",
        ),
        time(
            "idle",
            "For the next request on an open client connection. Then it is closed.",
            Timeouts::DEFAULT.idle,
            (MOMENT, DAY),
            "\"15s\"",
        ),
        time(
            "connect",
            "For a connection to a server. Then the next server is tried; after the last, 504.",
            Timeouts::DEFAULT.connect,
            (MOMENT, DAY),
            "\"500ms\"",
        ),
        time(
            "first_byte",
            "From the end of the request to the first byte of the server's answer. Then 504.",
            Timeouts::DEFAULT.first_byte,
            (MOMENT, DAY),
            "\"2m\"",
        ),
        time(
            "body_gap",
            "Between two pieces of a body, for whoever is to send or take it. Then the exchange is \
             cut; a client that takes nothing of its response only if its place is needed. An event \
             stream (`text/event-stream`) may be quiet for `tunnel_idle`.",
            Timeouts::DEFAULT.body_gap,
            (MOMENT, DAY),
            "\"10s\"",
        ),
        time(
            "client_stall",
            "That a client may take nothing of a response (a paused download) while nobody needs \
             its place: nobody waits for a server of the upstream, a tenth of `connections` is \
             free, and memory is not short. Then it is cut.",
            Timeouts::DEFAULT.client_stall,
            (MOMENT, DAY),
            "\"1h\"",
        ),
        time(
            "tunnel_idle",
            "Without a byte in either direction of an upgraded connection (WebSocket), or from the \
             server of an event stream. Then it is closed.",
            Timeouts::DEFAULT.tunnel_idle,
            (MOMENT, Duration::from_secs(30 * 24 * 3600)),
            "\"12h\"",
        ),
        time(
            "upstream_idle",
            "That an idle connection to a server is kept. Best shorter than the servers' own.",
            Timeouts::DEFAULT.upstream_idle,
            (MOMENT, DAY),
            "\"4s\"",
        ),
        time(
            "linger",
            "How long a client that was refused may pause while the rest of its request is read and thrown \
             away, so that it can read the refusal. One that goes on sending has 30 s in all, if it \
             sends at least 16 KiB a second.",
            Timeouts::DEFAULT.linger,
            (Duration::ZERO, Duration::from_secs(60)),
            "\"500ms\"",
        ),
        time(
            "drain_delay",
            "From the first SIGINT or SIGTERM to the end of listening. Meanwhile `/readyz` answers \
             503, requests are served, and clients are told to close: time for a load balancer in \
             front to look elsewhere.",
            Timeouts::DEFAULT.drain_delay,
            (Duration::ZERO, DAY),
            "\"5s\"",
        ),
        time(
            "drain",
            "For requests under way to finish after the first SIGINT or SIGTERM. Then they are \
             cut.",
            Timeouts::DEFAULT.drain,
            (Duration::ZERO, DAY),
            "\"1m\"",
        ),
    ],
    later: &[],
};
