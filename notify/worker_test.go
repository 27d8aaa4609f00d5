package notify

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/notify/smtptest"
)

// toResidents are the letters that did not go to our own people.
func toResidents(all []letter) []letter {
	var some []letter
	for _, l := range all {
		if !strings.Contains(l.to, "@larkmere.example") && !strings.Contains(l.to, "@landlord.example") {
			some = append(some, l)
		}
	}
	return some
}

func header(t *testing.T, raw []byte) mail.Header {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return m.Header
}

func TestAnAcknowledgementArrivesOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	o := d.complaint(1)
	d.work()
	got := d.until(o.Owed[0].ID, "sent", is(register.Delivered))
	letters := toResidents(d.office.letters())
	if len(letters) != 1 || letters[0].to != "person1@mail.example" || letters[0].from != "complaints@larkmere.example" {
		t.Fatalf("letters %+v", letters)
	}
	h := header(t, letters[0].raw)
	if h.Get("Message-Id") != "<"+got.MessageID+">" || h.Get("Subject") != "Your complaint "+o.Reference || got.Subject != h.Get("Subject") {
		t.Errorf("header %v, recorded %q, %q", h, got.MessageID, got.Subject)
	}
	kept, err := d.cfg.Archive.Get(t.Context(), got.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close() //nolint:errcheck // only read
	if want, err := io.ReadAll(kept); err != nil || !bytes.Equal(want, letters[0].raw) {
		t.Errorf("the archive does not hold what was sent (%v)", err)
	}
	if got.Promised.String() != "2026-12-07" {
		t.Errorf("promised %s", got.Promised)
	}
	d.steps.mu.Lock()
	defer d.steps.mu.Unlock()
	for _, step := range []string{"claimed", "archived", "connected", "rcpt", "begun", "data", "accepted", "recorded"} {
		if d.steps.count[step] != 1 {
			t.Errorf("the step %s was taken %d times", step, d.steps.count[step])
		}
	}
}

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
			d.cfg.SMTP.Final = 300 * time.Millisecond
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
	d.cfg.SMTP.Timeout = 200 * time.Millisecond
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

func TestRedisIsNeverMissed(t *testing.T) { // F30
	t.Parallel()
	t.Run("down from the start", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t)
		if err := d.queue.Close(); err != nil {
			t.Fatal(err)
		}
		var owed []register.ID
		for i := range 20 {
			owed = append(owed, d.complaint(i).Owed[0].ID)
		}
		d.work()
		for _, id := range owed {
			d.until(id, "sent", is(register.Delivered))
		}
		if n := len(toResidents(d.office.letters())); n != 20 {
			t.Errorf("%d letters, want 20", n)
		}
	})
	t.Run("never told", func(t *testing.T) { // as after a FLUSHALL: no hint is there, nor ever was
		t.Parallel()
		d := newDesk(t)
		d.work()
		o := d.complaint(1)
		d.until(o.Owed[0].ID, "sent", is(register.Delivered))
	})
	t.Run("told twice", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t)
		o := d.complaint(1)
		d.work()
		w, err := NewWorker(d.cfg)
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			w.put(t.Context(), o.Owed)
		}
		d.until(o.Owed[0].ID, "sent", is(register.Delivered))
		for range 5 {
			w.put(t.Context(), o.Owed)
		}
		next := d.complaint(2)
		d.until(next.Owed[0].ID, "sent", is(register.Delivered))
		if n := len(d.office.letters()); n != 2 {
			t.Errorf("%d letters, want 2", n)
		}
	})
}

func TestTwoWorkersSendEachOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	var owed []register.ID
	for i := range 60 {
		owed = append(owed, d.complaint(i).Owed[0].ID)
	}
	d.cfg.Guard.Caps = Caps{}
	d.work()
	d.work()
	for _, id := range owed {
		d.until(id, "sent", is(register.Delivered))
	}
	seen := map[string]int{}
	for _, l := range d.office.letters() {
		seen[l.to]++
	}
	for to, n := range seen {
		if n != 1 {
			t.Errorf("%s got %d", to, n)
		}
	}
	if len(seen) != 60 {
		t.Errorf("%d were answered, want 60", len(seen))
	}
	if n := d.office.server.Connections(); n > 8 {
		t.Errorf("%d connections were opened for 60 mails", n)
	}
}

