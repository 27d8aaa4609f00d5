package register

import (
	"context"
	"time"
)

// Leases run on the database's clock, so that several machines whose clocks
// differ agree. A SQLite register has one machine, and its clock is ours.

const databaseClock = `SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::BIGINT`

func (r *Register) leaseNow(t *tx) (time.Time, error) {
	if r.sqlite() {
		return t.now, nil
	}
	var us int64
	err := t.one(databaseClock, nil, &us)
	return instant(us), err
}

func (r *Register) leaseClock(ctx context.Context) (time.Time, error) {
	if r.sqlite() {
		return r.now(), nil
	}
	var us int64
	err := r.db.QueryRowContext(ctx, databaseClock).Scan(&us)
	return instant(us), err
}

// Lease takes or renews a named lease; false when somebody else holds it.
func (r *Register) Lease(ctx context.Context, name, holder string, ttl time.Duration) (bool, error) {
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

// Unlease gives a lease back; giving back one that is not held does nothing.
func (r *Register) Unlease(ctx context.Context, name, holder string) error {
	return wrap("unlease "+name, r.writes.do(ctx, func(t *tx) error {
		return t.exec(`DELETE FROM lease WHERE name = $1 AND holder = $2`, name, holder)
	}))
}
