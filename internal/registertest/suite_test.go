package registertest_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/workday"
)

// A desk is a register with the clock that it runs on.
type desk struct {
	*register.Register
	t     *testing.T
	clock *registertest.Clock
	cfg   register.Config
}

// both runs a test on SQLite and on PostgreSQL.
func both(t *testing.T, test func(d *desk)) {
	t.Helper()
	for name, point := range map[string]func(testing.TB, register.Config) register.Config{
		"sqlite": registertest.SQLite, "postgres": registertest.Postgres,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := registertest.NewClock()
			cfg := point(t, registertest.Config(t, clock.Now))
			d := &desk{Register: registertest.Open(t, cfg), t: t, clock: clock, cfg: cfg}
			test(d)
			d.agrees()
		})
	}
}

// agrees fails the test when it left the register with something in it that
// cannot be.
func (d *desk) agrees() {
	d.t.Helper()
	if d.Ping(context.Background()) != nil {
		return // the test closed it
	}
	wrong, err := d.Contradictions(context.Background())
	d.must(err)
	for _, w := range wrong {
		d.t.Errorf("contradiction: %s", w)
	}
}

func (d *desk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) receive(as ...register.Arrival) []register.Received {
	d.t.Helper()
	got, err := d.Receive(d.t.Context(), as)
	d.must(err)
	for _, g := range got {
		d.must(g.Err)
	}
	return got
}

// take receives a mail, reads it and opens it.
func (d *desk) take(text string, o register.Opening) register.Opened {
	d.t.Helper()
	got := d.receive(registertest.Arrival(text, d.clock.Now()))
	o.Message = got[0].ID
	opened, err := d.Open(d.t.Context(), []register.Opening{o})
	d.must(err)
	d.must(opened[0].Err)
	return opened[0]
}

func (d *desk) complaint(text, from string) register.Opened {
	d.t.Helper()
	return d.take(text, register.Opening{Reading: registertest.Reading(text+"@example.com", from, text), Verdict: registertest.Verdict(classify.Complaint)})
}

func (d *desk) claim(ids ...register.ID) []register.Claimed {
	d.t.Helper()
	cs, err := d.Claim(d.t.Context(), ids, time.Minute, register.Windows{Recipient: time.Hour, Case: time.Hour, All: time.Hour})
	d.must(err)
	return cs
}

func (d *desk) begin(c register.Claimed) error {
	d.t.Helper()
	errs, err := d.Begin(d.t.Context(), []register.Beginning{{ID: c.ID, Attempt: c.Attempt, MessageID: "m." + c.ID + "@post.example", Bytes: "sha", Subject: "s", Guard: "ok"}})
	d.must(err)
	return errs[0]
}

func (d *desk) events(subject string) []string {
	d.t.Helper()
	events, err := d.History(d.t.Context(), subject)
	d.must(err)
	var what []string
	for _, e := range events {
		what = append(what, e.What)
	}
	return what
}

func (d *desk) outgoing(id register.ID) register.Outgoing {
	d.t.Helper()
	o, err := d.GetOutgoing(d.t.Context(), id)
	d.must(err)
	return o
}

func (d *desk) message(id register.ID) register.Message {
	d.t.Helper()
	m, err := d.GetMessage(d.t.Context(), id)
	d.must(err)
	return m
}

func TestTheSameBytesAreOneMessage(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		first := d.receive(registertest.Arrival("a", d.clock.Now()), registertest.Arrival("b", d.clock.Now()), registertest.Arrival("a", d.clock.Now()))
		if !first[0].New || !first[1].New || first[2].New {
			t.Errorf("new = %v %v %v, want true true false", first[0].New, first[1].New, first[2].New)
		}
		if first[0].ID != first[2].ID || first[0].Reference != first[2].Reference {
			t.Error("the same bytes got two messages")
		}
		if got, want := first[0].Deadline.String(), "2026-11-30"; got != want {
			t.Errorf("deadline %s, want %s", got, want)
		}
	})
}

