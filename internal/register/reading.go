package register

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"
)

// ids reads a list of ids.
func (r *Register) ids(ctx context.Context, query string, args ...any) ([]ID, error) {
	rows, err := r.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	var ids []ID
	err = drain(rows, collect(&ids, func(s scanner) (id ID, err error) { return id, s.Scan(&id) }))
	return ids, err
}

// Unread lists up to n messages that are registered and not read, oldest
// first, without those that a reader holds, and without letters
// (UnreadLetters).
func (r *Register) Unread(ctx context.Context, n int) ([]ID, error) {
	ids, err := r.unread(ctx, `SELECT id FROM message WHERE state = 'arrived' AND channel <> 'letter' AND lease_until <= $1 ORDER BY registered_at, id LIMIT $2`, n)
	return ids, wrap("unread", err)
}

func (r *Register) unread(ctx context.Context, query string, n int) ([]ID, error) {
	now, err := r.leaseClock(ctx)
	if err != nil {
		return nil, err
	}
	return r.ids(ctx, query, micros(now), n)
}

// BeginReading counts an attempt and leases the messages to this reader. Of
// several ids it takes only those that were never begun: one that was begun
// and not finished may have ended its reader, and is to be read alone, where
// it cannot take healthy neighbours with it. A message that was begun limit
// times already goes to review and is left out, as is one that another reader
// holds.
func (r *Register) BeginReading(ctx context.Context, ids []ID, lease time.Duration, limit int) ([]Message, error) {
	most := limit + 1
	if len(ids) > 1 {
		most = 0
	}
	found, errs, err := batch(ctx, r, ids, func(t *tx, id ID) (*Message, error) { return r.beginReading(t, id, lease, limit, most) })
	if err != nil {
		return nil, wrap("begin reading", err)
	}
	var out []Message
	for _, m := range found {
		if m != nil {
			out = append(out, *m)
		}
	}
	return out, wrap("begin reading", errors.Join(errs...))
}

// Unbegin takes back that readings were begun: what they need is away, which
// is no fault of the messages'. Of one that another reader has begun since
// nothing is taken back.
func (r *Register) Unbegin(ctx context.Context, begun []Message) error {
	_, errs, err := batch(ctx, r, begun, func(t *tx, m Message) (bool, error) {
		n, err := t.affected(`UPDATE message SET attempts = attempts - 1, lease_until = 0 WHERE id = $1 AND state = 'arrived' AND attempts = $2`, m.ID, m.Attempts)
		return n > 0, err
	})
	return wrap("unbegin", errors.Join(err, errors.Join(errs...)))
}

// LeastBegun lists the ids of those that are still to be read, the ones whose
// reading was begun least often first. Whatever ends readers is so read last:
// a message that is merely next when a machine goes down again and again
// does not collect all the blame, and none waits behind one that kills.
func (r *Register) LeastBegun(ctx context.Context, ids []ID) ([]ID, error) {
	type suspect struct {
		id       ID
		attempts int
	}
	var found []suspect
	for _, id := range ids {
		s := suspect{id: id}
		err := r.db.QueryRowContext(ctx, `SELECT attempts FROM message WHERE id = $1 AND state = 'arrived'`, id).Scan(&s.attempts)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return nil, wrap("least begun", err)
		}
		found = append(found, s)
	}
	slices.SortStableFunc(found, func(a, b suspect) int { return cmp.Compare(a.attempts, b.attempts) })
	out := make([]ID, len(found))
	for i, s := range found {
		out[i] = s.id
	}
	return out, nil
}

func (r *Register) beginReading(t *tx, id ID, lease time.Duration, limit, most int) (*Message, error) {
	now, err := r.leaseNow(t)
	if err != nil {
		return nil, err
	}
	n, err := t.affected(`UPDATE message SET attempts = attempts + 1, lease_until = $1 WHERE id = $2 AND state = 'arrived' AND lease_until <= $3 AND attempts <= $4`,
		micros(now.Add(lease)), id, micros(now), most)
	if err != nil || n == 0 {
		return nil, err
	}
	m, err := messageByID(t, id)
	if err != nil || m.Attempts <= limit {
		return &m, err
	}
	m.State, m.Problem = InReview, "this message could not be read: reading it was begun and not finished several times. The original is kept and can be downloaded."
	err = t.exec(`UPDATE message SET state = 'review', problem = $1, lease_until = 0, version = version + 1 WHERE id = $2`, m.Problem, id)
	if err != nil {
		return nil, err
	}
	return nil, t.note(messageSubject(id), "postroom", "to_review", detail{"why": "reading_failed"})
}

