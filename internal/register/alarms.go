package register

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"time"

	"postroom/internal/workday"
)

// Raise calls people. An alarm of the same kind about the same thing that
// nobody has taken is not raised twice.
func (r *Register) Raise(ctx context.Context, a Alarm) error {
	return wrap("raise", r.writes.do(ctx, func(t *tx) error {
		var open int
		err := t.one(`SELECT count(*) FROM alarm WHERE kind = $1 AND message_id = $2 AND outgoing_id = $3 AND taken_at = 0`,
			[]any{a.Kind, a.Message, a.Outgoing}, &open)
		if err != nil || open > 0 {
			return err
		}
		return raise(t, fmt.Sprintf("%s/%s/%s/%d", a.Kind, a.Message, a.Outgoing, micros(t.now)), a)
	}))
}

// Warn raises a deadline alarm for each undecided message, and each
// acknowledgement that is owed, whose deadline is one of Policy.WarnDays
// working days away or nearer: once for each of those days. It returns how
// many it raised.
func (r *Register) Warn(ctx context.Context, at time.Time) (int, error) {
	today, raised := workday.DateOf(at), 0
	for _, days := range r.cfg.Policy.WarnDays {
		until := r.cfg.Calendar.Add(today, days)
		near, err := r.near(ctx, until)
		if err != nil {
			return raised, wrap("warn", err)
		}
		rang, errs, err := batch(ctx, r, near, func(t *tx, a Alarm) (bool, error) {
			key := "deadline/" + a.Message + a.Outgoing + "/" + strconv.Itoa(days)
			var known int
			if err := t.one(`SELECT count(*) FROM alarm WHERE key = $1`, []any{key}, &known); err != nil || known > 0 {
				return false, err
			}
			return true, raise(t, key, a)
		})
		for i, e := range errs {
			if rang[i] {
				raised++
			}
			if err == nil {
				err = e
			}
		}
		if err != nil {
			return raised, wrap("warn", err)
		}
	}
	return raised, nil
}

// nearLimit bounds one pass of warnings; the next pass takes the rest.
const nearLimit = 500

// near lists what nobody has answered and must be answered by that day.
func (r *Register) near(ctx context.Context, until workday.Date) ([]Alarm, error) {
	var near []Alarm
	for _, q := range []struct {
		query string
		arg   any
		make  func(id ID) Alarm
	}{
		{
			`SELECT id FROM message WHERE state IN ('review', 'arrived') AND history = 0 AND case_id = '' AND deadline <= $1 ORDER BY deadline LIMIT $2`,
			dateText(until),
			func(id ID) Alarm {
				return Alarm{Kind: DeadlineAlarm, Message: id, Note: "a message waits for a decision and its deadline is near"}
			},
		},
		{
			// Paper needs hands, and days: a letter is near its deadline sooner.
			`SELECT id FROM outgoing WHERE way = 'letter' AND state IN ('owed', 'sending', 'to_print', 'held', 'refused', 'unknown') AND kind IN ('acknowledgement', 'answer', 'extension')
				AND deadline_at <= $1 ORDER BY deadline_at LIMIT $2`,
			micros(r.cfg.Calendar.Add(until, r.cfg.Policy.LetterDays).End()),
			func(id ID) Alarm {
				return Alarm{Kind: DeadlineAlarm, Outgoing: id, Note: "a letter has not been posted and must be in the post soon"}
			},
		},
		{
			`SELECT id FROM outgoing WHERE way <> 'letter' AND state IN ('owed', 'sending', 'to_print', 'held', 'refused', 'unknown') AND kind = 'acknowledgement' AND deadline_at <= $1 ORDER BY deadline_at LIMIT $2`,
			micros(until.End()),
			func(id ID) Alarm {
				return Alarm{Kind: DeadlineAlarm, Outgoing: id, Note: "an acknowledgement has not gone and its deadline is near"}
			},
		},
	} {
		ids, err := r.ids(ctx, q.query, q.arg, nearLimit)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			near = append(near, q.make(id))
		}
	}
	return near, nil
}

