package register

import (
	"context"
	"strconv"
	"strings"
)

// An Assigning gives a case to an officer.
type Assigning struct {
	Case   ID
	To     string // the officer who has it from now on
	By     string
	Reason string // needed when somebody else has it
}

// Handler is the officer who has the case at the stage that it is at; empty
// while nobody has.
func (c Case) Handler() string {
	if c.Stage == 2 {
		return c.Handler2
	}
	return c.Handler1
}

// Assign gives a case to an officer, or to another one, with a reason. Stage 2
// goes to nobody who had the case at stage 1 or answered it (Code 6.13). Who
// had it when stands in its history.
func (r *Register) Assign(ctx context.Context, a Assigning) error {
	return wrap("assign", r.writes.do(ctx, func(t *tx) error {
		if err := byPerson(a.By); err != nil {
			return err
		}
		to, err := words(a.To, "Say who is to have the case.")
		if err != nil {
			return err
		}
		c, err := caseByID(t, a.Case)
		if err == nil {
			err = mayHave(t, c, to, a)
		}
		if err != nil {
			return err
		}
		query := `UPDATE cases SET handler1 = $1 WHERE id = $2`
		if c.Stage == 2 {
			query = `UPDATE cases SET handler2 = $1 WHERE id = $2`
		}
		if err := t.exec(query, to, c.ID); err != nil {
			return err
		}
		return t.note(caseSubject(c.ID), a.By, "assigned", detail{
			"stage": strconv.Itoa(c.Stage), "to": to, "from": c.Handler(), "reason": t.said(c.ID, a.Reason),
		})
	}))
}

// mayHave says why an officer may not have a case, or nil.
func mayHave(t *tx, c Case, to string, a Assigning) error {
	switch {
	case byPerson(to) != nil:
		return notAllowed("Only a person can have a case.")
	case c.MergedInto != "":
		return notAllowed("This case was merged into another one; work on that one.")
	case !c.ClosedAt.IsZero():
		return notAllowed("This case is closed; reopen it first.")
	case samePerson(c.Handler(), to):
		return notAllowed("%s has this case already.", to)
	case c.Handler() != "" && strings.TrimSpace(a.Reason) == "":
		return notAllowed("Say why it goes from %s to somebody else.", c.Handler())
	case c.Stage == 2:
		return notAtStage1(t, c, to)
	}
	return nil
}

// notAtStage1 refuses stage 2 to whoever had the complaint at stage 1, or
// answered it.
func notAtStage1(t *tx, c Case, officer string) error {
	answer, err := standing(t, c.ID, 1)
	switch {
	case err != nil:
		return err
	case answer.ID != "" && samePerson(answer.By, officer):
		return notAllowed("Stage 2 must be answered by somebody who did not answer stage 1.")
	case samePerson(c.Handler1, officer) && officer != "":
		return notAllowed("Stage 2 must go to somebody who did not have the case at stage 1.")
	}
	return nil
}

// CasesWith lists up to n open cases that an officer has, oldest first.
func (r *Register) CasesWith(ctx context.Context, officer string, n int) ([]Case, error) {
	return list(ctx, r, "cases with", scanCase, `SELECT `+caseColumns+` FROM cases c WHERE c.closed_at = 0
		AND c.id IN (SELECT id FROM cases WHERE closed_at = 0 AND handler1 <> '' AND handler1 = $1 AND stage < 2
			UNION SELECT id FROM cases WHERE closed_at = 0 AND handler2 <> '' AND handler2 = $1 AND stage = 2)
		ORDER BY c.opened_at, c.id LIMIT $2`, officer, n)
}
