-- What is listed by officer, or by any state but the one that most have, newest
-- first, without sorting all of it.
DROP INDEX search_officer;
CREATE INDEX search_officer ON search_entry (officer, received_at DESC, id DESC) WHERE officer <> '';
CREATE INDEX search_state ON search_entry (state, received_at DESC, id DESC) WHERE state <> 'closed';
