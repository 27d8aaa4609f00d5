-- The first schema. It runs on SQLite and on PostgreSQL alike: text ids made
-- in Go, instants as BIGINT microseconds UTC (0: not yet), civil dates as
-- TEXT, lists and readings as JSON in TEXT that SQL never looks into.

CREATE TABLE message (
    id            TEXT PRIMARY KEY,
    fingerprint   TEXT NOT NULL UNIQUE,
    reference     TEXT NOT NULL UNIQUE,
    original      TEXT NOT NULL,
    size          BIGINT NOT NULL,
    channel       TEXT NOT NULL CHECK (channel IN ('email', 'letter', 'form', 'phone', 'visit', 'portal')),
    source        TEXT NOT NULL,
    junk          BIGINT NOT NULL CHECK (junk IN (0, 1)),
    history       BIGINT NOT NULL CHECK (history IN (0, 1)),
    received_at   BIGINT NOT NULL,
    basis         TEXT NOT NULL CHECK (basis IN ('internaldate', 'received_header', 'stamp', 'given', 'file')),
    registered_at BIGINT NOT NULL,
    deadline      TEXT NOT NULL,
    failsafe_at   BIGINT NOT NULL, -- 0: the fail-safe has looked at it
    state         TEXT NOT NULL CHECK (state IN ('arrived', 'review', 'filed', 'recorded', 'split')),
    attempts      BIGINT NOT NULL DEFAULT 0,
    lease_until   BIGINT NOT NULL DEFAULT 0,
    problem       TEXT NOT NULL DEFAULT '',
    version       BIGINT NOT NULL DEFAULT 1,
    case_id       TEXT NOT NULL DEFAULT '',
    offered_case  TEXT NOT NULL DEFAULT '',
    offered_why   TEXT NOT NULL DEFAULT '',
    twin          TEXT NOT NULL DEFAULT '',
    mail_id       TEXT NOT NULL DEFAULT '', -- RFC 5322 Message-ID
    sender        TEXT NOT NULL DEFAULT '', -- the writer's address, lower case
    text_key      TEXT NOT NULL DEFAULT '', -- the same for the same words by any channel
    urgency       BIGINT NOT NULL DEFAULT 0, -- 2: emergency or safeguarding, 1: significant hazard
    decisions     BIGINT NOT NULL DEFAULT 0, -- how many; the last one stands
    reading       TEXT NOT NULL DEFAULT ''
);
CREATE INDEX message_arrived ON message (registered_at) WHERE state = 'arrived';
CREATE INDEX message_review ON message (urgency DESC, deadline, received_at) WHERE state = 'review';
CREATE INDEX message_failsafe ON message (failsafe_at) WHERE failsafe_at > 0 AND state IN ('arrived', 'review');
CREATE INDEX message_registered ON message (registered_at);
CREATE INDEX message_mail_id ON message (mail_id);
CREATE INDEX message_case ON message (case_id);

-- The first message of each "same mail": Message-ID, sender and body.
CREATE TABLE sameness (
    key         TEXT PRIMARY KEY,
    message_id  TEXT NOT NULL REFERENCES message (id),
    received_at BIGINT NOT NULL
);

CREATE TABLE decision (
    id         TEXT PRIMARY KEY,
    message_id TEXT NOT NULL REFERENCES message (id),
    seq        BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    by_whom    TEXT NOT NULL,
    label      TEXT NOT NULL CHECK (label IN ('complaint', 'stage2', 'service_request', 'follow_up', 'enquiry', 'not_actionable')),
    reason     TEXT NOT NULL,
    verdict    TEXT NOT NULL,
    UNIQUE (message_id, seq)
);

