package register

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"time"

	"postroom/internal/workday"
)

// CorrectReceived changes when a message reached the landlord: a colleague
// had it in a drawer, or the stamp was misread. Every clock that began with
// it follows, those that were met as well, so that a day that was missed
// shows as missed. The history keeps what was believed before, and why it
// changed.
func (r *Register) CorrectReceived(ctx context.Context, message ID, at time.Time, by, reason string) error {
	return wrap("correct received", r.writes.do(ctx, func(t *tx) error {
		if err := byPerson(by); err != nil {
			return err
		}
		reason, err := words(reason, "Say why the day of receipt is corrected.")
		if err != nil {
			return err
		}
		if at.IsZero() || at.After(t.now) {
			return notAllowed("A message cannot have been received in the future.")
		}
		return r.correctReceived(t, message, at.UTC().Truncate(time.Microsecond), by, reason)
	}))
}

func (r *Register) correctReceived(t *tx, message ID, at time.Time, by, reason string) error {
	m, err := messageByID(t, message)
	if err != nil {
		return err
	}
	before := m
	m.Deadline = r.AcknowledgeBy(at)
	if !m.FailsafeAt.IsZero() {
		m.FailsafeAt = r.failsafeAt(m.Channel, at, m.Deadline)
	}
	err = t.changed(`UPDATE message SET received_at = $1, basis = 'given', deadline = $2, failsafe_at = $3, version = version + 1 WHERE id = $4 AND version = $5`,
		micros(at), dateText(m.Deadline), micros(m.FailsafeAt), m.ID, m.Version)
	if err != nil {
		return err
	}
	err = t.note(messageSubject(m.ID), by, "received_corrected", detail{
		"received_at": strconv.FormatInt(micros(at), 10), "received_before": strconv.FormatInt(micros(before.ReceivedAt), 10), "basis_before": string(before.Basis),
		"deadline": dateText(m.Deadline), "deadline_before": dateText(before.Deadline), "reason": t.said(m.ID, reason),
	})
	if err != nil {
		return err
	}
	// What is still owed in answer to it becomes late when its deadline does.
	err = t.exec(`UPDATE outgoing SET deadline_at = $1 WHERE message_id = $2 AND deadline_at = $3 AND state IN ('owed', 'sending', 'to_print', 'held', 'refused', 'unknown')`,
		micros(m.Deadline.End()), m.ID, micros(before.Deadline.End()))
	if err != nil {
		return err
	}
	if err := r.recountInformation(t, m.ID, workday.DateOf(at)); err != nil {
		return err
	}
	if err := r.recountHazard(t, m.ID, at); err != nil {
		return err
	}
	return r.recountBegun(t, m.ID, by)
}

// receivedBySheet takes the day of receipt from the separator sheet before a
// letter, which is the mailroom's word, while nothing else hangs on that day.
func (r *Register) receivedBySheet(t *tx, m *Message, at time.Time) error {
	if at.IsZero() || m.Basis == Stamp || workday.DateOf(at) == workday.DateOf(m.ReceivedAt) {
		return nil
	}
	before := *m
	m.ReceivedAt, m.Basis = at.UTC().Truncate(time.Microsecond), Stamp
	m.Deadline = r.AcknowledgeBy(m.ReceivedAt)
	if !m.FailsafeAt.IsZero() {
		m.FailsafeAt = r.failsafeAt(m.Channel, m.ReceivedAt, m.Deadline)
	}
	err := t.exec(`UPDATE message SET received_at = $1, basis = $2, deadline = $3, failsafe_at = $4 WHERE id = $5`,
		micros(m.ReceivedAt), m.Basis, dateText(m.Deadline), micros(m.FailsafeAt), m.ID)
	if err != nil {
		return err
	}
	return t.note(messageSubject(m.ID), "postroom", "received_by_sheet", detail{
		"received_at": strconv.FormatInt(micros(m.ReceivedAt), 10), "received_before": strconv.FormatInt(micros(before.ReceivedAt), 10), "basis_before": string(before.Basis),
		"deadline": dateText(m.Deadline), "deadline_before": dateText(before.Deadline),
	})
}

