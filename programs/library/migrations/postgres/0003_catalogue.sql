CREATE TABLE library_item (
    -- What the tables of terms and the orders of lists know it by.
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id TEXT COLLATE "C" NOT NULL UNIQUE,
    owner TEXT COLLATE "C" NOT NULL,
    owner_name TEXT COLLATE "C" NOT NULL,
    owner_key TEXT COLLATE "C" NOT NULL,
    title TEXT COLLATE "C" NOT NULL,
    title_key TEXT COLLATE "C" NOT NULL,
    -- The file's name, as its uploader had it.
    name TEXT COLLATE "C" NOT NULL,
    description TEXT COLLATE "C" NOT NULL,
    classification TEXT COLLATE "C" NOT NULL,
    classification_key TEXT COLLATE "C" NOT NULL,
    -- A list in JSON.
    tags TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    media_type TEXT COLLATE "C" NOT NULL,
    size BIGINT NOT NULL,
    -- Seconds of sound or pictures; -1 for what has no length.
    length BIGINT NOT NULL,
    sha256 BYTEA NOT NULL,
    content TEXT COLLATE "C" NOT NULL,
    visibility TEXT COLLATE "C" NOT NULL,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    -- When the bytes were last compared with their digest, or are claimed to be; and when they were
    -- found to differ.
    scrubbed BIGINT NOT NULL,
    damaged BIGINT,
    -- When its content was last looked into for its type and thumbnail, or is claimed to be; 0 for
    -- never, -1 when that is done.
    inspected BIGINT NOT NULL
);
CREATE INDEX library_item_title ON library_item (title_key, seq);
CREATE INDEX library_item_created ON library_item (created, seq);
CREATE INDEX library_item_updated ON library_item (updated, seq);
CREATE INDEX library_item_size ON library_item (size, seq);
CREATE INDEX library_item_length ON library_item (length, seq);
CREATE INDEX library_item_kind ON library_item (kind, seq);
CREATE INDEX library_item_media_type ON library_item (media_type, seq);
CREATE INDEX library_item_classification ON library_item (classification_key, seq);
CREATE INDEX library_item_owner ON library_item (owner_key, seq);
CREATE INDEX library_item_visibility ON library_item (visibility, seq);
CREATE INDEX library_item_owner_id ON library_item (owner);
CREATE INDEX library_item_scrubbed ON library_item (scrubbed);
CREATE INDEX library_item_inspected ON library_item (inspected) WHERE inspected >= 0;
CREATE INDEX library_item_damaged ON library_item (damaged) WHERE damaged IS NOT NULL;
CREATE TABLE library_term (
    term TEXT COLLATE "C" NOT NULL,
    item BIGINT NOT NULL REFERENCES library_item (seq),
    PRIMARY KEY (term, item)
);
CREATE INDEX library_term_item ON library_term (item, term);
-- Content whose item is deleted, until it may be removed.
CREATE TABLE library_tombstone (
    content TEXT COLLATE "C" PRIMARY KEY,
    item TEXT COLLATE "C" NOT NULL,
    due BIGINT NOT NULL
);
CREATE INDEX library_tombstone_due ON library_tombstone (due);
CREATE TABLE library_thumbnail (
    item TEXT COLLATE "C" PRIMARY KEY,
    -- A JPEG or PNG; NULL when none could be made.
    image BYTEA,
    made BIGINT NOT NULL
);
CREATE TABLE library_link (
    id TEXT COLLATE "C" PRIMARY KEY,
    item TEXT COLLATE "C" NOT NULL,
    creator TEXT COLLATE "C" NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL
);
CREATE INDEX library_link_item ON library_link (item);
CREATE INDEX library_link_expires ON library_link (expires);
-- Secrets that all replicas share.
CREATE TABLE library_secret (
    name TEXT COLLATE "C" PRIMARY KEY,
    value BYTEA NOT NULL
);
CREATE TABLE library_transfer (
    id TEXT COLLATE "C" PRIMARY KEY,
    -- 'up' or 'down'.
    direction TEXT COLLATE "C" NOT NULL,
    -- The user, or the network of somebody without an account.
    who TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C",
    -- The item that is fetched, or the upload.
    object TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    total BIGINT,
    -- Bytes of parts that are no longer listed.
    base BIGINT NOT NULL,
    client TEXT COLLATE "C" NOT NULL,
    started BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    -- 'open' until it is 'complete' or 'failed'.
    state TEXT COLLATE "C" NOT NULL
);
-- Requests for ranges of one thing, by whichever replicas, are one transfer.
CREATE UNIQUE INDEX library_transfer_open ON library_transfer (direction, who, object)
    WHERE state = 'open';
CREATE INDEX library_transfer_updated ON library_transfer (updated);
CREATE INDEX library_transfer_user ON library_transfer (user_id, id);
CREATE INDEX library_transfer_object ON library_transfer (object);
-- What a replica has carried of a transfer. A replica writes its own rows only, whole numbers and
-- not differences, so the same write again changes nothing.
CREATE TABLE library_transfer_part (
    transfer TEXT COLLATE "C" NOT NULL,
    part TEXT COLLATE "C" NOT NULL,
    replica TEXT COLLATE "C" NOT NULL,
    bytes BIGINT NOT NULL,
    -- Bytes per second.
    rate BIGINT NOT NULL,
    -- Requests under way, and the place in the queue of one that waits (0 for none).
    requests BIGINT NOT NULL,
    position BIGINT NOT NULL,
    -- When the replica last said so.
    seen BIGINT NOT NULL,
    PRIMARY KEY (transfer, part)
);
CREATE INDEX library_transfer_part_seen ON library_transfer_part (seen);
-- When each user was last there.
CREATE TABLE library_presence (
    user_id TEXT COLLATE "C" PRIMARY KEY,
    seen BIGINT NOT NULL
);
CREATE INDEX library_presence_seen ON library_presence (seen);
