-- Who has a case: at stage 1 (or of a request or an enquiry), and at stage 2.

ALTER TABLE cases ADD COLUMN handler1 TEXT NOT NULL DEFAULT '';
ALTER TABLE cases ADD COLUMN handler2 TEXT NOT NULL DEFAULT '';
CREATE INDEX cases_handler1 ON cases (handler1) WHERE closed_at = 0 AND handler1 <> '';
CREATE INDEX cases_handler2 ON cases (handler2) WHERE closed_at = 0 AND handler2 <> '';
