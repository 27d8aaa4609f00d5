package main

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"postroom/cmd/postroom/demomail"
	"postroom/internal/archive"
	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/notify/smtptest"
)

// A townPlan says what a town is built of; the zero value needs only Go.
type townPlan struct {
	dovecot     bool              // the mailbox is on the Dovecot that the environment names
	postgres    bool              // the register is on the PostgreSQL that it names
	dsn         string            // or on this one
	redis       string            // empty: inside the process
	connections int               // to the mail server at once; 0: 1
	rules       bool              // the rules in force, not the plainest ones
	scans       bool              // there is a folder of scans
	second      bool              // there is a second mailbox, which gets every other mail
	door        bool              // other systems can come in
	more        string            // lines of the configuration
	lines       bool              // between us and every server, so that a test can cut them
	prepare     func(data string) // does something to the folder of the data before anything is in it
	decide      func(smtptest.Call) smtptest.Action
	final       time.Duration // the wait for the reply to the mail's end; 0: 2 minutes
}

// A town is a mailbox to poll, a mail server for the residents, and a
// configuration for postroom serve between them.
type town struct {
	t         testing.TB
	folder    string
	archive   string
	elsewhere *archive.Archive // where the originals are, when not in that folder
	config    string
	plan      townPlan
	mailbox   townMailbox
	second    *townMailbox
	prefix    string           // of the keys in Redis
	office    *smtptest.Server // of the residents
	register  register.Config
	dsn       string           // of the register, as the process is told
	port      int              // of the mail server, likewise
	line      map[string]*line // to imap, smtp, redis and postgres; none where the plan wants none
	sent      int
	env       []string // of the process, beside what it always has
	beside    *register.Register
}

// A townMailbox is the landlord's.
type townMailbox struct {
	address        string
	host, password string
	port           int
	user           string
	deliver        func(from string, raw []byte) error
}

// The landlord's address, and the name that its mail server signs with.
const (
	townAddress   = "complaints@citrine.example"
	secondAddress = "enquiries@citrine.example"
	townServer    = "mx.citrine.example"
)

func newTown(tb testing.TB, plan townPlan) *town {
	tb.Helper()
	w := &town{t: tb, plan: plan, prefix: "town" + rand.Text(), folder: tb.TempDir(), office: smtptest.Start(tb, smtptest.Config{Decide: plan.decide})}
	data := filepath.Join(w.folder, "data")
	w.archive = filepath.Join(data, "archive")
	w.must(os.Mkdir(data, 0o700))
	if plan.prepare != nil {
		plan.prepare(data)
	}
	if plan.dovecot {
		w.mailbox = w.dovecotMailbox()
	} else {
		w.mailbox = w.memoryMailbox(townAddress)
	}
	if plan.second {
		second := w.memoryMailbox(secondAddress)
		w.second = &second
	}
	w.register = registertest.Config(tb, time.Now)
	if plan.postgres || plan.dsn != "" {
		if plan.dsn == "" {
			w.register = registertest.Postgres(tb, w.register)
		} else {
			w.register.Driver, w.register.DSN = "postgres", plan.dsn
		}
		for _, key := range []string{"reference", "message"} { // with PostgreSQL none is made by itself
			w.must(os.WriteFile(filepath.Join(w.folder, key+".key"), []byte(strings.Repeat(key, 8)), 0o600))
		}
	} else {
		w.register.Driver, w.register.DSN = "sqlite", filepath.Join(data, "register.db")
	}
	w.dsn, w.port = w.register.DSN, w.office.Port()
	if plan.lines {
		w.plan.redis = w.layLines(plan.redis)
	}
	roles := []string{"mailbox", "read", "reply"}
	if plan.scans {
		roles = append(roles, "scans")
		w.must(os.Mkdir(w.scans(), 0o700))
	}
	if plan.door {
		roles = append(roles, "web")
	}
	w.config = w.configured("config.yaml", roles...)
	return w
}

func (w *town) scans() string { return filepath.Join(w.folder, "scans") }

// configured writes a configuration file for a process that plays these roles.
func (w *town) configured(name string, roles ...string) string {
	w.t.Helper()
	file := filepath.Join(w.folder, name)
	w.must(os.WriteFile(file, []byte(w.settings(w.plan, roles)), 0o600))
	return file
}

