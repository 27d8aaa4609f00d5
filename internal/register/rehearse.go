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
	shown := make(chan []Claimed, 1)
	err := r.writes.do(ctx, func(t *tx) error {
		owed, err := r.rehearse(t, d)
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

func (r *Register) rehearse(t *tx, d Ruling) ([]Claimed, error) {
	if _, err := r.decide(t, d); err != nil {
		return nil, err
	}
	var ids []ID
	err := t.each(`SELECT id FROM outgoing WHERE message_id = $1 AND kind <> 'alert' AND state <> 'cancelled' AND created_at = $2
		ORDER BY CASE kind WHEN 'forward' THEN 1 ELSE 0 END, id`,
		[]any{d.Message, micros(t.now)}, collect(&ids, func(s scanner) (id ID, err error) { return id, s.Scan(&id) }))
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
	c, err := result(ctx, r, func(t *tx) (*Claimed, error) { return r.claimToShow(t, id) })
	if err != nil {
		return Claimed{}, wrap("to show", err)
	}
	return *c, nil
}

func (r *Register) claimToShow(t *tx, id ID) (*Claimed, error) {
	o, err := outgoingByID(t, id)
	if err != nil {
		return nil, err
	}
	return r.fillClaim(t, o, Windows{}, &recentAll{})
}
