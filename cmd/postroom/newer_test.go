package main

import (
	"context"
	"errors"
	"log/slog"
	"os/exec"
	"strings"
	"testing"
	"time"

	"postroom/internal/registertest"
)

// A newer version migrates the register while this one serves it: what was
// only added lets it go on, under load; what was taken away makes it stop
// politely, with nothing lost; and it does not start again.
func TestARollingUpgrade(t *testing.T) {
	t.Parallel()
	for name, postgres := range map[string]bool{"sqlite": false, "postgresql": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTown(t, townPlan{postgres: postgres})
			w.env = append(w.env, "TOWN_SWEEP=200ms")
			w.post(5)
			old := w.serve("")
			w.until(old, "it serves", w.registered)
			registertest.Migrate(t, w.register, 9001,
				"CREATE TABLE of_a_newer_version (id TEXT)",
				"ALTER TABLE message ADD COLUMN of_a_newer_version TEXT NOT NULL DEFAULT ''",
				"ALTER TABLE outgoing ADD COLUMN of_a_newer_version BIGINT NOT NULL DEFAULT 0")
			w.post(5)
			w.answered(old)
			w.until(old, "it says that it goes on", func() bool { return strings.Contains(old.log.String(), "this one goes on") })
			w.look() // before this program may no longer open it
			registertest.Migrate(t, w.register, 9002, "INSERT INTO schema_break (number) VALUES (9002)")
			old.refuses(t, "install the newer version on this machine too")
			if found := w.audit(); found.delivered != w.sent {
				t.Errorf("%+v of %d", found, w.sent)
			}
			w.serve("").refuses(t, "written by a newer version of Postroom; install that version")
		})
	}
}

// refuses waits until the process has ended by itself with a sentence.
func (p *process) refuses(t *testing.T, sentence string) {
	t.Helper()
	select {
	case err := <-p.over:
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(p.log.String(), sentence) {
			t.Errorf("ended with %v\n%s", err, p.log.String())
		}
	case <-time.After(patience):
		t.Errorf("goes on\n%s", p.ended())
	}
}

// Who cannot ask goes on: the register may be away for a moment.
func TestARegisterThatIsAwayIsNotNewer(t *testing.T) {
	t.Parallel()
	r := registertest.Open(t, registertest.SQLite(t, registertest.Config(t, time.Now)))
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	h := &house{plan: plan{sweep: time.Millisecond, logger: slog.New(slog.DiscardHandler)}, register: r}
	if err := h.watchSchema(ctx); err != nil {
		t.Error(err)
	}
}
