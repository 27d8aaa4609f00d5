-- What people find cases and messages by: a row for each case that lives and
-- for each message without one. It repeats what stands elsewhere and can be
-- made again from it.

CREATE TABLE search_entry (
    seq         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
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
    digest      TEXT NOT NULL, -- of the words that find it
    words       TSVECTOR NOT NULL DEFAULT ''::tsvector -- folded, each once
);
CREATE INDEX search_received ON search_entry (received_at DESC, id DESC);
CREATE INDEX search_due ON search_entry (due_on, id) WHERE due_on <> '';
CREATE INDEX search_officer ON search_entry (officer) WHERE officer <> '';

CREATE INDEX search_words ON search_entry USING GIN (words);
