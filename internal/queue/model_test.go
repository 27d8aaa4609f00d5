package queue_test

import (
	"cmp"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"postroom/internal/queue"
)

// A model is what a lane should be, in the plainest way: a row for each id.
type model map[string]*row

type row struct {
	at       time.Time // when it becomes ready; while held, when the lease ends
	deadline time.Time
	held     *queue.Claimed
}

// settle makes ready what is due.
func (m model) settle(now time.Time) {
	for _, r := range m {
		if !r.at.After(now) {
			r.held = nil
		}
	}
}

func (m model) put(item queue.Item) {
	r := m[item.ID]
	if r == nil {
		r = &row{}
		m[item.ID] = r
	}
	r.deadline = item.Deadline
	if r.held == nil {
		r.at = item.NotBefore
	}
}

func (m model) ready(now time.Time) []string {
	list := []string{}
	for id, r := range m {
		if r.held == nil && !r.at.After(now) {
			list = append(list, id)
		}
	}
	slices.SortFunc(list, func(a, b string) int {
		return cmp.Or(m[a].deadline.Compare(m[b].deadline), cmp.Compare(a, b))
	})
	return list
}

func (m model) has(c queue.Claimed) bool {
	return m[c.ID] != nil && m[c.ID].held != nil && *m[c.ID].held == c
}

// Whatever is done in whatever order, by holders in time and late, the lane is
// as the model says.
func TestTheLaneIsAsTheModelSays(t *testing.T) {
	t.Parallel()
	m := miniredis.RunT(t)
	clock := newHand()
	q := mustOpen(t, queue.Config{URL: "redis://" + m.Addr(), Now: clock.now})
	rapid.Check(t, func(rt *rapid.T) {
		m.FlushAll()
		lane := model{}
		var everClaimed []queue.Claimed
		seconds := func(label string) time.Duration {
			return time.Duration(rapid.IntRange(0, 5).Draw(rt, label)) * time.Second
		}
		aClaim := func() queue.Claimed {
			if len(everClaimed) == 0 {
				rt.Skip("nothing was claimed yet")
			}
			return rapid.SampledFrom(everClaimed).Draw(rt, "claim")
		}
		check := func(err error) {
			if err != nil {
				rt.Fatal(err)
			}
		}
		rt.Repeat(map[string]func(*rapid.T){
			"put": func(rt *rapid.T) {
				item := queue.Item{
					ID:        strconv.Itoa(rapid.IntRange(1, 6).Draw(rt, "id")),
					NotBefore: clock.now().Add(seconds("later")),
					Deadline:  clock.now().Add(seconds("deadline")),
				}
				check(q.Put(t.Context(), "send", item))
				lane.put(item)
			},
			"claim": func(rt *rapid.T) {
				n, lease := rapid.IntRange(1, 4).Draw(rt, "n"), seconds("lease")+time.Second
				claims, err := q.Claim(t.Context(), "send", n, lease)
				check(err)
				lane.settle(clock.now())
				want := lane.ready(clock.now())
				if diff := gocmp.Diff(want[:min(n, len(want))], ids(claims)); diff != "" {
					rt.Fatal(diff)
				}
				for _, c := range claims {
					lane[c.ID].held, lane[c.ID].at = &c, clock.now().Add(lease)
				}
				everClaimed = append(everClaimed, claims...)
			},
			"done": func(*rapid.T) {
				c := aClaim()
				check(q.Done(t.Context(), "send", c))
				if lane.has(c) {
					delete(lane, c.ID)
				}
			},
			"return": func(*rapid.T) {
				c, at := aClaim(), clock.now().Add(seconds("later"))
				check(q.Return(t.Context(), "send", c, at))
				if lane.has(c) {
					lane[c.ID].held, lane[c.ID].at = nil, at
				}
			},
			"renew": func(*rapid.T) {
				c, lease := aClaim(), seconds("lease")+time.Second
				held, err := q.Renew(t.Context(), "send", lease, c)
				check(err)
				if (len(held) == 1) != lane.has(c) {
					rt.Fatalf("renewed %v, model says held: %v", held, lane.has(c))
				}
				if lane.has(c) {
					lane[c.ID].at = clock.now().Add(lease)
				}
			},
			"time passes": func(*rapid.T) { clock.advance(seconds("time")) },
			"": func(rt *rapid.T) {
				d, err := q.Depth(t.Context(), "send")
				check(err)
				if d.Waiting+d.Ready+d.Held != len(lane) {
					rt.Fatalf("depth %+v, model has %d", d, len(lane))
				}
			},
		})
	})
}
