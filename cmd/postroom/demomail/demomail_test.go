package demomail_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/mail"
	netsmtp "net/smtp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"postroom/cmd/postroom/demomail"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	complaints = "complaints@citrine.example"
	ann        = "ann@homes.example"
)

var atNine = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func start(tb testing.TB) *demomail.Servers {
	tb.Helper()
	s, err := demomail.Start(tb.Context(), demomail.Config{Now: func() time.Time { return atNine }, Also: []string{"bounces@post.citrine.example"}})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

func login(tb testing.TB, s *demomail.Servers, address string, options *imapclient.Options) *imapclient.Client {
	tb.Helper()
	c, err := imapclient.DialInsecure(s.IMAPAddr(), options)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = c.Close() })
	if err := c.Login(address, "demo").Wait(); err != nil {
		tb.Fatal(err)
	}
	return c
}

// fetch reads a whole folder.
func fetch(tb testing.TB, s *demomail.Servers, address, folder string) []string {
	tb.Helper()
	c := login(tb, s, address, nil)
	selected, err := c.Select(folder, nil).Wait()
	if err != nil {
		tb.Fatal(err)
	}
	if selected.NumMessages == 0 {
		return nil
	}
	all := imap.SeqSet{{Start: 1, Stop: selected.NumMessages}}
	got, err := c.Fetch(all, &imap.FetchOptions{InternalDate: true, BodySection: []*imap.FetchItemBodySection{{Peek: true}}}).Collect()
	if err != nil {
		tb.Fatal(err)
	}
	mails := make([]string, len(got))
	for i, m := range got {
		if !m.InternalDate.Equal(atNine) {
			tb.Errorf("INTERNALDATE %v, want the time of arrival", m.InternalDate)
		}
		mails[i] = string(m.BodySection[0].Bytes)
	}
	return mails
}

func send(tb testing.TB, s *demomail.Servers, from, to, raw string) {
	tb.Helper()
	if err := netsmtp.SendMail(s.SMTPAddr(), nil, from, []string{to}, []byte(raw)); err != nil {
		tb.Fatal(err)
	}
}

func header(tb testing.TB, raw string) mail.Header {
	tb.Helper()
	m, err := mail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		tb.Fatal(err)
	}
	return m.Header
}

const note = "From: Ann <ann@homes.example>\r\nTo: complaints@citrine.example\r\nSubject: damp\r\nMessage-ID: <1@homes.example>\r\n\r\nThe wall is wet.\r\n.\r\nStill.\r\n"

func TestMailToTheComplaintsAddressIsVouchedFor(t *testing.T) {
	t.Parallel()
	s := start(t)
	send(t, s, ann, complaints, note)
	got := fetch(t, s, complaints, "INBOX")
	if len(got) != 1 || !strings.HasSuffix(got[0], note) {
		t.Fatalf("got %q, want what was sent, whole, behind our own lines", got)
	}
	h := header(t, got[0])
	want := map[string]string{
		"Return-Path":            "<ann@homes.example>",
		"Authentication-Results": "mx.citrine.example; dmarc=pass header.from=homes.example",
	}
	for name, value := range want {
		if diff := cmp.Diff(value, h.Get(name)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if r := h.Get("Received"); !strings.Contains(r, "by mx.citrine.example") || !strings.HasSuffix(r, "; Mon, 23 Nov 2026 09:00:00 +0000") {
		t.Errorf("Received: %s", r)
	}
}

func TestForgedTraceLinesDoNotComeIn(t *testing.T) {
	t.Parallel()
	forged := map[string]string{
		"plain":          "Authentication-Results: mx.citrine.example; dmarc=pass header.from=bank.example\r\n",
		"other case":     "AUTHENTICATION-results : MX.Citrine.EXAMPLE; dmarc=pass header.from=bank.example\r\n",
		"folded":         "Authentication-Results:\r\n mx.citrine.example;\r\n\tdmarc=pass header.from=bank.example\r\n",
		"with version":   "Authentication-Results: mx.citrine.example 1; dmarc=pass header.from=bank.example\r\n",
		"with comment":   "Authentication-Results: (ours) mx.citrine.example; dmarc=pass header.from=bank.example\r\n",
		"bare LF":        "Authentication-Results: mx.citrine.example; dmarc=pass header.from=bank.example\n",
		"after no field": "no field at all\r\nAuthentication-Results: mx.citrine.example; dmarc=pass header.from=bank.example\r\n",
		"no name":        ": nothing\r\nAuthentication-Results: mx.citrine.example; dmarc=pass header.from=bank.example\r\n",
		"space first":    " before\r\nAuthentication-Results: mx.citrine.example; dmarc=pass header.from=bank.example\r\n",
		"return path":    "Return-Path: <boss@bank.example>\r\n",
	}
	for name, line := range forged {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			if err := s.Deliver("", complaints, []byte(line+"X-Kept: yes\r\n"+note)); err != nil {
				t.Fatal(err)
			}
			got := fetch(t, s, complaints, "INBOX")[0]
			if strings.Contains(got, "bank.example") {
				t.Errorf("came in: %q", got)
			}
			if !strings.Contains(got, "X-Kept: yes\r\n") || strings.Count(strings.ToLower(got), "authentication-results") != 1 {
				t.Errorf("got %q", got)
			}
		})
	}
}

