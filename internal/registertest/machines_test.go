package registertest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"postroom/internal/register"
	"postroom/internal/registertest"
)

// A process that was frozen for longer than its lease writes nothing under it.
func TestNothingIsWrittenUnderALostLease(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := t.Context()
		mine := register.Hold{Lease: "mailbox:inbox", Holder: "frozen"}
		advance := func(under register.Hold, to uint32) error {
			return d.Advance(ctx, register.Cursor{Mailbox: "inbox", UIDValidity: 7, HighWater: to}, []register.UIDNote{{UID: to, State: register.UIDPending}}, under)
		}
		if err := advance(mine, 1); !errors.Is(err, register.ErrStale) {
			t.Errorf("without a lease: %v", err)
		}
		if held, err := d.Lease(ctx, mine.Lease, mine.Holder, time.Hour); !held || err != nil {
			t.Fatalf("held %v, %v", held, err)
		}
		d.must(advance(mine, 5))
		d.must(d.Unlease(ctx, mine.Lease, mine.Holder)) // as its end, and the next one's beginning
		if held, err := d.Lease(ctx, mine.Lease, "next", time.Hour); !held || err != nil {
			t.Fatalf("held %v, %v", held, err)
		}
		if err := advance(mine, 9); !errors.Is(err, register.ErrStale) {
			t.Errorf("under another's lease: %v", err)
		}
		if got, _, err := d.Cursor(ctx, "inbox"); got.HighWater != 5 || err != nil {
			t.Errorf("the cursor stands at %+v, %v", got, err)
		}
		if open, err := d.OpenUIDs(ctx, "inbox", 7); len(open) != 1 || err != nil {
			t.Errorf("open %+v, %v", open, err)
		}
	})
}

// Two machines whose clocks are ten hours apart agree about who holds what:
// the database's clock counts. Only they know how far they are off.
func TestLeasesKnowNoMachinesClock(t *testing.T) {
	t.Parallel()
	ahead, behind := time.Now().Add(5*time.Hour), time.Now().Add(-5*time.Hour)
	c := registertest.Postgres(t, registertest.Config(t, func() time.Time { return ahead }))
	fast := registertest.Open(t, c)
	c.Now = func() time.Time { return behind }
	slow := registertest.Open(t, c)
	ctx := t.Context()
	if held, err := slow.Lease(ctx, "mailbox:inbox", "slow", time.Minute); !held || err != nil {
		t.Fatalf("held %v, %v", held, err)
	}
	if held, err := fast.Lease(ctx, "mailbox:inbox", "fast", time.Minute); held || err != nil {
		t.Errorf("whose clock is ahead took a lease that has not ended: %v, %v", held, err)
	}
	registertest.EndLeases(t, c)
	if held, err := fast.Lease(ctx, "mailbox:inbox", "fast", time.Minute); !held || err != nil {
		t.Errorf("held %v, %v", held, err)
	}
	if held, err := slow.Lease(ctx, "mailbox:inbox", "slow", time.Minute); held || err != nil {
		t.Errorf("whose clock is behind took a lease that has not ended: %v, %v", held, err)
	}
	for name, r := range map[string]*register.Register{"fast": fast, "slow": slow} {
		off, err := r.ClockAhead(ctx)
		if want := map[string]time.Duration{"fast": -5 * time.Hour, "slow": 5 * time.Hour}[name]; err != nil || (off-want).Abs() > 30*time.Minute {
			t.Errorf("%s: the database is %v ahead, %v", name, off, err)
		}
	}
}

// What one machine owes is claimed at once by another whose clock is hours
// behind: a reply that is due at once carries no machine's time.
func TestAReplyIsDueOnEveryMachine(t *testing.T) {
	t.Parallel()
	clock := registertest.NewClock()
	now := clock.Now()
	c := registertest.Postgres(t, registertest.Config(t, clock.Now))
	d := &desk{Register: registertest.Open(t, c), t: t, clock: clock, cfg: c}
	opened := d.complaint("no heating", "ann@example.com")
	c.Now = func() time.Time { return now.Add(-5 * time.Hour) }
	behind := registertest.Open(t, c)
	due, err := behind.Due(t.Context(), now.Add(-5*time.Hour), 10)
	if err != nil || len(due) != 1 || due[0].ID != opened.Owed[0].ID || !due[0].NotBefore.IsZero() {
		t.Fatalf("due %+v, %v", due, err)
	}
	claimed, err := behind.Claim(t.Context(), []register.ID{due[0].ID}, time.Minute, register.Windows{})
	if err != nil || len(claimed) != 1 {
		t.Errorf("claimed %+v, %v", claimed, err)
	}
}

// A register that a newer version changes while this one runs says whether
// this one may go on.
func TestARegisterOutgrowsTheProgram(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		says := func(want register.Outgrown) {
			t.Helper()
			if got, err := d.Outgrown(t.Context()); got != want || err != nil {
				t.Errorf("outgrown %q, %v; want %q", got, err, want)
			}
		}
		says("")
		registertest.Migrate(t, d.cfg, 9001, "CREATE TABLE of_a_newer_version (id TEXT)", "ALTER TABLE message ADD COLUMN of_a_newer_version TEXT NOT NULL DEFAULT ''")
		says(register.GrownOn)
		d.complaint("no heating", "ann@example.com") // goes on
		registertest.Migrate(t, d.cfg, 9002, "INSERT INTO schema_break (number) VALUES (9002)")
		says(register.TakenAway)
	})
}

// A process that is told to stop while it asks for a lease hears whether it has
// it, so that it can give it back: the next one need not wait for its end.
func TestALeaseThatIsAskedForAtAStop(t *testing.T) {
	t.Parallel()
	d, other := machines(t)
	ctx, stop := context.WithCancel(t.Context())
	lock := registertest.LockBy(t, d.cfg, `LOCK TABLE lease IN EXCLUSIVE MODE`)
	asked := make(chan error, 1)
	go func() {
		held, err := d.Lease(ctx, "mailbox", "one", time.Hour)
		if err == nil && !held {
			err = register.ErrStale
		}
		asked <- err
	}()
	for lock.Waiting() == 0 { // it asks the server each time
	}
	stop()
	lock.Release()
	d.must(<-asked)
	d.must(d.Unlease(t.Context(), "mailbox", "one"))
	held, err := other.Lease(t.Context(), "mailbox", "two", time.Minute)
	if err != nil || !held {
		t.Errorf("the next one has it: %v, %v", held, err)
	}
	if _, err := d.Lease(ctx, "mailbox", "one", time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("a stopped process asks: %v", err)
	}
}
