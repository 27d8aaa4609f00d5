package notify

import (
	"bufio"
	"context"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"
)

// FuzzServer speaks to us as a mail server that says whatever it likes, a reply
// to each thing we say, and hangs up when it knows no more. We take a mail for
// sent only where the server said so of all of it, and for certainly not
// delivered only where it did not; and nothing it says gets into the records.
func FuzzServer(f *testing.F) {
	for _, said := range []string{
		"220 hello\n250-us\n250 8BITMIME\n250 ok\n250 ok\n354 go\n250 taken",
		"220 hello\n250 us\n250 ok\n250 ok\n354 go\n451 4.3.0 <ann@mail.example> later",
		"220 hello\n250 us\n250 ok\n550 5.1.1 <ann@mail.example> unknown",
		"220 hello\n250 us\n250 ok\n250 ok\n354 go\n25", "421 4.7.0 no", "220 hello\n250 us\n250 ok\n250 ok\n250 ok\n250 ok", "999 x\n\n\x00",
	} {
		f.Add(said)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = listener.Close() })
	now := func() time.Time { return time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC) }
	code := regexp.MustCompile(`^(\d{3}( [245]\.\d{1,3}\.\d{1,3})?)?$`)
	f.Fuzz(func(t *testing.T, said string) {
		heard := make(chan string, 1)
		go func() { heard <- converse(listener, said) }()
		c := courier{now: now, server: SMTP{Host: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port, TLS: NoTLS, Helo: "us.example", Timeout: time.Minute, Final: time.Minute, Now: now}}
		begun := false
		r := c.hand(t.Context(), parcel{from: "complaints@larkmere.example", to: "ann@mail.example", bytes: []byte("Subject: x\r\n\r\nx\r\n"), begin: func(context.Context) error { begun = true; return nil }, step: func(string) {}})
		c.drop()
		reply := <-heard
		taken := strings.HasPrefix(reply, "2")
		if (r.fate == sent) != taken && r.fate != unknown || r.fate == sent && !begun || r.fate == unknown && !begun {
			t.Errorf("%q: %+v, and the server's last word is %q", said, r, reply)
		}
		if !code.MatchString(r.code) || strings.Contains(r.why, "ann") || strings.ContainsAny(r.why, "\r\n") {
			t.Errorf("%q is recorded as %+v", said, r)
		}
	})
}

// converse answers one connection with the replies of a script, and gives the one
// to a whole mail; "": there was none.
func converse(listener net.Listener, said string) (last string) {
	conn, err := listener.Accept()
	if err != nil {
		return ""
	}
	defer conn.Close() //nolint:errcheck // hung up
	lines, left := bufio.NewReader(conn), strings.Split(said, "\n")
	next := func() (reply string) {
		for len(left) > 0 {
			line := left[0]
			reply, left = reply+line+"\r\n", left[1:]
			if len(line) < 4 || line[3] != '-' {
				break
			}
		}
		return reply
	}
	body := false
	for reply := next(); reply != ""; {
		if _, err := conn.Write([]byte(reply)); err != nil {
			return last
		}
		var ended bool
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				return last
			}
			if ended = body && line == ".\r\n"; !body || ended {
				body = !ended && strings.HasPrefix(line, "DATA") && len(left) > 0 && strings.HasPrefix(left[0], "354")
				break
			}
		}
		reply = next()
		if ended {
			last = reply
		}
	}
	return last
}
