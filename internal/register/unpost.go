package register

import (
	"context"
	"slices"
	"time"
)

// unpostWithin is how long a batch can be taken back that was marked as posted
// by mistake. Later the post has been, and residents act on what they read.
const unpostWithin = 24 * time.Hour

// Unpost takes back that a batch was posted: somebody marked the wrong one, or
// it never left the building. Its letters wait to be posted again, and their
// clocks are as they were before.
func (r *Register) Unpost(ctx context.Context, batch ID, by, reason string) error {
	return wrap("unpost", r.writes.do(ctx, func(t *tx) error {
		if err := byPerson(by); err != nil {
			return err
		}
		reason, err := words(reason, "Say why the batch was not posted after all.")
		if err != nil {
			return err
		}
		b, err := row(t, scanBatch, `SELECT `+batchColumns+` FROM print_batch WHERE id = $1`, batch)
		switch {
		case err != nil:
			return err
		case b.PostedOn.IsZero():
			return notAllowed("Batch %s is not marked as posted.", b.Name)
		case t.now.Sub(b.MarkedAt) > unpostWithin:
			return notAllowed("Batch %s was marked as posted more than a day ago. It stays posted; a letter that never arrived can be marked as returned.", b.Name)
		}
		if err := eachLetter(t, batch, func(l TrayLetter) error { return mayUnpost(t, l) }); err != nil {
			return err
		}
		if err := t.exec(`UPDATE print_batch SET posted_on = '', posted_by = '', marked_at = 0 WHERE id = $1`, batch); err != nil {
			return err
		}
		// The last first: each finds the clocks as it left them.
		var letters []TrayLetter
		err = eachLetter(t, batch, func(l TrayLetter) error { letters = append(letters, l); return nil })
		for _, l := range slices.Backward(letters) {
			if err == nil {
				err = r.unpost(t, l, by, reason)
			}
		}
		return err
	}))
}

// mayUnpost refuses where something has been built upon the posting.
func mayUnpost(t *tx, l TrayLetter) error {
	if l.State != Delivered {
		return notAllowed("The letter %s has come back, or was dealt with since. The batch stays posted.", l.Reference)
	}
	if l.Case == "" {
		return nil
	}
	c, err := caseByID(t, l.Case)
	switch {
	case err != nil:
		return err
	case !c.ClosedAt.IsZero():
		return notAllowed("The case %s was closed since. Reopen it first.", c.Reference)
	case l.Kind == AnswerNotice && c.Stage > l.Stage:
		return notAllowed("The case %s went to stage 2 since. The batch stays posted.", c.Reference)
	}
	return nil
}

func (r *Register) unpost(t *tx, l TrayLetter, by, reason string) error {
	d := detail{"outgoing": l.ID, "kind": string(l.Kind), "on_before": dateText(l.PostedOn), "reason": t.said(l.ID, reason)}
	if err := r.unfollow(t, l, d); err != nil {
		return err
	}
	if err := t.changed(`UPDATE outgoing SET state = 'to_print', sent_at = 0 WHERE id = $1 AND state = 'sent'`, l.ID); err != nil {
		return err
	}
	if err := t.exec(`UPDATE letter SET posted_on = '', promised_before = '' WHERE outgoing_id = $1`, l.ID); err != nil {
		return err
	}
	if err := r.metByOthers(t, l.Outgoing, d); err != nil {
		return err
	}
	return t.note(historyOf(l.Outgoing), by, "not_posted", d)
}

// metByOthers meets the clock of an acknowledgement that did not arrive by what
// else has gone out.
func (r *Register) metByOthers(t *tx, o Outgoing, d detail) error {
	others, err := outgoingsOf(t, `case_id = $1 AND case_id <> '' AND stage = $2 AND kind = 'acknowledgement' AND state = 'sent'`, o.Case, int64(o.Stage))
	for _, other := range others {
		if err == nil {
			err = r.acknowledged(t, other, other.SentAt, d)
		}
	}
	return err
}

