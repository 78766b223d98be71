-- The folders that a file lay in when it was uploaded, as 'photos/2026'; empty for none.
ALTER TABLE library_item ADD COLUMN folder TEXT COLLATE "C" NOT NULL DEFAULT '';
-- Items are found by their digest.
INSERT INTO library_term (term, item)
    SELECT ':sha256:' || encode(sha256, 'hex'), seq FROM library_item;
