package queue_test

import (
	"context"
	"crypto/rand"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"postroom/internal/queue"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A hand is a clock that a test moves.
type hand struct {
	mu sync.Mutex
	at time.Time
}

func newHand() *hand { return &hand{at: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)} }

func (h *hand) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at
}

func (h *hand) advance(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at = h.at.Add(d)
}

// A fixture is a test on one Redis.
type fixture struct {
	*testing.T
	config queue.Config
}

// open opens the lanes; each queue is like a process of its own.
func (f *fixture) open(now func() time.Time) *queue.Queue {
	c := f.config
	c.Now = now
	return mustOpen(f, c)
}

// onEachRedis runs a test in the in-process Redis, and in a real one when
// there is one, under a prefix of its own.
func onEachRedis(t *testing.T, test func(*fixture)) {
	t.Helper()
	t.Run("in process", func(t *testing.T) {
		t.Parallel()
		test(&fixture{t, queue.Config{URL: "redis://" + miniredis.RunT(t).Addr()}})
	})
	t.Run("real", func(t *testing.T) {
		t.Parallel()
		url, prefix := realRedis(t)
		test(&fixture{t, queue.Config{URL: url, Prefix: prefix}})
	})
}

// realRedis returns the address of a shared Redis and a prefix of our own.
func realRedis(tb testing.TB) (url, prefix string) {
	tb.Helper()
	url = os.Getenv("POSTROOM_TEST_REDIS")
	if url == "" {
		tb.Skip("integration: POSTROOM_TEST_REDIS is not set")
	}
	prefix = "postroom-test:" + rand.Text() + ":"
	tb.Cleanup(func() { removeKeys(tb, url, prefix) })
	return url, prefix
}

func removeKeys(tb testing.TB, url, prefix string) {
	tb.Helper()
	opt, err := redis.ParseURL(url)
	if err != nil {
		tb.Fatal(err)
	}
	client := redis.NewClient(opt)
	defer func() { _ = client.Close() }()
	ctx := context.Background()
	keys := client.Scan(ctx, 0, prefix+"*", 1000).Iterator()
	for keys.Next(ctx) {
		if err := client.Del(ctx, keys.Val()).Err(); err != nil {
			tb.Error(err)
		}
	}
	if err := keys.Err(); err != nil {
		tb.Error(err)
	}
}

// mustOpen opens a queue that is patient, so that a busy machine fails no test.
func mustOpen(tb testing.TB, c queue.Config) *queue.Queue {
	tb.Helper()
	if c.Timeout == 0 {
		c.Timeout = 10 * time.Second
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	q, err := queue.Open(tb.Context(), c)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := q.Close(); err != nil {
			tb.Error(err)
		}
	})
	return q
}

func mustPut(tb testing.TB, q *queue.Queue, items ...queue.Item) {
	tb.Helper()
	if err := q.Put(tb.Context(), lane, items...); err != nil {
		tb.Fatal(err)
	}
}

func mustClaim(tb testing.TB, q *queue.Queue, n int, lease time.Duration) []queue.Claimed {
	tb.Helper()
	claims, err := q.Claim(tb.Context(), lane, n, lease)
	if err != nil {
		tb.Fatal(err)
	}
	return claims
}

func mustDepth(tb testing.TB, q *queue.Queue) queue.Depth {
	tb.Helper()
	d, err := q.Depth(tb.Context(), lane)
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

const lane = "send"

func ids(claims []queue.Claimed) []string {
	list := []string{}
	for _, c := range claims {
		list = append(list, c.ID)
	}
	return list
}

func numbered(n int) []queue.Item {
	items := make([]queue.Item, n)
	for i := range items {
		items[i].ID = strconv.Itoa(i)
	}
	return items
}
