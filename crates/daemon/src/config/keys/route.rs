//! The keys of `[[route]]`.

use super::super::ForwardPath;
use super::cache::ROUTE_CACHE;
use super::exchange::{ROUTE_LIMITS, ROUTE_TIMEOUTS};
use super::rate_limit::RATE_LIMIT;
use super::{Absent, Default, Form, Key, Table};

pub(super) static ROUTE: Table = Table {
    name: "route",
    about: "Sends requests for a host and a path to an upstream.",
    keys: &[
        Key {
            name: "host",
            about: "The host without a port: exact, or `*.` and a domain for every name below it.",
            form: Form::Text { what: "a host name" },
            absent: Absent::Means("any host"),
            example: "\"example.org\"",
        },
        Key {
            name: "path",
            about: "What the path must begin with, in whole segments: `/api` takes `/api` and \
                    `/api/v1`, not `/apiary`. The longest one wins. Paths are compared in normal \
                    form: `/%61pi` and `//api` are `/api`.",
            form: Form::Text { what: "a path prefix" },
            absent: Absent::Is(Default::Text("/")),
            example: "\"/api/\"",
        },
        Key {
            name: "upstream",
            about: "The name of the upstream, or of a service.",
            form: Form::Text { what: "a name" },
            absent: Absent::Required,
            example: "\"app\"",
        },
        Key {
            name: "forward_path",
            about: "In which form the path is sent upstream: as the client wrote it but for dot \
                    segments, which are removed (`resolved`), with them (`as-sent`), or in the \
                    form in which paths are compared (`normal`).",
            form: Form::Word {
                words: || ForwardPath::ALL.map(ForwardPath::name).into(),
                later: &[],
            },
            absent: Absent::Is(Default::Text(ForwardPath::Resolved.name())),
            example: "\"as-sent\"",
        },
        Key {
            name: "timeouts",
            about: "How long an exchange may take, where that differs from the upstream's.",
            form: Form::Table(&ROUTE_TIMEOUTS),
            absent: Absent::Means("those of the upstream"),
            example: "{ first_byte = \"10m\", body_gap = \"5m\" }",
        },
        Key {
            name: "limits",
            about: "How much of an exchange is accepted, where that differs from the upstream's.",
            form: Form::Table(&ROUTE_LIMITS),
            absent: Absent::Means("those of the upstream"),
            example: "{ body_bytes = \"100MiB\" }",
        },
        Key {
            name: "rate_limit",
            about: "How often it may be asked by one client, by whoever a header names, or at all. Of \
                    several limits all apply: a request has to be within each.",
            form: Form::TableOrTables { table: &RATE_LIMIT, max: 8 },
            absent: Absent::Means("as often as anybody likes"),
            example: "{ requests = 100, per = \"1m\" }",
        },
        Key {
            name: "cache",
            about: "Whether its responses are kept, as far as HTTP allows (RFC 9111). A table \
                    means `true`, and says how they are kept here.",
            form: Form::FlagOrTable(&ROUTE_CACHE),
            absent: Absent::Means(
                "`true` with a `[cache]` table, `--cache-ttl` or `--cache-dir`; else `false`",
            ),
            example: "{ ttl = \"10s\", ignore_query = [\"utm_*\"] }",
        },
    ],
    later: &[],
};
