package notify

import (
	"context"
	"sync"
	"testing"
	"time"

	"postroom/internal/queue"
	"postroom/internal/register"
	"postroom/internal/registertest"
)

// Somebody's open transaction locks rows from the moment at which a mail was
// accepted until its lease is over. Another machine finds a mail that has
// begun and whose time is over, and its write may come before ours. The mail
// goes once for all that.
func TestALockOutlastsALease(t *testing.T) {
	t.Parallel()
	for what, statement := range map[string]string{
		"the reply":         `SELECT 1 FROM outgoing WHERE state = 'sending' FOR UPDATE`,
		"the case":          `SELECT 1 FROM cases FOR UPDATE`,
		"the case's clocks": `SELECT 1 FROM clock FOR UPDATE`,
		"all histories":     `LOCK TABLE event IN SHARE MODE`,
		"all replies":       `LOCK TABLE outgoing IN SHARE MODE`,
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			var cfg register.Config
			d := newDeskOn(t, func(tb testing.TB, c register.Config) register.Config {
				tb.Helper()
				cfg = registertest.Postgres(tb, c)
				return cfg
			})
			o := d.complaint(1)
			var once sync.Once
			locked, goOn := make(chan registertest.Lock, 1), make(chan struct{})
			d.steps.on["accepted"] = func() {
				once.Do(func() {
					registertest.Overdue(t, cfg)
					locked <- registertest.LockBy(t, cfg, statement)
					<-goOn
				})
			}
			d.work()
			lock := <-locked
			d.another(cfg)
			d.wait("another machine waits for the lock, or for the outcome", func() bool { return lock.Waiting() > 0 || d.awaited(o.Case) })
			close(goOn)
			d.wait("somebody waits for the lock", func() bool { return lock.Waiting() > 0 })
			lock.Release()
			got := d.until(o.Owed[0].ID, "sent", is(register.Delivered))
			if n := len(toResidents(d.office.letters())); n != 1 || got.Attempt != 1 {
				t.Errorf("%d mails, %d attempts", n, got.Attempt)
			}
		})
	}
}

// another is a second process's worker on the same register.
func (d *desk) another(c register.Config) {
	d.tb.Helper()
	q, err := queue.Open(context.Background(), queue.Config{Now: d.clock.Now})
	if err != nil {
		d.tb.Fatal(err)
	}
	d.tb.Cleanup(func() { _ = q.Close() })
	second := *d
	second.cfg.Register, second.cfg.Queue, second.cfg.Step = registertest.Open(d.tb, c), q, nil
	second.work()
}

// awaited reports whether a case's history says that an outcome is waited for.
func (d *desk) awaited(caseID register.ID) bool {
	d.tb.Helper()
	events, err := d.History(context.Background(), "case:"+caseID)
	if err != nil {
		d.tb.Fatal(err)
	}
	for _, e := range events {
		if e.What == "outcome_awaited" {
			return true
		}
	}
	return false
}

func (d *desk) wait(what string, ok func() bool) {
	d.tb.Helper()
	for deadline := time.Now().Add(5 * time.Minute); !ok(); {
		if time.Now().After(deadline) {
			d.tb.Fatal("never: " + what)
		}
		pause(context.Background(), 10*time.Millisecond)
	}
}
