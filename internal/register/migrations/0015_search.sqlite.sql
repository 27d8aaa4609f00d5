-- What people find cases and messages by: a row for each case that lives and
-- for each message without one. It repeats what stands elsewhere and can be
-- made again from it.

CREATE TABLE search_entry (
    seq         INTEGER PRIMARY KEY, -- the row of search_words
    id          TEXT NOT NULL UNIQUE, -- a case's, or a message's
    message_id  TEXT NOT NULL, -- that opened the case, or is the message
    reference   TEXT NOT NULL,
    kind        TEXT NOT NULL CHECK (kind IN ('complaint', 'service_request', 'enquiry', 'message')),
    stage       BIGINT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('open', 'closed', 'review', 'recorded')),
    due_on      TEXT NOT NULL, -- the next clock that runs; empty: none does
    received_at BIGINT NOT NULL,
    channel     TEXT NOT NULL,
    topics      TEXT NOT NULL, -- with a space before and behind each
    officer     TEXT NOT NULL, -- who answered or decided it; empty: no person did
    private     BIGINT NOT NULL CHECK (private IN (0, 1)), -- its words stand in no list
    who         TEXT NOT NULL,
    place       TEXT NOT NULL,
    about       TEXT NOT NULL,
    digest      TEXT NOT NULL -- of the words that find it
);
CREATE INDEX search_received ON search_entry (received_at DESC, id DESC);
CREATE INDEX search_due ON search_entry (due_on, id) WHERE due_on <> '';
CREATE INDEX search_officer ON search_entry (officer) WHERE officer <> '';

-- The words come folded and each once; only which rows hold them is kept.
CREATE VIRTUAL TABLE search_words USING fts5(words, content='', contentless_delete=1, detail=none, prefix='3 4', tokenize="unicode61 remove_diacritics 0");
