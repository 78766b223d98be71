//! The keys of `[gateway.limits]`.

use super::super::super::Limits;
use super::super::{Absent, Default, Form, Key, Table};
use super::wide;

pub(super) static LIMITS: Table = Table {
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
            about: "Bytes of a request body; 0 means no limit. A longer one is answered 413.",
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
            about: "Client connections at the same time from one client: an IPv4 address, or an IPv6 network of 64 bits. Further ones are answered 503 and closed.",
            form: Form::Count { min: 1, max: 10_000_000 },
            absent: Absent::Is(Default::Count(wide(Limits::DEFAULT.connections_per_client))),
            example: "200",
        },
        Key {
            name: "half_heads",
            about: "Memory of request heads that have begun to come and are not whole, in all; one client \
                    may hold an eighth of it. Each counts for its bytes and 16 KiB. Further ones are \
                    answered 503 and closed; heads that come at once are not counted.",
            form: Form::Size { min: 1 << 20, max: 1 << 40 },
            absent: Absent::Is(Default::Size(wide(Limits::DEFAULT.half_heads))),
            example: "\"32MiB\"",
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
            name: "client_rate",
            about: "Bytes a second that a client has to send of a request body, or take of a \
                    response, averaged over the time that it is waited for, `body_gap` at a time. \
                    Two such times below it, and the exchange is cut (an upload: 408); 0 means any \
                    rate. Event streams, upgraded connections and `[[tcp]]` have none.",
            form: Form::Size { min: 0, max: 1 << 30 },
            absent: Absent::Is(Default::Size(Limits::DEFAULT.client_rate)),
            example: "\"1KiB\"",
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
