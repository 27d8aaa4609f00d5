package register

import (
	"context"
	"strings"

	"postroom/classify"
)

// A LinkKind is what two cases have to do with each other.
type LinkKind string

// The kinds of link.
const (
	LinkRelated LinkKind = "related"
	LinkAbout   LinkKind = "about" // a complaint about how a request or another case was dealt with
	LinkSplit   LinkKind = "split" // both began with the same message
)

// familyOf are the case $1 and all that were merged into it, however often.
const familyOf = `WITH RECURSIVE family (id) AS (SELECT CAST($1 AS TEXT) UNION SELECT k.id FROM cases k JOIN family f ON k.merged_into = f.id WHERE k.merged_into <> '') SELECT id FROM family`

// messagesOf are the messages of the case $1 and its family, and the message
// $2. With OR instead of UNION, PostgreSQL reads every message there is.
const messagesOf = `SELECT x.id FROM message x WHERE x.case_id IN (` + familyOf + `) UNION SELECT CAST($2 AS TEXT)`

// livingCase follows the signposts of merged cases to the one that lives on.
func livingCase(t *tx, id ID) (Case, error) { return followMerged(t, id, caseByID) }

func followMerged(t *tx, id ID, read func(*tx, ID) (Case, error)) (Case, error) {
	for seen := map[ID]bool{}; ; {
		c, err := read(t, id)
		if err != nil || c.MergedInto == "" || seen[id] {
			return c, err
		}
		seen[id] = true
		id = c.MergedInto
	}
}

// linkCases ties two cases together, once; a link that was undone holds again.
func linkCases(t *tx, a, b ID, kind LinkKind, by string) error {
	if a == b || a == "" || b == "" {
		return nil
	}
	n, err := t.affected(`INSERT INTO link (case_a, case_b, kind, at, by_whom) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (case_a, case_b) DO UPDATE SET undone_at = 0, kind = excluded.kind WHERE link.undone_at > 0`, a, b, kind, micros(t.now), clean(by))
	if err != nil || n == 0 {
		return err
	}
	if err := t.note(caseSubject(a), by, "linked", detail{"case": b, "kind": string(kind)}); err != nil {
		return err
	}
	return t.note(caseSubject(b), by, "linked", detail{"case": a, "kind": string(kind)})
}

// LinkCases ties two cases together for whoever reads either of them.
func (r *Register) LinkCases(ctx context.Context, a, b ID, by string) error {
	return wrap("link", r.writes.do(ctx, func(t *tx) error {
		if err := byPerson(by); err != nil {
			return err
		}
		if a == b {
			return notAllowed("A case cannot be linked to itself.")
		}
		var known int
		err := t.one(`SELECT count(*) FROM link WHERE undone_at = 0 AND ((case_a = $1 AND case_b = $2) OR (case_a = $2 AND case_b = $1))`, []any{a, b}, &known)
		if err != nil || known > 0 {
			return err
		}
		return linkCases(t, a, b, LinkRelated, by)
	}))
}

// UnlinkCases undoes a link. ErrNotFound when there is none.
func (r *Register) UnlinkCases(ctx context.Context, a, b ID, by string) error {
	return wrap("unlink", r.writes.do(ctx, func(t *tx) error {
		n, err := t.affected(`UPDATE link SET undone_at = $1 WHERE undone_at = 0 AND ((case_a = $2 AND case_b = $3) OR (case_a = $3 AND case_b = $2))`, micros(t.now), a, b)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrNotFound
		}
		if err := t.note(caseSubject(a), by, "unlinked", detail{"case": b}); err != nil {
			return err
		}
		return t.note(caseSubject(b), by, "unlinked", detail{"case": a})
	}))
}

// LinkedCases lists the cases that a case is linked to, oldest first.
func (r *Register) LinkedCases(ctx context.Context, id ID) ([]Case, error) {
	return list(ctx, r, "linked cases", scanCase, `SELECT `+caseColumns+` FROM cases c WHERE c.id IN (
			SELECT case_b FROM link WHERE case_a = $1 AND undone_at = 0 UNION SELECT case_a FROM link WHERE case_b = $1 AND undone_at = 0)
		ORDER BY c.opened_at, c.id`, id)
}

// A Merging says that two cases are one.
type Merging struct {
	From, Into ID // Into lives on, and was received first
	By         string
	Reason     string
}

// Merge makes a signpost of the later of two cases: replies to it follow to
// the one that lives on, its people belong there, and nothing is deleted. The
// earlier case lives on, so that no deadline becomes later; a day that was
// promised in the other one is kept. Unmerge undoes it.
func (r *Register) Merge(ctx context.Context, m Merging) error {
	return wrap("merge", r.writes.do(ctx, func(t *tx) error {
		if err := byPerson(m.By); err != nil {
			return err
		}
		reason, err := words(m.Reason, "Say why the two cases are one.")
		if err != nil {
			return err
		}
		from, err := caseByID(t, m.From)
		if err != nil {
			return err
		}
		into, err := caseByID(t, m.Into)
		if err != nil {
			return err
		}
		if err := mayMerge(t, from, into); err != nil {
			return err
		}
		return r.merge(t, from, into, m.By, detail{"reason": t.said(from.ID, reason)})
	}))
}

