CREATE TABLE library_plan (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount >= 0),
    currency TEXT NOT NULL,
    storage INTEGER NOT NULL CHECK (storage >= 0),
    transfer INTEGER NOT NULL CHECK (transfer >= 0),
    transfers INTEGER NOT NULL CHECK (transfers >= 1),
    access INTEGER NOT NULL
);
INSERT INTO library_plan VALUES
    ('free', 'Free', 0, 'EUR', 21474836480, 214748364800, 8, 0),
    ('plus', 'Plus', 500, 'EUR', 214748364800, 2199023255552, 16, 1),
    ('pro', 'Pro', 2000, 'EUR', 2199023255552, 21990232555520, 32, 2);
CREATE TABLE library_quota (
    user_id TEXT PRIMARY KEY,
    plan TEXT NOT NULL REFERENCES library_plan (id),
    storage INTEGER NOT NULL,
    used INTEGER NOT NULL CHECK (used >= 0),
    reserved INTEGER NOT NULL CHECK (reserved >= 0)
);
CREATE TABLE library_traffic (
    user_id TEXT NOT NULL,
    day INTEGER NOT NULL,
    received INTEGER NOT NULL,
    sent INTEGER NOT NULL,
    PRIMARY KEY (user_id, day)
) WITHOUT ROWID;
CREATE INDEX library_traffic_day ON library_traffic (day);
