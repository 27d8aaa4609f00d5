package notify

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"

	"postroom/internal/register"
	"postroom/notify/smtptest"
)

func TestALateServerGetsItExactlyOnce(t *testing.T) { // F29
	t.Parallel()
	for _, where := range []string{"MAIL", "RCPT", "DATA"} {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			first := func(n int) smtptest.Action {
				if n == 1 {
					return smtptest.Later
				}
				return smtptest.Accept
			}
			switch where {
			case "MAIL":
				d.office.onMail = first
			case "RCPT":
				d.office.onRcpt = func(n int, _ string) smtptest.Action { return first(n) }
			case "DATA":
				d.office.onData = func(n int, _ string) smtptest.Action { return first(n) }
			}
			o := d.complaint(1)
			d.work()
			again := d.until(o.Owed[0].ID, "owed again", func(o register.Outgoing) bool { return o.Failures == 1 && o.State == register.Owed })
			if !again.NotBefore.After(d.clock.Now()) || strings.Contains(again.Why, "@") || !strings.Contains(again.Why, "451 4.7.1") {
				t.Errorf("not before %v, why %q", again.NotBefore, again.Why)
			}
			d.clock.Advance(3 * time.Minute)
			d.until(o.Owed[0].ID, "sent", is(register.Delivered))
			if n := len(toResidents(d.office.letters())); n != 1 {
				t.Errorf("%d letters arrived, want 1", n)
			}
		})
	}
}

func TestARefusalGoesToAPerson(t *testing.T) { // F29
	t.Parallel()
	d := newDesk(t)
	d.office.onRcpt = func(_ int, to string) smtptest.Action {
		if strings.HasPrefix(to, "person1") {
			return smtptest.Refuse
		}
		return smtptest.Accept
	}
	o, other := d.complaint(1), d.complaint(2)
	d.work()
	got := d.until(o.Owed[0].ID, "refused", is(register.Failed))
	if !strings.Contains(got.Why, "550 5.1.1") || strings.Contains(got.Why, "@") {
		t.Errorf("why %q", got.Why)
	}
	d.until(other.Owed[0].ID, "sent", is(register.Delivered))
	for l := range d.office.arrived {
		if l.to == "lead@larkmere.example" {
			text := string(l.raw)
			if !strings.Contains(text, "Subject: Not sent: "+o.Reference) || strings.Contains(text, "person1") || strings.Contains(text, "heating has been off") {
				t.Errorf("the alert reads:\n%s", text)
			}
			return
		}
	}
}

func TestTheUnknownOutcomeGoesOnceMoreWithTheSameBytes(t *testing.T) { // F29
	t.Parallel()
	for _, how := range []struct {
		name string
		do   smtptest.Action
	}{{"dropped after DATA", smtptest.Drop}, {"hangs after DATA", smtptest.Hang}} {
		t.Run(how.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.cfg.SMTP.Final = 2 * time.Second
			d.office.onData = func(_ int, to string) smtptest.Action {
				if strings.HasPrefix(to, "person") {
					return how.do
				}
				return smtptest.Accept
			}
			o := d.complaint(1)
			d.work()
			d.until(o.Owed[0].ID, "to be sent once more", func(o register.Outgoing) bool { return o.Resend && o.State == register.Owed })
			d.clock.Advance(26 * time.Hour) // another day: rendered afresh it would differ
			d.until(o.Owed[0].ID, "unknown", is(register.Uncertain))
			letters := toResidents(d.office.letters())
			if len(letters) != 2 || !bytes.Equal(letters[0].raw, letters[1].raw) {
				t.Fatalf("%d letters went, want the same one twice", len(letters))
			}
			if header(t, letters[0].raw).Get("Message-Id") != header(t, letters[1].raw).Get("Message-Id") {
				t.Error("the Message-IDs differ")
			}
			d.clock.Advance(time.Hour)
			alarms, err := d.OpenAlarms(t.Context(), 10)
			if err != nil || len(alarms) == 0 || alarms[0].Kind != register.UnsentAlarm {
				t.Errorf("alarms %+v, %v", alarms, err)
			}
		})
	}
}

func TestTheUnknownOutcomeThenAcceptedIsSent(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.office.onData = func(n int, to string) smtptest.Action {
		if n == 1 && strings.HasPrefix(to, "person") {
			return smtptest.Drop
		}
		return smtptest.Accept
	}
	o := d.complaint(1)
	d.work()
	d.until(o.Owed[0].ID, "to be sent once more", func(o register.Outgoing) bool { return o.Resend && o.State == register.Owed })
	d.clock.Advance(time.Minute)
	d.until(o.Owed[0].ID, "sent", is(register.Delivered))
}