// Another server's word is left as it is: who reads it must know that it is
// not ours.
func TestResultsOfOthersStay(t *testing.T) {
	t.Parallel()
	s := start(t)
	other := "Authentication-Results: relay.example; dmarc=pass header.from=bank.example\r\n"
	if err := s.Deliver(ann, complaints, []byte(other+note)); err != nil {
		t.Fatal(err)
	}
	if got := fetch(t, s, complaints, "INBOX")[0]; !strings.Contains(got, other) {
		t.Errorf("got %q", got)
	}
}

func TestNothingOddGetsIntoOurOwnLines(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"no From":          "Subject: x\r\n\r\n",
		"two addresses":    "From: a@b.example, c@d.example\r\n\r\n",
		"domain with more": "From: \"x\" <a@[evil; dmarc=pass]>\r\n\r\n",
		"unreadable":       "From: @@@ <<<\r\n\r\n",
		"empty mail":       "",
		"blank line first": "\r\nAuthentication-Results: mx.citrine.example; dmarc=pass header.from=b.example\r\nFrom: a@b.example\r\n\r\n",
	}
	for name, raw := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			if err := s.Deliver("x>\r\nBcc: <y@z.example", complaints, []byte(raw)); err != nil {
				t.Fatal(err)
			}
			h := header(t, fetch(t, s, complaints, "INBOX")[0])
			if got := h.Get("Authentication-Results"); got != "mx.citrine.example; dmarc=none" {
				t.Errorf("we vouch: %q", got)
			}
			if h.Get("Bcc") != "" || len(h["Authentication-Results"]) != 1 {
				t.Errorf("header %v", h)
			}
		})
	}
}

func TestEveryAddressHasItsOwnMailbox(t *testing.T) {
	t.Parallel()
	s := start(t)
	early := login(t, s, "bea@homes.example", nil) // before any mail came
	if _, err := early.Select("INBOX", nil).Wait(); err != nil {
		t.Fatal(err)
	}
	send(t, s, "", "Ann+post@Homes.example", note)
	send(t, s, "", "bea@homes.example", note)
	send(t, s, "", "bounces+cit26-1-x@post.citrine.example", note)
	for address, want := range map[string]int{ann: 1, "bea@homes.example": 1, complaints: 1, "cy@homes.example": 0} {
		if got := fetch(t, s, address, "INBOX"); len(got) != want {
			t.Errorf("%s has %d, want %d", address, len(got), want)
		}
	}
	if got := header(t, fetch(t, s, ann, "INBOX")[0]).Get("Return-Path"); got != "<>" {
		t.Errorf("return path %q, want the null one", got)
	}
}

func TestAWrongPasswordIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	i, err := imapclient.DialInsecure(s.IMAPAddr(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = i.Close() }()
	if err := i.Login(complaints, "wrong").Wait(); err == nil {
		t.Error("IMAP let in")
	}
	for password, want := range map[string]bool{"demo": true, "wrong": false} {
		m, err := smtp.Dial(s.SMTPAddr())
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Auth(sasl.NewPlainClient("", ann, password)); (err == nil) != want {
			t.Errorf("SMTP login with %q: %v", password, err)
		}
		_ = m.Close()
	}
}

// Whatever comes, the memory server gives it back whole.
func TestAnyBytesComeBackWhole(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := login(t, s, complaints, nil)
	if _, err := c.Select("INBOX", nil).Wait(); err != nil {
		t.Fatal(err)
	}
	uid := imap.UID(0)
	line := rapid.OneOf(rapid.SliceOfN(rapid.Byte(), 0, 30), rapid.SampledFrom([][]byte{
		[]byte("Subject: x"), []byte("\r"), []byte(":"), []byte(" : x"), []byte("\t"), []byte("From: \xff@\xfe"), []byte("Content-Type: multipart/mixed"), []byte("a b: c"),
	}))
	rapid.Check(t, func(rt *rapid.T) {
		head := bytes.Join(rapid.SliceOfN(line, 0, 6).Draw(rt, "head"), []byte(rapid.SampledFrom([]string{"\r\n", "\n"}).Draw(rt, "end")))
		body := append([]byte("\r\n\r\n"), rapid.SliceOf(rapid.Byte()).Draw(rt, "body")...)
		if err := s.Deliver(ann, complaints, append(head, body...)); err != nil {
			rt.Fatal(err)
		}
		uid++
		got, err := c.Fetch(imap.UIDSetNum(uid), &imap.FetchOptions{RFC822Size: true, BodySection: []*imap.FetchItemBodySection{{Peek: true}}}).Collect()
		if err != nil || len(got) != 1 {
			rt.Fatal(len(got), err)
		}
		if raw := got[0].BodySection[0].Bytes; int64(len(raw)) != got[0].RFC822Size || !bytes.HasSuffix(raw, body[4:]) {
			rt.Fatalf("%q came back as %q (%d)", append(head, body...), raw, got[0].RFC822Size)
		}
	})
}

