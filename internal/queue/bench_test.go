package queue_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"postroom/internal/queue"
)

// BenchmarkPutClaimDone takes ids the whole way, in slices; it reports ids a
// second.
func BenchmarkPutClaimDone(b *testing.B) {
	servers := []struct {
		name string
		open func(*testing.B) *queue.Queue
	}{
		{"in process", func(b *testing.B) *queue.Queue {
			b.Helper()
			return mustOpen(b, queue.Config{URL: "redis://" + miniredis.RunT(b).Addr()})
		}},
		{"real", func(b *testing.B) *queue.Queue {
			b.Helper()
			url, prefix := realRedis(b)
			return mustOpen(b, queue.Config{URL: url, Prefix: prefix})
		}},
	}
	for _, server := range servers {
		for _, slice := range []int{1, 32} {
			b.Run(server.name+"/slice="+strconv.Itoa(slice), func(b *testing.B) {
				q, items := server.open(b), numbered(slice)
				b.ResetTimer()
				for range b.N {
					mustPut(b, q, items...)
					claims := mustClaim(b, q, slice, time.Minute)
					if len(claims) != slice {
						b.Fatalf("claimed %d of %d", len(claims), slice)
					}
					if err := q.Done(b.Context(), lane, claims...); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.N*slice)/b.Elapsed().Seconds(), "ids/s")
			})
		}
	}
}

// BenchmarkWake measures from a Put to the claim of a worker that was waiting.
func BenchmarkWake(b *testing.B) {
	q := mustOpen(b, queue.Config{URL: "redis://" + miniredis.RunT(b).Addr()})
	taken := make(chan struct{})
	go func() {
		for q.Wait(b.Context(), lane, time.Minute) == nil {
			claims, err := q.Claim(b.Context(), lane, 1, time.Minute)
			if err != nil {
				return
			}
			if len(claims) == 1 {
				_ = q.Done(b.Context(), lane, claims...)
				taken <- struct{}{}
			}
		}
	}()
	for b.Loop() {
		mustPut(b, q, queue.Item{ID: "1"})
		<-taken
	}
}
