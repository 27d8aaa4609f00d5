package register

import (
	"context"
	"time"

	"postroom/classify"
)

// failsafeJoined acts for dissatisfaction that was heard in a message which
// joined a case and that nobody has looked at: after the stage 1 answer it
// becomes the request for stage 2, and about a request a complaint of its own,
// both acknowledged in the holding form. done is false for all other messages.
func (r *Register) failsafeJoined(t *tx, m Message) (out Opened, done bool, err error) {
	out = Opened{Message: m.ID, State: m.State, Case: m.Case, Reference: m.Reference}
	if m.Case == "" || m.Verdict == nil || m.Reading == nil || !dissatisfied(*m.Verdict) && !asksForStage2(*m.Verdict) {
		return out, false, nil
	}
	c, err := livingCase(t, m.Case)
	switch {
	case err != nil || c.Message == m.ID:
		return out, false, err
	case doubtful(Facts{Reading: *m.Reading, Junk: m.Junk}) != "", m.Channel == Letter && m.Verdict.Has(classify.Safeguarding):
		return out, false, nil // people only
	case c.Kind == ComplaintCase && c.Stage == 1 && !c.Answered1At.IsZero():
		out, err = r.failsafeStage2(t, m, c)
		return out, true, err
	case c.Kind != ComplaintCase:
		out, err = r.failsafeOpens(t, m)
		return out, true, err
	}
	return out, false, nil
}

func (r *Register) failsafeStage2(t *tx, m Message, c Case) (Opened, error) {
	out := Opened{Message: m.ID, State: InReview, Case: c.ID, Reference: c.Reference}
	c, err := r.toStage2(t, m, c, "fail-safe")
	if err != nil {
		return out, err
	}
	err = t.changed(`UPDATE message SET case_id = $1, version = version + 1 WHERE id = $2 AND version = $3`, c.ID, m.ID, m.Version)
	if err != nil {
		return out, err
	}
	hint, err := r.oweReply(t, m, c, PlannedReply{Acknowledgement, Holding})
	if err != nil {
		return out, err
	}
	if hint.ID != "" {
		out.Owed = append(out.Owed, hint)
	}
	return out, raise(t, "failsafe/"+m.ID, Alarm{Kind: FailsafeAlarm, Message: m.ID, Case: c.ID, Note: "nobody decided in time: acknowledged as a request for stage 2, still to be looked at"})
}

// Undecided lists up to n messages, unread or in review, whose fail-safe time
// is at or before at.
func (r *Register) Undecided(ctx context.Context, at time.Time, n int) ([]ID, error) {
	ids, err := r.ids(ctx, `SELECT id FROM message WHERE failsafe_at > 0 AND failsafe_at <= $1 AND state IN ('arrived', 'review')
		ORDER BY failsafe_at LIMIT $2`, micros(at), n)
	return ids, wrap("undecided", err)
}

// Failsafe acts on messages that nobody decided in time: one that is unread,
// or has complaint or stage 2 among its two likeliest labels, becomes a case
// acknowledged in the holding form, and stays on top of the queue. What it
// must leave to people raises an alarm. Either way it acts once a message.
func (r *Register) Failsafe(ctx context.Context, ids []ID) ([]Opened, error) {
	out, errs, err := batch(ctx, r, ids, r.failsafe)
	for i := range out {
		out[i].Err = wrap("fail-safe", errs[i])
	}
	return out, wrap("fail-safe", err)
}