func mayMerge(t *tx, from, into Case) error {
	first, err := clockReceived(t, into.ID, 1)
	if err != nil {
		return err
	}
	second, err := clockReceived(t, from.ID, 1)
	if err != nil {
		return err
	}
	switch {
	case from.ID == into.ID:
		return notAllowed("A case cannot be merged into itself.")
	case from.MergedInto != "" || into.MergedInto != "":
		return notAllowed("One of the two was merged already; take the case that lives on.")
	case from.Kind != into.Kind:
		return notAllowed("A complaint and a request stay two cases; link them instead.")
	case !into.ClosedAt.IsZero():
		return notAllowed("The case that is to live on is closed; reopen it first.")
	case second.Before(first):
		return notAllowed("Merge the later case into the earlier one, so that the earlier dates hold.")
	case from.Stage > into.Stage || !from.Answered1At.IsZero() && into.Answered1At.IsZero() || !from.Answered2At.IsZero():
		return notAllowed("The case that is to become a signpost is further on than the other one.")
	}
	return nil
}

func (r *Register) merge(t *tx, from, into Case, by string, d detail) error {
	if err := t.exec(`UPDATE cases SET merged_into = $1 WHERE id = $2`, into.ID, from.ID); err != nil {
		return err
	}
	// What the resident was told in either case binds us in the one.
	err := t.exec(`UPDATE clock SET promised = (SELECT o.promised FROM clock o WHERE o.case_id = $1 AND o.name = clock.name)
		WHERE case_id = $2 AND met_at = 0 AND EXISTS (
			SELECT 1 FROM clock o WHERE o.case_id = $1 AND o.name = clock.name AND o.promised <> '' AND (clock.promised = '' OR o.promised < clock.promised))`,
		from.ID, into.ID)
	if err != nil {
		return err
	}
	if err := r.dropUnsent(t, from.ID, by, ""); err != nil {
		return err
	}
	if err := t.note(caseSubject(into.ID), by, "merged_from", detail{"case": from.ID}); err != nil {
		return err
	}
	d["into"] = into.ID
	if !from.ClosedAt.IsZero() {
		return t.note(caseSubject(from.ID), by, "merged", d)
	}
	return closeCase(t, from, by, ClosedMerged, d)
}

// Unmerge takes a merged case out again: its clocks run on from where they
// began. Messages that came after the merge stay where they were filed.
func (r *Register) Unmerge(ctx context.Context, caseID ID, by, reason string) ([]Hint, error) {
	hints, err := result(ctx, r, func(t *tx) ([]Hint, error) {
		if err := byPerson(by); err != nil {
			return nil, err
		}
		reason, err := words(reason, "Say why the merge is undone.")
		if err != nil {
			return nil, err
		}
		c, err := caseByID(t, caseID)
		switch {
		case err != nil:
			return nil, err
		case c.MergedInto == "":
			return nil, notAllowed("This case is not merged into another one.")
		}
		into := c.MergedInto
		d := detail{"reason": t.said(c.ID, reason), "into": into}
		if c.ClosedWhy != ClosedMerged { // it was closed for another reason before
			if err := t.exec(`UPDATE cases SET merged_into = '' WHERE id = $1`, c.ID); err != nil {
				return nil, err
			}
			return nil, t.note(caseSubject(c.ID), by, "unmerged", d)
		}
		if err := reopenCase(t, c, by, d); err != nil {
			return nil, err
		}
		if err := t.note(caseSubject(into), by, "unmerged_from", detail{"case": c.ID}); err != nil {
			return nil, err
		}
		return r.oweAcknowledgementAgain(t, c)
	})
	return hints, wrap("unmerge", err)
}

// A Splitting says that a case's message holds a second matter.
type Splitting struct {
	Case       ID
	Kind       CaseKind // of the case that is split off
	By         string
	Definition classify.Definition // needed for a complaint
	Topics     []string            // of the matter that is split off
	Words      bool                // an officer has looked at the words that will be said back
}

// Split opens a second case from the message that opened the first one: a
// complaint beside a request, or a request beside a complaint, each with its
// own reference and clocks from the same receipt. Unsplit undoes it.
func (r *Register) Split(ctx context.Context, s Splitting) (Opened, error) {
	out, err := result(ctx, r, func(t *tx) (Opened, error) { return r.split(t, s) })
	return out, wrap("split", err)
}

