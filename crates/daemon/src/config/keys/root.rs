//! The file itself: its tables, in the order of the reference page.

use super::super::Config;
use super::access_log::ACCESS_LOG;
use super::cache::CACHE;
use super::gateway::GATEWAY;
use super::route::ROUTE;
use super::service::SERVICE;
use super::storage::STORAGE;
use super::tcp::TCP;
use super::traces::TRACES;
use super::up::UP;
use super::upstream::UPSTREAM;
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
