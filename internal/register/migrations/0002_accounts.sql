-- The officers who sign in to the pages, and what they are doing there.

CREATE TABLE account (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,        -- as typed; histories name officers by it
    key         TEXT NOT NULL UNIQUE, -- the same in lower case
    role        TEXT NOT NULL CHECK (role IN ('reviewer', 'mailroom', 'manager', 'auditor', 'admin')),
    password    TEXT NOT NULL,        -- argon2id with its parameters and salt
    created_at  BIGINT NOT NULL,
    signed_in_at BIGINT NOT NULL DEFAULT 0,
    disabled_at BIGINT NOT NULL DEFAULT 0
);

-- A cookie's token is never stored, only its SHA-256.
CREATE TABLE session (
    token      TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES account (id),
    started_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL,
    idle_at    BIGINT NOT NULL, -- ends here; put off by use, up to ends_at
    ends_at    BIGINT NOT NULL
);
CREATE INDEX session_account ON session (account_id);
CREATE INDEX session_idle ON session (idle_at);

-- Wrong tries to sign in, by name and by address.
CREATE TABLE sign_in_try (
    key      TEXT PRIMARY KEY,
    failures BIGINT NOT NULL,
    last_at  BIGINT NOT NULL
);
CREATE INDEX sign_in_try_last ON sign_in_try (last_at);

-- What officers said when they let a reply go or dropped it. The history
-- holds only its digest, so that erasure does not break it.
CREATE TABLE outgoing_ruling (
    outgoing_id TEXT NOT NULL REFERENCES outgoing (id),
    at          BIGINT NOT NULL,
    by_whom     TEXT NOT NULL,
    what        TEXT NOT NULL CHECK (what IN ('released', 'cancelled')),
    reason      TEXT NOT NULL,
    PRIMARY KEY (outgoing_id, at)
);
CREATE INDEX alarm_message ON alarm (message_id);
CREATE INDEX case_person_address ON case_person (address);
