package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// The machine's clock is set forward and back while post comes in: by seconds,
// by an hour as somebody does who takes summer time for a clock that is wrong,
// by days. Each message is one case with one reply, and no message was received
// in the future, nor before it was sent.
func TestTheClockIsSet(t *testing.T) {
	t.Parallel()
	for name, plan := range map[string]townPlan{
		"embedded":             {connections: 2},
		"redis and postgresql": {connections: 2, redis: os.Getenv("POSTROOM_TEST_REDIS"), postgres: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if plan.postgres && plan.redis == "" {
				t.Skip("integration: POSTROOM_TEST_REDIS is not set")
			}
			began := time.Now().Truncate(time.Second)
			w := newTown(t, plan)
			clock := filepath.Join(w.folder, "clock")
			w.env = append(w.env, "TOWN_SWEEP=1s", "TOWN_CLOCK="+clock)
			p := w.serve("")
			w.post(3)
			w.answered(p)
			for _, ahead := range []time.Duration{
				time.Hour, 0, -time.Hour, 0, 26 * time.Hour, 0, -72 * time.Hour, 0, 3 * time.Second, -3 * time.Second, 0,
			} {
				w.post(3)
				set := clock + ".new"
				w.must(os.WriteFile(set, []byte(ahead.String()), 0o600))
				w.must(os.Rename(set, clock)) // never half written
				w.post(2)
				w.answered(p)
			}
			p.stop(t)

			w.answeredBut(0)
			messages, err := w.look().Messages(t.Context(), time.Unix(0, 0), w.sent)
			w.must(err)
			for _, m := range messages {
				if m.ReceivedAt.After(time.Now()) {
					t.Errorf("%s was received at %v, which is still to come", m.Reference, m.ReceivedAt)
				}
				if m.ReceivedAt.Before(began.Add(-73 * time.Hour)) {
					t.Errorf("%s was received at %v, long before it was sent", m.Reference, m.ReceivedAt)
				}
			}
		})
	}
}
