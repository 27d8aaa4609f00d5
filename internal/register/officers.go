package register

import "context"

// A ReplyRuling is what an officer said about a reply that waited for people.
type ReplyRuling struct {
	Event
	Reason string
}

// ruled writes down an officer's word on an outgoing, and why.
func ruled(t *tx, o Outgoing, by, what, reason string) error {
	err := t.exec(`INSERT INTO outgoing_ruling (outgoing_id, at, by_whom, what, reason) VALUES ($1, $2, $3, $4, $5)`,
		o.ID, micros(t.now), clean(by), what, clean(reason))
	if err != nil {
		return err
	}
	event := map[string]string{"released": "released", "cancelled": "reply_cancelled"}[what]
	return t.note(historyOf(o), by, event, detail{"outgoing": o.ID, "reason": t.said(o.ID, reason)})
}

// ReplyRulings lists what officers said about an outgoing, oldest first.
func (r *Register) ReplyRulings(ctx context.Context, id ID) ([]ReplyRuling, error) {
	return list(ctx, r, "reply rulings", func(row scanner) (e ReplyRuling, err error) {
		var at int64
		err = row.Scan(&at, &e.By, &e.What, &e.Reason)
		e.At = instant(at)
		return e, err
	}, `SELECT at, by_whom, what, reason FROM outgoing_ruling WHERE outgoing_id = $1 ORDER BY at`, id)
}

// A DecisionMade is one decision on a message.
type DecisionMade struct {
	Event
	Label  Label
	Reason string
}

// Decisions lists the decisions on a message, oldest first; the last stands.
func (r *Register) Decisions(ctx context.Context, message ID) ([]DecisionMade, error) {
	return list(ctx, r, "decisions", func(row scanner) (d DecisionMade, err error) {
		var at int64
		err = row.Scan(&at, &d.By, &d.Label, &d.Reason)
		d.At = instant(at)
		return d, err
	}, `SELECT at, by_whom, label, reason FROM decision WHERE message_id = $1 ORDER BY seq`, message)
}

// CasesOf lists up to n cases to which an address belongs, newest first.
func (r *Register) CasesOf(ctx context.Context, address string, n int) ([]Case, error) {
	return list(ctx, r, "cases of", scanCase, `SELECT `+caseColumns+` FROM cases c JOIN case_person p ON p.case_id = c.id
		WHERE p.address = $1 ORDER BY c.opened_at DESC, c.id DESC LIMIT $2`, mailbox(address), n)
}

// MessageAlarms lists the alarms about a message, taken or not, oldest first.
func (r *Register) MessageAlarms(ctx context.Context, message ID) ([]Alarm, error) {
	return list(ctx, r, "message alarms", scanAlarm, `SELECT `+alarmColumns+` FROM alarm WHERE message_id = $1 ORDER BY raised_at, id`, message)
}

// QueueAlarms lists the alarms about messages that wait for a person because
// of danger, taken or not, oldest first.
func (r *Register) QueueAlarms(ctx context.Context) ([]Alarm, error) {
	return list(ctx, r, "queue alarms", scanAlarm, `SELECT a.id, a.kind, a.message_id, a.case_id, a.outgoing_id, a.note, a.raised_at, a.next_at, a.times, a.taken_at, a.taken_by
		FROM alarm a JOIN message m ON m.id = a.message_id
		WHERE m.state = 'review' AND a.kind IN ('emergency', 'safeguarding') ORDER BY a.raised_at, a.id`)
}

// GetAlarm reads one alarm.
func (r *Register) GetAlarm(ctx context.Context, id ID) (Alarm, error) {
	return get(ctx, r, "get alarm", scanAlarm, `SELECT `+alarmColumns+` FROM alarm WHERE id = $1`, id)
}
