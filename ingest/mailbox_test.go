package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"

	"postroom/internal/register"
	"postroom/internal/workday"
)

// everyCaps are servers that can move, that can only copy safely, and that can
// do neither.
var everyCaps = map[string][]imap.Cap{
	"IMAP4rev2": {imap.CapIMAP4rev2, imap.CapIdle},
	"UIDPLUS":   {imap.CapUIDPlus},
	"IMAP4rev1": nil,
}

func TestTakeInAndFile(t *testing.T) {
	t.Parallel()
	for name, caps := range everyCaps {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, s := newDesk(t), newMemServer(t, caps...)
			for i, l := range letters(70) {
				var flags []imap.Flag
				if i%2 == 0 { // F5: somebody has read it already
					flags = append(flags, imap.FlagSeen)
				}
				s.deliver("INBOX", l, monday, flags...)
			}
			s.deliver("INBOX", letter(71), monday, imap.FlagDeleted) // by another user
			m := d.mailboxAt(s.addr)
			m.FiledFolder = "Postroom/Filed"
			p := d.poller(m)
			d.passes(p)
			d.wantWhole(letters(71)...)
			d.wantRows(p, 71)
			wantFiled := 71
			if name == "IMAP4rev1" {
				wantFiled = 0
			}
			filed := 0
			if wantFiled > 0 {
				filed = s.count("Postroom/Filed")
			}
			if filed != wantFiled || s.count("INBOX") != 71-wantFiled {
				t.Errorf("%d filed, %d left; want %d filed", filed, s.count("INBOX"), wantFiled)
			}
			d.passes(p)
			d.wantWhole(letters(71)...)
		})
	}
}

// Another person's mail that arrives while a copy is filed, and is marked as
// deleted, is never expunged by us.
func TestFilingSparesOtherMail(t *testing.T) {
	t.Parallel()
	for name, caps := range everyCaps {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, s := newDesk(t), newMemServer(t, caps...)
			s.deliver("INBOX", "Subject: old\r\n\r\nfrom before the start", monday.AddDate(-1, 0, 0), imap.FlagDeleted)
			s.deliver("INBOX", letter(1), monday)
			m := d.mailboxAt(s.addr)
			m.FiledFolder = "Filed"
			d.passes(d.poller(m))
			d.wantWhole(letter(1))
			left := 1
			if name == "IMAP4rev1" {
				left = 2
			}
			if got := s.count("INBOX"); got != left {
				t.Errorf("%d mails in the folder, want %d", got, left)
			}
		})
	}
}

// A filed folder that vanishes costs no mail: rows say what is to be filed,
// and a later look files it.
func TestFilingFails(t *testing.T) {
	t.Parallel()
	for name, caps := range map[string][]imap.Cap{"MOVE": {imap.CapIMAP4rev2}, "COPY": {imap.CapUIDPlus}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, s := newDesk(t), newMemServer(t, caps...)
			for _, l := range letters(3) {
				s.deliver("INBOX", l, monday)
			}
			m := d.mailboxAt(s.addr)
			m.FiledFolder = "Filed"
			p := d.poller(m)
			d.intake.Step = func(name string) {
				if name == "registered" {
					_ = s.user.Delete("Filed")
				}
			}
			d.passes(p)
			d.wantWhole(letters(3)...)
			d.wantRows(p, 3, "1 unfiled", "2 unfiled", "3 unfiled")
			if s.count("INBOX") != 3 || d.status().Unfiled != 3 {
				t.Errorf("%d left, status %+v", s.count("INBOX"), d.status())
			}
			d.intake.Step = nil
			d.passes(p)
			d.wantRows(p, 3)
			if s.count("INBOX") != 0 || s.count("Filed") != 3 {
				t.Errorf("%d left, %d filed", s.count("INBOX"), s.count("Filed"))
			}
			d.wantWhole(letters(3)...)
		})
	}
}

