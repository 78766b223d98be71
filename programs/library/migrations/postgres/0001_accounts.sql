CREATE TABLE library_state (
    one BIGINT PRIMARY KEY CHECK (one = 1)
);
INSERT INTO library_state (one) VALUES (1);
CREATE TABLE library_user (
    id TEXT COLLATE "C" PRIMARY KEY,
    -- NULL once the user was deleted: invoices keep the row, the person is forgotten.
    email TEXT,
    -- The address as it is looked up: one account for each.
    email_key TEXT COLLATE "C" UNIQUE,
    name TEXT NOT NULL,
    -- A PHC string; NULL once the user was deleted.
    password TEXT,
    role TEXT NOT NULL,
    created BIGINT NOT NULL,
    deleted BIGINT
);
CREATE TABLE library_session (
    -- SHA-256 of the token, which is nowhere else but with its owner.
    token BYTEA PRIMARY KEY,
    user_id TEXT COLLATE "C" NOT NULL REFERENCES library_user (id),
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL
);
CREATE INDEX library_session_user ON library_session (user_id, created);
CREATE INDEX library_session_expires ON library_session (expires);
-- Tries that count against an account or a network, of all replicas (GCRA).
CREATE TABLE library_throttle (
    key TEXT COLLATE "C" PRIMARY KEY,
    -- When all tries so far will be forgotten.
    free_at BIGINT NOT NULL
);
CREATE INDEX library_throttle_free ON library_throttle (free_at);
