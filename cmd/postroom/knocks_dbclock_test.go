package main

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"postroom/internal/queue/redistest"
	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/workday"
)

// Three clocks, ten minutes apart each: the database's is behind, one machine's
// right, another's ahead. Programs in Go ask the system for the time without
// the C library, and libfaketime moves them by nothing; so the database has
// the false clock of libfaketime, and the machine one of the test's.
const apart = 10 * time.Minute

// The database's clock moves by itself, stands still, and is set forward and
// back while post flows. What a dead machine held is held until the database
// says that its time is over, whatever the others' clocks say. Each message is
// answered once, and its days are those of its arrival.
func TestTheDatabasesClockIsSet(t *testing.T) {
	t.Parallel()
	began := time.Now().Truncate(time.Second)
	server := newPostgresServer(t, nil)
	clock := server.falseClock()
	clock.set("-10m")
	server.start()
	server.ask(&town{t: t}, "SELECT 1")
	w := newTown(t, townPlan{dsn: server.url(), redis: "redis://" + redistest.Start(t).Address, connections: 2})
	w.env = append(w.env, "TOWN_SWEEP=1s")
	w.oneHolder(clock)

	right := w.serve("")
	fast := w.start(w.config, "TOWN_CLOCK_AHEAD="+apart.String())
	for _, at := range []string{"-10m", "-570", "-9m", "-510", "-1d", "-10m"} { // half a minute each, and back by a day
		clock.set(at)
		w.post(4)
		w.answered(fast)
	}
	fast.stop(t)
	right.stop(t)

	clock.stop()
	w.post(5)
	w.serve("out claimed:1").killed(t)
	fast = w.start(w.config, "TOWN_CLOCK_AHEAD="+apart.String())
	w.post(1)
	if held, err := w.ahead().Lease(t.Context(), "mailbox:complaints/INBOX", "another", time.Minute); held || err != nil {
		t.Errorf("a machine whose clock is ahead took the mailbox before the database said so: %v, %v", held, err)
	}
	w.noneIsClaimed()
	clock.set("+10m")
	w.answered(fast)
	fast.stop(t)

	w.answeredBut(0)
	w.daysAreRight(began)
}

// oneHolder has two machines fight for one lease while the database's clock is
// set by less than the lease: never do both believe that they have it. One that
// had it when the clock was set by more can write nothing under it.
func (w *town) oneHolder(clock *falseClock) {
	w.t.Helper()
	var inside atomic.Int32
	var tried sync.WaitGroup
	for name, r := range map[string]*register.Register{"right": w.look(), "ahead": w.ahead()} {
		tried.Go(func() {
			for range 60 {
				held, err := r.Lease(w.t.Context(), "fought for", name, time.Minute)
				if err == nil && held {
					if inside.Add(1) != 1 {
						w.t.Error("two machines hold one lease")
					}
					inside.Add(-1)
					err = r.Unlease(w.t.Context(), "fought for", name)
				}
				if err != nil {
					w.t.Error(err)
				}
			}
		})
	}
	for _, at := range []string{"-580", "-620", "-585", "-10m"} {
		clock.set(at)
		w.must(w.look().Ping(w.t.Context()))
	}
	tried.Wait()

	for _, step := range []struct {
		at, who string
		held    bool
	}{
		{"-10m", "right", true},
		{"-10m", "ahead", false},
		{"-9m", "ahead", true}, // a minute is over, by the database's clock
		{"-9m", "right", false},
		{"-20m", "right", false},
		{"-20m", "ahead", true}, // and may go on when the clock goes back
	} {
		clock.set(step.at)
		r := map[string]*register.Register{"right": w.look(), "ahead": w.ahead()}[step.who]
		if held, err := r.Lease(w.t.Context(), "passed on", step.who, time.Minute); held != step.held || err != nil {
			w.t.Errorf("at %s the one whose clock is %s: held %v, %v", step.at, step.who, held, err)
		}
	}
	late := w.look().Advance(w.t.Context(), register.Cursor{Mailbox: "of nobody", UIDValidity: 1, HighWater: 1}, nil, register.Hold{Lease: "passed on", Holder: "right"})
	if !errors.Is(late, register.ErrStale) {
		w.t.Errorf("under a lease that is over: %v", late)
	}
	clock.set("-10m")
}

// ahead is the register as the machine sees it whose clock is ahead.
func (w *town) ahead() *register.Register {
	w.t.Helper()
	c := w.register
	c.Now = func() time.Time { return time.Now().Add(apart) }
	return registertest.Open(w.t, c)
}

// noneIsClaimed fails when a machine whose clock is ahead gets a reply that
// another is sending.
func (w *town) noneIsClaimed() {
	w.t.Helper()
	replies, err := w.look().Outgoings(w.t.Context(), 100_000)
	w.must(err)
	var sending []register.ID
	for _, o := range replies {
		if o.State == register.Sending {
			sending = append(sending, o.ID)
		}
	}
	got, err := w.ahead().Claim(w.t.Context(), sending, time.Minute, register.Windows{})
	if err != nil || len(got) > 0 || len(sending) == 0 {
		w.t.Errorf("of %d replies in another's hands %d were claimed, %v", len(sending), len(got), err)
	}
}

// daysAreRight compares each message with the day on which it came.
func (w *town) daysAreRight(began time.Time) {
	w.t.Helper()
	calendar, err := workday.Default(workday.EnglandAndWales)
	w.must(err)
	messages, err := w.look().Messages(w.t.Context(), time.Unix(0, 0), w.sent)
	w.must(err)
	for _, m := range messages {
		if m.ReceivedAt.Before(began) || m.ReceivedAt.After(time.Now()) {
			w.t.Errorf("%s was received at %v, and it came between %v and now", m.Reference, m.ReceivedAt, began)
		}
		if want := calendar.Add(workday.DateOf(m.ReceivedAt), 5); m.Deadline != want {
			w.t.Errorf("%s is due on %v, not on %v", m.Reference, m.Deadline, want)
		}
	}
}

// A falseClock is a server's, by libfaketime.
type falseClock struct {
	tb   testing.TB
	file string
}

// falseClock gives a server that does not run yet a clock that a test sets.
func (s *postgresServer) falseClock() *falseClock {
	s.tb.Helper()
	library, _ := filepath.Glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
	if len(library) == 0 {
		s.tb.Skip("integration: not installed: faketime")
	}
	c := &falseClock{tb: s.tb, file: filepath.Join(filepath.Dir(s.folder), "clock")}
	s.env = []string{"LD_PRELOAD=" + library[0], "FAKETIME_TIMESTAMP_FILE=" + c.file, "FAKETIME_NO_CACHE=1", "FAKETIME_DONT_FAKE_MONOTONIC=1"}
	return c
}

// set says how far the clock is from the right one: -90 seconds, +10m, -1d.
func (c *falseClock) set(from string) {
	c.tb.Helper()
	// Another user's process reads it, and never when it is half written.
	err := os.WriteFile(c.file+".new", []byte(from+"\n"), 0o644)
	if err = errors.Join(err, os.Rename(c.file+".new", c.file)); err != nil {
		c.tb.Fatal(err)
	}
}

// stop makes the clock stand still, ten minutes behind.
func (c *falseClock) stop() {
	c.tb.Helper()
	c.set(time.Now().Add(-apart).Local().Format(time.DateTime))
}
