package queue_test

import (
	"errors"
	"io"
	"net"
	"os/exec"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/go-cmp/cmp"

	"postroom/internal/queue"
)

// untilUp waits, as a worker does, until Redis has come back.
func untilUp(tb testing.TB, q *queue.Queue) {
	tb.Helper()
	for !q.Up() {
		if err := q.Wait(tb.Context(), lane, aWhile); err != nil && !errors.Is(err, queue.ErrDown) {
			tb.Fatal(err)
		}
	}
}

func TestEverythingSaysDownWhileRedisIsAway(t *testing.T) {
	t.Parallel()
	q := mustOpen(t, queue.Config{URL: "redis://" + freeAddress(t)})
	ctx, one := t.Context(), queue.Claimed{ID: "1", Token: "x"}
	_, claimErr := q.Claim(ctx, lane, 1, time.Minute)
	_, renewErr := q.Renew(ctx, lane, time.Minute, one)
	_, depthErr := q.Depth(ctx, lane)
	errs := map[string]error{
		"put":    q.Put(ctx, lane, queue.Item{ID: "1"}),
		"claim":  claimErr,
		"renew":  renewErr,
		"done":   q.Done(ctx, lane, one),
		"return": q.Return(ctx, lane, one, time.Time{}),
		"depth":  depthErr,
		"wait":   q.Wait(ctx, lane, time.Millisecond),
		"ping":   q.Ping(ctx),
	}
	for name, err := range errs {
		if !errors.Is(err, queue.ErrDown) {
			t.Errorf("%s: %v, want ErrDown", name, err)
		}
	}
	if q.Up() {
		t.Error("up without a server")
	}
}

func TestOpenedBeforeRedisItConnectsLater(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	q := mustOpen(t, queue.Config{URL: "redis://" + address})
	taken := take(t, q)
	m := miniredis.NewMiniRedis()
	if err := m.StartAddr(address); err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	untilUp(t, q)
	mustPut(t, q, queue.Item{ID: "1"})
	if diff := cmp.Diff([]string{"1"}, <-taken); diff != "" {
		t.Error(diff)
	}
}

// A Redis that can be stopped and started again, empty.
type stoppable struct {
	*testing.T
	url         string
	stop, start func()
}

func onEachStoppable(t *testing.T, test func(stoppable)) {
	t.Helper()
	t.Run("in process", func(t *testing.T) {
		t.Parallel()
		m := miniredis.RunT(t)
		test(stoppable{
			T:    t,
			url:  "redis://" + m.Addr(),
			stop: func() { m.Close(); m.FlushAll() },
			start: func() {
				if err := m.Restart(); err != nil {
					t.Fatal(err)
				}
			},
		})
	})
	t.Run("real", func(t *testing.T) {
		t.Parallel()
		program, err := exec.LookPath("redis-server")
		if err != nil {
			t.Skip("integration: there is no redis-server to stop and start")
		}
		test(realStoppable(t, program))
	})
}

