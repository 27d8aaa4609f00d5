package register

import (
	"fmt"
	"strconv"

	"postroom/classify"
)

// oweReply owes a reply to a message, once: the register's unique key, not a
// job, is what keeps anybody from being answered twice (P2).
func (r *Register) oweReply(t *tx, m Message, c Case, reply PlannedReply) (Hint, error) {
	o := Outgoing{
		Kind: reply.Kind, Form: reply.Form, Stage: max(1, c.Stage), Case: c.ID, Message: m.ID,
		Reference: c.Reference, Deadline: m.Deadline.End(),
	}
	o.reach(c)
	if reply.Kind == Forward {
		o.Way, o.To = ByEmail, Address{Address: r.cfg.Policy.ForwardTo(c.Topics)}
		if o.To.Address == "" {
			return Hint{}, t.note(caseSubject(c.ID), "postroom", "not_forwarded", detail{"why": "no service team is configured for its topics"})
		}
	}
	again, err := corrects(t, o)
	if err != nil {
		return Hint{}, err
	}
	if again {
		o.Note = CorrectsEarlier
	}
	return r.owe(t, o)
}

// owe writes an outgoing down.
func (r *Register) owe(t *tx, o Outgoing) (Hint, error) {
	o.State, o.CreatedAt = Owed, t.now
	if o.ID == "" {
		o.ID = newID(t.now)
	}
	if o.Ordinal == 0 {
		if err := t.one(`SELECT count(*) + 1 FROM outgoing WHERE message_id = $1 AND kind = $2`, []any{o.Message, o.Kind}, &o.Ordinal); err != nil {
			return Hint{}, err
		}
	}
	counted := o.Key == ""
	if counted {
		o.Key = fmt.Sprintf("%s/%s/%d", o.Message, o.Kind, o.Ordinal)
	}
	if err := adjust(t, &o); err != nil {
		return Hint{}, err
	}
	doubt, err := mayHaveGone(t, o)
	if err != nil {
		return Hint{}, err
	}
	if doubt && o.State == Owed {
		o.State, o.Why = Held, doubtfulWhy
	}
	about := ""
	if o.About != nil {
		about = clean(asJSON(o.About))
	}
	n, err := t.affected(`INSERT INTO outgoing (id, key, kind, form, stage, case_id, message_id, reference, ordinal, way, to_name, to_addr, to_key,
			state, not_before, deadline_at, note, why, created_at, about, large_print, language)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22) ON CONFLICT DO NOTHING`,
		o.ID, o.Key, o.Kind, o.Form, o.Stage, o.Case, o.Message, o.Reference, o.Ordinal, o.Way, clean(o.To.Name), clean(o.To.Address), o.toKey(),
		o.State, micros(o.NotBefore), micros(o.Deadline), clean(o.Note), o.Why, micros(o.CreatedAt), about, bit(o.LargePrint), o.Language)
	if err == nil && n == 0 && counted {
		err = ErrConflict // another was owed to this message at this moment, and says something else
	}
	if err != nil || n == 0 {
		return Hint{}, err
	}
	if err := t.note(historyOf(o), "postroom", "reply_owed", detail{
		"outgoing": o.ID, "kind": string(o.Kind), "form": string(o.Form), "ordinal": strconv.Itoa(o.Ordinal), "way": string(o.Way), "state": string(o.State),
	}); err != nil {
		return Hint{}, err
	}
	if o.State != Owed {
		return Hint{}, nil
	}
	return Hint{ID: o.ID, NotBefore: o.NotBefore, Deadline: o.Deadline}, nil
}

// historyOf is the history that an outgoing's lines go to.
func historyOf(o Outgoing) string {
	switch {
	case o.Case != "":
		return caseSubject(o.Case)
	case o.Message != "":
		return messageSubject(o.Message)
	}
	return "outgoing:" + o.ID
}

// raiseFlags calls people for what cannot wait. Machine mail and history
// raise nothing.
func (r *Register) raiseFlags(t *tx, m Message, c Case) error {
	if m.History || m.DecidedBy == "" {
		return nil
	}
	if auto := m.Reading.Automatic; auto != "" && auto != "none" {
		return nil
	}
	for _, f := range []struct {
		on   bool
		kind AlarmKind
		note string
	}{
		{m.Verdict.HazardLevel == classify.Emergency, EmergencyAlarm, "a message speaks of an emergency in a home"},
		{m.Verdict.Has(classify.Safeguarding), SafeguardingAlarm, "a message suggests that somebody may be in danger"},
	} {
		if !f.on {
			continue
		}
		a := Alarm{Kind: f.kind, Message: m.ID, Case: c.ID, Note: f.note}
		if err := raise(t, string(f.kind)+"/"+m.ID, a); err != nil {
			return err
		}
	}
	if err := r.startHazard(t, m, c); err != nil {
		return err
	}
	return r.heedInformation(t, m)
}

// raise puts an alarm down, once a key, due at once.
func raise(t *tx, key string, a Alarm) error {
	a.ID = newID(t.now)
	n, err := t.affected(`INSERT INTO alarm (id, key, kind, message_id, case_id, outgoing_id, note, raised_at, next_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) ON CONFLICT DO NOTHING`,
		a.ID, key, a.Kind, a.Message, a.Case, a.Outgoing, clean(a.Note), micros(t.now))
	subject := messageSubject(a.Message)
	if a.Message == "" {
		subject = caseSubject(a.Case)
	}
	if err != nil || n == 0 || a.Message == "" && a.Case == "" {
		return err
	}
	return t.note(subject, "postroom", "alarm_raised", detail{"alarm": a.ID, "kind": string(a.Kind), "outgoing": a.Outgoing})
}

// repeats reports whether an alarm of that kind sounds until it is taken.
func (k AlarmKind) repeats() bool {
	return k == EmergencyAlarm || k == SafeguardingAlarm || k == HazardAlarm
}
