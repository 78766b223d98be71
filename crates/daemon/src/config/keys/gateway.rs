//! The keys of `[gateway]`, its limits and its timeouts.

use std::time::Duration;

use super::super::{Gateway, Limits, Timeouts};
use super::{Absent, Default, Form, Key, Table, table};

pub(super) static GATEWAY: Table = Table {
    name: "gateway",
    about: "The gateway's own settings.",
    keys: &[
        Key {
            name: "listen",
            about: "The addresses to accept HTTP/1.1 on. `0.0.0.0:8080` means every IPv4 address \
                    of the machine, `[::]:8080` every address; port 0 means any free port. A gateway \
                    with a `[[tcp]]` and nothing to send requests to has none.",
            form: Form::Texts { what: "an IP address and a port", min: 1, max: 64 },
            absent: Absent::Is(Default::Texts(|| vec![Gateway::DEFAULT_LISTEN.to_string()])),
            example: "[\"0.0.0.0:8080\"]",
        },
        Key {
            name: "admin",
            about: "The address of the admin listener: status, metrics, purges. An address that \
                    other machines reach needs `admin_token_file`; port 0 means any free port.",
            form: Form::Text { what: "an IP address and a port" },
            absent: Absent::Means("no admin listener"),
            example: "\"127.0.0.1:8081\"",
        },
        Key {
            name: "admin_token_file",
            about: "The file with the token that every request to the admin listener must show \
                    (`Authorization: Bearer TOKEN`). Only the gateway's user should be able to \
                    read it.",
            form: Form::Text { what: "a path" },
            absent: Absent::Means("no token is asked for"),
            example: "\"/etc/tombolo/admin.token\"",
        },
        Key {
            name: "admin_socket",
            about: "A Unix socket with the same as the admin listener, without a token: only the \
                    gateway's user may connect (mode 0600). `tombolo up` gives its gateway one.",
            form: Form::Text { what: "a path" },
            absent: Absent::Means("no socket"),
            example: "\"/run/tombolo/gateway.sock\"",
        },
        Key {
            name: "orchestrator",
            about: "The Unix socket of the `tombolo up` that runs this gateway, to which the \
                    admin API passes on what concerns replicas. `up` writes it by itself.",
            form: Form::Text { what: "a path" },
            absent: Absent::Means("it runs alone"),
            example: "\"tombolo-data/run/up.sock\"",
        },
        Key {
            name: "state_file",
            about: "The file in which what is known of servers outlives the process: who is \
                    drained, ejected or down, why and since when. Relative to the directory the \
                    program runs in; a file of its own for each gateway. `false` keeps nothing.",
            form: Form::TextOrFalse { what: "a path" },
            absent: Absent::Means("`gateway-state.json`; under `tombolo up` in its data folder"),
            example: "\"/var/lib/tombolo/gateway-state.json\"",
        },
        Key {
            name: "workers",
            about: "Threads that serve requests, each with a core of its own if there are enough. \
                    0 means one for each core the process may use.",
            form: Form::Count { min: 0, max: wide(Gateway::WORKERS_MAX) },
            absent: Absent::Is(Default::Count(0)),
            example: "4",
        },
        Key {
            name: "trusted",
            about: "Networks or addresses of the proxies in front of this one. Only from these \
                    are `X-Forwarded-Proto`, `X-Forwarded-Host` and `X-Request-Id` kept; from \
                    everybody else they are replaced. `X-Forwarded-For` and `Forwarded` are \
                    extended in any case: read them from the right.",
            form: Form::Texts { what: "an IP address or a network", min: 0, max: 1024 },
            absent: Absent::Is(Default::Texts(Vec::new)),
            example: "[\"10.0.0.0/8\"]",
        },
        Key {
            name: "proxy_protocol",
            about: "Whether each connection to `listen` begins with a PROXY protocol header \
                    (version 1 or 2) that names its client, as a TCP balancer in front sends it. \
                    Only peers in `trusted` may connect then, and only with a header. The client \
                    it names is the one in the log, in `X-Forwarded-For`, in limits and policies.",
            form: Form::Flag,
            absent: Absent::Is(Default::Flag(false)),
            example: "true",
        },
        Key {
            name: "served_by",
            about: "Whether each response tells in `X-Served-By` which server answered.",
            form: Form::Flag,
            absent: Absent::Is(Default::Flag(true)),
            example: "false",
        },
        Key {
            name: "watch",
            about: "Whether the configuration is read again whenever the file has changed, within \
                    two seconds, as `tombolo reload` does. A file with mistakes changes nothing.",
            form: Form::Flag,
            absent: Absent::Is(Default::Flag(false)),
            example: "true",
        },
        table("limits", "How much the gateway accepts of anything.", Form::Table(&LIMITS)),
        table("timeouts", "How long the gateway waits for anything.", Form::Table(&TIMEOUTS)),
    ],
    later: &["tls"],
};

