package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"postroom/internal/registertest"
)

// The kill tests run "postroom serve" as a process of its own: this test
// binary, told by the environment to be postroom.
func TestMain(m *testing.M) {
	if os.Getenv("POSTROOM_TEST_BE_POSTROOM") == "1" {
		os.Exit(profiled(func() int { return beServe(os.Args[1:]) }))
	}
	os.Exit(m.Run())
}

// beServe is postroom, where the environment wishes in a hurry: looking into
// the register every so often for what is due, and sending again soon what may
// not have arrived, so that a test need not wait a minute for it; or on a
// machine whose clock is wrong.
func beServe(args []string) int {
	sweep, hurried := time.ParseDuration(os.Getenv("TOWN_SWEEP"))
	ahead, wrong := time.ParseDuration(os.Getenv("TOWN_CLOCK_AHEAD"))
	stepped := os.Getenv("TOWN_CLOCK") // a file that says how far ahead the clock is now
	if hurried != nil && wrong != nil && stepped == "" || args[0] != "serve" {
		return run(args, os.Stdout, os.Stderr)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := serve(ctx, args[2], os.Stderr, func(p *plan) {
		p.sweep, p.retry.Unknown = sweep, sweep
		if ahead != 0 {
			p.now = func() time.Time { return time.Now().Add(ahead) }
		}
		if stepped != "" {
			p.now = func() time.Time { return time.Now().Add(steppedBy(stepped)) }
		}
	}); err != nil {
		fmt.Fprintln(os.Stderr, "postroom serve:", err)
		return 1
	}
	return 0
}

// steppedBy reads how far ahead a clock is; nothing readable is not at all.
func steppedBy(file string) time.Duration {
	text, _ := os.ReadFile(file)
	ahead, _ := time.ParseDuration(string(text))
	return ahead
}

// killSteps are the steps of a message's way, from arrival to "sent".
var killSteps = []string{
	"in archived", "in registered", "in hinted", "in advanced", "in filed",
	"read reading", "read read", "read judged", "read opened", "read queued",
	"out claimed", "out archived", "out connected", "out rcpt", "out begun", "out data", "out accepted", "out recorded",
}

// window are the steps at whose first time a reply may be with the mail server
// and its 250 not yet in the register: the one window that cannot be closed
// (P2). There the identical bytes of one mail for each connection may arrive
// once more. Three of the steps are in it; at four a mail was handed on a
// moment before, and its reply may have come so far.
var window = map[string]bool{
	"out begun": true, "out data": true, "out accepted": true,
	"in hinted": true, "in advanced": true, "in filed": true, "read queued": true,
}

func TestKilledAtEachStep(t *testing.T) {
	t.Parallel()
	for _, step := range killSteps {
		t.Run(strings.ReplaceAll(step, " ", "-"), func(t *testing.T) {
			t.Parallel()
			w := newTown(t, townPlan{})
			w.post(6)
			w.serve(step + ":1").killed(t)
			w.post(3)
			p := w.serve("")
			w.answered(p)
			p.stop(t)
			if found := w.audit(); found.uncertain+found.blamed > 0 {
				t.Errorf("after one kill in people's hands: %+v", found)
			}
			_, extra, identical := w.arrived()
			if extra != identical || extra > 0 && !window[step] || extra > 1 {
				t.Errorf("%d mails too many, %d of them the identical bytes", extra, identical)
			}
			if extra > 0 {
				t.Logf("in the window: the identical bytes of %d mails went once more", extra)
			}
		})
	}
}

// On every kind of register and queue, with messages flowing. One kill can cut
// off as many replies as there are connections. A message that five of the
// kills happened to hit while it was read alone cannot be told from one that
// kills, and goes to a person; the one that it may be is the test's bad luck.
func TestKilledAtRandom(t *testing.T) {
	t.Parallel()
	const kills, connections = 12, 2
	for name, plan := range map[string]townPlan{
		"embedded":             {},
		"redis":                {redis: os.Getenv("POSTROOM_TEST_REDIS")},
		"redis and postgresql": {redis: os.Getenv("POSTROOM_TEST_REDIS"), postgres: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name != "embedded" && plan.redis == "" {
				t.Skip("integration: POSTROOM_TEST_REDIS is not set")
			}
			plan.connections = connections
			w := newTown(t, plan)
			random := rand.New(rand.NewPCG(26, 11))
			for range kills {
				w.post(10)
				step := killSteps[random.IntN(len(killSteps))]
				if step == "in filed" || step == "in hinted" {
					step = "in registered" // a batch is hinted and filed once, and may be one batch in all
				}
				w.serve(fmt.Sprintf("%s:%d", step, 1+random.IntN(3))).killedOrDone(w)
				w.endLeases()
			}
			p := w.serve("")
			w.answered(p)
			p.stop(t)
			found := w.audit()
			got, extra, identical := w.arrived()
			if got+found.uncertain+found.blamed < w.sent || found.refused > 0 || found.blamed > 1 {
				t.Errorf("%d of %d residents were answered, and %+v", got, w.sent, found)
			}
			if extra != identical || extra > kills*connections || found.uncertain > kills*connections/2 {
				t.Errorf("%d mails too many, %d of them the identical bytes; %+v", extra, identical, found)
			}
			t.Logf("%d messages, %d kills: the identical bytes of %d mails went once more, %d replies were cut off twice and %d messages were hit while read five times, and are in people's hands", w.sent, kills, extra, found.uncertain, found.blamed)
		})
	}
}

// endLeases is what waiting would do. An SQLite register has one owner, who
// waits for nobody's leases anyhow.
func (w *town) endLeases() {
	w.t.Helper()
	if w.register.Driver == "postgres" {
		registertest.EndLeases(w.t, w.register)
	}
}

// killedOrDone waits until the process has killed itself, or has answered
// everybody without reaching its step, and is then killed from outside.
func (p *process) killedOrDone(w *town) {
	w.t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-p.over: //nolint:errcheck // how it ended does not matter
			return
		case <-tick.C:
			if w.quiet() {
				_ = p.ended()
				return
			}
		case <-deadline:
			w.t.Fatalf("neither killed nor done: %s\n%s", w.stuck(), p.ended())
		}
	}
}
