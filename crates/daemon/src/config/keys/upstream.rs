//! The keys of `[[upstream]]`, of one server of it, and of the cookie that keeps clients.

use std::time::Duration;

use super::super::{Policy, SameSite, Server, Upstream, UpstreamLimit};
use super::exchange::{UPSTREAM_LIMITS, UPSTREAM_TIMEOUTS};
use super::health::{EJECTION, HEALTH, RETRY_BUDGET};
use super::limit::LIMIT;
use super::{Absent, DAY, Default, Form, Key, Table};

pub(super) static UPSTREAM: Table = Table {
    name: "upstream",
    about: "A set of servers that answer alike, and how one of them is chosen for a request.",
    keys: &[
        Key {
            name: "name",
            about: "What routes call it by: letters, digits, `-`, `_` and `.`, at most 64.",
            form: Form::Text { what: "a name" },
            absent: Absent::Required,
            example: "\"app\"",
        },
        Key {
            name: "policy",
            about: "How a server is chosen: each in turn (`round-robin`), the one with the fewest \
                    requests under way (`least-requests`), the less busy of two drawn at random \
                    (`p2c`), of two the one that would answer sooner by how long it took lately \
                    (`peak-ewma`), at `random`, or the same one for the same key (`hash`). All respect \
                    weights.",
            form: Form::Word { words: || Policy::ALL.map(Policy::name).into(), later: &[] },
            absent: Absent::Is(Default::Text(Policy::RoundRobin.name())),
            example: "\"p2c\"",
        },
        Key {
            name: "hash_on",
            about: "What the policy `hash` takes as the key: the `path` (without the query), the \
                    `client`'s IP address, `header:NAME` or `cookie:NAME`. A request without that \
                    header or cookie is served in turn.",
            form: Form::Text { what: "path, client, header:NAME or cookie:NAME" },
            absent: Absent::Is(Default::Text("path")),
            example: "\"header:x-user\"",
        },
        Key {
            name: "sticky",
            about: "Keeps a client with the server it was first given, by a cookie, for as long \
                    as that server is there.",
            form: Form::Table(&STICKY),
            absent: Absent::Means("clients are not kept"),
            example: "{ cookie = \"served-by\" }",
        },
        Key {
            name: "health",
            about: "How servers are asked whether they are well. One that is not gets no requests while \
                    others can have them.",
            form: Form::Table(&HEALTH),
            absent: Absent::Means("no checks; a service's replicas are checked"),
            example: "{ path = \"/health\" }",
        },
        Key {
            name: "ejection",
            about: "When a server is left out for a while because it fails requests; `false` means \
                    never. A table means `true`, and says when.",
            form: Form::FlagOrTable(&EJECTION),
            absent: Absent::Is(Default::Flag(true)),
            example: "{ failures = 3, time = \"10s\" }",
        },
        Key {
            name: "limit",
            about: "How many requests each server has at one time, while the others wait; a number \
                    alone is `in_flight`.",
            form: Form::CountOrTable {
                min: 1,
                max: UpstreamLimit::IN_FLIGHT_MAX as u64,
                table: &LIMIT,
            },
            absent: Absent::Means("any number"),
            example: "100",
        },
        Key {
            name: "slow_start",
            about: "Over what time a server that has come back gets its whole share, from a tenth of \
                    it; `0s` means at once.",
            form: Form::Time { min: Duration::ZERO, max: DAY },
            absent: Absent::Is(Default::Time(Upstream::SLOW_START)),
            example: "\"30s\"",
        },
        Key {
            name: "retry_budget",
            about: "How many requests may be repeated at another server; `false` means any number. A \
                    table means `true`, and says how many.",
            form: Form::FlagOrTable(&RETRY_BUDGET),
            absent: Absent::Is(Default::Flag(true)),
            example: "{ percent = 10, per_second = 5 }",
        },
        Key {
            name: "retry_on",
            about: "Statuses after which a request goes to another server, if it is idempotent, its body is \
                    still whole, nothing of the answer was passed on, another server is up, and the \
                    retry budget pays: numbers, classes or ranges; `[]` means never.",
            form: Form::Texts {
                what: "a status, as \"503\", \"5xx\" or \"500-504\"",
                min: 0,
                max: 64,
            },
            absent: Absent::Means("500 and 502 to 504, once, while that helps (resilience.md)"),
            example: "[\"502-504\"]",
        },
        Key {
            name: "timeouts",
            about: "How long an exchange may take, where that differs from `[gateway.timeouts]`.",
            form: Form::Table(&UPSTREAM_TIMEOUTS),
            absent: Absent::Means("those of `[gateway.timeouts]`"),
            example: "{ first_byte = \"5s\", total = \"15s\" }",
        },
        Key {
            name: "limits",
            about: "How much of an exchange is accepted, where that differs from `[gateway.limits]`.",
            form: Form::Table(&UPSTREAM_LIMITS),
            absent: Absent::Means("those of `[gateway.limits]`"),
            example: "{ body_bytes = \"100MiB\" }",
        },
        Key {
            name: "servers",
            about: "The servers, each an address (`HOST:PORT`, or `unix:PATH`) or a table of `address` \
                    and `weight`. A name with several addresses is several servers. Required \
                    unless there is `srv`, or a service has the upstream's name.",
            form: Form::Entries {
                what: "a host and a port, or unix:PATH",
                table: &SERVER,
                max: Upstream::SERVERS_MAX,
            },
            absent: Absent::Means("the service's replicas"),
            example: "[\"127.0.0.1:9001\", { address = \"127.0.0.1:9002\", weight = 2 }]",
        },
        Key {
            name: "srv",
            about: "The name whose SRV records (RFC 2782) name the servers, in place of `servers`: their \
                    hosts, ports, weights and priorities. Those of a higher priority number get requests \
                    only while none of a lower one is up. Looked up again when its records run out.",
            form: Form::Text { what: "a name" },
            absent: Absent::Means("the servers are those of `servers`"),
            example: "\"_http._tcp.app.internal\"",
        },
    ],
    later: &["discover"],
};

