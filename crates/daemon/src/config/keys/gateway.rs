//! The keys of `[gateway]`; those of its limits and its timeouts are next door.

mod limits;
mod timeouts;

use super::super::Gateway;
use super::{Absent, Default, Form, Key, Table, table};
use limits::LIMITS;
use timeouts::TIMEOUTS;

pub(super) static GATEWAY: Table = Table {
    name: "gateway",
    about: "The gateway's own settings.",
    keys: &[
        Key {
            name: "listen",
            about: "The addresses to accept HTTP/1.1 on. `0.0.0.0:8080` means every IPv4 address \
                    of the machine, `[::]:8080` every address of both families, unless an IPv4 address of \
                    the same port is listed too; port 0 means any free port. A gateway \
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
                    read it. A symbolic link of another user on the way to it is refused.",
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
            name: "dns",
            about: "The DNS servers that are asked for the names of servers. `/etc/hosts` goes before.",
            form: Form::Texts { what: "an IP address and a port", min: 1, max: 8 },
            absent: Absent::Means("those of `/etc/resolv.conf`, then the system's own resolver"),
            example: "[\"10.0.0.2:53\"]",
        },
        Key {
            name: "trusted",
            about: "Networks or addresses of the proxies in front of this one. Only from these \
                    are forwarding fields believed and passed on: `X-Forwarded-*`, `Forwarded`, \
                    `X-Real-IP` and the like, and `X-Request-Id`. From everybody else they are \
                    removed, and servers get the gateway's own `X-Forwarded-For`, \
                    `X-Forwarded-Proto`, `X-Forwarded-Host`, `X-Real-IP` and `Forwarded`. The \
                    program log says once when that happens.",
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
pub(super) const fn wide(number: usize) -> u64 {
    number as u64
}
