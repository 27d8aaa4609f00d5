//go:build unix

package main

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// BenchmarkTheWholeWay takes a mailbox on Dovecot from its first mail to the
// last acknowledgement, by postroom serve as a process of its own, as an
// operator runs it: SQLite, the queue inside, the rules in force, everything
// flushed. The mails are of 150 KB on average, most of it photographs. The
// time runs from the start of the process, so it has its start in it. "cpu-ms"
// and "rss-MB" are the process's alone.
func BenchmarkTheWholeWay(b *testing.B) {
	const mails = 1000
	for b.Loop() {
		b.StopTimer()
		w := newTown(b, townPlan{dovecot: true, connections: 4, rules: true})
		w.postPhotographs(mails)
		b.StartTimer()
		began := time.Now()
		p := w.serve("")
		w.office.Wait(b.Context(), mails)
		took := time.Since(began)
		b.StopTimer()
		w.answered(p)
		p.stop(b)
		usage := p.cmd.ProcessState.SysUsage().(*syscall.Rusage) //nolint:forcetypeassert // on unix it is one
		used := time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
		b.ReportMetric(mails/took.Seconds(), "msg/s")
		b.ReportMetric(float64(used.Microseconds())/1000/mails, "cpu-ms/msg")
		b.ReportMetric(float64(usage.Maxrss)/1024, "rss-MB")
		b.StartTimer()
	}
}

// postPhotographs delivers complaints with a photograph each, of 4 to 614 KB.
func (w *town) postPhotographs(n int) {
	w.t.Helper()
	random := rand.NewChaCha8([32]byte{26})
	sizes := []int{4_000, 12_000, 30_000, 90_000, 614_000}
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