// unfollow takes back what a delivery meant for the clocks of its case.
func (r *Register) unfollow(t *tx, l TrayLetter, d detail) error {
	if l.Case == "" {
		return nil
	}
	_, answer := stageClocks(l.Stage)
	before, promised := l.promisedBefore, dateText(l.Promised)
	switch l.Kind { //nolint:exhaustive // the others move no clock
	case Acknowledgement:
		if err := r.unmet(t, l.Outgoing, d); err != nil {
			return err
		}
	case Extension:
		if err := t.one(`UPDATE extension SET told_at = 0, late = 0 WHERE outgoing_id = $1 RETURNING new_due`, []any{l.ID}, &promised); err != nil {
			return err
		}
	case AnswerNotice:
		return unanswered(t, l.Outgoing, d)
	default:
		return nil
	}
	err := t.exec(`UPDATE clock SET promised = $1 WHERE case_id = $2 AND name = $3 AND promised = $4`, before, l.Case, answer, promised)
	if err != nil {
		return err
	}
	_, err = r.recount(t, l.Case, l.Stage, true, d)
	return err
}

// unanswered takes back that an answer reached the resident.
func unanswered(t *tx, o Outgoing, d detail) error {
	n, err := t.affected(`UPDATE answer SET given_at = 0 WHERE outgoing_id = $1 AND withdrawn_at = 0`, o.ID)
	if err != nil || n == 0 {
		return err
	}
	_, clock := stageClocks(o.Stage)
	if err := t.exec(`UPDATE clock SET met_at = 0, met_by = '', defined_at = 0 WHERE case_id = $1 AND name = $2 AND met_by = $3`, o.Case, clock, answerMet); err != nil {
		return err
	}
	d["unmet"] = clock
	column := map[int]string{1: `UPDATE cases SET answered1_at = 0 WHERE id = $1`, 2: `UPDATE cases SET answered2_at = 0 WHERE id = $1`}[o.Stage]
	return t.exec(column, o.Case)
}

// undelivered takes back what the delivery of a mail meant that never arrived.
func (r *Register) undelivered(t *tx, o Outgoing, d detail) error {
	if o.Case == "" || o.SentAt.IsZero() {
		return nil
	}
	switch o.Kind { //nolint:exhaustive // the others move no clock
	case Acknowledgement:
		if err := r.unmet(t, o, d); err != nil {
			return err
		}
		return r.metByOthers(t, o, d)
	case Extension:
		return r.notTold(t, o, d)
	case AnswerNotice:
		c, err := caseByID(t, o.Case)
		if err != nil || !c.ClosedAt.IsZero() || c.Stage > o.Stage {
			return err // something has been built upon it; a person is told
		}
		return unanswered(t, o, d)
	}
	return nil
}

// notTold takes back that a resident was told of an extension: the day counts
// again that it put off.
func (r *Register) notTold(t *tx, o Outgoing, d detail) error {
	var clock, before, promised string
	err := t.one(`UPDATE extension SET told_at = 0, late = 0 WHERE outgoing_id = $1 RETURNING clock, old_due, new_due`, []any{o.ID}, &clock, &before, &promised)
	if err != nil {
		return notMissing(err)
	}
	if err := t.exec(`UPDATE clock SET promised = $1 WHERE case_id = $2 AND name = $3 AND promised = $4`, before, o.Case, clock, promised); err != nil {
		return err
	}
	_, err = r.recount(t, o.Case, o.Stage, true, d)
	return err
}

// promiseBefore remembers what a case's answer clock promised before a letter
// is posted, in case that is taken back.
func promiseBefore(t *tx, l TrayLetter) error {
	_, answer := stageClocks(l.Stage)
	return t.exec(`UPDATE letter SET promised_before = COALESCE((SELECT promised FROM clock WHERE case_id = $1 AND name = $2), '') WHERE outgoing_id = $3`, l.Case, answer, l.ID)
}

// Unpostable reports whether a batch's posting can still be taken back.
func (b PrintBatch) Unpostable(now time.Time) bool {
	return !b.PostedOn.IsZero() && now.Sub(b.MarkedAt) <= unpostWithin
}
