package queue_test

import (
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postroom/internal/queue"
)

func TestClaimTakesTheMostUrgentFirst(t *testing.T) {
	t.Parallel()
	onEachRedis(t, func(t *fixture) {
		clock := newHand()
		q := t.open(clock.now)
		day := clock.now().AddDate(0, 0, 1)
		mustPut(t, q,
			queue.Item{ID: "whenever"},
			queue.Item{ID: "late", Deadline: day.Add(time.Second)},
			queue.Item{ID: "tomorrow", Deadline: day},
			queue.Item{ID: "overdue", Deadline: clock.now().AddDate(-1, 0, 0)},
			queue.Item{ID: "sooner by a millisecond", Deadline: day.Add(-time.Millisecond)},
		)
		got := append(ids(mustClaim(t, q, 2, time.Minute)), ids(mustClaim(t, q, 5, time.Minute))...)
		want := []string{"overdue", "sooner by a millisecond", "tomorrow", "late", "whenever"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if more := mustClaim(t, q, 5, time.Minute); len(more) != 0 {
			t.Errorf("claimed again: %v", more)
		}
	})
}

func TestAnItemWaitsForItsTime(t *testing.T) {
	t.Parallel()
	onEachRedis(t, func(t *fixture) {
		clock := newHand()
		q := t.open(clock.now)
		mustPut(t, q, queue.Item{ID: "1", NotBefore: clock.now().Add(time.Hour + time.Microsecond)})
		clock.advance(time.Hour)
		if early := mustClaim(t, q, 1, time.Minute); len(early) != 0 {
			t.Fatalf("claimed before its time: %v", early)
		}
		clock.advance(time.Millisecond)
		if diff := cmp.Diff([]string{"1"}, ids(mustClaim(t, q, 1, time.Minute))); diff != "" {
			t.Error(diff)
		}
	})
}

func TestPuttingAgain(t *testing.T) {
	t.Parallel()
	soon, far := time.Minute, time.Hour
	tests := []struct {
		name   string
		first  time.Duration // of NotBefore from now
		claim  bool          // between the two
		second time.Duration
		want   queue.Depth
	}{
		{name: "ready stays one", want: queue.Depth{Ready: 1}},
		{name: "waiting becomes ready", first: far, want: queue.Depth{Ready: 1}},
		{name: "ready is put off", second: far, want: queue.Depth{Waiting: 1}},
		{name: "waiting is moved", first: far, second: soon, want: queue.Depth{Waiting: 1}},
		{name: "held stays held", claim: true, want: queue.Depth{Held: 1}},
		{name: "held is not put off", claim: true, second: far, want: queue.Depth{Held: 1}},
	}
	onEachRedis(t, func(t *fixture) {
		clock := newHand()
		q := t.open(clock.now)
		for _, test := range tests {
			mustPut(t, q, queue.Item{ID: "1", NotBefore: clock.now().Add(test.first)})
			var claims []queue.Claimed
			if test.claim {
				claims = mustClaim(t, q, 1, time.Minute)
			}
			mustPut(t, q, queue.Item{ID: "1", NotBefore: clock.now().Add(test.second)})
			if diff := cmp.Diff(test.want, mustDepth(t, q)); diff != "" {
				t.Errorf("%s: %s", test.name, diff)
			}
			clock.advance(2 * far)
			claims = append(claims, mustClaim(t, q, 9, time.Minute)...)
			if err := q.Done(t.Context(), lane, claims...); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(queue.Depth{}, mustDepth(t, q)); diff != "" {
				t.Errorf("%s: something is left: %s", test.name, diff)
			}
		}
	})
}

func TestTheSameIDTwiceInOnePutIsOne(t *testing.T) {
	t.Parallel()
	onEachRedis(t, func(t *fixture) {
		clock := newHand()
		q := t.open(clock.now)
		later := queue.Item{ID: "1", NotBefore: clock.now().Add(time.Hour)}
		mustPut(t, q, queue.Item{ID: "1"}, later, queue.Item{ID: "1"}, later)
		if d := mustDepth(t, q); d.Waiting+d.Ready+d.Held != 1 {
			t.Errorf("depth %+v, want one in all", d)
		}
	})
}

// A holder whose lease has run out, and whose id another has taken, changes
// nothing, whatever it says.
func TestALateHolderChangesNothing(t *testing.T) {
	t.Parallel()
	says := map[string]func(testing.TB, *queue.Queue, queue.Claimed) error{
		"done": func(tb testing.TB, q *queue.Queue, c queue.Claimed) error {
			tb.Helper()
			return q.Done(tb.Context(), lane, c)
		},
		"return": func(tb testing.TB, q *queue.Queue, c queue.Claimed) error {
			tb.Helper()
			return q.Return(tb.Context(), lane, c, time.Time{})
		},
		"renew": func(tb testing.TB, q *queue.Queue, c queue.Claimed) error {
			tb.Helper()
			held, err := q.Renew(tb.Context(), lane, 24*time.Hour, c)
			if len(held) != 0 {
				tb.Errorf("renewed what another holds: %v", held)
			}
			return err
		},
	}
	for name, say := range says {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEachRedis(t, func(t *fixture) {
				clock := newHand()
				q := t.open(clock.now)
				mustPut(t, q, queue.Item{ID: "1"})
				late := mustClaim(t, q, 1, time.Minute)
				clock.advance(time.Minute + time.Millisecond)
				now := mustClaim(t, q, 1, time.Minute)
				if len(late) != 1 || len(now) != 1 || late[0].Token == now[0].Token {
					t.Fatalf("claims %v and %v, want the same id with two tokens", late, now)
				}
				if err := say(t, q, late[0]); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(queue.Depth{Held: 1}, mustDepth(t, q)); diff != "" {
					t.Fatal(diff)
				}
				clock.advance(time.Minute + time.Millisecond)
				if got := mustClaim(t, q, 1, time.Minute); len(got) != 1 {
					t.Error("the late holder moved the end of the other's lease")
				}
			})
		})
	}
}

