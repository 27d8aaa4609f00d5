package registertest_test

import (
	"context"
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
)

// A desk is a register with the clock that it runs on.
type desk struct {
	*register.Register
	t     *testing.T
	clock *registertest.Clock
	cfg   register.Config
}

// both runs a test on SQLite and on PostgreSQL.
func both(t *testing.T, test func(d *desk)) {
	t.Helper()
	for name, point := range map[string]func(testing.TB, register.Config) register.Config{
		"sqlite": registertest.SQLite, "postgres": registertest.Postgres,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := registertest.NewClock()
			cfg := point(t, registertest.Config(t, clock.Now))
			d := &desk{Register: registertest.Open(t, cfg), t: t, clock: clock, cfg: cfg}
			test(d)
			d.agrees()
		})
	}
}

// agrees fails the test when it left the register with something in it that
// cannot be.
func (d *desk) agrees() {
	d.t.Helper()
	if d.Ping(context.Background()) != nil {
		return // the test closed it
	}
	wrong, err := d.Contradictions(context.Background())
	d.must(err)
	for _, w := range wrong {
		d.t.Errorf("contradiction: %s", w)
	}
}

func (d *desk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) receive(as ...register.Arrival) []register.Received {
	d.t.Helper()
	got, err := d.Receive(d.t.Context(), as)
	d.must(err)
	for _, g := range got {
		d.must(g.Err)
	}
	return got
}

// take receives a mail, reads it and opens it.
func (d *desk) take(text string, o register.Opening) register.Opened {
	d.t.Helper()
	got := d.receive(registertest.Arrival(text, d.clock.Now()))
	o.Message = got[0].ID
	opened, err := d.Open(d.t.Context(), []register.Opening{o})
	d.must(err)
	d.must(opened[0].Err)
	return opened[0]
}

func (d *desk) complaint(text, from string) register.Opened {
	d.t.Helper()
	return d.take(text, register.Opening{Reading: registertest.Reading(text+"@example.com", from, text), Verdict: registertest.Verdict(classify.Complaint)})
}

func (d *desk) claim(ids ...register.ID) []register.Claimed {
	d.t.Helper()
	cs, err := d.Claim(d.t.Context(), ids, time.Minute, register.Windows{Recipient: time.Hour, Case: time.Hour, All: time.Hour})
	d.must(err)
	return cs
}

func (d *desk) begin(c register.Claimed) error {
	d.t.Helper()
	errs, err := d.Begin(d.t.Context(), []register.Beginning{{ID: c.ID, Attempt: c.Attempt, MessageID: "m." + c.ID + "@post.example", Bytes: "sha", Subject: "s", Guard: "ok"}})
	d.must(err)
	return errs[0]
}

func (d *desk) events(subject string) []string {
	d.t.Helper()
	events, err := d.History(d.t.Context(), subject)
	d.must(err)
	var what []string
	for _, e := range events {
		what = append(what, e.What)
	}
	return what
}

func (d *desk) outgoing(id register.ID) register.Outgoing {
	d.t.Helper()
	o, err := d.GetOutgoing(d.t.Context(), id)
	d.must(err)
	return o
}

func (d *desk) message(id register.ID) register.Message {
	d.t.Helper()
	m, err := d.GetMessage(d.t.Context(), id)
	d.must(err)
	return m
}
