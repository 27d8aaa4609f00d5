package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// long is how much of a long run is wanted: what POSTROOM_TEST_KNOCKS says as
// a number, or else little, which fits into the tests of every day.
func long(tb testing.TB, little int) int {
	tb.Helper()
	wanted := os.Getenv("POSTROOM_TEST_KNOCKS")
	if wanted == "" {
		return little
	}
	n, err := strconv.Atoi(wanted)
	if err != nil || n < 1 {
		tb.Fatalf("POSTROOM_TEST_KNOCKS is a number of kills, not %q", wanted)
	}
	return n
}

// killsInATown bounds how long one town lives, so that looking at the whole of
// its register stays cheap.
const killsInATown = 50

// On both registers, while post keeps coming: half of the kills at a step of a
// message's way, the other half from outside, at any moment between the
// process's start and the time at which it would long be done.
func TestKilledUnderLoad(t *testing.T) {
	t.Parallel()
	plans := map[string]townPlan{
		"sqlite":     {connections: 2},
		"postgresql": {connections: 2, postgres: true, redis: os.Getenv("POSTROOM_TEST_REDIS")},
	}
	for name, plan := range plans {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if plan.postgres && plan.redis == "" {
				t.Skip("integration: POSTROOM_TEST_REDIS is not set")
			}
			seed := uint64(time.Now().UnixNano())
			t.Logf("seed %d", seed)
			h := &hangman{random: rand.New(rand.NewPCG(seed, 1))}
			for left := long(t, 8); left > 0; left -= killsInATown {
				t.Run("town", func(t *testing.T) { h.town(t, plan, min(left, killsInATown)) })
				t.Logf("until now %+v", h.total)
				if t.Failed() {
					return
				}
			}
		})
	}
}

// A hangman kills postroom serve, and counts what came of it.
type hangman struct {
	random *rand.Rand
	total  struct{ kills, mails, answered, sentOnceMore, uncertain, blamed int }
}

// town lives through a number of kills, after which each message is one case
// with one reply. One kill can cut off as many replies as there are
// connections, and only those may have gone once more, as the identical bytes.
func (h *hangman) town(t *testing.T, plan townPlan, kills int) {
	t.Helper()
	w := newTown(t, plan)
	w.post(5)
	began := time.Now()
	p := w.serve("")
	w.answered(p)
	done := time.Since(began)
	p.stop(t)
	for range kills {
		w.post(h.random.IntN(6))
		if h.random.IntN(2) == 0 {
			h.atAStep(w)
		} else {
			h.atAnyTime(w, done*3/2)
		}
		w.endLeases()
	}
	w.post(1)
	p = w.serve("")
	w.answered(p)
	p.stop(t)
	found := w.audit()
	got, extra, identical := w.arrived()
	if got+found.uncertain+found.blamed < w.sent || found.refused > 0 || found.blamed > 1+kills/10 {
		t.Errorf("%d of %d residents were answered, and %+v", got, w.sent, found)
	}
	if extra != identical || extra > kills*plan.connections || found.uncertain > kills*plan.connections/2 {
		t.Errorf("%d mails too many, %d of them the identical bytes; %+v", extra, identical, found)
	}
	h.total.kills += kills
	h.total.mails += w.sent
	h.total.answered += got
	h.total.sentOnceMore += extra
	h.total.uncertain += found.uncertain
	h.total.blamed += found.blamed
}

func (h *hangman) atAStep(w *town) {
	w.t.Helper()
	p := w.serve(fmt.Sprintf("%s:%d", killSteps[h.random.IntN(len(killSteps))], 1+h.random.IntN(3)))
	w.post(1 + h.random.IntN(4))
	p.killedOrDone(w)
}

// atAnyTime keeps posting until the moment has come.
func (h *hangman) atAnyTime(w *town, most time.Duration) {
	w.t.Helper()
	moment := time.After(h.within(most))
	p := w.serve("")
	for range 1 + h.random.IntN(8) {
		w.post(1)
		select {
		case <-time.After(h.within(most / 8)):
		case <-moment:
			_ = p.ended()
			return
		}
	}
	<-moment
	_ = p.ended()
}

func (h *hangman) within(most time.Duration) time.Duration {
	return time.Duration(h.random.Int64N(int64(most)))
}

// TestToldToStopWhileItStarts: a service manager that stops what it has just
// started sees no failure.
func TestToldToStopWhileItStarts(t *testing.T) {
	w := newTown(t, townPlan{})
	t.Setenv("TOWN_PASSWORD", w.mailbox.password)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	var log bytes.Buffer
	if err := serve(ctx, w.config, &log); err != nil || !strings.Contains(log.String(), "told to stop while it started") {
		t.Errorf("%v\n%s", err, log.String())
	}
}
