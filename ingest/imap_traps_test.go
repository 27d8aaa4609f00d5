package ingest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

// onBody makes a mail answer oddly when its whole body is asked for, and never
// when it is asked for in slices.
func onBody(do func(c *scriptConn, uid int)) func(*scriptConn, int, string) bool {
	return func(c *scriptConn, uid int, items string) bool {
		if !strings.Contains(items, "BODY.PEEK[])") {
			return false
		}
		do(c, uid)
		return true
	}
}

// once makes it answer oddly the first time only.
func once(do func(c *scriptConn, uid int)) func(*scriptConn, int, string) bool {
	done := false
	return onBody(func(c *scriptConn, uid int) {
		if !done {
			done = true
			do(c, uid)
			return
		}
		c.s.mails[uid].answer(c, uid, "BODY.PEEK[]")
	})
}

// A mail that does not come whole is never taken for whole, and it comes in
// the end, exactly once, as do its neighbours.
func TestBrokenBodies(t *testing.T) {
	t.Parallel()
	for name, trick := range map[string]func(c *scriptConn, uid int){
		"connection cut in the literal": func(c *scriptConn, uid int) {
			c.say("* %d FETCH (UID %d BODY[] {1000}\r\nFrom: somebody\r\n", uid, uid)
			_ = c.Close()
		},
		"BYE in the literal": func(c *scriptConn, uid int) {
			c.say("* %d FETCH (UID %d BODY[] {1000}\r\nFrom: som\r\n* BYE shutting down\r\n", uid, uid)
			_ = c.Close()
		},
		"literal longer than announced": func(c *scriptConn, uid int) {
			c.say("* %d FETCH (UID %d BODY[] {4}\r\n%s)\r\n", uid, uid, c.s.mails[uid].text)
		},
		"literal shorter than announced": func(c *scriptConn, uid int) {
			text := c.s.mails[uid].text
			c.say("* %d FETCH (UID %d BODY[] {%d}\r\n%s)\r\n", uid, uid, len(text)+500, text)
			_ = c.Close()
		},
		"UID after the literal": func(c *scriptConn, uid int) {
			text := c.s.mails[uid].text
			c.say("* %d FETCH (BODY[] {%d}\r\n%s UID %d)\r\n", uid, len(text), text, uid)
		},
		"BODY NIL": func(c *scriptConn, uid int) { c.say("* %d FETCH (UID %d BODY[] NIL)\r\n", uid, uid) },
		"empty body of a mail that has a size": func(c *scriptConn, uid int) {
			c.say("* %d FETCH (UID %d BODY[] {0}\r\n)\r\n", uid, uid)
		},
		"nothing at all":         func(*scriptConn, int) {},
		"flags alone, unasked":   func(c *scriptConn, uid int) { c.say("* %d FETCH (UID %d FLAGS (\\Seen))\r\n", uid, uid) },
		"an item nobody knows":   func(c *scriptConn, uid int) { c.say("* %d FETCH (UID %d X-GM-MSGID 12)\r\n", uid, uid) },
		"a response nobody know": func(c *scriptConn, _ int) { c.say("* XYZZY\r\n") },
		"garbage":                func(c *scriptConn, _ int) { c.say("\x00\xff)(*&^ not imap at all\r\n\r\n") },
		"body twice": func(c *scriptConn, uid int) {
			c.say("* %d FETCH (UID %d BODY[] {2}\r\nAB BODY[] {2}\r\nCD)\r\n", uid, uid)
		},
		"another section": func(c *scriptConn, uid int) {
			c.say("* %d FETCH (UID %d BODY[TEXT] {2}\r\nAB)\r\n", uid, uid)
		},
		"a literal of a million million bytes": func(c *scriptConn, uid int) {
			c.say("* %d FETCH (UID %d BODY[] {1000000000000}\r\nAB", uid, uid)
		},
		"a list a thousand deep": func(c *scriptConn, uid int) {
			c.say("* %d FETCH (UID %d FLAGS %s)\r\n", uid, uid, strings.Repeat("(", 5000))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for which, mails := range map[string]func(odd func(*scriptConn, int, string) bool) (*script, int){
				"in the middle": func(odd func(*scriptConn, int, string) bool) (*script, int) {
					s := newScript(t, textMails(letters(5)...))
					s.change(func() { s.mails[3].odd = odd })
					return s, 5
				},
				"alone": func(odd func(*scriptConn, int, string) bool) (*script, int) {
					s := newScript(t, textMails(letter(1)))
					s.change(func() { s.mails[1].odd = odd })
					return s, 1
				},
			} {
				t.Run(which, func(t *testing.T) {
					d := newDesk(t)
					s, n := mails(once(trick))
					p := d.poller(d.mailboxAt(s.addr))
					for range 4 { // each pass may put one mail off for later
						d.passes(p)
						d.clock.Advance(time.Hour)
					}
					d.wantWhole(letters(n)...)
					d.wantRows(p, uint32(n))
				})
			}
		})
	}
}

