-- Officers for whom a provider of OpenID Connect vouches, and sessions that
-- can be looked at and ended one by one.

ALTER TABLE account ADD COLUMN issuer TEXT NOT NULL DEFAULT '';    -- who vouches for this officer; empty: we do, by a password
ALTER TABLE account ADD COLUMN subject TEXT NOT NULL DEFAULT '';   -- what the issuer calls them, for ever
ALTER TABLE account ADD COLUMN full_name TEXT NOT NULL DEFAULT ''; -- their name as the issuer told it last
ALTER TABLE account ADD COLUMN email TEXT NOT NULL DEFAULT '';     -- to tell two of one name apart; nobody is known by it
CREATE UNIQUE INDEX account_identity ON account (issuer, subject) WHERE issuer <> '';

-- Nothing is known of sessions from before: everybody signs in once more.
DELETE FROM session;
ALTER TABLE session ADD COLUMN id TEXT NOT NULL DEFAULT '';      -- by which it is spoken of; the token's hash is shown to nobody
ALTER TABLE session ADD COLUMN address TEXT NOT NULL DEFAULT ''; -- from which the sign-in came
ALTER TABLE session ADD COLUMN device TEXT NOT NULL DEFAULT '';  -- such as "Firefox on Windows"
ALTER TABLE session ADD COLUMN outside TEXT NOT NULL DEFAULT ''; -- what the issuer calls its own session (sid)
CREATE UNIQUE INDEX session_id ON session (id);

-- Where an account signed in from of late. There strangers' wrong tries close
-- nothing.
CREATE TABLE sign_in_place (
    account_id TEXT NOT NULL REFERENCES account (id),
    address    TEXT NOT NULL,
    last_at    BIGINT NOT NULL,
    PRIMARY KEY (account_id, address)
);

-- The name that was tried, so that an operator can forget all tries of it.
ALTER TABLE sign_in_try ADD COLUMN name TEXT NOT NULL DEFAULT '';
CREATE INDEX sign_in_try_name ON sign_in_try (name);
