-- An upload from its creation until some time after it was completed or given up. `received` is the
-- truth: bytes beyond it are garbage.
CREATE TABLE library_upload (
    id TEXT COLLATE "C" PRIMARY KEY,
    owner TEXT NOT NULL,
    -- Where the bytes are once all are there.
    content TEXT NOT NULL,
    -- 'whole', 'piece' of a joined one, or 'joined'.
    kind TEXT NOT NULL,
    -- 'receiving', 'joining', 'complete', 'failed', 'ended' (its bytes are to be removed), 'gone'.
    state TEXT NOT NULL,
    -- Bytes; NULL while the client has not said.
    length BIGINT,
    received BIGINT NOT NULL,
    -- Goes up whenever a request takes the upload over: a commit with an older one has no effect.
    epoch BIGINT NOT NULL,
    -- The replica that receives it now.
    holder TEXT,
    metadata TEXT,
    name TEXT NOT NULL,
    media_type TEXT,
    -- The state of SHA-256 after `received` bytes.
    digest BYTEA NOT NULL,
    -- The SHA-256 that the client announced.
    expected BYTEA,
    sha256 BYTEA,
    -- In an object store: the multipart upload, and the object with the bytes after its last part.
    session TEXT,
    tail TEXT,
    -- A joined upload: the ids of its pieces, as JSON.
    pieces TEXT,
    -- A repeated creation is known by its key, and has to be the same.
    repeat_key TEXT,
    repeat_print BYTEA,
    -- Bytes of the owner's quota that it holds.
    reserved BIGINT NOT NULL,
    item TEXT,
    -- Why it failed.
    failure TEXT,
    created BIGINT NOT NULL,
    -- When its last byte was committed, or somebody worked at it.
    touched BIGINT NOT NULL,
    expires BIGINT NOT NULL
);
CREATE UNIQUE INDEX library_upload_repeat ON library_upload (owner, repeat_key);
CREATE INDEX library_upload_owner ON library_upload (owner, state, id);
CREATE INDEX library_upload_expires ON library_upload (state, expires);
CREATE INDEX library_upload_held ON library_upload (holder) WHERE holder IS NOT NULL;
CREATE TABLE library_upload_part (
    upload TEXT COLLATE "C" NOT NULL,
    number BIGINT NOT NULL,
    part TEXT NOT NULL,
    PRIMARY KEY (upload, number)
);
