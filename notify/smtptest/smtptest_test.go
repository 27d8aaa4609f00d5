package smtptest_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"net/smtp"
	"net/textproto"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"postroom/notify/smtptest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	us  = "us@citrine.example"
	ann = "ann@homes.example"
	raw = "Subject: x\r\n\r\n.dots\r\n..\r\nbare\nand \x00\xff\r\n"
)

// send returns the reply code of the step that failed: 250 when none did, 0
// when the connection ended.
func send(tb testing.TB, s *smtptest.Server, to, raw string) int {
	tb.Helper()
	c, err := smtp.Dial(s.Addr())
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	return code(deliver(c, to, raw))
}

func deliver(c *smtp.Client, to, raw string) error {
	if err := c.Mail(us); err != nil {
		return err
	}
	if err := c.Rcpt(to); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, raw); err != nil {
		return err
	}
	return w.Close()
}

func code(err error) int {
	var reply *textproto.Error
	switch {
	case err == nil:
		return 250
	case errors.As(err, &reply):
		return reply.Code
	default:
		return 0
	}
}

func TestAMailIsKeptByteByByte(t *testing.T) {
	t.Parallel()
	s := smtptest.Start(t, smtptest.Config{})
	if got := send(t, s, ann, raw); got != 250 {
		t.Fatalf("answered %d", got)
	}
	sent := strings.ReplaceAll(raw, "bare\nand", "bare\r\nand") // net/smtp mends it on the way
	want := []smtptest.Mail{{From: us, To: []string{ann}, Raw: []byte(sent)}}
	if diff := cmp.Diff(want, s.Mails()); diff != "" {
		t.Error(diff)
	}
}

