package registertest_test

import (
	"errors"
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
)

func TestTheFailsafeActsOnceAndLeavesTheMessageToPeople(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		v := registertest.Verdict(classify.ServiceRequest)
		v.Route, v.Second = classify.Review, classify.Complaint
		o := d.take("hmm", register.Opening{Reading: registertest.Reading("1@x", "ann@example.com", "hmm"), Verdict: v})
		if o.State != register.InReview {
			t.Fatalf("%+v", o)
		}
		before := time.Date(2026, 11, 27, 11, 59, 0, 0, time.UTC)
		if ids, err := d.Undecided(t.Context(), before, 10); err != nil || len(ids) != 0 {
			t.Errorf("undecided before noon of working day 4: %v %v", ids, err)
		}
		d.clock.Set(before.Add(time.Minute))
		ids, err := d.Undecided(t.Context(), d.clock.Now(), 10)
		d.must(err)
		if len(ids) != 1 {
			t.Fatalf("undecided %v", ids)
		}
		acted, err := d.Failsafe(t.Context(), ids)
		d.must(err)
		d.must(acted[0].Err)
		if len(acted[0].Owed) != 1 || d.outgoing(acted[0].Owed[0].ID).Form != register.Holding {
			t.Fatalf("acted %+v", acted)
		}
		if again, _ := d.Failsafe(t.Context(), ids); len(again[0].Owed) != 0 {
			t.Error("the fail-safe acted twice")
		}
		m := d.message(o.Message)
		if m.State != register.InReview || m.Case == "" {
			t.Errorf("message %+v", m)
		}
		ruled, err := d.Decide(t.Context(), register.Ruling{
			Message: m.ID, Version: m.Version, By: "officer:bo", Label: classify.Complaint, Reason: "it is one",
			Definition: classify.Definition{Issues: []string{"No heating."}}, Words: true,
		})
		d.must(err)
		if ruled.Case != m.Case || len(ruled.Owed) != 1 || d.outgoing(ruled.Owed[0].ID).Form != register.Defined {
			t.Errorf("ruled %+v", ruled)
		}
		if got := d.outgoing(acted[0].Owed[0].ID).State; got != register.Cancelled {
			t.Errorf("the holding form that had not gone is %s, want cancelled", got)
		}
	})
}

func TestTheFailsafeLeavesMachineMailAndUnreadableMailToPeople(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		rd := registertest.Reading("1@x", "robot@example.com", "x")
		rd.Automatic = "list"
		d.take("robot", register.Opening{Reading: rd, Verdict: registertest.Verdict(classify.Complaint)})
		d.take("broken", register.Opening{Reading: register.Reading{Automatic: "none", Error: "cannot be read"}})
		d.receive(registertest.Arrival("never read", d.clock.Now()))
		d.clock.Advance(10 * 24 * time.Hour)
		ids, err := d.Undecided(t.Context(), d.clock.Now(), 10)
		d.must(err)
		acted, err := d.Failsafe(t.Context(), ids)
		d.must(err)
		for _, a := range acted {
			if len(a.Owed) != 0 || a.Err != nil {
				t.Errorf("acted on %+v", a)
			}
		}
		alarms, err := d.OpenAlarms(t.Context(), 10)
		d.must(err)
		if len(acted) != 3 || len(alarms) != 3 {
			t.Errorf("%d acted, %d alarms, want 3 and 3", len(acted), len(alarms))
		}
	})
}

// A mail that nobody could read in time is left to people, as nobody knows whom
// to answer. Once it is read the fail-safe acts, unless they do.
func TestTheFailsafeActsOnMailThatWasReadLate(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		got := d.receive(registertest.Arrival("read late", d.clock.Now()))[0]
		d.clock.Set(d.message(got.ID).FailsafeAt)
		acted, err := d.Failsafe(d.t.Context(), []register.ID{got.ID})
		d.must(err)
		if len(acted[0].Owed) != 0 || d.message(got.ID).State != register.Arrived {
			d.t.Fatalf("unread: %+v", acted[0])
		}
		v := registertest.Verdict(classify.Complaint)
		v.Route = classify.Review
		opened, err := d.Open(d.t.Context(), []register.Opening{{Message: got.ID, Reading: registertest.Reading("1@x", "ann@example.com", "hm"), Verdict: v}})
		d.must(err)
		d.must(opened[0].Err)
		if ids, err := d.Undecided(d.t.Context(), d.clock.Now(), 10); err != nil || len(ids) != 0 {
			d.t.Errorf("people had no time: %v %v", ids, err)
		}
		d.clock.Advance(time.Hour)
		ids, err := d.Undecided(d.t.Context(), d.clock.Now(), 10)
		d.must(err)
		acted, err = d.Failsafe(d.t.Context(), ids)
		d.must(err)
		if len(acted) != 1 || len(acted[0].Owed) != 1 || d.outgoing(acted[0].Owed[0].ID).Form != register.Holding {
			d.t.Errorf("acted %+v", acted)
		}
	})
}

