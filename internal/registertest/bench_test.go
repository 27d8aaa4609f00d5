package registertest_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
)

// BenchmarkBareFlush is what the disk can do for one transaction at a time:
// 4 kB appended and flushed. The other figures are read against it.
func BenchmarkBareFlush(b *testing.B) {
	f, err := os.Create(filepath.Join(b.TempDir(), "log"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // a benchmark's own file
	page := make([]byte, 4096)
	for b.Loop() {
		if _, err := f.Write(page); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "flushes/s")
}

// BenchmarkMessage takes messages the whole way through the register:
// received, read, opened, claimed, begun, sent.
func BenchmarkMessage(b *testing.B) {
	for name, point := range map[string]func(testing.TB, register.Config) register.Config{"sqlite": registertest.SQLite, "postgres": registertest.Postgres} {
		for _, size := range []int{1, 32} {
			b.Run(fmt.Sprintf("%s/batch=%d", name, size), func(b *testing.B) {
				r := registertest.Open(b, point(b, registertest.Config(b, time.Now)))
				n := 0
				for b.Loop() {
					wholeWay(b, r, n, size)
					n += size
				}
				b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "messages/s")
			})
		}
	}
}

func wholeWay(b *testing.B, r *register.Register, from, size int) {
	b.Helper()
	ctx := context.Background()
	arrivals := make([]register.Arrival, size)
	for i := range arrivals {
		arrivals[i] = registertest.Arrival(fmt.Sprint("message ", from+i), time.Now())
	}
	received, err := r.Receive(ctx, arrivals)
	if err != nil {
		b.Fatal(err)
	}
	ids := make([]register.ID, size)
	for i, m := range received {
		ids[i] = m.ID
	}
	if _, err := r.BeginReading(ctx, ids, time.Minute, 3); err != nil {
		b.Fatal(err)
	}
	openings := make([]register.Opening, size)
	for i, id := range ids {
		text := fmt.Sprintf("The heating has been off for %d days and nobody has come. ", from+i)
		openings[i] = register.Opening{
			Message: id, Verdict: registertest.Verdict(classify.Complaint),
			Reading: registertest.Reading(fmt.Sprintf("%d@example.com", from+i), fmt.Sprintf("r%d@example.com", from+i), text),
		}
	}
	opened, err := r.Open(ctx, openings)
	if err != nil {
		b.Fatal(err)
	}
	var owed []register.ID
	for _, o := range opened {
		for _, h := range o.Owed {
			owed = append(owed, h.ID)
		}
	}
	claimed, err := r.Claim(ctx, owed, time.Minute, register.Windows{Recipient: time.Hour, Case: time.Hour, All: time.Hour})
	if err != nil || len(claimed) != size {
		b.Fatal(len(claimed), err)
	}
	begun, sent := make([]register.Beginning, size), make([]register.Outcome, size)
	for i, c := range claimed {
		begun[i] = register.Beginning{ID: c.ID, Attempt: c.Attempt, MessageID: c.ID + "@post.example", Bytes: "sha"}
		sent[i] = register.Outcome{ID: c.ID, Attempt: c.Attempt, Code: "250"}
	}
	if _, err := r.Begin(ctx, begun); err != nil {
		b.Fatal(err)
	}
	if _, err := r.Sent(ctx, sent); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkQueue reads the front of a review queue of 10,000.
func BenchmarkQueue(b *testing.B) {
	for name, point := range map[string]func(testing.TB, register.Config) register.Config{"sqlite": registertest.SQLite, "postgres": registertest.Postgres} {
		b.Run(name, func(b *testing.B) {
			cfg := point(b, registertest.Config(b, time.Now))
			r := registertest.Open(b, cfg)
			fillQueue(b, r, 10_000)
			for b.Loop() {
				if ms, err := r.Queue(b.Context(), register.QueueFilter{}, 50, 0); err != nil || len(ms) != 50 {
					b.Fatal(len(ms), err)
				}
			}
		})
	}
}

func fillQueue(b *testing.B, r *register.Register, n int) {
	b.Helper()
	v := registertest.Verdict(classify.Complaint)
	v.Route = classify.Review
	for from := 0; from < n; from += 100 {
		arrivals := make([]register.Arrival, 100)
		for i := range arrivals {
			arrivals[i] = registertest.Arrival(fmt.Sprint("waiting ", from+i), time.Now())
		}
		received, err := r.Receive(b.Context(), arrivals)
		if err != nil {
			b.Fatal(err)
		}
		openings := make([]register.Opening, 100)
		for i, m := range received {
			openings[i] = register.Opening{Message: m.ID, Verdict: v, Reading: registertest.Reading("", fmt.Sprintf("r%d@example.com", from+i), "text")}
		}
		if _, err := r.Open(b.Context(), openings); err != nil {
			b.Fatal(err)
		}
	}
}
