package queue_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postroom/internal/queue"
	"postroom/internal/queue/redistest"
)

func addresses(servers []*redistest.Server) []string {
	var all []string
	for _, s := range servers {
		all = append(all, s.Address)
	}
	return all
}

// lanes that lie on different servers of a Cluster of three.
var lanes = []string{"read", "read-letters", "reply", "check", "a", "b", "c", "d"}

// Sentinel's master and a Cluster carry every lane as one server does: who
// waits in one process is woken by what another puts.
func TestSeveralServersActAsOne(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(t *testing.T) *queue.Servers{
		"sentinel": func(t *testing.T) *queue.Servers {
			t.Helper()
			w := redistest.StartWatched(t)
			return &queue.Servers{Master: w.Name, Addresses: w.Addresses}
		},
		"cluster": func(t *testing.T) *queue.Servers {
			t.Helper()
			return &queue.Servers{Addresses: addresses(redistest.StartCluster(t))}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			servers := start(t)
			one, other := mustOpen(t, queue.Config{Servers: servers}), mustOpen(t, queue.Config{Servers: servers})
			for _, lane := range lanes {
				untilUp(t, one)
				untilUp(t, other)
				taken := takeFrom(t, other, lane)
				if err := one.Put(t.Context(), lane, queue.Item{ID: "1"}); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff([]string{"1"}, <-taken); diff != "" {
					t.Errorf("lane %s: %s", lane, diff)
				}
			}
			if err := one.Put(t.Context(), lane, queue.Item{ID: "a"}, queue.Item{ID: "b", NotBefore: time.Now().Add(aWhile)}, queue.Item{ID: "c"}); err != nil {
				t.Fatal(err)
			}
			claims := mustClaim(t, other, 2, time.Minute)
			if held, err := other.Renew(t.Context(), lane, aWhile, claims...); err != nil || len(held) != 2 {
				t.Errorf("renewed %v, %v", held, err)
			}
			if err := errors.Join(other.Return(t.Context(), lane, claims[0], time.Time{}), other.Done(t.Context(), lane, claims[1])); err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff(queue.Depth{Waiting: 1, Ready: 1}, mustDepth(t, one)); diff != "" {
				t.Error(diff)
			}
			if err := one.Try(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// The master dies: until the Sentinels have made the replica the master Redis
// is down, as any Redis may be, and then work goes on there.
func TestTheReplicaTakesOver(t *testing.T) {
	t.Parallel()
	w := redistest.StartWatched(t)
	q := mustOpen(t, queue.Config{Servers: &queue.Servers{Master: w.Name, Addresses: w.Addresses}, Timeout: 200 * time.Millisecond})
	untilPut(t, q, "before")
	w.FailOver()
	untilPut(t, q, "after")
	untilClaimed(t, q, "after")
}

// A server of a Cluster dies, and comes back: some lanes have no server
// meanwhile, so Redis is down, and up again once the Cluster is whole.
func TestAClustersServerComesBack(t *testing.T) {
	t.Parallel()
	servers := redistest.StartCluster(t)
	q := mustOpen(t, queue.Config{Servers: &queue.Servers{Addresses: addresses(servers)}, Timeout: 200 * time.Millisecond})
	untilPut(t, q, "before")
	servers[0].Kill()
	for queue.TroubleOf(q.Ping(t.Context())) != queue.NotWhole { // it takes the others some seconds to agree
		if t.Context().Err() != nil {
			t.Fatal("nobody says that the cluster is not whole")
		}
	}
	servers[0].Restart()
	untilPut(t, q, "after")
	untilClaimed(t, q, "after")
}

// untilPut puts an id again until it is taken, as the sweeps do.
func untilPut(t *testing.T, q *queue.Queue, id string) {
	t.Helper()
	for {
		err := q.Put(t.Context(), lane, queue.Item{ID: id})
		if err == nil {
			return
		}
		t.Log(err)
		if err := q.Wait(t.Context(), lane, 100*time.Millisecond); err != nil && !errors.Is(err, queue.ErrDown) {
			t.Fatal(err)
		}
	}
}

// untilClaimed claims until it gets the id: a claim whose answer is lost comes
// back when its lease is over.
func untilClaimed(t *testing.T, q *queue.Queue, want string) {
	t.Helper()
	for {
		claims, err := q.Claim(t.Context(), lane, 9, time.Second)
		for _, c := range claims {
			if c.ID == want {
				return
			}
		}
		if err != nil && !errors.Is(err, queue.ErrDown) {
			t.Fatal(err)
		}
		if err := q.Wait(t.Context(), lane, 100*time.Millisecond); err != nil && !errors.Is(err, queue.ErrDown) {
			t.Fatal(err)
		}
	}
}

// What an operator can mend is told apart.
func TestTroublesWithServers(t *testing.T) {
	t.Parallel()
	watched, cluster := redistest.StartWatched(t), redistest.StartCluster(t)
	locked := redistest.Start(t, "--requirepass", "secret")
	plain, private := watched.Master.Address, redistest.StartTLS(t)
	for name, row := range map[string]struct {
		config queue.Config
		want   queue.Trouble
	}{
		"the master by Sentinel":           {queue.Config{Servers: &queue.Servers{Master: watched.Name, Addresses: watched.Addresses}}, ""},
		"the Cluster":                      {queue.Config{Servers: &queue.Servers{Addresses: addresses(cluster)}}, ""},
		"no password":                      {queue.Config{URL: "redis://" + locked.Address}, queue.Refused},
		"a wrong password":                 {queue.Config{URL: "redis://:wrong@" + locked.Address}, queue.Refused},
		"the right password":               {queue.Config{URL: "redis://:secret@" + locked.Address}, ""},
		"a replica":                        {queue.Config{URL: "redis://" + watched.Replica.Address}, queue.Replica},
		"one of a Cluster":                 {queue.Config{URL: "redis://" + cluster[0].Address}, queue.IsCluster},
		"no Cluster":                       {queue.Config{Servers: &queue.Servers{Addresses: []string{plain}}}, queue.NoCluster},
		"a certificate that nobody trusts": {queue.Config{URL: "rediss://" + private.Address}, queue.Untrusted},
		"another master's name":            {queue.Config{Servers: &queue.Servers{Master: "other", Addresses: watched.Addresses}}, queue.UnknownMaster},
		"no Sentinel there":                {queue.Config{Servers: &queue.Servers{Master: "postroom", Addresses: []string{redistest.FreeAddress(t)}}}, queue.NoSentinel},
		"nobody there":                     {queue.Config{URL: "redis://" + redistest.FreeAddress(t)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			q := mustOpen(t, row.config)
			err := q.Try(t.Context())
			if got := queue.TroubleOf(err); got != row.want || (err == nil) != (row.want == "" && name != "nobody there") {
				t.Errorf("%q: %v", got, err)
			}
		})
	}
}

func TestServersAreNamed(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]*queue.Servers{
		"no addresses":            {Master: "postroom"},
		"a database in a Cluster": {Addresses: []string{"127.0.0.1:1"}, Database: 3},
	} {
		if q, err := queue.Open(t.Context(), queue.Config{Servers: s, Now: time.Now}); err == nil {
			t.Errorf("%s: opened", name)
			_ = q.Close()
		}
	}
}
