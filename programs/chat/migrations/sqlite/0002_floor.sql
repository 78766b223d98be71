-- A room that was given up may begin again: with numbers above every one that was given up, so that
-- a reader who comes back is told that messages are missing rather than shown the wrong ones.
ALTER TABLE chat_log ADD COLUMN floor INTEGER NOT NULL DEFAULT 0;
