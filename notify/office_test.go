package notify

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"postroom/classify"
	"postroom/internal/archive"
	"postroom/internal/queue"
	"postroom/internal/reference"
	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/notify/smtptest"
	"postroom/templates"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// An office is a mail server that does what a test asks, by counting.
type office struct {
	mu      sync.Mutex
	server  *smtptest.Server
	onMail  func(n int) smtptest.Action
	onRcpt  func(n int, to string) smtptest.Action
	onData  func(n int, to string) smtptest.Action
	mails   int
	rcpts   int
	datas   int
	arrived chan letter
}

// A letter is a mail that the office answers for: it accepted it, or hung or
// hung up when it had it whole.
type letter struct {
	from, to string
	raw      []byte
}

func openOffice(tb testing.TB) *office {
	tb.Helper()
	o := &office{arrived: make(chan letter, 100000)}
	o.server = smtptest.Start(tb, smtptest.Config{Decide: o.decide})
	return o
}

func (o *office) decide(c smtptest.Call) smtptest.Action {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case c.Step == smtptest.From:
		if o.mails++; o.onMail != nil {
			return o.onMail(o.mails)
		}
	case c.Step == smtptest.To:
		if o.rcpts++; o.onRcpt != nil {
			return o.onRcpt(o.rcpts, c.To)
		}
	case c.Step == smtptest.Data && c.Raw != nil:
		return o.took(c)
	}
	return smtptest.Accept
}

func (o *office) took(c smtptest.Call) smtptest.Action {
	do := smtptest.Accept
	if o.datas++; o.onData != nil {
		do = o.onData(o.datas, c.To)
	}
	if do != smtptest.Later && do != smtptest.Refuse {
		o.arrived <- letter{from: c.From, to: c.To, raw: c.Raw}
	}
	return do
}

func (o *office) letters() []letter {
	var all []letter
	for _, m := range o.server.Delivered() {
		all = append(all, letter{from: m.From, to: m.To[0], raw: m.Raw})
	}
	return all
}

func (o *office) smtp() SMTP {
	return SMTP{Host: o.server.Host(), Port: o.server.Port(), TLS: NoTLS, Helo: "post.larkmere.example", Timeout: time.Minute, Final: time.Minute, Now: time.Now}
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

// taken is how often a step was taken.
func (s *steps) taken(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count[name]
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

func newDesk(tb testing.TB) *desk {
	tb.Helper()
	return newDeskOn(tb, registertest.SQLite)
}

func newDeskOn(tb testing.TB, database func(testing.TB, register.Config) register.Config) *desk {
	tb.Helper()
	d := &desk{tb: tb, clock: registertest.NewClock(), office: openOffice(tb)}
	d.Register = registertest.Open(tb, database(tb, registertest.Config(tb, d.clock.Now)))
	kept, err := archive.Open(tb.TempDir(), d.clock.Now())
	if err != nil {
		tb.Fatal(err)
	}
	d.queue, err = queue.Open(context.Background(), queue.Config{Now: d.clock.Now, Timeout: 10 * time.Second}) // a busy machine is slow
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
	deadline := time.Now().Add(5 * time.Minute)
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