/// A whole number of `Limits` as a size or a count of the tables.
const fn wide(number: usize) -> u64 {
    number as u64
}

static LIMITS: Table = Table {
    name: "gateway.limits",
    about: "How much the gateway accepts of anything. Each limit has an answer of its own.",
    keys: &[
        Key {
            name: "head_bytes",
            about: "Bytes of a message head: start line and header fields. A longer request is \
                    answered 431, a longer response becomes 502.",
            form: Form::Size { min: 1024, max: wide(Limits::HEAD_BYTES_MAX) },
            absent: Absent::Is(Default::Size(wide(Limits::DEFAULT.head_bytes))),
            example: "\"16KiB\"",
        },
        Key {
            name: "head_fields",
            about: "Header fields of a message. More are answered 431 (from a server: 502).",
            form: Form::Count { min: 8, max: wide(Limits::HEAD_FIELDS_MAX) },
            absent: Absent::Is(Default::Count(wide(Limits::DEFAULT.head_fields))),
            example: "64",
        },
        Key {
            name: "target_bytes",
            about: "Bytes of a request target (path and query). A longer one is answered 414.",
            form: Form::Size { min: 64, max: wide(Limits::HEAD_BYTES_MAX) },
            absent: Absent::Is(Default::Size(wide(Limits::DEFAULT.target_bytes))),
            example: "\"2KiB\"",
        },
        Key {
            name: "body_bytes",
            about: "Bytes of a request body; 0 means no limit. A longer one is answered 413. A \
                    route can set its own.",
            form: Form::Size { min: 0, max: i64::MAX as u64 },
            absent: Absent::Is(Default::Size(Limits::DEFAULT.body_bytes)),
            example: "\"10MiB\"",
        },
        Key {
            name: "trailer_bytes",
            about: "Bytes of the trailer fields after a chunked body.",
            form: Form::Size { min: 0, max: wide(Limits::HEAD_BYTES_MAX) },
            absent: Absent::Is(Default::Size(wide(Limits::DEFAULT.trailer_bytes))),
            example: "\"1KiB\"",
        },
        Key {
            name: "connections",
            about: "Client connections at the same time, in all. Further ones are answered 503 and closed.",
            form: Form::Count { min: 1, max: 10_000_000 },
            absent: Absent::Is(Default::Count(wide(Limits::DEFAULT.connections))),
            example: "20000",
        },
        Key {
            name: "connections_per_client",
            about: "Client connections at the same time from one IP address. Further ones are answered 503 and closed.",
            form: Form::Count { min: 1, max: 10_000_000 },
            absent: Absent::Is(Default::Count(wide(Limits::DEFAULT.connections_per_client))),
            example: "200",
        },
        Key {
            name: "upstream_idle",
            about: "Idle connections that each worker keeps to each server, ready for the next \
                    request; 0 means a new connection for every request.",
            form: Form::Count { min: 0, max: 65_536 },
            absent: Absent::Is(Default::Count(wide(Limits::DEFAULT.upstream_idle))),
            example: "32",
        },
        Key {
            name: "interim_responses",
            about: "Interim responses (1xx, such as 103) that a server may send before its final \
                    one. More become 502.",
            form: Form::Count { min: 1, max: 1_000_000 },
            absent: Absent::Is(Default::Count(wide(Limits::DEFAULT.interim_responses))),
            example: "10",
        },
        Key {
            name: "attempts",
            about: "Servers tried for one request once bytes of it were sent (only requests that \
                    are safe to repeat are). Servers that cannot be connected to do not count: \
                    every one of them is tried.",
            form: Form::Count { min: 1, max: 16 },
            absent: Absent::Is(Default::Count(wide(Limits::DEFAULT.attempts))),
            example: "2",
        },
        Key {
            name: "recent_requests",
            about: "Requests that each worker remembers for `tombolo why`, the console page and \
                    `/api/v1/requests`, at 512 bytes each; 0 means none. Older ones are forgotten. \
                    Without an admin API and traces nothing is remembered.",
            form: Form::Count { min: 0, max: 1 << 20 },
            absent: Absent::Is(Default::Count(wide(Limits::DEFAULT.recent_requests))),
            example: "100000",
        },
    ],
    later: &[],
};

pub(super) const MOMENT: Duration = Duration::from_millis(10);
pub(super) const DAY: Duration = Duration::from_secs(24 * 3600);

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

static TIMEOUTS: Table = Table {
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
            "Between two pieces of a body, in either direction. Then the exchange is cut.",
            Timeouts::DEFAULT.body_gap,
            (MOMENT, DAY),
            "\"10s\"",
        ),
        time(
            "tunnel_idle",
            "Without a byte in either direction of an upgraded connection (WebSocket). Then it \
             is closed.",
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
            "For a client to read a refusal while the rest of its request is thrown away.",
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
