package register

import (
	"context"
	"errors"
	"strconv"
	"time"

	"postroom/internal/workday"
)

// settleAll runs one step for each outcome and returns each one's own error.
func settleAll[I any](ctx context.Context, r *Register, verb string, items []I, one func(*tx, I) error) ([]error, error) {
	_, errs, err := batch(ctx, r, items, errOnly(one))
	for i := range errs {
		errs[i] = wrap(verb, errs[i])
	}
	return errs, wrap(verb, err)
}

// Begin records, before DATA, that from here on the outcome may be unknown.
// ErrStale stands in the place of an attempt that is no longer the caller's:
// it must not send.
func (r *Register) Begin(ctx context.Context, bs []Beginning) ([]error, error) {
	return settleAll(ctx, r, "begin", bs, func(t *tx, b Beginning) error {
		o := Outgoing{ID: b.ID}
		var resend int64
		err := t.one(`UPDATE outgoing SET begun = attempt, begun_at = $1, mail_id = $2, bytes = $3, subject = $4, promised = $5
			WHERE id = $6 AND attempt = $7 AND state = 'sending' RETURNING case_id, message_id, resend`,
			[]any{micros(t.now), clean(b.MessageID), b.Bytes, clean(b.Subject), dateText(b.Promised), b.ID, b.Attempt},
			&o.Case, &o.Message, &resend)
		if errors.Is(err, ErrNotFound) {
			return ErrStale
		}
		if err != nil {
			return err
		}
		return t.note(historyOf(o), "postroom", "sending", detail{
			"outgoing": o.ID, "attempt": strconv.Itoa(b.Attempt), "bytes": b.Bytes, "message_id": b.MessageID, "guard": b.Guard, "resend": strconv.FormatBool(resend == 1),
		})
	})
}

// Sent records deliveries. A delivery is a fact: it is recorded even when the
// lease was lost meanwhile, and no later attempt can begin. Only that the mail
// came back outdoes it: the report may be read before this is written.
func (r *Register) Sent(ctx context.Context, os []Outcome) ([]error, error) {
	return settleAll(ctx, r, "sent", os, r.sent)
}

func (r *Register) sent(t *tx, s Outcome) error {
	at := s.At
	if at.IsZero() {
		at = t.now
	}
	o := Outgoing{ID: s.ID} // with what follow goes by
	var promised string
	err := t.one(`UPDATE outgoing SET state = 'sent', sent_at = $1, lease_until = 0, why = ''
		WHERE id = $2 AND state <> 'sent' AND NOT (state IN ('refused', 'cancelled') AND why LIKE $3) RETURNING kind, form, stage, case_id, message_id, promised`,
		[]any{micros(at), o.ID, cameBackWhy + "%"}, &o.Kind, &o.Form, &o.Stage, &o.Case, &o.Message, &promised)
	if errors.Is(err, ErrNotFound) {
		_, err = outgoingByID(t, s.ID) // it is recorded already, it came back, or there is none
		return err
	}
	if err == nil {
		o.Promised, err = dateOf(promised)
	}
	if err != nil {
		return err
	}
	d := detail{"outgoing": o.ID, "kind": string(o.Kind), "attempt": strconv.Itoa(s.Attempt), "code": s.Code, "on": workday.DateOf(at).String()}
	if err := r.follow(t, o, at, d); err != nil {
		return err
	}
	return t.note(historyOf(o), "postroom", "sent", d)
}

// follow does what a delivery means for the clocks of its case.
func (r *Register) follow(t *tx, o Outgoing, at time.Time, d detail) error {
	switch {
	case o.Case == "":
	case o.Kind == Acknowledgement:
		return r.acknowledged(t, o, at, d)
	case o.Kind == Extension:
		return r.extensionTold(t, o, at, d)
	case o.Kind == AnswerNotice:
		return r.answerSent(t, o, at)
	}
	return nil
}

