//go:build unix

package main

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"postroom/internal/register"
)

// BenchmarkTheWholeWay takes a mailbox on Dovecot from its first mail to the
// last acknowledgement, by postroom serve as a process of its own, as an
// operator runs it: SQLite, the queue inside, the rules in force, everything
// flushed. The mails are of 150 KB on average, most of it photographs. The
// time runs from the start of the process, so it has its start in it. The
// processor time, of which "user-ms" is the program's own and "sys-ms" the
// system's for it, and "rss-MB", the most memory that one had, are the
// processes' alone. POSTROOM_BENCH asks for more of it; see benchLoad.
func BenchmarkTheWholeWay(b *testing.B) {
	l := benchLoadOf(b, os.Getenv("POSTROOM_BENCH"))
	for b.Loop() {
		b.StopTimer()
		w := newTown(b, l.plan())
		l.fill(b, w.register)
		w.postPhotographs(l.mails, l.small)
		b.StartTimer()
		began := time.Now()
		processes := make([]*process, l.processes)
		for i := range processes {
			processes[i] = w.serve("")
		}
		for tenth := 1; tenth <= 10; tenth++ {
			w.office.Wait(b.Context(), l.mails*tenth/10)
			if l.mails >= 10_000 {
				b.Logf("%d answered after %v; MB of memory until then %v", l.mails*tenth/10, time.Since(began).Round(time.Second), mostMemories(b, processes))
			}
		}
		took := time.Since(began)
		b.StopTimer()
		w.until(processes[0], "everything is recorded", func() bool { s := w.standing(); return s.Arrived == 0 && s.Owed == 0 })
		b.ReportMetric(float64(l.mails)/took.Seconds(), "msg/s")
		var all consumed
		for _, p := range processes {
			all.add(p.finish(b))
		}
		all.report(b, "", l.mails)
		residents, twice, _ := w.arrived()
		if residents != l.mails {
			b.Errorf("of %d residents %d were answered", l.mails, residents)
		}
		b.ReportMetric(float64(twice), "answered-twice")
		b.StartTimer()
	}
}

// BenchmarkEachStep takes the same mails the same way, one step after the
// other, each by a process that does nothing else: what each costs.
func BenchmarkEachStep(b *testing.B) {
	l := benchLoadOf(b, os.Getenv("POSTROOM_BENCH"))
	for b.Loop() {
		b.StopTimer()
		w := newTown(b, l.plan())
		w.postPhotographs(l.mails, l.small)
		b.StartTimer()
		for _, step := range []struct {
			role string
			done func(register.Status) bool
		}{
			{"mailbox", func(s register.Status) bool { return s.Arrived == l.mails }},
			{"read", func(s register.Status) bool { return s.Arrived == 0 }},
			{"reply", func(s register.Status) bool { return s.Owed == 0 }},
		} {
			w.restrict(step.role)
			p := w.serve("")
			w.until(p, step.role, func() bool { return step.done(w.standing()) })
			used := p.finish(b)
			used.report(b, step.role+"-", l.mails)
		}
	}
}

// restrict lets the next process play one role only.
func (w *town) restrict(role string) {
	w.t.Helper()
	text, err := os.ReadFile(w.config)
	w.must(err)
	text = regexp.MustCompile(`(?m)^roles: .*$`).ReplaceAll(text, []byte("roles: ["+role+"]"))
	w.must(os.WriteFile(w.config, text, 0o600))
}

// standing is the register's status; all of it is read while a process of its
// own writes.
func (w *town) standing() register.Status {
	w.t.Helper()
	s, err := w.look().Status(w.t.Context())
	w.must(err)
	return s
}

// postPhotographs delivers complaints with a photograph each, of 4 to 614 KB;
// small ones all of 4.
func (w *town) postPhotographs(n int, small bool) {
	w.t.Helper()
	random := rand.NewChaCha8([32]byte{26})
	sizes := []int{4_000, 12_000, 30_000, 90_000, 614_000}
	if small {
		sizes = sizes[:1]
	}
	for range n {
		w.sent++
		photograph := make([]byte, sizes[w.sent%len(sizes)]*57/78)
		_, _ = random.Read(photograph) // never fails
		from := fmt.Sprintf("resident%d@homes.example", w.sent)
		var b strings.Builder
		fmt.Fprintf(&b, "From: Jo Bloggs <%s>\r\nTo: %s\r\nSubject: Complaint: my boiler\r\nMessage-ID: <%d@homes.example>\r\nMIME-Version: 1.0\r\n"+
			"Content-Type: multipart/mixed; boundary=apart\r\n\r\n--apart\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"+
			"This is a formal complaint about your repairs service. My boiler has been broken for five weeks. I have rung\r\n"+
			"four times, you cancelled three appointments and nobody rings me back. I am very unhappy with how I have been\r\n"+
			"treated. I want the boiler repaired, an apology and compensation.\r\nJo, Flat %d, 12 Orchard Quay\r\n\r\n"+
			"--apart\r\nContent-Type: image/jpeg; name=boiler.jpg\r\nContent-Disposition: attachment; filename=boiler.jpg\r\n"+
			"Content-Transfer-Encoding: base64\r\n\r\n", from, townAddress, w.sent, w.sent)
		text := base64.StdEncoding.EncodeToString(photograph)
		for line := range slices.Chunk([]byte(text), 76) {
			b.Write(line)
			b.WriteString("\r\n")
		}
		b.WriteString("--apart--\r\n")
		w.must(w.mailbox.deliver(from, []byte(b.String())))
	}
}

// BenchmarkAcknowledgement is how long one resident waits: from the mail's
// arrival in a mailbox that is polled by IDLE to the acknowledgement at the
// resident's own mail server. The mailbox is in this process and tells of new
// mail at once; Dovecot takes half a second to.
func BenchmarkAcknowledgement(b *testing.B) {
	w := newTown(b, townPlan{connections: 4})
	p := w.serve("")
	w.post(1)
	w.answered(p) // everything is awake
	w.office.Wait(b.Context(), 1)
	var waits []time.Duration
	for b.Loop() {
		began := time.Now()
		w.post(1)
		w.office.Wait(b.Context(), w.sent)
		waits = append(waits, time.Since(began))
	}
	p.stop(b)
	slices.Sort(waits)
	b.ReportMetric(float64(waits[len(waits)/2].Microseconds())/1000, "median-ms")
	b.ReportMetric(float64(waits[len(waits)*99/100].Microseconds())/1000, "p99-ms")
}
