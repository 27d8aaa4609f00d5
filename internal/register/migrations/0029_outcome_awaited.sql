-- The attempt for whose outcome was waited once more: when its lease had run
-- out, and nobody had said what became of a mail that had begun to go out.
ALTER TABLE outgoing ADD COLUMN awaited INTEGER NOT NULL DEFAULT 0;
