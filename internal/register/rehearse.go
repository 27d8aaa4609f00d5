package register

import (
	"context"
	"errors"
)

// errRehearsed undoes a rehearsal.
var errRehearsed = errors.New("rehearsed")

// Rehearse carries out an officer's decision and undoes it, and returns what
// it would owe, for somebody to look at. Its errors are those of Decide.
func (r *Register) Rehearse(ctx context.Context, d Ruling) ([]Claimed, error) {
	return r.rehearsed(ctx, "message_id", func(t *tx) (ID, error) {
		_, err := r.decide(t, d)
		return d.Message, err
	})
}

// RehearseAnswer shows what an answer would send. Its errors are those of
// Answer, as with the other rehearsals.
func (r *Register) RehearseAnswer(ctx context.Context, a Answering) ([]Claimed, error) {
	return r.rehearsed(ctx, "case_id", func(t *tx) (ID, error) {
		_, err := r.answer(t, a)
		return a.Case, err
	})
}

// RehearseExtend shows what an extension would send.
func (r *Register) RehearseExtend(ctx context.Context, e Extending) ([]Claimed, error) {
	return r.rehearsed(ctx, "case_id", func(t *tx) (ID, error) {
		_, err := r.extend(t, e)
		return e.Case, err
	})
}

// RehearseNotAccept shows what a refusal would send.
func (r *Register) RehearseNotAccept(ctx context.Context, n NotAccepting) ([]Claimed, error) {
	return r.rehearsed(ctx, "case_id", func(t *tx) (ID, error) {
		_, err := r.notAccept(t, n)
		return n.Case, err
	})
}

// RehearseClarification shows what a question would send.
func (r *Register) RehearseClarification(ctx context.Context, caseID ID, by string, questions []string) ([]Claimed, error) {
	return r.rehearsed(ctx, "case_id", func(t *tx) (ID, error) {
		_, err := r.askClarification(t, caseID, by, questions)
		return caseID, err
	})
}

// RehearseSplit shows what a split would send about the new case.
func (r *Register) RehearseSplit(ctx context.Context, s Splitting) ([]Claimed, error) {
	return r.rehearsed(ctx, "case_id", func(t *tx) (ID, error) {
		opened, err := r.split(t, s)
		return opened.Case, err
	})
}

// rehearsed does something, collects what it owes about a message or a case,
// and undoes it.
func (r *Register) rehearsed(ctx context.Context, column string, do func(*tx) (ID, error)) ([]Claimed, error) {
	shown := make(chan []Claimed, 1)
	err := r.writes.do(ctx, func(t *tx) error {
		about, err := do(t)
		if err != nil {
			return err
		}
		owed, err := r.owedNow(t, column, about)
		if err != nil {
			return err
		}
		select { // done again, when the group of writes failed
		case <-shown:
		default:
		}
		shown <- owed
		return errRehearsed
	})
	if errors.Is(err, errRehearsed) {
		return <-shown, nil
	}
	return nil, wrap("rehearse", err)
}

// owedNow is what this transaction made owed about a message or a case.
func (r *Register) owedNow(t *tx, column string, id ID) ([]Claimed, error) {
	var ids []ID
	err := t.each(`SELECT id FROM outgoing WHERE `+column+` = $1 AND kind <> 'alert' AND state <> 'cancelled' AND created_at = $2
		ORDER BY CASE kind WHEN 'forward' THEN 1 ELSE 0 END, id`, []any{id, micros(t.now)}, idRows(&ids))
	if err != nil {
		return nil, err
	}
	var owed []Claimed
	for _, id := range ids {
		c, err := r.claimToShow(t, id)
		if err != nil {
			return nil, err
		}
		owed = append(owed, *c)
	}
	return owed, nil
}

// ToShow reads an outgoing with all that rendering needs, and holds nothing.
func (r *Register) ToShow(ctx context.Context, id ID) (Claimed, error) {
	var shown Claimed
	err := r.sides.do(ctx, r, func(t *tx) error {
		c, err := r.claimToShow(t, id)
		if err == nil {
			shown = *c
		}
		return err
	})
	return shown, wrap("to show", err)
}

func (r *Register) claimToShow(t *tx, id ID) (*Claimed, error) {
	o, err := outgoingByID(t, id)
	if err != nil {
		return nil, err
	}
	c := &Claimed{Outgoing: o}
	if err := r.fillClaim(t, c); err != nil {
		return nil, err
	}
	return c, countRecent(t, c, Windows{}, &recentAll{})
}
