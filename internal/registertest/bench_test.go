package registertest_test

import (
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
					registertest.Settle(b, r, time.Now(), n, size)
					n += size
				}
				b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "messages/s")
			})
		}
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
