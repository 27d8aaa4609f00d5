-- What has been settled about the register as a whole: that nothing leaves,
-- that it was restored from a backup, which folders are to be looked through
-- again.

CREATE TABLE setting (
    name    TEXT PRIMARY KEY,
    value   TEXT NOT NULL,
    at      BIGINT NOT NULL,
    by_whom TEXT NOT NULL
);