func (w *town) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// settings are the configuration file.
func (w *town) settings(plan townPlan, roles []string) string {
	w.t.Helper()
	if plan.final == 0 {
		plan.final = 2 * time.Minute
	}
	more := "register: {driver: sqlite, path: data/register.db}\n"
	if w.register.Driver == "postgres" {
		more = "register: {driver: postgres, dsn_env: TOWN_REGISTER}\nkeys: {reference_key_file: reference.key, message_id_key_file: message.key}\n"
	}
	if plan.redis != "" {
		more += fmt.Sprintf("queue: {redis: %q, prefix: %q}\n", plan.redis, w.prefix+":")
	}
	more += plan.more
	if plan.scans {
		more += fmt.Sprintf("scans: {folder: %q, poll: 1s, stable: 1s}\n", w.scans())
	}
	listen := ""
	if plan.door {
		listen = "127.0.0.1:0"
	}
	if !plan.rules {
		more += fmt.Sprintf("rules: {file: %q, words: %q}\n", testFile(w.t, "rules.yaml"), testFile(w.t, "words.tsv"))
	}
	return fmt.Sprintf(`landlord: {name: Citrine Homes, reference_prefix: CIT, phone: 01632 960100, out_of_hours: 01632 960999, email: %[1]s}
mailboxes:
%[2]s
smtp: {host: 127.0.0.1, port: %[3]d, tls: none, from: {address: %[1]s}, message_id_domain: post.citrine.example, connections: %[4]d, final_timeout: %[5]v, retry: {first: 1s}}
caps: {global: {most: 100000, within: 1h}}
web: {listen: %[8]q, api: %[9]t}
roles: [%[7]s]
%[6]s`, townAddress, w.mailboxLines(), w.port, max(plan.connections, 1), plan.final, more, strings.Join(roles, ", "), listen, plan.door)
}

func (w *town) mailboxLines() string {
	lines := w.mailbox.line("complaints", "TOWN_PASSWORD")
	if w.second != nil {
		lines += "\n" + w.second.line("enquiries", "TOWN_SECOND_PASSWORD")
	}
	return lines
}

func (m townMailbox) line(name, password string) string {
	return fmt.Sprintf("  - {name: %s, host: %s, port: %d, tls: none, user: %s, password_env: %s, start: 2020-01-01, filed_folder: Filed, authserv_id: %s, addresses: [%s], poll: 1s}",
		name, m.host, m.port, m.user, password, townServer, m.address)
}

// memoryMailbox is a mailbox in this process.
func (w *town) memoryMailbox(address string) townMailbox {
	w.t.Helper()
	servers, err := demomail.Start(w.t.Context(), demomail.Config{Complaints: address, AuthservID: townServer})
	w.must(err)
	w.t.Cleanup(func() { _ = servers.Close() })
	host, port, err := hostPort(servers.IMAPAddr())
	w.must(err)
	return townMailbox{
		address: address, host: host, port: port, user: address, password: servers.Config().Password,
		deliver: func(from string, raw []byte) error { return servers.Deliver(from, address, raw) },
	}
}

