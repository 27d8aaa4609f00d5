-- Who looked at what, and when. It is no part of the histories.

CREATE TABLE viewing (
    at          BIGINT NOT NULL,
    by_whom     TEXT NOT NULL,
    what        TEXT NOT NULL CHECK (what IN ('case', 'message', 'original', 'attachment', 'reply', 'sent')),
    case_id     TEXT NOT NULL, -- as it was then; empty: none
    message_id  TEXT NOT NULL,
    outgoing_id TEXT NOT NULL
);
CREATE INDEX viewing_case ON viewing (case_id, at);
CREATE INDEX viewing_message ON viewing (message_id, at);
CREATE INDEX alarm_case ON alarm (case_id);
