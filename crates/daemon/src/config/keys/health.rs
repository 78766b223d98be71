//! The keys of an upstream's checks, ejection and retries.

use std::time::Duration;

use super::super::HealthCheck;
use super::{Absent, DAY, Default, Form, Key, MOMENT, Table};
use tombolo_balance::EjectionRules;

const RULES: EjectionRules = EjectionRules::DEFAULT;

pub(super) static HEALTH: Table = Table {
    name: "upstream.health",
    about: "How servers are asked, from time to time, whether they are well: by `path` or by `tcp`.",
    keys: &[
        Key {
            name: "path",
            about: "What is asked for with `GET`, over a connection of its own.",
            form: Form::Text { what: "a path" },
            absent: Absent::Means("`tcp = true` is needed"),
            example: "\"/health\"",
        },
        Key {
            name: "writes",
            about: "A further path, asked for likewise: whether the server can store. While it fails, \
                    requests other than GET, HEAD, OPTIONS and TRACE go to other servers if one of \
                    them can take them.",
            form: Form::Text { what: "a path" },
            absent: Absent::Means("it takes whatever it is up for"),
            example: "\"/health/writes\"",
        },
        Key {
            name: "tcp",
            about: "Whether it is enough that the server takes a connection.",
            form: Form::Flag,
            absent: Absent::Is(Default::Flag(false)),
            example: "true",
        },
        Key {
            name: "interval",
            about: "From one check of a server to the next, give or take a tenth. One whose last \
                    check failed, or that failed a request, is asked four times as often.",
            form: Form::Time { min: MOMENT, max: DAY },
            absent: Absent::Is(Default::Time(HealthCheck::INTERVAL)),
            example: "\"5s\"",
        },
        Key {
            name: "timeout",
            about: "For one check, from connecting to the end.",
            form: Form::Time { min: Duration::from_millis(10), max: Duration::from_secs(600) },
            absent: Absent::Is(Default::Time(HealthCheck::TIMEOUT)),
            example: "\"500ms\"",
        },
        Key {
            name: "healthy",
            about: "Checks in a row that must succeed before a server that is down is up again.",
            form: Form::Count { min: 1, max: 1000 },
            absent: Absent::Is(Default::Count(HealthCheck::HEALTHY as u64)),
            example: "3",
        },
        Key {
            name: "unhealthy",
            about: "Checks in a row that must fail before a server is down.",
            form: Form::Count { min: 1, max: 1000 },
            absent: Absent::Is(Default::Count(HealthCheck::UNHEALTHY as u64)),
            example: "2",
        },
        Key {
            name: "status",
            about: "The statuses of a server that is well: numbers, classes or ranges.",
            form: Form::TextOrTexts {
                what: "a status, as \"200\", \"2xx\" or \"200-399\"",
                max: 64,
            },
            absent: Absent::Is(Default::Text("2xx")),
            example: "[\"200\", \"3xx\"]",
        },
        Key {
            name: "body",
            about: "What the first 64 KiB of the body must contain.",
            form: Form::Text { what: "a text" },
            absent: Absent::Means("the body is not looked at"),
            example: "\"ready\"",
        },
        Key {
            name: "host",
            about: "The `Host` that is asked for.",
            form: Form::Text { what: "a host name" },
            absent: Absent::Means("the server's address as written"),
            example: "\"example.org\"",
        },
    ],
    later: &[],
};

pub(super) static EJECTION: Table = Table {
    name: "upstream.ejection",
    about: "When a server is left out for a while because it fails requests. What fails: connections \
            that cannot be made or break, answers that do not come in time or are broken, and the \
            statuses in `status`.",
    keys: &[
        Key {
            name: "failures",
            about: "Failures in a row after which a server is ejected; 0 means never for that. With \
                    statuses among them only if its peers do better meanwhile.",
            form: Form::Count { min: 0, max: 1_000_000 },
            absent: Absent::Is(Default::Count(RULES.failures as u64)),
            example: "3",
        },
        Key {
            name: "rate",
            about: "Percent of failures among the requests of a `window` from which it is ejected; 0 \
                    means never for that. With statuses among them only if its peers do better.",
            form: Form::Count { min: 0, max: 100 },
            absent: Absent::Is(Default::Count(RULES.rate_percent as u64)),
            example: "25",
        },
        Key {
            name: "requests",
            about: "Requests there must have been within the `window` for a rate to mean anything.",
            form: Form::Count { min: 1, max: 1_000_000_000 },
            absent: Absent::Is(Default::Count(RULES.requests)),
            example: "100",
        },
        Key {
            name: "window",
            about: "What the `rate` is taken over.",
            form: Form::Time { min: Duration::from_secs(1), max: Duration::from_secs(60) },
            absent: Absent::Is(Default::Time(RULES.window)),
            example: "\"30s\"",
        },
        Key {
            name: "time",
            about: "How long the first ejection lasts. Each further one lasts twice as long as the \
                    last, unless the server was well for twice as long in between.",
            form: Form::Time { min: MOMENT, max: DAY },
            absent: Absent::Is(Default::Time(RULES.time)),
            example: "\"10s\"",
        },
        Key {
            name: "max_time",
            about: "The longest that an ejection lasts.",
            form: Form::Time { min: MOMENT, max: DAY },
            absent: Absent::Is(Default::Time(RULES.max_time)),
            example: "\"1m\"",
        },
        Key {
            name: "probes",
            about: "Requests that a server must answer well after an ejection before it is back. It is \
                    given no more of them; the first that fails ejects it again.",
            form: Form::Count { min: 1, max: 1000 },
            absent: Absent::Is(Default::Count(RULES.probes as u64)),
            example: "1",
        },
        Key {
            name: "max_ejected",
            about: "Percent of the servers that may be ejected at the same time. One always stays.",
            form: Form::Count { min: 0, max: 100 },
            absent: Absent::Is(Default::Count(RULES.max_ejected.0 as u64)),
            example: "50",
        },
        Key {
            name: "status",
            about: "Statuses that count as failures of a server that has more of them than its peers: \
                    numbers, classes or ranges. An empty list means none.",
            form: Form::Texts {
                what: "a status, as \"503\", \"5xx\" or \"500-504\"",
                min: 0,
                max: 64,
            },
            absent: Absent::Is(Default::Texts(|| super::super::Statuses::failure().words())),
            example: "[\"5xx\"]",
        },
    ],
    later: &[],
};

pub(super) static RETRY_BUDGET: Table = Table {
    name: "upstream.retry_budget",
    about: "How many requests may be repeated at another server, so that servers which fail are not \
            also overrun. A connection that cannot be made costs nothing: nothing was sent.",
    keys: &[
        Key {
            name: "percent",
            about: "Repeats in percent of the requests.",
            form: Form::Count { min: 0, max: 1000 },
            absent: Absent::Is(Default::Count(20)),
            example: "10",
        },
        Key {
            name: "per_second",
            about: "Repeats that are allowed each second whatever the requests.",
            form: Form::Count { min: 0, max: 1_000_000 },
            absent: Absent::Is(Default::Count(10)),
            example: "1",
        },
    ],
    later: &[],
};