CREATE TABLE cases (
    id            TEXT PRIMARY KEY,
    reference     TEXT NOT NULL UNIQUE,
    kind          TEXT NOT NULL CHECK (kind IN ('complaint', 'service_request', 'enquiry')),
    stage         BIGINT NOT NULL CHECK (stage IN (0, 1, 2)),
    message_id    TEXT NOT NULL REFERENCES message (id),
    stage2_message TEXT NOT NULL DEFAULT '', -- the request for stage 2
    person_name   TEXT NOT NULL,
    person_addr   TEXT NOT NULL,
    postal        TEXT NOT NULL,
    postal_ok     BIGINT NOT NULL DEFAULT 0 CHECK (postal_ok IN (0, 1)), -- a person has confirmed it
    channel       TEXT NOT NULL,
    definition    TEXT NOT NULL,
    defined       BIGINT NOT NULL CHECK (defined IN (0, 1)),
    may_quote     BIGINT NOT NULL CHECK (may_quote IN (0, 1)),
    topics        TEXT NOT NULL,
    flags         TEXT NOT NULL,
    hazard_level  TEXT NOT NULL CHECK (hazard_level IN ('', 'significant', 'emergency')),
    opened_at     BIGINT NOT NULL,
    answered1_at  BIGINT NOT NULL DEFAULT 0, -- when the stage 1 answer was given
    answered2_at  BIGINT NOT NULL DEFAULT 0,
    not_accepted  TEXT NOT NULL DEFAULT '', -- the exclusion by which it was not accepted
    merged_into   TEXT NOT NULL DEFAULT '', -- the case that lives on: a signpost
    resident_id   TEXT NOT NULL DEFAULT '', -- whose case it is; empty while nobody knows
    closed_at     BIGINT NOT NULL DEFAULT 0,
    closed_why    TEXT NOT NULL DEFAULT ''
);
CREATE INDEX cases_message ON cases (message_id);

-- Who belongs to a case, by address: a sign and belonging join a message.
CREATE TABLE case_person (
    case_id   TEXT NOT NULL REFERENCES cases (id),
    address   TEXT NOT NULL,
    name      TEXT NOT NULL DEFAULT '',
    role      TEXT NOT NULL DEFAULT '' CHECK (role IN ('', 'resident', 'representative', 'officer')),
    authority TEXT NOT NULL DEFAULT '', -- how a representative showed that they may act; empty: not shown
    PRIMARY KEY (case_id, address)
);

CREATE TABLE clock (
    case_id  TEXT NOT NULL REFERENCES cases (id),
    name     TEXT NOT NULL,
    scheme   TEXT NOT NULL,
    start_on TEXT NOT NULL,
    due_on   TEXT NOT NULL,
    base_due TEXT NOT NULL, -- due_on without extensions
    steps    TEXT NOT NULL,
    calendar TEXT NOT NULL,
    promised TEXT NOT NULL DEFAULT '',
    met_at   BIGINT NOT NULL DEFAULT 0,
    met_by   TEXT NOT NULL DEFAULT '',
    defined_at BIGINT NOT NULL DEFAULT 0, -- met by more than a holding form
    stopped_at BIGINT NOT NULL DEFAULT 0, -- the case was closed without meeting it
    PRIMARY KEY (case_id, name)
);
CREATE INDEX clock_running ON clock (due_on) WHERE met_at = 0 AND stopped_at = 0;

