package register

import (
	"database/sql"
	"time"

	"postroom/internal/workday"
)

// AcknowledgeBy is the last day on which a message received then is answered
// in time (Code 6.2). Schemes without an acknowledgement of their own at
// stage 1 still answer every message within their shortest clock.
func (r *Register) AcknowledgeBy(received time.Time) workday.Date {
	scheme := r.schemeFor(received)
	due, ok := scheme.ClockFor(r.cfg.Calendar, workday.Stage1Acknowledgement, received, workday.Date{})
	if !ok {
		due, _ = scheme.ClockFor(r.cfg.Calendar, workday.Stage1Answer, received, workday.Date{})
	}
	return due.Due
}

// ReceivedBy is the moment of receipt for a day that somebody names without a
// time: now, if it is today, and never one that the scheme's cut-off counts for
// the day after.
func (r *Register) ReceivedBy(day workday.Date, now time.Time) time.Time {
	last := r.schemeFor(day.Start()).LastReceipt(day)
	if day == workday.DateOf(now) && now.Before(last) {
		return now
	}
	return last
}

// AnswerBy is the last day on which a complaint received then is answered at
// stage 1, when its acknowledgement goes on its last day.
func (r *Register) AnswerBy(received time.Time) workday.Date {
	due, _ := r.schemeFor(received).ClockFor(r.cfg.Calendar, workday.Stage1Answer, received, workday.Date{})
	return due.Due
}

// schemeFor is the scheme in force on the day of receipt: it counts a message's
// clocks whatever comes later.
func (r *Register) schemeFor(received time.Time) workday.Scheme {
	return r.cfg.Code.On(workday.DateOf(received))
}

// failsafeAt is when an undecided message is acted on without a person.
// For a letter it is so much earlier as paper takes until it is posted.
func (r *Register) failsafeAt(channel Channel, received time.Time, due workday.Date) time.Time {
	p := r.cfg.Policy
	day := p.FailsafeDay
	if channel == Letter {
		day = max(1, day-p.LetterDays)
	}
	at := r.cfg.Calendar.Failsafe(r.schemeFor(received).ReceiptDate(received), day, p.FailsafeHour, due)
	return at.Add(time.Duration(p.FailsafeMin) * time.Minute)
}

func stageClocks(stage int) (acknowledgement, answer string) {
	if stage == 2 {
		return workday.Stage2Acknowledgement, workday.Stage2Answer
	}
	return workday.Stage1Acknowledgement, workday.Stage1Answer
}

// startClocks starts the clocks of a stage and puts their dates into the
// event's detail. A clock that runs already stays as it was computed.
func (r *Register) startClocks(t *tx, caseID ID, stage int, received time.Time, d detail) error {
	acknowledgement, answer := stageClocks(stage)
	scheme := r.schemeFor(received)
	for _, name := range []string{acknowledgement, answer} {
		due, ok := scheme.ClockFor(r.cfg.Calendar, name, received, workday.Date{})
		if !ok {
			continue
		}
		n, err := t.affected(`INSERT INTO clock (case_id, name, scheme, start_on, due_on, base_due, steps, calendar)
			VALUES ($1, $2, $3, $4, $5, $5, $6, $7) ON CONFLICT DO NOTHING`,
			caseID, name, scheme.Version(), dateText(due.Start), dateText(due.Due), asJSON(due.Steps), r.cfg.Calendar.Version())
		if err != nil {
			return err
		}
		if n == 0 {
			continue // it runs already, as it was counted then
		}
		d[name] = dateText(due.Start) + " to " + dateText(due.Due)
	}
	d["scheme"], d["calendar"] = scheme.Version(), r.cfg.Calendar.Version()
	return nil
}

// acknowledged meets a stage's acknowledgement clock and sets the answer
// clock going from that day, or from the day it was due when that is earlier:
// lateness never buys time (Code 6.3, 6.14). Only the first acknowledgement
// does so: a fuller one that follows a holding form moves nothing. What it did
// goes into the event's detail.
func (r *Register) acknowledged(t *tx, o Outgoing, at time.Time, d detail) error {
	acknowledgement, answer := stageClocks(o.Stage)
	met, err := t.affected(`UPDATE clock SET
			met_by = CASE WHEN met_at = 0 THEN $1 ELSE met_by END,
			met_at = CASE WHEN met_at = 0 THEN $2 ELSE met_at END,
			defined_at = CASE WHEN $1 <> 'holding' THEN $2 ELSE defined_at END
		WHERE case_id = $3 AND name = $4 AND (met_at = 0 OR (defined_at = 0 AND $1 <> 'holding'))`,
		string(o.Form), micros(at), o.Case, acknowledgement)
	if err != nil || met == 0 {
		return err
	}
	d["met"] = acknowledgement
	n, err := t.affected(`UPDATE clock SET promised = $1 WHERE case_id = $2 AND name = $3 AND $1 <> '' AND (promised = '' OR $1 < promised)`,
		dateText(o.Promised), o.Case, answer)
	if err != nil {
		return err
	}
	if n > 0 {
		d["promised"] = dateText(o.Promised)
	}
	_, err = r.recount(t, o.Case, o.Stage, true, d)
	return err
}

// clockReceived is when the message arrived that started a stage's clocks.
func clockReceived(t *tx, caseID ID, stage int) (time.Time, error) {
	var us int64
	err := t.one(`SELECT m.received_at FROM cases c JOIN message m ON m.id = CASE WHEN $2 = 2 AND c.stage2_message <> '' THEN c.stage2_message ELSE c.message_id END
		WHERE c.id = $1`, []any{caseID, int64(stage)}, &us)
	return instant(us), err
}

func clocksOf(t *tx, caseID ID) ([]Clock, error) {
	var clocks []Clock
	err := t.each(`SELECT `+clockColumns+` FROM clock WHERE case_id = $1 ORDER BY name`, []any{caseID},
		func(rows *sql.Rows) error { return collect(&clocks, scanClock)(rows) })
	return clocks, err
}

// project shows the answer clock as it will be when the acknowledgement goes
// out now: it is the date that the acknowledgement says.
func (r *Register) project(t *tx, clocks []Clock, o Outgoing, m *Message) error {
	if o.Kind != Acknowledgement {
		return nil
	}
	acknowledgement, answer := stageClocks(o.Stage)
	received := m.ReceivedAt
	if m.Case != o.Case || o.Stage == 2 {
		var err error
		if received, err = clockReceived(t, o.Case, o.Stage); err != nil {
			return err
		}
	}
	at := metAt(clocks, acknowledgement)
	if at.IsZero() {
		at = t.now
	}
	for i, k := range clocks {
		if k.Name != answer || !k.Running() {
			continue
		}
		var extensions []Extended
		if k.Due != k.BaseDue {
			var err error
			if extensions, err = extensionsOf(t, o.Case); err != nil {
				return err
			}
		}
		clocks[i], _ = r.count(k, received, at, extensions)
	}
	return nil
}
