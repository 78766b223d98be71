CREATE TABLE chat_log (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    epoch BIGINT NOT NULL,
    identity TEXT NOT NULL
);
CREATE TABLE chat_room (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL UNIQUE,
    first_seq BIGINT NOT NULL,
    last_seq BIGINT NOT NULL,
    updated BIGINT NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE chat_message (
    room BIGINT NOT NULL REFERENCES chat_room (id),
    seq BIGINT NOT NULL,
    id TEXT NOT NULL,
    author TEXT NOT NULL,
    text TEXT NOT NULL,
    time BIGINT NOT NULL,
    replica TEXT NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (room, seq)
);
CREATE UNIQUE INDEX chat_message_key ON chat_message (room, key);
