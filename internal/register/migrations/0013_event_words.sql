-- What officers said: the words behind the digests in the histories. They are
-- no part of the chain, so that erasing them does not break it.

CREATE TABLE event_words (
    subject TEXT NOT NULL,
    seq     BIGINT NOT NULL,
    words   TEXT NOT NULL,
    PRIMARY KEY (subject, seq)
);