func TestNearMidnight(t *testing.T) { // F31
	t.Parallel()
	for _, row := range []struct {
		name     string
		now      time.Time
		promised string
		date     string
	}{
		{"a minute before midnight in London", time.Date(2026, 11, 24, 23, 59, 0, 0, time.UTC), "2026-12-08", "Tue, 24 Nov 2026 23:59:00 +0000"},
		{"a minute after", time.Date(2026, 11, 25, 0, 1, 0, 0, time.UTC), "2026-12-09", "Wed, 25 Nov 2026 00:01:00 +0000"},
		{"summer: midnight UTC has long passed in London", time.Date(2026, 6, 10, 23, 30, 0, 0, time.UTC), "2026-06-25", "Thu, 11 Jun 2026 00:30:00 +0100"},
		{"the evening before the clocks go back", time.Date(2026, 10, 24, 23, 30, 0, 0, time.UTC), "2026-11-06", "Sun, 25 Oct 2026 00:30:00 +0100"},
		{"within the hour that comes twice", time.Date(2026, 10, 25, 1, 30, 0, 0, time.UTC), "2026-11-06", "Sun, 25 Oct 2026 01:30:00 +0000"},
		{"the night in which the clocks go forward", time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC), "2026-04-14", "Sun, 29 Mar 2026 02:00:00 +0100"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.clock.Set(row.now.Add(-time.Minute))
			o := d.complaint(1)
			d.clock.Set(row.now)
			d.work()
			got := d.until(o.Owed[0].ID, "sent", is(register.Delivered))
			raw := toResidents(d.office.letters())[0].raw
			if got.Promised.String() != row.promised || !bytes.Contains(raw, []byte(got.Promised.Long())) {
				t.Errorf("promised %s, want %s, and said in the mail", got.Promised, row.promised)
			}
			if date := header(t, raw).Get("Date"); date != row.date {
				t.Errorf("Date: %s, want %s", date, row.date)
			}
			_, clocks, err := d.GetCase(t.Context(), o.Case)
			if err != nil {
				t.Fatal(err)
			}
			for _, k := range clocks {
				if k.Name == "stage1_answer" && (k.Counts() != got.Promised || k.Promised != got.Promised) {
					t.Errorf("the clock says %s, promised %s; the resident was told %s", k.Due, k.Promised, got.Promised)
				}
			}
		})
	}
}

func TestEverythingHeldStaysOwed(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	var mu sync.Mutex
	held := true
	d.cfg.Held = func() bool { mu.Lock(); defer mu.Unlock(); return held }
	o := d.complaint(1)
	w, err := NewWorker(d.cfg)
	if err != nil {
		t.Fatal(err)
	}
	claimed, err := d.Claim(t.Context(), []register.ID{o.Owed[0].ID}, time.Minute, d.cfg.Windows)
	if err != nil {
		t.Fatal(err)
	}
	carryOne(t.Context(), w, job{Claimed: claimed[0], claimedAt: d.clock.Now()})
	if got := d.until(o.Owed[0].ID, "held in the worker", is(register.Sending)); got.Failures != 0 || len(d.office.letters()) != 0 {
		t.Errorf("%+v", got)
	}
	d.clock.Advance(time.Hour)
	stop := d.work()
	stop()
	if n := len(d.office.letters()); n != 0 {
		t.Fatalf("%d letters left", n)
	}
	mu.Lock()
	held = false
	mu.Unlock()
}

func TestAnOfficerLetsTheCappedGo(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.cfg.Guard.Caps.Recipient = 2
	var owed []register.ID
	for i := range 4 {
		o := d.take("message "+strconv.Itoa(i), nil)
		owed = append(owed, o.Owed[0].ID)
	}
	d.cfg.Connections, d.cfg.Slice = 1, 2
	d.work()
	var held []register.ID
	for _, id := range owed {
		o := d.until(id, "settled", func(o register.Outgoing) bool { return o.State == register.Held || o.State == register.Delivered })
		if o.State == register.Held {
			held = append(held, id)
			if !strings.Contains(o.Why, "already") || strings.Contains(o.Why, "@") {
				t.Errorf("why %q", o.Why)
			}
		}
	}
	if len(held) == 0 || len(held) == 4 {
		t.Fatalf("%d of 4 were held", len(held))
	}
	for _, id := range held {
		if _, err := d.Release(t.Context(), id, "priya", "seen"); err != nil {
			t.Fatal(err)
		}
		d.until(id, "sent", is(register.Delivered))
	}
	if n := len(toResidents(d.office.letters())); n != 4 {
		t.Errorf("%d letters, want 4", n)
	}
}