CREATE TABLE outgoing (
    id          TEXT PRIMARY KEY,
    key         TEXT NOT NULL UNIQUE,
    kind        TEXT NOT NULL CHECK (kind IN ('acknowledgement', 'service_request_notice', 'receipt', 'clarification', 'extension', 'answer', 'not_accepted', 'forward', 'alert', 'digest')),
    form        TEXT NOT NULL CHECK (form IN ('', 'defined', 'unquoted', 'holding')),
    stage       BIGINT NOT NULL,
    case_id     TEXT NOT NULL,
    message_id  TEXT NOT NULL,
    reference   TEXT NOT NULL,
    ordinal     BIGINT NOT NULL,
    way         TEXT NOT NULL CHECK (way IN ('email', 'letter', 'webhook')),
    to_name     TEXT NOT NULL,
    to_addr     TEXT NOT NULL,
    to_key      TEXT NOT NULL, -- the same in lower case, or the postal address: caps count by it
    state       TEXT NOT NULL CHECK (state IN ('owed', 'sending', 'to_print', 'sent', 'held', 'refused', 'unknown', 'cancelled')),
    attempt     BIGINT NOT NULL DEFAULT 0,
    begun       BIGINT NOT NULL DEFAULT 0, -- the last attempt that came as far as DATA
    failures    BIGINT NOT NULL DEFAULT 0,
    resend      BIGINT NOT NULL DEFAULT 0 CHECK (resend IN (0, 1)),
    not_before  BIGINT NOT NULL,
    deadline_at BIGINT NOT NULL,
    lease_until BIGINT NOT NULL DEFAULT 0,
    mail_id     TEXT NOT NULL DEFAULT '',
    bytes       TEXT NOT NULL DEFAULT '',
    subject     TEXT NOT NULL DEFAULT '',
    note        TEXT NOT NULL DEFAULT '',
    about       TEXT NOT NULL DEFAULT '', -- what an officer gave it to say
    why         TEXT NOT NULL DEFAULT '',
    promised    TEXT NOT NULL DEFAULT '', -- the answer date that the bytes say
    large_print BIGINT NOT NULL DEFAULT 0 CHECK (large_print IN (0, 1)),
    language    TEXT NOT NULL DEFAULT '', -- what the resident reads best; empty: English
    created_at  BIGINT NOT NULL,
    begun_at    BIGINT NOT NULL DEFAULT 0,
    sent_at     BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX outgoing_due ON outgoing (deadline_at, not_before) WHERE state IN ('owed', 'sending');
CREATE INDEX outgoing_case ON outgoing (case_id);
CREATE INDEX outgoing_mail_id ON outgoing (mail_id);
CREATE INDEX outgoing_begun ON outgoing (begun_at) WHERE begun_at > 0;
CREATE INDEX outgoing_to ON outgoing (to_key, begun_at);
CREATE INDEX outgoing_message ON outgoing (message_id);
CREATE INDEX outgoing_people ON outgoing (deadline_at) WHERE state IN ('held', 'refused', 'unknown');
CREATE INDEX outgoing_open ON outgoing (deadline_at) WHERE state IN ('owed', 'sending', 'to_print', 'held', 'refused', 'unknown') AND kind IN ('acknowledgement', 'extension', 'answer', 'not_accepted');
CREATE INDEX outgoing_created ON outgoing (created_at);

CREATE TABLE event (
    subject TEXT NOT NULL,
    seq     BIGINT NOT NULL,
    at      BIGINT NOT NULL,
    by_whom TEXT NOT NULL,
    what    TEXT NOT NULL,
    detail  TEXT NOT NULL,
    hash    TEXT NOT NULL,
    PRIMARY KEY (subject, seq)
);

CREATE TABLE alarm (
    id          TEXT PRIMARY KEY,
    key         TEXT NOT NULL UNIQUE,
    kind        TEXT NOT NULL CHECK (kind IN ('emergency', 'safeguarding', 'deadline', 'unsent', 'brake', 'failsafe', 'hazard')),
    message_id  TEXT NOT NULL,
    case_id     TEXT NOT NULL,
    outgoing_id TEXT NOT NULL,
    note        TEXT NOT NULL,
    raised_at   BIGINT NOT NULL,
    next_at     BIGINT NOT NULL, -- 0: sounds no more
    times       BIGINT NOT NULL DEFAULT 0,
    taken_at    BIGINT NOT NULL DEFAULT 0,
    taken_by    TEXT NOT NULL DEFAULT ''
);
CREATE INDEX alarm_due ON alarm (next_at) WHERE taken_at = 0 AND next_at > 0;
CREATE INDEX alarm_open ON alarm (raised_at) WHERE taken_at = 0;

CREATE TABLE mailbox_cursor (
    mailbox      TEXT PRIMARY KEY,
    uid_validity BIGINT NOT NULL,
    high_water   BIGINT NOT NULL
);

CREATE TABLE mailbox_uid (
    mailbox      TEXT NOT NULL,
    uid_validity BIGINT NOT NULL,
    uid          BIGINT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('pending', 'parked', 'unfiled')),
    attempts     BIGINT NOT NULL,
    why          TEXT NOT NULL,
    message_id   TEXT NOT NULL,
    PRIMARY KEY (mailbox, uid_validity, uid)
);

CREATE TABLE mailbox_status (
    mailbox    TEXT PRIMARY KEY,
    polled_at  BIGINT NOT NULL,
    last_uid   BIGINT NOT NULL,
    backlog    BIGINT NOT NULL,
    parked     BIGINT NOT NULL,
    unfiled    BIGINT NOT NULL,
    problem    TEXT NOT NULL,
    problem_at BIGINT NOT NULL
);

CREATE TABLE lease (
    name   TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    until  BIGINT NOT NULL
);
