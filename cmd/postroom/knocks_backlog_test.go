package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"postroom/internal/register"
)

// A mailbox in which much waits is taken in oldest first, in memory that does
// not grow with it, and the status page shows it shrink. With
// POSTROOM_TEST_BACKLOG=100000 that many wait, on Dovecot.
func TestALongBacklog(t *testing.T) {
	t.Parallel()
	mails, plan := 1200, townPlan{connections: 4}
	if wanted := os.Getenv("POSTROOM_TEST_BACKLOG"); wanted != "" {
		var err error
		if mails, err = strconv.Atoi(wanted); err != nil {
			t.Fatal(err)
		}
		plan.dovecot = true
	}
	w := newTown(t, plan)
	w.post(mails)
	t.Logf("%d mails wait", mails)
	began := time.Now()
	p := w.serve("")
	seen := w.watchBacklog(p, mails)
	w.answered(p)
	t.Logf("all answered after %v; %d MB at a quarter, %d MB at the end", time.Since(began), seen.quarter>>10, seen.end>>10)
	p.stop(t)
	if len(seen.backlogs) < 2 || !slices.IsSortedFunc(seen.backlogs, func(a, b int) int { return b - a }) {
		t.Errorf("the status page showed a backlog of %v", seen.backlogs)
	}
	if seen.end > 2*seen.quarter {
		t.Errorf("%d kB of memory after a quarter, %d kB at the end", seen.quarter, seen.end)
	}
	if found := w.audit(); found.delivered != mails {
		t.Errorf("of %d replies %+v", mails, found)
	}
	if got, extra, _ := w.arrived(); got != mails || extra > 0 {
		t.Errorf("%d residents were answered, %d mails too many", got, extra)
	}
	w.oldestFirst()
}

// What was seen of a process while it worked.
type seenOfBacklog struct {
	backlogs     []int
	quarter, end int // of memory, in kB: the most until then
}

// watchBacklog watches until everybody has mail.
func (w *town) watchBacklog(p *process, mails int) (seen seenOfBacklog) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience+time.Duration(mails)*100*time.Millisecond)
	defer cancel()
	for done := 0; done < mails && ctx.Err() == nil; {
		soon, stop := context.WithTimeout(ctx, 100*time.Millisecond)
		done = len(w.office.Wait(soon, done+200))
		stop()
		if seen.quarter == 0 && done >= mails/4 {
			seen.quarter = p.memory(w.t)
		}
		status, err := w.look().Status(ctx)
		w.must(err)
		if len(status.Mailboxes) == 0 {
			continue
		}
		if now, n := status.Mailboxes[0].Backlog, len(seen.backlogs); n == 0 || seen.backlogs[n-1] != now {
			seen.backlogs = append(seen.backlogs, now)
		}
	}
	seen.end = p.memory(w.t)
	return seen
}

var mostMemory = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// memory is the most that the process has taken until now, in kB.
func (p *process) memory(tb testing.TB) int {
	tb.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		tb.Skip("how much memory a process takes can be asked on Linux alone")
	}
	kB, _ := strconv.Atoi(string(mostMemory.FindSubmatch(text)[1]))
	return kB
}

// sideBySide is how many mails may be on their way into the register at once:
// three batches of 32 (ingest), in no promised order among themselves.
const sideBySide = 3 * 32

// oldestFirst fails when a mail was registered after one that came so much
// later that both cannot have been on their way into the register together.
func (w *town) oldestFirst() {
	w.t.Helper()
	messages, err := w.look().Messages(w.t.Context(), time.Unix(0, 0), w.sent)
	w.must(err)
	number := map[register.ID]int{}
	for _, m := range messages {
		var n int
		if _, err := fmt.Sscanf(m.Reading.From.Address, "resident%d@", &n); err != nil {
			w.t.Fatal(err)
		}
		number[m.ID] = n
	}
	slices.SortFunc(messages, func(a, b register.Message) int { // a batch has one instant
		return cmp.Or(a.RegisteredAt.Compare(b.RegisteredAt), number[a.ID]-number[b.ID])
	})
	latest := 0
	for _, m := range messages {
		if n := number[m.ID]; n <= latest-sideBySide {
			w.t.Errorf("the mail of resident %d was registered after that of resident %d", n, latest)
		}
		latest = max(latest, number[m.ID])
	}
}

// A burst: far more comes at once than can be answered at once. With
// POSTROOM_TEST_KNOCKS=5000 that many come as fast as the mailbox takes them.
func TestABurst(t *testing.T) {
	t.Parallel()
	w := newTown(t, townPlan{connections: 4})
	p := w.serve("")
	w.post(1)
	w.answered(p)
	began := time.Now()
	w.post(long(t, 300))
	came := time.Since(began)
	w.office.Wait(t.Context(), w.sent)
	w.answered(p)
	t.Logf("%d mails came in %v, and all were answered after %v", w.sent, came, time.Since(began))
	p.stop(t)
	w.answeredBut(0)
}
