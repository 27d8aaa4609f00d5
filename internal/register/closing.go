package register

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"postroom/classify"
)

// A NotAccepting is an officer's decision not to accept a complaint, or not
// to take it to stage 2.
type NotAccepting struct {
	Case   ID
	By     string
	Reason Exclusion
	Words  string // the explanation that the resident reads (Code 2.4)
}

// NotAccept refuses a complaint, or its stage 2, for a reason that the Code
// knows, and owes the letter that explains it and names the way to the
// Ombudsman (Code 2.1, 2.2, 2.4, 5.11). The stage's clocks stop; the case can
// be reopened, with its clocks running from where they began.
func (r *Register) NotAccept(ctx context.Context, n NotAccepting) ([]Hint, error) {
	hints, err := result(ctx, r, func(t *tx) ([]Hint, error) { return r.notAccept(t, n) })
	return hints, wrap("not accept", err)
}

func (r *Register) notAccept(t *tx, n NotAccepting) ([]Hint, error) {
	if err := n.check(); err != nil {
		return nil, err
	}
	c, err := openComplaint(t, n.Case)
	if err != nil {
		return nil, err
	}
	stands, err := standing(t, c.ID, c.Stage)
	if err != nil {
		return nil, err
	}
	if stands.ID != "" {
		return nil, notAllowed("Stage %d has its answer; it cannot be refused any more.", c.Stage)
	}
	acknowledgement, answer := stageClocks(c.Stage)
	clocks, err := clocksOf(t, c.ID)
	if err != nil {
		return nil, err
	}
	deadline := t.now
	for _, k := range clocks {
		if k.Name == acknowledgement || k.Name == answer && deadline.Equal(t.now) {
			deadline = k.Counts().End()
		}
	}
	if err := r.dropUnsent(t, c.ID, n.By, ""); err != nil {
		return nil, err
	}
	if err := t.exec(`UPDATE cases SET not_accepted = $1 WHERE id = $2`, n.Reason, c.ID); err != nil {
		return nil, err
	}
	_, hints, err := r.oweAbout(t, c, NotAcceptedNotice, c.Stage, deadline, About{Exclusion: n.Reason, Reason: strings.TrimSpace(clean(n.Words))})
	if err != nil {
		return nil, err
	}
	return hints, closeCase(t, c, n.By, ClosedNotAccepted, detail{"stage": strconv.Itoa(c.Stage), "exclusion": string(n.Reason), "reason": t.said(c.ID, n.Words)})
}

func (n NotAccepting) check() error {
	if err := byPerson(n.By); err != nil {
		return err
	}
	if !slices.Contains(Exclusions(), n.Reason) {
		return notAllowed("A complaint is only not accepted for one of the reasons that the Code knows.")
	}
	_, err := words(n.Words, "Explain to the resident why the complaint is not accepted.")
	return err
}

// closeCase closes a case and stops what still runs.
func closeCase(t *tx, c Case, by string, why CloseReason, d detail) error {
	if err := t.exec(`UPDATE cases SET closed_at = $1, closed_why = $2 WHERE id = $3`, micros(t.now), why, c.ID); err != nil {
		return err
	}
	n, err := t.affected(`UPDATE clock SET stopped_at = $1 WHERE case_id = $2 AND met_at = 0 AND stopped_at = 0`, micros(t.now), c.ID)
	if err != nil {
		return err
	}
	d["why"], d["stopped_clocks"] = string(why), strconv.FormatInt(n, 10)
	return t.note(caseSubject(c.ID), by, "closed", d)
}

// CloseCase closes a case: a complaint whose stage has its answer, or that the
// resident withdraws; a request or an enquiry that is dealt with. words are
// the officer's, needed when a complaint is withdrawn.
func (r *Register) CloseCase(ctx context.Context, caseID ID, by string, why CloseReason, reason string) error {
	return wrap("close", r.writes.do(ctx, func(t *tx) error {
		if err := byPerson(by); err != nil {
			return err
		}
		c, err := caseByID(t, caseID)
		if err == nil {
			err = mayClose(c, why, reason)
		}
		if err != nil {
			return err
		}
		if why == ClosedWithdrawn {
			if err := r.dropUnsent(t, c.ID, by, ""); err != nil {
				return err
			}
		}
		return closeCase(t, c, by, why, detail{"reason": t.said(c.ID, reason)})
	}))
}

func mayClose(c Case, why CloseReason, reason string) error {
	complaint := c.Kind == ComplaintCase
	switch {
	case !c.ClosedAt.IsZero():
		return notAllowed("This case is closed already.")
	case why == ClosedAnswered && complaint && c.AnsweredAt(c.Stage).IsZero():
		return notAllowed("Stage %d has no answer yet. A complaint is closed when it is answered, or when the resident withdraws it.", c.Stage)
	case why == ClosedWithdrawn && complaint && strings.TrimSpace(reason) == "":
		return notAllowed("Say how the resident withdrew the complaint.")
	case complaint && why != ClosedAnswered && why != ClosedWithdrawn, !complaint && why != ClosedDone && why != ClosedWithdrawn:
		return notAllowed("A case of this kind is not closed for that reason.")
	}
	return nil
}

