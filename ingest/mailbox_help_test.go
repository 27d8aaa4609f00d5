package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"go.uber.org/goleak"

	"postroom/internal/archive"
	"postroom/internal/queue"
	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/workday"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A desk is everything behind the door: real, and new for each test.
type desk struct {
	testing.TB
	clock  *registertest.Clock
	intake *Intake
	log    *logbook
}

func newDesk(tb testing.TB, change ...func(*register.Config)) *desk {
	tb.Helper()
	d := &desk{TB: tb, clock: registertest.NewClock(), log: &logbook{}}
	ctx := tb.Context()
	cfg := registertest.Config(tb, d.clock.Now)
	for _, c := range change {
		c(&cfg)
	}
	reg, err := register.Connect(ctx, registertest.SQLite(tb, cfg))
	d.must(err)
	tb.Cleanup(func() { _ = reg.Close() })
	arch, err := archive.Open(tb.TempDir(), d.clock.Now())
	d.must(err)
	q, err := queue.Open(ctx, queue.Config{Now: d.clock.Now, Timeout: 10 * time.Second})
	d.must(err)
	tb.Cleanup(func() { _ = q.Close() })
	logger := slog.New(slog.NewTextHandler(d.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	d.intake = &Intake{Archive: arch, Register: reg, Queue: q, Now: d.clock.Now, Logger: logger}
	return d
}

func (d *desk) must(err error) {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
}

// mailboxAt is a mailbox on a server of this test.
func (d *desk) mailboxAt(addr net.Addr) Mailbox {
	tcp := addr.(*net.TCPAddr)
	return Mailbox{
		Name: "complaints", Host: "127.0.0.1", Port: tcp.Port, TLS: NoTLS, User: "tester",
		Password: func(context.Context) (string, error) { return "secret", nil },
		Start:    workday.Date{Year: 2026, Month: time.November, Day: 1},
		Timeouts: Timeouts{Command: 20 * time.Second, Reconnect: time.Millisecond, Retry: 30 * time.Second},
	}
}

func (d *desk) poller(m Mailbox) *Poller {
	d.Helper()
	p, err := NewPoller(m, d.intake)
	d.must(err)
	return p
}

// pass is one connection and one full look.
func (d *desk) pass(p *Poller) error {
	d.Helper()
	return passOnce(d.Context(), p)
}

func passOnce(ctx context.Context, p *Poller) error {
	s, err := connect(ctx, p.mailbox)
	if err != nil {
		return err
	}
	defer s.close()
	v := &visit{p: p, s: s, mailbox: p.mailbox, intake: p.intake}
	if err := v.begin(ctx); err != nil {
		return err
	}
	return v.pass(ctx, true)
}

// passes looks until a look succeeds, as Run does, and says how many failed.
func (d *desk) passes(p *Poller) int {
	d.Helper()
	for failed := range 60 {
		err := d.pass(p)
		if err == nil {
			return failed
		}
		d.Logf("pass: %v", err)
	}
	d.Fatal("no look succeeded")
	return 0
}

func (d *desk) messages() []register.Message {
	d.Helper()
	ms, err := d.intake.Register.Messages(d.Context(), time.Time{}, 10_000)
	d.must(err)
	return ms
}

func (d *desk) original(m register.Message) string {
	d.Helper()
	f, err := d.intake.Archive.Get(d.Context(), m.Original)
	d.must(err)
	b, err := io.ReadAll(f)
	d.must(errors.Join(err, f.Close()))
	return string(b)
}

// originals are the bytes of all messages that are whole, sorted, and of those
// that only stand for one.
func (d *desk) originals() (whole, standIns []string) {
	d.Helper()
	for _, m := range d.messages() {
		if m.Problem == "" {
			whole = append(whole, d.original(m))
		} else {
			standIns = append(standIns, d.original(m))
		}
	}
	slices.Sort(whole)
	slices.Sort(standIns)
	return whole, standIns
}

// wantWhole fails unless exactly these mails were taken in, once each.
func (d *desk) wantWhole(want ...string) {
	d.Helper()
	got, _ := d.originals()
	slices.Sort(want)
	if !slices.Equal(got, want) {
		d.Errorf("took in %d mails, want %d: %.300q, want %.300q", len(got), len(want), got, want)
	}
}

// rows are the open UIDs, as "7 pending", and the cursor's mark.
func (d *desk) rows(p *Poller) (rows []string, mark uint32) {
	d.Helper()
	name := p.mailbox.cursorName()
	c, _, err := d.intake.Register.Cursor(d.Context(), name)
	d.must(err)
	notes, err := d.intake.Register.OpenUIDs(d.Context(), name, c.UIDValidity)
	d.must(err)
	for _, n := range notes {
		rows = append(rows, fmt.Sprintf("%d %s", n.UID, n.State))
	}
	return rows, c.HighWater
}

func (d *desk) wantRows(p *Poller, mark uint32, want ...string) {
	d.Helper()
	got, at := d.rows(p)
	if !slices.Equal(got, want) || at != mark {
		d.Errorf("rows %q, mark %d; want %q, %d", got, at, want, mark)
	}
}

func (d *desk) status() register.MailboxStatus {
	d.Helper()
	s, err := d.intake.Register.Status(d.Context())
	d.must(err)
	if len(s.Mailboxes) != 1 {
		d.Fatalf("status of %d mailboxes", len(s.Mailboxes))
	}
	return s.Mailboxes[0]
}

// A logbook keeps what was logged, and wakes who waits for a line.
type logbook struct {
	mu    sync.Mutex
	lines []string
	wake  []chan struct{}
}

func (l *logbook) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, string(b))
	for _, c := range l.wake {
		close(c)
	}
	l.wake = nil
	return len(b), nil
}

