-- What the mailroom does by hand: a mistake with a batch undone, files parted,
-- letters typed in, scans uploaded.

ALTER TABLE print_batch ADD COLUMN marked_at BIGINT NOT NULL DEFAULT 0; -- when somebody said that it is posted
ALTER TABLE letter ADD COLUMN promised_before TEXT NOT NULL DEFAULT ''; -- the answer clock's promise before it was posted

-- The file of which a letter is a part.
ALTER TABLE message ADD COLUMN part_of TEXT NOT NULL DEFAULT '';
CREATE INDEX message_part_of ON message (part_of) WHERE part_of <> '';
-- The programs that read letters were missing: it is read when they are there.
ALTER TABLE message ADD COLUMN not_read BIGINT NOT NULL DEFAULT 0;
CREATE INDEX message_not_read ON message (id) WHERE not_read = 1 AND state = 'review';

-- The pages of a letter, as a person parted its file: numbers as JSON.
CREATE TABLE hand_pages (
    message_id TEXT PRIMARY KEY REFERENCES message (id),
    pages      TEXT NOT NULL
);

CREATE TABLE upload (
    id          TEXT PRIMARY KEY,
    by_whom     TEXT NOT NULL,
    at          BIGINT NOT NULL,
    counted     BIGINT NOT NULL, -- letters, as the mailroom counted them; 0: nobody counted
    received_on TEXT NOT NULL,
    reason      TEXT NOT NULL -- for a day of receipt that lies far back
);
CREATE INDEX upload_at ON upload (at);

CREATE TABLE upload_file (
    upload_id  TEXT NOT NULL REFERENCES upload (id),
    place      BIGINT NOT NULL,
    name       TEXT NOT NULL,
    at         BIGINT NOT NULL,
    message_id TEXT NOT NULL, -- empty: refused
    again      BIGINT NOT NULL CHECK (again IN (0, 1)), -- the same bytes were here before
    refused    TEXT NOT NULL,
    PRIMARY KEY (upload_id, place)
);
CREATE INDEX upload_file_message ON upload_file (message_id);