func TestOneBadArrivalDoesNotSpoilItsNeighbours(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		bad := registertest.Arrival("bad", d.clock.Now())
		bad.Channel = "pigeon"
		got, err := d.Receive(t.Context(), []register.Arrival{registertest.Arrival("a", d.clock.Now()), bad, registertest.Arrival("b", d.clock.Now())})
		if err != nil {
			t.Fatal(err)
		}
		if got[0].Err != nil || got[2].Err != nil || !got[0].New || !got[2].New {
			t.Errorf("neighbours: %+v", got)
		}
		if got[1].Err == nil {
			t.Error("a channel that does not exist was registered")
		}
	})
}

func TestTwoAtOnceRegisterEachMessageOnce(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		second := d.Register
		if d.cfg.Driver == "postgres" {
			second = registertest.Open(t, d.cfg)
		}
		var wg sync.WaitGroup
		var mu sync.Mutex
		news := map[string]int{}
		for _, r := range []*register.Register{d.Register, second} {
			wg.Go(func() {
				for i := range 40 {
					got, err := r.Receive(t.Context(), []register.Arrival{registertest.Arrival(strconv.Itoa(i), d.clock.Now())})
					if err != nil || got[0].Err != nil {
						t.Error(err, got)
						return
					}
					mu.Lock()
					if got[0].New {
						news[got[0].ID]++
					}
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if len(news) != 40 {
			t.Errorf("%d messages, want 40", len(news))
		}
	})
}

func TestAComplaintOpensACaseAndOwesOneAcknowledgement(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.complaint("no heating", "ann@example.com")
		if o.State != register.Filed || o.Case == "" || len(o.Owed) != 1 {
			t.Fatalf("opened %+v", o)
		}
		c, clocks, err := d.GetCase(t.Context(), o.Case)
		d.must(err)
		if c.Reference != o.Reference || c.Kind != register.ComplaintCase || c.Stage != 1 || !c.Defined || !c.MayQuote {
			t.Errorf("case %+v", c)
		}
		due := map[string]string{}
		for _, k := range clocks {
			due[k.Name] = k.Due.String()
		}
		if due[workday.Stage1Acknowledgement] != "2026-11-30" || due[workday.Stage1Answer] != "2026-12-14" {
			t.Errorf("clocks %v", due)
		}
		again, err := d.Open(t.Context(), []register.Opening{{Message: o.Message, Reading: registertest.Reading("x", "ann@example.com", "x"), Verdict: registertest.Verdict(classify.Complaint)}})
		d.must(err)
		if len(again[0].Owed) != 0 || again[0].Case != o.Case {
			t.Errorf("opened twice: %+v", again[0])
		}
		out, err := d.CaseOutgoings(t.Context(), o.Case)
		d.must(err)
		if len(out) != 1 || out[0].Kind != register.Acknowledgement || out[0].Form != register.Defined || out[0].To.Address != "ann@example.com" {
			t.Errorf("owed %+v", out)
		}
	})
}

func TestAnAcknowledgementMeetsItsClockAndStartsTheAnswer(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.complaint("no heating", "ann@example.com")
		d.clock.Set(time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC))
		c := d.claim(o.Owed[0].ID)[0]
		errs, err := d.Begin(t.Context(), []register.Beginning{{ID: c.ID, Attempt: c.Attempt, MessageID: "a@post.example", Bytes: "sha", Promised: workday.Date{Year: 2026, Month: 12, Day: 9}}})
		d.must(err)
		d.must(errs[0])
		_, err = d.Sent(t.Context(), []register.Outcome{{ID: c.ID, Attempt: c.Attempt, Code: "250"}})
		d.must(err)
		_, clocks, err := d.GetCase(t.Context(), o.Case)
		d.must(err)
		for _, k := range clocks {
			switch k.Name {
			case workday.Stage1Acknowledgement:
				if k.MetAt.IsZero() || k.MetBy != register.Defined || k.DefinedAt.IsZero() {
					t.Errorf("acknowledgement clock %+v", k)
				}
			case workday.Stage1Answer:
				if k.Due.String() != "2026-12-09" || k.Promised.String() != "2026-12-09" || !k.MetAt.IsZero() {
					t.Errorf("answer clock %+v", k)
				}
			}
		}
	})
}

