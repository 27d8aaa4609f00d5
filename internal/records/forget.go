package records

import (
	"context"
	"errors"
	"time"

	"postroom/internal/register"
)

// Retention says for how many months each class is kept: cases after they were
// closed, messages without a case after they were received. 0: for ever.
type Retention map[register.RetentionClass]int

// classes are the classes in the order in which they are looked at.
func classes() []register.RetentionClass {
	return []register.RetentionClass{register.RetainComplaints, register.RetainRequests, register.RetainEnquiries, register.RetainOthers}
}

// An Expiry is something whose time is over.
type Expiry struct {
	Reference string
	Class     register.RetentionClass
}

// expiredAtOnce is how many are looked up together.
const expiredAtOnce = 10_000

// Expired calls fn for what is next of everything whose time is over.
func (k *Keeper) Expired(ctx context.Context, r Retention, now time.Time, fn func(Expiry) error) error {
	for _, class := range classes() {
		if r[class] <= 0 {
			continue
		}
		references, err := k.Register.Expired(ctx, class, now.AddDate(0, -r[class], 0), expiredAtOnce)
		if err != nil {
			return err
		}
		for _, reference := range references {
			if err := fn(Expiry{Reference: reference, Class: class}); err != nil {
				return err
			}
		}
	}
	return nil
}

// Retain forgets everything whose time is over, and removes its files. It
// calls done for each, with the reason where it is not forgotten: what fails
// keeps nothing from those behind it.
func (k *Keeper) Retain(ctx context.Context, r Retention, by string, now time.Time, done func(Expiry, error)) error {
	for {
		n := 0
		var failed error
		err := k.Expired(ctx, r, now, func(e Expiry) error {
			err := k.Register.Erase(ctx, register.Erasure{Reference: e.Reference, By: by, Class: string(e.Class), Reason: "its time is over"})
			var refused *register.NotAllowedError
			switch {
			case err == nil:
				n++
			case errors.Is(err, register.ErrLost) || ctx.Err() != nil:
				return err
			case !errors.As(err, &refused):
				failed = err
			}
			done(e, err)
			return nil
		})
		if err != nil {
			return err
		}
		if _, err := k.Sweep(ctx); err != nil || n == 0 {
			return errors.Join(err, failed)
		}
	}
}

// Erase forgets one case, or a message without one, and removes its files.
func (k *Keeper) Erase(ctx context.Context, e register.Erasure) error {
	if err := k.Register.Erase(ctx, e); err != nil {
		return err
	}
	_, err := k.Sweep(ctx)
	return err
}

// sweepAtOnce is how many files are looked up together.
const sweepAtOnce = 500

// Sweep removes the files of what was forgotten, and says how many. What a
// kill left is done by the next one.
func (k *Keeper) Sweep(ctx context.Context) (int, error) {
	gone := 0
	for {
		names, err := k.Register.Removals(ctx, sweepAtOnce)
		if err != nil || len(names) == 0 {
			return gone, err
		}
		for _, name := range names {
			removed, err := k.Archive.Remove(ctx, name, func() (bool, error) { return k.Register.StillNamed(ctx, name) })
			if err != nil {
				return gone, err
			}
			if err := k.Register.Removed(ctx, name); err != nil {
				return gone, err
			}
			if removed {
				gone++
			}
			k.progress("removing files", gone)
		}
	}
}
