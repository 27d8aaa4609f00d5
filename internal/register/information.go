package register

import (
	"context"
	"errors"
	"strconv"
	"time"

	"postroom/classify"
	"postroom/internal/workday"
)

// An InformationRequest is a message that asks for information, such as a
// subject access request. It has a clock of its own beside the complaint's:
// one calendar month from the day of receipt (UK GDPR Article 12(3), as the
// ICO counts it).
type InformationRequest struct {
	Message    ID
	Reference  string
	ReceivedOn workday.Date
	Due        workday.Date
	SettledAt  time.Time // zero: it is open
	SettledBy  string
}

const informationColumns = `i.message_id, m.reference, i.received_on, i.due_on, i.settled_at, i.settled_by`

func scanInformation(row scanner) (q InformationRequest, err error) {
	var received, due string
	var settled int64
	if err = row.Scan(&q.Message, &q.Reference, &received, &due, &settled, &q.SettledBy); err != nil {
		return q, err
	}
	q.SettledAt = instant(settled)
	if q.ReceivedOn, err = dateOf(received); err != nil {
		return q, err
	}
	q.Due, err = dateOf(due)
	return q, err
}

// heedInformation starts the clock of a message that the rules or an officer
// take for a request for information.
func (r *Register) heedInformation(t *tx, m Message) error {
	if !m.Verdict.Has(classify.InformationRequest) {
		return nil
	}
	received := workday.DateOf(m.ReceivedAt)
	due := r.cfg.Calendar.MonthAfter(received)
	n, err := t.affected(`INSERT INTO information_request (message_id, received_on, due_on) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
		m.ID, dateText(received), dateText(due))
	if err != nil || n == 0 {
		return err
	}
	return t.note(messageSubject(m.ID), m.DecidedBy, "information_requested", detail{"due": dateText(due)})
}

// recountInformation brings an open request's day in line with a corrected
// receipt.
func (r *Register) recountInformation(t *tx, message ID, received workday.Date) error {
	due := dateText(r.cfg.Calendar.MonthAfter(received))
	n, err := t.affected(`UPDATE information_request SET received_on = $1, due_on = $2 WHERE message_id = $3 AND settled_at = 0`, dateText(received), due, message)
	if err != nil || n == 0 {
		return err
	}
	return t.note(messageSubject(message), "postroom", "information_recounted", detail{"due": due})
}

// OpenInformation lists up to n requests for information that nobody has
// settled and that are due by a day, the most urgent first.
func (r *Register) OpenInformation(ctx context.Context, by workday.Date, n int) ([]InformationRequest, error) {
	return list(ctx, r, "open information", scanInformation, `SELECT `+informationColumns+` FROM information_request i JOIN message m ON m.id = i.message_id
		WHERE i.settled_at = 0 AND i.due_on <= $1 ORDER BY i.due_on, i.message_id LIMIT $2`, dateText(by), n)
}

// CaseInformation lists the requests for information in the messages of a case
// and of those that were merged into it, the one that is due first first.
func (r *Register) CaseInformation(ctx context.Context, caseID ID) ([]InformationRequest, error) {
	return list(ctx, r, "case information", scanInformation, `SELECT `+informationColumns+` FROM information_request i JOIN message m ON m.id = i.message_id
		WHERE m.case_id IN (`+familyOf+`) ORDER BY i.due_on, i.message_id`, caseID)
}

// SettleInformation says that a request for information was answered, or was
// none. Whoever says so takes the alarms about it. ErrNotFound when no open request has that reference.
func (r *Register) SettleInformation(ctx context.Context, reference, by, how string) error {
	return wrap("settle information", r.writes.do(ctx, func(t *tx) error {
		var id ID
		err := t.one(`SELECT i.message_id FROM information_request i JOIN message m ON m.id = i.message_id WHERE m.reference = $1 AND i.settled_at = 0`, []any{reference}, &id)
		if err != nil {
			return err
		}
		err = t.exec(`UPDATE information_request SET settled_at = $1, settled_by = $2, how = $3 WHERE message_id = $4`, micros(t.now), clean(by), clean(how), id)
		if err != nil {
			return err
		}
		err = t.exec(`UPDATE alarm SET taken_at = $1, taken_by = $2 WHERE message_id = $3 AND key LIKE 'information/%' AND taken_at = 0`, micros(t.now), clean(by), id)
		if err != nil {
			return err
		}
		return t.note(messageSubject(id), by, "information_settled", detail{"how": t.said(id, how)})
	}))
}

// warnInformation raises a deadline alarm for up to n open requests that are
// due within so many working days, once for each of those days.
func (r *Register) warnInformation(ctx context.Context, at time.Time, days, n int) (int, error) {
	suffix := "/" + strconv.Itoa(days)
	near, err := list(ctx, r, "warn of information", scanInformation, `SELECT `+informationColumns+` FROM information_request i JOIN message m ON m.id = i.message_id
		WHERE i.settled_at = 0 AND i.due_on <= $1 AND NOT EXISTS (SELECT 1 FROM alarm a WHERE a.key = 'information/' || i.message_id || $3)
		ORDER BY i.due_on, i.message_id LIMIT $2`, dateText(r.cfg.Calendar.Add(workday.DateOf(at), days)), n, suffix)
	if err != nil {
		return 0, err
	}
	rang, errs, err := batch(ctx, r, near, func(t *tx, q InformationRequest) (bool, error) {
		return raiseNew(t, "information/"+q.Message+suffix,
			Alarm{Kind: DeadlineAlarm, Message: q.Message, Note: "a request for information must be answered by " + q.Due.Long()})
	})
	return count(rang), errors.Join(append(errs, err)...)
}
