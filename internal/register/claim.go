package register

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"
)

// Claim takes those of the outgoing that are owed and due, or whose holder's
// lease has run out, most of it in one transaction. One that was begun and
// never settled (the one window that cannot be closed) is waited for once more
// (see awaitOutcome), and then comes back with Resend set, once; the second
// time it becomes Uncertain, raises an alarm and is left out.
func (r *Register) Claim(ctx context.Context, ids []ID, lease time.Duration, w Windows) ([]Claimed, error) {
	all := &recentAll{window: w.All}
	found, errs, err := batch(ctx, r, ids, func(t *tx, id ID) (*Claimed, error) { return r.claim(t, id, lease, w, all) })
	if err != nil {
		return nil, wrap("claim", err)
	}
	out, err := r.fillClaims(ctx, found)
	if err != nil {
		more, again := r.setAside(ctx, found, out)
		out, err = append(out, more...), errors.Join(err, again)
	}
	return out, wrap("claim", errors.Join(append(errs, err)...))
}

// fillClaims reads what guarding and rendering need of all that were claimed,
// beside the writer. What could not be read is left out.
func (r *Register) fillClaims(ctx context.Context, claimed []*Claimed) (out []Claimed, err error) {
	err = r.sides.do(ctx, r, func(t *tx) error {
		out = nil
		var errs []error
		for _, c := range claimed {
			if c == nil {
				continue
			}
			if err := r.fillClaim(t, c); err != nil {
				errs = append(errs, err)
				continue
			}
			out = append(out, *c)
		}
		return errors.Join(errs...)
	})
	return out, err
}

// setAside looks once more at what was claimed and not filled, and gives a
// person what cannot be read: trying it again would read the same.
func (r *Register) setAside(ctx context.Context, claimed []*Claimed, filled []Claimed) (out []Claimed, err error) {
	var unread []Claimed
	for _, c := range claimed {
		if c != nil && !slices.ContainsFunc(filled, func(f Claimed) bool { return f.ID == c.ID }) {
			unread = append(unread, *c)
		}
	}
	read, errs, err := batch(ctx, r, unread, func(t *tx, c Claimed) (*Claimed, error) {
		err := r.fillClaim(t, &c)
		if err == nil || byDatabase(err) {
			return &c, err
		}
		return nil, r.toPeople(t, Outcome{ID: c.ID, Attempt: c.Attempt, Why: unreadWhy(c.Outgoing)}, Held, "held", "a reply is held for a person: "+unreadWhy(c.Outgoing))
	})
	for i, c := range read {
		if c != nil && errs[i] == nil && err == nil {
			out = append(out, *c)
		}
	}
	return out, errors.Join(append(errs, err)...)
}

// unreadWhy is why a reply waits for a person of which the register cannot be
// read.
func unreadWhy(o Outgoing) string {
	why := "what it is about cannot be read in the register, and the log says why"
	if o.Resend {
		why += "; it may have arrived already"
	}
	return why
}

// claim counts for the caps, too: within a slice each so counts those before it
// and not those after it, as one after the other would.
func (r *Register) claim(t *tx, id ID, lease time.Duration, w Windows, all *recentAll) (*Claimed, error) {
	if err := t.claimInTurn(); err != nil {
		return nil, err
	}
	now, err := r.leaseNow(t)
	if err != nil {
		return nil, err
	}
	o, err := outgoingByID(t, id)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil || !claimable(o, t.now, now) {
		return nil, err
	}
	if o.State == Sending && o.begun == o.Attempt {
		if o.awaited != o.Attempt && o.Kind != Alert {
			return nil, awaitOutcome(t, o, now)
		}
		if o.Resend {
			return nil, r.uncertain(t, o, "twice nobody could say whether it arrived")
		}
		o.Resend = true
	}
	if o.State == Sending && !o.Resend { // whoever held it is gone
		if err := follows(t, o); err != nil {
			return nil, err
		}
		if o, err = outgoingByID(t, id); err != nil {
			return nil, err
		}
		if o.State != Sending {
			return nil, nil
		}
	}
	err = t.changed(`UPDATE outgoing SET state = 'sending', attempt = attempt + 1, lease_until = $1, resend = $2
		WHERE id = $3 AND attempt = $4 AND state = $5`, micros(now.Add(lease)), bit(o.Resend), o.ID, o.Attempt, o.State)
	if errors.Is(err, ErrConflict) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	o.State, o.Attempt, o.LeaseUntil = Sending, o.Attempt+1, now.Add(lease)
	c := &Claimed{Outgoing: o}
	return c, countRecent(t, c, w, all)
}

// claimInTurn has one transaction after the other claim, on whatever machine:
// two at the same moment would not count each other's, and together send more
// than a cap lets go. SQLite has one that writes anyhow.
func (t *tx) claimInTurn() error {
	if t.sqlite || t.claims {
		return nil
	}
	t.claims = true
	return t.exec(`SELECT pg_advisory_xact_lock(7766959, hashtext(current_schema()))`)
}

// outcomeTime is how long an outcome is waited for once more: a transaction
// that a frozen machine left open is ended after a minute, and a write that
// hung behind it is tried again within half of one.
const outcomeTime = 2 * time.Minute