func TestALateAcknowledgementBuysNoTime(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.complaint("no heating", "ann@example.com")
		d.clock.Set(time.Date(2026, 12, 7, 9, 0, 0, 0, time.UTC))
		c := d.claim(o.Owed[0].ID)[0]
		d.must(d.begin(c))
		_, err := d.Sent(t.Context(), []register.Outcome{{ID: c.ID, Attempt: c.Attempt}})
		d.must(err)
		_, clocks, err := d.GetCase(t.Context(), o.Case)
		d.must(err)
		for _, k := range clocks {
			if k.Name == workday.Stage1Answer && k.Due.String() != "2026-12-14" {
				t.Errorf("answer due %s, want 2026-12-14 as if acknowledged in time", k.Due)
			}
		}
	})
}

func TestAStrangersWordsAreNotQuoted(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		rd := registertest.Reading("1@x", "eve@example.com", "words")
		rd.Authenticated = false
		o := d.take("words", register.Opening{Reading: rd, Verdict: registertest.Verdict(classify.Complaint)})
		if got := d.outgoing(o.Owed[0].ID).Form; got != register.Unquoted {
			t.Errorf("form %q, want unquoted", got)
		}
		rd = registertest.Reading("2@x", "eve@example.com", "more words")
		rd.ReplyTo = []register.Address{{Address: "victim@example.org"}}
		o = d.take("more words", register.Opening{Reading: rd, Verdict: registertest.Verdict(classify.Complaint)})
		if got := d.outgoing(o.Owed[0].ID).Form; got != register.Unquoted {
			t.Errorf("form to another Reply-To %q, want unquoted", got)
		}
	})
}

func TestMachineMailIsRegisteredAndNeverAnswered(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		rd := registertest.Reading("1@x", "robot@example.com", "away")
		rd.Automatic, rd.AutomaticWhy = "auto_reply", "Auto-Submitted: auto-replied"
		o := d.take("away", register.Opening{Reading: rd, Verdict: registertest.Verdict(classify.NotActionable)})
		if o.State != register.Recorded || len(o.Owed) != 0 {
			t.Errorf("automatic mail: %+v", o)
		}
		rd.MessageID = "2@x"
		o = d.take("away but angry", register.Opening{Reading: rd, Verdict: registertest.Verdict(classify.Complaint)})
		if o.State != register.InReview || len(o.Owed) != 0 {
			t.Errorf("a complaint in automatic mail goes to a person: %+v", o)
		}
	})
}

func TestTheSameMailByTwoAddressesIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		rd := registertest.Reading("1@x", "ann@example.com", "cold")
		v := registertest.Verdict(classify.Complaint)
		first := d.take("copy one", register.Opening{Reading: rd, Verdict: v})
		second := d.take("copy two", register.Opening{Reading: rd, Verdict: v})
		if second.State != register.Recorded || second.Case != first.Case || len(second.Owed) != 0 {
			t.Errorf("second copy: %+v", second)
		}
		other := rd
		other.BodyDigest = "another body"
		if o := d.take("same id, other body", register.Opening{Reading: other, Verdict: v}); len(o.Owed) != 1 {
			t.Errorf("same id with another body: %+v", o)
		}
		noID := rd
		noID.MessageID = ""
		for _, text := range []string{"no id one", "no id two"} {
			if o := d.take(text, register.Opening{Reading: noID, Verdict: v}); len(o.Owed) != 1 {
				t.Errorf("mail without Message-ID: %+v", o)
			}
		}
		d.clock.Advance(8 * 24 * time.Hour)
		if o := d.take("copy after a week", register.Opening{Reading: rd, Verdict: v}); len(o.Owed) != 1 {
			t.Errorf("the same a week later: %+v", o)
		}
	})
}

func TestACopyInJunkDoesNotSilenceTheOneInTheInbox(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		a := registertest.Arrival("junk copy", d.clock.Now())
		a.Junk = true
		rd, v := registertest.Reading("1@x", "ann@example.com", "cold"), registertest.Verdict(classify.Complaint)
		got := d.receive(a)
		_, err := d.Open(t.Context(), []register.Opening{{Message: got[0].ID, Reading: rd, Verdict: v}})
		d.must(err)
		if o := d.take("inbox copy", register.Opening{Reading: rd, Verdict: v}); len(o.Owed) != 1 {
			t.Errorf("inbox copy: %+v", o)
		}
	})
}