// A server that lies about sizes, and one that sends a byte at a time. What
// counts is what came: nothing is cut off, and nothing is too large that is
// not.
func TestALyingServer(t *testing.T) {
	t.Parallel()
	for name, lie := range map[string]func(s *script){
		"smaller than it is":  func(s *script) { s.mails[3].size = 10 },
		"larger than it is":   func(s *script) { s.mails[3].size = 100_000 },
		"all of them one":     func(s *script) { s.mails[1].size, s.mails[2].size, s.mails[3].size = 1, 1, 1 },
		"one byte at a time":  func(s *script) { s.drips = true },
		"a byte and a lie":    func(s *script) { s.drips, s.mails[2].size = true, 1<<20 },
		"larger than allowed": func(s *script) { s.mails[3].size = 1 << 40 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			s := newScript(t, textMails(letters(3)...))
			s.change(func() { lie(s) })
			p := d.poller(d.mailboxAt(s.addr))
			for range 4 {
				d.passes(p)
				d.clock.Advance(time.Hour)
			}
			if name == "larger than allowed" { // its word is taken: the mail itself may fill the disk
				whole, standIns := d.originals()
				if len(whole) != 2 || len(standIns) != 1 {
					t.Errorf("%d mails came whole, and %d stand-ins", len(whole), len(standIns))
				}
				return
			}
			d.wantWhole(letters(3)...)
		})
	}
}

// F8: one poison mail among fifty. The others come at once; of the poison a
// stand-in with its header is shown; and it comes by itself when the server is
// mended.
func TestPoisonAmongFifty(t *testing.T) {
	t.Parallel()
	for name, odd := range map[string]func(*scriptConn, int, string) bool{
		"body, whole or in slices, breaks the connection": func(c *scriptConn, _ int, items string) bool {
			if strings.Contains(items, "BODY.PEEK[]") {
				c.say("* garbage\r\n")
				return true
			}
			return false
		},
		"body never comes": func(_ *scriptConn, _ int, items string) bool { return strings.Contains(items, "BODY.PEEK[]") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			s := newScript(t, textMails(letters(50)...))
			s.change(func() { s.mails[20].odd = odd })
			m := d.mailboxAt(s.addr)
			m.FiledFolder = "Filed"
			p := d.poller(m)
			d.passes(p)
			if whole, _ := d.originals(); len(whole) != 49 {
				t.Fatalf("%d mails after the first look that succeeded, want 49", len(whole))
			}
			d.wantRows(p, 50, "20 pending")
			for range 4 {
				d.clock.Advance(10 * time.Minute)
				d.passes(p)
			}
			_, standIns := d.originals()
			if len(standIns) != 1 || !strings.Contains(standIns[0], "Subject: Heating 20\r\n") || !strings.Contains(standIns[0], "could not be fetched") {
				t.Fatalf("stand-ins: %q", standIns)
			}
			d.wantRows(p, 50, "20 parked")
			s.change(func() {
				if len(s.mails) != 1 || len(s.filed) != 49 {
					t.Errorf("%d mails left and %d filed, want 1 and 49", len(s.mails), len(s.filed))
				}
			})
			if got := d.status(); got.Parked != 1 || got.Problem != "" {
				t.Errorf("status %+v", got)
			}
			s.change(func() { s.mails[20].odd = nil })
			d.clock.Advance(2 * time.Hour)
			d.passes(p)
			d.wantWhole(letters(50)...)
			d.wantRows(p, 50)
		})
	}
}

// A date that cannot be read breaks the connection at every listing; the mail
// is then fetched without asking for it.
func TestImpossibleDate(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := newScript(t, textMails(letters(4)...))
	s.change(func() { s.mails[2].date = "31-Foo-2026 09:30:00 +0000" })
	p := d.poller(d.mailboxAt(s.addr))
	for range 4 {
		d.passes(p)
		d.clock.Advance(10 * time.Minute)
	}
	d.wantWhole(letters(4)...)
	for _, m := range d.messages() {
		if d.original(m) == letter(2) && (m.Basis != "received_header" || !m.ReceivedAt.Equal(monday.Add(-28*time.Minute))) {
			t.Errorf("received %v by %v", m.ReceivedAt, m.Basis)
		}
	}
}

