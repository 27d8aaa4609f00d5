package main

import (
	"math/rand/v2"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"postroom/notify/smtptest"
)

// The lines to the mailbox, the mail server, the register and the queue are
// cut, break in the middle of what is said or between a mail's final dot and
// its answer, freeze and thaw, one after the other at random, while post keeps
// coming. Each message is one case with one
// reply; the identical bytes go once more only to those whose mail may have
// been under way when the line to the mail server broke.
func TestEveryLineBreaks(t *testing.T) {
	t.Parallel()
	for name, plan := range map[string]townPlan{
		"embedded":             {connections: 2, final: 10 * time.Second},
		"redis and postgresql": {connections: 2, final: 10 * time.Second, redis: os.Getenv("POSTROOM_TEST_REDIS"), postgres: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if plan.postgres && plan.redis == "" {
				t.Skip("integration: POSTROOM_TEST_REDIS is not set")
			}
			var w *town
			var atTheDot atomic.Bool
			plan.lines = true
			plan.decide = func(c smtptest.Call) smtptest.Action {
				if c.Step == smtptest.Data && c.Raw != nil && atTheDot.CompareAndSwap(true, false) {
					w.line["smtp"].cut() // the mail is there, and our side will never hear of it
				}
				return smtptest.Accept
			}
			w = newTown(t, plan)
			w.env = append(w.env, "TOWN_SWEEP=1s")
			seed := uint64(time.Now().UnixNano())
			t.Logf("seed %d", seed)
			random := rand.New(rand.NewPCG(seed, 4))
			p := w.serve("")
			w.post(3)
			w.answered(p)
			names := []string{"imap", "smtp"}
			if plan.postgres {
				names = append(names, "redis", "postgres")
			}
			knocks, atMail := long(t, 16), 0
			for i := range knocks {
				where := names[i%len(names)]
				if where == "smtp" {
					atMail++
					atTheDot.Store(random.IntN(3) == 0)
				}
				w.post(1 + random.IntN(3))
				<-time.After(time.Duration(random.IntN(500)) * time.Millisecond) // any moment will do
				l := w.line[where]
				switch random.IntN(4) {
				case 0:
					l.breakAfter(random.IntN(4000))
				case 1:
					l.cut()
				case 2:
					l.part()
					w.post(1)
					l.join()
				case 3:
					l.freeze()
					w.post(1)
					l.cut() // a frozen line ends in silence: what was on it never arrives
					l.thaw()
				}
			}
			for _, l := range w.line {
				l.breakAfter(-1)
			}
			w.answered(p)
			p.stop(t)
			w.answeredBut(atMail * plan.connections)
		})
	}
}

// answeredBut audits a town in which that many mails may have been cut off at
// their end.
func (w *town) answeredBut(cutOff int) {
	w.t.Helper()
	found := w.audit()
	got, extra, identical := w.arrived()
	if got+found.uncertain < w.sent || found.refused+found.blamed > 0 {
		w.t.Errorf("%d of %d residents were answered, and %+v", got, w.sent, found)
	}
	if extra != identical || extra > cutOff || found.uncertain > cutOff/2 {
		w.t.Errorf("%d mails too many, %d of them the identical bytes; %+v", extra, identical, found)
	}
	w.t.Logf("%d mails: the identical bytes of %d went once more, %d replies are in people's hands", w.sent, extra, found.uncertain)
}

// Every line is slow: it takes longer, and nothing else.
func TestEveryLineIsSlow(t *testing.T) {
	t.Parallel()
	redis := os.Getenv("POSTROOM_TEST_REDIS")
	if redis == "" {
		t.Skip("integration: POSTROOM_TEST_REDIS is not set")
	}
	w := newTown(t, townPlan{lines: true, postgres: true, redis: redis, connections: 2})
	for _, l := range w.line {
		l.slow.Store(int64(5 * time.Millisecond))
	}
	p := w.serve("")
	w.post(4)
	w.answered(p)
	p.stop(t)
	w.answeredBut(0)
}