func TestJoiningNeedsASignAndASenderWhoBelongs(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		first := d.complaint("cold", "ann@example.com")
		look := func(sender string) register.Holder {
			hs, err := d.Holders(t.Context(), []register.Signs{{Message: "new", Sender: sender, References: []string{first.Reference}}})
			d.must(err)
			if len(hs[0]) != 1 || hs[0][0].Case != first.Case {
				t.Fatalf("holders %+v", hs)
			}
			return hs[0][0]
		}
		if !look("Ann@Example.com").Belongs || look("stranger@example.com").Belongs {
			t.Error("belonging is judged by address")
		}
		join := register.Join{Case: first.Case, Why: "reference", Trusted: true}
		v := registertest.Verdict(classify.FollowUp)
		joined := d.take("any news", register.Opening{Reading: registertest.Reading("2@x", "ann@example.com", "any news"), Verdict: v, Join: join})
		if joined.Case != first.Case || joined.State != register.Filed || len(joined.Owed) != 1 {
			t.Errorf("joined %+v", joined)
		}
		liar := d.take("me too", register.Opening{Reading: registertest.Reading("3@x", "stranger@example.com", "me too"), Verdict: v, Join: join})
		if liar.Case != "" || liar.State != register.InReview || len(liar.Owed) != 0 {
			t.Errorf("a stranger whom the caller trusts must not join: %+v", liar)
		}
		if m := d.message(liar.Message); m.OfferedCase != first.Case {
			t.Errorf("the case is not offered: %+v", m)
		}
		again, err := d.Holders(t.Context(), []register.Signs{{Message: "new", Sender: "ann@example.com", MessageIDs: []string{"2@x"}}})
		d.must(err)
		if len(again[0]) != 1 || again[0][0].Why != "thread" {
			t.Errorf("a joined message leads to its case: %+v", again)
		}
	})
}

func TestAnUnhappyReplyToARequestIsNeverJustFiled(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		req := d.take("tap", register.Opening{Reading: registertest.Reading("1@x", "ann@example.com", "tap"), Verdict: registertest.Verdict(classify.ServiceRequest)})
		o := d.take("nobody came", register.Opening{
			Reading: registertest.Reading("2@x", "ann@example.com", "nobody came"), Verdict: registertest.Verdict(classify.Complaint),
			Join: register.Join{Case: req.Case, Why: "reference", Trusted: true},
		})
		if o.State != register.Filed || o.Case == req.Case || d.theCase(o.Case).Kind != register.ComplaintCase || len(o.Owed) != 1 {
			t.Errorf("%+v", o)
		}
		if linked, err := d.LinkedCases(t.Context(), req.Case); err != nil || len(linked) != 1 || linked[0].ID != o.Case {
			t.Errorf("linked %+v %v", linked, err)
		}
		if c := d.theCase(req.Case); !c.ClosedAt.IsZero() {
			t.Error("the request does not go on (Code 1.5)")
		}
	})
}

func TestAServiceRequestIsAnsweredAndForwarded(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.take("tap", register.Opening{Reading: registertest.Reading("1@x", "ann@example.com", "tap"), Verdict: registertest.Verdict(classify.ServiceRequest)})
		kinds := map[register.Kind]string{}
		for _, h := range o.Owed {
			kinds[d.outgoing(h.ID).Kind] = d.outgoing(h.ID).To.Address
		}
		if kinds[register.ServiceNotice] != "ann@example.com" || kinds[register.Forward] != "repairs@landlord.example" {
			t.Errorf("owed %v", kinds)
		}
	})
}

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

// expired claims with a lease that has run out already.
func (d *desk) expired(id register.ID) register.Claimed {
	d.t.Helper()
	cs, err := d.Claim(d.t.Context(), []register.ID{id}, -time.Second, register.Windows{})
	d.must(err)
	if len(cs) != 1 {
		d.t.Fatalf("claimed %d", len(cs))
	}
	return cs[0]
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
		if third := d.claim(id); len(third) != 0 {
			t.Fatalf("claimed a third time: %+v", third)
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
		second := d.claim(id)[0]
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

func TestTwoOfficersAtOnce(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		v := registertest.Verdict(classify.Complaint)
		v.Route = classify.Review
		o := d.take("hm", register.Opening{Reading: registertest.Reading("1@x", "ann@example.com", "hm"), Verdict: v})
		m := d.message(o.Message)
		ruling := register.Ruling{Message: m.ID, Version: m.Version, By: "officer:bo", Label: classify.Complaint, Definition: v.Definition}
		first, err := d.Decide(t.Context(), ruling)
		d.must(err)
		if len(first.Owed) != 1 {
			t.Errorf("first %+v", first)
		}
		ruling.By = "officer:cy"
		if _, err := d.Decide(t.Context(), ruling); !errors.Is(err, register.ErrConflict) {
			t.Errorf("second officer: %v", err)
		}
	})
}