// recountBegun brings the stages that a message began in line with its day of
// receipt.
func (r *Register) recountBegun(t *tx, message ID, by string) error {
	var begun []Case
	err := t.each(`SELECT `+caseColumns+` FROM cases c WHERE c.message_id = $1 OR c.stage2_message = $1 ORDER BY c.id`, []any{message},
		func(rows *sql.Rows) error { return collect(&begun, scanCase)(rows) })
	if err != nil {
		return err
	}
	for _, c := range begun {
		d := detail{"message": message}
		for _, stage := range []int{1, 2} { // a stage that it did not begin counts as before
			if _, err := r.recount(t, c.ID, stage, false, d); err != nil {
				return err
			}
		}
		if err := t.note(caseSubject(c.ID), by, "received_corrected", d); err != nil {
			return err
		}
	}
	return nil
}

// recountLimit is how many cases one transaction brings in line.
const recountLimit = 100

// Recount brings running clocks, what is still to be done about hazards, and
// the deadlines of messages that nobody has decided on, in line with a
// calendar, scheme or law that has changed since they were counted. Each
// change goes into its history; what residents were told stays, and the
// earlier of the two days counts. It returns how many cases, hazards and
// messages moved, and may be called at every start. What cannot be counted, as
// it cannot be read, stays as it is and keeps nothing else from it; only where
// the database fails does the error match ErrLost.
func (r *Register) Recount(ctx context.Context) (moved int, err error) {
	var failed error
	for _, what := range []struct {
		next string // the ids after one, in their order
		one  func(*tx, ID) (bool, error)
	}{
		{`SELECT DISTINCT case_id FROM clock WHERE met_at = 0 AND stopped_at = 0 AND case_id > $1 ORDER BY case_id LIMIT $2`, r.recountCase},
		{`SELECT id FROM hazard WHERE ended_at = 0 AND id > $1 ORDER BY id LIMIT $2`, r.recountOpenHazard},
		{`SELECT id FROM message WHERE state IN ('arrived', 'review') AND id > $1 ORDER BY id LIMIT $2`, r.recountMessage},
	} {
		for last := ""; ; {
			ids, err := r.ids(ctx, what.next, last, recountLimit)
			if err != nil {
				return moved, wrap("recount", &lostError{err})
			}
			if len(ids) == 0 {
				break
			}
			last = ids[len(ids)-1]
			n, err := r.recountAll(ctx, ids, what.one)
			if moved += n; isLost(err) || ctx.Err() != nil {
				return moved, wrap("recount", err)
			}
			failed = errors.Join(failed, err)
		}
	}
	return moved, wrap("recount", failed)
}

func (r *Register) recountAll(ctx context.Context, ids []ID, one func(*tx, ID) (bool, error)) (moved int, err error) {
	which, errs, err := batch(ctx, r, ids, one)
	for _, m := range which {
		if m {
			moved++
		}
	}
	return moved, errors.Join(append(errs, err)...)
}

func (r *Register) recountCase(t *tx, id ID) (bool, error) {
	moved, d := false, detail{"calendar": r.cfg.Calendar.Version()}
	for _, stage := range []int{1, 2} {
		m, err := r.recount(t, id, stage, true, d)
		if err != nil {
			return false, err
		}
		moved = moved || m
	}
	if !moved {
		return false, nil
	}
	return true, t.note(caseSubject(id), "postroom", "recounted", d)
}

func (r *Register) recountMessage(t *tx, id ID) (bool, error) {
	m, err := messageByID(t, id)
	if err != nil {
		return false, err
	}
	due := r.AcknowledgeBy(m.ReceivedAt)
	if due == m.Deadline || m.State != Arrived && m.State != InReview {
		return false, nil
	}
	failsafe := m.FailsafeAt
	if !failsafe.IsZero() {
		failsafe = r.failsafeAt(m.Channel, m.ReceivedAt, due)
	}
	err = t.exec(`UPDATE message SET deadline = $1, failsafe_at = $2, version = version + 1 WHERE id = $3`, dateText(due), micros(failsafe), id)
	if err != nil {
		return false, err
	}
	return true, t.note(messageSubject(id), "postroom", "recounted", detail{
		"deadline": due.String(), "deadline_before": dateText(m.Deadline), "calendar": r.cfg.Calendar.Version(),
	})
}