// F4, and a folder made anew under the same UIDVALIDITY, as careless servers
// do.
func TestFolderMadeAnew(t *testing.T) {
	t.Parallel()
	for name, renew := range map[string]func(*script){
		"new UIDVALIDITY": func(s *script) { s.validity++ },
		"same UIDVALIDITY": func(s *script) {
			s.mails = map[int]*scripted{1: s.mails[5], 2: s.mails[4], 3: {text: letter(6)}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, s := newDesk(t), newScript(t, textMails(letters(5)...))
			p := d.poller(d.mailboxAt(s.addr))
			d.passes(p)
			s.change(func() {
				renew(s)
				s.mails[3] = &scripted{text: letter(6)}
			})
			want := append(letters(5), letter(6))
			d.passes(p)
			d.wantWhole(want...)
			d.passes(p)
			d.wantWhole(want...)
		})
	}
}

// Some servers show a mail only after one with a higher UID.
func TestMailBelowTheMark(t *testing.T) {
	t.Parallel()
	for name, restarted := range map[string]bool{"same process": false, "process started again": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, s := newDesk(t), newScript(t, textMails(letters(5)...))
			slow := &scripted{text: letter(3)}
			s.change(func() { delete(s.mails, 3) })
			p := d.poller(d.mailboxAt(s.addr))
			d.passes(p)
			d.wantRows(p, 5)
			s.change(func() { s.mails[3] = slow })
			if restarted {
				p = d.poller(p.mailbox)
			}
			d.passes(p)
			d.wantWhole(letters(5)...)
			before := s.count("UID FETCH")
			d.passes(p)
			if got := s.count("UID FETCH"); got != before {
				t.Errorf("%d more fetches of mails that are known", got-before)
			}
		})
	}
}

// F1: stopped at any step, at any batch, everything is there exactly once
// after the next start.
func TestStoppedAtAnyStep(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"archived", "registered", "hinted", "filed", "advanced"} {
		for nth := 1; nth <= 3; nth++ {
			t.Run(fmt.Sprint(step, nth), func(t *testing.T) {
				t.Parallel()
				d, s := newDesk(t), newMemServer(t, imap.CapIMAP4rev2)
				for _, l := range letters(20) {
					s.deliver("INBOX", l, monday)
				}
				m := d.mailboxAt(s.addr)
				m.FiledFolder, m.Batch = "Filed", 4
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				var mu sync.Mutex
				seen := 0
				d.intake.Step = func(name string) {
					mu.Lock()
					defer mu.Unlock()
					if name == step {
						if seen++; seen == nth {
							stop()
						}
					}
				}
				if err := passOnce(ctx, d.poller(m)); err == nil && seen >= nth && ctx.Err() == nil {
					t.Error("was not stopped")
				}
				d.intake.Step = nil
				p := d.poller(m)
				d.passes(p)
				d.wantWhole(letters(20)...)
				if got := s.count("INBOX"); got != 0 {
					t.Errorf("%d mails left", got)
				}
			})
		}
	}
}

// F3: two pollers at once, without a lease between them.
func TestTwoPollersAtOnce(t *testing.T) {
	t.Parallel()
	d, s := newDesk(t), newMemServer(t, imap.CapIMAP4rev2)
	for _, l := range letters(200) {
		s.deliver("INBOX", l, monday)
	}
	m := d.mailboxAt(s.addr)
	m.FiledFolder, m.Batch = "Filed", 8
	var both sync.WaitGroup
	for range 2 {
		p := d.poller(m)
		both.Go(func() {
			for range 20 {
				if passOnce(t.Context(), p) == nil {
					return
				}
			}
		})
	}
	both.Wait()
	p := d.poller(m)
	d.passes(p)
	d.wantWhole(letters(200)...)
	if rows, _ := d.rows(p); len(rows) != 0 || s.count("INBOX") != 0 {
		t.Errorf("rows %q, %d mails left", rows, s.count("INBOX"))
	}
}