func TestOfficersGiveReasonsAndDefinitions(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		v := registertest.Verdict(classify.ServiceRequest)
		v.Route = classify.Review
		o := d.take("hm", register.Opening{Reading: registertest.Reading("1@x", "ann@example.com", "hm"), Verdict: v})
		m := d.message(o.Message)
		ruling := register.Ruling{Message: m.ID, Version: m.Version, By: "officer:bo", Label: classify.Complaint}
		if _, err := d.Decide(t.Context(), ruling); !errors.Is(err, register.ErrNeedsReason) {
			t.Errorf("without a reason: %v", err)
		}
		ruling.Reason = "third visit"
		if _, err := d.Decide(t.Context(), ruling); !errors.Is(err, register.ErrNeedsDefinition) {
			t.Errorf("without a definition: %v", err)
		}
	})
}

func TestAnOfficerTakesAJoinedMessageToStageTwo(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		first := d.complaint("cold", "ann@example.com")
		d.clock.Advance(24 * time.Hour)
		v := registertest.Verdict(classify.Stage2)
		o := d.take("not happy", register.Opening{Reading: registertest.Reading("2@x", "ann@example.com", "not happy"), Verdict: v, Join: register.Join{Case: first.Case, Why: "reference", Trusted: true}})
		m := d.message(o.Message)
		if m.State != register.InReview || m.Case != first.Case {
			t.Fatalf("message %+v", m)
		}
		ruled, err := d.Decide(t.Context(), register.Ruling{Message: m.ID, Version: m.Version, By: "officer:bo", Label: classify.Stage2})
		d.must(err)
		c, clocks, err := d.GetCase(t.Context(), first.Case)
		d.must(err)
		if c.Stage != 2 || ruled.Case != first.Case || ruled.Reference != first.Reference || len(clocks) != 4 {
			t.Errorf("case %+v, %d clocks, ruled %+v", c, len(clocks), ruled)
		}
	})
}

func TestAReaderThatDiesEveryTimeIsNotFedForEver(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		id := d.receive(registertest.Arrival("poison", d.clock.Now()))[0].ID
		for range 3 {
			ms, err := d.BeginReading(t.Context(), []register.ID{id}, -time.Second, 3)
			d.must(err)
			if len(ms) != 1 {
				t.Fatalf("begun %d", len(ms))
			}
		}
		ms, err := d.BeginReading(t.Context(), []register.ID{id}, -time.Second, 3)
		d.must(err)
		if m := d.message(id); len(ms) != 0 || m.State != register.InReview || m.Problem == "" {
			t.Errorf("%d begun, message %+v", len(ms), m)
		}
		if unread, _ := d.Unread(t.Context(), 10); len(unread) != 0 {
			t.Errorf("still unread: %v", unread)
		}
	})
}

func TestAPoisonousMessageIsReadAlone(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		got := d.receive(registertest.Arrival("poison", d.clock.Now()), registertest.Arrival("healthy", d.clock.Now()))
		poison, healthy := got[0].ID, got[1].ID
		begin := func(ids ...register.ID) (begun []register.ID) {
			ms, err := d.BeginReading(t.Context(), ids, -time.Second, 3)
			d.must(err)
			for _, m := range ms {
				begun = append(begun, m.ID)
			}
			return begun
		}
		if got := begin(poison, healthy); len(got) != 2 {
			t.Fatalf("begun together %v", got)
		}
		for range 2 {
			if got := begin(poison, healthy); len(got) != 0 {
				t.Fatalf("begun together after a crash: %v", got)
			}
			if got := begin(poison); len(got) != 1 {
				t.Fatalf("begun alone %v", got)
			}
		}
		order, err := d.LeastBegun(t.Context(), []register.ID{poison, healthy, "read-long-ago"})
		d.must(err)
		if !slices.Equal(order, []register.ID{healthy, poison}) {
			t.Errorf("read in the order %v: poison is %s", order, poison)
		}
		if got := begin(healthy); len(got) != 1 || got[0] != healthy {
			t.Errorf("the healthy one suffers for its neighbour: %v", got)
		}
	})
}

