//! The keys of `[[service]]`.

use tombolo_services::{ALL, REPLICAS};

use super::super::Service;
use super::{Absent, Default, Form, Key, Table};

pub(super) static SERVICE: Table = Table {
    name: "service",
    about: "What `tombolo up` starts, watches and restarts.",
    keys: &[
        Key {
            name: "name",
            about: "Which service: `site`, the static web application, `calculator`, exact \
                    arithmetic over TCP, `chat`, the group chat, `library`, files up and down with \
                    resumption, or `payments-sandbox`, a payment provider to try the library's \
                    plans with.",
            form: Form::Word {
                words: || ALL.iter().map(|one| one.name).collect(),
                later: &["parts", "figures"],
            },
            absent: Absent::Required,
            example: "\"site\"",
        },
        Key {
            name: "replicas",
            about: "How many processes of it.",
            form: Form::Count { min: 1, max: Service::REPLICAS_MAX as u64 },
            absent: Absent::Is(Default::Count(REPLICAS as u64)),
            example: "5",
        },
        Key {
            name: "listen",
            about: "Where its first replica listens; the others take the ports that follow.",
            form: Form::Text { what: "an IP address and a port" },
            absent: Absent::Means(
                "127.0.0.1:9101 for the site, 9201 for the calculator, 9301 for the chat, 9401 for the \
                 library, 9500 for the payments sandbox, or free ports",
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
            name: "payments",
            about: "By whom the library's users pay: a file of yours alone (mode 600) that names \
                    payment providers, or `sandbox`, which starts the service `payments-sandbox` \
                    too: plans can be tried and no money moves.",
            form: Form::Text { what: "a path, or \"sandbox\"" },
            absent: Absent::Means("nobody can subscribe"),
            example: "\"sandbox\"",
        },
        Key {
            name: "memory",
            about: "Memory that each replica may write to, as the kernel counts it \
                    (`RLIMIT_DATA`: not what it only reads, nor the cache of files). One that \
                    reaches it refuses new requests with 503 until memory is free again. Processes it starts have the same bound \
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
