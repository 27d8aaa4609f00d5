package register

import (
	"context"
	"time"
)

// Reconsider puts a message whose decision was wrong back into the queue, with
// the case that it has, so that somebody decides on it anew. What has gone out
// stays sent; the new decision sends what is missing. Its clocks run on from
// the same receipt. ErrConflict when the message changed since it was seen.
func (r *Register) Reconsider(ctx context.Context, message ID, version int64, by, reason string) error {
	return wrap("reconsider", r.writes.do(ctx, func(t *tx) error {
		if err := byPerson(by); err != nil {
			return err
		}
		reason, err := words(reason, "Say why the decision is looked at again.")
		if err != nil {
			return err
		}
		m, err := messageByID(t, message)
		if err != nil {
			return err
		}
		if err := mayReconsider(t, m); err != nil {
			return err
		}
		failsafe := m.FailsafeAt
		if !failsafe.IsZero() && failsafe.Before(t.now) {
			failsafe = t.now.Add(24 * time.Hour) // people get a day; then it acts as for any other message
		}
		err = t.changed(`UPDATE message SET state = 'review', problem = $1, failsafe_at = $2, version = version + 1 WHERE id = $3 AND version = $4`,
			"its decision is looked at again: "+reason, micros(failsafe), m.ID, version)
		if err != nil {
			return err
		}
		return t.note(messageSubject(m.ID), by, "reconsidered", detail{"case": m.Case, "reason": t.said(m.ID, reason)})
	}))
}

func mayReconsider(t *tx, m Message) error {
	var erased int64
	if err := t.one(`SELECT erased_at FROM message WHERE id = $1`, []any{m.ID}, &erased); err != nil {
		return err
	}
	switch {
	case erased > 0:
		return notAllowed("Its words were erased, so there is nothing to decide on.")
	case m.State != Filed && m.State != Recorded:
		return notAllowed("Nobody has decided on this message yet.")
	case m.Twin != "":
		return notAllowed("This is a second copy of another message. Look at that one again.")
	case m.Case == "":
		return nil
	}
	c, err := caseByID(t, m.Case)
	switch {
	case err != nil:
		return err
	case c.MergedInto != "":
		return notAllowed("Its case was merged into another one. Undo the merge first.")
	case !c.ClosedAt.IsZero():
		return notAllowed("Its case is closed. Reopen it first.")
	case c.Message == m.ID && (!c.Answered1At.IsZero() || c.Stage2Message != ""):
		return notAllowed("Its case has been answered. What is still wrong belongs into stage 2, or into a case of its own.")
	case c.Stage2Message == m.ID:
		return notAllowed("It began stage 2 of its case, which goes on until it is answered.")
	}
	return nil
}

// CorrectsEarlier marks an acknowledgement to somebody whom we told something
// less about the same message before: it says that it takes its place.
const CorrectsEarlier = "it takes the place of an earlier reply"

// corrects reports whether an outgoing is such an acknowledgement.
func corrects(t *tx, o Outgoing) (bool, error) {
	if o.Kind != Acknowledgement {
		return false, nil
	}
	var n int
	err := t.one(`SELECT count(*) FROM outgoing WHERE message_id = $1 AND kind IN ('service_request_notice', 'receipt') AND begun_at > 0`, []any{o.Message}, &n)
	return n > 0, err
}
