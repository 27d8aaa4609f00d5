package registertest_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"postroom/internal/register"
	"postroom/internal/registertest"
)

func TestAnAttemptThatWasNotBegunIsSimplyRepeated(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.complaint("cold", "ann@example.com")
		first := d.expired(o.Owed[0].ID)
		second := d.claim(o.Owed[0].ID)
		if len(second) != 1 || second[0].Resend || second[0].Attempt != first.Attempt+1 {
			t.Fatalf("second claim %+v", second)
		}
		if err := d.begin(first); !errors.Is(err, register.ErrStale) {
			t.Errorf("a stale attempt may begin: %v", err)
		}
		d.must(d.begin(second[0]))
		if again := d.claim(o.Owed[0].ID); len(again) != 0 {
			t.Errorf("claimed twice: %+v", again)
		}
	})
}

// expired claims with a lease that has run out already. Where an outcome is
// waited for once more, that time is over too.
func (d *desk) expired(id register.ID) register.Claimed {
	d.t.Helper()
	cs := d.claimFor(id, -time.Second)
	if len(cs) == 0 {
		d.outcomeTimeEnds()
		cs = d.claimFor(id, -time.Second)
	}
	if len(cs) != 1 {
		d.t.Fatalf("claimed %d", len(cs))
	}
	return cs[0]
}

func (d *desk) claimFor(id register.ID, lease time.Duration) []register.Claimed {
	d.t.Helper()
	cs, err := d.Claim(d.t.Context(), []register.ID{id}, lease, register.Windows{})
	d.must(err)
	return cs
}

// outcomeTimeEnds is what waiting would do.
func (d *desk) outcomeTimeEnds() {
	d.t.Helper()
	if d.clock.Advance(3 * time.Minute); d.cfg.Driver == "postgres" {
		registertest.EndLeases(d.t, d.cfg)
	}
}

// When the database was away for longer than a lease, who holds a mail whose
// outcome is unwritten could not write it. They get the time to.
func TestAnOutcomeIsWaitedForOnceMore(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.complaint("cold", "ann@example.com")
		id := o.Owed[0].ID
		first := d.expired(id)
		d.must(d.begin(first))
		for range 2 {
			if cs := d.claim(id); len(cs) != 0 {
				t.Fatalf("claimed before its outcome could be written: %+v", cs)
			}
		}
		if n := strings.Count(strings.Join(d.events("case:"+o.Case), " "), "outcome_awaited"); n != 1 {
			t.Errorf("the history says %d times that the outcome is waited for", n)
		}
		errs, err := d.Sent(t.Context(), []register.Outcome{{ID: id, Attempt: first.Attempt, Code: "250"}})
		d.must(errors.Join(append(errs, err)...))
		d.outcomeTimeEnds()
		if cs := d.claim(id); len(cs) != 0 {
			t.Errorf("claimed although it was sent: %+v", cs)
		}
		if got := d.outgoing(id); got.State != register.Delivered || got.Attempt != 1 {
			t.Errorf("%s after %d attempts", got.State, got.Attempt)
		}
	})
}

func TestACrashAfterBeginResendsOnceAndThenAsksAPerson(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.complaint("cold", "ann@example.com")
		id := o.Owed[0].ID
		d.must(d.begin(d.expired(id)))
		second := d.expired(id)
		if !second.Resend || second.Bytes != "sha" || second.MessageID == "" {
			t.Fatalf("the identical bytes go once more: %+v", second)
		}
		d.must(d.begin(second))
		for range 2 {
			if third := d.claim(id); len(third) != 0 {
				t.Fatalf("claimed a third time: %+v", third)
			}
			d.outcomeTimeEnds()
		}
		if got := d.outgoing(id).State; got != register.Uncertain {
			t.Errorf("state %s, want unknown", got)
		}
		alarms, err := d.OpenAlarms(t.Context(), 10)
		d.must(err)
		if len(alarms) != 1 || alarms[0].Kind != register.UnsentAlarm {
			t.Errorf("alarms %+v", alarms)
		}
		h, err := d.Release(t.Context(), id, "officer:bo", "asked by phone, it did not arrive")
		d.must(err)
		if h.ID != id || len(d.claim(id)) != 1 {
			t.Error("a person can let it go again")
		}
	})
}

