package notify

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"postroom/internal/register"
	"postroom/notify/smtptest"
)

func parcelTo(to string, steps *[]string) parcel {
	return parcel{
		from: "complaints@larkmere.example", to: to, bytes: []byte("Subject: x\r\n\r\n.dot\r\nlast line\r\n"),
		begin: func(context.Context) error { return nil },
		step: func(name string) {
			if steps != nil {
				*steps = append(*steps, name)
			}
		},
	}
}

func courierTo(t *testing.T, s SMTP) *courier {
	t.Helper()
	c := &courier{server: s, now: time.Now}
	t.Cleanup(c.close)
	return c
}

func TestHandingOver(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	c := courierTo(t, o.smtp())
	var steps []string
	for range 3 {
		if r := c.hand(t.Context(), parcelTo("ann@mail.example", &steps)); r.fate != sent || r.code != "250" || r.at.IsZero() {
			t.Fatalf("%+v", r)
		}
	}
	letters := o.letters()
	if len(letters) != 3 || o.server.Connections() != 1 || !bytes.Equal(letters[2].raw, parcelTo("", nil).bytes) {
		t.Errorf("%d letters over %d connections, the last %q", len(letters), o.server.Connections(), letters[2].raw)
	}
	if got := strings.Join(steps[:4], " "); got != "connected rcpt begun data" {
		t.Errorf("steps %s", got)
	}
}

func TestTheNullSender(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	c := courierTo(t, o.smtp())
	p := parcelTo("ann@mail.example", nil)
	p.from = "<>"
	if r := c.hand(t.Context(), p); r.fate != sent || o.letters()[0].from != "" {
		t.Errorf("%+v, from %q", r, o.letters()[0].from)
	}
}

// The register is asked right before DATA; when it says no, nothing goes, and
// the connection carries the next mail.
func TestNothingGoesWithoutBegin(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		err  error
		fate fate
	}{"stale": {register.ErrStale, notOurs}, "register away": {errors.New("disk"), tryAgain}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := openOffice(t)
			c := courierTo(t, o.smtp())
			p := parcelTo("ann@mail.example", nil)
			p.begin = func(context.Context) error { return row.err }
			if r := c.hand(t.Context(), p); r.fate != row.fate {
				t.Errorf("%+v", r)
			}
			if r := c.hand(t.Context(), parcelTo("bob@mail.example", nil)); r.fate != sent {
				t.Errorf("the next one: %+v", r)
			}
			if l := o.letters(); len(l) != 1 || l[0].to != "bob@mail.example" || o.server.Connections() != 1 {
				t.Errorf("letters %+v", l)
			}
		})
	}
}

