-- What the mailroom has to do by hand about a letter that waits for a person:
-- 'part' its file into letters, or 'type' in what could not be read.
ALTER TABLE message ADD COLUMN paper_work TEXT NOT NULL DEFAULT '' CHECK (paper_work IN ('', 'part', 'type'));
CREATE INDEX message_paper_work ON message (deadline, id) WHERE paper_work <> '' AND state = 'review';
