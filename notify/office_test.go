package notify

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"go.uber.org/goleak"

	"postroom/classify"
	"postroom/internal/archive"
	"postroom/internal/queue"
	"postroom/internal/reference"
	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/templates"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// An office is a real SMTP server in the process that does what a test asks.
type office struct {
	mu     sync.Mutex
	port   int
	taken  []letter // what was answered with 250, and what was dropped after DATA
	onMail func(n int) error
	onRcpt func(n int, to string) error
	// onData answers the nth DATA; errDrop hangs up instead of answering,
	// errHang answers only when the test ends.
	onData  func(n int, to string) error
	mails   int
	rcpts   int
	datas   int
	opened  int
	arrived chan letter
	free    chan struct{}
	server  *smtp.Server
}

type letter struct {
	from, to string
	raw      []byte
	answered bool
}

var (
	errDrop = errors.New("drop")
	errHang = errors.New("hang")
)

func temporary() error {
	return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "later <x@y.example>"}
}
func permanent() error {
	return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such <x@y.example>"}
}

func openOffice(tb testing.TB) *office {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	o := &office{arrived: make(chan letter, 100000), free: make(chan struct{}), port: l.Addr().(*net.TCPAddr).Port}
	o.server = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.opened++
		return &counter{office: o, conn: c}, nil
	}))
	o.server.Domain, o.server.AllowInsecureAuth = "office.example", true
	o.server.ErrorLog = quiet{}
	go func() { _ = o.server.Serve(l) }()
	tb.Cleanup(func() { close(o.free); _ = o.server.Close() })
	return o
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

type counter struct {
	*office
	conn     *smtp.Conn
	from, to string
}

func (s *counter) Reset()        {}
func (s *counter) Logout() error { return nil }
func (s *counter) Mail(from string, _ *smtp.MailOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.from = from
	s.mails++
	if s.onMail != nil {
		return s.onMail(s.mails)
	}
	return nil
}

func (s *counter) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.to = to
	s.rcpts++
	if s.onRcpt != nil {
		return s.onRcpt(s.rcpts, to)
	}
	return nil
}

func (s *counter) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.datas++
	n, answer := s.datas, s.onData
	s.mu.Unlock()
	if answer != nil {
		err = answer(n, s.to)
	}
	got := letter{from: s.from, to: s.to, raw: raw, answered: err == nil}
	if err == nil || errors.Is(err, errDrop) || errors.Is(err, errHang) {
		s.mu.Lock()
		s.taken = append(s.taken, got)
		s.mu.Unlock()
		s.arrived <- got
	}
	switch {
	case errors.Is(err, errDrop):
		_ = s.conn.Conn().Close()
	case errors.Is(err, errHang):
		<-s.free
	}
	return err
}

func (o *office) letters() []letter {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]letter(nil), o.taken...)
}

func (o *office) smtp() SMTP {
	return SMTP{Host: "127.0.0.1", Port: o.port, TLS: NoTLS, Helo: "post.larkmere.example", Timeout: 5 * time.Second, Final: 5 * time.Second, Now: time.Now}
}

// A desk is everything that a worker needs, real, with a clock of the test's.
type desk struct {
	*register.Register
	tb     testing.TB
	clock  *registertest.Clock
	queue  *queue.Queue
	office *office
	cfg    Config
	steps  *steps
}

// steps lets a test wait until a step has been taken, and counts them.
type steps struct {
	mu    sync.Mutex
	count map[string]int
	on    map[string]func()
	ch    chan string
}

func (s *steps) take(name string) {
	s.mu.Lock()
	s.count[name]++
	on := s.on[name]
	s.mu.Unlock()
	if on != nil {
		on()
	}
	select {
	case s.ch <- name:
	default:
	}
}

func (s *steps) wait(tb testing.TB, name string, n int) {
	tb.Helper()
	deadline := time.After(20 * time.Second)
	for {
		s.mu.Lock()
		got := s.count[name]
		s.mu.Unlock()
		if got >= n {
			return
		}
		select {
		case <-s.ch:
		case <-deadline:
			tb.Fatalf("the step %s was taken %d times, want %d", name, got, n)
		}
	}
}

const ourDomain = "post.larkmere.example"