func realStoppable(t *testing.T, program string) stoppable {
	t.Helper()
	address := freeAddress(t)
	_, port, _ := net.SplitHostPort(address)
	var server *exec.Cmd
	s := stoppable{T: t, url: "redis://" + address}
	s.stop = func() {
		if server != nil {
			_ = server.Process.Kill() // as hard as a power cut
			_ = server.Wait()
			server = nil
		}
	}
	s.start = func() {
		server = exec.Command(program, "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
		server.Dir = t.TempDir()
		if err := server.Start(); err != nil {
			t.Fatal(err)
		}
	}
	s.start()
	t.Cleanup(s.stop)
	return s
}

func TestRedisStopsAndStartsAgain(t *testing.T) {
	t.Parallel()
	onEachStoppable(t, func(t stoppable) {
		q := mustOpen(t, queue.Config{URL: t.url})
		untilUp(t, q)
		mustPut(t, q, queue.Item{ID: "held"}, queue.Item{ID: "lost"})
		held := mustClaim(t, q, 1, aWhile)
		waited := make(chan error)
		go func() {
			for {
				if err := q.Wait(t.Context(), "read", aWhile); err != nil {
					waited <- err
					return
				}
			}
		}()
		t.stop()
		if err := <-waited; !errors.Is(err, queue.ErrDown) {
			t.Fatalf("who waited was told %v, want ErrDown", err)
		}
		if err := q.Put(t.Context(), lane, queue.Item{ID: "1"}); !errors.Is(err, queue.ErrDown) {
			t.Fatalf("put: %v, want ErrDown", err)
		}
		t.start()
		untilUp(t, q)
		taken := take(t, q)
		mustPut(t, q, queue.Item{ID: "1"})
		if diff := cmp.Diff([]string{"1"}, <-taken); diff != "" {
			t.Error(diff)
		}
		if err := q.Done(t.Context(), lane, held...); err != nil {
			t.Errorf("done with what Redis has forgotten: %v", err)
		}
		if diff := cmp.Diff(queue.Depth{Held: 1}, mustDepth(t, q)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestFlushAllLosesOnlyHints(t *testing.T) {
	t.Parallel()
	m := miniredis.RunT(t)
	q := mustOpen(t, queue.Config{URL: "redis://" + m.Addr()})
	mustPut(t, q, numbered(4)...)
	old := mustClaim(t, q, 2, aWhile)
	m.FlushAll()
	mustPut(t, q, numbered(4)...) // the sweep
	now := mustClaim(t, q, 9, aWhile)
	if diff := cmp.Diff([]string{"0", "1", "2", "3"}, ids(now)); diff != "" {
		t.Fatal(diff)
	}
	if err := q.Done(t.Context(), lane, old...); err != nil {
		t.Fatal(err)
	}
	held, err := q.Renew(t.Context(), lane, aWhile, now...)
	if err != nil || len(held) != 4 {
		t.Errorf("the new holder has %v, %v, want all four", held, err)
	}
}

// A Redis that evicts keys may lose any one of ours. The sweep puts ids again,
// and none is stuck or doubled for longer than a lease.
func TestAnyOneKeyMayBeLost(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"waiting", "ready", "held", "deadlines", "tokens"} {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			m, clock := miniredis.RunT(t), newHand()
			q := mustOpen(t, queue.Config{URL: "redis://" + m.Addr(), Now: clock.now})
			items := []queue.Item{{ID: "0"}, {ID: "1"}, {ID: "2", NotBefore: clock.now().Add(time.Second)}}
			mustPut(t, q, items...)
			late := mustClaim(t, q, 1, time.Minute)
			if !m.Del("postroom:{" + lane + "}:" + key) {
				t.Fatal("there was no such key")
			}
			mustPut(t, q, items...)
			clock.advance(2 * time.Minute)
			claims := mustClaim(t, q, 9, time.Minute)
			got := ids(claims)
			slices.Sort(got)
			if diff := cmp.Diff([]string{"0", "1", "2"}, got); diff != "" {
				t.Error(diff)
			}
			if err := q.Done(t.Context(), lane, append(late, claims...)...); err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff(queue.Depth{}, mustDepth(t, q)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A Redis that answers every question with an error must not make a worker spin.
func TestARefusalIsDownButNotAway(t *testing.T) {
	t.Parallel()
	m := miniredis.RunT(t)
	q := mustOpen(t, queue.Config{URL: "redis://" + m.Addr()})
	m.SetError("OOM command not allowed when used memory > 'maxmemory'.")
	if err := q.Put(t.Context(), lane, queue.Item{ID: "1"}); !errors.Is(err, queue.ErrDown) {
		t.Errorf("put: %v, want ErrDown", err)
	}
	if err := q.Wait(t.Context(), lane, time.Millisecond); !errors.Is(err, queue.ErrDown) {
		t.Errorf("wait: %v, want ErrDown", err)
	}
	if !q.Up() {
		t.Error("a refusal broke the link")
	}
	m.SetError("")
	mustPut(t, q, queue.Item{ID: "1"})
}

// The network swallows everything, and no connection breaks: Put comes back
// all the same, and the next one does not even try.
func TestPutIsBoundedWhenTheNetworkSwallowsEverything(t *testing.T) {
	t.Parallel()
	m := miniredis.RunT(t)
	p := startProxy(t, m.Addr())
	q := mustOpen(t, queue.Config{URL: "redis://" + p.address, Timeout: 100 * time.Millisecond})
	untilUp(t, q)
	p.swallow.Store(true)
	for !errors.Is(q.Put(t.Context(), lane, queue.Item{ID: "1"}), queue.ErrDown) {
		t.Log("put answered from before the hole")
	}
	if q.Up() {
		t.Fatal("still up after a put that got no answer")
	}
	if err := q.Put(t.Context(), lane, queue.Item{ID: "1"}); !errors.Is(err, queue.ErrDown) {
		t.Errorf("put while down: %v, want ErrDown", err)
	}
	p.swallow.Store(false)
	untilUp(t, q)
}

func TestCloseWhileTheNetworkSwallowsEverything(t *testing.T) {
	t.Parallel()
	m := miniredis.RunT(t)
	p := startProxy(t, m.Addr())
	q, err := queue.Open(t.Context(), queue.Config{URL: "redis://" + p.address, Now: time.Now, Timeout: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	p.swallow.Store(true)
	_ = q.Put(t.Context(), lane, queue.Item{ID: "1"})
	if err := q.Close(); err != nil {
		t.Error(err)
	}
}

// A proxy stands before a Redis and can swallow what passes, both ways.
type proxy struct {
	address string
	swallow atomic.Bool
}

func startProxy(t *testing.T, to string) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{address: listener.Addr().String()}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", to)
			if err != nil {
				_ = near.Close()
				continue
			}
			running.Go(func() { p.pass(far, near) })
			running.Go(func() { p.pass(near, far) })
		}
	})
	t.Cleanup(func() { _ = listener.Close(); running.Wait() })
	return p
}

func (p *proxy) pass(to, from net.Conn) {
	defer func() { _ = to.Close() }()
	buf := make([]byte, 4096)
	for {
		n, err := from.Read(buf)
		if !p.swallow.Load() {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if errors.Is(err, io.EOF) || err != nil {
			return
		}
	}
}

// freeAddress is a loopback address on which nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}
