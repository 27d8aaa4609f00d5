package main

import (
	"net"
	"net/textproto"
	"os/exec"
	"strings"
	"testing"
	"time"

	"postroom/notify/smtptest"
)

// The whole way on real servers: Dovecot, PostgreSQL, a Redis that is emptied
// and killed, and a mail server that says 250, 451 and 550, hangs, drops the
// connection after DATA, and goes away. Two processes poll the one mailbox.
// Every mail is one case with one acknowledgement.
func TestTheWholeWay(t *testing.T) {
	t.Parallel()
	redis := newRedisServer(t)
	w := newTown(t, townPlan{dovecot: true, postgres: true, redis: redis.url(), connections: 4, final: 10 * time.Second, decide: smtptest.Script(map[string][]smtptest.Answer{
		"later@homes.example":       {{At: smtptest.To, Do: smtptest.Later}, {At: smtptest.Data, Do: smtptest.Later}},
		"refused@homes.example":     {{At: smtptest.To, Do: smtptest.Refuse}},
		"refused-end@homes.example": {{At: smtptest.Data, Do: smtptest.Refuse}},
		"hangs@homes.example":       {{At: smtptest.Data, Do: smtptest.Hang}},
		"drops@homes.example":       {{At: smtptest.Data, Do: smtptest.Drop}},
		"cut@homes.example":         {{At: smtptest.Data, Do: smtptest.Cut}},
		"drops-twice@homes.example": {{At: smtptest.Data, Do: smtptest.Drop}, {At: smtptest.Data, Do: smtptest.Drop}},
	})})
	first, second := w.serve(""), w.serve("")
	for _, resident := range []string{"later", "refused", "refused-end", "hangs", "drops", "cut", "drops-twice"} {
		w.sent++
		w.postFrom(resident + "@homes.example")
	}
	w.post(20)
	redis.flush(t)
	w.post(20)
	w.until(first, "what came around FLUSHALL is registered", w.registered)

	redis.stop()
	w.post(20)
	w.until(first, "post is taken in and answered without Redis", func() bool { s, all := w.status(); return all && s.Owed <= 4 })
	redis.start(t)

	w.office.Stop()
	w.post(20)
	w.until(first, "post is taken in while the mail server is away", w.registered)
	w.office.Resume()
	w.answered(first)
	first.stop(t)
	second.stop(t)

	// Not even where the mail server's refusals name them.
	for _, p := range []*process{first, second} {
		for _, word := range []string{"homes.example", "heating", "boiler", "unhappy"} {
			if strings.Contains(p.log.String(), word) {
				t.Errorf("the log holds a resident's address or words: %q\n%s", word, p.log.String())
			}
		}
	}
	// Stopping the mail server may have cut off a mail or two at its end.
	got := w.audit()
	if got.refused != 2 || got.uncertain < 1 || got.uncertain > 4 || got.delivered+got.uncertain != w.sent-2 {
		t.Errorf("of %d replies the register says %+v", w.sent, got)
	}
	// To the three of whom our mail server did not say whether it has the mail,
	// the identical bytes went once more.
	residents, extra, identical := w.arrived()
	if residents != w.sent-2 || extra != identical || extra < 3 {
		t.Errorf("mail for %d of %d residents, %d mails too many, %d of them the identical bytes", residents, w.sent, extra, identical)
	}
	seen := map[string]int{}
	for _, m := range w.office.Delivered() {
		seen[m.To[0]]++
		if seen[m.To[0]] > 2 {
			t.Errorf("%d mails to %s", seen[m.To[0]], m.To[0])
		}
	}
}

// registered reports whether every mail is in the register.
func (w *town) registered() bool {
	_, all := w.status()
	return all
}

// A redisServer is a real Redis of this test alone, that can be killed.
type redisServer struct {
	program, address string
	process          *exec.Cmd
}

func newRedisServer(t *testing.T) *redisServer {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("integration: there is no redis-server to kill")
	}
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	r := &redisServer{program: program, address: l.Addr().String()}
	r.start(t)
	t.Cleanup(r.stop)
	return r
}

func (r *redisServer) url() string { return "redis://" + r.address }

func (r *redisServer) start(t *testing.T) {
	t.Helper()
	_, port, _ := net.SplitHostPort(r.address)
	r.process = exec.Command(r.program, "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", t.TempDir())
	if err := r.process.Start(); err != nil {
		t.Fatal(err)
	}
}

// stop is as hard as a power cut.
func (r *redisServer) stop() {
	if r.process != nil {
		_ = r.process.Process.Kill()
		_ = r.process.Wait()
		r.process = nil
	}
}

// flush says FLUSHALL as soon as Redis answers.
func (r *redisServer) flush(t *testing.T) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(patience); ; {
		if conn, err := textproto.Dial("tcp", r.address); err == nil {
			defer conn.Close() //nolint:errcheck // a test's own connection
			if err := conn.PrintfLine("FLUSHALL"); err != nil {
				t.Fatal(err)
			}
			if line, err := conn.ReadLine(); err != nil || line != "+OK" {
				t.Fatalf("FLUSHALL: %q, %v", line, err)
			}
			return
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatal("redis-server never answered")
		}
	}
}
