package ingest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
)

// What Exchange Online and Gmail say while they limit or turn away is told
// apart from wrong settings, and what waited comes once they let us in again.
func TestServicesThatTurnUsAway(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		at, says string
		want     Trouble
		advice   string
	}{
		"Exchange limits the login":        {"LOGIN", "NO [UNAVAILABLE] Server busy", Throttled, "nothing need be changed"},
		"Exchange limits a command":        {"SELECT", "NO Request is throttled. Suggested Backoff Time: 9000 milliseconds", Throttled, "nothing need be changed"},
		"a limit by its code":              {"SELECT", "NO [THROTTLED] Slow down", Throttled, "nothing need be changed"},
		"Exchange limits it by BAD":        {"SELECT", "BAD Request is throttled. Suggested Backoff Time: 299995 milliseconds", Throttled, "nothing need be changed"},
		"Gmail limits by OVERQUOTA":        {"LOGIN", "NO [OVERQUOTA] Account exceeded command or bandwidth limits. (Failure)", Throttled, "nothing need be changed"},
		"Exchange without permission":      {"SELECT", "BAD User is authenticated but not connected.", NotConnected, "FullAccess"},
		"Gmail has too many connections":   {"LOGIN", "NO [ALERT] Too many simultaneous connections. (Failure)", Throttled, "nothing need be changed"},
		"Gmail limits the bandwidth":       {"LOGIN", "NO [LIMIT] Account exceeded command or bandwidth limits.", Throttled, "nothing need be changed"},
		"Exchange limits the fetch":        {"UID FETCH", "NO Request is throttled. Suggested Backoff Time: 1200 milliseconds", Throttled, "nothing need be changed"},
		"Gmail refuses the password":       {"LOGIN", "NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)", LoginRefused, "check user, password and auth"},
		"Gmail does not know the folder":   {"SELECT", "NO [NONEXISTENT] Unknown Mailbox: Complaints (Failure)", FolderMissing, "check folder"},
		"Exchange does not know it either": {"SELECT", "NO Complaints doesn't exist.", FolderMissing, "check folder"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			s := newScript(t, textMails(letters(3)...))
			s.first(row.at, func(c *scriptConn, tag string) { c.say("%s %s\r\n", tag, row.says) })
			p := d.poller(d.mailboxAt(s.addr))
			err := p.mailbox.limits(d.pass(p))
			var trouble *MailboxError
			if !errors.As(err, &trouble) || trouble.Trouble != row.want || !strings.Contains(trouble.Advice, row.advice) {
				t.Fatalf("got %v", err)
			}
			p.afterFailure(t.Context(), err)
			limited := func() bool {
				s, err := d.intake.Register.Status(t.Context())
				d.must(err)
				return len(s.Mailboxes) == 1 && s.Mailboxes[0].Limited
			}
			if limited() != (row.want == Throttled) {
				t.Errorf("shown as limited: %v", limited())
			}
			d.passes(p)
			d.wantWhole(letters(3)...)
			if limited() {
				t.Error("shown as limited after a good poll")
			}
			for _, m := range d.messages() {
				if m.Problem != "" {
					t.Errorf("a limit is taken for a mail's fault: %s", m.Problem)
				}
			}
		})
	}
}

