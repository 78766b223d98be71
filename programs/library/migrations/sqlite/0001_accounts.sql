CREATE TABLE library_state (
    one INTEGER PRIMARY KEY CHECK (one = 1)
);
INSERT INTO library_state (one) VALUES (1);
CREATE TABLE library_user (
    id TEXT PRIMARY KEY,
    -- NULL once the user was deleted: invoices keep the row, the person is forgotten.
    email TEXT,
    -- The address as it is looked up: one account for each.
    email_key TEXT UNIQUE,
    name TEXT NOT NULL,
    -- A PHC string; NULL once the user was deleted.
    password TEXT,
    role TEXT NOT NULL,
    created INTEGER NOT NULL,
    deleted INTEGER
) WITHOUT ROWID;
CREATE TABLE library_session (
    -- SHA-256 of the token, which is nowhere else but with its owner.
    token BLOB PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES library_user (id),
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX library_session_user ON library_session (user_id, created);
CREATE INDEX library_session_expires ON library_session (expires);
-- Tries that count against an account or a network, of all replicas (GCRA).
CREATE TABLE library_throttle (
    key TEXT PRIMARY KEY,
    -- When all tries so far will be forgotten.
    free_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX library_throttle_free ON library_throttle (free_at);