func (r *Register) failsafe(t *tx, id ID) (Opened, error) {
	m, err := messageByID(t, id)
	if err != nil {
		return Opened{Message: id}, err
	}
	out := Opened{Message: m.ID, State: m.State, Case: m.Case, Reference: m.Reference}
	waiting := m.State == InReview || m.State == Arrived
	if !waiting || m.FailsafeAt.IsZero() || m.FailsafeAt.After(t.now) {
		return out, nil
	}
	if err := t.exec(`UPDATE message SET failsafe_at = 0 WHERE id = $1`, m.ID); err != nil {
		return out, err
	}
	if acted, done, err := r.failsafeJoined(t, m); err != nil || done {
		return acted, err
	}
	why := failsafeLeaves(m)
	if why == "" {
		return r.failsafeOpens(t, m)
	}
	if err := t.note(messageSubject(m.ID), "postroom", "failsafe_left", detail{"why": why}); err != nil {
		return out, err
	}
	if m.Verdict != nil && !dissatisfied(*m.Verdict) && m.Case != "" {
		return out, nil
	}
	return out, raise(t, "failsafe/"+m.ID, Alarm{Kind: FailsafeAlarm, Message: m.ID, Note: "undecided on the fail-safe's day, and no machine may answer it: " + why})
}

// failsafeLeaves says why the fail-safe leaves a message to people, or "".
func failsafeLeaves(m Message) string {
	f := Facts{Junk: m.Junk, Channel: m.Channel}
	if m.Reading != nil {
		f.Reading = *m.Reading
	}
	unread := m.Reading == nil || m.Reading.Error != ""
	switch {
	case m.Case != "":
		return "it joined a case"
	case doubtful(f) != "":
		return doubtful(f)
	case unreachable(f) != "":
		return "no address to answer to is known"
	case unread || m.Verdict == nil || m.Verdict.Label == "" || isComplaint(m.Verdict.Label) || isComplaint(m.Verdict.Second):
	default:
		return "a complaint is not among its two likeliest readings"
	}
	if m.Channel == Letter && m.Verdict != nil && m.Verdict.Has(classify.Safeguarding) {
		return "somebody may be in danger, and a letter may be opened by another person"
	}
	return ""
}

// failsafeAnew lets the fail-safe act on a message that it left to people because
// nobody could read it, and so nobody knew whom to answer: it is read now, and
// people get a little time.
func failsafeAnew(t *tx, m Message) error {
	if !m.FailsafeAt.IsZero() || m.History {
		return nil
	}
	return t.exec(`UPDATE message SET failsafe_at = $1 WHERE id = $2`, micros(t.now.Add(lateReading)), m.ID)
}

// failsafeOpens opens a case that nobody has defined and owes it the holding
// form. The message stays in review; one that nobody has read yet is shown there
// at once, and read as soon as it can be.
func (r *Register) failsafeOpens(t *tx, m Message) (Opened, error) {
	if m.Verdict == nil {
		m.Verdict = &Verdict{}
	}
	if m.Reading == nil {
		m.Reading = &Reading{}
	}
	stage := 1
	if m.Verdict.Label == classify.Stage2 {
		stage = 2
	}
	m.DecidedBy = "fail-safe"
	f := Facts{Verdict: *m.Verdict, Reading: *m.Reading, Channel: m.Channel}
	f.Verdict.Definition = classify.Definition{}
	joined := m.Case
	c, err := r.openCase(t, m, f, Plan{Opens: ComplaintCase, Stage: stage})
	if err != nil {
		return Opened{Message: m.ID}, err
	}
	if err := linkCases(t, c.ID, joined, LinkAbout, "postroom"); err != nil {
		return Opened{Message: m.ID}, err
	}
	out := Opened{Message: m.ID, State: InReview, Case: c.ID, Reference: c.Reference}
	err = t.changed(`UPDATE message SET state = 'review', case_id = $1, not_read = CASE WHEN state = 'arrived' THEN 1 ELSE not_read END, version = version + 1
		WHERE id = $2 AND version = $3`, c.ID, m.ID, m.Version)
	if err != nil {
		return out, err
	}
	if err := t.note(messageSubject(m.ID), "postroom", "failsafe_opened", detail{"case": c.ID}); err != nil {
		return out, err
	}
	hint, err := r.oweReply(t, m, c, PlannedReply{Acknowledgement, Holding})
	if err != nil {
		return out, err
	}
	out.Owed = append(out.Owed, hint)
	return out, raise(t, "failsafe/"+m.ID, Alarm{Kind: FailsafeAlarm, Message: m.ID, Case: c.ID, Note: "nobody decided in time: acknowledged in the holding form, still to be defined"})
}
