-- Cases that have to do with each other. Nothing is ever deleted by linking,
-- merging or splitting: an end is written down like a beginning.

CREATE TABLE link (
    case_a    TEXT NOT NULL REFERENCES cases (id),
    case_b    TEXT NOT NULL REFERENCES cases (id),
    kind      TEXT NOT NULL CHECK (kind IN ('related', 'about', 'split')),
    at        BIGINT NOT NULL,
    by_whom   TEXT NOT NULL,
    undone_at BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (case_a, case_b)
);
CREATE INDEX link_back ON link (case_b);
CREATE INDEX cases_stage2 ON cases (stage2_message);
CREATE INDEX cases_merged ON cases (merged_into);
