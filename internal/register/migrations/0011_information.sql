-- Requests for information, such as subject access, with their own clock.

CREATE TABLE information_request (
    message_id  TEXT PRIMARY KEY REFERENCES message (id),
    received_on TEXT NOT NULL,
    due_on      TEXT NOT NULL,
    settled_at  BIGINT NOT NULL DEFAULT 0,
    settled_by  TEXT NOT NULL DEFAULT '',
    how         TEXT NOT NULL DEFAULT ''
);
CREATE INDEX information_open ON information_request (due_on) WHERE settled_at = 0;
