-- What every start counts anew: found without reading all that is settled.
CREATE INDEX clock_running_case ON clock (case_id) WHERE met_at = 0 AND stopped_at = 0;
CREATE INDEX hazard_open ON hazard (id) WHERE ended_at = 0;
CREATE INDEX message_undecided ON message (id) WHERE state IN ('arrived', 'review');
