package register

import (
	"context"
	"errors"
	"time"
)

// The settings of a register.
const (
	settingHeld     = "outgoing_held"
	settingRestored = "restored"
	settingRescan   = "rescan:" // and the mailbox's name
)

// registerSubject is the history of what concerns the register as a whole.
const registerSubject = "register"

func setSetting(t *tx, name, value, by string) error {
	return t.exec(`INSERT INTO setting (name, value, at, by_whom) VALUES ($1, $2, $3, $4)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value, at = excluded.at, by_whom = excluded.by_whom`,
		name, clean(value), micros(t.now), clean(by))
}

func dropSetting(t *tx, name string) (was bool, err error) {
	n, err := t.affected(`DELETE FROM setting WHERE name = $1`, name)
	return n > 0, err
}

// A Stop is a person's word that nothing leaves.
type Stop struct {
	Why string
	By  string
	At  time.Time
}

// HoldOutgoing stops everything that leaves, on every machine, until somebody
// releases it. What is owed stays owed.
func (r *Register) HoldOutgoing(ctx context.Context, by, why string) error {
	return wrap("hold outgoing", r.writes.do(ctx, func(t *tx) error { return holdOutgoing(t, by, why) }))
}

func holdOutgoing(t *tx, by, why string) error {
	if err := setSetting(t, settingHeld, why, by); err != nil {
		return err
	}
	return t.note(registerSubject, by, "outgoing_held", detail{"why": why})
}

// ReleaseOutgoing lets go what HoldOutgoing stopped; ErrNotFound when nothing
// is stopped.
func (r *Register) ReleaseOutgoing(ctx context.Context, by string) error {
	return wrap("release outgoing", r.writes.do(ctx, func(t *tx) error {
		was, err := dropSetting(t, settingHeld)
		if err != nil {
			return err
		}
		if !was {
			return ErrNotFound
		}
		return t.note(registerSubject, by, "outgoing_released", detail{})
	}))
}

// OutgoingStop reads who stopped everything that leaves, and why; nil when
// nobody did.
func (r *Register) OutgoingStop(ctx context.Context) (*Stop, error) {
	s, err := get(ctx, r, "outgoing stop", func(row scanner) (s Stop, err error) {
		var at int64
		err = row.Scan(&s.Why, &s.By, &at)
		s.At = instant(at)
		return s, err
	}, `SELECT value, by_whom, at FROM setting WHERE name = $1`, settingHeld)
	if errors.Is(err, ErrNotFound) {
		return nil, nil //nolint:nilnil // nobody stopped it
	}
	if err != nil {
		return nil, err
	}
	return &s, nil
}
