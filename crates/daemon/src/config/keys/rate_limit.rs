//! The keys of a route's rate limit.

use std::time::Duration;

use super::{Absent, Default, Form, Key, Table};

pub(super) static RATE_LIMIT: Table = Table {
    name: "route.rate_limit",
    about: "How often the route may be asked. What is beyond gets a 429 that says when to come again.",
    keys: &[
        Key {
            name: "requests",
            about: "Requests in each `per`, in the long run; at most 100,000 a second.",
            form: Form::Count { min: 1, max: 1_000_000_000 },
            absent: Absent::Required,
            example: "100",
        },
        Key {
            name: "per",
            about: "What `requests` are counted in, in whole seconds.",
            form: Form::Time { min: Duration::from_secs(1), max: Duration::from_secs(24 * 3600) },
            absent: Absent::Is(Default::Time(Duration::from_secs(1))),
            example: "\"1m\"",
        },
        Key {
            name: "burst",
            about: "Requests at once, after a pause; no more than come together again within a year.",
            form: Form::Count { min: 1, max: 1_000_000_000 },
            absent: Absent::Means("as many as `requests`"),
            example: "20",
        },
        Key {
            name: "key",
            about: "Whose requests are counted together: those of a `client` address (of a /64 with \
                    IPv6; from a `trusted` hop, the one it names), those with one value of a header \
                    (`header:NAME`; without it, of a client), or all of the `route`. Values of a header \
                    can be made up, so a client has ten times the limit over all values that it sends.",
            form: Form::Text { what: "client, header:NAME or route" },
            absent: Absent::Is(Default::Text("client")),
            example: "\"header:authorization\"",
        },
        Key {
            name: "headers",
            about: "Whether answers say what is left and when all of it is there again, in \
                    `RateLimit-Policy` and `RateLimit`. A 429 has `Retry-After` in any case.",
            form: Form::Flag,
            absent: Absent::Is(Default::Flag(true)),
            example: "false",
        },
    ],
    later: &[],
};
