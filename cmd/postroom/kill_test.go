package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"postroom/cmd/postroom/demomail"
	"postroom/internal/register"
	"postroom/internal/registertest"
)

// The kill tests run "postroom serve" as a process of its own: this test
// binary, told by the environment to be postroom.
func TestMain(m *testing.M) {
	if os.Getenv("POSTROOM_TEST_BE_POSTROOM") == "1" {
		os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// An outbox is the resident's mail server: it takes every mail and keeps it.
type outbox struct {
	mu    sync.Mutex
	mails map[string][][]byte // by recipient
	addr  string
}

type outboxSession struct {
	o  *outbox
	to string
}

func (s *outboxSession) Mail(string, *smtp.MailOptions) error { return nil }
func (s *outboxSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	return nil
}

func (s *outboxSession) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.o.mu.Lock()
	defer s.o.mu.Unlock()
	s.o.mails[s.to] = append(s.o.mails[s.to], raw)
	return nil
}
func (s *outboxSession) Reset()        {}
func (s *outboxSession) Logout() error { return nil }

func newOutbox(t *testing.T) *outbox {
	t.Helper()
	o := &outbox{mails: map[string][][]byte{}}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &outboxSession{o: o}, nil }))
	server.Domain = "residents.example"
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o.addr = l.Addr().String()
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	return o
}

// count is how many recipients have mail, how many mails are too many, and
// how many of those are the identical bytes once more.
func (o *outbox) count() (recipients, extra, identical int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, mails := range o.mails {
		recipients++
		for _, again := range mails[1:] {
			extra++
			if bytes.Equal(again, mails[0]) {
				identical++
			}
		}
	}
	return recipients, extra, identical
}

// A town is a mailbox to poll, a mail server for the residents, and a
// configuration for postroom serve between them.
type town struct {
	t       *testing.T
	folder  string
	config  string
	servers *demomail.Servers
	outbox  *outbox
	sent    int
	beside  *register.Register
}

