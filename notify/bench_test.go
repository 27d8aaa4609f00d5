//go:build unix

package notify

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
)

// BenchmarkReplies sends acknowledgements that are owed, each guarded,
// written, kept on disk, begun, handed over and recorded, over one connection
// and over four. "ratio" is to a bare loop that hands the same bytes to the
// same server over as many connections.
func BenchmarkReplies(b *testing.B) {
	for _, connections := range []int{1, 4} {
		b.Run(fmt.Sprintf("connections=%d", connections), func(b *testing.B) {
			d := newDesk(b)
			d.office.arrived = make(chan letter, b.N+1)
			d.cfg.Connections, d.cfg.Guard.Caps, d.cfg.Step, d.cfg.Alarms = connections, Caps{}, nil, nil
			d.cfg.Now, d.cfg.Sweep = time.Now, time.Hour
			owed := d.owe(b, b.N)
			w, err := NewWorker(d.cfg)
			if err != nil {
				b.Fatal(err)
			}
			w.put(b.Context(), owed)
			before := cpu(b)
			b.ResetTimer()
			ctx, cancel := context.WithCancel(b.Context())
			ended := make(chan struct{})
			go func() { _ = w.Run(ctx); close(ended) }()
			for range b.N {
				<-d.office.arrived
			}
			cancel()
			<-ended
			took := b.Elapsed()
			b.StopTimer()
			b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N), "cpu-µs/reply")
			rate := float64(b.N) / took.Seconds()
			b.ReportMetric(rate, "replies/s")
			b.ReportMetric(bare(b, d, connections)/rate, "bare/ratio")
		})
	}
}

// cpu is what this process has used of the processors; the mail server and
// the Redis inside it count too.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// owe receives and opens n complaints in batches.
func (d *desk) owe(b *testing.B, n int) []register.Hint {
	b.Helper()
	var hints []register.Hint
	for from := 0; from < n; from += 64 {
		var arrivals []register.Arrival
		for i := from; i < min(n, from+64); i++ {
			arrivals = append(arrivals, registertest.Arrival(fmt.Sprint("bench", i), d.clock.Now()))
		}
		got, err := d.Receive(b.Context(), arrivals)
		if err != nil {
			b.Fatal(err)
		}
		openings := make([]register.Opening, len(got))
		for i, g := range got {
			text := fmt.Sprint("bench", from+i)
			openings[i] = register.Opening{Message: g.ID, Reading: registertest.Reading(text+"@mail.example", text+"@mail.example", text), Verdict: registertest.Verdict(classify.Complaint)}
		}
		opened, err := d.Open(b.Context(), openings)
		if err != nil {
			b.Fatal(err)
		}
		for _, o := range opened {
			hints = append(hints, o.Owed...)
		}
	}
	return hints
}

// bare hands what the office took to it again, with nothing around it.
func bare(b *testing.B, d *desk, connections int) float64 {
	b.Helper()
	letters := d.office.letters()
	jobs := make(chan letter)
	done := make(chan struct{})
	for range connections {
		go func() {
			c := &courier{server: d.office.smtp(), now: time.Now}
			for l := range jobs {
				r := c.hand(context.Background(), parcel{from: "a@larkmere.example", to: l.to, bytes: l.raw, begin: func(context.Context) error { return nil }, step: func(string) {}})
				if r.fate != sent {
					b.Error(r)
				}
			}
			c.close()
			done <- struct{}{}
		}()
	}
	used := cpu(b)
	start := time.Now()
	for _, l := range letters {
		jobs <- l
	}
	close(jobs)
	for range connections {
		<-done
	}
	for range letters {
		<-d.office.arrived
	}
	b.ReportMetric(float64((cpu(b)-used).Microseconds())/float64(len(letters)), "bare-cpu-µs/reply")
	return float64(len(letters)) / time.Since(start).Seconds()
}

// BenchmarkCompose writes an acknowledgement as mail.
func BenchmarkCompose(b *testing.B) {
	c, w := answered(), composer(b)
	for b.Loop() {
		if _, err := w.Compose(c, tuesday); err != nil {
			b.Fatal(err)
		}
	}
}