// Nothing is lost and the mark stands still while the register or the disk is
// away.
func TestRegisterAway(t *testing.T) {
	t.Parallel()
	d, s := newDesk(t), newMemServer(t, imap.CapIMAP4rev2)
	for _, l := range letters(5) {
		s.deliver("INBOX", l, monday)
	}
	m := d.mailboxAt(s.addr)
	m.FiledFolder = "Filed"
	p := d.poller(m)
	away := newDesk(t).intake.Register
	d.must(away.Close())
	here := d.intake.Register
	d.intake.Step = func(name string) {
		if name == "archived" {
			d.intake.Register = away
		}
	}
	if err := d.pass(p); err == nil {
		t.Fatal("took mail in without a register")
	}
	d.intake.Step, d.intake.Register = nil, here
	d.wantRows(p, 0)
	if got := s.count("INBOX"); got != 5 {
		t.Fatalf("%d mails left", got)
	}
	d.passes(p)
	d.wantWhole(letters(5)...)
}

// F9: what is too large is shown, stays where it is, and is fetched when the
// cap is raised.
func TestTooLarge(t *testing.T) {
	t.Parallel()
	for name, listed := range map[string]int{"as listed": 0, "larger than listed": 100} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, s := newDesk(t), newScript(t, textMails(letters(3)...))
			huge := letter(2) + strings.Repeat("padding\r\n", 10_000)
			s.change(func() { s.mails[2] = &scripted{text: huge, size: listed} })
			m := d.mailboxAt(s.addr)
			m.SizeCap, m.FiledFolder = 20_000, "Filed"
			p := d.poller(m)
			d.passes(p)
			d.wantWhole(letter(1), letter(3))
			_, standIns := d.originals()
			if len(standIns) != 1 || !strings.Contains(standIns[0], "Subject: Heating 2\r\n") || !strings.Contains(standIns[0], "too large") {
				t.Fatalf("stand-ins %q", standIns)
			}
			d.wantRows(p, 3, "2 parked")
			s.change(func() {
				if _, still := s.mails[2]; !still {
					t.Error("the large mail was moved away")
				}
			})
			d.passes(p)
			d.clock.Advance(2 * time.Hour)
			d.passes(p)
			if _, again := d.originals(); len(again) != 1 {
				t.Errorf("%d stand-ins for one mail", len(again))
			}
			m.SizeCap = 1 << 20
			p = d.poller(m)
			d.passes(p)
			d.clock.Advance(2 * time.Hour)
			d.passes(p)
			d.wantWhole(letter(1), huge, letter(3))
			d.wantRows(p, 3)
		})
	}
}

// F10: Exchange's note in a mail's place is not taken for the mail.
func TestStub(t *testing.T) {
	t.Parallel()
	stub := "From: \"Microsoft Exchange Server\" <x@example.org>\r\nSubject: Retrieval using the IMAP4 protocol failed for the following\r\n message: 17\r\n\r\nThe server couldn't retrieve the following message"
	for name, mended := range map[string]bool{"mended soon": true, "for good": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, s := newDesk(t), newScript(t, textMails(letter(1), stub, letter(3)))
			p := d.poller(d.mailboxAt(s.addr))
			d.passes(p)
			d.wantWhole(letter(1), letter(3))
			d.wantRows(p, 3, "2 pending")
			if mended {
				s.change(func() { s.mails[2].text = letter(2) })
			}
			for range 4 {
				d.clock.Advance(10 * time.Minute)
				d.passes(p)
			}
			if mended {
				d.wantWhole(letters(3)...)
				d.wantRows(p, 3)
				return
			}
			if _, standIns := d.originals(); len(standIns) != 1 || !strings.Contains(standIns[0], "sent a note instead") {
				t.Errorf("stand-ins %q", standIns)
			}
			d.wantRows(p, 3, "2 parked")
		})
	}
}

