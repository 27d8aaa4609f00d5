-- Letters on paper: the tray, and the batches in which they are printed.

CREATE TABLE letter (
    outgoing_id TEXT PRIMARY KEY REFERENCES outgoing (id),
    address     TEXT NOT NULL, -- as printed, lines as JSON
    pages       BIGINT NOT NULL,
    large       BIGINT NOT NULL CHECK (large IN (0, 1)),
    post_by     TEXT NOT NULL, -- the last day on which it is to be printed
    ready_at    BIGINT NOT NULL,
    batch_id    TEXT NOT NULL DEFAULT '', -- empty: in the tray
    place       BIGINT NOT NULL DEFAULT 0, -- in the batch, from 1
    posted_on   TEXT NOT NULL DEFAULT '',
    returned_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX letter_batch ON letter (batch_id, place);

CREATE TABLE print_batch (
    id        TEXT PRIMARY KEY,
    name      TEXT NOT NULL UNIQUE,
    made_at   BIGINT NOT NULL,
    made_by   TEXT NOT NULL,
    pickup    BIGINT NOT NULL CHECK (pickup IN (0, 1)), -- each letter is a file, for a printing service
    letters   BIGINT NOT NULL,
    pages     BIGINT NOT NULL,
    printed   BIGINT NOT NULL DEFAULT 1, -- how often its files were written
    posted_on TEXT NOT NULL DEFAULT '',
    posted_by TEXT NOT NULL DEFAULT ''
);
CREATE INDEX print_batch_made ON print_batch (made_at);

-- Every letter that is still to be dealt with; queries repeat the condition.
CREATE INDEX outgoing_letters ON outgoing (deadline_at) WHERE way = 'letter' AND state IN ('owed', 'sending', 'to_print', 'held', 'refused', 'unknown');
