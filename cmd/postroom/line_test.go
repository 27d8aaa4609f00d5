package main

import (
	"net"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A line is what lies between postroom and a server. A test can cut it, freeze
// it, make it slow, or have it break after so many bytes.
type line struct {
	to, address string
	running     sync.WaitGroup
	slow        atomic.Int64 // nanoseconds before each piece
	left        atomic.Int64 // bytes until it breaks; negative: it does not

	mu     sync.Mutex
	down   bool          // nobody gets through
	frozen chan struct{} // closed when it thaws; nil: it is not frozen
	ends   map[net.Conn]bool
}

func newLine(tb testing.TB, to string) *line {
	tb.Helper()
	listener, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	l := &line{to: to, address: listener.Addr().String(), ends: map[net.Conn]bool{}}
	l.left.Store(-1)
	l.running.Go(func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			l.running.Go(func() { l.connect(near) })
		}
	})
	tb.Cleanup(func() {
		_ = listener.Close()
		l.thaw()
		l.cut()
		l.running.Wait()
	})
	return l
}

// layLines lays a line to each server, and gives the queue's address by its
// own.
func (w *town) layLines(redis string) string {
	w.t.Helper()
	w.line = map[string]*line{
		"imap": newLine(w.t, net.JoinHostPort(w.mailbox.host, strconv.Itoa(w.mailbox.port))),
		"smtp": newLine(w.t, w.office.Addr()),
	}
	var err error
	w.mailbox.host, w.mailbox.port, err = hostPort(w.line["imap"].address)
	w.must(err)
	_, w.port, err = hostPort(w.line["smtp"].address)
	w.must(err)
	if redis != "" {
		redis = w.layLine("redis", redis)
	}
	if w.register.Driver == "postgres" {
		w.dsn = w.layLine("postgres", w.dsn)
	}
	return redis
}

func (w *town) layLine(name, address string) string {
	w.t.Helper()
	u, err := url.Parse(address)
	w.must(err)
	w.line[name] = newLine(w.t, u.Host)
	u.Host = w.line[name].address
	return u.String()
}

func (l *line) connect(near net.Conn) {
	far, err := (&net.Dialer{}).Dial("tcp", l.to)
	if err != nil || !l.open(near, far) {
		reset(near)
		if err == nil {
			reset(far)
		}
		return
	}
	l.running.Go(func() { l.pass(far, near) })
	l.pass(near, far)
}

// open remembers a connection, unless nobody gets through.
func (l *line) open(near, far net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down {
		return false
	}
	l.ends[near], l.ends[far] = true, true
	return true
}

// pass carries what comes from one end to the other, until one of them goes.
func (l *line) pass(to, from net.Conn) {
	defer func() { _, _ = to.Close(), from.Close() }()
	for piece := make([]byte, 1024); ; {
		n, err := from.Read(piece)
		if err != nil {
			return
		}
		l.wait()
		if left := l.left.Load(); left >= 0 {
			if l.left.Add(int64(-n)) < 0 {
				_, _ = to.Write(piece[:min(int(left), n)])
				l.left.Store(-1)
				l.cut()
				return
			}
		}
		if _, err := to.Write(piece[:n]); err != nil {
			return
		}
	}
}

func (l *line) wait() {
	time.Sleep(time.Duration(l.slow.Load()))
	l.mu.Lock()
	frozen := l.frozen
	l.mu.Unlock()
	if frozen != nil {
		<-frozen
	}
}

// cut breaks every connection, as a firewall does that forgets them.
func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for end := range l.ends {
		reset(end)
	}
	clear(l.ends)
}

// part cuts and lets nobody through, until join.
func (l *line) part() {
	l.mu.Lock()
	l.down = true
	l.mu.Unlock()
	l.cut()
}

func (l *line) join() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = false
}

// freeze holds back what is sent, until thaw.
func (l *line) freeze() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.frozen == nil {
		l.frozen = make(chan struct{})
	}
}

func (l *line) thaw() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.frozen != nil {
		close(l.frozen)
		l.frozen = nil
	}
}

// breakAfter breaks it after so many bytes more, either way.
func (l *line) breakAfter(bytes int) { l.left.Store(int64(bytes)) }

func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
