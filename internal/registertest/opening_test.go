package registertest_test

import (
	"errors"
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/workday"
)

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
