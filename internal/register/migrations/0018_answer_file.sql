-- What the file of an answer is called, for whoever gets it.

ALTER TABLE answer ADD COLUMN file_name TEXT NOT NULL DEFAULT '';
