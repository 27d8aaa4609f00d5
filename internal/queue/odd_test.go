package queue_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postroom/internal/queue"
)

func TestOddIDsComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	odd := []string{" ", "-inf", "+1", "1e3", "a b\r\n", "nul\x00", "{x}", "Łódź", "\xff\xfe", strings.Repeat("long", 25_000), "nil", "unpack(KEYS)"}
	slices.Sort(odd)
	onEachRedis(t, func(t *fixture) {
		q := t.open(newHand().now)
		for _, id := range odd {
			mustPut(t, q, queue.Item{ID: id})
		}
		claims := mustClaim(t, q, len(odd), time.Minute)
		if diff := cmp.Diff(odd, ids(claims)); diff != "" {
			t.Error(diff)
		}
		if err := q.Done(t.Context(), lane, claims...); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(queue.Depth{}, mustDepth(t, q)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestOddTimesKeepTheirOrder(t *testing.T) {
	t.Parallel()
	onEachRedis(t, func(t *fixture) {
		q := t.open(newHand().now)
		mustPut(t, q,
			queue.Item{ID: "never", NotBefore: time.Unix(1<<60, 0)},
			queue.Item{ID: "3", Deadline: time.Unix(1<<60, 0)},
			queue.Item{ID: "2", Deadline: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC), NotBefore: time.Unix(-1<<40, 0)},
			queue.Item{ID: "1", Deadline: time.Date(-4000, 1, 1, 0, 0, 0, 0, time.UTC)},
		)
		if diff := cmp.Diff([]string{"1", "2", "3"}, ids(mustClaim(t, q, 9, time.Minute))); diff != "" {
			t.Error(diff)
		}
	})
}

func TestTenThousandInOneCall(t *testing.T) {
	t.Parallel()
	onEachRedis(t, func(t *fixture) {
		clock := newHand()
		q := t.open(clock.now)
		items := numbered(10_000)
		for i := range items {
			items[i].NotBefore = clock.now().Add(time.Second)
		}
		mustPut(t, q, items...)
		clock.advance(time.Second)
		var claims []queue.Claimed
		for len(claims) < len(items) {
			got := mustClaim(t, q, 1<<30, time.Minute)
			if len(got) == 0 {
				t.Fatalf("nothing more after %d of %d", len(claims), len(items))
			}
			claims = append(claims, got...)
		}
		held, err := q.Renew(t.Context(), lane, time.Minute, claims...)
		if err != nil || len(held) != len(items) {
			t.Errorf("renewed %d, %v", len(held), err)
		}
		if err := q.Done(t.Context(), lane, claims...); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(queue.Depth{}, mustDepth(t, q)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWrongUseIsRefused(t *testing.T) {
	t.Parallel()
	q := mustOpen(t, queue.Config{})
	calls := map[string]error{
		"empty id":        q.Put(t.Context(), lane, queue.Item{}),
		"lane with brace": q.Put(t.Context(), "se}nd", queue.Item{ID: "1"}),
		"empty lane":      q.Wait(t.Context(), "", time.Minute),
	}
	for name, err := range calls {
		if err == nil || errors.Is(err, queue.ErrDown) {
			t.Errorf("%s: error %v, want one that does not blame Redis", name, err)
		}
	}
	if claims, err := q.Claim(t.Context(), lane, -1, time.Minute); err != nil || claims != nil {
		t.Errorf("claim of less than nothing: %v, %v", claims, err)
	}
}

func TestOpenRefusesABadConfiguration(t *testing.T) {
	t.Parallel()
	tests := map[string]queue.Config{
		"no time source":  {},
		"prefix":          {Now: time.Now, Prefix: "a*b"},
		"scheme":          {Now: time.Now, URL: "http://:hush@127.0.0.1"},
		"unparsable":      {Now: time.Now, URL: "redis://:hush@[::1"},
		"password as url": {Now: time.Now, URL: "redis://user:hu%sh@host:1"},
		"unknown option":  {Now: time.Now, URL: "redis://:hush@127.0.0.1/0?colour=red"},
		"database":        {Now: time.Now, URL: "redis://:hush@127.0.0.1/first"},
	}
	for name, c := range tests {
		_, err := queue.Open(t.Context(), c)
		if err == nil {
			t.Errorf("%s: opened", name)
			continue
		}
		if strings.Contains(err.Error(), "hush") || strings.Contains(err.Error(), "hu%sh") {
			t.Errorf("%s: the error tells the password: %v", name, err)
		}
	}
}