// dovecotMailbox is a fresh mailbox on a real server.
func (w *town) dovecotMailbox() townMailbox {
	w.t.Helper()
	at := os.Getenv("POSTROOM_TEST_DOVECOT")
	if at == "" {
		w.t.Skip("integration: POSTROOM_TEST_DOVECOT is not set")
	}
	u, err := url.Parse(at)
	w.must(err)
	host, port, err := hostPort(u.Host)
	w.must(err)
	password, _ := u.User.Password()
	m := townMailbox{address: townAddress, host: host, port: port, user: "town-" + strings.ToLower(rand.Text()), password: password}
	conn, err := textproto.Dial("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	w.must(err)
	w.t.Cleanup(func() { _ = conn.Close() })
	w.must(imapCommand(conn, "LOGIN "+m.user+" "+password))
	m.deliver = func(_ string, raw []byte) error {
		vouched := "Authentication-Results: " + townServer + "; dmarc=pass header.from=homes.example\r\n" + string(raw)
		return imapCommand(conn, fmt.Sprintf("APPEND INBOX {%d+}\r\n%s", len(vouched), vouched))
	}
	return m
}

// imapCommand gives one command and waits for its end.
func imapCommand(conn *textproto.Conn, command string) error {
	if err := conn.PrintfLine("a %s", command); err != nil {
		return err
	}
	for {
		line, err := conn.ReadLine()
		switch {
		case err != nil:
			return err
		case strings.HasPrefix(line, "a OK"):
			return nil
		case strings.HasPrefix(line, "a "):
			return errors.New(line)
		}
	}
}

// testFile gives the place of the plainest rules, and of no everyday words, so
// that what is tested here does not change with those in force.
func testFile(tb testing.TB, name string) string {
	tb.Helper()
	path, err := filepath.Abs(filepath.Join("../../ingest/testdata", name))
	if err != nil {
		tb.Fatal(err)
	}
	return path
}

// post delivers n complaints, each from a resident of its own.
func (w *town) post(n int) {
	w.t.Helper()
	for range n {
		w.sent++
		w.postFrom(fmt.Sprintf("resident%d@homes.example", w.sent))
	}
}

// postFrom delivers a complaint from one resident; post counts it.
func (w *town) postFrom(from string) {
	w.t.Helper()
	to := w.mailbox
	if w.second != nil && w.sent%2 == 0 {
		to = *w.second
	}
	raw := strings.ReplaceAll(fmt.Sprintf(`From: Resident <%[1]s>
To: %[3]s
Subject: Complaint about my heating
Message-ID: <%[2]d@homes.example>
Content-Type: text/plain

I am writing to complain. The heating in my flat, number %[2]d, has been broken for three weeks.
I rang four times and nobody came. I am very unhappy with your service. Please repair the boiler this week.
`, from, w.sent, to.address), "\n", "\r\n")
	w.must(to.deliver(from, []byte(raw)))
}

// arrived is how many residents have mail, how many mails are too many, and
// how many of those are the identical bytes once more.
func (w *town) arrived() (residents, extra, identical int) {
	first := map[string][]byte{}
	for _, m := range w.office.Delivered() {
		before, again := first[m.To[0]]
		if !again {
			first[m.To[0]] = m.Raw
			continue
		}
		extra++
		if bytes.Equal(before, m.Raw) {
			identical++
		}
	}
	return len(first), extra, identical
}

// look opens the register from beside, as any other command may.
func (w *town) look() *register.Register {
	w.t.Helper()
	if w.beside == nil {
		w.beside = registertest.Open(w.t, w.register)
	}
	return w.beside
}

// status is the register's, once every mail is registered.
func (w *town) status() (s register.Status, all bool) {
	w.t.Helper()
	messages, err := w.look().Messages(w.t.Context(), time.Unix(0, 0), w.sent+1)
	if err != nil || len(messages) != w.sent {
		return s, false
	}
	s, err = w.look().Status(w.t.Context())
	return s, err == nil
}

// quiet reports whether every mail is registered and nothing is unread or
// owed any more.
func (w *town) quiet() bool {
	s, all := w.status()
	return all && s.Arrived == 0 && s.Owed == 0
}

// answered waits until everybody who can be answered is.
func (w *town) answered(p *process) { w.until(p, "everybody is answered", w.quiet) }

// until waits for something, as long as the process lives.
func (w *town) until(p *process, what string, happened func() bool) {
	w.t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !happened() {
		select {
		case <-tick.C:
		case err := <-p.over:
			w.t.Fatalf("ended by itself: %v\n%s", err, p.log.String())
		case <-deadline:
			w.t.Fatalf("not yet: %s; %s\n%s", what, w.stuck(), p.ended())
		}
	}
}

// A sum is what an audit found of the replies, and of the messages that wait
// for a person because their reading was cut off again and again.
type sum struct{ delivered, refused, uncertain, blamed int }

// audit looks into the register after everything stopped: each message is
// exactly one case with exactly one acknowledgement, or waits for a person
// because it was in a dying reader's hands too often.
func (w *town) audit() (found sum) {
	w.t.Helper()
	r := w.look()
	messages, err := r.Messages(w.t.Context(), time.Unix(0, 0), 100_000)
	w.must(err)
	cases := map[register.ID]int{}
	for _, m := range messages {
		if m.State == register.InReview && m.Case == "" && strings.Contains(m.Problem, "not finished several times") {
			found.blamed++
			continue
		}
		if m.State != register.Filed {
			w.t.Errorf("message %s is %s: %s", m.Reference, m.State, m.Problem)
		}
		cases[m.Case]++
	}
	if len(messages) != w.sent || len(cases)+found.blamed != w.sent {
		w.t.Errorf("%d messages and %d cases of %d mails", len(messages), len(cases), w.sent)
	}
	for id := range cases {
		replies, err := r.CaseOutgoings(w.t.Context(), id)
		if err != nil || len(replies) != 1 {
			w.t.Errorf("case %s: %d replies %v", id, len(replies), err)
			continue
		}
		found.count(w.t, replies[0])
	}
	if broken, err := r.VerifyHistories(w.t.Context()); err != nil || len(broken) > 0 {
		w.t.Errorf("histories broken: %v %v", broken, err)
	}
	w.auditArchive(messages)
	return found
}

func (s *sum) count(tb testing.TB, o register.Outgoing) {
	tb.Helper()
	switch o.State {
	case register.Delivered:
		s.delivered++
	case register.Failed:
		s.refused++
	case register.Uncertain:
		s.uncertain++
	case register.Owed, register.Sending, register.ToPrint, register.Held, register.Cancelled:
		tb.Errorf("reply %s is %s: %s", o.Reference, o.State, o.Why)
	default:
		tb.Errorf("reply %s is %s", o.Reference, o.State)
	}
}

// stuck says what is not where it should be.
func (w *town) stuck() string {
	var out strings.Builder
	messages, err := w.look().Messages(w.t.Context(), time.Unix(0, 0), 100_000)
	if err != nil {
		return err.Error()
	}
	_, _ = fmt.Fprintf(&out, "%d of %d mails registered; ", len(messages), w.sent)
	for _, m := range messages {
		if m.State != register.Filed {
			_, _ = fmt.Fprintf(&out, "%s %s after %d attempts %s; ", m.Reference, m.State, m.Attempts, m.Problem)
		}
	}
	replies, err := w.look().Outgoings(w.t.Context(), 100_000)
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
		if w.elsewhere != nil {
			if err := w.elsewhere.Verify(w.t.Context(), m.Original); err != nil {
				w.t.Errorf("the original of %s: %v", m.Reference, err)
			}
			continue
		}
		raw, err := os.ReadFile(filepath.Join(w.archive, m.Original[:2], m.Original))
		sum := sha256.Sum256(raw)
		if err != nil || hex.EncodeToString(sum[:]) != m.Original {
			w.t.Errorf("the original of %s is not what it was: %v", m.Reference, err)
		}
	}
}
