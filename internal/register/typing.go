package register

import "context"

// A Typing is a letter that a person typed in from its picture: one that the
// programs could not read, or read badly.
type Typing struct {
	Message ID
	Version int64 // as it was seen
	By      string
	Reading Reading // of the words that were typed
}

// TypeIn makes what a person typed the reading of a letter that waits for one.
// It is judged and opened like any other from there. ErrConflict when the
// message changed since it was seen.
func (r *Register) TypeIn(ctx context.Context, w Typing) error {
	return wrap("type in", r.writes.do(ctx, func(t *tx) error {
		if err := byPerson(w.By); err != nil {
			return err
		}
		text, err := words(w.Reading.Text, "Type in what the letter says.")
		if err != nil {
			return err
		}
		m, err := letterInReview(t, w.Message, w.Version)
		if err != nil {
			return err
		}
		old := m.Reading
		if old != nil && old.Paper != nil && old.Paper.Held {
			return notAllowed("This file may hold several letters. Say first on which page each of them begins.")
		}
		rd := cleanReading(w.Reading)
		rd.Automatic, rd.Error = "none", ""
		paper := Paper{}
		if rd.Paper != nil {
			paper = *rd.Paper
		}
		paper.Typed, paper.Held, paper.NotRead, paper.Doubts = w.By, false, false, nil
		if old != nil && old.Paper != nil {
			rd.Pages, paper.Pages, paper.Sheet, paper.Stamped = old.Pages, old.Paper.Pages, old.Paper.Sheet, old.Paper.Stamped
		}
		rd.Paper = &paper
		if err := t.note(messageSubject(m.ID), w.By, "typed_in", detail{"text": digest(m.ID, text), "case": m.Case}); err != nil {
			return err
		}
		return readAnew(t, m, asJSON(rd))
	}))
}
