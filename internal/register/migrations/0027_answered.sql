-- The figures of a span of days look for what was answered in it.
CREATE INDEX clock_answered ON clock (met_at, case_id) WHERE name IN ('stage1_answer', 'stage2_answer') AND met_at > 0;

-- Most cases are not at stage 2. As with cases_merged, PostgreSQL took the
-- index of them all for useless and read every case.
DROP INDEX cases_stage2;
CREATE INDEX cases_stage2 ON cases (stage2_message) WHERE stage2_message <> '';
