-- Other systems of the landlord's, such as a resident's portal: they hand post
-- in and ask how a case stands. A system may have several tokens, so that one
-- can be replaced by another without a gap.
CREATE TABLE outside_system (
    id       TEXT PRIMARY KEY,
    name     TEXT NOT NULL,        -- as typed; histories name the system by it
    key      TEXT NOT NULL UNIQUE, -- the same in lower case
    added_at BIGINT NOT NULL
);

-- A token is never stored, only its SHA-256 and its mark: the first characters,
-- by which people tell tokens apart.
CREATE TABLE system_token (
    id         TEXT PRIMARY KEY,
    system_id  TEXT NOT NULL REFERENCES outside_system (id),
    hash       TEXT NOT NULL UNIQUE,
    mark       TEXT NOT NULL,
    may        TEXT NOT NULL, -- its rights, each once, with spaces between
    made_at    BIGINT NOT NULL,
    used_at    BIGINT NOT NULL DEFAULT 0,
    revoked_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX system_token_system ON system_token (system_id);

-- The keys under which a system handed something in, each with the SHA-256 of
-- what it was. A key is kept as its SHA-256: systems make them of anything.
CREATE TABLE system_key (
    system_id TEXT NOT NULL REFERENCES outside_system (id),
    key       TEXT NOT NULL,
    digest    TEXT NOT NULL,
    at        BIGINT NOT NULL,
    PRIMARY KEY (system_id, key)
);
