package register

import (
	"database/sql"
	"encoding/json"
	"errors"
)

// scanner is a row of either a single-row or a many-row query.
type scanner interface{ Scan(dest ...any) error }

const messageColumns = `m.id, m.reference, m.fingerprint, m.original, m.size, m.channel, m.source, m.junk, m.history,
	m.received_at, m.basis, m.registered_at, m.deadline, m.failsafe_at, m.state, m.attempts, m.problem, m.version,
	m.case_id, m.offered_case, m.offered_why, m.twin, m.reading, m.decisions, COALESCE(d.by_whom, ''), COALESCE(d.verdict, '')`

// messageTables joins the decision that stands.
const messageTables = ` FROM message m LEFT JOIN decision d ON d.message_id = m.id AND d.seq = m.decisions `

func scanMessage(row scanner) (m Message, err error) {
	var junk, history, received, registered, failsafe int64
	var deadline, reading, verdict string
	err = row.Scan(&m.ID, &m.Reference, &m.Fingerprint, &m.Original, &m.Size, &m.Channel, &m.Source, &junk, &history,
		&received, &m.Basis, &registered, &deadline, &failsafe, &m.State, &m.Attempts, &m.Problem, &m.Version,
		&m.Case, &m.OfferedCase, &m.OfferedWhy, &m.Twin, &reading, &m.decisions, &m.DecidedBy, &verdict)
	if err != nil {
		return m, err
	}
	m.was = m.Case
	m.Junk, m.History = junk == 1, history == 1
	m.ReceivedAt, m.RegisteredAt, m.FailsafeAt = instant(received), instant(registered), instant(failsafe)
	if m.Reading, err = readingOf(reading); err != nil {
		return m, err
	}
	if verdict != "" {
		m.Verdict = &Verdict{}
		if err := json.Unmarshal([]byte(verdict), m.Verdict); err != nil {
			return m, err
		}
	}
	m.Deadline, err = dateOf(deadline)
	return m, err
}

// readingOf reads a stored reading; nil while there is none.
func readingOf(text string) (*Reading, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // not read yet
	}
	rd := &Reading{}
	return rd, json.Unmarshal([]byte(text), rd)
}

const caseColumns = `c.id, c.reference, c.kind, c.stage, c.message_id, c.person_name, c.person_addr, c.postal, c.channel,
	c.definition, c.defined, c.may_quote, c.topics, c.flags, c.hazard_level, c.opened_at, c.closed_at,
	c.postal_ok, c.stage2_message, c.answered1_at, c.answered2_at, c.not_accepted, c.merged_into, c.closed_why, c.resident_id,
	c.handler1, c.handler2`

func scanCase(row scanner) (c Case, err error) {
	var postal, definition, topics, flags string
	var defined, quote, opened, closed, answered1, answered2, postalOK int64
	err = row.Scan(&c.ID, &c.Reference, &c.Kind, &c.Stage, &c.Message, &c.Correspondent.Name, &c.Correspondent.Address, &postal, &c.Channel,
		&definition, &defined, &quote, &topics, &flags, &c.HazardLevel, &opened, &closed,
		&postalOK, &c.Stage2Message, &answered1, &answered2, &c.NotAccepted, &c.MergedInto, &c.ClosedWhy, &c.Resident,
		&c.Handler1, &c.Handler2)
	if err != nil {
		return c, err
	}
	c.Defined, c.MayQuote, c.OpenedAt, c.ClosedAt = defined == 1, quote == 1, instant(opened), instant(closed)
	c.PostalOK = postalOK == 1
	c.Answered1At, c.Answered2At = instant(answered1), instant(answered2)
	for _, f := range []struct {
		text string
		into any
	}{{postal, &c.Postal}, {definition, &c.Definition}, {topics, &c.Topics}, {flags, &c.Flags}} {
		if err := json.Unmarshal([]byte(f.text), f.into); err != nil {
			return c, err
		}
	}
	return c, nil
}

const clockColumns = `case_id, name, scheme, start_on, due_on, base_due, steps, calendar, promised, met_at, met_by, defined_at, stopped_at`

func scanClock(row scanner) (c Clock, err error) {
	var start, due, base, steps, promised string
	var met, defined, stopped int64
	if err = row.Scan(&c.Case, &c.Name, &c.Scheme, &start, &due, &base, &steps, &c.Calendar, &promised, &met, &c.MetBy, &defined, &stopped); err != nil {
		return c, err
	}
	if c.Start, err = dateOf(start); err != nil {
		return c, err
	}
	if c.Due, err = dateOf(due); err != nil {
		return c, err
	}
	if c.BaseDue, err = dateOf(base); err != nil {
		return c, err
	}
	if c.Promised, err = dateOf(promised); err != nil {
		return c, err
	}
	c.MetAt, c.DefinedAt, c.StoppedAt = instant(met), instant(defined), instant(stopped)
	return c, json.Unmarshal([]byte(steps), &c.Steps)
}

const outgoingColumns = `o.id, o.key, o.kind, o.form, o.stage, o.case_id, o.message_id, o.reference, o.ordinal, o.way, o.to_name, o.to_addr,
	o.state, o.attempt, o.begun, o.awaited, o.failures, o.resend, o.not_before, o.deadline_at, o.lease_until, o.mail_id, o.bytes, o.subject, o.note, o.why,
	o.promised, o.created_at, o.begun_at, o.sent_at, o.about, o.large_print, o.language`

func scanOutgoing(row scanner) (o Outgoing, err error) {
	var promised, about string
	var large, resend, notBefore, deadline, lease, created, begun, sent int64
	err = row.Scan(&o.ID, &o.Key, &o.Kind, &o.Form, &o.Stage, &o.Case, &o.Message, &o.Reference, &o.Ordinal, &o.Way, &o.To.Name, &o.To.Address,
		&o.State, &o.Attempt, &o.begun, &o.awaited, &o.Failures, &resend, &notBefore, &deadline, &lease, &o.MessageID, &o.Bytes, &o.Subject, &o.Note, &o.Why,
		&promised, &created, &begun, &sent, &about, &large, &o.Language)
	if err != nil {
		return o, err
	}
	o.Resend, o.LargePrint = resend == 1, large == 1
	o.NotBefore, o.Deadline, o.LeaseUntil = instant(notBefore), instant(deadline), instant(lease)
	o.CreatedAt, o.BegunAt, o.SentAt = instant(created), instant(begun), instant(sent)
	if about != "" {
		o.About = &About{}
		if err := json.Unmarshal([]byte(about), o.About); err != nil {
			return o, err
		}
	}
	o.Promised, err = dateOf(promised)
	return o, err
}

// collect appends each scanned row to a list.
func collect[T any](list *[]T, scan func(scanner) (T, error)) func(*sql.Rows) error {
	return func(rows *sql.Rows) error {
		v, err := scan(rows)
		if err == nil {
			*list = append(*list, v)
		}
		return err
	}
}

// notMissing is err, unless it says that there is no such row.
func notMissing(err error) error {
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// row reads one row of those columns within a transaction.
func row[T any](t *tx, scan func(scanner) (T, error), query string, args ...any) (T, error) {
	s, err := t.stmt(query) //nolint:sqlclosecheck // kept for the connection's life, closed with it
	if err != nil {
		var none T
		return none, err
	}
	v, err := scan(s.QueryRowContext(t.ctx, args...))
	if err == sql.ErrNoRows { //nolint:errorlint // Scan returns it bare
		err = ErrNotFound
	}
	return v, err
}
