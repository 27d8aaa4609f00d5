package queue_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postroom/internal/queue"
)

// aWhile is longer than any test may run: whoever returned before it was woken.
const aWhile = 24 * time.Hour

// take is a worker's loop: wait, claim, until something comes.
func take(tb testing.TB, q *queue.Queue) <-chan []string {
	tb.Helper()
	return takeFrom(tb, q, lane)
}

func takeFrom(tb testing.TB, q *queue.Queue, lane string) <-chan []string {
	tb.Helper()
	taken := make(chan []string, 1)
	go func() {
		defer close(taken)
		for {
			claims, err := q.Claim(tb.Context(), lane, 9, time.Hour)
			if len(claims) > 0 {
				taken <- ids(claims)
				return
			}
			if err == nil {
				err = q.Wait(tb.Context(), lane, aWhile)
			}
			if tb.Context().Err() != nil {
				return
			}
			if err != nil && !errors.Is(err, queue.ErrDown) {
				tb.Error(err)
				return
			}
		}
	}()
	return taken
}

func TestWaitIsWokenByAPutOfAnotherProcess(t *testing.T) {
	t.Parallel()
	onEachRedis(t, func(t *fixture) {
		worker, other := t.open(time.Now), t.open(time.Now)
		for round := range 20 {
			taken := take(t, worker)
			id := numbered(round + 1)[round]
			mustPut(t, other, id)
			if diff := cmp.Diff([]string{id.ID}, <-taken); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}

func TestWaitEndsWhenSomethingIsDue(t *testing.T) {
	t.Parallel()
	onEachRedis(t, func(t *fixture) {
		q := t.open(time.Now)
		mustPut(t, q, queue.Item{ID: "1", NotBefore: time.Now().Add(60 * time.Millisecond)})
		if diff := cmp.Diff([]string{"1"}, <-take(t, q)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWaitHearsThatSomethingIsDueEarlier(t *testing.T) {
	t.Parallel()
	onEachRedis(t, func(t *fixture) {
		worker, other := t.open(time.Now), t.open(time.Now)
		mustPut(t, other, queue.Item{ID: "far", NotBefore: time.Now().Add(aWhile)})
		taken := take(t, worker)
		mustPut(t, other, queue.Item{ID: "near", NotBefore: time.Now().Add(60 * time.Millisecond)})
		if diff := cmp.Diff([]string{"near"}, <-taken); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWaitEndsWhenALeaseRunsOut(t *testing.T) {
	t.Parallel()
	onEachRedis(t, func(t *fixture) {
		q := t.open(time.Now)
		mustPut(t, q, queue.Item{ID: "1"})
		if held := mustClaim(t, q, 1, 60*time.Millisecond); len(held) != 1 {
			t.Fatal("nothing to hold")
		}
		if diff := cmp.Diff([]string{"1"}, <-take(t, q)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWaitIsWokenByAReturn(t *testing.T) {
	t.Parallel()
	onEachRedis(t, func(t *fixture) {
		worker, other := t.open(time.Now), t.open(time.Now)
		mustPut(t, other, queue.Item{ID: "1"})
		claim := mustClaim(t, other, 1, aWhile)[0]
		taken := take(t, worker)
		if err := other.Return(t.Context(), lane, claim, time.Time{}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"1"}, <-taken); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWaitEndsWithItsTimeAndWithItsContext(t *testing.T) {
	t.Parallel()
	q := mustOpen(t, queue.Config{})
	if err := q.Wait(t.Context(), lane, time.Millisecond); err != nil {
		t.Errorf("the end of the time: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	waited := make(chan error)
	go func() { waited <- q.Wait(ctx, lane, aWhile) }()
	cancel()
	if err := <-waited; !errors.Is(err, context.Canceled) || errors.Is(err, queue.ErrDown) {
		t.Errorf("the end of the context: %v", err)
	}
}

func TestCloseEndsWaiting(t *testing.T) {
	t.Parallel()
	q, err := queue.Open(t.Context(), queue.Config{Now: time.Now, Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	waited := make(chan error)
	go func() { // the first rounds end because the wake-up channel has come up
		for {
			if err := q.Wait(t.Context(), lane, aWhile); err != nil {
				waited <- err
				return
			}
		}
	}()
	if err := q.Close(); err != nil {
		t.Error(err)
	}
	if err := <-waited; !errors.Is(err, queue.ErrDown) {
		t.Errorf("waited: %v, want ErrDown", err)
	}
	if err := q.Put(t.Context(), lane, queue.Item{ID: "1"}); !errors.Is(err, queue.ErrDown) {
		t.Errorf("put after close: %v, want ErrDown", err)
	}
}
