-- Hazards in homes: the law's own clocks, beside those of the complaint.

CREATE TABLE hazard (
    id              TEXT PRIMARY KEY,
    message_id      TEXT NOT NULL UNIQUE REFERENCES message (id),
    case_id         TEXT NOT NULL,
    level           TEXT NOT NULL CHECK (level IN ('significant', 'emergency')),
    law             TEXT NOT NULL,
    aware_at        BIGINT NOT NULL,
    investigated_at BIGINT NOT NULL DEFAULT 0,
    ended_at        BIGINT NOT NULL DEFAULT 0, -- nothing more is to be done about it
    ended_by        TEXT NOT NULL DEFAULT '',
    ended_why       TEXT NOT NULL DEFAULT ''
);
CREATE INDEX hazard_case ON hazard (case_id);

CREATE TABLE hazard_duty (
    hazard_id TEXT NOT NULL REFERENCES hazard (id),
    name      TEXT NOT NULL,
    due_at    BIGINT NOT NULL,
    counted   TEXT NOT NULL,
    done_at   BIGINT NOT NULL DEFAULT 0,
    done_by   TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (hazard_id, name)
);
CREATE INDEX hazard_duty_open ON hazard_duty (due_at) WHERE done_at = 0;
