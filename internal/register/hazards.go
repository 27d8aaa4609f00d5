package register

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"time"

	"postroom/classify"
	"postroom/internal/workday"
)

// A HazardRecord is a hazard that the landlord was told of, with what the law
// has it do. Its clocks run whether or not anybody complains.
type HazardRecord struct {
	ID             ID
	Message        ID
	Case           ID
	Level          classify.HazardLevel
	Law            string
	AwareAt        time.Time
	InvestigatedAt time.Time // zero: not yet
	EndedAt        time.Time // zero: something is still to be done
	EndedBy        string
	EndedWhy       string
	Duties         []HazardDuty
}

// A HazardDuty is one thing that is to be done about a hazard, and by when.
type HazardDuty struct {
	Name    string // as workday.HazardDuty
	DueAt   time.Time
	Counted string // how, in words
	DoneAt  time.Time
	DoneBy  string
}

// Missed reports whether the duty's time had passed when it was done, or has
// passed now.
func (d HazardDuty) Missed(now time.Time) bool {
	if !d.DoneAt.IsZero() {
		now = d.DoneAt
	}
	return !now.Before(d.DueAt)
}

const hazardColumns = `h.id, h.message_id, h.case_id, h.level, h.law, h.aware_at, h.investigated_at, h.ended_at, h.ended_by, h.ended_why`

func scanHazard(row scanner) (h HazardRecord, err error) {
	var aware, investigated, ended int64
	err = row.Scan(&h.ID, &h.Message, &h.Case, &h.Level, &h.Law, &aware, &investigated, &ended, &h.EndedBy, &h.EndedWhy)
	h.AwareAt, h.InvestigatedAt, h.EndedAt = instant(aware), instant(investigated), instant(ended)
	return h, err
}

func scanDuty(row scanner) (d HazardDuty, err error) {
	var due, done int64
	err = row.Scan(&d.Name, &due, &d.Counted, &done, &d.DoneBy)
	d.DueAt, d.DoneAt = instant(due), instant(done)
	return d, err
}

