package main

import (
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"
)

// PostgreSQL is restarted, crashes, freezes, and at last dies while its standby
// is promoted. Each time post comes in while it happens. Each message is one
// case with one reply.
func TestPostgreSQLGoesAway(t *testing.T) {
	t.Parallel()
	primary := newPostgresServer(t, nil)
	primary.start()
	w := &town{t: t}
	primary.ask(w, "SELECT 1")
	standby := newPostgresServer(t, primary)
	standby.start("primary_conninfo=host=127.0.0.1 port=" + primary.port + " user=postgres application_name=standby")
	primary.ask(w, "ALTER SYSTEM SET synchronous_standby_names = 'standby'")
	primary.ask(w, "SELECT pg_reload_conf()")
	both := strings.Replace(primary.url(), "127.0.0.1:"+primary.port, "127.0.0.1:"+primary.port+",127.0.0.1:"+standby.port, 1) + "&target_session_attrs=read-write"
	w = newTown(t, townPlan{dsn: both, connections: 2, more: "metrics: {listen: \"127.0.0.1:0\"}\n"})
	w.env = append(w.env, "TOWN_SWEEP=1s")
	p := w.serve("")
	w.post(3)
	w.answered(p)

	w.post(5)
	primary.stop()
	w.post(2)
	primary.start()
	w.answered(p)

	w.post(5)
	primary.kill()
	w.post(2)
	primary.start()
	w.answered(p)

	w.post(3)
	primary.signal(syscall.SIGSTOP)
	w.post(2)
	w.until(p, "monitoring hears of it", func() bool { return strings.HasPrefix(w.ready(p), "503 cannot serve\nregister: down") })
	primary.signal(syscall.SIGCONT)
	w.answered(p)

	w.until(p, "the standby has everything", func() bool {
		return primary.ask(w, "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") == "1"
	})
	w.post(5)
	primary.kill()
	w.post(2)
	standby.ask(w, "SELECT pg_promote()")
	w.answered(p)
	p.stop(t)
	w.answeredBut(0)
}

// Redis freezes, and is restarted with nothing in it.
func TestRedisFreezes(t *testing.T) {
	t.Parallel()
	redis := newRedisServer(t)
	w := newTown(t, townPlan{redis: redis.url(), connections: 2, more: "metrics: {listen: \"127.0.0.1:0\"}\n"})
	w.env = append(w.env, "TOWN_SWEEP=1s")
	p := w.serve("")
	w.post(3)
	w.answered(p)
	w.must(redis.process.Process.Signal(syscall.SIGSTOP))
	w.post(10)
	w.answered(p)
	w.until(p, "monitoring hears that we cope", func() bool { return strings.HasPrefix(w.ready(p), "200 ready, coping") })
	w.must(redis.process.Process.Signal(syscall.SIGCONT))
	w.post(5)
	w.answered(p)
	redis.stop()
	redis.start(t)
	w.post(5)
	w.answered(p)
	p.stop(t)
	w.answeredBut(0)
}

// soon tries something until it works.
func (w *town) soon(what string, do func() error) {
	w.t.Helper()
	late := time.After(patience)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := do()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-late:
			w.t.Fatalf("not yet: %s: %v", what, err)
		}
	}
}

// freePort is one on which nobody listens now.
func freePort(tb testing.TB) int {
	tb.Helper()
	l, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	_, port, err := hostPort(l.Addr().String())
	if err = errors.Join(err, l.Close()); err != nil {
		tb.Fatal(err)
	}
	return port
}
