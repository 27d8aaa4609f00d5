-- With "met_at > 0 AND met_at >= $1" SQLite goes through the index from 0 on.
-- A condition that is no bound leaves it the other one.
DROP INDEX clock_answered;
CREATE INDEX clock_answered ON clock (met_at, case_id) WHERE name IN ('stage1_answer', 'stage2_answer') AND met_at <> 0;
DROP INDEX outgoing_begun;
CREATE INDEX outgoing_begun ON outgoing (begun_at) WHERE begun_at <> 0;