// Sound owes an alert to each recipient for each alarm that is due, and sets
// when the alarm sounds next: never, or again until it is taken.
func (r *Register) Sound(ctx context.Context, at time.Time, to []Recipient) ([]Hint, error) {
	rows, err := r.db.QueryContext(ctx, `SELECT `+alarmColumns+` FROM alarm WHERE taken_at = 0 AND next_at > 0 AND next_at <= $1 ORDER BY next_at LIMIT 100`, micros(at))
	if err != nil {
		return nil, wrap("sound", err)
	}
	var due []Alarm
	if err := drain(rows, collect(&due, scanAlarm)); err != nil {
		return nil, wrap("sound", err)
	}
	var hints []Hint
	sounded, errs, err := batch(ctx, r, due, func(t *tx, a Alarm) ([]Hint, error) { return r.sound(t, a, to) })
	for _, hs := range sounded {
		hints = append(hints, hs...)
	}
	for _, e := range errs {
		if err == nil {
			err = e
		}
	}
	return hints, wrap("sound", err)
}

func (r *Register) sound(t *tx, a Alarm, to []Recipient) ([]Hint, error) {
	var next time.Time
	if a.Kind.repeats() && r.cfg.Policy.AlarmRepeat > 0 {
		next = t.now.Add(r.cfg.Policy.AlarmRepeat)
	}
	n, err := t.affected(`UPDATE alarm SET times = times + 1, next_at = $1 WHERE id = $2 AND times = $3 AND taken_at = 0`, micros(next), a.ID, a.Times)
	if err != nil || n == 0 {
		return nil, err
	}
	reference, deadline, err := alarmContext(t, a)
	if err != nil {
		return nil, err
	}
	var hints []Hint
	for _, rcpt := range to {
		h, err := r.owe(t, Outgoing{
			Key: fmt.Sprintf("alarm/%s/%d/%s/%s", a.ID, a.Times+1, rcpt.Way, rcpt.Address), Kind: Alert, Ordinal: a.Times + 1,
			Case: a.Case, Message: a.Message, Reference: reference, Way: rcpt.Way, To: Address{Address: rcpt.Address},
			NotBefore: t.now, Deadline: deadline, Note: string(a.Kind) + ": " + a.Note,
		})
		if err != nil {
			return nil, err
		}
		if h.ID != "" {
			hints = append(hints, h)
		}
	}
	return hints, nil
}

// alarmContext finds the reference that an alert names. Alerts are more
// urgent than any reply.
func alarmContext(t *tx, a Alarm) (reference string, deadline time.Time, err error) {
	deadline = t.now
	switch {
	case a.Message != "":
		err = t.one(`SELECT reference FROM message WHERE id = $1`, []any{a.Message}, &reference)
	case a.Outgoing != "":
		err = t.one(`SELECT reference FROM outgoing WHERE id = $1`, []any{a.Outgoing}, &reference)
	}
	return reference, deadline, err
}

const alarmColumns = `id, kind, message_id, case_id, outgoing_id, note, raised_at, next_at, times, taken_at, taken_by`

func scanAlarm(row scanner) (a Alarm, err error) {
	var raised, next, taken int64
	err = row.Scan(&a.ID, &a.Kind, &a.Message, &a.Case, &a.Outgoing, &a.Note, &raised, &next, &a.Times, &taken, &a.TakenBy)
	a.RaisedAt, a.NextAt, a.TakenAt = instant(raised), instant(next), instant(taken)
	return a, err
}

// TakeAlarm records that a person has taken an alarm: it sounds no more.
// ErrConflict when somebody else took it.
func (r *Register) TakeAlarm(ctx context.Context, id ID, by string) error {
	return wrap("take alarm", r.writes.do(ctx, func(t *tx) error {
		err := t.changed(`UPDATE alarm SET taken_at = $1, taken_by = $2 WHERE id = $3 AND taken_at = 0`, micros(t.now), clean(by), id)
		if err != nil {
			return err
		}
		var message ID
		if err := t.one(`SELECT message_id FROM alarm WHERE id = $1`, []any{id}, &message); err != nil || message == "" {
			return err
		}
		return t.note(messageSubject(message), by, "alarm_taken", detail{"alarm": id})
	}))
}

// OpenAlarms lists alarms that nobody has taken, oldest first.
func (r *Register) OpenAlarms(ctx context.Context, n int) ([]Alarm, error) {
	rows, err := r.db.QueryContext(ctx, `SELECT `+alarmColumns+` FROM alarm WHERE taken_at = 0 ORDER BY raised_at LIMIT $1`, n)
	if err != nil {
		return nil, wrap("open alarms", err)
	}
	var open []Alarm
	err = drain(rows, func(rows *sql.Rows) error { return collect(&open, scanAlarm)(rows) })
	return open, wrap("open alarms", err)
}
