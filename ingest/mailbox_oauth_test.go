package ingest

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"postroom/internal/oauth"
)

// A signIn is a sign-in service: it gives out tokens, and tells a mail server
// which of them are good (RFC 7662).
type signIn struct {
	*httptest.Server

	mu      sync.Mutex
	user    string
	given   int
	revoked map[string]bool
}

func newSignIn(t *testing.T, user string) *signIn {
	t.Helper()
	s := &signIn{user: user, revoked: map[string]bool{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.given++
		_, _ = fmt.Fprintf(w, `{"token_type":"Bearer","expires_in":3600,"access_token":"token-%d"}`, s.given)
	})
	mux.HandleFunc("POST /introspect", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		token := r.PostFormValue("token")
		n, err := strconv.Atoi(strings.TrimPrefix(token, "token-"))
		active := err == nil && n > 0 && n <= s.given && !s.revoked[token]
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"active": active, "username": s.user, "email": s.user})
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func (s *signIn) revoke(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revoked[token] = true
}

func (s *signIn) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.given
}

// account is one whose clock is the desk's.
func (s *signIn) account(d *desk) *oauth.Account {
	d.Helper()
	a, err := oauth.New(oauth.Config{
		Name: "dovecot", Endpoint: s.URL + "/token", Grant: oauth.ClientCredentials, ClientID: "postroom", Secret: "s3cr3t", Now: d.clock.Now,
	})
	d.must(err)
	return a
}

// byToken is the mailbox with an account in the password's place.
func byToken(m Mailbox, a *oauth.Account) Mailbox {
	m.Auth, m.Password, m.Refused = OAuth2, a.Access, a.Refused
	return m
}

// A dovecot of our own, which takes tokens alone and asks s about them.
func tokenDovecot(t *testing.T, s *signIn, mechanisms string) net.Addr {
	t.Helper()
	passdb := fmt.Sprintf("introspection_mode = post\nintrospection_url = %s/introspect\nusername_attribute = username\nactive_attribute = active\nactive_value = true\n", s.URL)
	return ownDovecot(t, passdb, "auth_mechanisms = "+mechanisms+"\npassdb {\n  driver = oauth2\n  mechanisms = "+mechanisms+"\n  args = FOLDER/passdb.conf\n}\n")
}

// ownDovecot starts one with settings that the shared one has not.
func ownDovecot(t *testing.T, passdb, settings string) net.Addr {
	t.Helper()
	if os.Getenv("POSTROOM_TEST_DOVECOT") == "" {
		t.Skip("integration: POSTROOM_TEST_DOVECOT is not set")
	}
	program, err := exec.LookPath("dovecot")
	if err != nil {
		program = "/usr/sbin/dovecot"
	}
	version, err := exec.CommandContext(t.Context(), program, "--version").Output()
	if err != nil || !strings.HasPrefix(string(version), "2.3.") {
		t.Skipf("integration: a Dovecot of 2.3 is needed, and here is %s%v", version, err)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free.Addr()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	// Dovecot's processes meet in sockets, whose paths must be short.
	folder, err := os.MkdirTemp("", "postroom-dovecot-") //nolint:usetesting // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	command := exec.Command(program, "-F", "-c", filepath.Join(folder, "dovecot.conf")) // stopped below, in good order
	user, group := asNobody(t, command, folder)
	for name, text := range map[string]string{"dovecot.conf": dovecotConfig(folder, addr.(*net.TCPAddr).Port, user, group, settings), "passdb.conf": passdb} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var log strings.Builder
	command.Stdout, command.Stderr, command.Dir = &log, &log, folder
	command.WaitDelay = 10 * time.Second // its children hold its output
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		_ = command.Wait()
		if t.Failed() {
			t.Logf("Dovecot says:\n%s", log.String())
		}
	})
	for range 200 {
		conn, err := net.Dial("tcp", addr.String())
		if err == nil {
			_ = conn.Close()
			return addr
		}
		pause(t.Context(), 50*time.Millisecond)
	}
	t.Fatal("Dovecot did not start")
	return nil
}

