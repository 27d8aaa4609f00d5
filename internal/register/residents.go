package register

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"
)

// Adjustments are what a resident needs done differently (Code 5.10). They
// stick to the resident, and every later reply follows them.
type Adjustments struct {
	LargePrint  bool
	PhoneOnly   bool   // nothing is written: replies wait for a person who phones
	Language    string // BCP 47; empty: English
	SafeContact string // the only address that is safe to write to; empty: any
	Note        string // anything else, for officers
}

// A ResidentRecord is what is known of a resident.
type ResidentRecord struct {
	ID   ID
	Name string
	Adjustments
	At time.Time
}

const residentColumns = `r.id, r.name, r.large_print, r.phone_only, r.language, r.safe_contact, r.note, r.at`

func scanResident(row scanner) (r ResidentRecord, err error) {
	var large, phone, at int64
	err = row.Scan(&r.ID, &r.Name, &large, &phone, &r.Language, &r.SafeContact, &r.Note, &at)
	r.LargePrint, r.PhoneOnly, r.At = large == 1, phone == 1, instant(at)
	return r, err
}

func mailKey(address string) string { return "mail:" + mailbox(address) }

// postKey knows who wrote a letter by their name and the end of their address,
// where the postcode is.
func postKey(name string, postal []string) string {
	squeeze := func(s string) string { return strings.ToLower(strings.Join(strings.Fields(clean(s)), "")) }
	if len(postal) == 0 || squeeze(name) == "" {
		return ""
	}
	return "post:" + squeeze(name) + "|" + squeeze(postal[len(postal)-1])
}

// residentOf finds whose message it is, or writes down somebody new; empty
// when nothing tells.
func residentOf(t *tx, rd Reading) (ID, error) {
	if mailbox(rd.From.Address) != "" {
		return residentByKey(t, mailKey(rd.From.Address), rd.From.Name)
	}
	return residentByKey(t, postKey(rd.From.Name, rd.PostalAddress), rd.From.Name)
}

func residentByKey(t *tx, key, name string) (ID, error) {
	if key == "" || key == "mail:" {
		return "", nil
	}
	var id ID
	err := t.one(`SELECT resident_id FROM resident_key WHERE key = $1`, []any{key}, &id)
	if !errors.Is(err, ErrNotFound) {
		return id, err
	}
	id = newID(t.now)
	if err := t.exec(`INSERT INTO resident (id, name, at) VALUES ($1, $2, $3)`, id, clean(name), micros(t.now)); err != nil {
		return "", err
	}
	return id, t.exec(`INSERT INTO resident_key (key, resident_id) VALUES ($1, $2)`, key, id)
}

// GetResident reads what is known of a resident.
func (r *Register) GetResident(ctx context.Context, id ID) (ResidentRecord, error) {
	return get(ctx, r, "get resident", scanResident, `SELECT `+residentColumns+` FROM resident r WHERE r.id = $1`, id)
}

// ResidentCases lists up to n cases of a resident, the newest first.
func (r *Register) ResidentCases(ctx context.Context, id ID, n int) ([]Case, error) {
	return list(ctx, r, "resident's cases", scanCase, `SELECT `+caseColumns+` FROM cases c WHERE c.resident_id = $1 ORDER BY c.opened_at DESC, c.id DESC LIMIT $2`, id, n)
}

// SetAdjustments writes down what a resident needs. What is owed to them and
// has not begun to be sent follows at once, in all of their cases.
func (r *Register) SetAdjustments(ctx context.Context, id ID, a Adjustments, by string) error {
	return wrap("set adjustments", r.writes.do(ctx, func(t *tx) error {
		if err := byPerson(by); err != nil {
			return err
		}
		a.SafeContact = strings.TrimSpace(clean(a.SafeContact))
		err := t.changed(`UPDATE resident SET large_print = $1, phone_only = $2, language = $3, safe_contact = $4, note = $5, at = $6 WHERE id = $7`,
			bit(a.LargePrint), bit(a.PhoneOnly), clean(a.Language), a.SafeContact, clean(a.Note), micros(t.now), id)
		if err != nil {
			return err
		}
		var theirs []Case
		err = t.each(`SELECT `+caseColumns+` FROM cases c WHERE c.resident_id = $1`, []any{id}, func(rows *sql.Rows) error { return collect(&theirs, scanCase)(rows) })
		if err != nil {
			return err
		}
		for _, c := range theirs {
			if err := readdress(t, c); err != nil {
				return err
			}
			if err := t.note(caseSubject(c.ID), by, "adjustments_set", detail{"adjustments": digest(c.ID, asJSON(a))}); err != nil {
				return err
			}
		}
		return nil
	}))
}