func TestAServerThatHangsBeforeDataIsTriedAgain(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.cfg.SMTP.Timeout = 3 * time.Second
	d.office.onRcpt = func(n int, _ string) smtptest.Action {
		if n == 1 {
			return smtptest.Hang
		}
		return smtptest.Accept
	}
	o := d.complaint(1)
	d.work()
	d.until(o.Owed[0].ID, "owed again", func(o register.Outgoing) bool { return o.Failures == 1 && o.State == register.Owed && !o.Resend })
	d.clock.Advance(5 * time.Minute)
	d.until(o.Owed[0].ID, "sent", is(register.Delivered))
	if n := len(d.office.letters()); n != 1 {
		t.Errorf("%d letters", n)
	}
}

func TestAServerThatIsAwayLosesNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	port := d.cfg.SMTP.Port
	d.cfg.SMTP.Port = 1 // nobody listens there
	var owed []register.ID
	for i := range 5 {
		owed = append(owed, d.complaint(i).Owed[0].ID)
	}
	stop := d.work()
	for _, id := range owed {
		d.until(id, "tried", func(o register.Outgoing) bool { return o.Failures > 0 })
	}
	stop()
	d.cfg.SMTP.Port = port
	d.clock.Advance(time.Hour)
	d.work()
	for _, id := range owed {
		d.until(id, "sent", is(register.Delivered))
	}
	if n := len(toResidents(d.office.letters())); n != 5 {
		t.Errorf("%d letters", n)
	}
}

func TestRetriesEndWithAPerson(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.office.onRcpt = func(_ int, to string) smtptest.Action {
		if strings.HasPrefix(to, "person") {
			return smtptest.Later
		}
		return smtptest.Accept
	}
	o := d.complaint(1)
	d.work()
	for n := 1; n < 3; n++ {
		d.until(o.Owed[0].ID, "tried", func(o register.Outgoing) bool { return o.Failures == n && o.State == register.Owed })
		d.clock.Advance(2 * time.Hour)
	}
	got := d.until(o.Owed[0].ID, "held", is(register.Held))
	if !strings.Contains(got.Why, "tried many times") {
		t.Errorf("why %q", got.Why)
	}
	alarms, err := d.OpenAlarms(t.Context(), 10)
	if err != nil || len(alarms) == 0 || alarms[0].Outgoing != got.ID {
		t.Errorf("alarms %+v, %v", alarms, err)
	}
}

func TestAPanicSpoilsOneReplyOnly(t *testing.T) {
	t.Parallel()
	for step, want := range map[string]func(register.Outgoing) bool{
		"archived": is(register.Held),
		"begun":    func(o register.Outgoing) bool { return o.Resend && o.State == register.Owed },
		"data":     func(o register.Outgoing) bool { return o.Resend && o.State == register.Owed },
	} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.cfg.Connections = 1
			first := d.complaint(1)
			var once sync.Once
			d.steps.on[step] = func() { once.Do(func() { panic("a bug at " + step) }) }
			stop := d.work()
			d.until(first.Owed[0].ID, "set aside", want)
			second := d.complaint(2)
			d.until(second.Owed[0].ID, "sent", is(register.Delivered))
			stop()
			for _, l := range d.office.letters() {
				if strings.HasPrefix(l.to, "person1") {
					t.Error("half a mail was delivered")
				}
			}
		})
	}
}

func TestStoppingLetsTheSendInHandFinish(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	inData, goOn := make(chan struct{}), make(chan struct{})
	d.office.onData = func(int, string) smtptest.Action { close(inData); <-goOn; return smtptest.Accept }
	o := d.complaint(1)
	stop := d.work()
	<-inData
	stopped := make(chan struct{})
	go func() { stop(); close(stopped) }()
	select {
	case <-stopped:
		t.Fatal("the worker stopped with a send in hand")
	case <-time.After(50 * time.Millisecond):
	}
	close(goOn)
	<-stopped
	if got := d.until(o.Owed[0].ID, "sent", is(register.Delivered)); got.Attempt != 1 {
		t.Errorf("%+v", got)
	}
}

func TestAStaleAttemptNeverSends(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	o := d.complaint(1)
	stale, err := d.Claim(t.Context(), []register.ID{o.Owed[0].ID}, time.Second, d.cfg.Windows)
	if err != nil {
		t.Fatal(err)
	}
	d.clock.Advance(time.Hour)
	d.work()
	d.until(o.Owed[0].ID, "sent", is(register.Delivered))
	w, err := NewWorker(d.cfg)
	if err != nil {
		t.Fatal(err)
	}
	carryOne(t.Context(), w, job{Claimed: stale[0], claimedAt: d.clock.Now()})
	if n := len(d.office.letters()); n != 1 {
		t.Errorf("%d letters, want 1", n)
	}
}