// awaitOutcome gives whoever began a mail a last chance to say what became of
// it. That nobody said so within the lease may be our own doing: while the
// database was away, full or locked, no outcome could be written. Who waits
// to write one tries every few seconds. That this line can be written, which
// stands where the outcome's would, shows that they can; so the time counts
// from now on. An alert goes once more without delay.
func awaitOutcome(t *tx, o Outgoing, now time.Time) error {
	n, err := t.affected(`UPDATE outgoing SET awaited = attempt, lease_until = $1 WHERE id = $2 AND attempt = $3 AND state = 'sending' AND awaited <> attempt`,
		micros(now.Add(outcomeTime)), o.ID, o.Attempt)
	if err != nil || n == 0 {
		return err
	}
	return t.note(historyOf(o), "postroom", "outcome_awaited", detail{"outgoing": o.ID, "attempt": strconv.Itoa(o.Attempt)})
}

func claimable(o Outgoing, now, leaseNow time.Time) bool {
	switch o.State {
	case Owed:
		return !o.NotBefore.After(now)
	case Sending:
		return !o.LeaseUntil.After(leaseNow)
	case ToPrint, Delivered, Held, Failed, Uncertain, Cancelled:
	}
	return false
}

func outgoingByID(t *tx, id ID) (Outgoing, error) {
	return row(t, scanOutgoing, `SELECT `+outgoingColumns+` FROM outgoing o WHERE o.id = $1`, id)
}

// fillClaim reads all else that guarding and rendering need. An alert says
// little of it, and calls people also where it cannot be read.
func (r *Register) fillClaim(t *tx, c *Claimed) error {
	err := r.fill(t, c)
	if c.Kind == Alert && !byDatabase(err) {
		return nil
	}
	return err
}

func (r *Register) fill(t *tx, c *Claimed) error {
	if c.Message != "" {
		m, err := messageByID(t, c.Message)
		if err != nil {
			return err
		}
		c.TheMessage = &m
	}
	if c.Case == "" {
		return nil
	}
	k, err := caseByID(t, c.Case)
	if err != nil {
		return err
	}
	c.TheCase = &k
	if c.Clocks, err = clocksOf(t, c.Case); err != nil {
		return err
	}
	return r.project(t, c.Clocks, c.Outgoing, c.TheMessage)
}

// recentAll counts everything that went out, once a batch: counting it anew
// for each item would cost more than the item.
type recentAll struct {
	window time.Duration
	begun  int
	at     time.Time
}

// countRecent counts what began to go out by itself within the windows, and
// what other workers hold at this moment. The limits stand in the statements:
// SQLite would prepare one anew each time that it is given another limit.
func countRecent(t *tx, c *Claimed, w Windows, all *recentAll) error {
	err := t.one(`SELECT (SELECT count(*) FROM (SELECT 1 FROM outgoing WHERE to_key <> '' AND to_key = (SELECT to_key FROM outgoing WHERE id = $1) AND id <> $1 AND kind <> 'alert'
				AND (begun_at >= $2 OR state = 'sending') LIMIT 2000) x),
			(SELECT count(*) FROM (SELECT 1 FROM outgoing WHERE $3 <> '' AND case_id = $3 AND id <> $1 AND kind <> 'alert'
				AND (begun_at >= $4 OR state = 'sending') LIMIT 2000) x)`,
		[]any{c.ID, since(t.now, w.Recipient), c.Case, since(t.now, w.Case)}, &c.Recent.Recipient, &c.Recent.Case)
	if err == nil && all.at != t.now {
		all.at = t.now
		err = t.one(`SELECT count(*) FROM (SELECT 1 FROM outgoing WHERE begun_at <> 0 AND begun_at >= $1 LIMIT 20000) x`, []any{since(t.now, w.All)}, &all.begun)
	}
	c.Recent.All = all.begun
	all.begun++
	return err
}

// since is the start of a window; no window counts nothing.
func since(now time.Time, window time.Duration) int64 {
	if window <= 0 {
		return micros(now.AddDate(100, 0, 0))
	}
	return micros(now.Add(-window))
}

// Due lists up to n outgoing that can be claimed at that time, most urgent
// first: what the queue would say, from the truth.
func (r *Register) Due(ctx context.Context, at time.Time, n int) ([]Hint, error) {
	return r.due(ctx, `SELECT id, not_before, deadline_at FROM outgoing
		WHERE state IN ('owed', 'sending') AND ((state = 'owed' AND not_before <= $1) OR (state = 'sending' AND lease_until <= $2))
		ORDER BY deadline_at, not_before, id LIMIT $3`, at, n)
}

// DueToSystems lists what Due does of the alerts that go to other systems:
// they need no mail server.
func (r *Register) DueToSystems(ctx context.Context, at time.Time, n int) ([]Hint, error) {
	return r.due(ctx, `SELECT id, not_before, deadline_at FROM outgoing
		WHERE state IN ('owed', 'sending') AND way = 'webhook' AND ((state = 'owed' AND not_before <= $1) OR (state = 'sending' AND lease_until <= $2))
		ORDER BY deadline_at, not_before, id LIMIT $3`, at, n)
}

func (r *Register) due(ctx context.Context, query string, at time.Time, n int) ([]Hint, error) {
	lease, err := r.leaseClock(ctx)
	if err != nil {
		return nil, wrap("due", err)
	}
	rows, err := r.db.QueryContext(ctx, query, micros(at), micros(lease), n)
	if err != nil {
		return nil, wrap("due", err)
	}
	var hints []Hint
	err = drain(rows, collect(&hints, func(s scanner) (h Hint, err error) {
		var notBefore, deadline int64
		err = s.Scan(&h.ID, &notBefore, &deadline)
		h.NotBefore, h.Deadline = instant(notBefore), instant(deadline)
		return h, err
	}))
	return hints, wrap("due", err)
}
