package register

import (
	"context"
	"errors"
	"fmt"
	"time"

	"postroom/internal/workday"
)

// DigestFacts is the morning's list for the team lead: what must be done
// today, and what is wrong. It holds references and no resident's words.
type DigestFacts struct {
	Day      workday.Date `json:"day"`
	DueToday []DigestLine `json:"due_today"`
	Overdue  []DigestLine `json:"overdue"`
	Left     int          `json:"left"` // lines that were left out of the two lists
	Waiting  int          `json:"waiting"`
	Unread   int          `json:"unread"`
	Tray     int          `json:"tray"`   // letters to be printed and posted
	Held     int          `json:"held"`   // replies that wait for a person
	Failed   int          `json:"failed"` // refused, or nobody knows whether they arrived
	Alarms   int          `json:"alarms"`
	Promises int          `json:"promises"` // outstanding actions whose day has passed
	Hazards  int          `json:"hazards"`  // duties about hazards that are due by tonight
	Troubles []string     `json:"troubles"` // sentences about mailboxes and the calendar
}

// A DigestLine is one case or message, and what is due of it.
type DigestLine struct {
	Reference string       `json:"reference"`
	What      string       `json:"what"` // a clock's name, or "decision"
	Due       workday.Date `json:"due"`
}

// digestLines bounds each list of a digest.
const digestLines = 40

// calendarAhead is how far ahead bank holidays must be known.
const calendarAhead = 120

// OweDigest owes the morning's list to each recipient, once a working day,
// from the policy's time on.
func (r *Register) OweDigest(ctx context.Context, at time.Time, to []Recipient) ([]Hint, error) {
	day := workday.DateOf(at)
	from := day.Start().Add(time.Duration(r.cfg.Policy.DigestHour)*time.Hour + time.Duration(r.cfg.Policy.DigestMin)*time.Minute)
	if at.Before(from) || !r.cfg.Calendar.IsWorking(day) {
		return nil, nil
	}
	var missing []Recipient
	for _, rcpt := range to {
		known, err := r.ids(ctx, `SELECT id FROM outgoing WHERE key = $1`, digestKey(day, rcpt))
		if err != nil {
			return nil, wrap("owe digest", err)
		}
		if len(known) == 0 {
			missing = append(missing, rcpt)
		}
	}
	if len(missing) == 0 {
		return nil, nil
	}
	facts, err := r.Digest(ctx, at)
	if err != nil {
		return nil, err
	}
	hints, errs, err := batch(ctx, r, missing, func(t *tx, rcpt Recipient) (Hint, error) {
		return r.owe(t, Outgoing{
			Key: digestKey(day, rcpt), Kind: MorningDigest, Ordinal: 1, Way: rcpt.Way, To: Address{Address: rcpt.Address},
			Deadline: day.End(), About: &About{Digest: &facts},
		})
	})
	var owed []Hint
	for _, h := range hints {
		if h.ID != "" {
			owed = append(owed, h)
		}
	}
	return owed, wrap("owe digest", errors.Join(append(errs, err)...))
}

func digestKey(day workday.Date, to Recipient) string {
	return "digest/" + day.String() + "/" + mailbox(to.Address)
}

// What was due from one day to another: so many of it, and how many there are.
const (
	digestUndecided = `SELECT reference, 'decision', deadline, count(*) OVER () FROM message
		WHERE state IN ('arrived', 'review') AND history = 0 AND length(case_id) = 0 AND deadline >= $1 AND deadline <= $2 ORDER BY deadline, reference LIMIT $3`
	digestClocks = `SELECT reference, name, day, count(*) OVER () FROM (
			SELECT c.reference, k.name, CASE WHEN k.promised <> '' AND k.promised < k.due_on THEN k.promised ELSE k.due_on END AS day
			FROM clock k JOIN cases c ON c.id = k.case_id AND c.kind = 'complaint'
			WHERE k.met_at = 0 AND k.stopped_at = 0 AND (k.due_on <= $2 OR (k.promised <> '' AND k.promised <= $2))) d
		WHERE day >= $1 ORDER BY day, reference, name LIMIT $3`
)