// newTown makes one whose replies leave over so many connections at once.
func newTown(t *testing.T, redis string, connections int) *town {
	t.Helper()
	w := &town{t: t, folder: t.TempDir(), outbox: newOutbox(t)}
	err := os.Mkdir(filepath.Join(w.folder, "data"), 0o700)
	if err != nil {
		t.Fatal(err)
	}
	if w.servers, err = demomail.Start(t.Context(), demomail.Config{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.servers.Close() })
	w.config = filepath.Join(w.folder, "config.yaml")
	c := w.servers.Config()
	imapHost, imapPort, err := hostPort(w.servers.IMAPAddr())
	if err != nil {
		t.Fatal(err)
	}
	_, smtpPort, err := hostPort(w.outbox.addr)
	if err != nil {
		t.Fatal(err)
	}
	queue := ""
	if redis != "" {
		queue = fmt.Sprintf("queue: {redis: %q, prefix: %q}\n", redis, "kill"+filepath.Base(w.folder)+strconv.Itoa(os.Getpid())+":")
	}
	text := fmt.Sprintf(`landlord: {name: Citrine Homes, reference_prefix: CIT, phone: 01632 960100, out_of_hours: 01632 960999, email: %[1]s}
mailboxes:
  - {name: complaints, host: %[2]s, port: %[3]d, tls: none, user: %[1]s, password_env: TOWN_PASSWORD, start: 2020-01-01, filed_folder: Filed, authserv_id: %[4]s, addresses: [%[1]s], poll: 1s}
smtp: {host: 127.0.0.1, port: %[5]d, tls: none, from: {address: %[1]s}, message_id_domain: post.citrine.example, connections: %[8]d, retry: {first: 1s}}
caps: {global: {most: 100000, within: 1h}}
web: {listen: ""}
rules: {file: %[7]q}
roles: [mailbox, read, reply]
%[6]s`, c.Complaints, imapHost, imapPort, c.AuthservID, smtpPort, queue, testRules(t), connections)
	if err := os.WriteFile(w.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return w
}

// testRules are the plainest rules, so that what is tested here does not
// change with the rules in force.
func testRules(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("../../ingest/testdata/rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// post delivers n complaints, each from a resident of its own.
func (w *town) post(n int) {
	w.t.Helper()
	for range n {
		w.sent++
		from := fmt.Sprintf("resident%d@homes.example", w.sent)
		raw := strings.ReplaceAll(fmt.Sprintf(`From: Resident <%[1]s>
To: complaints@citrine.example
Subject: Complaint about my heating
Message-ID: <%[2]d@homes.example>
Content-Type: text/plain

I am writing to complain. The heating in my flat, number %[2]d, has been broken for three weeks.
I rang four times and nobody came. I am very unhappy with your service. Please repair the boiler this week.
`, from, w.sent), "\n", "\r\n")
		if err := w.servers.Deliver(from, w.servers.Config().Complaints, []byte(raw)); err != nil {
			w.t.Fatal(err)
		}
	}
}

// A process is one run of postroom serve.
type process struct {
	cmd  *exec.Cmd
	log  bytes.Buffer
	over chan error
}

func (w *town) serve(killAt string) *process {
	w.t.Helper()
	p := &process{over: make(chan error, 1)}
	p.cmd = exec.CommandContext(context.WithoutCancel(w.t.Context()), os.Args[0], "serve", "-config", w.config)
	p.cmd.Env = append(os.Environ(), "POSTROOM_TEST_BE_POSTROOM=1", "TOWN_PASSWORD="+w.servers.Config().Password, "POSTROOM_KILL_AT="+killAt)
	p.cmd.Stderr = &p.log
	if err := p.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	go func() { p.over <- p.cmd.Wait() }()
	w.t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	return p
}

// patience bounds waiting for something that must happen; it is no
// measurement.
const patience = 3 * time.Minute

// killed waits until the process has killed itself.
func (p *process) killed(t *testing.T) {
	t.Helper()
	select {
	case err := <-p.over:
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL { //nolint:forcetypeassert // on Linux it is one
			t.Fatalf("ended by itself: %v\n%s", err, p.log.String())
		}
	case <-time.After(patience):
		t.Fatalf("never reached the step\n%s", p.log.String())
	}
}

// stop ends the process as a service manager does.
func (p *process) stop(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-p.over:
		if err != nil {
			t.Errorf("stopping: %v\n%s", err, p.log.String())
		}
	case <-time.After(patience):
		t.Fatalf("does not stop\n%s", p.log.String())
	}
}

// quiet reports whether every mail is registered and nothing is unread or
// owed any more. It looks from beside, as any other command may.
func (w *town) quiet() bool {
	w.t.Helper()
	if w.beside == nil {
		cfg := registertest.Config(w.t, time.Now)
		cfg.Driver, cfg.DSN = "sqlite", filepath.Join(w.folder, "data", "register.db")
		w.beside = registertest.Open(w.t, cfg)
	}
	messages, err := w.beside.Messages(w.t.Context(), time.Unix(0, 0), w.sent+1)
	if err != nil || len(messages) != w.sent {
		return false
	}
	s, err := w.beside.Status(w.t.Context())
	return err == nil && s.Arrived == 0 && s.Owed == 0
}

// answered waits until everybody who can be answered is.
func (w *town) answered(p *process) {
	w.t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if w.quiet() {
			return
		}
		select {
		case <-tick.C:
		case err := <-p.over:
			w.t.Fatalf("ended by itself: %v\n%s", err, p.log.String())
		case <-deadline:
			got, _, _ := w.outbox.count()
			w.t.Fatalf("%d of %d residents were answered\n%s", got, w.sent, p.log.String())
		}
	}
}

// audit looks into the register after everything stopped: each message is
// exactly one case with exactly one acknowledgement. It returns how many of
// those were killed in the window twice, and so are in people's hands.
func (w *town) audit() (uncertain int) {
	w.t.Helper()
	cfg := registertest.Config(w.t, time.Now)
	cfg.Driver, cfg.DSN = "sqlite", filepath.Join(w.folder, "data", "register.db")
	r := registertest.Open(w.t, cfg)
	messages, err := r.Messages(w.t.Context(), time.Unix(0, 0), 100_000)
	if err != nil {
		w.t.Fatal(err)
	}
	cases := map[register.ID]int{}
	for _, m := range messages {
		if m.State != register.Filed {
			w.t.Errorf("message %s is %s: %s", m.Reference, m.State, m.Problem)
		}
		cases[m.Case]++
	}
	if len(messages) != w.sent || len(cases) != w.sent {
		w.t.Errorf("%d messages and %d cases of %d mails", len(messages), len(cases), w.sent)
	}
	for id := range cases {
		replies, err := r.CaseOutgoings(w.t.Context(), id)
		switch {
		case err != nil || len(replies) != 1:
			w.t.Errorf("case %s: %d replies %v", id, len(replies), err)
		case replies[0].State == register.Uncertain:
			uncertain++
		case replies[0].State != register.Delivered:
			w.t.Errorf("case %s: its reply is %s: %s", id, replies[0].State, replies[0].Why)
		}
	}
	if broken, err := r.VerifyHistories(w.t.Context()); err != nil || len(broken) > 0 {
		w.t.Errorf("histories broken: %v %v", broken, err)
	}
	w.auditArchive(messages)
	return uncertain
}

// stuck says what is not where it should be.
func (w *town) stuck() string {
	cfg := registertest.Config(w.t, time.Now)
	cfg.Driver, cfg.DSN = "sqlite", filepath.Join(w.folder, "data", "register.db")
	r := registertest.Open(w.t, cfg)
	var out strings.Builder
	messages, err := r.Messages(w.t.Context(), time.Unix(0, 0), 100_000)
	if err != nil {
		return err.Error()
	}
	_, _ = fmt.Fprintf(&out, "%d of %d mails registered; ", len(messages), w.sent)
	for _, m := range messages {
		if m.State != register.Filed {
			_, _ = fmt.Fprintf(&out, "%s %s after %d attempts %s; ", m.Reference, m.State, m.Attempts, m.Problem)
		}
	}
	replies, err := r.Outgoings(w.t.Context(), 100_000)
	if err != nil {
		return err.Error()
	}
	for _, o := range replies {
		if o.State != register.Delivered {
			_, _ = fmt.Fprintf(&out, "reply %s %s attempt %d not before %v lease %v %s; ", o.Reference, o.State, o.Attempt, o.NotBefore, o.LeaseUntil, o.Why)
		}
	}
	return out.String()
}

func (w *town) auditArchive(messages []register.Message) {
	w.t.Helper()
	for _, m := range messages {
		raw, err := os.ReadFile(filepath.Join(w.folder, "data", "archive", m.Original[:2], m.Original))
		sum := sha256.Sum256(raw)
		if err != nil || hex.EncodeToString(sum[:]) != m.Original {
			w.t.Errorf("the original of %s is not what it was: %v", m.Reference, err)
		}
	}
}

// killSteps are the steps of a message's way, from arrival to "sent".
var killSteps = []string{
	"in archived", "in registered", "in hinted", "in advanced", "in filed",
	"read reading", "read read", "read judged", "read opened", "read queued",
	"out claimed", "out archived", "out connected", "out rcpt", "out begun", "out data", "out accepted", "out recorded",
}

// window are the steps at whose first time a reply may be with the mail server
// and its 250 not yet in the register: the one window that cannot be closed
// (P2). There the identical bytes of one mail for each connection may arrive
// once more. Three of the steps are in it; at four a mail was handed on a
// moment before, and its reply may have come so far.
var window = map[string]bool{
	"out begun": true, "out data": true, "out accepted": true,
	"in hinted": true, "in advanced": true, "in filed": true, "read queued": true,
}

func TestKilledAtEachStep(t *testing.T) {
	t.Parallel()
	for _, step := range killSteps {
		t.Run(strings.ReplaceAll(step, " ", "-"), func(t *testing.T) {
			t.Parallel()
			w := newTown(t, "", 1)
			w.post(6)
			w.serve(step + ":1").killed(t)
			w.post(3)
			p := w.serve("")
			w.answered(p)
			p.stop(t)
			if n := w.audit(); n > 0 {
				t.Errorf("%d replies are in people's hands after one kill", n)
			}
			_, extra, identical := w.outbox.count()
			if extra != identical || extra > 0 && !window[step] || extra > 1 {
				t.Errorf("%d mails too many, %d of them the identical bytes", extra, identical)
			}
			if extra > 0 {
				t.Logf("in the window: the identical bytes of %d mails went once more", extra)
			}
		})
	}
}

func TestKilledAtRandom(t *testing.T) {
	t.Parallel()
	for name, redis := range map[string]string{"embedded": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTown(t, redis, 2)
			random := rand.New(rand.NewPCG(26, 11))
			for range 12 {
				w.post(10)
				step := killSteps[random.IntN(len(killSteps))]
				if step == "in filed" || step == "in hinted" {
					step = "in registered" // a batch is hinted and filed once, and may be one batch in all
				}
				w.serve(fmt.Sprintf("%s:%d", step, 1+random.IntN(3))).killedOrDone(w)
			}
			p := w.serve("")
			w.answered(p)
			p.stop(t)
			uncertain := w.audit()
			got, extra, identical := w.outbox.count()
			if got+uncertain < w.sent {
				t.Errorf("%d of %d residents were answered, and %d are in people's hands", got, w.sent, uncertain)
			}
			if extra != identical || extra > 24 || uncertain > 12 {
				t.Errorf("%d mails too many, %d of them the identical bytes", extra, identical)
			}
			t.Logf("%d messages, 12 kills: the identical bytes of %d mails went once more, %d replies were cut off twice and are in people's hands", w.sent, extra, uncertain)
		})
	}
}

// killedOrDone waits until the process has killed itself, or has answered
// everybody without reaching its step, and is then killed from outside.
func (p *process) killedOrDone(w *town) {
	w.t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-p.over: //nolint:errcheck // how it ended does not matter
			return
		case <-tick.C:
			if w.quiet() {
				_ = p.cmd.Process.Kill()
				<-p.over //nolint:errcheck // how it ended does not matter
				return
			}
		case <-deadline:
			w.t.Fatalf("neither killed nor done: %s\n%s", w.stuck(), p.log.String())
		}
	}
}
