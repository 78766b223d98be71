CREATE TABLE chat_log (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    epoch INTEGER NOT NULL,
    identity TEXT NOT NULL
);
CREATE TABLE chat_room (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    first_seq INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    updated INTEGER NOT NULL
);
CREATE INDEX chat_room_updated ON chat_room (updated);
CREATE TABLE chat_message (
    room INTEGER NOT NULL REFERENCES chat_room (id),
    seq INTEGER NOT NULL,
    id TEXT NOT NULL,
    author TEXT NOT NULL,
    text TEXT NOT NULL,
    time INTEGER NOT NULL,
    replica TEXT NOT NULL,
    key TEXT NOT NULL,
    PRIMARY KEY (room, seq)
) WITHOUT ROWID;
CREATE UNIQUE INDEX chat_message_key ON chat_message (room, key);