func TestTheBrakePostponesAndCallsPeople(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.cfg.Guard.Caps = Caps{All: 2}
	d.cfg.Slice, d.cfg.Connections = 2, 1
	var owed []register.ID
	for i := range 8 {
		owed = append(owed, d.complaint(i).Owed[0].ID)
	}
	d.work()
	braked := 0
	for _, id := range owed {
		o := d.until(id, "sent or put off", func(o register.Outgoing) bool { return o.State == register.Delivered || o.Failures > 0 })
		if o.State == register.Owed {
			braked++
		}
	}
	// What is in hand already passes: a slice, and what waits behind it.
	if braked < 2 || braked > 6 {
		t.Errorf("%d of 8 were put off", braked)
	}
	alarms, err := d.OpenAlarms(t.Context(), 10)
	if err != nil || len(alarms) != 1 || alarms[0].Kind != register.BrakeAlarm {
		t.Errorf("alarms %+v, %v", alarms, err)
	}
	for _, id := range owed { // none is cancelled: all go in the end
		for state := register.Owed; state != register.Delivered; {
			d.clock.Advance(2 * time.Hour)
			state = d.until(id, "sent or put off", func(o register.Outgoing) bool {
				return o.State == register.Delivered || o.State == register.Owed && o.NotBefore.After(d.clock.Now())
			}).State
		}
	}
}

func TestAlertsAreFewEnoughToRead(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	w, err := NewWorker(d.cfg)
	if err != nil {
		t.Fatal(err)
	}
	c := owed()
	c.Kind, c.Form, c.To.Address = register.Alert, "", "lead@larkmere.example"
	passed := 0
	for range 100 {
		c.Note = "unsent: a reply is held"
		if w.guard(t.Context(), c).Decision == Send {
			passed++
		}
		c.Note = "emergency: a smell of gas"
		if v := w.guard(t.Context(), c); v.Decision != Send {
			t.Fatalf("an emergency's alert: %+v", v)
		}
	}
	if passed != alertBurst {
		t.Errorf("%d alerts passed at once, want %d", passed, alertBurst)
	}
	d.clock.Advance(time.Hour)
	if c.Note = "deadline: near"; w.guard(t.Context(), c).Decision != Send {
		t.Error("an hour later there is no room for an alert")
	}
}

