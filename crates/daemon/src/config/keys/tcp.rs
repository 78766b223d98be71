//! The keys of `[[tcp]]`.

use std::time::Duration;

use super::super::{ProxyProtocol, Tcp};
use super::{Absent, DAY, Default, Form, Key, MOMENT, Table};

pub(super) static TCP: Table = Table {
    name: "tcp",
    about: "Passes whole connections on to an upstream, byte for byte, whatever they speak.",
    keys: &[
        Key {
            name: "listen",
            about: "The address to accept connections on, or several. Port 0 means any free port.",
            form: Form::TextOrTexts { what: "an IP address and a port", max: 64 },
            absent: Absent::Required,
            example: "\"0.0.0.0:7070\"",
        },
        Key {
            name: "upstream",
            about: "The name of the upstream, or of a service. Its policy chooses the server for \
                    each connection: `hash` with `hash_on = \"client\"` by address; on anything \
                    that only a request has, in turn.",
            form: Form::Text { what: "a name" },
            absent: Absent::Required,
            example: "\"app\"",
        },
        Key {
            name: "idle",
            about: "Without a byte in either direction. Then both sides are closed.",
            form: Form::Time { min: MOMENT, max: Duration::from_secs(30 * 24 * 3600) },
            absent: Absent::Is(Default::Time(Tcp::IDLE_DEFAULT)),
            example: "\"10m\"",
        },
        Key {
            name: "connect",
            about: "For a connection to a server. Then the next server is tried; after the last, \
                    the client is disconnected.",
            form: Form::Time { min: MOMENT, max: DAY },
            absent: Absent::Means("`connect` of `[gateway.timeouts]`"),
            example: "\"500ms\"",
        },
        Key {
            name: "connections",
            about: "Connections at the same time through these addresses. Further ones are closed \
                    at once. The limits of `[gateway.limits]` hold beside it, over HTTP and TCP \
                    together.",
            form: Form::Count { min: 1, max: 10_000_000 },
            absent: Absent::Means("the limits of `[gateway.limits]` alone"),
            example: "1000",
        },
        Key {
            name: "proxy_protocol_in",
            about: "Whether each connection begins with a PROXY protocol header (version 1 or 2) \
                    that names its client. Only peers in `trusted` may connect then, and only with \
                    a header, within `head` of `[gateway.timeouts]`.",
            form: Form::Flag,
            absent: Absent::Is(Default::Flag(false)),
            example: "true",
        },
        Key {
            name: "trusted",
            about: "Networks or addresses of the proxies that send those headers.",
            form: Form::Texts { what: "an IP address or a network", min: 1, max: 1024 },
            absent: Absent::Means("`trusted` of `[gateway]`"),
            example: "[\"10.0.0.0/8\"]",
        },
        Key {
            name: "proxy_protocol_out",
            about: "The PROXY protocol header that servers are sent before the first byte, as a \
                    line of text (`v1`) or in binary (`v2`). They must expect it.",
            form: Form::Word {
                words: || ProxyProtocol::ALL.map(ProxyProtocol::name).into(),
                later: &[],
            },
            absent: Absent::Means("no header"),
            example: "\"v2\"",
        },
    ],
    later: &["tls"],
};