// BYE with a limit is told for what it is, at whichever command it comes, and
// waited for longer; none of the server's other words is kept, since they may
// be a resident's.
func TestGoodbyeWithALimit(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"GREETING", "LOGIN", "SELECT", "UID SEARCH", "UID FETCH", "NOOP"} {
		for says, want := range map[string]Trouble{
			"Too many open connections, dear Ann":                  Throttled,
			"Maximum connection limit reached for 192.0.2.7 Ann":   Throttled,
			"Server Unavailable. 15 Ann":                           Throttled,
			"[ALERT] Too many simultaneous connections. (Failure)": Throttled,
			"Ann, logging out":                                     "",
		} {
			t.Run(at+" "+says, func(t *testing.T) {
				t.Parallel()
				s := newScript(t, textMails(letters(3)...))
				s.first(at, func(c *scriptConn, _ string) { c.say("* BYE %s\r\n", says) })
				m := onlyAt(t, s).withDefaults()
				err := m.limits(goThrough(t, m))
				trouble, known := errors.AsType[*MailboxError](err)
				if err == nil || want != "" && (!known || trouble.Trouble != want) || want == "" && known && trouble.Trouble == Throttled {
					t.Fatalf("got %v", err)
				}
				if at != "GREETING" && strings.Contains(err.Error(), "Ann") {
					t.Errorf("it tells what the server said: %v", err)
				}
				if err := goThrough(t, m); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// goThrough uses each command once that taking mail in needs.
func goThrough(t *testing.T, m Mailbox) error {
	t.Helper()
	s, err := connect(t.Context(), m)
	if err != nil {
		return err
	}
	defer s.close()
	if _, err := s.enter(t.Context(), false); err != nil {
		return err
	}
	uids, err := s.findAll(t.Context())
	if err != nil {
		return err
	}
	if _, err := s.heads(t.Context(), uids); err != nil {
		return err
	}
	return s.noop(t.Context())
}

func TestWhatALimitIs(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]Trouble{
		"BAD Request is throttled. Suggested Backoff Time: 1200 milliseconds":                                   Throttled,
		"NO [LIMIT] SELECT Rate limit hit.":                                                                     Throttled,
		"NO [UNAVAILABLE] Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)": Throttled,
		"NO [INUSE] Mailbox in use":                                                                             Throttled,
		"NO [OVERQUOTA] Account exceeded command or bandwidth limits. (Failure)":                                Throttled,
		"NO [AUTHENTICATIONFAILED] Too many failed logins, server busy":                                         FolderMissing,
		"NO [OVERQUOTA] The mailbox is full":                                                                    FolderMissing,
		"NO Too many failed logins":                                                                             FolderMissing,
		"BAD User is authenticated but not connected.":                                                          NotConnected,
	} {
		kind, text, _ := strings.Cut(said, " ")
		code := ""
		if strings.HasPrefix(text, "[") {
			code, text, _ = strings.Cut(text[1:], "] ")
		}
		err := &imap.Error{Type: imap.StatusResponseType(kind), Code: imap.ResponseCode(code), Text: text}
		if got := (Mailbox{}).trouble(FolderMissing, err).Trouble; got != want {
			t.Errorf("%s: %s", said, got)
		}
	}
}

// What ends a connection in the middle of a mail is no goodbye, whatever the
// mail says; commands of ours may come after one.
func TestTheEndOfWhatWasSaid(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{
		"* OK hello\r\n* BYE Too many connections\r\n":                              " Too many connections",
		"* BYE Too many connections\r\nT12 UID SEARCH ALL\r\nDONE\r\n":              " Too many connections",
		"* 1 FETCH (BODY[] {30}\r\n\r\n* BYE Too many connections\r\n)\r\n":         "none",
		"* 1 FETCH (BODY[] {300}\r\n* BYE Too many connections\r\nTell nobody.\r\n": "none",
		"* OK hello\r\nT1 LOGOUT\r\n":                                               "none",
		"":                                                                          "none",
		"* BYE" + strings.Repeat(" long", 400) + "\r\n":                             "none",
	} {
		var got tail
		for b := range slices.Chunk([]byte(said), 7) {
			_, _ = got.Write(b)
		}
		if words, ok := got.goodbye(); ok != (want != "none") || ok && words != want {
			t.Errorf("%q: got %q, %v", said, words, ok)
		}
		if len(got.kept) > tailSize || cap(got.kept) > 8*tailSize {
			t.Errorf("it keeps %d of %d bytes", len(got.kept), cap(got.kept))
		}
	}
}

// A service says goodbye wherever it likes: with the greeting, right after the
// login because there are too many connections, or between the mails of an
// answer. What it had given by then counts, and the rest comes the next time.
func TestAServiceSaysGoodbye(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]func(s *script){
		"with the greeting": func(s *script) {
			s.onFirst["GREETING"] = func(c *scriptConn, _ string) { c.say("* BYE Too many connections\r\n") }
		},
		"after the login": func(s *script) {
			s.onFirst["LOGIN"] = func(c *scriptConn, tag string) {
				c.say("%s OK done\r\n* BYE Too many connections for this user\r\n", tag)
			}
		},
		"between two mails": func(s *script) {
			s.mails[2].odd = onBody(func(c *scriptConn, uid int) {
				c.s.mails[uid].odd = nil
				c.say("* BYE Session invalidated - AccessTokenExpired\r\n")
				_ = c.Close()
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			s := newScript(t, textMails(letters(3)...))
			s.change(func() { set(s) })
			p := d.poller(d.mailboxAt(s.addr))
			if err := d.pass(p); err == nil {
				t.Error("nothing was wrong")
			}
			d.passes(p)
			d.wantWhole(letters(3)...)
		})
	}
}

// Goodbye while we wait for new mail ends the waiting, not the polling.
func TestGoodbyeWhileWeWait(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := newScript(t, textMails(letters(3)...))
	s.first("IDLE", func(c *scriptConn, _ string) { c.say("+ idling\r\n* BYE Idle for too long\r\n") })
	m := d.mailboxAt(s.addr)
	session, err := connect(t.Context(), m.withDefaults())
	d.must(err)
	defer session.close()
	if _, err := session.idle(t.Context(), time.Hour); err == nil {
		t.Error("it waits on a connection that is over")
	}
	d.passes(d.poller(m))
	d.wantWhole(letters(3)...)
}

// A mailbox is migrated to another service: other UIDs, another UIDVALIDITY,
// and every mail with the day of the migration. What is known is known by its
// bytes, nothing is taken in twice, and what the landlord had before the
// mailbox's start stays alone although its date is new.
func TestAMigratedMailbox(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	old := "Received: from outside by mx.landlord.example; Mon, 5 Oct 2026 10:00:00 +0000\r\nSubject: Long ago\r\n\r\nLong ago.\r\n"
	s := newScript(t, textMails(append(letters(4), old)...))
	s.change(func() { s.mails[5].date = "05-Oct-2026 10:00:00 +0000" })
	p := d.poller(d.mailboxAt(s.addr))
	d.passes(p)
	d.wantWhole(letters(4)...)
	s.change(func() {
		moved := map[int]*scripted{}
		for uid, m := range s.mails {
			moved[1000-uid] = &scripted{text: m.text, date: "26-Nov-2026 03:00:00 +0000"}
		}
		s.mails, s.validity = moved, 99
	})
	d.clock.Advance(4 * 24 * time.Hour)
	for range 2 {
		d.passes(p)
		d.passes(d.poller(d.mailboxAt(s.addr))) // as after a restart
	}
	d.wantWhole(letters(4)...)
	s.change(func() { s.mails[1001] = &scripted{text: letter(5)} })
	d.passes(p)
	d.wantWhole(letters(5)...)
}

// Gmail shows one mail under each of its labels, as if it were in several
// folders: it is one message.
func TestLabelsThatLookLikeFolders(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for i, label := range []string{"INBOX", "Repairs", "[Gmail]/All Mail"} {
		s := newScript(t, textMails(letters(3)...))
		m := d.mailboxAt(s.addr)
		m.Name, m.Folder = fmt.Sprintf("label%d", i), label
		d.passes(d.poller(m))
	}
	d.wantWhole(letters(3)...)
}

// MOVE without UIDPLUS, as on some servers that never say where a mail went.
func TestMoveWithoutUIDPLUS(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := newScript(t, textMails(letters(3)...))
	s.change(func() { s.caps = "IMAP4rev1 IDLE MOVE" })
	m := d.mailboxAt(s.addr)
	m.FiledFolder = "Filed"
	d.passes(d.poller(m))
	d.wantWhole(letters(3)...)
	s.change(func() {
		if len(s.mails) != 0 || len(s.filed) != 3 {
			t.Errorf("%d mails left and %d filed", len(s.mails), len(s.filed))
		}
	})
}
