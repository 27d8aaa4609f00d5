package register

import (
	"context"
	"slices"
	"strings"

	"postroom/classify"
)

// Way is how replies to the correspondent go.
func (c Case) Way() Way {
	switch {
	case c.Channel == Letter:
		return ByLetter
	case c.Correspondent.Address == "" && len(c.Postal) > 0:
		return ByLetter
	}
	return ByEmail
}

// reach sets how an outgoing reaches the case's correspondent.
func (o *Outgoing) reach(c Case) {
	o.Way, o.To, o.postal = c.Way(), c.Correspondent, c.Postal
	if o.Way == ByLetter {
		o.To.Address = ""
	}
}

// toKey is what caps count by: the mailbox, or the home.
func (o Outgoing) toKey() string {
	if o.Way != ByLetter {
		return mailbox(o.To.Address)
	}
	return postalKey(o.postal)
}

// postalKey is a home in one form. All lines count: street or town and
// postcode alone would join neighbours.
func postalKey(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return "post:" + clean(strings.Join(strings.Fields(strings.ToLower(strings.Join(lines, " "))), " "))
}

// Addressee is what stands on an envelope: the name, and the address below it.
// Nothing, where either is not known: a letter to whoever opens it would tell
// them of a complaint.
func (c Case) Addressee() []string {
	name := strings.Join(strings.Fields(c.Correspondent.Name), " ")
	switch {
	case name == "" || len(c.Postal) == 0:
		return nil
	case strings.EqualFold(name, strings.Join(strings.Fields(c.Postal[0]), " ")):
		return c.Postal
	}
	return append([]string{name}, c.Postal...)
}

// Asked reads from the words that raised the flag whether somebody asks for a
// letter, and for large print, which is one too. Other wishes, such as a
// translation, are a person's to meet.
func Asked(v Verdict) (way Way, large bool) {
	if !v.Has(classify.WantsLetter) {
		return "", false
	}
	for _, e := range v.Evidence {
		if e.Label != string(classify.WantsLetter) {
			continue
		}
		quote := strings.ToLower(e.Quote)
		has := func(words ...string) bool {
			return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(quote, w) })
		}
		if has("print", "type", "font", "point", "larg", "big") {
			way, large = ByLetter, true
		}
		if has("post", "letter", "paper", "in writing", "write") {
			way = ByLetter
		}
	}
	return way, large
}

// ConfirmAddress says that a person has compared a correspondent's name and
// postal address with what they wrote, or found another one. Letters that wait
// for it, or came back, are owed anew; their deadlines stay. A name or
// an address that is empty stays as it is known.
func (r *Register) ConfirmAddress(ctx context.Context, caseID ID, name string, postal []string, by string) error {
	return wrap("confirm address", r.writes.do(ctx, func(t *tx) error {
		if err := byPerson(by); err != nil {
			return err
		}
		c, err := caseByID(t, caseID)
		if err != nil {
			return err
		}
		if len(postal) > 0 {
			c.Postal = postal
		}
		if name != "" {
			c.Correspondent.Name = name
		}
		if len(c.Addressee()) == 0 {
			return notAllowed("A letter needs a name and an address.")
		}
		if err := t.exec(`UPDATE cases SET person_name = $1, postal = $2, postal_ok = 1 WHERE id = $3`, clean(c.Correspondent.Name), clean(asJSON(c.Postal)), c.ID); err != nil {
			return err
		}
		if err := t.note(caseSubject(c.ID), by, "address_confirmed", detail{"postal": digest(c.ID, strings.Join(c.Addressee(), "\n"))}); err != nil {
			return err
		}
		return readdress(t, c)
	}))
}

// heldForPhone is why a reply waits for a person from the start.
const heldForPhone = "the resident asked to be phoned and not written to"

// readdress brings the replies of a case that have not left in line with who
// gets them, how, and what the resident needs. Letters that waited for an
// address, came back, or lie in the tray are owed anew, and so are emails that
// were refused, where another way or address is known now; what a person
// pulled stays with them.
func readdress(t *tx, c Case) error {
	waiting, err := outgoingsOf(t, `case_id = $1 AND way <> 'webhook' AND kind NOT IN ('alert', 'forward', 'digest') AND why NOT LIKE 'pulled:%'
		AND (state IN ('owed', 'held') AND begun_at = 0 OR way = 'letter' AND state = 'held' OR state = 'refused' OR state = 'to_print' AND `+inTray+`)`, c.ID)
	if err != nil {
		return err
	}
	for _, o := range waiting {
		if err := readdressOne(t, c, o); err != nil {
			return err
		}
	}
	return nil
}

