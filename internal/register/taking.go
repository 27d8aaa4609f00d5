package register

import (
	"context"
	"errors"
	"time"
)

// A Taking says who has a message of the review queue open, so that two people
// do not do the same work. Others may read on.
type Taking struct {
	Message ID
	Holder  string // the officer's name; empty: nobody has it
	Since   time.Time
	Until   time.Time // it is free again from then on
	From    string    // who had it until the holder took it over
}

// A TakenError says that somebody else has the message open.
type TakenError struct{ Taking }

func (e *TakenError) Error() string { return "somebody else has this message open" }

const takingColumns = `k.message_id, k.holder, k.since, k.until, k.taken_from`

func scanTaking(row scanner) (k Taking, err error) {
	var since, until int64
	err = row.Scan(&k.Message, &k.Holder, &since, &until, &k.From)
	k.Since, k.Until = instant(since), instant(until)
	return k, err
}

// Take gives a message that waits to an officer for that long, or for as long
// again. A TakenError when somebody else has it, unless it is taken over: then
// the one who had it is told. ErrConflict when it waits no more.
func (r *Register) Take(ctx context.Context, message ID, by string, keep time.Duration, over bool) (Taking, error) {
	k, err := result(ctx, r, func(t *tx) (Taking, error) { return r.take(t, message, by, keep, over) })
	return k, wrap("take", err)
}

func (r *Register) take(t *tx, message ID, by string, keep time.Duration, over bool) (Taking, error) {
	if err := byPerson(by); err != nil {
		return Taking{}, err
	}
	m, err := messageByID(t, message)
	if err != nil {
		return Taking{}, err
	}
	if m.State != InReview {
		return Taking{}, ErrConflict
	}
	now, err := r.leaseNow(t)
	if err != nil {
		return Taking{}, err
	}
	was, err := r.takingOf(t, message)
	if err != nil {
		return was, err
	}
	from := ""
	if over && was.Holder != by {
		from = was.Holder
	}
	n, err := t.affected(`INSERT INTO taking (message_id, holder, since, until, taken_from) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (message_id) DO UPDATE SET holder = excluded.holder, until = excluded.until,
			since = CASE WHEN taking.holder = excluded.holder AND taking.until > excluded.since THEN taking.since ELSE excluded.since END,
			taken_from = CASE WHEN taking.holder = excluded.holder THEN taking.taken_from ELSE excluded.taken_from END
		WHERE taking.holder = excluded.holder OR taking.until <= excluded.since OR taking.holder = excluded.taken_from`,
		m.ID, clean(by), micros(now), micros(now.Add(keep)), from)
	if err != nil {
		return was, err
	}
	k, err := r.takingOf(t, message)
	switch {
	case err != nil:
		return k, err
	case n == 0:
		return k, &TakenError{k}
	case from == "":
		return k, nil
	}
	return k, t.note(messageSubject(m.ID), by, "taken_over", detail{"from": from})
}

// takingOf reads who has a message; a zero Taking when nobody has.
func (r *Register) takingOf(t *tx, message ID) (Taking, error) {
	now, err := r.leaseNow(t)
	if err != nil {
		return Taking{}, err
	}
	k, err := row(t, scanTaking, `SELECT `+takingColumns+` FROM taking k WHERE k.message_id = $1 AND k.until > $2`, message, micros(now))
	return k, notMissing(err)
}

// takeTries is how often TakeNext looks again when others were quicker.
const takeTries = 5

// TakeNext gives an officer the most urgent message that nobody has, or, when
// none is free, one that they have already. ErrNotFound when there is none.
func (r *Register) TakeNext(ctx context.Context, f QueueFilter, by string, keep time.Duration) (Taking, error) {
	for _, who := range []Whose{Nobody, Mine} {
		f.Who, f.By = who, by
		for range takeTries {
			next, err := r.Queue(ctx, f, 1, 0)
			if err != nil {
				return Taking{}, err
			}
			if len(next) == 0 {
				break
			}
			k, err := r.Take(ctx, next[0].ID, by, keep, false)
			_, taken := errors.AsType[*TakenError](err)
			if err == nil || !taken && !errors.Is(err, ErrConflict) {
				return k, err
			}
		}
	}
	return Taking{}, wrap("take next", ErrNotFound)
}

// GiveBack lets others have a message. One that the officer does not have
// stays as it is.
func (r *Register) GiveBack(ctx context.Context, message ID, by string) error {
	return wrap("give back", r.writes.do(ctx, func(t *tx) error {
		return t.exec(`DELETE FROM taking WHERE message_id = $1 AND holder = $2`, message, clean(by))
	}))
}

// TakingOf reads who has a message; a zero Taking when nobody has.
func (r *Register) TakingOf(ctx context.Context, message ID) (Taking, error) {
	now, err := r.leaseClock(ctx)
	if err != nil {
		return Taking{}, wrap("taking of", err)
	}
	k, err := get(ctx, r, "taking of", scanTaking, `SELECT `+takingColumns+` FROM taking k WHERE k.message_id = $1 AND k.until > $2`, message, micros(now))
	return k, notMissing(err)
}

// TakenFrom lists what others took over from an officer and still have.
func (r *Register) TakenFrom(ctx context.Context, by string) ([]Taking, error) {
	now, err := r.leaseClock(ctx)
	if err != nil {
		return nil, wrap("taken from", err)
	}
	return list(ctx, r, "taken from", scanTaking, `SELECT `+takingColumns+` FROM taking k WHERE k.until > $1 AND k.taken_from = $2 ORDER BY k.since LIMIT 20`, micros(now), clean(by))
}

// free refuses what somebody else than the officer has open.
func (r *Register) free(t *tx, message ID, by string) error {
	k, err := r.takingOf(t, message)
	if err == nil && k.Holder != "" && k.Holder != clean(by) {
		err = &TakenError{k}
	}
	return err
}