// While nobody knew whether it arrived another address became the only safe one:
// let go, it goes there, and as it would be written now.
func TestWhatIsLetGoGoesToTheAddressOfNow(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.complaint("cold", "ann@example.com")
		id := o.Owed[0].ID
		for range 2 {
			d.must(d.begin(d.expired(id)))
		}
		d.outcomeTimeEnds()
		for d.outgoing(id).State != register.Uncertain {
			d.claim(id)
			d.outcomeTimeEnds()
		}
		resident := d.theCase(o.Case).Resident
		d.must(d.SetAdjustments(t.Context(), resident, register.Adjustments{SafeContact: "safe@example.com"}, "officer:bo"))
		_, err := d.Release(t.Context(), id, "officer:bo", "she has not had it")
		d.must(err)
		if cs := d.claim(id); len(cs) != 1 || cs[0].To.Address != "safe@example.com" || cs[0].Resend {
			t.Errorf("claimed %+v", cs)
		}
	})
}

// A resident who asked to be phoned may be written to by an officer's word.
func TestAnOfficerMayWriteToWhoWantsToBePhoned(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.complaint("cold", "ann@example.com")
		id := o.Owed[0].ID
		d.must(d.SetAdjustments(t.Context(), d.theCase(o.Case).Resident, register.Adjustments{PhoneOnly: true}, "officer:bo"))
		if got := d.outgoing(id); got.State != register.Held {
			t.Fatalf("it is %s", got.State)
		}
		_, err := d.Release(t.Context(), id, "officer:bo", "she did not pick up")
		d.must(err)
		d.send(id)
	})
}

func TestACrashBeforeDATAIsNoSecondUnknownOutcome(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		id := d.complaint("cold", "ann@example.com").Owed[0].ID
		d.must(d.begin(d.expired(id)))
		for range 3 {
			if c := d.expired(id); !c.Resend {
				t.Fatalf("claimed without the identical bytes: %+v", c.Outgoing)
			}
		}
		if got := d.outgoing(id).State; got != register.Sending {
			t.Errorf("state %s: attempts that never came to DATA were counted", got)
		}
	})
}

func TestAKnownUnknownOutcomeIsRepeatedWithTheSameBytes(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		id := d.complaint("cold", "ann@example.com").Owed[0].ID
		c := d.claim(id)[0]
		d.must(d.begin(c))
		_, err := d.Unknown(t.Context(), []register.Outcome{{ID: id, Attempt: c.Attempt, Again: d.clock.Now().Add(time.Minute)}})
		d.must(err)
		if len(d.claim(id)) != 0 {
			t.Error("claimed before its time")
		}
		d.clock.Advance(time.Minute)
		c = d.claim(id)[0]
		if !c.Resend {
			t.Error("not marked for resending")
		}
		d.must(d.begin(c))
		_, err = d.Unknown(t.Context(), []register.Outcome{{ID: id, Attempt: c.Attempt}})
		d.must(err)
		if got := d.outgoing(id).State; got != register.Uncertain {
			t.Errorf("state %s", got)
		}
	})
}

func TestADeliveryIsAFactEvenWhenTheLeaseIsLost(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		id := d.complaint("cold", "ann@example.com").Owed[0].ID
		first := d.expired(id)
		d.must(d.begin(first))
		second := d.expired(id)
		_, err := d.Sent(t.Context(), []register.Outcome{{ID: id, Attempt: first.Attempt}})
		d.must(err)
		if err := d.begin(second); !errors.Is(err, register.ErrStale) {
			t.Errorf("a second sending began after the first arrived: %v", err)
		}
		if got := d.outgoing(id).State; got != register.Delivered {
			t.Errorf("state %s", got)
		}
	})
}