func (r *Register) split(t *tx, s Splitting) (Opened, error) {
	if err := byPerson(s.By); err != nil {
		return Opened{}, err
	}
	if s.Kind == ComplaintCase && s.Definition.Empty() {
		return Opened{}, ErrNeedsDefinition
	}
	c, err := livingCase(t, s.Case)
	if err != nil {
		return Opened{}, err
	}
	var second int
	if err := t.one(`SELECT count(*) FROM cases WHERE message_id = $1 AND kind = $2 AND merged_into = ''`, []any{c.Message, s.Kind}, &second); err != nil {
		return Opened{}, err
	}
	if second > 0 {
		return Opened{}, notAllowed("This message has a case of that kind already.")
	}
	m, err := messageByID(t, c.Message)
	if err != nil {
		return Opened{}, err
	}
	return r.splitOff(t, m, c, s)
}

func (r *Register) splitOff(t *tx, m Message, c Case, s Splitting) (Opened, error) {
	f := Facts{Channel: m.Channel, Officer: true, Words: s.Words || c.MayQuote}
	if m.Reading != nil {
		f.Reading = *m.Reading
	}
	if m.Verdict != nil {
		f.Verdict = *m.Verdict
	}
	f.Verdict.Label = map[CaseKind]classify.Label{ComplaintCase: classify.Complaint, ServiceRequestCase: classify.ServiceRequest, EnquiryCase: classify.Enquiry}[s.Kind]
	f.Verdict.Definition = s.Definition
	if len(s.Topics) > 0 {
		f.Verdict.Topics = s.Topics
	}
	plan := r.cfg.Policy.Plan(f)
	m.Reading, m.Verdict, m.DecidedBy = &f.Reading, &f.Verdict, s.By
	fingerprint := strings.Join([]string{m.Fingerprint, string(s.Kind), c.ID}, "/")
	var err error
	if m.Reference, err = r.freshReference(t, fingerprint, m.ReceivedAt); err != nil {
		return Opened{}, err
	}
	opened, err := r.openCase(t, m, f, plan)
	if err != nil {
		return Opened{}, err
	}
	if err := copyPeople(t, c, &opened); err != nil {
		return Opened{}, err
	}
	if err := linkCases(t, c.ID, opened.ID, LinkSplit, s.By); err != nil {
		return Opened{}, err
	}
	out := Opened{Message: m.ID, State: m.State, Case: opened.ID, Reference: opened.Reference}
	for _, reply := range plan.Replies {
		hint, err := r.oweReply(t, m, opened, reply)
		if err != nil {
			return out, err
		}
		if hint.ID != "" {
			out.Owed = append(out.Owed, hint)
		}
	}
	return out, nil
}

// copyPeople gives a case that was split off the correspondent and the people
// of the one that it came from.
func copyPeople(t *tx, from Case, to *Case) error {
	to.Correspondent, to.Postal, to.Channel = from.Correspondent, from.Postal, from.Channel
	to.Resident = from.Resident
	err := t.exec(`UPDATE cases SET person_name = $1, person_addr = $2, postal = $3, channel = $4, resident_id = $5 WHERE id = $6`,
		clean(to.Correspondent.Name), clean(to.Correspondent.Address), clean(asJSON(to.Postal)), to.Channel, to.Resident, to.ID)
	if err != nil {
		return err
	}
	return t.exec(`INSERT INTO case_person (case_id, address, name, role, authority) SELECT $1, address, name, role, authority FROM case_person WHERE case_id = $2 ON CONFLICT DO NOTHING`, to.ID, from.ID)
}

// Unsplit undoes a split: the case that was split off becomes a signpost to
// the one that it came from. A complaint never disappears into a request.
func (r *Register) Unsplit(ctx context.Context, splitOff ID, by, reason string) error {
	return wrap("unsplit", r.writes.do(ctx, func(t *tx) error {
		if err := byPerson(by); err != nil {
			return err
		}
		reason, err := words(reason, "Say why the split is undone.")
		if err != nil {
			return err
		}
		var first ID
		err = t.one(`SELECT case_a FROM link WHERE case_b = $1 AND kind = 'split' AND undone_at = 0`, []any{splitOff}, &first)
		if err != nil {
			return err
		}
		from, err := caseByID(t, splitOff)
		if err != nil {
			return err
		}
		into, err := livingCase(t, first)
		switch {
		case err != nil:
			return err
		case from.MergedInto != "":
			return notAllowed("This case was merged already.")
		case from.Kind == ComplaintCase && into.Kind != ComplaintCase:
			return notAllowed("A complaint does not become part of a request. It is closed when it is answered or withdrawn.")
		}
		if err := t.exec(`UPDATE link SET undone_at = $1 WHERE case_a = $2 AND case_b = $3`, micros(t.now), first, splitOff); err != nil {
			return err
		}
		return r.merge(t, from, into, by, detail{"reason": t.said(from.ID, reason), "unsplit": "true"})
	}))
}
