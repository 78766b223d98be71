//! The tables of limits: each row by how it begins, and the constants of the numbers in its second cell.

use super::FREE;

/// A table of a document.
pub(super) struct Table {
    pub(super) document: &'static str,
    pub(super) heading: &'static str,
    /// How many cells its rows have, where a section has other tables, too.
    pub(super) columns: usize,
    pub(super) rows: &'static [(&'static str, &'static [&'static str])],
}

pub(super) const TABLES: &[Table] = &[
    Table {
        document: "docs/admin-api.md",
        heading: "## Who may ask",
        columns: 3,
        rows: &[
            ("connections at one time", &["admin.CONNECTIONS"]),
            ("taking an answer", &["admin.WRITE_TIME"]),
            ("head of a request", &["admin.HEAD_BYTES", "admin.HEAD_FIELDS", "admin.HEAD_TIME"]),
            ("body", &["admin.BODY_BYTES", "admin.BODY_TIME"]),
            ("life of a connection", &["admin.CONNECTION_TIME"]),
            ("waiting for a purge", &["admin.DURABLE_TIME"]),
        ],
    },
    Table {
        document: "docs/storage.md",
        heading: "## What is promised",
        columns: 2,
        rows: &[
            ("connecting", &["storage.CONNECT_TIME"]),
            ("a post of the chat", &["chat.COMMIT_TIME", "chat.COMMIT_TRY"]),
            ("a read of the chat", &["chat.READ_TIME"]),
            ("health: false", &["storage.HEALTH_STALE"]),
            ("health: true", &["storage.HEALTH_STATEMENT", "storage.HEALTH_PERIOD"]),
            // Written as the server's settings, in crates/storage/src/postgres.rs.
            ("waiting for a lock", &[FREE, FREE]),
            ("an idle connection", &["storage.IDLE_UNCHECKED", "storage.PING_TIME"]),
            ("a database that cannot be reached", &["storage.OPEN_TIME"]),
            ("another process", &[]),
            ("closing all connections", &["storage.CLOSE_TIME"]),
        ],
    },
    Table {
        document: "docs/protocols/calculator.md",
        heading: "## Limits",
        columns: 3,
        rows: &[
            ("a request line", &["calculator.LINE_BYTES"]),
            ("brackets", &["calculator.NESTING"]),
            ("a result", &["calculator.RESULT_BYTES"]),
            ("a line from the server", &["calculator.ANSWER_LINE_BYTES"]),
            ("variables", &["calculator.VARIABLES", "calculator.SHOWN_BYTES"]),
            (
                "the time of an evaluation",
                &[
                    "calculator.EVALUATION_TIME",
                    "calculator.FIRST_TRY_WALL_TIME + calculator.EVALUATION_WALL_TIME",
                ],
            ),
            ("the memory of an evaluation", &["calculator.EVALUATOR_MEMORY_BYTES"]),
            ("waiting for a turn", &["calculator.TURN_TIME", "calculator.TURNS_WAITING"]),
            ("connections", &["calculator.CONNECTIONS"]),
            ("connections of one client", &["calculator.CONNECTIONS_EACH"]),
        ],
    },
    Table {
        document: "docs/protocols/chat.md",
        heading: "## Limits",
        columns: 3,
        rows: &[
            ("body", &["chat.BODY_BYTES", "chat.BODY_TIME"]),
            ("posts of one client", &["chat.RATE", "chat.RATE * chat.BURST_SECONDS"]),
            ("rooms that one client begins", &["chat.NEW_ROOMS", FREE]),
            ("event streams and WebSockets", &["chat.STREAMS", FREE]),
            (
                "refused WebSocket messages",
                &["chat.REFUSED_RATE", "chat.REFUSED_RATE * chat.BURST_SECONDS"],
            ),
            ("messages kept in a room", &["chat.HISTORY"]),
            ("rooms", &["chat.ROOMS", "chat.ROOM_EXPIRY"]),
            ("rooms read at one replica", &["chat.ROOMS_FOLLOWED", "chat.ROOMS_FOLLOWED_EMPTY"]),
            (
                "history read",
                &["chat.HISTORY_BYTES", "chat.HISTORY_BYTES_EACH", "chat.HISTORY_WAIT"],
            ),
            (
                "events kept in memory",
                &["chat.RING_BYTES", "chat.RINGS_BYTES / chat.RING_BYTES", "chat.RINGS_BYTES"],
            ),
            ("posts waiting", &["chat.QUEUE"]),
            ("a post, while the database", &["chat.COMMIT_TIME"]),
            ("a read", &["chat.READ_TIME"]),
            ("connections of one replica", &["chat.CONNECTIONS"]),
            ("connections of one client", &["chat.CONNECTIONS / serve.CONNECTIONS_SHARE"]),
            ("a reader", &["serve.WRITE_LEAST_BYTES", "serve.WRITE_STALL_TIME"]),
        ],
    },
    Table {
        document: "docs/protocols/http1.md",
        heading: "## Limits",
        columns: 3,
        rows: &[
            ("head", &["http1.head_bytes"]),
            ("fields in a head", &["http1.fields", "http1.MAX_FIELDS"]),
            ("request target", &["http1.target_bytes"]),
            ("method name", &["http1.MAX_METHOD_BYTES"]),
            ("empty lines", &["http1.MAX_LEADING_CRLF"]),
            ("options over all", &["http1.MAX_CONNECTION_OPTIONS"]),
            // The largest signed number of 64 bits.
            ("Content-Length", &[FREE, FREE]),
            ("chunk size line", &["http1.chunk_line_bytes"]),
            ("all chunk extensions", &["http1.extension_bytes_total"]),
            ("chunks under 8 bytes", &["http1.tiny_chunks"]),
            ("trailer section", &["http1.trailer_bytes", "http1.trailer_fields"]),
        ],
    },
];
