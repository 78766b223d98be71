CREATE TABLE library_item (
    -- What the tables of terms and the orders of lists know it by.
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    owner_name TEXT NOT NULL,
    owner_key TEXT NOT NULL,
    title TEXT NOT NULL,
    title_key TEXT NOT NULL,
    -- The file's name, as its uploader had it.
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    classification TEXT NOT NULL,
    classification_key TEXT NOT NULL,
    -- A list in JSON.
    tags TEXT NOT NULL,
    kind TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    -- Seconds of sound or pictures; -1 for what has no length.
    length INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    content TEXT NOT NULL,
    visibility TEXT NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    -- When the bytes were last compared with their digest, or are claimed to be; and when they were
    -- found to differ.
    scrubbed INTEGER NOT NULL,
    damaged INTEGER,
    -- When its content was last looked into for its type and thumbnail, or is claimed to be; 0 for
    -- never, -1 when that is done.
    inspected INTEGER NOT NULL
);
-- The row's number is the last column of each of these without being named.
CREATE INDEX library_item_title ON library_item (title_key);
CREATE INDEX library_item_created ON library_item (created);
CREATE INDEX library_item_updated ON library_item (updated);
CREATE INDEX library_item_size ON library_item (size);
CREATE INDEX library_item_length ON library_item (length);
CREATE INDEX library_item_kind ON library_item (kind);
CREATE INDEX library_item_media_type ON library_item (media_type);
CREATE INDEX library_item_classification ON library_item (classification_key);
CREATE INDEX library_item_owner ON library_item (owner_key);
CREATE INDEX library_item_visibility ON library_item (visibility);
CREATE INDEX library_item_owner_id ON library_item (owner);
CREATE INDEX library_item_scrubbed ON library_item (scrubbed);
CREATE INDEX library_item_inspected ON library_item (inspected) WHERE inspected >= 0;
CREATE INDEX library_item_damaged ON library_item (damaged) WHERE damaged IS NOT NULL;
CREATE TABLE library_term (
    term TEXT NOT NULL,
    item INTEGER NOT NULL REFERENCES library_item (seq),
    PRIMARY KEY (term, item)
) WITHOUT ROWID;
CREATE INDEX library_term_item ON library_term (item, term);
-- Content whose item is deleted, until it may be removed.
CREATE TABLE library_tombstone (
    content TEXT PRIMARY KEY,
    item TEXT NOT NULL,
    due INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX library_tombstone_due ON library_tombstone (due);
CREATE TABLE library_thumbnail (
    item TEXT PRIMARY KEY,
    -- A JPEG or PNG; NULL when none could be made.
    image BLOB,
    made INTEGER NOT NULL
);
CREATE TABLE library_link (
    id TEXT PRIMARY KEY,
    item TEXT NOT NULL,
    creator TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX library_link_item ON library_link (item);
CREATE INDEX library_link_expires ON library_link (expires);
-- Secrets that all replicas share.
CREATE TABLE library_secret (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE library_transfer (
    id TEXT PRIMARY KEY,
    -- 'up' or 'down'.
    direction TEXT NOT NULL,
    -- The user, or the network of somebody without an account.
    who TEXT NOT NULL,
    user_id TEXT,
    -- The item that is fetched, or the upload.
    object TEXT NOT NULL,
    name TEXT NOT NULL,
    total INTEGER,
    -- Bytes of parts that are no longer listed.
    base INTEGER NOT NULL,
    client TEXT NOT NULL,
    started INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    -- 'open' until it is 'complete' or 'failed'.
    state TEXT NOT NULL
) WITHOUT ROWID;
-- Requests for ranges of one thing, by whichever replicas, are one transfer.
CREATE UNIQUE INDEX library_transfer_open ON library_transfer (direction, who, object)
    WHERE state = 'open';
CREATE INDEX library_transfer_updated ON library_transfer (updated);
CREATE INDEX library_transfer_user ON library_transfer (user_id, id);
CREATE INDEX library_transfer_object ON library_transfer (object);
-- What a replica has carried of a transfer. A replica writes its own rows only, whole numbers and
-- not differences, so the same write again changes nothing.
CREATE TABLE library_transfer_part (
    transfer TEXT NOT NULL,
    part TEXT NOT NULL,
    replica TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    -- Bytes per second.
    rate INTEGER NOT NULL,
    -- Requests under way, and the place in the queue of one that waits (0 for none).
    requests INTEGER NOT NULL,
    position INTEGER NOT NULL,
    -- When the replica last said so.
    seen INTEGER NOT NULL,
    PRIMARY KEY (transfer, part)
) WITHOUT ROWID;
CREATE INDEX library_transfer_part_seen ON library_transfer_part (seen);
-- When each user was last there.
CREATE TABLE library_presence (
    user_id TEXT PRIMARY KEY,
    seen INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX library_presence_seen ON library_presence (seen);