// asNobody: Dovecot delivers nothing as root. It says whose the server is.
func asNobody(t *testing.T, command *exec.Cmd, folder string) (user, group string) {
	t.Helper()
	if os.Getuid() != 0 {
		return strconv.Itoa(os.Getuid()), strconv.Itoa(os.Getgid())
	}
	const nobody = 65534
	command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	if err := errors.Join(os.Chown(folder, nobody, nobody), os.Chmod(folder, 0o755)); err != nil {
		t.Fatal(err)
	}
	return "nobody", "nogroup"
}

// dovecotConfig is that of scripts/services, with settings of the test's own.
func dovecotConfig(folder string, port int, user, group, settings string) string {
	return strings.NewReplacer("FOLDER", folder, "PORT", strconv.Itoa(port), "USER", user, "GROUP", group).Replace(settings + `
base_dir = FOLDER/run
state_dir = FOLDER/state
default_internal_user = USER
default_internal_group = GROUP
default_login_user = USER
first_valid_uid = 1
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
log_path = /dev/stderr
auth_failure_delay = 0 secs
mail_location = maildir:~/Maildir
service anvil {
  chroot =
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service imap-login {
  chroot =
  inet_listener imap {
    port = PORT
  }
  inet_listener imaps {
    port = 0
  }
}
userdb {
  driver = static
  args = uid=USER gid=GROUP home=FOLDER/mail/%u
}
`)
}

// deliverByToken appends as deliverTo does.
func (d *desk) deliverByToken(m Mailbox, mails ...string) {
	d.Helper()
	s, err := connect(d.Context(), m.withDefaults())
	d.must(err)
	defer s.close()
	for _, mail := range mails {
		c := s.client.Append("INBOX", int64(len(mail)), nil)
		_, err := c.Write([]byte(mail))
		d.must(errors.Join(err, c.Close()))
		_, err = c.Wait()
		d.must(err)
	}
}

// Against a real server, in both ways: taken in, and when the token is
// withdrawn while we wait in IDLE and the line is cut, taken in with another.
func TestDovecotByToken(t *testing.T) {
	t.Parallel()
	for _, mechanisms := range []string{"xoauth2", "oauthbearer", "xoauth2 oauthbearer"} {
		t.Run(mechanisms, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			s := newSignIn(t, "complaints@citrine.example")
			line := newLine(t, tokenDovecot(t, s, mechanisms).String())
			account := s.account(d)
			m := byToken(d.mailboxAt(line.Addr()), account)
			m.User, m.PollEvery = s.user, time.Hour
			d.deliverByToken(m, letter(1))
			p := d.poller(m)
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- p.Run(ctx) }()
			d.log.await(t, "uid=1 ")

			s.revoke("token-1")
			line.cut()
			d.log.await(t, "the server refuses the login")
			d.deliverByToken(m, letter(2))
			d.log.await(t, "uid=2 ")

			d.clock.Advance(time.Hour) // the second token's end
			line.cut()
			d.deliverByToken(m, letter(3))
			d.log.await(t, "uid=3 ")
			stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
			d.wantWhole(letters(3)...)
			if got := s.count(); got != 3 {
				t.Errorf("%d tokens were asked for", got)
			}
			if d.log.has("token-") || d.log.has("s3cr3t") {
				t.Error("a token or secret was logged")
			}
		})
	}
}