// TryAgain records a certain non-delivery; it is owed again from
// Outcome.Again on, to be rendered afresh, since dates may have moved, and
// addressed as it would be now.
func (r *Register) TryAgain(ctx context.Context, os []Outcome) ([]error, error) {
	return settleAll(ctx, r, "try again", os, func(t *tx, s Outcome) error {
		n, err := t.affected(`UPDATE outgoing SET state = 'owed', failures = failures + 1, not_before = $1, begun_at = 0, lease_until = 0, why = $2
			WHERE id = $3 AND attempt = $4 AND state = 'sending'`, micros(s.Again), clean(s.Why), s.ID, s.Attempt)
		if err := r.settled(t, s, n, err, "not_delivered"); err != nil {
			return err
		}
		o, err := outgoingByID(t, s.ID)
		if err != nil {
			return err
		}
		return follows(t, o)
	})
}

// Unknown records that nobody knows whether a begun attempt arrived. The
// identical bytes go once more from Outcome.Again on; after the second time a
// person is told.
func (r *Register) Unknown(ctx context.Context, os []Outcome) ([]error, error) {
	return settleAll(ctx, r, "unknown", os, func(t *tx, s Outcome) error {
		o, err := outgoingByID(t, s.ID)
		if err != nil {
			return err
		}
		if o.State != Sending || o.Attempt != s.Attempt {
			return ErrStale
		}
		if o.Resend {
			return r.uncertain(t, o, s.Why)
		}
		n, err := t.affected(`UPDATE outgoing SET state = 'owed', resend = 1, not_before = $1, lease_until = 0, why = $2
			WHERE id = $3 AND attempt = $4 AND state = 'sending'`, micros(s.Again), clean(s.Why), s.ID, s.Attempt)
		return r.settled(t, s, n, err, "outcome_unknown")
	})
}

// uncertain puts an outgoing whose outcome is unknown for the second time
// into people's hands.
func (r *Register) uncertain(t *tx, o Outgoing, why string) error {
	err := t.changed(`UPDATE outgoing SET state = 'unknown', lease_until = 0, why = $1 WHERE id = $2 AND attempt = $3 AND state = 'sending'`,
		clean(why), o.ID, o.Attempt)
	if err != nil {
		return err
	}
	if err := t.note(historyOf(o), "postroom", "outcome_unknown", detail{"outgoing": o.ID, "attempt": strconv.Itoa(o.Attempt), "final": "true"}); err != nil {
		return err
	}
	return unsent(t, o, "nobody knows whether a reply arrived; please ask the person or send it another way")
}

// Refused records that the mail server refuses a mail for good.
func (r *Register) Refused(ctx context.Context, os []Outcome) ([]error, error) {
	return settleAll(ctx, r, "refused", os, func(t *tx, s Outcome) error {
		return r.toPeople(t, s, Failed, "refused", "a mail server refuses a reply for good; please send it another way")
	})
}

// Hold puts claimed outgoing into people's hands, with the reason. A held
// acknowledgement is still owed, and its deadline still runs.
func (r *Register) Hold(ctx context.Context, os []Outcome) ([]error, error) {
	return settleAll(ctx, r, "hold", os, func(t *tx, s Outcome) error {
		return r.toPeople(t, s, Held, "held", "a reply is held for a person: "+s.Why)
	})
}

func (r *Register) toPeople(t *tx, s Outcome, to OutgoingState, what, note string) error {
	n, err := t.affected(`UPDATE outgoing SET state = $1, lease_until = 0, why = $2, failures = failures + 1
		WHERE id = $3 AND attempt = $4 AND state = 'sending'`, to, clean(s.Why), s.ID, s.Attempt)
	if err := r.settled(t, s, n, err, what); err != nil {
		return err
	}
	o, err := outgoingByID(t, s.ID)
	if err != nil {
		return err
	}
	if to == Held && o.Way == ByLetter {
		return nil // it shows among the letters, and is warned of in time
	}
	if to == Failed {
		if fell, err := r.fallBack(t, o, "the email did not arrive"); err != nil || fell {
			return err
		}
	}
	return unsent(t, o, note)
}

// settled writes the history's line of an attempt's outcome.
func (r *Register) settled(t *tx, s Outcome, changed int64, err error, what string) error {
	if err != nil {
		return err
	}
	if changed == 0 {
		return ErrStale
	}
	o, err := outgoingByID(t, s.ID)
	if err != nil {
		return err
	}
	return t.note(historyOf(o), "postroom", what, detail{
		"outgoing": o.ID, "attempt": strconv.Itoa(s.Attempt), "code": s.Code, "why": s.Why,
	})
}

