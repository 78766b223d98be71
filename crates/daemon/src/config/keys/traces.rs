//! The keys of `[traces]`.

use super::super::Traces;
use super::{Absent, Default, Form, Key, Table};

pub(super) static TRACES: Table = Table {
    name: "traces",
    about: "Which requests are traced, and where that is told: OTLP over HTTP. With it the gateway \
            takes part in W3C trace context; without it those fields pass as they came.",
    keys: &[
        Key {
            name: "endpoint",
            about: "The collector, as an http:// address; `/v1/traces` is its path unless it names \
                    another.",
            form: Form::Text { what: "an http:// address" },
            absent: Absent::Required,
            example: "\"http://127.0.0.1:4318\"",
        },
        Key {
            name: "ratio",
            about: "The share of requests that are recorded, from \"0\" to \"1\". What a trusted hop \
                    says of its own request goes before it.",
            form: Form::Text { what: "a share from 0 to 1" },
            absent: Absent::Is(Default::Text("0.01")),
            example: "\"0.1\"",
        },
        Key {
            name: "service",
            about: "What spans call this gateway.",
            form: Form::Text { what: "a name" },
            absent: Absent::Is(Default::Text(Traces::SERVICE)),
            example: "\"edge\"",
        },
    ],
    later: &[],
};