// readdressOne leaves alone what a worker took at this moment: that one's next
// attempt is brought in line, if there is one.
func readdressOne(t *tx, c Case, o Outgoing) error {
	before := o
	o.reach(c)
	elsewhere := o.Way != before.Way || mailbox(o.To.Address) != mailbox(before.To.Address)
	switch {
	case before.Way == ByLetter, before.Why == heldForPhone, before.State == Failed && elsewhere:
		o.State, o.Why = Owed, ""
	case before.State == Failed:
		return nil // the address that refused it is the one that is still known
	}
	if err := adjust(t, &o); err != nil {
		return err
	}
	n, err := t.affected(`UPDATE outgoing SET to_name = $1, to_addr = $2, to_key = $3, way = $4, state = $5, why = $6, large_print = $7, language = $8, begun_at = 0, resend = 0
		WHERE id = $9 AND state = $10 AND attempt = $11`,
		clean(o.To.Name), clean(o.To.Address), o.toKey(), o.Way, o.State, o.Why, bit(o.LargePrint), o.Language, o.ID, before.State, before.Attempt)
	if err != nil || n == 0 {
		return err
	}
	return t.exec(`DELETE FROM letter WHERE outgoing_id = $1`, o.ID)
}

// follows brings a reply in line that was on its way when the case's address,
// or what the resident needs, changed, and that certainly did not arrive. Where
// the identical bytes go once more they go where they went.
func follows(t *tx, o Outgoing) error {
	if o.Case == "" || o.Resend || o.Way == ByWebhook || o.Kind == Alert || o.Kind == Forward || o.Kind == MorningDigest {
		return nil
	}
	c, err := caseAsItIs(t, o.Case)
	if err != nil && !byDatabase(err) {
		return nil // it cannot be read, which whoever claims it finds too
	}
	if err != nil {
		return err
	}
	now := o
	now.reach(c)
	if err := adjust(t, &now); err != nil {
		return err
	}
	if now.Way == o.Way && now.To == o.To && now.LargePrint == o.LargePrint && now.Language == o.Language && now.State == o.State {
		return nil
	}
	return t.exec(`UPDATE outgoing SET to_name = $1, to_addr = $2, to_key = $3, way = $4, state = $5, why = $6, large_print = $7, language = $8 WHERE id = $9`,
		clean(now.To.Name), clean(now.To.Address), now.toKey(), now.Way, now.State, now.Why, bit(now.LargePrint), now.Language, o.ID)
}

// fallBack owes a letter in the place of an email that will not arrive, where
// a postal address is known and the resident may be written to there. It
// reports whether it did: otherwise a person must find a way.
func (r *Register) fallBack(t *tx, o Outgoing, why string) (bool, error) {
	if o.Way != ByEmail || o.Case == "" || o.Kind == Forward || o.Kind == Alert {
		return false, nil
	}
	c, err := caseByID(t, o.Case)
	if err != nil || len(c.Postal) == 0 {
		return false, err
	}
	letter := Outgoing{
		Key: o.Key + "/letter", Kind: o.Kind, Form: o.Form, Stage: o.Stage, Case: o.Case, Message: o.Message, Reference: o.Reference, Ordinal: o.Ordinal,
		Way: ByLetter, To: Address{Name: c.Correspondent.Name}, postal: c.Postal, Deadline: o.Deadline, About: o.About,
	}
	// Whom one address only is safe for would get the same mail there for ever.
	asked := letter
	if err := adjust(t, &asked); err != nil || asked.Way != ByLetter || asked.State == Held {
		return false, err
	}
	hint, err := r.owe(t, letter)
	if err != nil || hint.ID == "" {
		return false, err
	}
	// What the email was to tell is now this letter's to tell.
	for _, query := range []string{`UPDATE answer SET outgoing_id = $1 WHERE outgoing_id = $2`, `UPDATE extension SET outgoing_id = $1 WHERE outgoing_id = $2`} {
		if err := t.exec(query, hint.ID, o.ID); err != nil {
			return false, err
		}
	}
	// Later replies would not arrive by email either.
	if err := t.exec(`UPDATE cases SET channel = 'letter' WHERE id = $1`, o.Case); err != nil {
		return false, err
	}
	return true, t.exec(`UPDATE outgoing SET state = 'cancelled', why = $1 WHERE id = $2`, why+"; a letter takes its place", o.ID)
}

// unmet takes back what the delivery of an acknowledgement meant, when it
// turns out that it never arrived: the same clock runs on.
func (r *Register) unmet(t *tx, o Outgoing, d detail) error {
	if o.Kind != Acknowledgement || o.Case == "" || o.SentAt.IsZero() {
		return nil
	}
	acknowledgement, _ := stageClocks(o.Stage)
	at := micros(o.SentAt)
	n, err := t.affected(`UPDATE clock SET
			met_by = CASE WHEN met_at = $1 THEN '' ELSE met_by END,
			met_at = CASE WHEN met_at = $1 THEN 0 ELSE met_at END,
			defined_at = CASE WHEN defined_at = $1 THEN 0 ELSE defined_at END
		WHERE case_id = $2 AND name = $3 AND stopped_at = 0 AND (met_at = $1 OR defined_at = $1)`, at, o.Case, acknowledgement)
	if err != nil || n == 0 {
		return err
	}
	d["unmet"] = acknowledgement
	_, err = r.recount(t, o.Case, o.Stage, true, d)
	return err
}
