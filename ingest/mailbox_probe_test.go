package ingest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"

	"postroom/internal/workday"
)

// certificate is for localhost, signed by itself.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"localhost"}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// tlsServer serves one mailbox over TLS from the first byte, or STARTTLS.
func tlsServer(t *testing.T, cert tls.Certificate, implicit bool) net.Addr {
	t.Helper()
	user := imapmemserver.NewUser("tester", "sécret")
	if err := user.Create("INBOX", nil); err != nil {
		t.Fatal(err)
	}
	mem := imapmemserver.New()
	mem.AddUser(user)
	config := &tls.Config{Certificates: []tls.Certificate{cert}}
	server := imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return mem.NewSession(), nil, nil
		},
		Caps: imap.CapSet{imap.CapIMAP4rev1: {}}, TLSConfig: config, Logger: quiet{},
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr()
	if implicit {
		listener = tls.NewListener(listener, config)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(listener)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-served
	})
	return addr
}

func TestTLS(t *testing.T) {
	t.Parallel()
	cert, pool := certificate(t)
	for _, tc := range []struct {
		name           string
		serverImplicit bool
		mode           TLSMode
		roots          *x509.CertPool
		host           string
		want           Trouble
	}{
		{"implicit", true, ImplicitTLS, pool, "localhost", ""},
		{"starttls", false, StartTLS, pool, "localhost", ""},
		{"unknown authority", true, ImplicitTLS, x509.NewCertPool(), "localhost", Insecure},
		{"unknown authority by starttls", false, StartTLS, x509.NewCertPool(), "localhost", Insecure},
		{"another name", true, ImplicitTLS, pool, "127.0.0.1", Insecure},
		{"another name by starttls", false, StartTLS, pool, "127.0.0.1", Insecure},
		{"no password before TLS", false, NoTLS, nil, "localhost", LoginRefused},
		{"TLS where there is none", false, ImplicitTLS, pool, "localhost", Insecure},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			addr := tlsServer(t, cert, tc.serverImplicit)
			m := newDesk(t).mailboxAt(addr)
			m.Host, m.TLS, m.TLSConfig = tc.host, tc.mode, &tls.Config{RootCAs: tc.roots}
			m.Password = func(context.Context) (string, error) { return "sécret", nil }
			_, err := Probe(t.Context(), m)
			var trouble *MailboxError
			errors.As(err, &trouble)
			if tc.want == "" && err != nil || tc.want != "" && (trouble == nil || trouble.Trouble != tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

// STARTTLS must not be skipped by whoever sits on the line.
func TestStartTLSStripped(t *testing.T) {
	t.Parallel()
	for name, greeting := range map[string]string{
		"not offered": "* OK [CAPABILITY IMAP4rev1] ready\r\n", "already logged in": "* PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] welcome\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScript(t, nil)
			s.first("GREETING", func(c *scriptConn, _ string) {
				c.say("%s", greeting)
				line, _ := c.r.ReadString('\n')
				tag, _, _ := strings.Cut(line, " ")
				c.say("%s NO not here\r\n", tag)
				c.hang()
			})
			m := newDesk(t).mailboxAt(s.addr)
			m.TLS = StartTLS
			_, err := Probe(t.Context(), m)
			var trouble *MailboxError
			if !errors.As(err, &trouble) || trouble.Trouble != Insecure {
				t.Errorf("got %v", err)
			}
			if s.count("LOGIN") > 0 {
				t.Error("the password went over an open line")
			}
		})
	}
}

func TestProbe(t *testing.T) {
	t.Parallel()
	s := newMemServer(t, imap.CapIMAP4rev2, imap.CapIdle)
	start := workday.Date{Year: 2026, Month: time.November, Day: 1}.Start()
	for _, at := range []time.Time{start.AddDate(-1, 0, 0), start.Add(-time.Second), start, monday} {
		s.deliver("INBOX", letter(1), at)
	}
	s.deliver("INBOX", letter(1)+strings.Repeat("long", 1000), monday)
	m := newDesk(t).mailboxAt(s.addr)
	m.SizeCap, m.FiledFolder = 1000, "Filed"
	got, err := Probe(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	if got.Mails != 5 || got.WouldTake != 3 || got.TooLarge != 1 || !got.Idle || !got.Files || got.FiledFolder || !slices.Contains(got.Capabilities, "IMAP4rev2") {
		t.Errorf("got %+v", got)
	}
	if err := s.user.Create("Filed", nil); err != nil {
		t.Fatal(err)
	}
	if got, err := Probe(t.Context(), m); err != nil || !got.FiledFolder || got.Warning != "" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestProbeTroubles(t *testing.T) {
	t.Parallel()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name   string
		change func(*Mailbox, *script)
		want   Trouble
		says   string
	}{
		{"nobody there", func(m *Mailbox, _ *script) { m.Port = closed.Addr().(*net.TCPAddr).Port }, Unreachable, "check host, port"},
		{"not an IMAP server", func(_ *Mailbox, s *script) {
			s.first("GREETING", func(c *scriptConn, _ string) { c.say("220 mail.example.org ESMTP\r\n"); c.hang() })
		}, Unreachable, "no IMAP server answers"},
		{"says goodbye", func(_ *Mailbox, s *script) {
			s.first("GREETING", func(c *scriptConn, _ string) { c.say("* BYE too many connections\r\n"); c.hang() })
		}, Throttled, "too many connections"},
		{"says goodbye for another reason", func(_ *Mailbox, s *script) {
			s.first("GREETING", func(c *scriptConn, _ string) {
				c.say("* BYE Connections from 192.0.2.7 are not accepted\r\n")
				c.hang()
			})
		}, TurnedAway, "hangs up at once"},
		{"wrong password", func(_ *Mailbox, s *script) {
			s.change(func() { s.logIn = "NO [AUTHENTICATIONFAILED] Authentication failed" })
		}, LoginRefused, "check user, password"},
		{"password file missing", func(m *Mailbox, _ *script) {
			m.Password = func(context.Context) (string, error) { return "", errors.New("no such file") }
		}, LoginRefused, "no such file"},
		{"passwords disabled", func(_ *Mailbox, s *script) { s.change(func() { s.caps = "IMAP4rev1 LOGINDISABLED" }) }, LoginRefused, "use tls or starttls"},
		{"no such folder", func(_ *Mailbox, s *script) {
			s.change(func() { s.tree = []string{} })
		}, FolderMissing, `the folder "INBOX"`},
		{"no UIDVALIDITY", func(_ *Mailbox, s *script) { s.change(func() { s.validity = 0 }) }, Unusable, "UIDVALIDITY"},
		{"breaks off", func(_ *Mailbox, s *script) {
			s.first("UID SEARCH", func(c *scriptConn, _ string) { c.say("* ???\r\n") })
		}, Unusable, "search the folder"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := newScript(t, textMails(letter(1)))
			m := newDesk(t).mailboxAt(s.addr)
			tc.change(&m, s)
			_, err := Probe(t.Context(), m)
			var trouble *MailboxError
			if !errors.As(err, &trouble) || trouble.Trouble != tc.want || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %v, want %s, %q", err, tc.want, tc.says)
			}
		})
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	good := Mailbox{
		Name: "complaints", Host: "mail.example.org", User: "u", Start: workday.Date{Year: 2026, Month: 11, Day: 1},
		Password: func(context.Context) (string, error) { return "", nil },
	}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	in := newDesk(t).intake
	for _, tc := range []struct {
		says   string
		change func(*Mailbox)
	}{
		{"name:", func(m *Mailbox) { m.Name = "" }},
		{"host:", func(m *Mailbox) { m.Host = "" }},
		{"start:", func(m *Mailbox) { m.Start = workday.Date{} }},
		{"password:", func(m *Mailbox) { m.Password = nil }},
		{"port:", func(m *Mailbox) { m.Port = 70000 }},
		{"tls:", func(m *Mailbox) { m.TLS = "ssl" }},
		{"on this machine only", func(m *Mailbox) { m.TLS = NoTLS }},
		{"auth:", func(m *Mailbox) { m.Auth = "kerberos" }},
		{"filed_folder:", func(m *Mailbox) { m.FiledFolder = "inbox" }},
		{"batch:", func(m *Mailbox) { m.Batch = 1000 }},
		{"size_cap:", func(m *Mailbox) { m.SizeCap = -1 }},
		{"poll_every", func(m *Mailbox) { m.PollEvery = -1 }},
	} {
		bad := good
		tc.change(&bad)
		if _, err := NewPoller(bad, in); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: got %v", tc.says, err)
		}
	}
}
