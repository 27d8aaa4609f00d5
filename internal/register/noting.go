package register

import "context"

// Note keeps what somebody noted on a case. It is no reply and moves no clock;
// it stays beside the history as reasons do, where erasure reaches it.
func (r *Register) Note(ctx context.Context, caseID ID, by, text string) error {
	return wrap("note", r.writes.do(ctx, func(t *tx) error {
		if err := byPerson(by); err != nil {
			return err
		}
		text, err := words(text, "Write the note.")
		if err != nil {
			return err
		}
		c, err := caseByID(t, caseID)
		if err != nil {
			return err
		}
		return t.note(caseSubject(c.ID), by, "noted", detail{"reason": t.said(c.ID, text)})
	}))
}