func TestDovecotRefusesAToken(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := newSignIn(t, "complaints@citrine.example")
	addr := tokenDovecot(t, s, "xoauth2 oauthbearer")
	m := byToken(d.mailboxAt(addr), s.account(d))
	for name, change := range map[string]func(*Mailbox){
		"another mailbox": func(m *Mailbox) { m.User = "chief@citrine.example" },
		"no token at all": func(m *Mailbox) { m.Password = func(context.Context) (string, error) { return "?", nil } },
	} {
		m := m
		m.User = s.user
		change(&m)
		_, err := Probe(t.Context(), m)
		if trouble, ok := errors.AsType[*MailboxError](err); !ok || trouble.Trouble != LoginRefused {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// A line forwards to a server, and cuts what goes through it when asked.
type line struct {
	net.Listener

	mu    sync.Mutex
	conns []net.Conn
}

func newLine(t *testing.T, to string) *line {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &line{Listener: listener}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			l.mu.Lock()
			l.conns = append(l.conns, conn)
			l.mu.Unlock()
			all.Go(func() { forward(conn, to, 1<<30) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		l.cut()
		all.Wait()
	})
	return l
}

func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, conn := range l.conns {
		_ = conn.Close()
	}
	l.conns = nil
}

// F14, as Exchange Online does it: when the token's time is over it says BYE
// in the middle of IDLE, and wants another one.
func TestTheTokenEndsWhileWeWait(t *testing.T) {
	t.Parallel()
	d, s := newDesk(t), newScript(t, textMails(letters(1)...))
	service := newSignIn(t, "")
	s.change(func() {
		s.caps += " SASL-IR AUTH=PLAIN AUTH=XOAUTH2"
		s.onIdle = func(c *scriptConn) {
			s.onIdle = nil
			s.mails[2] = &scripted{text: letter(2)}
			d.clock.Advance(time.Hour)
			c.say("* BYE Session invalidated - AccessTokenExpired\r\n")
			_ = c.Close()
		}
	})
	p := d.poller(byToken(d.mailboxAt(s.addr), service.account(d)))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	d.log.await(t, "uid=2 ")
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	d.wantWhole(letters(2)...)
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, login := range s.logins {
		first, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(login, "XOAUTH2 "))
		if want := fmt.Sprintf("user=tester\x01auth=Bearer token-%d\x01\x01", i+1); string(first) != want {
			t.Errorf("login %d is %q", i, first)
		}
	}
	if len(s.logins) != 2 || service.count() != 2 {
		t.Errorf("%d logins with %d tokens", len(s.logins), service.count())
	}
}

// The junk folder and the inbox of an account share its token.
func TestMailboxesShareAToken(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	service := newSignIn(t, "")
	account := service.account(d)
	for range 3 {
		s := newScript(t, textMails(letter(1)))
		s.change(func() { s.caps += " SASL-IR AUTH=OAUTHBEARER" })
		m := byToken(d.mailboxAt(s.addr), account)
		m.Name = "box " + rand.Text()
		if _, err := Probe(t.Context(), m); err != nil {
			t.Error(err)
		}
	}
	if service.count() != 1 {
		t.Errorf("%d tokens for one account", service.count())
	}
}

func TestTokenTroubles(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	away, err := oauth.New(oauth.Config{
		Name: "away", Endpoint: "http://127.0.0.1:1/", Grant: oauth.ClientCredentials, ClientID: "postroom", Secret: "s3cr3t", Now: d.clock.Now,
	})
	d.must(err)
	for _, row := range []struct {
		name    string
		account *oauth.Account
		caps    string
		want    Trouble
		says    string
	}{
		{"no token", away, " AUTH=XOAUTH2", NoToken, "the sign-in service cannot be reached"},
		{"a server without tokens", newSignIn(t, "").account(d), "", LoginRefused, "offers no login with a token"},
	} {
		s := newScript(t, nil)
		s.change(func() { s.caps += row.caps })
		_, err := Probe(t.Context(), byToken(d.mailboxAt(s.addr), row.account))
		var trouble *MailboxError
		if !errors.As(err, &trouble) || trouble.Trouble != row.want || !strings.Contains(err.Error(), row.says) {
			t.Errorf("%s: got %v", row.name, err)
		}
	}
}
