-- Whether the mail service only limits us: then people need not be woken.
ALTER TABLE mailbox_status ADD COLUMN limited INTEGER NOT NULL DEFAULT 0;