// SameResident says that two records are of one person: the second's ways of
// writing and cases go to the first, which keeps its own adjustments and takes
// over what only the other one had.
func (r *Register) SameResident(ctx context.Context, keep, other ID, by string) error {
	return wrap("same resident", r.writes.do(ctx, func(t *tx) error {
		if err := byPerson(by); err != nil {
			return err
		}
		a, err := row(t, scanResident, `SELECT `+residentColumns+` FROM resident r WHERE r.id = $1`, keep)
		if err != nil {
			return err
		}
		b, err := row(t, scanResident, `SELECT `+residentColumns+` FROM resident r WHERE r.id = $1`, other)
		if err != nil || keep == other {
			return err
		}
		if a.Language == "" {
			a.Language = b.Language
		}
		if a.SafeContact == "" {
			a.SafeContact = b.SafeContact
		}
		err = t.exec(`UPDATE resident SET large_print = $1, phone_only = $2, language = $3, safe_contact = $4, note = $5 WHERE id = $6`,
			bit(a.LargePrint || b.LargePrint), bit(a.PhoneOnly || b.PhoneOnly), a.Language, a.SafeContact, strings.TrimSpace(a.Note+"\n"+b.Note), keep)
		if err != nil {
			return err
		}
		if err := t.exec(`UPDATE resident_key SET resident_id = $1 WHERE resident_id = $2`, keep, other); err != nil {
			return err
		}
		var moved []ID
		if err := t.each(`SELECT id FROM cases WHERE resident_id = $1`, []any{other}, idRows(&moved)); err != nil {
			return err
		}
		for _, id := range moved {
			if err := t.note(caseSubject(id), by, "resident_set", detail{"resident": keep, "resident_before": other}); err != nil {
				return err
			}
		}
		return t.exec(`UPDATE cases SET resident_id = $1 WHERE resident_id = $2`, keep, other)
	}))
}

func idRows(ids *[]ID) func(*sql.Rows) error {
	return collect(ids, func(s scanner) (id ID, err error) { return id, s.Scan(&id) })
}

// adjust brings a reply to a resident in line with what they need. It is the
// one gate through which every reply goes that is owed.
func adjust(t *tx, o *Outgoing) error {
	switch o.Kind {
	case Alert, Forward, MorningDigest:
		return nil
	case Acknowledgement, ServiceNotice, Receipt, Clarification, Extension, AnswerNotice, NotAcceptedNotice:
	}
	if o.Case == "" {
		return nil
	}
	a, err := row(t, scanResident, `SELECT `+residentColumns+` FROM resident r JOIN cases c ON c.resident_id = r.id WHERE c.id = $1`, o.Case)
	if err != nil {
		return notMissing(err)
	}
	o.LargePrint, o.Language = a.LargePrint, a.Language
	if a.SafeContact != "" {
		o.To.Address, o.Way = a.SafeContact, ByEmail
	}
	if a.PhoneOnly {
		o.State, o.Why = Held, heldForPhone
	}
	return nil
}

// A Duplicate is a message or case that may be the same as another one.
type Duplicate struct {
	Message   ID
	Case      ID // empty: the message has none
	Reference string
	Why       string
}

// duplicateDays is how far apart two copies of a complaint may be.
const duplicateDays = 30

// Duplicates offers what a message may be a second copy of: the same words by
// any channel, or another case of the same resident, within a month. It only
// offers: a person merges.
func (r *Register) Duplicates(ctx context.Context, message ID) ([]Duplicate, error) {
	span := (duplicateDays * 24 * time.Hour).Microseconds()
	scan := func(why string) func(scanner) (Duplicate, error) {
		return func(row scanner) (d Duplicate, err error) {
			d.Why = why
			return d, row.Scan(&d.Message, &d.Case, &d.Reference)
		}
	}
	same, err := list(ctx, r, "duplicates", scan("the same words"), `SELECT o.id, o.case_id, o.reference FROM message m JOIN message o ON o.text_key = m.text_key AND o.id <> m.id
		WHERE m.id = $1 AND m.text_key <> '' AND o.received_at BETWEEN m.received_at - $2 AND m.received_at + $2 ORDER BY o.received_at LIMIT 20`, message, span)
	if err != nil {
		return nil, err
	}
	others, err := list(ctx, r, "duplicates", scan("the same resident"), `SELECT o.id, c.id, c.reference FROM message m
		JOIN resident_key k ON k.key = 'mail:' || m.sender JOIN cases c ON c.resident_id = k.resident_id AND c.id <> m.case_id AND c.merged_into = ''
		JOIN message o ON o.id = c.message_id AND o.id <> m.id
		WHERE m.id = $1 AND m.sender <> '' AND o.received_at BETWEEN m.received_at - $2 AND m.received_at + $2 ORDER BY o.received_at LIMIT 20`, message, span)
	for _, d := range others {
		known := false
		for _, s := range same {
			known = known || s.Message == d.Message
		}
		if !known {
			same = append(same, d)
		}
	}
	return same, err
}
