-- The migrations after which an older program must stop: each of them writes
-- its own number here. All others only add.
CREATE TABLE schema_break (
	number BIGINT PRIMARY KEY
);
