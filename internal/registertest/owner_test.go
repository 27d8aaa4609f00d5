package registertest_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"testing"
	"time"

	"postroom/internal/register"
	"postroom/internal/registertest"
)

func TestALeaseHasOneHolder(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := t.Context()
		for _, step := range []struct {
			holder string
			ttl    time.Duration
			want   bool
		}{{"a", time.Minute, true}, {"b", time.Minute, false}, {"a", -time.Second, true}, {"b", time.Minute, true}, {"a", time.Minute, false}} {
			got, err := d.Lease(ctx, "mailbox:inbox", step.holder, step.ttl)
			d.must(err)
			if got != step.want {
				t.Errorf("lease by %s: %v, want %v", step.holder, got, step.want)
			}
		}
		d.must(d.Unlease(ctx, "mailbox:inbox", "b"))
		if got, _ := d.Lease(ctx, "mailbox:inbox", "a", time.Minute); !got {
			t.Error("a lease that was given back is not free")
		}
	})
}

func TestAChangedHistoryShows(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.complaint("cold", "ann@example.com")
		broken, err := d.VerifyHistories(t.Context())
		d.must(err)
		if len(broken) != 0 {
			t.Fatalf("broken before anything was changed: %v", broken)
		}
		if got := d.events("message:" + o.Message); len(got) != 2 || got[0] != "received" || got[1] != "filed" {
			t.Errorf("history %v", got)
		}
		driver := map[string]string{"sqlite": "sqlite", "postgres": "pgx"}[d.cfg.Driver]
		db, err := sql.Open(driver, d.cfg.DSN)
		d.must(err)
		defer db.Close() //nolint:errcheck // a test's own connection
		_, err = db.ExecContext(t.Context(), `UPDATE event SET by_whom = 'nobody' WHERE subject = $1 AND seq = 1`, "message:"+o.Message)
		d.must(err)
		broken, err = d.VerifyHistories(t.Context())
		d.must(err)
		if len(broken) != 1 || broken[0] != "message:"+o.Message {
			t.Errorf("broken %v", broken)
		}
	})
}

func TestANewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		driver := map[string]string{"sqlite": "sqlite", "postgres": "pgx"}[d.cfg.Driver]
		db, err := sql.Open(driver, d.cfg.DSN)
		d.must(err)
		defer db.Close() //nolint:errcheck // a test's own connection
		_, err = db.ExecContext(t.Context(), `INSERT INTO migration (number, name, checksum) VALUES (9999, 'later', 'x')`)
		d.must(err)
		if r, err := register.Connect(context.Background(), d.cfg); !errors.Is(err, register.ErrNewerSchema) {
			t.Errorf("opened %v, error %v", r, err)
		}
	})
}

func TestASQLiteRegisterIsForItsOwnerAlone(t *testing.T) {
	t.Parallel()
	cfg := registertest.SQLite(t, registertest.Config(t, registertest.NewClock().Now))
	registertest.Open(t, cfg)
	for _, end := range []string{"", "-wal"} {
		if f, err := os.Stat(cfg.DSN + end); err != nil || f.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", end, f.Mode(), err)
		}
	}
}

func TestASecondOwnerOfASQLiteRegisterIsRefused(t *testing.T) {
	t.Parallel()
	clock := registertest.NewClock()
	cfg := registertest.SQLite(t, registertest.Config(t, clock.Now))
	cfg.Own = true
	first, err := register.Connect(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := register.Connect(t.Context(), cfg); !errors.Is(err, register.ErrInUse) {
		t.Errorf("second owner: %v", err)
	}
	beside := cfg
	beside.Own = false
	if r, err := register.Connect(t.Context(), beside); err != nil {
		t.Errorf("another command beside it: %v", err)
	} else if err := r.Close(); err != nil {
		t.Error(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if r, err := register.Connect(t.Context(), cfg); err != nil {
		t.Errorf("after the first closed: %v", err)
	} else if err := r.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(cfg.DSN + ".lock"); err != nil {
		t.Error(err)
	}
}

func TestAnOwnersRestartWaitsForNoLease(t *testing.T) {
	t.Parallel()
	clock := registertest.NewClock()
	cfg := registertest.SQLite(t, registertest.Config(t, clock.Now))
	cfg.Own = true
	first, err := register.Connect(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{Register: first, t: t, clock: clock, cfg: cfg}
	unread := d.receive(registertest.Arrival("unread", clock.Now()))[0].ID
	if _, err := d.BeginReading(t.Context(), []register.ID{unread}, time.Hour, 3); err != nil {
		t.Fatal(err)
	}
	owed := d.complaint("cold", "ann@example.com").Owed[0].ID
	d.must(d.begin(d.claim(owed)[0]))
	if held, err := d.Lease(t.Context(), "mailbox:inbox", "first", time.Hour); err != nil || !held {
		t.Fatal(held, err)
	}
	d.must(first.Close())
	d.Register = registertest.Open(t, cfg)
	if ids, err := d.Unread(t.Context(), 10); err != nil || len(ids) != 1 {
		t.Errorf("unread %v %v", ids, err)
	}
	if cs := d.claim(owed); len(cs) != 1 || !cs[0].Resend {
		t.Errorf("claimed %+v", cs)
	}
	if held, err := d.Lease(t.Context(), "mailbox:inbox", "second", time.Hour); err != nil || !held {
		t.Errorf("lease %v %v", held, err)
	}
}
