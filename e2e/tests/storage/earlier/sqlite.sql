-- A chat's database as the program of commit a8b496e (2026-11-22) left it: made by that program,
-- written down as SQL. Never change it.
PRAGMA journal_mode = WAL;
BEGIN TRANSACTION;
CREATE TABLE chat_log (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    epoch INTEGER NOT NULL,
    identity TEXT NOT NULL
);
INSERT INTO "chat_log" VALUES(1,244055920527173,'file 10012546 1796104161908859950');
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
INSERT INTO "chat_message" VALUES(1,1,'01a23026-8ac5-73e4-848a-5d0d4be0dca0','Ana','message 0 — ñ ''quoted'' 😀',1796104161989,'chat-25777','i01a23026-8ac5-73e4-848a-5d0d4be0dca0');
INSERT INTO "chat_message" VALUES(1,2,'01a23026-8ad2-7589-a902-b61e3c60df3e','Ana','message 3 — ñ ''quoted'' 😀',1796104162002,'chat-25777','kkey-3');
INSERT INTO "chat_message" VALUES(1,3,'01a23026-8aed-7337-93ed-63d405d39b45','Ana','message 6 — ñ ''quoted'' 😀',1796104162029,'chat-25777','i01a23026-8aed-7337-93ed-63d405d39b45');
INSERT INTO "chat_message" VALUES(1,4,'01a23026-8b01-77cd-ba39-26d33ee7c1d4','Ana','message 9 — ñ ''quoted'' 😀',1796104162049,'chat-25777','kkey-9');
INSERT INTO "chat_message" VALUES(2,1,'01a23026-8acd-70c2-9eb7-b9605d37aeb0','Ana','message 1 — ñ ''quoted'' 😀',1796104161997,'chat-25777','kkey-1');
INSERT INTO "chat_message" VALUES(2,2,'01a23026-8ad1-741e-bf64-f913107f78a7','Ana','message 2 — ñ ''quoted'' 😀',1796104162001,'chat-25777','i01a23026-8ad1-741e-bf64-f913107f78a7');
INSERT INTO "chat_message" VALUES(2,3,'01a23026-8adb-77e2-b69d-861b12d4b40b','Ana','message 4 — ñ ''quoted'' 😀',1796104162011,'chat-25777','i01a23026-8adb-77e2-b69d-861b12d4b40b');
INSERT INTO "chat_message" VALUES(2,4,'01a23026-8ae1-7441-9fda-8f7351d0ee14','Ana','message 5 — ñ ''quoted'' 😀',1796104162017,'chat-25777','kkey-5');
INSERT INTO "chat_message" VALUES(2,5,'01a23026-8af1-710b-8fc1-a4bb581a81cf','Ana','message 7 — ñ ''quoted'' 😀',1796104162033,'chat-25777','kkey-7');
INSERT INTO "chat_message" VALUES(2,6,'01a23026-8af9-7326-a716-a272dab91824','Ana','message 8 — ñ ''quoted'' 😀',1796104162041,'chat-25777','i01a23026-8af9-7326-a716-a272dab91824');
INSERT INTO "chat_message" VALUES(2,7,'01a23026-8b09-7559-9394-209f2a540c3b','Ana','message 10 — ñ ''quoted'' 😀',1796104162057,'chat-25777','i01a23026-8b09-7559-9394-209f2a540c3b');
INSERT INTO "chat_message" VALUES(2,8,'01a23026-8b11-7056-96d5-866b8188198c','Ana','message 11 — ñ ''quoted'' 😀',1796104162065,'chat-25777','kkey-11');
CREATE TABLE chat_room (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    first_seq INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    updated INTEGER NOT NULL
);
INSERT INTO "chat_room" VALUES(1,'team',1,4,1796104162049);
INSERT INTO "chat_room" VALUES(2,'lobby',1,8,1796104162065);
CREATE TABLE tombolo_migration (
    service TEXT NOT NULL,
    version INTEGER NOT NULL,
    name TEXT NOT NULL,
    checksum TEXT NOT NULL,
    PRIMARY KEY (service, version)
);
INSERT INTO "tombolo_migration" VALUES('chat',1,'rooms and messages','100b8a466c42d3d8b8d79aea22fa5263ddbb0c79b1e4d94fe36edcab7c60f032');
CREATE INDEX chat_room_updated ON chat_room (updated);
CREATE UNIQUE INDEX chat_message_key ON chat_message (room, key);
COMMIT;
