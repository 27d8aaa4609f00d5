-- What the malware scanner said of a file, by the SHA-256 of its content: of
-- originals, of attachments that somebody asked for, of officers' answers. A
-- row that waits is looked at again until the scanner has said something.

CREATE TABLE screening (
    file          TEXT PRIMARY KEY,
    state         TEXT NOT NULL CHECK (state IN ('waiting', 'clean', 'found', 'unscannable')),
    found         TEXT NOT NULL DEFAULT '', -- the scanner's name for it, or why it cannot be looked at
    tries         BIGINT NOT NULL DEFAULT 0,
    since         BIGINT NOT NULL,          -- when it was first to be looked at
    next_at       BIGINT NOT NULL,          -- when it is looked at next, while it waits
    looked_at     BIGINT NOT NULL DEFAULT 0,
    released_by   TEXT NOT NULL DEFAULT '', -- who let it be opened although it was not found clean
    released_at   BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX screening_due ON screening (next_at) WHERE state = 'waiting';
CREATE INDEX screening_state ON screening (state) WHERE state <> 'clean';