func TestMachineMailIsNeverAnswered(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	// A person decided that it is a complaint; the address is a machine's all the same.
	o := d.take("robot", func(r *register.Reading, _ *register.Opening) {
		r.Automatic, r.AutomaticWhy = "auto_reply", "Auto-Submitted: auto-replied"
	})
	m, err := d.GetMessage(t.Context(), o.Message)
	if err != nil {
		t.Fatal(err)
	}
	decided, err := d.Decide(t.Context(), register.Ruling{Message: m.ID, Version: m.Version, By: "priya", Label: classify.Complaint, Definition: registertest.Verdict(classify.Complaint).Definition, Reason: "a person wrote it"})
	if err != nil || len(decided.Owed) != 1 {
		t.Fatal(decided, err)
	}
	d.work()
	got := d.until(decided.Owed[0].ID, "held", is(register.Held))
	if !strings.HasPrefix(got.Why, "never: ") || len(toResidents(d.office.letters())) != 0 {
		t.Errorf("why %q, letters %d", got.Why, len(d.office.letters()))
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

func TestTheFailsafeAcknowledgesInTheHoldingForm(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	o := d.take("hard to say", func(_ *register.Reading, o *register.Opening) {
		o.Verdict.Route, o.Verdict.Why = classify.Review, "not sure"
	})
	if o.State != register.InReview {
		t.Fatalf("%+v", o)
	}
	d.clock.Set(time.Date(2026, 11, 27, 12, 1, 0, 0, time.UTC))
	d.work()
	for l := range d.office.arrived {
		if strings.HasPrefix(l.to, "ann@") {
			if !bytes.Contains(l.raw, []byte("One of our team still has to read your message")) || bytes.Contains(l.raw, []byte("heating has been off")) {
				t.Errorf("the reply reads:\n%s", l.raw)
			}
			break
		}
	}
}

func TestEmergenciesCallPeopleByMailAndWebhook(t *testing.T) {
	t.Parallel()
	type call struct{ key, body, auth string }
	calls := make(chan call, 100)
	n := 0
	var mu sync.Mutex
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		n++
		fail := n == 1
		mu.Unlock()
		if fail {
			rw.WriteHeader(http.StatusServiceUnavailable)
		}
		calls <- call{r.Header.Get("Idempotency-Key"), string(body), r.Header.Get("Authorization")}
	}))
	t.Cleanup(server.Close)
	d := newDesk(t)
	d.cfg.Alarms = append(d.cfg.Alarms, register.Recipient{Way: register.ByWebhook, Address: server.URL + "/pager"})
	d.cfg.Webhook = Webhook{Secret: "s3cret", Client: server.Client()}
	o := d.take("gas", func(r *register.Reading, o *register.Opening) {
		r.From.Name = "Zebedee Quill"
		o.Verdict.Flags, o.Verdict.HazardLevel = []classify.Flag{classify.Hazard}, classify.Emergency
	})
	d.work()
	first := <-calls
	sent, err := d.CaseOutgoings(t.Context(), o.Case)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sent {
		if s.Way == register.ByWebhook {
			d.until(s.ID, "to be tried again", func(o register.Outgoing) bool { return o.Failures == 1 && o.State == register.Owed })
		}
	}
	d.clock.Advance(5 * time.Minute)
	second := <-calls
	if first.key != second.key || first.body != second.body || first.key == "" || first.auth != "Bearer s3cret" {
		t.Errorf("calls %+v and %+v", first, second)
	}
	for _, secret := range []string{"Zebedee", "heating", "ann@"} {
		if strings.Contains(first.body, secret) {
			t.Errorf("the webhook was told %q: %s", secret, first.body)
		}
	}
	if !strings.Contains(first.body, `"alarm":"emergency"`) || !strings.Contains(first.body, o.Reference) {
		t.Errorf("the webhook was told %s", first.body)
	}
	var toLead, toAnn bool
	for !toLead || !toAnn {
		l := <-d.office.arrived
		switch l.to {
		case "lead@larkmere.example":
			toLead = true
			if h := header(t, l.raw); h.Get("Auto-Submitted") != "auto-generated" || !strings.HasPrefix(h.Get("Subject"), "Emergency: ") {
				t.Errorf("alert %v", h)
			}
		case "ann@mail.example":
			toAnn = true
			if !bytes.Contains(l.raw, []byte("Phone us now on 01632 960999")) {
				t.Errorf("the reply to an emergency reads:\n%s", l.raw)
			}
		}
	}
	d.clock.Advance(16 * time.Minute) // nobody took it
	if third := <-calls; third.key == first.key {
		t.Error("the second sounding has the key of the first")
	}
}

func TestOnPostgres(t *testing.T) {
	t.Parallel()
	if os.Getenv("POSTROOM_TEST_POSTGRES") == "" {
		t.Skip("integration: POSTROOM_TEST_POSTGRES names no server")
	}
	d := newDeskOn(t, registertest.Postgres)
	var owed []register.ID
	for i := range 30 {
		owed = append(owed, d.complaint(i).Owed[0].ID)
	}
	d.work()
	d.work()
	for _, id := range owed {
		d.until(id, "sent", is(register.Delivered))
	}
	if n := len(toResidents(d.office.letters())); n != 30 {
		t.Errorf("%d letters, want 30", n)
	}
}

// carryOne takes one claimed outgoing the whole way.
func carryOne(ctx context.Context, w *Worker, j job) {
	s := &sender{Worker: w, courier: &courier{server: w.cfg.SMTP, now: time.Now}}
	for _, j := range w.prepare(ctx, []job{j}) {
		s.carry(ctx, j)
	}
	s.settled()
	s.courier.close()
}
