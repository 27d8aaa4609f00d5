package register

import "postroom/classify"

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
