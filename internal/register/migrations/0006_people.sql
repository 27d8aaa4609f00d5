-- Residents, by whatever they wrote from, and what they need done differently.

CREATE TABLE resident (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    large_print  BIGINT NOT NULL DEFAULT 0 CHECK (large_print IN (0, 1)),
    phone_only   BIGINT NOT NULL DEFAULT 0 CHECK (phone_only IN (0, 1)),
    language     TEXT NOT NULL DEFAULT '', -- BCP 47; empty: English
    safe_contact TEXT NOT NULL DEFAULT '', -- the only address to write to
    note         TEXT NOT NULL DEFAULT '',
    at           BIGINT NOT NULL
);

CREATE TABLE resident_key (
    key         TEXT PRIMARY KEY, -- mail:ADDRESS, or post:NAME|POSTCODE
    resident_id TEXT NOT NULL REFERENCES resident (id)
);
CREATE INDEX resident_keys ON resident_key (resident_id);
CREATE INDEX cases_resident ON cases (resident_id);
CREATE INDEX message_text ON message (text_key);
