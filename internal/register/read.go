package register

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// get reads one row outside a transaction.
func get[T any](ctx context.Context, r *Register, verb string, scan func(scanner) (T, error), query string, args ...any) (T, error) {
	v, err := scan(r.db.QueryRowContext(ctx, query, args...))
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	return v, wrap(verb, err)
}

// list reads rows outside a transaction.
func list[T any](ctx context.Context, r *Register, verb string, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := r.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, wrap(verb, err)
	}
	var out []T
	return out, wrap(verb, drain(rows, collect(&out, scan)))
}

// GetMessage reads a message as it stands.
func (r *Register) GetMessage(ctx context.Context, id ID) (Message, error) {
	return get(ctx, r, "get message", scanMessage, `SELECT `+messageColumns+messageTables+`WHERE m.id = $1`, id)
}

// FindReference reads the message that was given this reference.
func (r *Register) FindReference(ctx context.Context, ref string) (Message, error) {
	return get(ctx, r, "find reference", scanMessage, `SELECT `+messageColumns+messageTables+`WHERE m.reference = $1`, ref)
}

// Messages lists up to n messages registered since then, newest first.
func (r *Register) Messages(ctx context.Context, since time.Time, n int) ([]Message, error) {
	return list(ctx, r, "messages", scanMessage, `SELECT `+messageColumns+messageTables+`WHERE m.registered_at >= $1
		ORDER BY m.registered_at DESC, m.id DESC LIMIT $2`, micros(since), n)
}

// GetCase reads a case and its clocks.
func (r *Register) GetCase(ctx context.Context, id ID) (Case, []Clock, error) {
	c, err := get(ctx, r, "get case", scanCase, `SELECT `+caseColumns+` FROM cases c WHERE c.id = $1`, id)
	if err != nil {
		return c, nil, err
	}
	clocks, err := list(ctx, r, "get case", scanClock, `SELECT `+clockColumns+` FROM clock WHERE case_id = $1 ORDER BY name`, id)
	return c, clocks, err
}

// CaseMessages lists the messages of a case and of those that were merged
// into it, oldest first.
func (r *Register) CaseMessages(ctx context.Context, caseID ID) ([]Message, error) {
	return list(ctx, r, "case messages", scanMessage, `SELECT `+messageColumns+messageTables+`WHERE m.case_id IN (`+familyOf+`) ORDER BY m.received_at, m.id`, caseID)
}

// GetOutgoing reads one outgoing.
func (r *Register) GetOutgoing(ctx context.Context, id ID) (Outgoing, error) {
	return get(ctx, r, "get outgoing", scanOutgoing, `SELECT `+outgoingColumns+` FROM outgoing o WHERE o.id = $1`, id)
}

// Outgoings lists up to n outgoing, newest first.
func (r *Register) Outgoings(ctx context.Context, n int) ([]Outgoing, error) {
	return list(ctx, r, "outgoings", scanOutgoing, `SELECT `+outgoingColumns+` FROM outgoing o ORDER BY o.created_at DESC, o.id DESC LIMIT $1`, n)
}

// CaseOutgoings lists the outgoing of a case, oldest first.
func (r *Register) CaseOutgoings(ctx context.Context, caseID ID) ([]Outgoing, error) {
	return list(ctx, r, "case outgoings", scanOutgoing, `SELECT `+outgoingColumns+` FROM outgoing o WHERE o.case_id = $1 ORDER BY o.created_at, o.id`, caseID)
}

// ForPeople lists up to n outgoing that are held, refused or unknown, most
// urgent first.
func (r *Register) ForPeople(ctx context.Context, n int) ([]Outgoing, error) {
	return list(ctx, r, "for people", scanOutgoing, `SELECT `+outgoingColumns+` FROM outgoing o WHERE o.state IN ('held', 'refused', 'unknown')
		ORDER BY o.deadline_at LIMIT $1`, n)
}

// Status counts what the status page shows.
func (r *Register) Status(ctx context.Context) (Status, error) {
	s := Status{LastKnownHoliday: r.cfg.Calendar.LastYear()}
	var undecided, unread, owed int64
	var deadline, unreadDeadline string
	for _, q := range []struct {
		query string
		into  []any
	}{
		{`SELECT count(*) FROM message WHERE state = 'arrived'`, []any{&s.Arrived}},
		{`SELECT count(*), COALESCE(min(received_at), 0), COALESCE(min(deadline), '') FROM message WHERE state = 'review' AND history = 0`, []any{&s.InReview, &undecided, &deadline}},
		{`SELECT COALESCE(min(received_at), 0), COALESCE(min(deadline), '') FROM message WHERE state = 'arrived' AND history = 0`, []any{&unread, &unreadDeadline}},
		{`SELECT count(*), COALESCE(min(created_at), 0) FROM outgoing WHERE state IN ('owed', 'sending')`, []any{&s.Owed, &owed}},
		{`SELECT count(*) FROM outgoing WHERE state IN ('held', 'refused', 'unknown') AND state = 'held'`, []any{&s.Held}},
		{`SELECT count(*) FROM outgoing WHERE way = 'letter' AND state IN ('owed', 'sending', 'to_print', 'held', 'refused', 'unknown') AND state = 'to_print'`, []any{&s.ToPrint}},
		{`SELECT count(*) FROM message WHERE paper_work <> '' AND state = 'review'`, []any{&s.PaperWork}},
		{`SELECT count(*) FROM outgoing WHERE state IN ('held', 'refused', 'unknown') AND state = 'refused'`, []any{&s.Failed}},
		{`SELECT count(*) FROM outgoing WHERE state IN ('held', 'refused', 'unknown') AND state = 'unknown'`, []any{&s.Uncertain}},
		{`SELECT count(*) FROM mailbox_uid WHERE state = 'parked'`, []any{&s.Parked}},
		{`SELECT count(*) FROM alarm WHERE taken_at = 0`, []any{&s.OpenAlarms}},
	} {
		if err := r.db.QueryRowContext(ctx, q.query).Scan(q.into...); err != nil {
			return s, wrap("status", err)
		}
	}
	if undecided == 0 || unread > 0 && unread < undecided {
		undecided = unread
	}
	if deadline == "" || unreadDeadline != "" && unreadDeadline < deadline {
		deadline = unreadDeadline
	}
	s.OldestUndecided, s.OldestOwed = instant(undecided), instant(owed)
	var err error
	if s.NextDeadline, err = dateOf(deadline); err != nil {
		return s, wrap("status", err)
	}
	s.Mailboxes, err = list(ctx, r, "status", scanMailbox, `SELECT mailbox, polled_at, last_uid, backlog, parked, unfiled, problem, problem_at, limited FROM mailbox_status ORDER BY mailbox`)
	return s, err
}

func scanMailbox(row scanner) (s MailboxStatus, err error) {
	var polled, problem, limited int64
	err = row.Scan(&s.Mailbox, &polled, &s.LastUID, &s.Backlog, &s.Parked, &s.Unfiled, &s.Problem, &problem, &limited)
	s.PolledAt, s.ProblemAt, s.Limited = instant(polled), instant(problem), limited == 1
	return s, err
}
