package ingest

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"postroom/internal/register"
)

// A batch that could not be registered is taken again, whatever became of those
// that were on their way behind it.
func TestMarkStaysBelowWhatFailed(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := newScript(t, textMails(letters(9)...))
	m := d.mailboxAt(s.addr)
	m.Batch = 1
	p := d.poller(m)
	var failing sync.Once
	d.intake.Step = func(name string) {
		if name == "archived" {
			failing.Do(func() { panic("the register is gone for a moment") })
		}
	}
	if d.passes(p) == 0 {
		t.Error("nothing failed")
	}
	d.wantWhole(letters(9)...)
	d.wantRows(p, 9)
}

// News of a mail's flags may come before what was asked of it (RFC 9051,
// section 7.5.2): the mail has its date all the same, and stays before the start.
func TestFlagsBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := newScript(t, textMails("Subject: heating\r\n\r\nno heat\r\n", "Subject: old\r\n\r\nlong ago\r\n"))
	s.change(func() {
		s.mails[2].date = "01-Jun-2019 09:30:00 +0000"
		for _, m := range s.mails {
			told := false
			m.odd = func(c *scriptConn, uid int, items string) bool {
				if !told && strings.Contains(items, "INTERNALDATE") {
					told = true
					c.say("* %d FETCH (UID %d FLAGS (\\Seen))\r\n", uid, uid)
				}
				return false
			}
		}
	})
	p := d.poller(d.mailboxAt(s.addr))
	for range 3 {
		d.passes(p)
		d.clock.Advance(time.Hour)
	}
	d.wantWhole("Subject: heating\r\n\r\nno heat\r\n")
	if ms := d.messages(); len(ms) == 1 && (ms[0].Basis != register.InternalDate || !ms[0].ReceivedAt.Equal(time.Date(2026, time.November, 23, 9, 30, 0, 0, time.UTC))) {
		t.Errorf("received %v by %v", ms[0].ReceivedAt, ms[0].Basis)
	}
}

// A mail that is taken away, or is not given, in the middle of its slices is
// not taken for whole.
func TestMailGoneBetweenItsSlices(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(c *scriptConn, uid int){
		"nothing": func(*scriptConn, int) {},
		"NIL":     func(c *scriptConn, uid int) { c.say("* %d FETCH (UID %d BODY[]<%d> NIL)\r\n", uid, uid, sliceSize) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			long := "Subject: heating\r\n\r\n" + strings.Repeat("no heat\r\n", sliceSize/5)
			s := newScript(t, textMails(long))
			s.change(func() {
				refused := 0
				s.mails[1].odd = func(c *scriptConn, uid int, items string) bool {
					if strings.Contains(items, "BODY.PEEK[])") {
						return true // so that it is asked for in slices
					}
					if refused == 0 && strings.Contains(items, fmt.Sprintf("<%d.", sliceSize)) {
						refused++
						answer(c, uid)
						return true
					}
					return false
				}
			})
			p := d.poller(d.mailboxAt(s.addr))
			for range 4 {
				d.passes(p)
				d.clock.Advance(time.Hour)
			}
			d.wantWhole(long)
		})
	}
}
