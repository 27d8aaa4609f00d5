-- What officers do with cases: answers, extensions, actions that are still to
-- be done, and what belongs together.

CREATE TABLE answer (
    id           TEXT PRIMARY KEY,
    case_id      TEXT NOT NULL REFERENCES cases (id),
    stage        BIGINT NOT NULL CHECK (stage IN (1, 2)),
    by_whom      TEXT NOT NULL,
    recorded_at  BIGINT NOT NULL,
    given_at     BIGINT NOT NULL DEFAULT 0, -- 0: not yet with the resident
    withdrawn_at BIGINT NOT NULL DEFAULT 0,
    outcome      TEXT NOT NULL CHECK (outcome IN ('upheld', 'partly_upheld', 'not_upheld')),
    text         TEXT NOT NULL,
    file         TEXT NOT NULL, -- the archive's name
    remedies     TEXT NOT NULL,
    outgoing_id  TEXT NOT NULL
);
CREATE UNIQUE INDEX answer_stands ON answer (case_id, stage) WHERE withdrawn_at = 0;
CREATE INDEX answer_outgoing ON answer (outgoing_id);

CREATE TABLE extension (
    id          TEXT PRIMARY KEY,
    case_id     TEXT NOT NULL REFERENCES cases (id),
    clock       TEXT NOT NULL,
    by_whom     TEXT NOT NULL,
    asked_at    BIGINT NOT NULL,
    reason      TEXT NOT NULL,
    old_due     TEXT NOT NULL,
    new_due     TEXT NOT NULL,
    told_at     BIGINT NOT NULL DEFAULT 0, -- 0: the letter has not gone; it counts from then on
    late        BIGINT NOT NULL DEFAULT 0 CHECK (late IN (0, 1)), -- it went after the old day, and moves nothing
    outgoing_id TEXT NOT NULL
);
CREATE INDEX extension_case ON extension (case_id);
CREATE INDEX extension_outgoing ON extension (outgoing_id);

CREATE TABLE action (
    id      TEXT PRIMARY KEY,
    case_id TEXT NOT NULL REFERENCES cases (id),
    answer_id TEXT NOT NULL REFERENCES answer (id),
    what    TEXT NOT NULL,
    due_on  TEXT NOT NULL,
    done_at BIGINT NOT NULL DEFAULT 0,
    done_by TEXT NOT NULL DEFAULT ''
);
CREATE INDEX action_case ON action (case_id);
CREATE INDEX action_open ON action (due_on) WHERE done_at = 0;