// startHazard starts the law's clocks for a message that speaks of a hazard
// which the law covers, once a message. The landlord is aware from receipt on.
func (r *Register) startHazard(t *tx, m Message, c Case) error {
	level := m.Verdict.HazardLevel
	law, ok := workday.HazardLawOn(workday.DateOf(m.ReceivedAt), r.cfg.Calendar.Nation(), r.cfg.HazardLaws)
	if level == "" || !ok || !law.Covers(string(level), m.Verdict.Topics) {
		return nil
	}
	h := HazardRecord{ID: newID(t.now), Message: m.ID, Case: c.ID, Level: level, Law: law.ID, AwareAt: m.ReceivedAt}
	n, err := t.affected(`INSERT INTO hazard (id, message_id, case_id, level, law, aware_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
		h.ID, h.Message, h.Case, h.Level, h.Law, micros(h.AwareAt))
	if err != nil || n == 0 {
		return err
	}
	d := detail{"hazard": h.ID, "level": string(level), "law": law.ID}
	if err := r.setDuties(t, h, law, workday.Aware, h.AwareAt, d); err != nil {
		return err
	}
	return t.note(messageSubject(m.ID), m.DecidedBy, "hazard_clocks_started", d)
}

// setDuties works out the duties that are counted from an anchor. Those that
// are done stay done, and their time follows.
func (r *Register) setDuties(t *tx, h HazardRecord, law workday.HazardLaw, from workday.HazardAnchor, at time.Time, d detail) error {
	for _, due := range law.Due(r.cfg.Calendar, string(h.Level), from, at) {
		err := t.exec(`INSERT INTO hazard_duty (hazard_id, name, due_at, counted) VALUES ($1, $2, $3, $4)
			ON CONFLICT (hazard_id, name) DO UPDATE SET due_at = excluded.due_at, counted = excluded.counted`,
			h.ID, due.Name, micros(due.At), due.Words)
		if err != nil {
			return err
		}
		d[due.Name] = strconv.FormatInt(micros(due.At), 10)
	}
	return nil
}

// lawOf is the law by which a hazard's clocks began.
func (r *Register) lawOf(h HazardRecord) workday.HazardLaw {
	law, _ := workday.HazardLawOn(workday.DateOf(h.AwareAt), r.cfg.Calendar.Nation(), r.cfg.HazardLaws)
	return law
}

// HazardDone records that a duty was done. The end of the investigation sets
// the clocks going that are counted from it.
func (r *Register) HazardDone(ctx context.Context, hazard ID, duty string, at time.Time, by string) error {
	return wrap("hazard done", r.writes.do(ctx, func(t *tx) error {
		if err := byPerson(by); err != nil {
			return err
		}
		h, err := openHazard(t, hazard)
		if err != nil {
			return err
		}
		if at.IsZero() || at.After(t.now) || at.Before(h.AwareAt) {
			return notAllowed("It was done after the hazard was known, and not in the future.")
		}
		n, err := t.affected(`UPDATE hazard_duty SET done_at = $1, done_by = $2 WHERE hazard_id = $3 AND name = $4 AND done_at = 0`, micros(at), clean(by), h.ID, duty)
		if err != nil {
			return err
		}
		if n == 0 {
			return notAllowed("There is no such duty left to do.")
		}
		d := detail{"hazard": h.ID, "duty": duty, "at": strconv.FormatInt(micros(at), 10)}
		if duty == workday.InvestigateHazard {
			if err := t.exec(`UPDATE hazard SET investigated_at = $1 WHERE id = $2`, micros(at), h.ID); err != nil {
				return err
			}
			if err := r.setDuties(t, h, r.lawOf(h), workday.Investigated, at, d); err != nil {
				return err
			}
		}
		return t.note(messageSubject(h.Message), by, "hazard_duty_done", d)
	}))
}

// EndHazard records that nothing more is to be done about a hazard: it is put
// right, or the investigation found none.
func (r *Register) EndHazard(ctx context.Context, hazard ID, by, why string) error {
	return wrap("end hazard", r.writes.do(ctx, func(t *tx) error {
		if err := byPerson(by); err != nil {
			return err
		}
		why, err := words(why, "Say why nothing more is to be done.")
		if err != nil {
			return err
		}
		h, err := openHazard(t, hazard)
		if err != nil {
			return err
		}
		if h.InvestigatedAt.IsZero() {
			return notAllowed("The hazard has not been investigated yet.")
		}
		if err := t.exec(`UPDATE hazard SET ended_at = $1, ended_by = $2, ended_why = $3 WHERE id = $4`, micros(t.now), clean(by), why, h.ID); err != nil {
			return err
		}
		return t.note(messageSubject(h.Message), by, "hazard_ended", detail{"hazard": h.ID, "why": t.said(h.ID, why)})
	}))
}

func openHazard(t *tx, id ID) (HazardRecord, error) {
	h, err := row(t, scanHazard, `SELECT `+hazardColumns+` FROM hazard h WHERE h.id = $1`, id)
	if err == nil && !h.EndedAt.IsZero() {
		err = notAllowed("Nothing more is to be done about this hazard.")
	}
	return h, err
}

// recountHazard brings a hazard's clocks in line with a corrected receipt.
func (r *Register) recountHazard(t *tx, message ID, received time.Time) error {
	h, err := row(t, scanHazard, `SELECT `+hazardColumns+` FROM hazard h WHERE h.message_id = $1`, message)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	h.AwareAt = received
	if err := t.exec(`UPDATE hazard SET aware_at = $1 WHERE id = $2`, micros(received), h.ID); err != nil {
		return err
	}
	d := detail{"hazard": h.ID}
	if err := r.setDuties(t, h, r.lawOf(h), workday.Aware, received, d); err != nil {
		return err
	}
	return t.note(messageSubject(message), "postroom", "hazard_clocks_recounted", d)
}

// MessageHazard reads the hazard that a message told of, with its duties.
// ErrNotFound when it told of none that the law covers.
func (r *Register) MessageHazard(ctx context.Context, message ID) (HazardRecord, error) {
	h, err := get(ctx, r, "message hazard", scanHazard, `SELECT `+hazardColumns+` FROM hazard h WHERE h.message_id = $1`, message)
	if err != nil {
		return h, err
	}
	h.Duties, err = r.duties(ctx, h.ID)
	return h, err
}

func (r *Register) duties(ctx context.Context, hazard ID) ([]HazardDuty, error) {
	return list(ctx, r, "hazard duties", scanDuty, `SELECT name, due_at, counted, done_at, done_by FROM hazard_duty WHERE hazard_id = $1 ORDER BY due_at, name`, hazard)
}

// CaseHazards lists the hazards that a case's messages told of.
func (r *Register) CaseHazards(ctx context.Context, caseID ID) ([]HazardRecord, error) {
	all, err := list(ctx, r, "case hazards", scanHazard, `SELECT `+hazardColumns+` FROM hazard h JOIN message m ON m.id = h.message_id WHERE m.case_id = $1 ORDER BY h.aware_at, h.id`, caseID)
	for i := range all {
		if err == nil {
			all[i].Duties, err = r.duties(ctx, all[i].ID)
		}
	}
	return all, err
}

// nearDuties raises an alarm, repeated until somebody takes it, for each duty
// about a hazard whose time is near: a quarter of a day before what is counted
// in hours, a working day before the rest. It raises up to n, and tells how
// many: what was raised before is not looked at again.
func (r *Register) nearDuties(ctx context.Context, now time.Time, n int) (int, error) {
	tomorrow := r.cfg.Calendar.Add(workday.DateOf(now), 1).End()
	rows, err := r.db.QueryContext(ctx, `SELECT d.name, h.id, h.message_id, h.case_id, h.level, d.due_at FROM hazard_duty d JOIN hazard h ON h.id = d.hazard_id
		WHERE d.done_at = 0 AND d.due_at <= $1 AND h.ended_at = 0 AND NOT (h.level = 'emergency' AND d.due_at > $2 AND d.due_at <= $3)
			AND NOT EXISTS (SELECT 1 FROM alarm a WHERE a.key = 'hazard/' || h.id || '/' || d.name || '/' || h.level || CASE WHEN d.due_at <= $4 THEN '/missed' ELSE '/near' END)
		ORDER BY d.due_at LIMIT $5`, micros(tomorrow), micros(now.Add(6*time.Hour)), micros(now.Add(24*time.Hour)), micros(now), n)
	if err != nil {
		return 0, err
	}
	type near struct {
		key   string
		alarm Alarm
	}
	var all []near
	err = drain(rows, func(rows *sql.Rows) error {
		var name, hazard, level string
		var due int64
		a := Alarm{Kind: HazardAlarm}
		if err := rows.Scan(&name, &hazard, &a.Message, &a.Case, &level, &due); err != nil {
			return err
		}
		a.Note = "the law wants this done soon (" + level + " hazard): " + strings.ReplaceAll(name, "_", " ")
		stage := "near"
		if !now.Before(instant(due)) {
			a.Note = "the law wanted this done by now (" + level + " hazard): " + strings.ReplaceAll(name, "_", " ")
			stage = "missed"
		}
		all = append(all, near{"hazard/" + hazard + "/" + name + "/" + level + "/" + stage, a})
		return nil
	})
	if err != nil {
		return 0, err
	}
	rang, errs, err := batch(ctx, r, all, func(t *tx, n near) (bool, error) { return raiseNew(t, n.key, n.alarm) })
	return count(rang), errors.Join(append(errs, err)...)
}

// raiseNew raises an alarm and tells whether it is a new one.
func raiseNew(t *tx, key string, a Alarm) (bool, error) {
	var known int
	if err := t.one(`SELECT count(*) FROM alarm WHERE key = $1`, []any{key}, &known); err != nil || known > 0 {
		return false, err
	}
	return true, raise(t, key, a)
}

func count(all []bool) (n int) {
	for _, b := range all {
		if b {
			n++
		}
	}
	return n
}