// ReopenCase opens a closed case again. Clocks that were stopped run on from
// where they began, so a day that has passed meanwhile shows as missed. A
// complaint that was not accepted is owed its acknowledgement.
func (r *Register) ReopenCase(ctx context.Context, caseID ID, by, reason string) ([]Hint, error) {
	hints, err := result(ctx, r, func(t *tx) ([]Hint, error) {
		if err := byPerson(by); err != nil {
			return nil, err
		}
		reason, err := words(reason, "Say why the case is reopened.")
		if err != nil {
			return nil, err
		}
		c, err := caseByID(t, caseID)
		switch {
		case err != nil:
			return nil, err
		case c.ClosedAt.IsZero():
			return nil, notAllowed("This case is open.")
		case c.MergedInto != "":
			return nil, notAllowed("This case was merged into another one; undo the merge instead.")
		}
		if err := reopenCase(t, c, by, detail{"reason": t.said(c.ID, reason)}); err != nil {
			return nil, err
		}
		return r.oweAcknowledgementAgain(t, c)
	})
	return hints, wrap("reopen", err)
}

func reopenCase(t *tx, c Case, by string, d detail) error {
	if err := t.exec(`UPDATE cases SET closed_at = 0, closed_why = '', not_accepted = '', merged_into = '' WHERE id = $1`, c.ID); err != nil {
		return err
	}
	if err := t.exec(`UPDATE clock SET stopped_at = 0 WHERE case_id = $1`, c.ID); err != nil {
		return err
	}
	d["was_closed"] = string(c.ClosedWhy)
	return t.note(caseSubject(c.ID), by, "reopened", d)
}

// oweAcknowledgementAgain owes the acknowledgement of a stage that runs and
// has none: it was cancelled when the case was closed.
func (r *Register) oweAcknowledgementAgain(t *tx, c Case) ([]Hint, error) {
	if c.Kind != ComplaintCase {
		return nil, nil
	}
	acknowledgement, _ := stageClocks(c.Stage)
	k, err := clockOf(t, c.ID, acknowledgement)
	if err != nil || !k.MetAt.IsZero() {
		return nil, notMissing(err)
	}
	var owed int
	err = t.one(`SELECT count(*) FROM outgoing WHERE case_id = $1 AND kind = 'acknowledgement' AND stage = $2 AND state <> 'cancelled'`, []any{c.ID, int64(c.Stage)}, &owed)
	if err != nil || owed > 0 {
		return nil, err
	}
	m, err := messageByID(t, c.stageMessage())
	if err != nil {
		return nil, err
	}
	form := Unquoted
	if c.MayQuote && c.Defined {
		form = Defined
	}
	m.Deadline = k.Counts()
	hint, err := r.oweReply(t, m, c, PlannedReply{Acknowledgement, form})
	if err != nil || hint.ID == "" {
		return nil, err
	}
	return []Hint{hint}, nil
}

// AskClarification owes a letter that asks what is unclear about a complaint
// (Code 5.6). The clocks run on.
func (r *Register) AskClarification(ctx context.Context, caseID ID, by string, questions []string) ([]Hint, error) {
	hints, err := result(ctx, r, func(t *tx) ([]Hint, error) { return r.askClarification(t, caseID, by, questions) })
	return hints, wrap("ask clarification", err)
}

func (r *Register) askClarification(t *tx, caseID ID, by string, questions []string) ([]Hint, error) {
	if err := byPerson(by); err != nil {
		return nil, err
	}
	c, err := caseByID(t, caseID)
	if err != nil {
		return nil, err
	}
	var asked []string
	for _, q := range questions {
		if q = strings.TrimSpace(clean(q)); q != "" {
			asked = append(asked, q)
		}
	}
	if len(asked) == 0 {
		return nil, notAllowed("There is no question to ask.")
	}
	_, hints, err := r.oweAbout(t, c, Clarification, max(1, c.Stage), t.now.AddDate(0, 0, 1), About{Questions: asked})
	if err != nil {
		return nil, err
	}
	return hints, t.note(caseSubject(c.ID), by, "clarification_asked", detail{"questions": strconv.Itoa(len(asked))})
}

// Redefine gives a complaint the definition that an officer agreed with the
// resident: its issues and the outcomes that they want (Code 5.6).
func (r *Register) Redefine(ctx context.Context, caseID ID, by string, def classify.Definition) error {
	return wrap("redefine", r.writes.do(ctx, func(t *tx) error {
		if err := byPerson(by); err != nil {
			return err
		}
		if def.Empty() {
			return ErrNeedsDefinition
		}
		c, err := openComplaint(t, caseID)
		if err != nil {
			return err
		}
		return saveDefinition(t, c.ID, by, def)
	}))
}

func saveDefinition(t *tx, caseID ID, by string, def classify.Definition) error {
	if err := t.exec(`UPDATE cases SET definition = $1, defined = 1 WHERE id = $2`, clean(asJSON(def)), caseID); err != nil {
		return err
	}
	return t.note(caseSubject(caseID), by, "redefined", detail{
		"issues": strconv.Itoa(len(def.Issues)), "outcomes": strconv.Itoa(len(def.Outcomes)), "definition": digest(caseID, asJSON(def)),
	})
}