// Digest gathers the morning's list.
func (r *Register) Digest(ctx context.Context, at time.Time) (DigestFacts, error) {
	f := DigestFacts{Day: workday.DateOf(at)}
	for _, of := range []struct {
		lines       *[]DigestLine
		first, last workday.Date
	}{{&f.Overdue, workday.Date{}, f.Day.AddDays(-1)}, {&f.DueToday, f.Day, f.Day}} {
		for _, query := range []string{digestUndecided, digestClocks} {
			all := 0
			lines, err := list(ctx, r, "digest", func(row scanner) (DigestLine, error) {
				return scanDigestLine(moreColumns{row, []any{&all}})
			}, query, dateText(of.first), dateText(of.last), digestLines)
			if err != nil {
				return f, err
			}
			lines = lines[:min(len(lines), digestLines-len(*of.lines))]
			*of.lines = append(*of.lines, lines...)
			f.Left += all - len(lines)
		}
	}
	if err := r.digestCounts(ctx, &f, at); err != nil {
		return f, wrap("digest", err)
	}
	return f, r.digestTroubles(ctx, &f)
}

func scanDigestLine(row scanner) (l DigestLine, err error) {
	var due string
	if err = row.Scan(&l.Reference, &l.What, &due); err != nil {
		return l, err
	}
	l.Due, err = dateOf(due)
	return l, err
}

func (r *Register) digestCounts(ctx context.Context, f *DigestFacts, at time.Time) error {
	for _, q := range []struct {
		query string
		args  []any
		into  *int
	}{
		{`SELECT count(*) FROM message WHERE state = 'review'`, nil, &f.Waiting},
		{`SELECT count(*) FROM message WHERE state = 'arrived'`, nil, &f.Unread},
		{`SELECT count(*) FROM outgoing WHERE way = 'letter' AND state IN ('owed', 'sending', 'to_print', 'held', 'refused', 'unknown') AND state = 'to_print'`, nil, &f.Tray},
		{`SELECT count(*) FROM outgoing WHERE state IN ('held', 'refused', 'unknown') AND state = 'held'`, nil, &f.Held},
		{`SELECT count(*) FROM outgoing WHERE state IN ('held', 'refused', 'unknown') AND state <> 'held'`, nil, &f.Failed},
		{`SELECT count(*) FROM alarm WHERE taken_at = 0`, nil, &f.Alarms},
		{`SELECT count(*) FROM action WHERE done_at = 0 AND due_on <> '' AND due_on < $1`, []any{dateText(f.Day)}, &f.Promises},
		{`SELECT count(*) FROM hazard_duty d JOIN hazard h ON h.id = d.hazard_id WHERE d.done_at = 0 AND d.due_at <= $1 AND h.ended_at = 0`, []any{micros(workday.DateOf(at).End())}, &f.Hazards},
	} {
		if err := r.db.QueryRowContext(ctx, q.query, q.args...).Scan(q.into); err != nil {
			return err
		}
	}
	return nil
}

// digestTroubles names what an operator must look at.
func (r *Register) digestTroubles(ctx context.Context, f *DigestFacts) error {
	s, err := r.Status(ctx)
	if err != nil {
		return err
	}
	for _, m := range s.Mailboxes {
		if m.Problem != "" {
			f.Troubles = append(f.Troubles, fmt.Sprintf("Mailbox %s: %s", m.Mailbox, m.Problem))
		}
		if m.Parked > 0 {
			f.Troubles = append(f.Troubles, fmt.Sprintf("Mailbox %s: mails that could not be taken in: %d.", m.Mailbox, m.Parked))
		}
	}
	if !r.cfg.Calendar.Covers(f.Day.AddDays(calendarAhead)) {
		f.Troubles = append(f.Troubles, fmt.Sprintf("The bank holidays are known only to the end of %d. Add the newer list from GOV.UK.", r.cfg.Calendar.LastYear()))
	}
	return nil
}
