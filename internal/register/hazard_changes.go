package register

import (
	"context"
	"errors"
	"strconv"

	"postroom/classify"
	"postroom/internal/workday"
)

// A HazardRuling is an officer's word on the hazard that a message tells of,
// where the rules heard none, heard another, or heard one where there is none.
type HazardRuling struct {
	Message ID
	Level   classify.HazardLevel // NoHazard: there is none
	By      string
	Reason  string
}

// SetHazard says what hazard a message tells of. The law's clocks start, change
// or end with it. They are counted from the message's receipt, whenever
// somebody saw it: the landlord knew from then on. An officer's word counts
// for any topic.
func (r *Register) SetHazard(ctx context.Context, h HazardRuling) error {
	return wrap("set hazard", r.writes.do(ctx, func(t *tx) error {
		if err := byPerson(h.By); err != nil {
			return err
		}
		reason, err := words(h.Reason, "Say why this is a hazard, or why it is none.")
		if err != nil {
			return err
		}
		switch h.Level {
		case classify.NoHazard, classify.Significant, classify.Emergency:
		default:
			return notAllowed("A hazard is significant, or an emergency.")
		}
		h.Reason = reason
		m, err := messageByID(t, h.Message)
		if err != nil {
			return err
		}
		return r.setHazard(t, m, h)
	}))
}

func (r *Register) setHazard(t *tx, m Message, h HazardRuling) error {
	known, err := row(t, scanHazard, `SELECT `+hazardColumns+` FROM hazard h WHERE h.message_id = $1`, m.ID)
	if notMissing(err) != nil {
		return err
	}
	open := known.ID != "" && known.EndedAt.IsZero()
	d := detail{"level": string(h.Level), "level_before": string(known.Level), "reason": t.said(m.ID, h.Reason)}
	switch {
	case open && known.Level == h.Level:
		return notAllowed("It is known as this hazard already.")
	case h.Level != classify.NoHazard:
		err = r.runHazard(t, m, known, h.Level, d)
	case open:
		err = t.exec(`UPDATE hazard SET ended_at = $1, ended_by = $2, ended_why = $3 WHERE id = $4`, micros(t.now), clean(h.By), h.Reason, known.ID)
	case m.Verdict == nil || m.Verdict.HazardLevel == classify.NoHazard:
		return notAllowed("No hazard is known of this message.")
	}
	if err == nil {
		err = showHazard(t, m, h.Level)
	}
	if err == nil && h.Level == classify.Emergency {
		err = raiseAgain(t, "emergency/"+m.ID, Alarm{Kind: EmergencyAlarm, Message: m.ID, Case: m.Case, Note: "an officer found that a message speaks of an emergency in a home"})
	}
	if err != nil {
		return err
	}
	return t.note(messageSubject(m.ID), h.By, "hazard_set", d)
}

// raiseAgain raises an alarm even where one of that key was raised before.
func raiseAgain(t *tx, key string, a Alarm) error {
	first, err := raiseNew(t, key, a)
	if err == nil && !first {
		err = raise(t, key+"/"+strconv.FormatInt(micros(t.now), 10), a)
	}
	return err
}

// runHazard sets the law's clocks going for a level, or those that run to
// another level. What was done stays done.
func (r *Register) runHazard(t *tx, m Message, h HazardRecord, level classify.HazardLevel, d detail) error {
	law, ok := workday.HazardLawOn(workday.DateOf(m.ReceivedAt), r.cfg.Calendar.Nation(), r.cfg.HazardLaws)
	if !ok {
		return nil // no law sets clocks here; people are called all the same
	}
	if h.ID == "" {
		h = HazardRecord{ID: newID(t.now), AwareAt: m.ReceivedAt}
		err := t.exec(`INSERT INTO hazard (id, message_id, case_id, level, law, aware_at) VALUES ($1, $2, $3, $4, $5, $6)`, h.ID, m.ID, m.Case, level, law.ID, micros(h.AwareAt))
		if err != nil {
			return err
		}
	}
	h.Level, d["hazard"], d["law"] = level, h.ID, law.ID
	err := t.exec(`UPDATE hazard SET level = $1, law = $2, ended_at = 0, ended_by = '', ended_why = '' WHERE id = $3`, level, law.ID, h.ID)
	if err == nil {
		err = t.exec(`DELETE FROM hazard_duty WHERE hazard_id = $1 AND done_at = 0`, h.ID)
	}
	if err == nil {
		err = r.setDuties(t, h, law, workday.Aware, h.AwareAt, d)
	}
	if err == nil && !h.InvestigatedAt.IsZero() {
		err = r.setDuties(t, h, law, workday.Investigated, h.InvestigatedAt, d)
	}
	return err
}

// showHazard brings the queue and the case in line: a reply about an emergency
// gives the number to ring first. One message does not speak for the others of
// its case: it can make it more urgent, and less only where it opened it.
func showHazard(t *tx, m Message, level classify.HazardLevel) error {
	v := classify.Verdict{}
	if m.Verdict != nil {
		v = *m.Verdict
	}
	v.HazardLevel = level
	if err := t.exec(`UPDATE message SET urgency = $1, version = version + 1 WHERE id = $2`, urgency(&v), m.ID); err != nil || m.Case == "" {
		return err
	}
	return t.exec(`UPDATE cases SET hazard_level = $1 WHERE id = $2 AND (message_id = $3 OR $1 = 'emergency' OR $1 = 'significant' AND hazard_level = '')`, level, m.Case, m.ID)
}

// recountOpenHazard brings what is still to be done about a hazard in line
// with a calendar or law that has changed since it was counted.
func (r *Register) recountOpenHazard(t *tx, id ID) (bool, error) {
	h, err := openHazard(t, id)
	if _, over := errors.AsType[*NotAllowedError](err); over {
		return false, nil
	}
	law := r.lawOf(h)
	if err != nil || law.ID == "" {
		return false, err // where the law was taken out of the configuration, what runs stays as it was counted
	}
	d := detail{"hazard": id, "law": law.ID, "calendar": r.cfg.Calendar.Version()}
	due := law.Due(r.cfg.Calendar, string(h.Level), workday.Aware, h.AwareAt)
	if !h.InvestigatedAt.IsZero() {
		due = append(due, law.Due(r.cfg.Calendar, string(h.Level), workday.Investigated, h.InvestigatedAt)...)
	}
	moved := false
	for _, duty := range due {
		n, err := t.affected(`INSERT INTO hazard_duty (hazard_id, name, due_at, counted) VALUES ($1, $2, $3, $4)
			ON CONFLICT (hazard_id, name) DO UPDATE SET due_at = excluded.due_at, counted = excluded.counted
			WHERE hazard_duty.done_at = 0 AND hazard_duty.due_at <> excluded.due_at`, h.ID, duty.Name, micros(duty.At), duty.Words)
		if err != nil {
			return false, err
		}
		if n > 0 {
			moved, d[duty.Name] = true, strconv.FormatInt(micros(duty.At), 10)
		}
	}
	if !moved {
		return false, nil
	}
	if err := t.exec(`UPDATE hazard SET law = $1 WHERE id = $2`, law.ID, h.ID); err != nil {
		return false, err
	}
	return true, t.note(messageSubject(h.Message), "postroom", "hazard_clocks_recounted", d)
}
