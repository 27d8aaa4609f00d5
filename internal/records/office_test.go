package records_test

import (
	"context"
	"database/sql"
	"strings"
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/archive"
	"postroom/internal/records"
	"postroom/internal/register"
	"postroom/internal/registertest"
)

// An office is a record with some post in it, and what a test needs to work
// on it.
type office struct {
	*records.Keeper
	t     *testing.T
	clock *registertest.Clock
	cfg   register.Config
	dir   string // of the archive
}

// both runs a test on SQLite and on PostgreSQL.
func both(t *testing.T, test func(o *office)) {
	t.Helper()
	for name, point := range map[string]func(testing.TB, register.Config) register.Config{
		"sqlite": registertest.SQLite, "postgres": registertest.Postgres,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := registertest.NewClock()
			test(open(t, clock, point(t, registertest.Config(t, clock.Now)), t.TempDir()))
		})
	}
}

func open(t *testing.T, clock *registertest.Clock, cfg register.Config, dir string) *office {
	t.Helper()
	a, err := archive.Open(dir, clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	k := &records.Keeper{Register: registertest.Open(t, cfg), Archive: a}
	return &office{Keeper: k, t: t, clock: clock, cfg: cfg, dir: dir}
}

func (o *office) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

// keep puts bytes into the archive.
func (o *office) keep(text string) archive.Stored {
	o.t.Helper()
	stored, err := o.Archive.Put(o.t.Context(), strings.NewReader(text))
	o.must(err)
	return stored
}

// receive takes post in.
func (o *office) receive(text string) register.Received {
	o.t.Helper()
	stored := o.keep(text)
	a := registertest.Arrival(text, o.clock.Now())
	if a.Original != stored.SHA256 {
		o.t.Fatal("the archive and the register name the same bytes differently")
	}
	got, err := o.Register.Receive(o.t.Context(), []register.Arrival{a})
	o.must(err)
	o.must(got[0].Err)
	return got[0]
}

// take takes post in, reads and judges it.
func (o *office) take(text, from string, label classify.Label) register.Opened {
	o.t.Helper()
	return o.judge(o.receive(text).ID, text, from, registertest.Verdict(label))
}

func (o *office) judge(id register.ID, text, from string, v classify.Verdict) register.Opened {
	o.t.Helper()
	opened, err := o.Register.Open(o.t.Context(), []register.Opening{{
		Message: id, Reading: registertest.Reading(text+"@homes.example", from, text), Verdict: v,
	}})
	o.must(err)
	o.must(opened[0].Err)
	return opened[0]
}

// send sends what is owed and returns the bytes that went.
func (o *office) send(id register.ID) string {
	o.t.Helper()
	ctx := o.t.Context()
	cs, err := o.Register.Claim(ctx, []register.ID{id}, time.Minute, register.Windows{})
	o.must(err)
	if len(cs) != 1 {
		o.t.Fatalf("claimed %d of the one reply", len(cs))
	}
	text := "reply " + id
	stored := o.keep(text)
	errs, err := o.Register.Begin(ctx, []register.Beginning{{ID: id, Attempt: cs[0].Attempt, MessageID: id + "@post.example", Bytes: stored.SHA256, Subject: "Your complaint"}})
	o.must(err)
	o.must(errs[0])
	errs, err = o.Register.Sent(ctx, []register.Outcome{{ID: id, Attempt: cs[0].Attempt, Code: "250"}})
	o.must(err)
	o.must(errs[0])
	return text
}

// tamper changes the register behind its back.
func (o *office) tamper(statements ...string) {
	o.t.Helper()
	db, err := sql.Open(map[string]string{"sqlite": "sqlite", "postgres": "pgx"}[o.cfg.Driver], o.cfg.DSN)
	o.must(err)
	defer db.Close() //nolint:errcheck // a test's own connection
	for _, s := range statements {
		_, err = db.ExecContext(context.Background(), s)
		o.must(err)
	}
}