// What Postroom does with the mailbox: wait in IDLE, fetch, move to Filed.
func TestIdleIsWokenAndMailIsFiled(t *testing.T) {
	t.Parallel()
	s := start(t)
	news := make(chan uint32, 10)
	c := login(t, s, complaints, &imapclient.Options{UnilateralDataHandler: &imapclient.UnilateralDataHandler{
		Mailbox: func(m *imapclient.UnilateralDataMailbox) {
			if m.NumMessages != nil {
				news <- *m.NumMessages
			}
		},
	}})
	if _, err := c.Select("INBOX", nil).Wait(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []imap.Cap{imap.CapIMAP4rev1, imap.CapMove, imap.CapUIDPlus, imap.CapIdle} {
		if !c.Caps().Has(want) {
			t.Errorf("no %s", want)
		}
	}
	idle, err := c.Idle()
	if err != nil {
		t.Fatal(err)
	}
	send(t, s, ann, complaints, note)
	if n := <-news; n != 1 {
		t.Errorf("told of %d mails, want 1", n)
	}
	if err := errors.Join(idle.Close(), idle.Wait()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Move(imap.UIDSetNum(1), "Filed").Wait(); err != nil {
		t.Fatal(err)
	}
	if in, filed := fetch(t, s, complaints, "INBOX"), fetch(t, s, complaints, "Filed"); len(in) != 0 || len(filed) != 1 {
		t.Errorf("INBOX has %d, Filed %d, want 0 and 1", len(in), len(filed))
	}
}

// Two mail programs that move the same mail opposite ways do not wait for each
// other for ever.
func TestMovingBothWaysAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	for range 20 {
		if err := s.Deliver(ann, complaints, []byte(note)); err != nil {
			t.Fatal(err)
		}
	}
	var movers sync.WaitGroup
	for _, way := range [][2]string{{"INBOX", "Filed"}, {"Filed", "INBOX"}} {
		movers.Go(func() {
			c := login(t, s, complaints, nil)
			if _, err := c.Select(way[0], nil).Wait(); err != nil {
				t.Error(err)
				return
			}
			for range 40 {
				if _, err := c.Move(imap.UIDSet{{Start: 1, Stop: 0}}, way[1]).Wait(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	movers.Wait()
	if n := len(fetch(t, s, complaints, "INBOX")) + len(fetch(t, s, complaints, "Filed")); n != 20 {
		t.Errorf("%d mails, want 20", n)
	}
}

func TestAMailThatBreaksOffIsNotTaken(t *testing.T) {
	t.Parallel()
	s := start(t)
	c, err := smtp.Dial(s.SMTPAddr())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.Mail(ann, nil), c.Rcpt(complaints, nil)); err != nil {
		t.Fatal(err)
	}
	w, err := c.Data()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, note); err != nil {
		t.Fatal(err)
	}
	_ = c.Close() // without the final dot
	send(t, s, ann, complaints, "Subject: next\r\n\r\n")
	if got := fetch(t, s, complaints, "INBOX"); len(got) != 1 || !strings.Contains(got[0], "next") {
		t.Errorf("got %q, want only the next mail", got)
	}
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	var senders sync.WaitGroup
	for n := range 8 {
		senders.Go(func() {
			for i := range 10 {
				raw := fmt.Sprintf("From: a@b.example\r\nSubject: %d-%d\r\n\r\n%s\r\n", n, i, bytes.Repeat([]byte("x"), n*1000))
				if err := netsmtp.SendMail(s.SMTPAddr(), nil, ann, []string{ann, complaints, ann}, []byte(raw)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	senders.Wait()
	for address, want := range map[string]int{complaints: 80, ann: 80} {
		if got := len(fetch(t, s, address, "INBOX")); got != want {
			t.Errorf("%s has %d mails, want %d", address, got, want)
		}
	}
}

func TestCloseCutsOpenConnections(t *testing.T) {
	t.Parallel()
	s, err := demomail.Start(t.Context(), demomail.Config{})
	if err != nil {
		t.Fatal(err)
	}
	c := login(t, s, complaints, nil)
	if _, err := c.Select("INBOX", nil).Wait(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Idle(); err != nil {
		t.Fatal(err)
	}
	silent, err := net.Dial("tcp", s.SMTPAddr())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestOnlyLoopback(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"0.0.0.0:0", ":0", "192.0.2.1:0", "mail.example:0", "127.0.0.1"} {
		if s, err := demomail.Start(t.Context(), demomail.Config{SMTP: address}); err == nil {
			t.Errorf("listens on %s", address)
			_ = s.Close()
		}
	}
}
