//! The tables themselves, in the order of the reference page.

use std::time::Duration;

use super::super::{
    Config, LogFormat, Policy, Server, Service, ServiceKind, Traces, Upstream, UpstreamLimit,
};
use super::cache::{CACHE, ROUTE_CACHE};
use super::gateway::{DAY, GATEWAY};
use super::health::{EJECTION, HEALTH, RETRY_BUDGET, UPSTREAM_TIMEOUTS};
use super::limit::LIMIT;
use super::rate_limit::RATE_LIMIT;
use super::tcp::TCP;
use super::up::UP;
use super::{Absent, Default, Form, Key, Table, table};

/// The file itself.
pub(crate) static ROOT: Table = Table {
    name: "",
    about: "",
    keys: &[
        Key {
            name: "data_dir",
            about: "The directory in which programs keep what they must remember, relative to \
                    the directory they run in.",
            form: Form::Text { what: "a path" },
            absent: Absent::Is(Default::Text(Config::DEFAULT_DATA_DIR)),
            example: "\"/var/lib/tombolo\"",
        },
        table("gateway", "The gateway's own settings.", Form::Table(&GATEWAY)),
        table(
            "access_log",
            "Where one line per request goes. Without this table: to standard output and to \
             `access.log`. With it: just where it says; an empty table means no access log.",
            Form::Table(&ACCESS_LOG),
        ),
        table(
            "cache",
            "Where responses are kept and for how long. With this table every route caches unless \
             it says `cache = false`; without it, those that say so.",
            Form::Table(&CACHE),
        ),
        table(
            "upstream",
            "A set of servers that answer alike, and how one of them is chosen for a request.",
            Form::Tables { table: &UPSTREAM, max: 1024 },
        ),
        table(
            "route",
            "Sends requests for a host and a path to an upstream. Among the routes whose host \
             fits, an exact host goes before a `*.` one and that before none; then the longest \
             path wins. Without any route, the only upstream (or service) gets every request.",
            Form::Tables { table: &ROUTE, max: 4096 },
        ),
        table(
            "tcp",
            "Passes whole connections on to an upstream, byte for byte, whatever they speak. Needs \
             no route: with no `[[route]]`, HTTP goes to the only upstream that no `[[tcp]]` names, \
             and where there is none, the gateway speaks no HTTP.",
            Form::Tables { table: &TCP, max: 256 },
        ),
        table(
            "service",
            "What `tombolo up` starts, watches and restarts. Routes can name a service like an \
             upstream: its replicas are the servers. An `[[upstream]]` of the same name without \
             `servers` says how one of the replicas is chosen.",
            Form::Tables { table: &SERVICE, max: 64 },
        ),
        table("up", "How `tombolo up` keeps its processes.", Form::Table(&UP)),
        table(
            "traces",
            "Traces of requests for OpenTelemetry. Without the table there are none.",
            Form::Table(&TRACES),
        ),
        table(
            "storage",
            "Where the services that `tombolo up` starts keep what they must remember.",
            Form::Table(&STORAGE),
        ),
    ],
    later: &["members", "tls"],
};

static ACCESS_LOG: Table = Table {
    name: "access_log",
    about: "Where one line per request goes, and in what form.",
    keys: &[
        Key {
            name: "stdout",
            about: "Whether lines go to standard output.",
            form: Form::Flag,
            absent: Absent::Is(Default::Flag(false)),
            example: "true",
        },
        Key {
            name: "file",
            about: "The file lines are appended to, relative to the directory the program runs \
                    in. It is opened anew on SIGHUP.",
            form: Form::Text { what: "a path" },
            absent: Absent::Means("no file"),
            example: "\"/var/log/tombolo/access.log\"",
        },
        Key {
            name: "format",
            about: "The form of a line: `json` with every field, or the `combined` or `common` \
                    log format.",
            form: Form::Word { words: || LogFormat::ALL.map(LogFormat::name).into(), later: &[] },
            absent: Absent::Is(Default::Text(LogFormat::Json.name())),
            example: "\"combined\"",
        },
    ],
    later: &[],
};

static UPSTREAM: Table = Table {
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
            about: "Statuses after which a request goes to another server, if it is idempotent and has no \
                    body, nothing of the answer was passed on, another server is up, and the retry \
                    budget pays: numbers, classes or ranges.",
            form: Form::Texts {
                what: "a status, as \"503\", \"5xx\" or \"500-504\"",
                min: 0,
                max: 64,
            },
            absent: Absent::Is(Default::Texts(Vec::new)),
            example: "[\"502-504\"]",
        },
        Key {
            name: "timeouts",
            about: "How long the servers may take, where that differs from `[gateway.timeouts]`.",
            form: Form::Table(&UPSTREAM_TIMEOUTS),
            absent: Absent::Means("those of `[gateway.timeouts]`"),
            example: "{ first_byte = \"5s\", total = \"15s\" }",
        },
        Key {
            name: "servers",
            about: "The servers, each an address or a table of `address` and `weight`. Required \
                    unless a service has the upstream's name.",
            form: Form::Entries {
                what: "a host and a port",
                table: &SERVER,
                max: Upstream::SERVERS_MAX,
            },
            absent: Absent::Means("the service's replicas"),
            example: "[\"127.0.0.1:9001\", { address = \"127.0.0.1:9002\", weight = 2 }]",
        },
    ],
    later: &["discover"],
};

