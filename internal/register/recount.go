package register

import (
	"database/sql"
	"time"

	"postroom/internal/workday"
)

// count works out a clock from what is known: when the stage's message came,
// when its acknowledgement first went out, and which extensions hold. It is
// the one place where dates come from; nothing adds days to a date that was
// worked out before.
func (r *Register) count(was Clock, received, acknowledged time.Time, extensions []Extended) (Clock, bool) {
	scheme := r.schemeFor(received)
	var day workday.Date
	if !acknowledged.IsZero() {
		day = workday.DateOf(acknowledged)
	}
	due, ok := scheme.ClockFor(r.cfg.Calendar, was.Name, received, day)
	if !ok {
		return was, false
	}
	now := was
	now.Scheme, now.Calendar = scheme.Version(), r.cfg.Calendar.Version()
	now.Start, now.Due, now.BaseDue, now.Steps = due.Start, due.Due, due.Due, due.Steps
	if due.Assumes != "" && !day.IsZero() {
		now.Steps = append([]string{due.Assumes}, now.Steps...)
	}
	for _, e := range extensions {
		told := workday.DateOf(e.ToldAt)
		if e.Clock == was.Name && !e.ToldAt.IsZero() && !e.Late && !told.After(now.Due) {
			now.Due = e.NewDue
			now.Steps = append(now.Steps, "Put off on "+told.Long()+", before the old day, to the end of "+e.NewDue.Long()+".")
		}
	}
	return now, true
}

// recount brings a stage's clocks in line with what is known now, and puts
// what moved into the event's detail. What was promised stays as it was. With
// onlyRunning, clocks that were met or stopped stay as they were counted.
func (r *Register) recount(t *tx, caseID ID, stage int, onlyRunning bool, d detail) (moved bool, err error) {
	received, err := clockReceived(t, caseID, stage)
	if err != nil {
		return false, err
	}
	clocks, err := clocksOf(t, caseID)
	if err != nil {
		return false, err
	}
	extensions, err := extensionsOf(t, caseID)
	if err != nil {
		return false, err
	}
	acknowledgement, answer := stageClocks(stage)
	acknowledged := metAt(clocks, acknowledgement)
	for _, was := range clocks {
		if was.Name != acknowledgement && was.Name != answer || onlyRunning && !was.Running() {
			continue
		}
		now, ok := r.count(was, received, acknowledged, extensions)
		if !ok {
			continue
		}
		if now.Due != was.Due || now.Start != was.Start {
			moved = true
			d[was.Name] = dateText(now.Start) + " to " + dateText(now.Due)
			d[was.Name+"_before"] = dateText(was.Start) + " to " + dateText(was.Due)
		}
		if err := saveClock(t, now); err != nil {
			return moved, err
		}
	}
	return moved, nil
}

func metAt(clocks []Clock, name string) time.Time {
	for _, c := range clocks {
		if c.Name == name {
			return c.MetAt
		}
	}
	return time.Time{}
}

func saveClock(t *tx, c Clock) error {
	return t.exec(`UPDATE clock SET scheme = $1, start_on = $2, due_on = $3, base_due = $4, steps = $5, calendar = $6 WHERE case_id = $7 AND name = $8`,
		c.Scheme, dateText(c.Start), dateText(c.Due), dateText(c.BaseDue), asJSON(c.Steps), c.Calendar, c.Case, c.Name)
}

// clockOf reads one clock of a case.
func clockOf(t *tx, caseID ID, name string) (Clock, error) {
	return row(t, scanClock, `SELECT `+clockColumns+` FROM clock WHERE case_id = $1 AND name = $2`, caseID, name)
}

func extensionsOf(t *tx, caseID ID) ([]Extended, error) {
	var all []Extended
	err := t.each(`SELECT `+extensionColumns+` FROM extension WHERE case_id = $1 ORDER BY asked_at, id`, []any{caseID},
		func(rows *sql.Rows) error { return collect(&all, scanExtension)(rows) })
	return all, err
}
