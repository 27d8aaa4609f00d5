-- The review queue: what it is looked through by, who has a message open, and
-- which decisions can still be taken back.

ALTER TABLE message ADD COLUMN label TEXT NOT NULL DEFAULT '';  -- of the verdict that stands; empty: no guess
ALTER TABLE message ADD COLUMN topics TEXT NOT NULL DEFAULT ''; -- its topics, each between commas: ",repairs,noise,"
UPDATE message SET label = COALESCE((SELECT d.label FROM decision d WHERE d.message_id = message.id AND d.seq = message.decisions), '');

-- All that looking through the queue needs, so that no reading, which may be
-- long, is touched for a message that is not shown.
DROP INDEX message_review;
CREATE INDEX message_review ON message (urgency DESC, deadline, received_at, id, channel, label, topics) WHERE state = 'review';

CREATE TABLE taking (
    message_id TEXT PRIMARY KEY REFERENCES message (id),
    holder     TEXT NOT NULL, -- the officer, as histories name them
    since      BIGINT NOT NULL,
    until      BIGINT NOT NULL, -- on the database's clock
    taken_from TEXT NOT NULL DEFAULT '' -- who had it before and is told
);
CREATE INDEX taking_until ON taking (until);

-- One decision's way back, kept for a day.
CREATE TABLE undo (
    message_id  TEXT PRIMARY KEY REFERENCES message (id),
    seq         BIGINT NOT NULL, -- of the decision
    at          BIGINT NOT NULL,
    until       BIGINT NOT NULL, -- where no reply waits
    how         TEXT NOT NULL CHECK (how IN ('opened', 'joined', 'escalated', 'recorded')),
    case_id     TEXT NOT NULL,
    case_events BIGINT NOT NULL, -- the length of the case's history after it
    was_case    TEXT NOT NULL,
    was_problem TEXT NOT NULL,
    was_offered TEXT NOT NULL,
    was_offered_why TEXT NOT NULL,
    was_reading TEXT NOT NULL
);
CREATE INDEX undo_at ON undo (at);

-- Single letters as keys get in the way of those who speak to their computer:
-- each person can turn them off (WCAG 2.1.4).
ALTER TABLE account ADD COLUMN keys_off BIGINT NOT NULL DEFAULT 0 CHECK (keys_off IN (0, 1));
