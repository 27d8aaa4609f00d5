package register

import (
	"context"
	"strings"
)

// A PersonRole is what somebody is to a case.
type PersonRole string

// The roles; the empty one is for somebody of whom nothing is known.
const (
	TheResident     PersonRole = "resident"
	ActsForResident PersonRole = "representative"
	OurOfficer      PersonRole = "officer" // one of the landlord's own people
)

// A Person belongs to a case: what they write with a sign of the case joins it.
type Person struct {
	Address   Address
	Role      PersonRole
	Authority string // how a representative showed that they may act; empty: not shown
}

func addPerson(t *tx, caseID ID, p Person) error {
	if mailbox(p.Address.Address) == "" {
		return nil
	}
	return t.exec(`INSERT INTO case_person (case_id, address, name, role, authority) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
		caseID, mailbox(p.Address.Address), clean(p.Address.Name), p.Role, clean(p.Authority))
}

// People lists who belongs to a case.
func (r *Register) People(ctx context.Context, caseID ID) ([]Person, error) {
	return list(ctx, r, "people", scanPerson, `SELECT address, name, role, authority FROM case_person WHERE case_id = $1 ORDER BY address`, caseID)
}

func scanPerson(row scanner) (p Person, err error) {
	err = row.Scan(&p.Address.Address, &p.Address.Name, &p.Role, &p.Authority)
	return p, err
}

// SetPerson says who somebody is to a case. A resident brings their own
// record with them: what they need done differently, and their other cases.
func (r *Register) SetPerson(ctx context.Context, caseID ID, p Person, by string) error {
	return wrap("set person", r.writes.do(ctx, func(t *tx) error {
		if err := byPerson(by); err != nil {
			return err
		}
		c, err := livingCase(t, caseID)
		switch {
		case err != nil:
			return err
		case mailbox(p.Address.Address) == "":
			return notAllowed("Say by which address this person is known.")
		case p.Role != TheResident && p.Role != ActsForResident && p.Role != OurOfficer:
			return notAllowed("A person is the resident, somebody who acts for them, or one of our own.")
		}
		err = t.exec(`INSERT INTO case_person (case_id, address, name, role, authority) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (case_id, address) DO UPDATE SET name = excluded.name, role = excluded.role, authority = excluded.authority`,
			c.ID, mailbox(p.Address.Address), clean(p.Address.Name), p.Role, clean(p.Authority))
		if err != nil {
			return err
		}
		if p.Role == TheResident {
			if c.Resident, err = residentByKey(t, mailKey(p.Address.Address), p.Address.Name); err != nil {
				return err
			}
			if err := t.exec(`UPDATE cases SET resident_id = $1 WHERE id = $2`, c.Resident, c.ID); err != nil {
				return err
			}
		}
		return t.note(caseSubject(c.ID), by, "person_set", detail{
			"role": string(p.Role), "person": digest(c.ID, mailbox(p.Address.Address)), "authority": digest(c.ID, p.Authority),
		})
	}))
}

// A Correspondence says who gets a case's replies, and how.
type Correspondence struct {
	Case    ID
	To      Address
	Postal  []string
	Channel Channel // by which replies go: Letter, or any other for email
	By      string
	Reason  string
}

// SetCorrespondent says who gets a case's replies from now on, those that are
// owed already among them. A representative gets them only with authority;
// until it is shown the resident is written to, and the clocks do not wait.
func (r *Register) SetCorrespondent(ctx context.Context, s Correspondence) error {
	return wrap("set correspondent", r.writes.do(ctx, func(t *tx) error { return r.setCorrespondent(t, s) }))
}

func (r *Register) setCorrespondent(t *tx, s Correspondence) error {
	if err := byPerson(s.By); err != nil {
		return err
	}
	reason, err := words(s.Reason, "Say why the replies go to somebody else.")
	if err != nil {
		return err
	}
	c, err := livingCase(t, s.Case)
	if err != nil {
		return err
	}
	if s.Channel != Letter {
		p, err := row(t, scanPerson, `SELECT address, name, role, authority FROM case_person WHERE case_id = $1 AND address = $2`, c.ID, mailbox(s.To.Address))
		switch {
		case err != nil && notMissing(err) == nil:
			return notAllowed("Say first who this person is to the case.")
		case err != nil:
			return err
		case p.Role == ActsForResident && p.Authority == "":
			return notAllowed("This person has not shown that they may act for the resident. Write to the resident until they have.")
		case p.Role == OurOfficer:
			return notAllowed("Replies go to the resident or to somebody who acts for them, not to one of our own.")
		}
	} else if len(s.Postal) == 0 {
		return notAllowed("A letter needs an address.")
	}
	err = t.exec(`UPDATE cases SET person_name = $1, person_addr = $2, postal = $3, channel = $4, postal_ok = $5 WHERE id = $6`,
		clean(s.To.Name), clean(s.To.Address), clean(asJSON(s.Postal)), s.Channel, bit(len(s.Postal) > 0), c.ID)
	if err != nil {
		return err
	}
	c.Correspondent, c.Channel, c.Postal = s.To, s.Channel, s.Postal
	if err := readdress(t, c); err != nil {
		return err
	}
	return t.note(caseSubject(c.ID), s.By, "correspondent_set", detail{"person": digest(c.ID, mailbox(s.To.Address)), "channel": string(s.Channel), "reason": t.said(c.ID, reason)})
}

// textKey is the same for the same words, whatever way they came: letters and
// digits alone count. Short texts have none, since many say the same.
func textKey(r *Reading) string {
	if r == nil {
		return ""
	}
	var b strings.Builder
	for _, c := range strings.ToLower(r.NewText) {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c > 127 {
			b.WriteRune(c)
		}
	}
	if b.Len() < 60 {
		return ""
	}
	return digest("text", b.String())
}