// F6 and F9: mails with nothing in them are mails.
func TestOddMails(t *testing.T) {
	t.Parallel()
	odd := []string{
		"", "\r\n", "no header at all", "Message-ID: \r\n\r\nempty id", "Message-ID: <1@x>\r\n\r\none body",
		"Message-ID: <1@x>\r\n\r\nanother body", "Message-ID: <2@x>\r\n\r\none body", "Received: nonsense\r\n\r\n",
		strings.Repeat("\x00\r\n\xff", 3000), "From x\r\n" + letter(1), strings.Repeat("Received: ;", 9000), seventyAttachments(),
	}
	d, s := newDesk(t), newScript(t, textMails(odd...))
	p := d.poller(d.mailboxAt(s.addr))
	d.passes(p)
	d.wantWhole(odd[1:]...)
	if _, standIns := d.originals(); len(standIns) != 1 || !strings.Contains(standIns[0], "is empty") {
		t.Errorf("stand-ins %q", standIns)
	}
	d.wantRows(p, uint32(len(odd)))
}

func seventyAttachments() string {
	part := "--x\r\nContent-Type: application/octet-stream; name=photo.jpg\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n"
	return "Subject: seventy\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n" + strings.Repeat(part, 70) + "--x--\r\n"
}

// F7: the same mail in two folders is one message, and the junk folder's is
// marked.
func TestJunkFolder(t *testing.T) {
	t.Parallel()
	d, s := newDesk(t), newMemServer(t, imap.CapIMAP4rev2)
	d.must(s.user.Create("Junk", nil))
	s.deliver("INBOX", letter(1), monday)
	s.deliver("Junk", letter(1), monday)
	s.deliver("Junk", letter(2), monday)
	inbox := d.mailboxAt(s.addr)
	junk := inbox
	junk.Name, junk.Folder, junk.Junk = "complaints junk", "Junk", true
	d.passes(d.poller(inbox))
	d.passes(d.poller(junk))
	d.wantWhole(letter(1), letter(2))
	for _, m := range d.messages() {
		if wantJunk := m.Source == "complaints junk"; m.Junk != wantJunk || wantJunk != (d.original(m) == letter(2)) {
			t.Errorf("message from %s: junk %v", m.Source, m.Junk)
		}
	}
}

// The start keeps a new mailbox from flooding people, and loses nothing that
// arrives afterwards, whatever a stranger writes into its header.
func TestStart(t *testing.T) {
	t.Parallel()
	old := "Received: from a by b; Mon, 5 Oct 2026 09:00:00 +0100\r\n"
	d, s := newDesk(t), newMemServer(t, imap.CapIMAP4rev2)
	start := workday.Date{Year: 2026, Month: time.November, Day: 1}.Start()
	s.deliver("INBOX", letter(1), start.Add(-time.Second))
	s.deliver("INBOX", letter(2), start)
	s.deliver("INBOX", old+letter(3), monday)
	p := d.poller(d.mailboxAt(s.addr))
	d.passes(p)
	d.wantWhole(letter(2))
	d.wantRows(p, 3)
	s.deliver("INBOX", old+letter(4), monday)
	d.passes(p)
	d.wantWhole(letter(2), old+letter(4))
	for _, m := range d.messages() {
		if d.original(m) == old+letter(4) && m.Basis != register.ReceivedHeader {
			t.Errorf("received %v by %v", m.ReceivedAt, m.Basis)
		}
	}
	if s.count("INBOX") != 4 {
		t.Error("mail was touched")
	}
	s.deliver("INBOX", letter(5), time.Unix(60, 0)) // the server's clock has lost its battery
	d.passes(p)
	d.wantWhole(letter(2), old+letter(4), letter(5))
}

