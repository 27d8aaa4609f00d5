package notify

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
)

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
