package queue_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postroom/internal/queue"
	"postroom/internal/queue/redistest"
)

// watched is how the queue finds a master by its Sentinels.
func watched(w *redistest.Watched, lock *redistest.Lock) queue.Config {
	s := &queue.Servers{Master: w.Name, Addresses: w.Addresses}
	if lock == nil {
		return queue.Config{Servers: s}
	}
	s.TLS, s.User, s.Password, s.SentinelUser, s.SentinelPassword = true, lock.User, lock.Password, lock.User, lock.SentinelPassword
	return queue.Config{Servers: s, CA: lock.CA}
}

// lanes that lie on different servers of a Cluster of three.
var lanes = []string{"read", "read-letters", "reply", "check", "a", "b", "c", "d"}

// Sentinel's master and a Cluster carry every lane as one server does: who
// waits in one process is woken by what another puts.
func TestSeveralServersActAsOne(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(t *testing.T) queue.Config{
		"sentinel": func(t *testing.T) queue.Config {
			t.Helper()
			return watched(redistest.StartWatched(t, nil), nil)
		},
		"cluster": func(t *testing.T) queue.Config {
			t.Helper()
			return queue.Config{Servers: &queue.Servers{Addresses: redistest.StartCluster(t, nil, "").Addresses()}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := start(t)
			one, other := mustOpen(t, config), mustOpen(t, config)
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
			if ahead, err := one.ClockAhead(t.Context()); err != nil || ahead.Abs() > time.Hour {
				t.Errorf("its clock is %v ahead, %v", ahead, err)
			}
		})
	}
}

// The master dies: until the Sentinels have made the replica the master Redis
// is down, as any Redis may be, and then work goes on there.
func TestTheReplicaTakesOver(t *testing.T) {
	t.Parallel()
	w := redistest.StartWatched(t, nil)
	config := watched(w, nil)
	config.Timeout = 200 * time.Millisecond
	q := mustOpen(t, config)
	untilPut(t, q, "before")
	w.FailOver()
	untilPut(t, q, "after")
	untilClaimed(t, q, "after")
}

// A server of a Cluster dies, and comes back: some lanes have no server
// meanwhile, so Redis is down, and up again once the Cluster is whole.
func TestAClustersServerComesBack(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartCluster(t, nil, "")
	q := mustOpen(t, queue.Config{Servers: &queue.Servers{Addresses: cluster.Addresses()}, Timeout: 200 * time.Millisecond})
	untilPut(t, q, "before")
	cluster.Servers[0].Kill()
	for queue.TroubleOf(q.Ping(t.Context())) != queue.NotWhole { // it takes the others some seconds to agree
		if t.Context().Err() != nil {
			t.Fatal("nobody says that the cluster is not whole")
		}
	}
	cluster.Servers[0].Restart()
	untilPut(t, q, "after")
	untilClaimed(t, q, "after")
}

// The server of a lane dies and its replica takes over: from when Redis is said
// to be up again, the lane is found on its new server.
func TestAClustersReplicaTakesOver(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartCluster(t, nil, lane)
	q := mustOpen(t, queue.Config{Servers: &queue.Servers{Addresses: cluster.Addresses()}})
	untilPut(t, q, "before")
	cluster.FailOver()
	for q.Ping(t.Context()) != nil { // the other servers may know of it a moment later
		if t.Context().Err() != nil {
			t.Fatal("nobody says that the cluster is whole again")
		}
	}
	untilUp(t, q)
	mustPut(t, q, queue.Item{ID: "after"})
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
	sentinels, cluster, lock := redistest.StartWatched(t, nil), redistest.StartCluster(t, nil, ""), redistest.NewLock(t)
	guarded, plain, private := redistest.Start(t, "--requirepass", "secret"), sentinels.Master.Address, lock.Start(t)
	inside := "rediss://postroom:" + lock.Password + "@" + private.Address
	for name, row := range map[string]struct {
		config queue.Config
		want   queue.Trouble
	}{
		"the master by Sentinel":           {watched(sentinels, nil), ""},
		"the Cluster":                      {queue.Config{Servers: &queue.Servers{Addresses: cluster.Addresses()}}, ""},
		"no password":                      {queue.Config{URL: "redis://" + guarded.Address}, queue.Refused},
		"a wrong password":                 {queue.Config{URL: "redis://:wrong@" + guarded.Address}, queue.Refused},
		"the right password":               {queue.Config{URL: "redis://:secret@" + guarded.Address}, ""},
		"a replica":                        {queue.Config{URL: "redis://" + sentinels.Replica.Address}, queue.Replica},
		"one of a Cluster":                 {queue.Config{URL: "redis://" + cluster.Servers[0].Address}, queue.IsCluster},
		"no Cluster":                       {queue.Config{Servers: &queue.Servers{Addresses: []string{plain}}}, queue.NoCluster},
		"a certificate that nobody trusts": {queue.Config{URL: inside}, queue.Untrusted},
		"another's authority":              {queue.Config{URL: inside, CA: redistest.NewLock(t).CA}, queue.Untrusted},
		"our own authority":                {queue.Config{URL: inside, CA: lock.CA}, ""},
		"keys that are not ours":           {queue.Config{URL: inside, CA: lock.CA, Prefix: "other:"}, queue.NotAllowed},
		"another master's name":            {queue.Config{Servers: &queue.Servers{Master: "other", Addresses: sentinels.Addresses}}, queue.UnknownMaster},
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