func TestAMessageIsReadByOneReader(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		id := d.receive(registertest.Arrival("a", d.clock.Now()))[0].ID
		one, err := d.BeginReading(t.Context(), []register.ID{id}, time.Minute, 3)
		d.must(err)
		two, err := d.BeginReading(t.Context(), []register.ID{id}, time.Minute, 3)
		d.must(err)
		unread, err := d.Unread(t.Context(), 10)
		d.must(err)
		if len(one) != 1 || len(two) != 0 || len(unread) != 0 {
			t.Errorf("one %d, two %d, unread %d", len(one), len(two), len(unread))
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

func TestCursorsNeverGoBack(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := t.Context()
		if _, ok, err := d.Cursor(ctx, "inbox"); ok || err != nil {
			t.Fatalf("a mailbox never seen: %v %v", ok, err)
		}
		cur := register.Cursor{Mailbox: "inbox", UIDValidity: 7, HighWater: 20}
		d.must(d.Advance(ctx, cur, []register.UIDNote{{UID: 5, State: register.UIDPending, Attempts: 1, Why: "timeout"}, {UID: 9, State: register.UIDUnfiled, Message: "m"}}, register.Hold{}))
		d.must(d.Advance(ctx, register.Cursor{Mailbox: "inbox", UIDValidity: 7, HighWater: 10}, []register.UIDNote{{UID: 9, State: register.UIDSettled}}, register.Hold{}))
		got, ok, err := d.Cursor(ctx, "inbox")
		d.must(err)
		if !ok || got.HighWater != 20 {
			t.Errorf("cursor %+v", got)
		}
		open, err := d.OpenUIDs(ctx, "inbox", 7)
		d.must(err)
		if len(open) != 1 || open[0].UID != 5 || open[0].Why != "timeout" {
			t.Errorf("open %+v", open)
		}
		d.must(d.Advance(ctx, register.Cursor{Mailbox: "inbox", UIDValidity: 8, HighWater: 3}, nil, register.Hold{}))
		if got, _, _ := d.Cursor(ctx, "inbox"); got.HighWater != 3 || got.UIDValidity != 8 {
			t.Errorf("after UIDVALIDITY changed: %+v", got)
		}
		if open, _ := d.OpenUIDs(ctx, "inbox", 7); len(open) != 0 {
			t.Errorf("old rows stay: %+v", open)
		}
	})
}

func TestALeaseHasOneHolder(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := t.Context()
		for _, step := range []struct {
			holder string
			ttl    time.Duration
			want   bool
		}{{"a", time.Minute, true}, {"b", time.Minute, false}, {"a", -time.Second, true}, {"b", time.Minute, true}, {"a", time.Minute, false}} {
			got, err := d.Lease(ctx, "mailbox:inbox", step.holder, step.ttl)
			d.must(err)
			if got != step.want {
				t.Errorf("lease by %s: %v, want %v", step.holder, got, step.want)
			}
		}
		d.must(d.Unlease(ctx, "mailbox:inbox", "b"))
		if got, _ := d.Lease(ctx, "mailbox:inbox", "a", time.Minute); !got {
			t.Error("a lease that was given back is not free")
		}
	})
}

func TestAChangedHistoryShows(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.complaint("cold", "ann@example.com")
		broken, err := d.VerifyHistories(t.Context())
		d.must(err)
		if len(broken) != 0 {
			t.Fatalf("broken before anything was changed: %v", broken)
		}
		if got := d.events("message:" + o.Message); len(got) != 2 || got[0] != "received" || got[1] != "filed" {
			t.Errorf("history %v", got)
		}
		driver := map[string]string{"sqlite": "sqlite", "postgres": "pgx"}[d.cfg.Driver]
		db, err := sql.Open(driver, d.cfg.DSN)
		d.must(err)
		defer db.Close() //nolint:errcheck // a test's own connection
		_, err = db.ExecContext(t.Context(), `UPDATE event SET by_whom = 'nobody' WHERE subject = $1 AND seq = 1`, "message:"+o.Message)
		d.must(err)
		broken, err = d.VerifyHistories(t.Context())
		d.must(err)
		if len(broken) != 1 || broken[0] != "message:"+o.Message {
			t.Errorf("broken %v", broken)
		}
	})
}

func TestANewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		driver := map[string]string{"sqlite": "sqlite", "postgres": "pgx"}[d.cfg.Driver]
		db, err := sql.Open(driver, d.cfg.DSN)
		d.must(err)
		defer db.Close() //nolint:errcheck // a test's own connection
		_, err = db.ExecContext(t.Context(), `INSERT INTO migration (number, name, checksum) VALUES (9999, 'later', 'x')`)
		d.must(err)
		if r, err := register.Connect(context.Background(), d.cfg); !errors.Is(err, register.ErrNewerSchema) {
			t.Errorf("opened %v, error %v", r, err)
		}
	})
}

func TestASQLiteRegisterIsForItsOwnerAlone(t *testing.T) {
	t.Parallel()
	cfg := registertest.SQLite(t, registertest.Config(t, registertest.NewClock().Now))
	registertest.Open(t, cfg)
	for _, end := range []string{"", "-wal"} {
		if f, err := os.Stat(cfg.DSN + end); err != nil || f.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", end, f.Mode(), err)
		}
	}
}

func TestASecondOwnerOfASQLiteRegisterIsRefused(t *testing.T) {
	t.Parallel()
	clock := registertest.NewClock()
	cfg := registertest.SQLite(t, registertest.Config(t, clock.Now))
	cfg.Own = true
	first, err := register.Connect(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := register.Connect(t.Context(), cfg); !errors.Is(err, register.ErrInUse) {
		t.Errorf("second owner: %v", err)
	}
	beside := cfg
	beside.Own = false
	if r, err := register.Connect(t.Context(), beside); err != nil {
		t.Errorf("another command beside it: %v", err)
	} else if err := r.Close(); err != nil {
		t.Error(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if r, err := register.Connect(t.Context(), cfg); err != nil {
		t.Errorf("after the first closed: %v", err)
	} else if err := r.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(cfg.DSN + ".lock"); err != nil {
		t.Error(err)
	}
}

func TestAnOwnersRestartWaitsForNoLease(t *testing.T) {
	t.Parallel()
	clock := registertest.NewClock()
	cfg := registertest.SQLite(t, registertest.Config(t, clock.Now))
	cfg.Own = true
	first, err := register.Connect(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{Register: first, t: t, clock: clock, cfg: cfg}
	unread := d.receive(registertest.Arrival("unread", clock.Now()))[0].ID
	if _, err := d.BeginReading(t.Context(), []register.ID{unread}, time.Hour, 3); err != nil {
		t.Fatal(err)
	}
	owed := d.complaint("cold", "ann@example.com").Owed[0].ID
	d.must(d.begin(d.claim(owed)[0]))
	if held, err := d.Lease(t.Context(), "mailbox:inbox", "first", time.Hour); err != nil || !held {
		t.Fatal(held, err)
	}
	d.must(first.Close())
	d.Register = registertest.Open(t, cfg)
	if ids, err := d.Unread(t.Context(), 10); err != nil || len(ids) != 1 {
		t.Errorf("unread %v %v", ids, err)
	}
	if cs := d.claim(owed); len(cs) != 1 || !cs[0].Resend {
		t.Errorf("claimed %+v", cs)
	}
	if held, err := d.Lease(t.Context(), "mailbox:inbox", "second", time.Hour); err != nil || !held {
		t.Errorf("lease %v %v", held, err)
	}
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

func TestTextThatDatabasesRefuseIsCleaned(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		text := "nul \x00 and \xff broken"
		o := d.take("dirty", register.Opening{Reading: registertest.Reading("\x00id@x", "ann@example.com", text), Verdict: registertest.Verdict(classify.Complaint)})
		if o.State != register.Filed {
			t.Errorf("%+v", o)
		}
	})
}
