package register

import (
	"context"
	"time"
)

// GivenByHand records that a person gave a reply that waited for one: on the
// phone, at a visit, by another system. From then on it counts as delivered.
func (r *Register) GivenByHand(ctx context.Context, id ID, at time.Time, by, how string) error {
	return wrap("given by hand", r.writes.do(ctx, func(t *tx) error {
		if err := byPerson(by); err != nil {
			return err
		}
		how, err := words(how, "Say how it was given.")
		if err != nil {
			return err
		}
		if at.IsZero() || at.After(t.now) {
			return notAllowed("It cannot have been given in the future.")
		}
		o, err := outgoingByID(t, id)
		if err != nil {
			return err
		}
		if at.Before(o.CreatedAt) {
			return notAllowed("It cannot have been given before it was owed.")
		}
		err = t.changed(`UPDATE outgoing SET state = 'sent', sent_at = $1, lease_until = 0, why = '' WHERE id = $2 AND state IN ('held', 'refused', 'unknown')`, micros(at), id)
		if err != nil {
			return err
		}
		d := detail{"outgoing": id, "kind": string(o.Kind), "how": t.said(id, how)}
		if err := r.follow(t, o, at, d); err != nil {
			return err
		}
		return t.note(historyOf(o), by, "given_by_hand", d)
	}))
}