static STICKY: Table = Table {
    name: "upstream.sticky",
    about: "A cookie that keeps a client with one server.",
    keys: &[Key {
        name: "cookie",
        about: "The cookie's name. Its value tells nothing about the server but which it is.",
        form: Form::Text { what: "a cookie name" },
        absent: Absent::Required,
        example: "\"served-by\"",
    }],
    later: &[],
};

static SERVER: Table = Table {
    name: "upstream.servers",
    about: "One server.",
    keys: &[
        Key {
            name: "address",
            about: "Where it listens: a DNS name, an IPv4 address or an IPv6 address in brackets, \
                    and a port. A name is resolved while the gateway runs; one that does not \
                    resolve yet is no mistake.",
            form: Form::Text { what: "a host and a port" },
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

static ROUTE: Table = Table {
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
                    `/api/v1`, not `/apiary`. The longest one wins.",
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
            name: "body_bytes",
            about: "Bytes of a request body on this route; 0 means no limit.",
            form: Form::Size { min: 0, max: i64::MAX as u64 },
            absent: Absent::Means("the limit in `[gateway.limits]`"),
            example: "\"100MiB\"",
        },
        Key {
            name: "rate_limit",
            about: "How often it may be asked by one client, by whoever a header names, or at all.",
            form: Form::Table(&RATE_LIMIT),
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

static SERVICE: Table = Table {
    name: "service",
    about: "What `tombolo up` starts, watches and restarts.",
    keys: &[
        Key {
            name: "name",
            about: "Which service: `site`, the static web application, `calculator`, exact \
                    arithmetic over TCP, or `chat`, the group chat.",
            form: Form::Word {
                words: || ServiceKind::ALL.map(ServiceKind::name).into(),
                later: &["library", "parts", "figures"],
            },
            absent: Absent::Required,
            example: "\"site\"",
        },
        Key {
            name: "replicas",
            about: "How many processes of it.",
            form: Form::Count { min: 1, max: Service::REPLICAS_MAX as u64 },
            absent: Absent::Is(Default::Count(Service::REPLICAS_DEFAULT as u64)),
            example: "5",
        },
        Key {
            name: "listen",
            about: "Where its first replica listens; the others take the ports that follow.",
            form: Form::Text { what: "an IP address and a port" },
            absent: Absent::Means(
                "127.0.0.1:9101 for the site, 9201 for the calculator, 9301 for the chat, or free ports",
            ),
            example: "\"127.0.0.1:9401\"",
        },
        Key {
            name: "root",
            about: "The folder whose files the site serves.",
            form: Form::Text { what: "a path" },
            absent: Absent::Means("the built-in page"),
            example: "\"public\"",
        },
        Key {
            name: "memory",
            about: "Memory that each replica may write to, as the kernel counts it \
                    (`RLIMIT_DATA`: not what it only reads, nor the cache of files). One that asks \
                    for more ends and is started again. Processes it starts have the same bound \
                    each.",
            form: Form::Size { min: Service::MEMORY_MIN, max: 1 << 50 },
            absent: Absent::Means("no bound"),
            example: "\"512MiB\"",
        },
        Key {
            name: "open_files",
            about: "Files and connections that each replica may have open.",
            form: Form::Count { min: Service::OPEN_FILES_MIN, max: 1 << 30 },
            absent: Absent::Means("what the system allows"),
            example: "4096",
        },
    ],
    later: &[],
};

static STORAGE: Table = Table {
    name: "storage",
    about: "Where the services that `tombolo up` starts keep what they must remember.",
    keys: &[Key {
        name: "database",
        about: "The database: `sqlite:PATH`, a file on a local disk that the replicas of this \
                machine share, or `postgres://USER:PASSWORD@HOST:PORT/NAME`, a server that several \
                machines share. Replicas get an address with a password through their environment, \
                never on their command line, and no log shows the password; `${NAME}` keeps it \
                out of this file too.",
        form: Form::Text { what: "an address of a database" },
        absent: Absent::Means("`tombolo.db` in `data_dir`"),
        example: "\"postgres://tombolo@db.example.org/tombolo\"",
    }],
    later: &["objects"],
};

static TRACES: Table = Table {
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