func TestRenewKeepsWhatIsHeld(t *testing.T) {
	t.Parallel()
	onEachRedis(t, func(t *fixture) {
		clock := newHand()
		q := t.open(clock.now)
		mustPut(t, q, numbered(3)...)
		claims := mustClaim(t, q, 3, time.Minute)
		if err := q.Done(t.Context(), lane, claims[1]); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			clock.advance(50 * time.Second)
			held, err := q.Renew(t.Context(), lane, time.Minute, claims...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]queue.Claimed{claims[0], claims[2]}, held); diff != "" {
				t.Fatal(diff)
			}
			if stolen := mustClaim(t, q, 3, time.Minute); len(stolen) != 0 {
				t.Fatalf("claimed what is held: %v", stolen)
			}
		}
	})
}

func TestReturnKeepsTheDeadline(t *testing.T) {
	t.Parallel()
	onEachRedis(t, func(t *fixture) {
		clock := newHand()
		q := t.open(clock.now)
		mustPut(t, q, queue.Item{ID: "a", Deadline: clock.now().Add(time.Hour)}, queue.Item{ID: "b", Deadline: clock.now().Add(2 * time.Hour)})
		first := mustClaim(t, q, 1, time.Minute)[0]
		if err := q.Return(t.Context(), lane, first, clock.now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(queue.Depth{Waiting: 1, Ready: 1, Urgent: clock.now().Add(2 * time.Hour)}, mustDepth(t, q)); diff != "" {
			t.Fatal(diff)
		}
		clock.advance(time.Minute)
		claims := mustClaim(t, q, 1, time.Minute)
		if diff := cmp.Diff([]string{"a"}, ids(claims)); diff != "" {
			t.Fatal(diff)
		}
		if err := q.Return(t.Context(), lane, claims[0], time.Time{}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"a", "b"}, ids(mustClaim(t, q, 2, time.Minute))); diff != "" {
			t.Error(diff)
		}
	})
}

func TestLanesAreApart(t *testing.T) {
	t.Parallel()
	onEachRedis(t, func(t *fixture) {
		q := t.open(newHand().now)
		mustPut(t, q, queue.Item{ID: "1"})
		other, err := q.Claim(t.Context(), "read", 1, time.Minute)
		if err != nil || len(other) != 0 {
			t.Errorf("claimed %v, %v from another lane", other, err)
		}
	})
}

func TestNoIDIsClaimedTwice(t *testing.T) {
	t.Parallel()
	const total, workers = 1200, 6
	onEachRedis(t, func(t *fixture) {
		clock := newHand()
		processes := []*queue.Queue{t.open(clock.now), t.open(clock.now)}
		mustPut(t, processes[0], numbered(total)...)
		taken := make([][]string, workers)
		var work sync.WaitGroup
		for w := range workers {
			work.Go(func() {
				q := processes[w%len(processes)]
				for {
					claims, err := q.Claim(t.Context(), lane, 1+w*7, time.Hour)
					if err != nil {
						t.Error(err)
						return
					}
					if len(claims) == 0 {
						return
					}
					taken[w] = append(taken[w], ids(claims)...)
					if err := q.Done(t.Context(), lane, claims[:len(claims)/2]...); err != nil {
						t.Error(err)
					}
				}
			})
		}
		work.Wait()
		all := slices.Concat(taken...)
		slices.Sort(all)
		if distinct := len(slices.Compact(slices.Clone(all))); len(all) != total || distinct != total {
			t.Errorf("claimed %d, %d of them distinct, want %d", len(all), distinct, total)
		}
	})
}

func TestDepthCountsWhatIsDue(t *testing.T) {
	t.Parallel()
	onEachRedis(t, func(t *fixture) {
		clock := newHand()
		q := t.open(clock.now)
		for i := range 6 {
			mustPut(t, q, queue.Item{
				ID:        strconv.Itoa(i),
				NotBefore: clock.now().Add(time.Duration(i/2) * time.Hour),
				Deadline:  clock.now().Add(time.Duration(10-i) * time.Hour),
			})
		}
		mustClaim(t, q, 1, time.Minute)
		steps := []struct {
			after time.Duration
			want  queue.Depth
		}{
			{0, queue.Depth{Waiting: 4, Ready: 1, Held: 1, Urgent: clock.now().Add(10 * time.Hour)}},
			{2 * time.Minute, queue.Depth{Waiting: 4, Ready: 2, Urgent: clock.now().Add(10 * time.Hour)}},
			{time.Hour, queue.Depth{Waiting: 2, Ready: 4, Urgent: clock.now().Add(10 * time.Hour)}},
		}
		for _, step := range steps {
			clock.advance(step.after)
			if diff := cmp.Diff(step.want, mustDepth(t, q)); diff != "" {
				t.Errorf("after %v: %s", step.after, diff)
			}
		}
	})
}