// Holders finds what each message's signs point at: our own mails by their
// Message-IDs, references, and messages that we hold.
func (r *Register) Holders(ctx context.Context, signs []Signs) ([][]Holder, error) {
	out := make([][]Holder, len(signs))
	for i, s := range signs {
		var err error
		if out[i], err = r.holders(ctx, s); err != nil {
			return nil, wrap("holders", err)
		}
	}
	return out, nil
}

// signLimit bounds how many signs of one message are looked up: a mail may
// carry thousands.
const signLimit = 50

func (r *Register) holders(ctx context.Context, s Signs) ([]Holder, error) {
	var found []Holder
	look := func(why, query string, values []string) error {
		for _, v := range values[max(0, len(values)-signLimit):] {
			hs, err := r.holder(ctx, s, why, query, v)
			if err != nil {
				return err
			}
			found = append(found, hs...)
		}
		return nil
	}
	err := look("our_message_id", `SELECT case_id, message_id FROM outgoing WHERE mail_id = $1 AND kind <> 'alert' LIMIT 5`, s.MessageIDs)
	if err == nil {
		err = look("reference", `SELECT case_id, id FROM message WHERE reference = $1 UNION SELECT id, message_id FROM cases WHERE reference = $1 LIMIT 5`, s.References)
	}
	if err == nil {
		err = look("thread", `SELECT case_id, id FROM message WHERE mail_id = $1 LIMIT 5`, s.MessageIDs)
	}
	return dedupe(found), err
}

func (r *Register) holder(ctx context.Context, s Signs, why, query, value string) ([]Holder, error) {
	if value == "" {
		return nil, nil
	}
	rows, err := r.db.QueryContext(ctx, query, clean(value))
	if err != nil {
		return nil, err
	}
	var hs []Holder
	err = drain(rows, func(rows *sql.Rows) error {
		h := Holder{Why: why}
		err := rows.Scan(&h.Case, &h.Message)
		if h.Message != s.Message || h.Case != "" {
			hs = append(hs, h)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	for i := range hs {
		if err := r.fillHolder(ctx, &hs[i], s.Sender); err != nil {
			return nil, err
		}
	}
	return hs, nil
}

func (r *Register) fillHolder(ctx context.Context, h *Holder, sender string) error {
	if h.Case == "" {
		err := r.db.QueryRowContext(ctx, `SELECT state FROM message WHERE id = $1`, h.Message).Scan(&h.MessageState)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	}
	c, err := r.living(ctx, h.Case)
	if err != nil {
		return err
	}
	var people int
	err = r.db.QueryRowContext(ctx, `SELECT count(*) FROM case_person WHERE address = $2 AND case_id IN (`+familyOf+`)`, c.ID, mailbox(sender)).Scan(&people)
	h.Case, h.Kind, h.Stage, h.Closed, h.Belongs = c.ID, c.Kind, c.Stage, !c.ClosedAt.IsZero(), people > 0
	h.Stage1Answered, h.Stage2Answered = !c.Answered1At.IsZero(), !c.Answered2At.IsZero()
	return err
}

// living follows the signposts of merged cases to the one that lives on.
func (r *Register) living(ctx context.Context, id ID) (Case, error) {
	for seen := map[ID]bool{}; ; {
		c, err := get(ctx, r, "living case", scanCase, `SELECT `+caseColumns+` FROM cases c WHERE c.id = $1`, id)
		if err != nil || c.MergedInto == "" || seen[id] {
			return c, err
		}
		seen[id] = true
		id = c.MergedInto
	}
}

// dedupe keeps the first sign that points at each case or message.
func dedupe(hs []Holder) []Holder {
	seen := map[string]bool{}
	var out []Holder
	for _, h := range hs {
		key := "case:" + h.Case
		if h.Case == "" {
			key = "message:" + h.Message
		}
		if !seen[key] {
			seen[key] = true
			out = append(out, h)
		}
	}
	return out
}
