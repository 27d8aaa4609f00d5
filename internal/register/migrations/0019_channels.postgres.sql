-- A colleague's note and social media are ways by which residents reach us.
ALTER TABLE message DROP CONSTRAINT message_channel_check;
ALTER TABLE message ADD CONSTRAINT message_channel_check CHECK (channel IN ('email', 'letter', 'form', 'phone', 'visit', 'note', 'social', 'portal'));
