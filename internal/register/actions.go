package register

import (
	"context"

	"postroom/internal/workday"
)

const actionColumns = `a.id, a.what, a.due_on, a.done_at, a.done_by`

func scanAction(row scanner) (a Action, err error) {
	var due string
	var done int64
	if err = row.Scan(&a.ID, &a.What, &due, &done, &a.DoneBy); err != nil {
		return a, err
	}
	a.DoneAt = instant(done)
	a.Due, err = dateOf(due)
	return a, err
}

// planActions gives promises their ids.
func planActions(t *tx, planned []Action) ([]Action, error) {
	var kept []Action
	for _, a := range planned {
		what, err := words(a.What, "An action says what is to be done.")
		if err != nil {
			return nil, err
		}
		kept = append(kept, Action{ID: newID(t.now), What: what, Due: a.Due})
	}
	return kept, nil
}

// saveActions writes down what an answer promises.
func saveActions(t *tx, a Answer, actions []Action) error {
	for _, action := range actions {
		err := t.exec(`INSERT INTO action (id, case_id, answer_id, what, due_on) VALUES ($1, $2, $3, $4, $5)`,
			action.ID, a.Case, a.ID, action.What, dateText(action.Due))
		if err != nil {
			return err
		}
	}
	return nil
}

// Actions lists what a case's answers promise, done or not.
func (r *Register) Actions(ctx context.Context, caseID ID) ([]Action, error) {
	return list(ctx, r, "actions", scanAction, `SELECT `+actionColumns+` FROM action a JOIN answer w ON w.id = a.answer_id AND w.withdrawn_at = 0 WHERE a.case_id = $1 ORDER BY a.id`, caseID)
}

// ActionDone records that something an answer promised has been done.
// ErrConflict when it was recorded before.
func (r *Register) ActionDone(ctx context.Context, id ID, by string) error {
	return wrap("action done", r.writes.do(ctx, func(t *tx) error {
		if err := byPerson(by); err != nil {
			return err
		}
		var caseID ID
		if err := t.one(`SELECT case_id FROM action WHERE id = $1`, []any{id}, &caseID); err != nil {
			return err
		}
		if err := t.changed(`UPDATE action SET done_at = $1, done_by = $2 WHERE id = $3 AND done_at = 0`, micros(t.now), clean(by), id); err != nil {
			return err
		}
		return t.note(caseSubject(caseID), by, "action_done", detail{"action": id})
	}))
}

// An OpenAction is a promise that is not kept yet, with its case.
type OpenAction struct {
	Action
	Case      ID
	Reference string
}

// OpenActions lists up to n promises that are due by that day and not kept.
func (r *Register) OpenActions(ctx context.Context, by workday.Date, n int) ([]OpenAction, error) {
	return list(ctx, r, "open actions", func(row scanner) (a OpenAction, err error) {
		var due string
		if err = row.Scan(&a.ID, &a.What, &due, &a.Case, &a.Reference); err != nil {
			return a, err
		}
		a.Due, err = dateOf(due)
		return a, err
	}, `SELECT a.id, a.what, a.due_on, a.case_id, c.reference FROM action a JOIN cases c ON c.id = a.case_id JOIN answer w ON w.id = a.answer_id AND w.withdrawn_at = 0
		WHERE a.done_at = 0 AND a.due_on <> '' AND a.due_on <= $1 ORDER BY a.due_on, a.id LIMIT $2`, dateText(by), n)
}