// The queue is told of what can be read, by its deadline; what has a problem
// goes to a person.
func TestHints(t *testing.T) {
	t.Parallel()
	d, s := newDesk(t), newMemServer(t, imap.CapIMAP4rev2)
	for _, l := range letters(3) {
		s.deliver("INBOX", l, monday)
	}
	d.passes(d.poller(d.mailboxAt(s.addr)))
	claims, err := d.intake.Queue.Claim(t.Context(), ReadLane, 10, time.Minute)
	d.must(err)
	var want, got []string
	for _, m := range d.messages() {
		want = append(want, m.ID)
	}
	for _, c := range claims {
		got = append(got, c.ID)
	}
	slices.Sort(want)
	slices.Sort(got)
	if len(got) != 3 || !slices.Equal(got, want) {
		t.Errorf("hints %q, messages %q", got, want)
	}
}

// F16: a mailbox that falls silent says so, until mail comes again.
func TestSilentMailbox(t *testing.T) {
	t.Parallel()
	d, s := newDesk(t), newMemServer(t, imap.CapIMAP4rev2)
	m := d.mailboxAt(s.addr)
	m.SilentAfter = 24 * time.Hour
	p := d.poller(m)
	d.passes(p)
	if got := d.status().Problem; got != "" {
		t.Errorf("problem %q", got)
	}
	d.clock.Advance(25 * time.Hour)
	d.passes(p)
	if got := d.status().Problem; got != errQuiet.Error() {
		t.Errorf("problem %q", got)
	}
	s.deliver("INBOX", letter(1), monday)
	d.passes(p)
	if got := d.status(); got.Problem != "" || got.LastUID != 1 {
		t.Errorf("status %+v", got)
	}
}

// A hint wakes a poller whose next poll is an hour away.
func TestIdleWakes(t *testing.T) {
	t.Parallel()
	d, s := newDesk(t), newScript(t, textMails(letter(1)))
	more := func(c *scriptConn) {
		if len(s.mails) < 3 {
			s.mails[len(s.mails)+1] = &scripted{text: letter(len(s.mails) + 1)}
			c.say("* %d EXISTS\r\n", len(s.mails))
		}
	}
	s.change(func() { s.onIdle = more })
	m := d.mailboxAt(s.addr)
	m.PollEvery, m.IdleFor = time.Hour, time.Hour
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- d.poller(m).Run(ctx) }()
	d.log.await(t, "uid=3 ")
	stop()
	if err := <-ended; err != nil {
		t.Errorf("Run: %v", err)
	}
	d.wantWhole(letters(3)...)
}

// Run polls, and stops when told.
func TestRun(t *testing.T) {
	t.Parallel()
	for name, caps := range everyCaps {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, s := newDesk(t), newMemServer(t, caps...)
			m := d.mailboxAt(s.addr)
			m.PollEvery = 5 * time.Millisecond
			p := d.poller(m)
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error)
			go func() { ended <- p.Run(ctx) }()
			for i, l := range letters(3) {
				s.deliver("INBOX", l, monday)
				d.log.await(t, fmt.Sprintf("msg=\"mail registered\" mailbox=complaints uid=%d ", i+1))
			}
			stop()
			if err := <-ended; err != nil {
				t.Errorf("Run: %v", err)
			}
			d.wantWhole(letters(3)...)
			if held, err := d.intake.Register.Lease(t.Context(), "mailbox:complaints/INBOX", "somebody", time.Minute); !held || err != nil {
				t.Errorf("the lease was not given back: %v", err)
			}
		})
	}
}

