package register

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// undoKept is how long a decision's way back is kept at most.
const undoKept = 24 * time.Hour

// A wayBack is what a decision changed, so that it can be undone while nothing
// of it has left the house.
type wayBack struct {
	seq        int64 // of the decision
	at, until  time.Time
	how        string // "opened", "joined", "escalated" or "recorded"
	caseID     ID
	caseEvents int64
	was        Message // the message before
	reading    string  // its reading before, as stored
}

// keepWayBack writes down how a decision that was just made can be undone, and
// lets what it owes wait so long. Never beyond the deadline of a reply.
func (r *Register) keepWayBack(t *tx, was Message, out *Opened) error {
	if err := t.exec(`DELETE FROM undo WHERE at < $1 OR message_id = $2`, micros(t.now.Add(-undoKept)), was.ID); err != nil {
		return err
	}
	how, err := wayOf(t, was, *out)
	if err != nil || how == "" {
		return err
	}
	until := t.now.Add(r.cfg.Policy.Undo)
	for i, h := range out.Owed {
		n, err := t.affected(`UPDATE outgoing SET not_before = $1 WHERE id = $2 AND state = 'owed' AND not_before < $1 AND deadline_at > $1`, micros(until), h.ID)
		if err != nil {
			return err
		}
		if n == 1 {
			out.Owed[i].NotBefore = until
		}
	}
	events, err := historyLength(t, out.Case)
	if err != nil {
		return err
	}
	reading := ""
	if was.Reading != nil {
		reading = asJSON(was.Reading)
	}
	return t.exec(`INSERT INTO undo (message_id, seq, at, until, how, case_id, case_events, was_case, was_problem, was_offered, was_offered_why, was_reading)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		was.ID, was.decisions+1, micros(t.now), micros(until), how, out.Case, events, was.Case, clean(was.Problem), was.OfferedCase, was.OfferedWhy, clean(reading))
}

// wayOf says how a decision can be undone; "" when only another decision can
// mend it: it changed a case that was there before it.
func wayOf(t *tx, was Message, out Opened) (string, error) {
	if out.Case == "" {
		return "recorded", nil
	}
	c, err := caseByID(t, out.Case)
	if err != nil {
		return "", err
	}
	if c.Message == was.ID && c.OpenedAt.Equal(t.now) {
		return "opened", nil
	}
	if was.Case != "" {
		own, err := caseByID(t, was.Case)
		if err != nil || own.Message == was.ID {
			return "", err // the fail-safe, or an earlier decision, opened it
		}
	}
	if c.Stage2Message != was.ID {
		return "joined", nil
	}
	var begun, reopened int
	err = t.one(`SELECT COALESCE(sum(CASE WHEN what = 'stage2_requested' THEN 1 ELSE 0 END), 0), COALESCE(sum(CASE WHEN what = 'reopened' THEN 1 ELSE 0 END), 0)
		FROM event WHERE subject = $1 AND at = $2`, []any{caseSubject(c.ID), micros(t.now)}, &begun, &reopened)
	if err != nil || begun == 0 || reopened > 0 {
		return "", err
	}
	return "escalated", nil
}

func historyLength(t *tx, caseID ID) (n int64, err error) {
	if caseID == "" {
		return 0, nil
	}
	err = t.one(`SELECT COALESCE(max(seq), 0) FROM event WHERE subject = $1`, []any{caseSubject(caseID)}, &n)
	return n, err
}

// Undo takes an officer's decision back while nothing of it has left the house:
// what it owed is cancelled, the case that it opened is withdrawn, and the
// message waits again as before. The histories keep all of it, and the
// withdrawn case's history its own last line.
func (r *Register) Undo(ctx context.Context, message ID, by string) error {
	return wrap("undo", r.writes.do(ctx, func(t *tx) error {
		if err := byPerson(by); err != nil {
			return err
		}
		w, m, err := mayUndo(t, message)
		if err != nil {
			return err
		}
		if err := w.callBack(t, m.ID); err != nil {
			return err
		}
		if err := w.unmake(t, m.ID, by); err != nil {
			return err
		}
		if err := w.restore(t, m, by); err != nil {
			return err
		}
		return r.restoreHazard(t, m, by)
	}))
}

// MayUndo reports whether an officer's decision on a message can be undone at
// this moment.
func (r *Register) MayUndo(ctx context.Context, message ID) (bool, error) {
	yes, err := result(ctx, r, func(t *tx) (bool, error) {
		_, _, err := mayUndo(t, message)
		if _, refused := errors.AsType[*NotAllowedError](err); refused {
			return false, nil
		}
		return err == nil, err
	})
	return yes, wrap("may undo", err)
}

func mayUndo(t *tx, message ID) (w wayBack, m Message, err error) {
	if m, err = messageByID(t, message); err != nil {
		return w, m, err
	}
	if w, err = wayBackOf(t, m); err != nil {
		return w, m, err
	}
	var replies, gone int
	err = t.one(`SELECT count(*), COALESCE(sum(CASE WHEN state IN ('owed', 'held') AND attempt = 0 THEN 0 ELSE 1 END), 0)
		FROM outgoing WHERE (message_id = $1 OR case_id = $3 AND kind = 'clarification') AND created_at = $2 AND kind <> 'alert' AND state <> 'cancelled'`,
		[]any{message, micros(w.at), w.caseID}, &replies, &gone)
	if err != nil {
		return w, m, err
	}
	events, err := historyLength(t, w.caseID)
	switch {
	case err != nil:
		return w, m, err
	case gone > 0:
		return w, m, notAllowed("The reply has begun to go out. Look at the message again instead.")
	case w.how != "joined" && events != w.caseEvents:
		return w, m, notAllowed("Something was done about the case since. Look at the message again instead.")
	case replies == 0 && w.until.Before(t.now):
		return w, m, notAllowed("The time to undo this is over. Look at the message again instead.")
	}
	return w, m, nil
}

func wayBackOf(t *tx, m Message) (w wayBack, err error) {
	var at, until int64
	err = t.one(`SELECT seq, at, until, how, case_id, case_events, was_case, was_problem, was_offered, was_offered_why, was_reading FROM undo WHERE message_id = $1`,
		[]any{m.ID}, &w.seq, &at, &until, &w.how, &w.caseID, &w.caseEvents, &w.was.Case, &w.was.Problem, &w.was.OfferedCase, &w.was.OfferedWhy, &w.reading)
	w.at, w.until = instant(at), instant(until)
	if errors.Is(err, ErrNotFound) || err == nil && (w.seq != m.decisions || m.Case != w.caseID || m.State == InReview) {
		err = notAllowed("This cannot be undone any more. Look at the message again instead.")
	}
	return w, err
}

// callBack cancels what the decision owed. A worker that takes a reply at this
// moment is either seen here or finds it cancelled.
func (w wayBack) callBack(t *tx, message ID) error {
	err := t.exec(`UPDATE outgoing SET state = 'cancelled', why = 'the decision was undone'
		WHERE (message_id = $1 OR case_id = $3 AND kind = 'clarification') AND created_at = $2 AND kind <> 'alert' AND state IN ('owed', 'held') AND attempt = 0`,
		message, micros(w.at), w.caseID)
	if err != nil {
		return err
	}
	var left int
	err = t.one(`SELECT count(*) FROM outgoing WHERE (message_id = $1 OR case_id = $3 AND kind = 'clarification') AND created_at = $2 AND kind <> 'alert' AND state <> 'cancelled'`,
		[]any{message, micros(w.at), w.caseID}, &left)
	if err == nil && left > 0 {
		err = ErrConflict
	}
	return err
}

// unmake takes back what the decision did to cases.
func (w wayBack) unmake(t *tx, message ID, by string) error {
	switch w.how {
	case "opened":
		opened, err := idsWithin(t, `SELECT id FROM cases WHERE message_id = $1 AND opened_at = $2 ORDER BY id`, message, micros(w.at))
		for _, id := range opened {
			if err == nil {
				err = withdrawCase(t, id, message, by)
			}
		}
		return err
	case "escalated":
		acknowledgement, answer := stageClocks(2)
		if err := t.exec(`DELETE FROM clock WHERE case_id = $1 AND name IN ($2, $3)`, w.caseID, acknowledgement, answer); err != nil {
			return err
		}
		if err := t.exec(`UPDATE cases SET stage = 1, stage2_message = '' WHERE id = $1`, w.caseID); err != nil {
			return err
		}
		return t.note(caseSubject(w.caseID), by, "stage2_withdrawn", detail{"message": message})
	case "joined":
		return t.note(caseSubject(w.caseID), by, "message_left", detail{"message": message})
	}
	return nil
}

// withdrawCase takes away a case of which nobody outside has heard, so that
// no list, figure or deadline knows it. Its history stays and says so.
func withdrawCase(t *tx, id, message ID, by string) error {
	if err := t.note(caseSubject(id), by, "withdrawn", detail{"message": message}); err != nil {
		return err
	}
	linked, err := idsWithin(t, `SELECT case_b FROM link WHERE case_a = $1 UNION SELECT case_a FROM link WHERE case_b = $1`, id)
	if err != nil {
		return err
	}
	for _, other := range linked {
		if err := t.note(caseSubject(other), by, "unlinked", detail{"case": id}); err != nil {
			return err
		}
	}
	for _, query := range []string{
		`DELETE FROM link WHERE case_a = $1`, `DELETE FROM link WHERE case_b = $1`, `DELETE FROM case_person WHERE case_id = $1`, `DELETE FROM clock WHERE case_id = $1`,
		`UPDATE outgoing SET case_id = '' WHERE case_id = $1`, `UPDATE hazard SET case_id = '' WHERE case_id = $1`,
		`UPDATE alarm SET case_id = '' WHERE message_id = $2 AND case_id = $1`, `DELETE FROM cases WHERE id = $1`,
	} {
		args := []any{id, message}[:1+strings.Count(query, "$2")]
		if err := t.exec(query, args...); err != nil {
			return err
		}
	}
	return nil
}

// restore puts the message back as it was, the verdict of before standing
// again.
func (w wayBack) restore(t *tx, m Message, by string) error {
	m.State, m.Case, m.Problem, m.OfferedCase, m.OfferedWhy = InReview, w.was.Case, w.was.Problem, w.was.OfferedCase, w.was.OfferedWhy
	m.Reading = nil
	if w.reading != "" {
		m.Reading = &Reading{}
		if err := json.Unmarshal([]byte(w.reading), m.Reading); err != nil {
			return err
		}
	}
	verdict := ""
	m.Verdict, m.DecidedBy = &Verdict{}, RulesActor("") // unless anybody had said anything of it
	err := t.one(`SELECT by_whom, verdict FROM decision WHERE message_id = $1 AND seq = $2`, []any{m.ID, w.seq - 1}, &m.DecidedBy, &verdict)
	if err == nil {
		err = json.Unmarshal([]byte(verdict), m.Verdict)
	}
	if err = notMissing(err); err != nil {
		return err
	}
	if err := saveMessage(t, m); err != nil {
		return err
	}
	if err := recordDecision(t, m, "undone by "+by); err != nil {
		return err
	}
	if err := t.exec(`DELETE FROM undo WHERE message_id = $1`, m.ID); err != nil {
		return err
	}
	return t.note(messageSubject(m.ID), by, "undone", detail{"case": w.caseID})
}

// restoreHazard brings the hazard back that was known before the decision; was
// is the message as the decision left it.
func (r *Register) restoreHazard(t *tx, was Message, by string) error {
	m, err := messageByID(t, was.ID)
	if err != nil || was.Verdict == nil || m.Verdict.HazardLevel == was.Verdict.HazardLevel {
		return err
	}
	return r.hazardIs(t, m, HazardRuling{Message: m.ID, Level: m.Verdict.HazardLevel, By: by, Reason: "the decision was undone"})
}
