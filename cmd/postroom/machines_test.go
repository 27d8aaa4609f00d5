package main

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// shared is a town whose register and Redis several machines share.
func shared(t *testing.T, plan townPlan) *town {
	t.Helper()
	if plan.redis == "" {
		plan.redis = os.Getenv("POSTROOM_TEST_REDIS")
	}
	if plan.redis == "" {
		t.Skip("integration: POSTROOM_TEST_REDIS is not set")
	}
	plan.postgres = true
	return newTown(t, plan)
}

// Five machines with their roles spread, two mailboxes, post flowing. One is
// killed while it sends, one is frozen while it takes post in and wakes up
// when others have done its work, and the clocks of two are five hours wrong,
// in both directions. Each message is one case and one reply.
func TestSeveralMachines(t *testing.T) {
	t.Parallel()
	w := shared(t, townPlan{second: true, connections: 2})
	poller, reader, sender := w.configured("poller.yaml", "mailbox"), w.configured("reader.yaml", "read"), w.configured("sender.yaml", "reply")
	w.post(8)
	frozen := w.start(poller, "POSTROOM_FREEZE_AT=in registered:1")
	fast := w.start(reader, "TOWN_CLOCK_AHEAD=5h")
	slow := w.start(sender, "TOWN_CLOCK_AHEAD=-5h")
	frozen.freezes(w)

	w.endLeases()
	w.post(8)
	everything := w.start(w.config, "POSTROOM_KILL_AT=out begun:3")
	everything.killedOrDone(w)
	w.endLeases()

	w.post(8)
	next := w.start(w.config)
	w.until(next, "the mail of both mailboxes is registered", w.registered)
	frozen.wakes(t)
	w.post(8)
	w.answered(next)
	for _, p := range []*process{frozen, fast, slow, next} {
		p.stop(t)
	}
	if found := w.audit(); found.delivered != w.sent {
		t.Errorf("%+v of %d", found, w.sent)
	}
	// One process was killed between Begin and the mail's end, on two connections.
	if residents, extra, identical := w.arrived(); residents != w.sent || extra != identical || extra > 2 {
		t.Errorf("%d of %d residents have mail, %d mails too many, %d of them the identical bytes", residents, w.sent, extra, identical)
	}
	for name, p := range map[string]*process{"ahead of": fast, "behind": slow} {
		if !strings.Contains(p.log.String(), "5h0m0s "+name+" the database server's") {
			t.Errorf("a machine whose clock is five hours %s the database's says nothing of it:\n%s", name, p.log.String())
		}
	}
}

// A process that was frozen until others had taken over its work wakes up and
// does nothing with what it still believes to hold. Only where it had told the
// register that a mail's outcome may be unknown do the identical bytes of one
// mail go once more (P2).
func TestAFrozenProcessWakesUp(t *testing.T) {
	t.Parallel()
	for step, most := range map[string]int{"in registered": 0, "read judged": 0, "out rcpt": 0, "out data": 1} {
		t.Run(strings.ReplaceAll(step, " ", "-"), func(t *testing.T) {
			t.Parallel()
			w := shared(t, townPlan{})
			w.post(5)
			frozen := w.start(w.config, "POSTROOM_FREEZE_AT="+step+":1")
			frozen.freezes(w)
			w.endLeases()
			next := w.start(w.config)
			w.answered(next)
			frozen.wakes(t)
			w.post(3)
			w.answered(next)
			frozen.stop(t)
			next.stop(t)
			if found := w.audit(); found.delivered != w.sent {
				t.Errorf("%+v of %d", found, w.sent)
			}
			if residents, extra, identical := w.arrived(); residents != w.sent || extra != identical || extra > most {
				t.Errorf("%d of %d residents have mail, %d mails too many, %d of them the identical bytes", residents, w.sent, extra, identical)
			}
		})
	}
}

// freezes waits until the process stands still.
func (p *process) freezes(w *town) {
	w.t.Helper()
	w.until(p, "the process is frozen", func() bool {
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(p.cmd.Process.Pid) + "/stat")
		_, state, ok := bytes.Cut(stat, []byte(") "))
		return err == nil && ok && state[0] == 'T'
	})
}

func (p *process) wakes(tb testing.TB) {
	tb.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		tb.Fatal(err)
	}
}