func TestRetriesHoldsAndRefusals(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		id := d.complaint("cold", "ann@example.com").Owed[0].ID
		c := d.claim(id)[0]
		_, err := d.TryAgain(t.Context(), []register.Outcome{{ID: id, Attempt: c.Attempt, Code: "451", Why: "greylisted", Again: d.clock.Now()}})
		d.must(err)
		c = d.claim(id)[0]
		if c.Failures != 1 || c.Resend {
			t.Errorf("after a refusal for now: %+v", c.Outgoing)
		}
		errs, err := d.Hold(t.Context(), []register.Outcome{{ID: id, Attempt: c.Attempt - 1, Why: "stale"}})
		d.must(err)
		if !errors.Is(errs[0], register.ErrStale) {
			t.Errorf("a stale hold: %v", errs[0])
		}
		_, err = d.Hold(t.Context(), []register.Outcome{{ID: id, Attempt: c.Attempt, Why: "the cap is reached"}})
		d.must(err)
		people, err := d.ForPeople(t.Context(), 10)
		d.must(err)
		if len(people) != 1 || people[0].Why != "the cap is reached" {
			t.Errorf("for people: %+v", people)
		}
		_, err = d.Release(t.Context(), id, "officer:bo", "fine")
		d.must(err)
		c = d.claim(id)[0]
		_, err = d.Refused(t.Context(), []register.Outcome{{ID: id, Attempt: c.Attempt, Code: "550 5.1.1", Why: "no such user"}})
		d.must(err)
		if got := d.outgoing(id).State; got != register.Failed {
			t.Errorf("state %s", got)
		}
	})
}

func TestABounceComesBackToPeople(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		id := d.complaint("cold", "ann@example.com").Owed[0].ID
		c := d.claim(id)[0]
		d.must(d.begin(c))
		_, err := d.Sent(t.Context(), []register.Outcome{{ID: id, Attempt: c.Attempt}})
		d.must(err)
		mail := d.outgoing(id).MessageID
		d.must(d.Bounced(t.Context(), mail, register.Bounce{Status: "5.2.2", Permanent: true}, "b1"))
		if got := d.outgoing(id).State; got != register.Delivered {
			t.Errorf("a full mailbox is not permanent: %s", got)
		}
		d.must(d.Bounced(t.Context(), mail, register.Bounce{Status: "5.1.1", Permanent: true}, "b2"))
		if got := d.outgoing(id).State; got != register.Failed {
			t.Errorf("state %s", got)
		}
		if err := d.Bounced(t.Context(), "other@install.example", register.Bounce{Permanent: true}, "b3"); !errors.Is(err, register.ErrNotFound) {
			t.Errorf("a bounce of somebody else's mail: %v", err)
		}
	})
}

func TestCountsForTheCaps(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		var last register.Claimed
		for i := range 3 {
			o := d.complaint(fmt.Sprint("cold ", i), "Ann@example.com")
			last = d.claim(o.Owed[0].ID)[0]
			d.must(d.begin(last))
			_, err := d.Sent(t.Context(), []register.Outcome{{ID: last.ID, Attempt: last.Attempt}})
			d.must(err)
		}
		if last.Recent.Recipient != 2 || last.Recent.All != 2 || last.Recent.Case != 0 {
			t.Errorf("recent %+v", last.Recent)
		}
		d.clock.Advance(2 * time.Hour)
		o := d.complaint("later", "ann@example.com")
		if got := d.claim(o.Owed[0].ID)[0].Recent; got.Recipient != 0 || got.All != 0 {
			t.Errorf("recent after the window: %+v", got)
		}
	})
}

// Claimed together, each counts those before it alone: of a resident's many
// replies so many go as the cap says, and not none.
func TestEachOfASliceCountsThoseBeforeIt(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		var ids []register.ID
		for i := range 6 {
			ids = append(ids, d.complaint(fmt.Sprint("cold ", i), "Ann@example.com").Owed[0].ID)
		}
		for i, c := range d.claim(ids...) {
			if c.Recent.Recipient != i || c.Recent.All != i {
				t.Errorf("number %d of the slice counts %+v", i, c.Recent)
			}
			if c.TheMessage == nil || c.TheCase == nil || len(c.Clocks) == 0 {
				t.Errorf("number %d was not read: %+v", i, c)
			}
		}
	})
}

func TestDueIsWhatTheQueueWouldSay(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		a := d.complaint("first", "ann@example.com")
		d.clock.Advance(24 * time.Hour)
		b := d.complaint("second", "bo@example.com")
		due, err := d.Due(t.Context(), d.clock.Now(), 10)
		d.must(err)
		if len(due) != 2 || due[0].ID != a.Owed[0].ID || due[1].ID != b.Owed[0].ID {
			t.Errorf("due %+v", due)
		}
		d.claim(a.Owed[0].ID)
		due, err = d.Due(t.Context(), d.clock.Now(), 10)
		d.must(err)
		if len(due) != 1 || due[0].ID != b.Owed[0].ID {
			t.Errorf("due while one is held: %+v", due)
		}
	})
}