func composer(tb testing.TB) *Composer {
	tb.Helper()
	words, err := templates.New()
	if err != nil {
		tb.Fatal(err)
	}
	return &Composer{
		Words: words,
		Landlord: templates.Landlord{
			Name: "Larkmere Homes", Team: "Complaints team", Phone: "01632 960000", OutOfHours: "01632 960999",
			StaffPages: "https://post.larkmere.example", Ombudsman: templates.DefaultOmbudsman(),
		},
		From: register.Address{Name: "Larkmere Homes", Address: "complaints@larkmere.example"},
		IDs:  reference.MessageIDs{Domain: ourDomain, Key: []byte("0123456789abcdef0123456789abcdef")},
	}
}

func newDesk(tb testing.TB) *desk { return newDeskOn(tb, registertest.SQLite) }

func newDeskOn(tb testing.TB, database func(testing.TB, register.Config) register.Config) *desk {
	tb.Helper()
	d := &desk{tb: tb, clock: registertest.NewClock(), office: openOffice(tb)}
	d.Register = registertest.Open(tb, database(tb, registertest.Config(tb, d.clock.Now)))
	kept, err := archive.Open(tb.TempDir(), d.clock.Now())
	if err != nil {
		tb.Fatal(err)
	}
	d.queue, err = queue.Open(context.Background(), queue.Config{Now: d.clock.Now})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = d.queue.Close() })
	d.steps = &steps{count: map[string]int{}, on: map[string]func(){}, ch: make(chan string, 1000)}
	d.cfg = Config{
		Register: d.Register, Queue: d.queue, Archive: kept, Composer: composer(tb),
		Guard: GuardSettings{
			Own: []string{"complaints@larkmere.example"}, Team: []string{"repairs@landlord.example", "lead@larkmere.example"}, Domain: ourDomain,
			Caps: Caps{Recipient: 5, Case: 5, Team: 100, All: 1000},
		},
		Windows: register.Windows{Recipient: 24 * time.Hour, Case: 24 * time.Hour, All: time.Hour},
		SMTP:    d.office.smtp(), Retry: Retry{First: time.Minute, Limit: 3, Patience: time.Minute},
		Alarms: []register.Recipient{{Way: register.ByEmail, Address: "lead@larkmere.example"}},
		Sweep:  50 * time.Millisecond, Sound: 50 * time.Millisecond,
		Now: d.clock.Now, Logger: slog.New(slog.DiscardHandler), Step: d.steps.take,
	}
	return d
}

// work runs a worker until the test stops it.
func (d *desk) work() (stop func()) {
	d.tb.Helper()
	w, err := NewWorker(d.cfg)
	if err != nil {
		d.tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-ended; err != nil {
				d.tb.Error(err)
			}
		})
	}
	d.tb.Cleanup(stop)
	return stop
}

// take receives a mail and opens it as the rules would.
func (d *desk) take(text string, change func(*register.Reading, *register.Opening)) register.Opened {
	d.tb.Helper()
	got, err := d.Receive(context.Background(), []register.Arrival{registertest.Arrival(text, d.clock.Now())})
	if err != nil || got[0].Err != nil {
		d.tb.Fatal(err, got[0].Err)
	}
	o := register.Opening{
		Message: got[0].ID, Reading: registertest.Reading(text+"@mail.example", "ann@mail.example", text), Verdict: registertest.Verdict(classify.Complaint),
	}
	if change != nil {
		change(&o.Reading, &o)
	}
	opened, err := d.Open(context.Background(), []register.Opening{o})
	if err != nil || opened[0].Err != nil {
		d.tb.Fatal(err, opened[0].Err)
	}
	return opened[0]
}

// complaint is a mail of that person's that is owed an acknowledgement.
func (d *desk) complaint(n int) register.Opened {
	d.tb.Helper()
	who := "person" + strconv.Itoa(n) + "@mail.example"
	return d.take("complaint"+strconv.Itoa(n), func(r *register.Reading, _ *register.Opening) {
		r.From = register.Address{Name: "Ann Other", Address: who}
	})
}

// until waits until an outgoing is as the test wants it.
func (d *desk) until(id register.ID, what string, ok func(register.Outgoing) bool) register.Outgoing {
	d.tb.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		o, err := d.GetOutgoing(context.Background(), id)
		if err != nil {
			d.tb.Fatal(err)
		}
		if ok(o) {
			return o
		}
		if time.Now().After(deadline) {
			d.tb.Fatalf("the outgoing is never %s: %s, attempt %d, failures %d, %q", what, o.State, o.Attempt, o.Failures, o.Why)
		}
		select {
		case <-d.steps.ch:
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func is(s register.OutgoingState) func(register.Outgoing) bool {
	return func(o register.Outgoing) bool { return o.State == s }
}
