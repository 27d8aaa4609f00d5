-- What was forgotten, what is kept on purpose, and which files are still to
-- be removed.

ALTER TABLE message ADD COLUMN erased_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE cases ADD COLUMN erased_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outgoing ADD COLUMN erased_at BIGINT NOT NULL DEFAULT 0;

-- The subject of a history: case:ID or message:ID.
CREATE TABLE keeping (
    subject TEXT PRIMARY KEY,
    why     TEXT NOT NULL,
    at      BIGINT NOT NULL,
    by_whom TEXT NOT NULL
);

CREATE TABLE removal (
    name TEXT PRIMARY KEY,
    at   BIGINT NOT NULL
);

CREATE INDEX message_original ON message (original);
CREATE INDEX message_sender ON message (sender);
CREATE INDEX outgoing_bytes ON outgoing (bytes) WHERE bytes <> '';
CREATE INDEX answer_case ON answer (case_id);
CREATE INDEX answer_file ON answer (file) WHERE file <> '';
CREATE INDEX sameness_message ON sameness (message_id);
CREATE INDEX message_received ON message (received_at);
