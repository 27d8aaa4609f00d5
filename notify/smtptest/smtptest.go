// Package smtptest owns a mail server for tests: a real SMTP server in the
// process that answers as it is told, and keeps what it was given, byte by
// byte. It is used by tests alone and imports nothing of ours.
package smtptest

import (
	"context"
	"crypto/tls"
	"net"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"
)

// A Step is a place in the conversation at which the server decides.
type Step string

// The steps.
const (
	Hello Step = "hello" // EHLO or HELO
	From  Step = "mail"  // MAIL FROM
	To    Step = "rcpt"  // RCPT TO
	Data  Step = "data"  // after DATA's 354; Cut takes only the beginning, all else has the whole mail
)

// An Action is what the server does at a step.
type Action string

// The actions.
const (
	Accept Action = ""       // 250
	Later  Action = "later"  // 451 4.7.1
	Refuse Action = "refuse" // 550 5.1.1
	Hang   Action = "hang"   // no answer, until the client goes away or the server stops
	Drop   Action = "drop"   // the connection ends without an answer; at Data the mail was taken whole
	Cut    Action = "cut"    // as Drop, but at Data in the middle of the mail, which is not taken
)

// A Call is what the server decides about.
type Call struct {
	Step    Step
	From    string // envelope sender; empty when null
	To      string // recipient; at Data the first one, before To none
	Attempt int    // the how-manieth To for this recipient this belongs to, from 1; before To 0
	Raw     []byte // at Data the whole mail; nil before, and nil when Decide is asked whether to Cut
}

// A Mail is one that arrived whole, down to its final dot.
type Mail struct {
	From   string
	To     []string
	Raw    []byte // dots unstuffed, else as it came
	Action Action // what was answered; Accept, and with Drop and Hang the sender cannot know
}

// Config says how a server behaves. The zero value accepts everything, without
// TLS, from anybody.
type Config struct {
	// Decide is asked at every step, by several connections at once; nil
	// accepts. At Data it is asked twice: before the mail is read, when only
	// Cut counts, and after.
	Decide func(Call) Action
	// TLS offers STARTTLS, or with Implicit speaks TLS from the first byte.
	TLS      *tls.Config
	Implicit bool
	// Username, where it is set, must log in (AUTH PLAIN) before MAIL.
	Username, Password string
	// Tokens, where it is set, says which tokens are taken, and Ways by which
	// mechanisms; one must be shown before MAIL.
	Tokens func(user, token string) bool
	Ways   []string
}

func (c Config) wantsLogin() bool { return c.Username != "" || c.Tokens != nil }

// A Server is a mail server that listens on loopback. It is safe for
// concurrent use.
type Server struct {
	tb      testing.TB
	config  Config
	address string

	mu          sync.Mutex
	server      *smtp.Server // nil while stopped
	door        *door
	running     sync.WaitGroup
	mails       []Mail
	attempts    map[string]int
	connections int
	changed     chan struct{} // closed at each mail, and then replaced
}

// Start starts a server that stops with the test.
func Start(tb testing.TB, c Config) *Server {
	tb.Helper()
	s := &Server{tb: tb, config: c, address: "127.0.0.1:0", attempts: map[string]int{}, changed: make(chan struct{})}
	s.Resume()
	tb.Cleanup(s.Stop)
	return s
}

// Script decides by recipient: the first attempt at one gets its first answer,
// the next the second, and when there are no more all is accepted.
func Script(answers map[string][]Answer) func(Call) Action {
	return func(c Call) Action {
		if list := answers[c.To]; c.Attempt > 0 && c.Attempt <= len(list) && list[c.Attempt-1].At == c.Step {
			return list[c.Attempt-1].Do
		}
		return Accept
	}
}

// An Answer is an action at a step; every other step of the attempt is
// accepted.
type Answer struct {
	At Step
	Do Action
}

// Resume makes a stopped server listen again, on the address that it had.
func (s *Server) Resume() {
	s.tb.Helper()
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", s.address)
	if err != nil {
		s.tb.Fatal(err)
	}
	s.address = listener.Addr().String()
	open, server := &door{Listener: listener}, s.newServer()
	s.mu.Lock()
	s.server, s.door = server, open
	s.mu.Unlock()
	listener = open
	if s.config.TLS != nil && s.config.Implicit {
		listener = tls.NewListener(open, s.config.TLS)
	}
	s.running.Go(func() { _ = server.Serve(listener) })
}

// Stop cuts every connection and listens no more. What arrived stays known.
func (s *Server) Stop() {
	s.mu.Lock()
	server, open := s.server, s.door
	s.server = nil
	s.mu.Unlock()
	if server == nil {
		return
	}
	_ = server.Close()
	open.shut() // of what the server has not looked at yet it knows nothing
	s.running.Wait()
}

// A door is a listener that remembers who came in.
type door struct {
	net.Listener

	mu     sync.Mutex
	isShut bool
	inside []net.Conn
}

// Accept lets somebody in, and out again at once when the door is shut.
func (d *door) Accept() (net.Conn, error) {
	conn, err := d.Listener.Accept()
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.inside = append(d.inside, conn)
	if d.isShut {
		_ = conn.Close()
	}
	return conn, nil
}

func (d *door) shut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.isShut = true
	_ = d.Close()
	for _, conn := range d.inside {
		_ = conn.Close()
	}
}

// Addr is the server's host and port.
func (s *Server) Addr() string { return s.address }

// Host is the server's host.
func (s *Server) Host() string {
	host, _, _ := net.SplitHostPort(s.address)
	return host
}

// Port is the server's port.
func (s *Server) Port() int {
	_, port, _ := net.SplitHostPort(s.address)
	n, _ := strconv.Atoi(port)
	return n
}

// Connections is how many clients have said hello.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connections
}

// Mails are all mails that arrived whole, in their order, whatever was
// answered.
func (s *Server) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails)
}

// Delivered are the mails for which the server is responsible: those that it
// accepted, and those after which it hung or dropped, for it has them.
func (s *Server) Delivered() []Mail {
	return slices.DeleteFunc(s.Mails(), func(m Mail) bool { return m.Action == Later || m.Action == Refuse })
}

// Wait waits until n mails have arrived whole, and returns all that have. It
// returns fewer when ctx ends.
func (s *Server) Wait(ctx context.Context, n int) []Mail {
	for {
		s.mu.Lock()
		mails, changed := slices.Clone(s.mails), s.changed
		s.mu.Unlock()
		if len(mails) >= n {
			return mails
		}
		select {
		case <-ctx.Done():
			return mails
		case <-changed:
		}
	}
}

func (s *Server) arrived(m Mail) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = append(s.mails, m)
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *Server) decide(c Call) Action {
	if s.config.Decide == nil {
		return Accept
	}
	return s.config.Decide(c)
}