// Silence ends in an error wherever it begins, and lets go of everything.
func TestSilentServer(t *testing.T) {
	t.Parallel()
	hang := func(c *scriptConn, _ string) { c.hang() }
	for _, where := range []string{"GREETING", "LOGIN", "SELECT", "UID SEARCH", "UID FETCH", "STATUS", "UID MOVE"} {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			s := newScript(t, textMails(letter(1)))
			s.first(where, hang)
			m := d.mailboxAt(s.addr)
			m.FiledFolder = "Filed"
			m.Timeouts.Command, m.Timeouts.Filing = 50*time.Millisecond, 50*time.Millisecond
			p := d.poller(m)
			if err := d.pass(p); !errors.Is(err, errSilent) {
				t.Fatalf("got %v", err)
			}
			p.mailbox.Timeouts.Command, p.mailbox.Timeouts.Filing = 20*time.Second, 20*time.Second
			d.clock.Advance(time.Hour)
			d.passes(p)
			d.wantWhole(letter(1))
		})
	}
}

func TestFrozenInIdle(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := newScript(t, textMails(letter(1)))
	s.first("IDLE", func(c *scriptConn, _ string) {
		c.say("+ idling\r\n")
		c.hang()
	})
	session, err := connect(t.Context(), d.mailboxAt(s.addr).withDefaults())
	d.must(err)
	defer session.close()
	session.mailbox.Timeouts.Command = 50 * time.Millisecond
	if _, err := session.idle(t.Context(), time.Millisecond); !errors.Is(err, errSilent) {
		t.Errorf("got %v", err)
	}
}

// Being told to stop cuts a fetch in its middle, drains it, and comes back.
func TestStopInTheMiddleOfAFetch(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := newScript(t, textMails(letters(300)...))
	begun := make(chan struct{})
	stuck := onBody(func(c *scriptConn, uid int) {
		c.say("* %d FETCH (UID %d BODY[] {100000}\r\nFrom", uid, uid)
		close(begun)
		c.s.mu.Unlock()
		c.hang()
		c.s.mu.Lock()
	})
	s.change(func() { s.mails[200].odd = stuck })
	m := d.mailboxAt(s.addr)
	m.Batch = 128
	p := d.poller(m)
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		<-begun
		stop()
	}()
	if err := passOnce(ctx, p); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// "n:*" names the last mail even when it is not new.
func TestNothingNew(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := newScript(t, textMails(letters(3)...))
	p := d.poller(d.mailboxAt(s.addr))
	d.passes(p)
	d.passes(p)
	session, err := connect(t.Context(), p.mailbox)
	d.must(err)
	defer session.close()
	_, err = session.open(t.Context(), true)
	d.must(err)
	if uids, err := session.findAbove(t.Context(), 3); len(uids) != 0 || err != nil {
		t.Errorf("got %v, %v", uids, err)
	}
	d.wantWhole(letters(3)...)
}

// A hostile SEARCH names four thousand million mails.
func TestImpossibleSearch(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := newScript(t, textMails(letter(1)))
	s.first("UID SEARCH", func(c *scriptConn, tag string) {
		c.say("* ESEARCH (TAG \"%s\") UID ALL 1:4294967295\r\n%s OK done\r\n", tag, tag)
	})
	p := d.poller(d.mailboxAt(s.addr))
	if err := d.pass(p); err == nil || !strings.Contains(err.Error(), "range") {
		t.Fatalf("got %v", err)
	}
	d.passes(p)
	d.wantWhole(letter(1))
}

// What a server says of a mail's words never reaches the log.
func TestErrorsCarryNoWords(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := newScript(t, textMails("From: a@b\r\n\r\nUNBEARABLE damp\r\n"))
	words := onBody(func(c *scriptConn, uid int) { c.say("* %d FETCH (UID %d UNBEARABLE damp)\r\n", uid, uid) })
	s.change(func() { s.mails[1].odd = words })
	p := d.poller(d.mailboxAt(s.addr))
	d.passes(p)
	d.log.mu.Lock()
	defer d.log.mu.Unlock()
	if !d.log.has("mail did not come") || d.log.has("UNBEARABLE") {
		t.Errorf("log: %q", d.log.lines)
	}
}