// A script answers each command as the test says, on one connection after the
// other; "" hangs up, "-" says nothing more.
func script(t *testing.T, dialogues ...[]string) SMTP {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, lines := range dialogues {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			speak(conn, lines)
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	limit := time.Minute // a busy machine is not silent
	for _, lines := range dialogues {
		if slices.Contains(lines, "-") {
			limit = 3 * time.Second
		}
	}
	return SMTP{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, TLS: NoTLS, Helo: "x.example", Timeout: limit, Final: limit, Now: time.Now}
}

func speak(conn net.Conn, lines []string) {
	defer conn.Close() //nolint:errcheck // a test's own connection
	r := bufio.NewReader(conn)
	inMail := false
	for i, line := range lines {
		if i > 0 {
			for {
				said, err := r.ReadString('\n')
				if err != nil {
					return
				}
				if !inMail || said == ".\r\n" {
					break
				}
			}
		}
		switch line {
		case "":
			return
		case "-":
			_, _ = r.ReadString(0)
			return
		}
		inMail = strings.HasPrefix(line, "354")
		_, _ = conn.Write([]byte(line + "\r\n"))
	}
	_, _ = r.ReadString(0)
}

func TestFates(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name      string
		dialogues [][]string
		fate      fate
		code      string
		down      bool
	}{
		{"greeting 554", [][]string{{"554 go away"}}, tryAgain, "554", true},
		{"greeting 421", [][]string{{"421 busy"}}, tryAgain, "421", true},
		{"no greeting", [][]string{{"-"}}, tryAgain, "", true},
		{"hangs up at once", [][]string{{""}}, tryAgain, "", true},
		{"speaks another protocol", [][]string{{"HTTP/1.1 400 Bad Request"}}, tryAgain, "", true},
		{"MAIL 451", [][]string{{"220 x", "250 x", "451 4.3.0 no", "250 reset"}}, tryAgain, "451 4.3.0", true},
		{"MAIL 550: our sender is not liked", [][]string{{"220 x", "250 x", "550 5.7.1 no", "250 reset"}}, tryAgain, "550 5.7.1", true},
		{"RCPT 450", [][]string{{"220 x", "250 x", "250 ok", "450 4.2.1 greylisted <ann@mail.example>", "250 reset"}}, tryAgain, "450 4.2.1", false},
		{"RCPT 550", [][]string{{"220 x", "250 x", "250 ok", "550 5.1.1 <ann@mail.example> unknown", "250 reset"}}, refused, "550 5.1.1", false},
		{"RCPT hangs up", [][]string{{"220 x", "250 x", "250 ok", ""}}, tryAgain, "", false},
		{"RCPT silence", [][]string{{"220 x", "250 x", "250 ok", "-"}}, tryAgain, "", false},
		{"RCPT 421", [][]string{{"220 x", "250 x", "250 ok", "421 4.7.0 too many"}}, tryAgain, "421 4.7.0", false},
		{"DATA 451", [][]string{{"220 x", "250 x", "250 ok", "250 ok", "451 no", "250 reset"}}, tryAgain, "451", false},
		{"DATA 554", [][]string{{"220 x", "250 x", "250 ok", "250 ok", "554 no", "250 reset"}}, refused, "554", false},
		{"DATA hangs up", [][]string{{"220 x", "250 x", "250 ok", "250 ok", ""}}, tryAgain, "", false},
		{"DATA silence", [][]string{{"220 x", "250 x", "250 ok", "250 ok", "-"}}, tryAgain, "", false},
		{"end 250", [][]string{{"220 x", "250 x", "250 ok", "250 ok", "354 go", "250 2.0.0 queued"}}, sent, "250", false},
		{"end 452", [][]string{{"220 x", "250 x", "250 ok", "250 ok", "354 go", "452 4.3.1 full", "250 reset"}}, tryAgain, "452 4.3.1", false},
		{"end 550", [][]string{{"220 x", "250 x", "250 ok", "250 ok", "354 go", "550 5.7.1 spam", "250 reset"}}, refused, "550 5.7.1", false},
		{"end 421", [][]string{{"220 x", "250 x", "250 ok", "250 ok", "354 go", "421 bye"}}, tryAgain, "421", false},
		{"end hangs up", [][]string{{"220 x", "250 x", "250 ok", "250 ok", "354 go", ""}}, unknown, "", false},
		{"end silence", [][]string{{"220 x", "250 x", "250 ok", "250 ok", "354 go", "-"}}, unknown, "", false},
		{"end with junk", [][]string{{"220 x", "250 x", "250 ok", "250 ok", "354 go", "what?"}}, unknown, "", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			c := courierTo(t, script(t, row.dialogues...))
			r := c.hand(t.Context(), parcelTo("ann@mail.example", nil))
			if r.fate != row.fate || r.code != row.code || r.down != row.down {
				t.Errorf("%+v, want %s %q, down %v", r, row.fate, row.code, row.down)
			}
			if strings.Contains(r.why, "@") || (r.fate != sent) != (r.why != "") {
				t.Errorf("why %q", r.why)
			}
		})
	}
}

// A connection that died while it rested is opened anew, and no attempt counts.
func TestADeadConnectionIsOpenedAnewOnce(t *testing.T) {
	t.Parallel()
	good := []string{"220 x", "250 x", "250 ok", "250 ok", "354 go", "250 ok"}
	for name, first := range map[string][]string{
		"closed":        append(append([]string{}, good...), ""),
		"421 to MAIL":   append(append([]string{}, good...), "421 idle too long"),
		"closed at end": good,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lines := first
			if name == "closed at end" {
				lines = append(append([]string{}, good...), "")
			}
			c := courierTo(t, script(t, lines, append(append([]string{}, good...), "250 ok", "250 ok", "354 go", "250 ok")))
			for n := range 3 {
				if r := c.hand(t.Context(), parcelTo("ann@mail.example", nil)); r.fate != sent {
					t.Fatalf("mail %d: %+v", n, r)
				}
			}
		})
	}
	t.Run("found by NOOP after a rest", func(t *testing.T) {
		t.Parallel()
		now := time.Now()
		c := courierTo(t, script(t, append(append([]string{}, good...), ""), good))
		c.now = func() time.Time { return now }
		for n := range 2 {
			if r := c.hand(t.Context(), parcelTo("ann@mail.example", nil)); r.fate != sent {
				t.Fatalf("mail %d: %+v", n, r)
			}
			now = now.Add(time.Hour)
		}
	})
}