// unsent raises the alarm that a reply did not leave. A lost alert raises
// none of its own: it would only be lost as well.
func unsent(t *tx, o Outgoing, note string) error {
	if o.Kind == Alert {
		return nil
	}
	return raise(t, "unsent/"+o.ID+"/"+strconv.Itoa(o.Attempt), Alarm{Kind: UnsentAlarm, Message: o.Message, Case: o.Case, Outgoing: o.ID, Note: note})
}

// Release lets a held, refused or unknown outgoing go, by an officer's word.
// It is rendered afresh and addressed as it would be now, also where its bytes
// may have arrived already: whoever lets it go has asked, and meanwhile dates
// may have moved, or only another address be safe.
func (r *Register) Release(ctx context.Context, id ID, by, reason string) (Hint, error) {
	h, err := result(ctx, r, func(t *tx) (Hint, error) {
		o, err := outgoingByID(t, id)
		if err != nil {
			return Hint{}, err
		}
		err = t.changed(`UPDATE outgoing SET state = 'owed', not_before = 0, why = '', begun_at = 0, resend = 0, failures = 0
			WHERE id = $1 AND state IN ('held', 'refused', 'unknown')`, id)
		if err != nil {
			return Hint{}, err
		}
		if o.Why != heldForPhone { // of which the officer knows
			o.State, o.Resend, o.Why = Owed, false, ""
			if err := follows(t, o); err != nil {
				return Hint{}, err
			}
		}
		return Hint{ID: id, Deadline: o.Deadline}, ruled(t, o, by, "released", reason)
	})
	return h, wrap("release", err)
}

// cameBackWhy begins what is said of a mail that came back.
const cameBackWhy = "the mail came back as undeliverable"

// cameBack deals with an email that turned out not to have arrived: its clock
// runs on, and a letter or a person takes its place.
func (r *Register) cameBack(t *tx, o Outgoing) error {
	d := detail{"outgoing": o.ID}
	if err := r.undelivered(t, o, d); err != nil {
		return err
	}
	if len(d) > 1 {
		if err := t.note(historyOf(o), "postroom", "clock_runs_on", d); err != nil {
			return err
		}
	}
	if fell, err := r.fallBack(t, o, cameBackWhy); err != nil || fell {
		return err
	}
	return unsent(t, o, "a reply came back as undeliverable; please send it another way, the deadline still runs")
}

// Cancel drops an outgoing that has not begun to be sent, by an officer's word.
func (r *Register) Cancel(ctx context.Context, id ID, by, reason string) error {
	return wrap("cancel", r.writes.do(ctx, func(t *tx) error {
		o, err := outgoingByID(t, id)
		if err != nil {
			return err
		}
		err = t.changed(`UPDATE outgoing SET state = 'cancelled', why = $1 WHERE id = $2 AND (state IN ('owed', 'held', 'refused', 'unknown') OR state = 'to_print' AND `+inTray+`)`, clean(reason), id)
		if err != nil {
			return err
		}
		return ruled(t, o, by, "cancelled", reason)
	}))
}

// Bounced records that a mail of ours came back. After a permanent bounce the
// reply counts as refused, and people are told; a delay or a full mailbox is
// only noted (RFC 3463: 4.x.x, and 5.2.2).
func (r *Register) Bounced(ctx context.Context, ourMessageID string, report Bounce, by ID) error {
	return wrap("bounced", r.writes.do(ctx, func(t *tx) error {
		o, err := row(t, scanOutgoing, `SELECT `+outgoingColumns+` FROM outgoing o WHERE o.mail_id = $1 ORDER BY o.id DESC LIMIT 1`, clean(ourMessageID))
		if err != nil {
			return err
		}
		err = t.note(historyOf(o), "postroom", "bounced", detail{
			"outgoing": o.ID, "message": by, "status": clean(report.Status), "permanent": strconv.FormatBool(report.Permanent),
		})
		if err != nil || !report.Permanent || report.Status == "5.2.2" {
			return err
		}
		n, err := t.affected(`UPDATE outgoing SET state = 'refused', why = $1 WHERE id = $2 AND state IN ('sent', 'unknown', 'sending', 'owed')`, cameBackWhy, o.ID)
		if err != nil || n == 0 {
			return err
		}
		return r.cameBack(t, o)
	}))
}