func TestEmergenciesSoundUntilTaken(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		v := registertest.Verdict(classify.ServiceRequest)
		v.HazardLevel, v.Flags = classify.Emergency, []classify.Flag{classify.Hazard}
		d.take("gas", register.Opening{Reading: registertest.Reading("1@x", "ann@example.com", "gas"), Verdict: v})
		to := []register.Recipient{{Way: register.ByEmail, Address: "duty@landlord.example"}, {Way: register.ByWebhook, Address: "https://pager.example/"}}
		sound := func() int {
			hints, err := d.Sound(t.Context(), d.clock.Now(), to)
			d.must(err)
			return len(hints)
		}
		if got := sound(); got != 2 {
			t.Fatalf("sounded %d alerts, want 2", got)
		}
		if got := sound(); got != 0 {
			t.Errorf("sounded again at once: %d", got)
		}
		d.clock.Advance(15 * time.Minute)
		if got := sound(); got != 2 {
			t.Errorf("sounded %d the second time", got)
		}
		alarms, err := d.OpenAlarms(t.Context(), 10)
		d.must(err)
		d.must(d.TakeAlarm(t.Context(), alarms[0].ID, "officer:bo"))
		if err := d.TakeAlarm(t.Context(), alarms[0].ID, "officer:cy"); !errors.Is(err, register.ErrConflict) {
			t.Errorf("taken twice: %v", err)
		}
		d.clock.Advance(time.Hour)
		if got := sound(); got != 0 {
			t.Errorf("sounded after it was taken: %d", got)
		}
	})
}

func TestDeadlinesAreWarnedOfOnce(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		v := registertest.Verdict(classify.Complaint)
		v.Route = classify.Review
		d.take("hm", register.Opening{Reading: registertest.Reading("1@x", "ann@example.com", "hm"), Verdict: v})
		warn := func() int {
			n, err := d.Warn(t.Context(), d.clock.Now())
			d.must(err)
			return n
		}
		if got := warn(); got != 0 {
			t.Errorf("warned %d five days before", got)
		}
		d.clock.Set(time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC))
		if first, second := warn(), warn(); first != 1 || second != 0 {
			t.Errorf("two days before: %d then %d", first, second)
		}
		d.clock.Set(time.Date(2026, 11, 27, 9, 0, 0, 0, time.UTC))
		if first, second := warn(), warn(); first != 1 || second != 0 {
			t.Errorf("one day before: %d then %d", first, second)
		}
	})
}

func TestStatusCounts(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		d.complaint("cold", "ann@example.com")
		d.receive(registertest.Arrival("unread", d.clock.Now()))
		d.must(d.NotePoll(t.Context(), register.MailboxStatus{Mailbox: "inbox", PolledAt: d.clock.Now(), LastUID: 7}))
		d.must(d.NotePoll(t.Context(), register.MailboxStatus{Mailbox: "inbox", Problem: "refused"}))
		s, err := d.Status(t.Context())
		d.must(err)
		if s.Arrived != 1 || s.InReview != 0 || s.Owed != 1 || s.NextDeadline.String() != "2026-11-30" || s.LastKnownHoliday != 2028 {
			t.Errorf("status %+v", s)
		}
		if len(s.Mailboxes) != 1 || s.Mailboxes[0].LastUID != 7 || s.Mailboxes[0].Problem != "refused" {
			t.Errorf("mailboxes %+v", s.Mailboxes)
		}
	})
}