// While one poller has the lease another waits; when the first loses it, it
// stops at once.
func TestLease(t *testing.T) {
	t.Parallel()
	d, s := newDesk(t), newMemServer(t, imap.CapIMAP4rev2, imap.CapIdle)
	s.deliver("INBOX", letter(1), monday)
	m := d.mailboxAt(s.addr)
	m.Timeouts.Lease = 5 * time.Second // renewed each second
	p := d.poller(m)
	lease := "mailbox:complaints/INBOX"
	held, err := d.intake.Register.Lease(t.Context(), lease, "another", time.Hour)
	if !held || err != nil {
		t.Fatal(held, err)
	}
	if err := p.turn(t.Context()); !errors.Is(err, errElsewhere) {
		t.Fatalf("got %v", err)
	}
	d.wantWhole()
	d.must(d.intake.Register.Unlease(t.Context(), lease, "another"))
	ended := make(chan error)
	go func() { ended <- p.turn(t.Context()) }()
	d.log.await(t, "mail registered")
	d.must(d.intake.Register.Unlease(t.Context(), lease, p.holder))
	if held, err := d.intake.Register.Lease(t.Context(), lease, "another", time.Hour); !held || err != nil {
		// The poller was quicker to renew it; take it by the clock.
		d.clock.Advance(time.Hour)
		held, err = d.intake.Register.Lease(t.Context(), lease, "another", 2*time.Hour)
		if !held || err != nil {
			t.Fatal(held, err)
		}
	}
	if err := <-ended; !errors.Is(err, errLeaseLost) {
		t.Errorf("got %v", err)
	}
}

// An outage is survived, slowly; F14: the token is asked for anew each time.
func TestOutage(t *testing.T) {
	t.Parallel()
	d, s := newDesk(t), newScript(t, textMails(letters(2)...))
	bye := func(c *scriptConn, _ string) { c.say("* BYE over quota, come back later\r\n") }
	s.first("GREETING", bye)
	s.first("SELECT", func(c *scriptConn, tag string) {
		c.say("%s NO [THROTTLED] too many requests\r\n", tag)
		s.first("UID FETCH", bye)
	})
	tokens := 0
	m := d.mailboxAt(s.addr)
	m.Auth = OAuth2
	m.Password = func(context.Context) (string, error) {
		tokens++
		return fmt.Sprint("token", tokens), nil
	}
	s.change(func() { s.caps += " SASL-IR AUTH=XOAUTH2" })
	p := d.poller(m)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- p.Run(ctx) }()
	d.log.await(t, "uid=2 ")
	stop()
	if err := <-ended; err != nil {
		t.Errorf("Run: %v", err)
	}
	d.wantWhole(letters(2)...)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.logins) < 3 || s.logins[0] == s.logins[1] {
		t.Errorf("logins %q", s.logins)
	}
}

// Refused logins are not repeated quickly: accounts get locked.
func TestBackoff(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	m := d.mailboxAt(newScript(t, nil).addr)
	m.Timeouts.Reconnect = time.Second
	p := d.poller(m)
	last := time.Duration(0)
	for range 12 {
		wait := p.afterFailure(t.Context(), errors.New("away"))
		if wait < last/2 || wait > 200*time.Second {
			t.Errorf("waits %v after %v", wait, last)
		}
		last = wait
	}
	if last < 100*time.Second {
		t.Errorf("waits only %v in the end", last)
	}
	p.failed = 0
	if wait := p.afterFailure(t.Context(), p.mailbox.trouble(LoginRefused, errors.New("no"))); wait < 40*time.Second {
		t.Errorf("a refused login is repeated after %v", wait)
	}
	for n, want := range []time.Duration{60, 120, 240, 480, 960, 1800, 1800} {
		p.failed, p.ahead = n, true // nothing is narrowed down while they limit us
		wait := p.afterFailure(t.Context(), p.mailbox.trouble(TurnedAway, errors.New("goodbye")))
		if wait > want*time.Second || wait < want*time.Second*6/10 || p.ahead {
			t.Errorf("limited for the %dth time, waits %v", n+1, wait)
		}
	}
	p.failed = 0
	asked := &imap.Error{Type: imap.StatusResponseTypeBad, Text: "Request is throttled. Suggested Backoff Time: 299995 milliseconds"}
	if wait := p.afterFailure(t.Context(), p.mailbox.limits(asked)); wait < 190*time.Second || wait > 300*time.Second {
		t.Errorf("asked to stay away for five minutes, waits %v", wait)
	}
	p.failed = 0
	p.ahead = true
	if wait := p.afterFailure(t.Context(), errors.New("narrowing")); wait > time.Second || p.failed != 0 {
		t.Errorf("waits %v", wait)
	}
}