static STICKY: Table = Table {
    name: "upstream.sticky",
    about: "A cookie that keeps a client with one server.",
    keys: &[
        Key {
            name: "cookie",
            about: "The cookie's name. Its value tells nothing about the server but which it is.",
            form: Form::Text { what: "a cookie name" },
            absent: Absent::Required,
            example: "\"served-by\"",
        },
        Key {
            name: "path",
            about: "The paths that browsers send it back for (`Path`).",
            form: Form::Text { what: "a path" },
            absent: Absent::Is(Default::Text("/")),
            example: "\"/app\"",
        },
        Key {
            name: "same_site",
            about: "With which requests browsers send it back (`SameSite`): those of the same site \
                    (`strict`), also those that lead there from another (`lax`), or all (`none`, \
                    for pages in frames of other sites; needs `secure`).",
            form: Form::Word { words: || SameSite::ALL.map(SameSite::name).into(), later: &[] },
            absent: Absent::Is(Default::Text("lax")),
            example: "\"strict\"",
        },
        Key {
            name: "secure",
            about: "Whether browsers send it back over HTTPS alone (`Secure`): right where all \
                    clients come over HTTPS.",
            form: Form::Flag,
            absent: Absent::Is(Default::Flag(false)),
            example: "true",
        },
        Key {
            name: "http_only",
            about: "Whether scripts of the page cannot read it (`HttpOnly`).",
            form: Form::Flag,
            absent: Absent::Is(Default::Flag(true)),
            example: "false",
        },
        Key {
            name: "max_age",
            about: "How long browsers keep it (`Max-Age`), in whole seconds.",
            form: Form::Time {
                min: Duration::from_secs(1),
                max: Duration::from_secs(400 * 24 * 3600),
            },
            absent: Absent::Means("until the browser is closed"),
            example: "\"8h\"",
        },
    ],
    later: &[],
};

static SERVER: Table = Table {
    name: "upstream.servers",
    about: "One server.",
    keys: &[
        Key {
            name: "address",
            about: "Where it listens: a DNS name, an IPv4 address or an IPv6 address in brackets, \
                    and a port; or `unix:` and the path of a Unix socket, at most 107 bytes. A name \
                    is resolved while the gateway runs; one that does not resolve yet is no mistake, \
                    nor is a socket that is not there yet.",
            form: Form::Text { what: "a host and a port, or unix:PATH" },
            absent: Absent::Required,
            example: "\"app-1.example.org:80\"",
        },
        Key {
            name: "weight",
            about: "Its share: a server of weight 2 gets twice the requests of one of weight 1.",
            form: Form::Count { min: 1, max: Server::WEIGHT_MAX as u64 },
            absent: Absent::Is(Default::Count(1)),
            example: "2",
        },
    ],
    later: &[],
};