func (l *logbook) has(part string) bool {
	return slices.ContainsFunc(l.lines, func(s string) bool { return strings.Contains(s, part) })
}

// await blocks until a line with part was logged.
func (l *logbook) await(tb testing.TB, part string) {
	tb.Helper()
	for {
		l.mu.Lock()
		if l.has(part) {
			l.mu.Unlock()
			return
		}
		more := make(chan struct{})
		l.wake = append(l.wake, more)
		l.mu.Unlock()
		select {
		case <-more:
		case <-time.After(5 * time.Minute):
			tb.Fatalf("never logged: %s, but\n%s", part, strings.Join(l.lines, ""))
		}
	}
}

// letter is a small mail.
func letter(n int) string {
	return fmt.Sprintf("Received: from a by b; Mon, 23 Nov 2026 09:%02d:00 +0000\r\nFrom: Resident <r%d@example.org>\r\n"+
		"Subject: Heating %d\r\nMessage-ID: <%d@example.org>\r\n\r\nThe heating in flat %d is off again.\r\n", n%60, n, n, n, n)
}

func letters(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = letter(i + 1)
	}
	return all
}

// A memory server is go-imap's own, which speaks real IMAP.
type memServer struct {
	testing.TB
	user *imapmemserver.User
	addr net.Addr
}

func newMemServer(tb testing.TB, caps ...imap.Cap) *memServer {
	tb.Helper()
	user := imapmemserver.NewUser("tester", "secret")
	if err := user.Create("INBOX", nil); err != nil {
		tb.Fatal(err)
	}
	mem := imapmemserver.New()
	mem.AddUser(user)
	set := imap.CapSet{imap.CapIMAP4rev1: {}}
	for _, c := range caps {
		set[c] = struct{}{}
	}
	server := imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return mem.NewSession(), nil, nil
		},
		Caps: set, InsecureAuth: true, Logger: quiet{},
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(listener)
	}()
	tb.Cleanup(func() {
		_ = server.Close()
		<-served
	})
	return &memServer{TB: tb, user: user, addr: listener.Addr()}
}

func quietLogger() *slog.Logger { return slog.New(slog.DiscardHandler) }

type quiet struct{}

func (quiet) Printf(string, ...any) {}

func (s *memServer) deliver(folder, mail string, at time.Time, flags ...imap.Flag) {
	s.Helper()
	if _, err := s.user.Append(folder, strings.NewReader(mail), &imap.AppendOptions{Time: at, Flags: flags}); err != nil {
		s.Fatal(err)
	}
}

func (s *memServer) count(folder string) int {
	s.Helper()
	data, err := s.user.Status(folder, &imap.StatusOptions{NumMessages: true})
	if err != nil {
		s.Fatal(err)
	}
	return int(*data.NumMessages)
}

// monday is when the test's mails arrive, before the clock's own time.
var monday = time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)
