CREATE TABLE library_plan (
    id TEXT COLLATE "C" PRIMARY KEY,
    title TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount >= 0),
    currency TEXT NOT NULL,
    storage BIGINT NOT NULL CHECK (storage >= 0),
    transfer BIGINT NOT NULL CHECK (transfer >= 0),
    transfers BIGINT NOT NULL CHECK (transfers >= 1),
    access BIGINT NOT NULL
);
INSERT INTO library_plan VALUES
    ('free', 'Free', 0, 'EUR', 21474836480, 214748364800, 8, 0),
    ('plus', 'Plus', 500, 'EUR', 214748364800, 2199023255552, 16, 1),
    ('pro', 'Pro', 2000, 'EUR', 2199023255552, 21990232555520, 32, 2);
CREATE TABLE library_quota (
    user_id TEXT COLLATE "C" PRIMARY KEY,
    plan TEXT NOT NULL REFERENCES library_plan (id),
    storage BIGINT NOT NULL,
    used BIGINT NOT NULL CHECK (used >= 0),
    reserved BIGINT NOT NULL CHECK (reserved >= 0)
);
CREATE TABLE library_traffic (
    user_id TEXT COLLATE "C" NOT NULL,
    day BIGINT NOT NULL,
    received BIGINT NOT NULL,
    sent BIGINT NOT NULL,
    PRIMARY KEY (user_id, day)
);
CREATE INDEX library_traffic_day ON library_traffic (day);
