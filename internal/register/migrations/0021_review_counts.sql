-- The queue's index also says what is history, so that every page counts what
-- waits without touching a message.
DROP INDEX message_review;
CREATE INDEX message_review ON message (urgency DESC, deadline, received_at, id, channel, label, topics, history) WHERE state = 'review';
