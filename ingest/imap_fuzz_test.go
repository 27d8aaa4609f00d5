package ingest

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"postroom/internal/workday"
)

// FuzzServer speaks to us as a mail server that says whatever it likes: to each
// of our commands the next part of a script ("|" parts it, "?" is our command's
// tag), and then it hangs up. What came of mails is no more than it sent, and
// what we say of it is a line without the mails' words.
func FuzzServer(f *testing.F) {
	const hello = "* OK [CAPABILITY IMAP4rev1 IDLE MOVE UIDPLUS] hello\r\n|? OK in\r\n|"
	for _, said := range []string{
		hello + "* CAPABILITY IMAP4rev1\r\n? OK\r\n|* LIST (\\Junk) \"/\" INBOX\r\n? OK\r\n|* 2 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 9] x\r\n? OK [READ-WRITE] x\r\n|* SEARCH 3 8\r\n? OK\r\n|* 1 FETCH (UID 3 RFC822.SIZE 5 INTERNALDATE \"23-Nov-2026 09:30:00 +0000\")\r\n? OK\r\n|* 1 FETCH (UID 3 BODY[] {5}\r\nWORDS)\r\n? OK\r\n",
		"* BYE WORDS\r\n", "* BYE \xc4\r", "* BYE a\tb\x00\r\n", "* PREAUTH x\r\n|? NO [AUTHENTICATIONFAILED] WORDS\r\n", hello + "? BAD\r\n|* SEARCH 1:4294967295\r\n", "* OK x\r\n|* CAPABILITY {99999999999}\r\n", hello + "* ESEARCH (TAG \"?\") UID ALL 1:*\r\n? OK\r\n",
	} {
		f.Add(said)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = listener.Close() })
	m := Mailbox{
		Name: "complaints", Host: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port, TLS: NoTLS, User: "tester",
		Password: func(context.Context) (string, error) { return "s3cr3t-value", nil },
		Start:    workday.Date{Year: 2026, Month: time.November, Day: 1},
		Timeouts: Timeouts{Command: time.Minute, Dial: time.Minute},
	}.withDefaults()
	f.Fuzz(func(t *testing.T, said string) {
		over := make(chan struct{})
		go func() {
			defer close(over)
			sayParts(listener, said)
		}()
		got, err := takeAll(t.Context(), m)
		<-over
		if got > len(said) {
			t.Errorf("%d bytes came of %d", got, len(said))
		}
		if err == nil {
			return
		}
		line := m.trouble(Unusable, err).Error()
		if strings.Contains(line, "s3cr3t") || !utf8.ValidString(line) || len(line) > 2000 || strings.IndexFunc(line, unicode.IsControl) >= 0 {
			t.Errorf("%q is told of %q", line, said)
		}
	})
}

// takeAll goes the way of a visit, and counts the bytes of the mails.
func takeAll(ctx context.Context, m Mailbox) (n int, err error) {
	s, err := connect(ctx, m)
	if err != nil {
		return 0, err
	}
	defer s.close()
	if _, err := s.enter(ctx, false); err != nil {
		return 0, err
	}
	uids, err := s.findAll(ctx)
	if err != nil {
		return 0, err
	}
	uids = uids[:min(len(uids), listAtOnce)]
	if _, err := s.heads(ctx, uids); err != nil {
		return 0, err
	}
	var came counting
	_, err = s.bodies(ctx, uids, func(uint32, int64) (io.Writer, error) { return &came, nil })
	return int(came), err
}

type counting int

func (c *counting) Write(b []byte) (int, error) { *c += counting(len(b)); return len(b), nil }

func sayParts(listener net.Listener, said string) {
	conn, err := listener.Accept()
	if err != nil {
		return
	}
	defer conn.Close() //nolint:errcheck // hung up
	commands, tag := bufio.NewReader(conn), "*"
	for part := range strings.SplitSeq(said, "|") {
		if _, err := conn.Write([]byte(strings.ReplaceAll(part, "?", tag))); err != nil {
			return
		}
		// Who waits for the rest of an answer says nothing: then comes the next part.
		_ = conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		if line, err := commands.ReadString('\n'); err == nil {
			tag, _, _ = strings.Cut(line, " ")
		} else if !errors.Is(err, os.ErrDeadlineExceeded) {
			return
		}
	}
}
