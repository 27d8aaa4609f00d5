package register

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
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

// Warn raises a deadline alarm for whatever nobody has answered: an undecided
// message, a letter to a resident that has not gone, a stage without its
// answer. Each is warned of once for each of Policy.WarnDays working days that
// its day is away or nearer, and once when its day has passed. Duties about
// hazards are warned of by their own law. It returns how many it raised.
//
// What one of them fails at keeps nothing from the others.
func (r *Register) Warn(ctx context.Context, at time.Time) (raised int, err error) {
	today := workday.DateOf(at)
	steps := []func() (int, error){func() (int, error) { return r.nearDuties(ctx, at, nearLimit) }}
	for _, days := range r.cfg.Policy.WarnDays {
		steps = append(steps,
			func() (int, error) { return r.warn(ctx, r.cfg.Calendar.Add(today, days), "/"+strconv.Itoa(days)) },
			func() (int, error) { return r.warnInformation(ctx, at, days, nearLimit) })
	}
	steps = append(steps, func() (int, error) { return r.warn(ctx, today.AddDays(-1), "/late") })
	for _, step := range steps {
		n, failed := step()
		raised, err = raised+n, errors.Join(err, failed)
		if isLost(failed) || ctx.Err() != nil {
			break
		}
	}
	return raised, wrap("warn", err)
}

// nearLimit bounds one pass of warnings; the next pass takes the rest.
const nearLimit = 500

// warn raises what is due by that day and was not raised under that suffix.
func (r *Register) warn(ctx context.Context, until workday.Date, suffix string) (int, error) {
	when, paper := "its deadline is near", r.cfg.Calendar.Add(until, r.cfg.Policy.LetterDays)
	if suffix == "/late" {
		when, paper = "its deadline has passed", until
	}
	near := map[string]Alarm{}
	var keys []string
	for _, q := range []struct {
		query string
		until any
		alarm func(id ID) Alarm
	}{
		{
			`SELECT m.id FROM message m WHERE m.state IN ('arrived', 'review') AND m.history = 0 AND length(m.case_id) = 0 AND m.deadline <= $1
				AND NOT EXISTS (SELECT 1 FROM alarm a WHERE a.key = 'deadline/' || m.id || $3) ORDER BY m.deadline LIMIT $2`, dateText(until),
			func(id ID) Alarm { return Alarm{Message: id, Note: "a message waits for a decision and " + when} },
		},
		{
			`SELECT o.id FROM outgoing o WHERE o.way <> 'letter' AND o.state IN ('owed', 'sending', 'to_print', 'held', 'refused', 'unknown')
				AND o.kind IN ('acknowledgement', 'extension', 'answer', 'not_accepted') AND o.deadline_at <= $1
				AND NOT EXISTS (SELECT 1 FROM alarm a WHERE a.key = 'deadline/' || o.id || $3) ORDER BY o.deadline_at LIMIT $2`, micros(until.End()),
			func(id ID) Alarm { return Alarm{Outgoing: id, Note: "a letter to a resident has not gone and " + when} },
		},
		{
			// Paper needs hands, and days: a letter is near its deadline sooner.
			`SELECT o.id FROM outgoing o WHERE o.way = 'letter' AND o.state IN ('owed', 'sending', 'to_print', 'held', 'refused', 'unknown')
				AND o.kind IN ('acknowledgement', 'extension', 'answer', 'not_accepted') AND o.deadline_at <= $1
				AND NOT EXISTS (SELECT 1 FROM alarm a WHERE a.key = 'deadline/' || o.id || $3) ORDER BY o.deadline_at LIMIT $2`, micros(paper.End()),
			func(id ID) Alarm {
				return Alarm{Outgoing: id, Note: "a letter has not been posted and must be in the post soon: " + when}
			},
		},
		{
			`SELECT k.case_id || '/' || k.name FROM clock k JOIN cases c ON c.id = k.case_id AND c.kind = 'complaint'
				WHERE k.met_at = 0 AND k.stopped_at = 0 AND k.name IN ('stage1_answer', 'stage2_answer') AND (k.due_on <= $1 OR (k.promised <> '' AND k.promised <= $1))
				AND NOT EXISTS (SELECT 1 FROM alarm a WHERE a.key = 'deadline/' || k.case_id || '/' || k.name || $3) ORDER BY k.due_on LIMIT $2`, dateText(until),
			func(id ID) Alarm {
				caseID, name, _ := strings.Cut(id, "/")
				return Alarm{Case: caseID, Note: strings.Replace(strings.Replace(name, "stage", "stage ", 1), "_", " ", 1) + " has not been given and " + when}
			},
		},
	} {
		ids, err := r.ids(ctx, q.query, q.until, nearLimit, suffix)
		if err != nil {
			return 0, err
		}
		for _, id := range ids {
			key := "deadline/" + id + suffix
			near[key] = q.alarm(id)
			keys = append(keys, key)
		}
	}
	rang, errs, err := batch(ctx, r, keys, func(t *tx, key string) (bool, error) {
		a := near[key]
		a.Kind = DeadlineAlarm
		return raiseNew(t, key, a)
	})
	return count(rang), errors.Join(append(errs, err)...)
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
			Deadline: deadline, Note: string(a.Kind) + ": " + a.Note,
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
	case a.Case != "":
		err = t.one(`SELECT reference FROM cases WHERE id = $1`, []any{a.Case}, &reference)
	case a.Outgoing != "":
		err = t.one(`SELECT reference FROM outgoing WHERE id = $1`, []any{a.Outgoing}, &reference)
	}
	return reference, deadline, notMissing(err)
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

// OpenAlarms lists alarms that nobody has taken, oldest first, with the
// reference of what each is about.
func (r *Register) OpenAlarms(ctx context.Context, n int) ([]Alarm, error) {
	return list(ctx, r, "open alarms", func(row scanner) (Alarm, error) {
		var reference string
		a, err := scanAlarm(moreColumns{row, []any{&reference}})
		a.Reference = reference
		return a, err
	}, `SELECT `+alarmColumns+`, COALESCE((SELECT m.reference FROM message m WHERE m.id = alarm.message_id),
			(SELECT c.reference FROM cases c WHERE c.id = alarm.case_id), (SELECT o.reference FROM outgoing o WHERE o.id = alarm.outgoing_id), '')
		FROM alarm WHERE taken_at = 0 ORDER BY raised_at LIMIT $1`, n)
}
