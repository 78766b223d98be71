//! Sentences with limits in them: the document, its words, and the constants of the numbers in them.

use super::FREE;

pub(super) const SENTENCES: &[(&str, &str, &[&str])] = &[
    ("docs/operating.md", "which may take up to 5 seconds", &["look_up.LONGEST"]),
    ("docs/operating.md", "not serving within 60 seconds", &["successor.PATIENCE"]),
    (
        "docs/operating.md",
        "escaped, cut to 1 KiB and 2 KiB",
        &["record.USER_AGENT", "record.REFERER"],
    ),
    ("docs/operating.md", "16 MiB wait in memory", &["access_log.CHUNK * access_log.QUEUE"]),
    (
        "docs/operating.md",
        "At most 16 KiB wait in memory for each direction, or up to 1 MiB in a pipe of the kernel, of which each thread has 64 at most",
        &["tcp.CAPACITY", "splice.AT_ONCE", "splice.MOST"],
    ),
    ("docs/operating.md", "a header may have 4 KiB", &["proxy_protocol.HEADER_BYTES_MAX"]),
    ("docs/operating.md", "still whole in the 64 KiB buffer", &["buffer.CAPACITY"]),
    (
        "docs/operating.md",
        "started again within 100 ms; if it keeps dying, after 200 ms, 400 ms, ... at most 10 s; 10 s of service set that back",
        &[
            "backoff.FIRST",
            "backoff.FIRST * 2",
            "backoff.FIRST * 4",
            "backoff.LONGEST",
            "watch.STEADY",
        ],
    ),
    ("docs/operating.md", "with less than 10 s of service between them", &["watch.STEADY"]),
    ("docs/operating.md", "does not answer yet; killed after 15 s", &["watch.START_DEADLINE"]),
    ("docs/operating.md", "killed when `timeouts.drain` and 2 s have passed", &["watch.GRACE"]),
    (
        "docs/operating.md",
        "one eighth of the bound (4 to 32 MiB) is kept in reserve",
        &[FREE, "memory.BLOCK * memory.BLOCKS_MAX"],
    ),
    ("docs/operating.md", "at least all but 24 MiB", &["memory.OTHERS_MIN"]),
    ("docs/operating.md", "to 1 MiB for each stream", &["conduit.WAITING_BYTES"]),
    ("docs/operating.md", "a socket's path has at most 107 bytes", &["server_address.BYTES_MAX"]),
    (
        "docs/operating.md",
        "128 MiB for an expression and 1 second of a core, by the clock 10 s",
        &[
            "calculator.EVALUATOR_MEMORY_BYTES",
            "calculator.EVALUATION_TIME",
            "calculator.FIRST_TRY_WALL_TIME + calculator.EVALUATION_WALL_TIME",
        ],
    ),
    ("docs/protocols/calculator.md", "no request for 15 minutes", &["calculator.IDLE_TIME"]),
    (
        "docs/protocols/calculator.md",
        "a line took longer than 10 seconds",
        &["calculator.LINE_TIME"],
    ),
    ("docs/protocols/calculator.md", "more than 8192 connections", &["calculator.CONNECTIONS"]),
    ("docs/protocols/calculator.md", "more than 4096 bytes", &["calculator.LINE_BYTES"]),
    (
        "docs/protocols/chat.md",
        "every 15 s: a client that hears nothing for 45 s",
        &["chat.HEARTBEAT", FREE],
    ),
    ("docs/protocols/chat.md", "| author | 1 to 64 characters", &[FREE, "chat.AUTHOR_CHARACTERS"]),
    ("docs/protocols/chat.md", "| text | 1 to 4000 characters", &[FREE, "chat.TEXT_CHARACTERS"]),
    ("docs/protocols/library.md", "up to 1000 items as one ZIP", &["library.ARCHIVE_ITEMS"]),
    (
        "docs/protocols/uploads.md",
        "at most 64 GiB; 1000 unfinished ones",
        &["uploads.UPLOAD_BYTES", "uploads.UNFINISHED_EACH"],
    ),
    (
        "docs/protocols/uploads.md",
        "may pause for 30 s and must bring 100 B/s",
        &["uploads.BODY_GAP", "uploads.RATE_BYTES * 1000 / uploads.RATE_TIME"],
    ),
    ("docs/protocols/uploads.md", "removed 7 days after its last byte", &["uploads.EXPIRY_TIME"]),
    ("docs/protocols/uploads.md", "over the size (64 GiB)", &["uploads.UPLOAD_BYTES"]),
    ("docs/admin-api.md", "answers its gateway within 2 seconds", &["orchestration.SCRAPE"]),
    ("docs/storage.md", "asks at least every 30 s", &["storage.HEALTH_UNASKED"]),
    ("docs/storage.md", "began more than 1.5 s ago", &["storage.HEALTH_STALE"]),
];