// Half a mail is never finished with a full stop.
func TestHalfAMailIsNotDelivered(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	c := courierTo(t, o.smtp())
	ctx, cancel := context.WithCancel(t.Context())
	p := parcelTo("ann@mail.example", nil)
	p.bytes = bytes.Repeat([]byte("a line of the mail\r\n"), 1<<19)
	p.step = func(name string) {
		if name == "begun" {
			time.AfterFunc(time.Millisecond, cancel)
		}
	}
	r := c.hand(ctx, p)
	if len(o.letters()) == 1 && r.fate != tryAgain {
		return // it was faster than the end of its time
	}
	if r.fate != tryAgain || len(o.letters()) != 0 {
		t.Errorf("%+v, %d letters", r, len(o.letters()))
	}
}

func TestTheEndOfTimeCutsAnyStep(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		lines []string
		step  string
		fate  fate
	}{
		"at RCPT":    {[]string{"220 x", "250 x", "250 ok", "-"}, "connected", tryAgain},
		"at the end": {[]string{"220 x", "250 x", "250 ok", "250 ok", "354 go", "-"}, "data", unknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := script(t, row.lines)
			s.Timeout, s.Final = time.Hour, time.Hour
			c := courierTo(t, s)
			ctx, cancel := context.WithCancel(t.Context())
			p := parcelTo("ann@mail.example", nil)
			p.step = func(name string) {
				if name == row.step {
					time.AfterFunc(100*time.Millisecond, cancel)
				}
			}
			if r := c.hand(ctx, p); r.fate != row.fate {
				t.Errorf("%+v", r)
			}
		})
	}
}

// secured gives a mail server a certificate, and us its trust.
func secured(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	h := httptest.NewTLSServer(nil)
	defer h.Close()
	roots := x509.NewCertPool()
	roots.AddCert(h.Certificate())
	return &tls.Config{Certificates: h.TLS.Certificates}, &tls.Config{RootCAs: roots}
}

func TestTLSAndLogin(t *testing.T) {
	t.Parallel()
	serverTLS, clientTLS := secured(t)
	for _, row := range []struct {
		name     string
		mode     TLSMode
		offers   bool // STARTTLS
		password string
		trust    bool
		fate     fate
	}{
		{"TLS", TLS, false, "secret", true, sent},
		{"STARTTLS", StartTLS, true, "secret", true, sent},
		{"STARTTLS is not offered", StartTLS, false, "secret", true, tryAgain},
		{"a wrong password", StartTLS, true, "wrong", true, tryAgain},
		{"a certificate that nobody vouches for", TLS, false, "secret", false, tryAgain},
		{"STARTTLS with such a certificate", StartTLS, true, "secret", false, tryAgain},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			c := smtptest.Config{Username: "tester", Password: "secret", Implicit: row.mode == TLS}
			if row.mode == TLS || row.offers {
				c.TLS = serverTLS
			}
			server := smtptest.Start(t, c)
			s := SMTP{Host: server.Host(), Port: server.Port(), TLS: row.mode, Username: "tester", Password: row.password, Timeout: time.Minute, Now: time.Now}
			if row.trust {
				s.Config = clientTLS
			}
			r := courierTo(t, s).hand(t.Context(), parcelTo("ann@mail.example", nil))
			if r.fate != row.fate || r.down == (row.fate == sent) {
				t.Errorf("%+v, want %s", r, row.fate)
			}
			if err := s.Check(t.Context()); (err == nil) != (row.fate == sent) || err != nil && strings.Contains(err.Error(), row.password) {
				t.Errorf("check: %v", err)
			}
		})
	}
}

func TestSMTPSettings(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		s  SMTP
		ok bool
	}{
		"tls":                         {SMTP{Host: "mail.example", Port: 465, TLS: TLS}, true},
		"starttls":                    {SMTP{Host: "mail.example", Port: 587, TLS: StartTLS, Auth: AuthLogin}, true},
		"in the clear, this machine":  {SMTP{Host: "localhost", Port: 25, TLS: NoTLS}, true},
		"in the clear, IPv6 loopback": {SMTP{Host: "::1", Port: 25, TLS: NoTLS}, true},
		"in the clear, elsewhere":     {SMTP{Host: "mail.example", Port: 25, TLS: NoTLS}, false},
		"in the clear, looks local":   {SMTP{Host: "localhost.evil.example", Port: 25, TLS: NoTLS}, false},
		"no mode":                     {SMTP{Host: "mail.example", Port: 25}, false},
		"no host":                     {SMTP{Port: 25, TLS: TLS}, false},
		"no port":                     {SMTP{Host: "mail.example", TLS: TLS}, false},
		"unknown login":               {SMTP{Host: "mail.example", Port: 465, TLS: TLS, Auth: "magic"}, false},
	} {
		if err := row.s.Validate(); (err == nil) != row.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
