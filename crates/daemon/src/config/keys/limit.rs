//! The keys of an upstream's limit.

use std::time::Duration;

use super::super::UpstreamLimit;
use super::{Absent, Default, Form, Key, MOMENT, Table};

/// The bounds of a limit.
pub(super) const IN_FLIGHT: Form = Form::Count { min: 1, max: UpstreamLimit::IN_FLIGHT_MAX as u64 };

pub(super) static LIMIT: Table = Table {
    name: "upstream.limit",
    about: "How many requests (or tunnels, or connections of a `[[tcp]]`) each server has at one time, \
            exactly, over all threads; and how the others wait while every server that might be asked is \
            full. Who comes first is served first.",
    keys: &[
        Key {
            name: "in_flight",
            about: "Requests at each server at one time. With `adaptive`, the most that the limit \
                    can become.",
            form: IN_FLIGHT,
            absent: Absent::Required,
            example: "100",
        },
        Key {
            name: "queue",
            about: "Requests that wait at one time; 0 means that none does. Beyond it: 503 with \
                    `Retry-After`, or the end of a connection of `[[tcp]]`.",
            form: Form::Count { min: 0, max: UpstreamLimit::QUEUE_MAX as u64 },
            absent: Absent::Is(Default::Count(UpstreamLimit::QUEUE as u64)),
            example: "200",
        },
        Key {
            name: "wait",
            about: "How long a request waits. Then the same as beyond the `queue`.",
            form: Form::Time { min: MOMENT, max: Duration::from_secs(3600) },
            absent: Absent::Is(Default::Time(UpstreamLimit::WAIT)),
            example: "\"2s\"",
        },
        Key {
            name: "adaptive",
            about: "Whether the limit of each server finds itself between `min` and `in_flight`, from \
                    how long its answers take to begin.",
            form: Form::Flag,
            absent: Absent::Is(Default::Flag(false)),
            example: "true",
        },
        Key {
            name: "min",
            about: "The least that an adaptive limit becomes, and where it begins; at most `in_flight`.",
            form: IN_FLIGHT,
            absent: Absent::Is(Default::Count(UpstreamLimit::MIN as u64)),
            example: "2",
        },
    ],
    later: &[],
};