func TestEveryActionAtEveryStep(t *testing.T) {
	t.Parallel()
	type outcome struct{ code, whole, delivered int }
	tests := []struct {
		at   smtptest.Step
		do   smtptest.Action
		want outcome
	}{
		{smtptest.From, smtptest.Later, outcome{451, 0, 0}},
		{smtptest.From, smtptest.Refuse, outcome{550, 0, 0}},
		{smtptest.From, smtptest.Drop, outcome{0, 0, 0}},
		{smtptest.To, smtptest.Later, outcome{451, 0, 0}},
		{smtptest.To, smtptest.Refuse, outcome{550, 0, 0}},
		{smtptest.To, smtptest.Drop, outcome{0, 0, 0}},
		{smtptest.Data, smtptest.Accept, outcome{250, 1, 1}},
		{smtptest.Data, smtptest.Later, outcome{451, 1, 0}},
		{smtptest.Data, smtptest.Refuse, outcome{550, 1, 0}},
		{smtptest.Data, smtptest.Drop, outcome{0, 1, 1}},
		{smtptest.Data, smtptest.Cut, outcome{0, 0, 0}},
		{smtptest.Hello, smtptest.Later, outcome{451, 0, 0}},
		{smtptest.Hello, smtptest.Drop, outcome{0, 0, 0}},
	}
	for _, test := range tests {
		t.Run(fmt.Sprint(test.at, " ", test.do), func(t *testing.T) {
			t.Parallel()
			s := smtptest.Start(t, smtptest.Config{Decide: func(c smtptest.Call) smtptest.Action {
				if c.Step == test.at {
					return test.do
				}
				return smtptest.Accept
			}})
			got := send(t, s, ann, strings.Repeat(raw, 10_000))
			if test.at == smtptest.Hello && got == 550 {
				got = 451 // net/smtp tries HELO after EHLO, and tells of that
			}
			if diff := cmp.Diff(test.want, outcome{got, len(s.Mails()), len(s.Delivered())}, cmp.AllowUnexported(outcome{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestHangingEndsWhenTheClientGoes(t *testing.T) {
	t.Parallel()
	script := smtptest.Script(map[string][]smtptest.Answer{ann: {{smtptest.Data, smtptest.Hang}, {smtptest.To, smtptest.Hang}}})
	hangs := make(chan smtptest.Step, 2)
	s := smtptest.Start(t, smtptest.Config{Decide: func(c smtptest.Call) smtptest.Action {
		action := script(c)
		if action == smtptest.Hang && (c.Step != smtptest.Data || c.Raw != nil) {
			hangs <- c.Step
		}
		return action
	}})
	for attempt := range 2 {
		c, err := smtp.Dial(s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		answered := make(chan error, 1)
		go func() { answered <- deliver(c, ann, raw) }()
		<-hangs
		_ = c.Close()
		if err := <-answered; code(err) != 0 {
			t.Errorf("attempt %d was answered: %v", attempt, err)
		}
	}
	if got := send(t, s, ann, raw); got != 250 {
		t.Errorf("then answered %d, want 250", got)
	}
	mails := s.Mails()
	if len(mails) != 2 || mails[0].Action != smtptest.Hang || mails[1].Action != smtptest.Accept {
		t.Errorf("mails %v", mails)
	}
}

func TestAScriptCountsAttemptsByRecipient(t *testing.T) {
	t.Parallel()
	s := smtptest.Start(t, smtptest.Config{Decide: smtptest.Script(map[string][]smtptest.Answer{
		ann:                 {{smtptest.To, smtptest.Later}, {smtptest.Data, smtptest.Drop}},
		"bea@homes.example": {{smtptest.To, smtptest.Refuse}},
	})})
	var got []int
	for _, to := range []string{ann, "bea@homes.example", ann, "cy@homes.example", ann, "bea@homes.example"} {
		got = append(got, send(t, s, to, raw))
	}
	if diff := cmp.Diff([]int{451, 550, 0, 250, 250, 250}, got); diff != "" {
		t.Error(diff)
	}
}

func TestManySendersAtOnce(t *testing.T) {
	t.Parallel()
	s := smtptest.Start(t, smtptest.Config{})
	var senders sync.WaitGroup
	for n := range 10 {
		senders.Go(func() {
			c, err := smtp.Dial(s.Addr())
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = c.Close() }()
			for i := range 20 {
				to := fmt.Sprintf("%d-%d@homes.example", n, i)
				if err := deliver(c, to, "To: "+to+"\r\n\r\n"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	mails := s.Wait(t.Context(), 200)
	senders.Wait()
	for _, m := range mails {
		if string(m.Raw) != "To: "+m.To[0]+"\r\n\r\n" {
			t.Errorf("%v has %q", m.To, m.Raw)
		}
	}
	if len(mails) != 200 || s.Connections() != 10 {
		t.Errorf("%d mails over %d connections, want 200 over 10", len(mails), s.Connections())
	}
}

func TestAServerStopsAndResumes(t *testing.T) {
	t.Parallel()
	s := smtptest.Start(t, smtptest.Config{})
	open, err := smtp.Dial(s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	if err := open.Mail(us); err != nil {
		t.Fatal(err)
	}
	s.Stop()
	if err := open.Rcpt(ann); code(err) != 0 {
		t.Errorf("a stopped server answered: %v", err)
	}
	_ = open.Close()
	if c, err := smtp.Dial(s.Addr()); err == nil {
		t.Error("a stopped server was reached")
		_ = c.Close()
	}
	s.Resume()
	if got := send(t, s, ann, raw); got != 250 || len(s.Mails()) != 1 {
		t.Errorf("after resuming: %d, %d mails", got, len(s.Mails()))
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	s := smtptest.Start(t, smtptest.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := s.Wait(ctx, 1); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}

func TestTLSAndLogin(t *testing.T) {
	t.Parallel()
	web := httptest.NewTLSServer(nil) // for its certificate, which is for example.com
	web.Close()
	roots := x509.NewCertPool()
	roots.AddCert(web.Certificate())
	client := &tls.Config{RootCAs: roots, ServerName: "example.com"}
	for _, implicit := range []bool{false, true} {
		s := smtptest.Start(t, smtptest.Config{TLS: &tls.Config{Certificates: web.TLS.Certificates}, Implicit: implicit, Username: "u", Password: "p"})
		for password, want := range map[string]int{"p": 250, "wrong": 535, "": 502} {
			if got := code(secretly(s, client, implicit, password)); got != want {
				t.Errorf("implicit %v, password %q: %d, want %d", implicit, password, got, want)
			}
		}
	}
}

// secretly delivers over TLS, with a login unless the password is empty.
func secretly(s *smtptest.Server, config *tls.Config, implicit bool, password string) error {
	conn, err := net.Dial("tcp", s.Addr())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if implicit {
		conn = tls.Client(conn, config)
	}
	c, err := smtp.NewClient(conn, "127.0.0.1")
	if err != nil {
		return err
	}
	if !implicit {
		if err := c.StartTLS(config); err != nil {
			return err
		}
	}
	if password != "" {
		if err := c.Auth(smtp.PlainAuth("", "u", password, "127.0.0.1")); err != nil {
			return err
		}
	}
	return deliver(c, ann, raw)
}
