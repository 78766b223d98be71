-- A room that was given up may begin again: with numbers above every one that was given up, so that
-- a reader who comes back is told that messages are missing rather than shown the wrong ones.
ALTER TABLE chat_log ADD COLUMN floor BIGINT NOT NULL DEFAULT 0;
-- Takes posts into the log in one round trip. `rooms` is a list of [name, posts], in the order of
-- the names, so that two replicas never wait for each other; a post is
-- [number, key, id, author, text, time, replica]. Gives for each number the message that has its
-- key; nothing for posts to a room that would be one too many.
CREATE OR REPLACE FUNCTION chat_append(
    rooms json, most_rooms bigint, history bigint, most_trimmed bigint, idle_before bigint)
RETURNS TABLE (
    post bigint, its_seq bigint, its_id text, its_author text, its_text text, its_time bigint,
    its_replica text
)
LANGUAGE plpgsql AS $$
DECLARE
    this record;
    held record;
    stored record;
    kept bigint;
    newest bigint;
    base bigint;
BEGIN
    -- Who makes a room waits for who gives one up; before any room is locked, so that two replicas
    -- never wait for each other.
    IF EXISTS (SELECT FROM json_array_elements(rooms)
        WHERE NOT EXISTS (SELECT FROM chat_room WHERE name = value ->> 0))
    THEN
        SELECT floor INTO base FROM chat_log FOR UPDATE;
    END IF;
    FOR this IN SELECT value ->> 0 AS name, value -> 1 AS posts FROM json_array_elements(rooms)
    LOOP
        SELECT id, first_seq, last_seq INTO held FROM chat_room WHERE name = this.name FOR UPDATE;
        IF NOT FOUND THEN
            -- It was given up a moment ago.
            IF base IS NULL THEN
                SELECT floor INTO base FROM chat_log FOR UPDATE;
            END IF;
            INSERT INTO chat_room (name, first_seq, last_seq, updated)
                SELECT this.name, base + 1, base, 0 WHERE (SELECT count(*) FROM chat_room) < most_rooms
                ON CONFLICT (name) DO NOTHING;
            SELECT id, first_seq, last_seq INTO held
                FROM chat_room WHERE name = this.name FOR UPDATE;
        END IF;
        IF NOT FOUND THEN
            -- The room that nobody has written in for longest gives way. One that another replica
            -- writes in is not idle, and those made here have no message yet.
            SELECT id, last_seq INTO held FROM chat_room
                WHERE updated < idle_before AND updated > 0
                ORDER BY updated LIMIT 1 FOR UPDATE SKIP LOCKED;
            CONTINUE WHEN NOT FOUND;
            DELETE FROM chat_message WHERE room = held.id;
            DELETE FROM chat_room WHERE id = held.id;
            base := greatest(base, held.last_seq);
            UPDATE chat_log SET floor = base;
            INSERT INTO chat_room (name, first_seq, last_seq, updated)
                SELECT this.name, base + 1, base, 0 WHERE (SELECT count(*) FROM chat_room) < most_rooms
                ON CONFLICT (name) DO NOTHING;
            SELECT id, first_seq, last_seq INTO held
                FROM chat_room WHERE name = this.name FOR UPDATE;
            CONTINUE WHEN NOT FOUND;
        END IF;
        WITH fresh AS (
            SELECT DISTINCT ON (value ->> 1) (value ->> 0)::bigint AS number, value
            FROM json_array_elements(this.posts)
            -- A look into the index for each post. As a join it would read the whole room.
            WHERE (SELECT m.seq FROM chat_message AS m
                WHERE m.room = held.id AND m.key = value ->> 1) IS NULL
            ORDER BY value ->> 1, number
        ), written AS (
            INSERT INTO chat_message (room, seq, id, author, text, time, replica, key)
            SELECT held.id, held.last_seq + row_number() OVER (ORDER BY number), value ->> 2,
                value ->> 3, value ->> 4, (value ->> 5)::bigint, value ->> 6, value ->> 1
            FROM fresh
            RETURNING seq, time
        )
        SELECT count(*) AS many, max(time) AS latest INTO stored FROM written;
        IF stored.many > 0 THEN
            newest := held.last_seq + stored.many;
            kept := held.first_seq;
            -- A tenth more may gather, so that not every commit removes something.
            IF history > 0 AND newest + 1 - kept > history + history / 10 THEN
                kept := least(newest + 1 - history, kept + most_trimmed);
                DELETE FROM chat_message WHERE room = held.id AND seq < kept;
            END IF;
            UPDATE chat_room SET first_seq = kept, last_seq = newest, updated = stored.latest
                WHERE id = held.id;
        END IF;
        RETURN QUERY
            SELECT (value ->> 0)::bigint, m.seq, m.id, m.author, m.text, m.time, m.replica
            FROM json_array_elements(this.posts) CROSS JOIN LATERAL (
                SELECT * FROM chat_message AS m
                WHERE m.room = held.id AND m.key = value ->> 1 LIMIT 1) AS m;
    END LOOP;
END
$$;
