-- Whose the bytes of deleted content were: they count until they are removed. Rows of older programs
-- have given them back already.
ALTER TABLE library_tombstone ADD COLUMN owner TEXT NOT NULL DEFAULT '';
ALTER TABLE library_tombstone ADD COLUMN size INTEGER NOT NULL DEFAULT 0;
-- Networks from which a user has logged in: what strangers try elsewhere does not lock them out.
CREATE TABLE library_known_network (
    user_id TEXT NOT NULL,
    -- A hash: addresses of people are not kept.
    network TEXT NOT NULL,
    seen INTEGER NOT NULL,
    PRIMARY KEY (user_id, network)
) WITHOUT ROWID;
CREATE INDEX library_known_network_seen ON library_known_network (seen);
-- Bytes of a month that replicas have taken for a user's transfers, moved or about to be.
CREATE TABLE library_allowance (
    user_id TEXT NOT NULL,
    -- The day on which the month begins, as library_traffic counts days.
    month INTEGER NOT NULL,
    taken INTEGER NOT NULL CHECK (taken >= 0),
    PRIMARY KEY (user_id, month)
) WITHOUT ROWID;
CREATE INDEX library_allowance_month ON library_allowance (month);
