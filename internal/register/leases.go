package register

import (
	"context"
	"time"
)

// Leases run on the database's clock, so that several machines whose clocks
// differ agree. A SQLite register has one machine, and its clock is ours.

const databaseClock = `SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::BIGINT`

// leaseNow is the clock that leases run on, asked once a transaction: a lease
// taken in it then ends a little earlier, never later, than its holder counts.
func (r *Register) leaseNow(t *tx) (time.Time, error) {
	if r.sqlite() {
		return t.now, nil
	}
	if !t.leases.IsZero() {
		return t.leases, nil
	}
	var us int64
	err := t.one(databaseClock, nil, &us)
	t.leases = instant(us)
	return t.leases, err
}

func (r *Register) leaseClock(ctx context.Context) (time.Time, error) {
	if r.sqlite() {
		return r.now(), nil
	}
	var us int64
	err := r.db.QueryRowContext(ctx, databaseClock).Scan(&us)
	return instant(us), err
}

// Lease takes or renews a named lease; false when somebody else holds it. Once
// begun it is waited for although its caller is told to stop: by another hand
// what gives the lease back could come first, and nobody would have it until it
// ends. A deadline of the caller's holds all the same.
func (r *Register) Lease(ctx context.Context, name, holder string, ttl time.Duration) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, wrap("lease "+name, err)
	}
	whole := context.WithoutCancel(ctx)
	if by, limited := ctx.Deadline(); limited {
		var cancel context.CancelFunc
		whole, cancel = context.WithDeadline(whole, by)
		defer cancel()
	}
	return r.lease(whole, name, holder, ttl)
}

func (r *Register) lease(ctx context.Context, name, holder string, ttl time.Duration) (bool, error) {
	held, err := result(ctx, r, func(t *tx) (bool, error) {
		now, err := r.leaseNow(t)
		if err != nil {
			return false, err
		}
		n, err := t.affected(`INSERT INTO lease (name, holder, until) VALUES ($1, $2, $3)
			ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
			WHERE lease.holder = excluded.holder OR lease.until <= $4`,
			name, holder, micros(now.Add(ttl)), micros(now))
		return n == 1, err
	})
	return held, wrap("lease "+name, err)
}

// A Hold is a lease that a write must still stand under. A process that was
// frozen for longer than its lease wakes up believing that it has it; only the
// database can tell it in the same transaction. The zero Hold asks for nothing.
type Hold struct{ Lease, Holder string }

// mustHold refuses with ErrStale when the lease has run out or is another's.
// It locks the lease's row, so that nobody can take it before the commit.
func (r *Register) mustHold(t *tx, h Hold) error {
	if h == (Hold{}) {
		return nil
	}
	now, err := r.leaseNow(t)
	if err != nil {
		return err
	}
	n, err := t.affected(`UPDATE lease SET until = until WHERE name = $1 AND holder = $2 AND until > $3`, h.Lease, h.Holder, micros(now))
	if err == nil && n == 0 {
		err = ErrStale
	}
	return err
}

// ClockAhead is how far the database's clock is ahead of this machine's, to
// within the time that asking takes. A SQLite register has no other clock.
func (r *Register) ClockAhead(ctx context.Context) (time.Duration, error) {
	if r.sqlite() {
		return 0, nil
	}
	asked := r.cfg.Now()
	theirs, err := r.leaseClock(ctx)
	if err != nil {
		return 0, wrap("ask for the time", err)
	}
	took := r.cfg.Now().Sub(asked)
	return theirs.Sub(asked.Add(took / 2)).Round(time.Millisecond), nil
}

// Unlease gives a lease back; giving back one that is not held does nothing.
func (r *Register) Unlease(ctx context.Context, name, holder string) error {
	return wrap("unlease "+name, r.writes.do(ctx, func(t *tx) error {
		return t.exec(`DELETE FROM lease WHERE name = $1 AND holder = $2`, name, holder)
	}))
}
