package registertest_test

import (
	"slices"
	"testing"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/workday"
)

// reply is a later mail of a resident's that carries the sign of a case.
func (d *desk) reply(caseID register.ID, from, text string, v classify.Verdict) register.Opened {
	d.t.Helper()
	return d.take(text, register.Opening{
		Reading: registertest.Reading(text+"@x", from, text), Verdict: v, Join: register.Join{Case: caseID, Why: "reference", Trusted: true},
	})
}

func about(label classify.Label, topics ...string) classify.Verdict {
	v := registertest.Verdict(label)
	v.Topics = topics
	return v
}

func doubted(label, second classify.Label) classify.Verdict {
	v := registertest.Verdict(label)
	v.Route, v.Second = classify.Review, second
	return v
}

func (d *desk) kinds(o register.Opened) []register.Kind {
	d.t.Helper()
	var kinds []register.Kind
	for _, h := range o.Owed {
		kinds = append(kinds, d.outgoing(h.ID).Kind)
	}
	return kinds
}

func TestAnUnhappyReplyToTheStage1AnswerAsksForStage2(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.acknowledged("cold")
		d.clock.Set(on(t, "2026-12-01"))
		d.answer(o.Case, 1, "officer:bo")
		d.must(d.CloseCase(t.Context(), o.Case, "officer:bo", register.ClosedAnswered, ""))
		d.clock.Set(on(t, "2026-12-02"))
		thanks := d.reply(o.Case, "ann@example.com", "thank you", registertest.Verdict(classify.FollowUp))
		if c := d.theCase(o.Case); thanks.Case != o.Case || c.Stage != 1 || c.ClosedAt.IsZero() {
			t.Fatalf("thanks: %+v, case %+v", thanks, c)
		}
		got := d.reply(o.Case, "ann@example.com", "rubbish", registertest.Verdict(classify.Complaint))
		c := d.theCase(o.Case)
		if got.State != register.Filed || got.Case != o.Case || c.Stage != 2 || !c.ClosedAt.IsZero() || !slices.Equal(d.kinds(got), []register.Kind{register.Acknowledgement}) {
			t.Errorf("%+v, case %+v", got, c)
		}
		if k := d.clockNamed(o.Case, workday.Stage2Acknowledgement); k.Due.String() != "2026-12-09" || !k.Running() {
			t.Errorf("clock %+v", k)
		}
		if again := d.reply(o.Case, "ann@example.com", "really", registertest.Verdict(classify.Stage2)); !slices.Equal(d.kinds(again), []register.Kind{register.Receipt}) {
			t.Errorf("a second request: %+v", again)
		}
	})
}

// F23 and Code 6.8: what becomes of dissatisfaction in an old thread.
func TestDissatisfactionInAThread(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		verdict classify.Verdict
		before  func(d *desk, o register.Opened)
		state   register.MessageState
		same    bool // it is put with the case
		kind    []register.Kind
	}{
		"related, stage 1 open":   {about(classify.Complaint, "repairs", "heating_hot_water"), nil, register.Filed, true, []register.Kind{register.Receipt}},
		"nothing in particular":   {about(classify.Complaint, "communication"), nil, register.Filed, true, []register.Kind{register.Receipt}},
		"unrelated, stage 1 open": {about(classify.Complaint, "parking"), nil, register.Filed, false, []register.Kind{register.Acknowledgement}},
		"unrelated, in doubt": {func() classify.Verdict {
			v := about(classify.Complaint, "parking")
			v.Route = classify.Review
			return v
		}(), nil, register.InReview, true, nil},
		"stage 2 before the answer":     {about(classify.Stage2, "heating_hot_water"), nil, register.InReview, true, nil},
		"unrelated, stage 1 answered":   {about(classify.Complaint, "parking"), (*desk).answered, register.InReview, true, nil},
		"in doubt, stage 1 answered":    {doubted(classify.FollowUp, classify.Stage2), (*desk).answered, register.InReview, true, nil},
		"unhappy, complaint withdrawn":  {about(classify.Complaint, "heating_hot_water"), (*desk).withdrawn, register.InReview, true, nil},
		"a contented chaser in between": {about(classify.FollowUp, "heating_hot_water"), nil, register.Filed, true, []register.Kind{register.Receipt}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			both(t, func(d *desk) {
				o := d.take("cold", register.Opening{Reading: registertest.Reading("1@x", "ann@example.com", "cold"), Verdict: about(classify.Complaint, "heating_hot_water")})
				if row.before != nil {
					row.before(d, o)
				}
				got := d.reply(o.Case, "ann@example.com", "more", row.verdict)
				if got.State != row.state || (got.Case == o.Case) != row.same || !slices.Equal(d.kinds(got), row.kind) {
					t.Errorf("got %+v with %v", got, d.kinds(got))
				}
				if c := d.theCase(o.Case); c.Stage != 1 {
					t.Errorf("the case went to stage %d", c.Stage)
				}
			})
		})
	}
}

func (d *desk) answered(o register.Opened) { d.answer(o.Case, 1, "officer:bo") }

func (d *desk) withdrawn(o register.Opened) {
	d.t.Helper()
	d.must(d.CloseCase(d.t.Context(), o.Case, "officer:bo", register.ClosedWithdrawn, "by phone"))
}

func TestARelatedIssueIsTakenIntoTheDefinition(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.complaint("cold", "ann@example.com")
		v := registertest.Verdict(classify.Complaint)
		v.Definition.Issues = []string{"the heating has been off for nine days.", "Now the ceiling is wet too."}
		d.reply(o.Case, "ann@example.com", "and", v)
		if got := d.theCase(o.Case).Definition.Issues; len(got) != 2 || got[1] != "Now the ceiling is wet too." {
			t.Errorf("issues %q", got)
		}
	})
}

func TestAnOfficerOpensACaseOfItsOwnForAJoinedMessage(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.take("cold", register.Opening{Reading: registertest.Reading("1@x", "ann@example.com", "cold"), Verdict: about(classify.Complaint, "heating_hot_water")})
		d.answered(o)
		got := d.reply(o.Case, "ann@example.com", "your van", about(classify.Complaint, "parking"))
		v := registertest.Verdict(classify.Complaint)
		m := d.message(got.Message)
		ruling := register.Ruling{Message: m.ID, Version: m.Version, By: "officer:bo", Label: classify.Complaint, Definition: v.Definition, Apart: true}
		for label, want := range map[classify.Label]string{classify.NotActionable: "opens a case of its own"} {
			wrong := ruling
			wrong.Label, wrong.Reason = label, "x"
			d.refused(errOf(d.Decide(t.Context(), wrong)), want)
		}
		wrong := ruling
		wrong.Join = o.Case
		d.refused(errOf(d.Decide(t.Context(), wrong)), "either joins")
		ruled, err := d.Decide(t.Context(), ruling)
		d.must(err)
		linked, err := d.LinkedCases(t.Context(), o.Case)
		d.must(err)
		if ruled.Case == o.Case || len(linked) != 1 || linked[0].ID != ruled.Case {
			t.Errorf("ruled %+v, linked %+v", ruled, linked)
		}
	})
}

func TestAnOfficerTakesAStrangersMessageToStage2OfTheCase(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.acknowledged("cold")
		d.answered(o)
		got := d.reply(o.Case, "daughter@example.org", "mum is not happy", registertest.Verdict(classify.Stage2))
		m := d.message(got.Message)
		if m.OfferedCase != o.Case || m.Case != "" {
			t.Fatalf("message %+v", m)
		}
		ruled, err := d.Decide(t.Context(), register.Ruling{Message: m.ID, Version: m.Version, By: "officer:bo", Label: classify.Stage2, Join: o.Case})
		d.must(err)
		if c := d.theCase(o.Case); ruled.Case != o.Case || c.Stage != 2 || d.outgoing(ruled.Owed[0].ID).To.Address != "ann@example.com" {
			t.Errorf("ruled %+v, case %+v", ruled, c)
		}
	})
}

func TestTheFailsafeHearsDissatisfactionInJoinedMessages(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.acknowledged("cold")
		d.answered(o)
		req := d.take("tap", register.Opening{Reading: registertest.Reading("t@x", "ann@example.com", "tap"), Verdict: registertest.Verdict(classify.ServiceRequest)})
		stage2 := d.reply(o.Case, "ann@example.com", "hm", doubted(classify.Complaint, classify.FollowUp))
		complaint := d.reply(req.Case, "ann@example.com", "hm hm", doubted(classify.FollowUp, classify.Complaint))
		d.clock.Set(on(t, "2026-12-02"))
		ids, err := d.Undecided(t.Context(), d.clock.Now(), 10)
		d.must(err)
		acted, err := d.Failsafe(t.Context(), ids)
		d.must(err)
		if len(acted) != 2 {
			t.Fatalf("acted %+v", acted)
		}
		for _, a := range acted {
			if len(a.Owed) != 1 || d.outgoing(a.Owed[0].ID).Form != register.Holding || d.message(a.Message).State != register.InReview {
				t.Errorf("acted %+v", a)
			}
		}
		if c := d.theCase(o.Case); c.Stage != 2 {
			t.Errorf("case %+v", c)
		}
		m := d.message(complaint.Message)
		if c := d.theCase(m.Case); m.Case == req.Case || c.Kind != register.ComplaintCase || !d.theCase(req.Case).ClosedAt.IsZero() {
			t.Errorf("case %+v", c)
		}
		// An officer then defines what the fail-safe opened, and a fuller
		// acknowledgement takes the holding form's place.
		m = d.message(stage2.Message)
		ruled, err := d.Decide(t.Context(), register.Ruling{Message: m.ID, Version: m.Version, By: "officer:bo", Label: classify.Stage2, Reason: "plainly"})
		d.must(err)
		if got := d.outgoing(ruled.Owed[0].ID); got.Kind != register.Acknowledgement || got.Form != register.Defined {
			t.Errorf("owed %+v", got)
		}
	})
}

// F22, F36: a reply to a merged case follows to the living one, and a merge
// can be undone.
func TestMergingLeavesASignpostAndIsUndone(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := t.Context()
		first := d.acknowledged("cold")
		second := d.complaint("cold, by form", "ann@work.example")
		merging := register.Merging{From: second.Case, Into: first.Case, By: "officer:bo", Reason: "the same complaint"}
		backwards := register.Merging{From: first.Case, Into: second.Case, By: "officer:bo", Reason: "the same complaint"}
		d.refused(d.Merge(ctx, backwards), "the later case into the earlier")
		d.refused(d.Merge(ctx, register.Merging{From: second.Case, Into: first.Case, By: "officer:bo"}), "Say why")
		d.must(d.Merge(ctx, merging))
		d.refused(d.Merge(ctx, merging), "merged already")
		if got := d.outgoing(second.Owed[0].ID).State; got != register.Cancelled {
			t.Errorf("two acknowledgements for one complaint: %s", got)
		}
		holders, err := d.Holders(ctx, []register.Signs{{Message: "new", Sender: "ann@work.example", References: []string{second.Reference}}})
		d.must(err)
		if len(holders[0]) != 1 || holders[0][0].Case != first.Case || !holders[0][0].Belongs {
			t.Errorf("holders %+v", holders)
		}
		got := d.reply(second.Case, "ann@work.example", "any news", registertest.Verdict(classify.FollowUp))
		if got.Case != first.Case || got.State != register.Filed {
			t.Errorf("reply %+v", got)
		}
		messages, err := d.CaseMessages(ctx, first.Case)
		d.must(err)
		if len(messages) != 3 {
			t.Errorf("%d messages, want all three", len(messages))
		}
		d.refused(errOf(d.ReopenCase(ctx, second.Case, "officer:bo", "x")), "undo the merge")
		d.refused(errOf(d.Answer(ctx, d.answering(second.Case, 1, "officer:bo"))), "merged into another")
		hints, err := d.Unmerge(ctx, second.Case, "officer:bo", "another flat")
		d.must(err)
		k := d.clockNamed(second.Case, workday.Stage1Acknowledgement)
		if len(hints) != 1 || d.outgoing(hints[0].ID).Kind != register.Acknowledgement || !k.Running() || k.Due.String() != "2026-12-02" {
			t.Errorf("owed %+v, clock %+v", hints, k)
		}
		d.refused(errOf(d.Unmerge(ctx, second.Case, "officer:bo", "again")), "not merged")
	})
}

func TestAMergeKeepsWhatWasPromised(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		d.clock.Set(on(t, "2026-11-23"))
		first := d.complaint("cold", "ann@example.com")
		d.clock.Set(on(t, "2026-11-24"))
		second := d.complaint("cold again", "ann@example.com")
		d.send(second.Owed[0].ID) // promises 8 December
		d.clock.Set(on(t, "2026-11-30"))
		d.send(first.Owed[0].ID) // promises 14 December
		d.must(d.Merge(t.Context(), register.Merging{From: second.Case, Into: first.Case, By: "officer:bo", Reason: "same"}))
		if k := d.clockNamed(first.Case, workday.Stage1Answer); k.Counts().String() != "2026-12-08" {
			t.Errorf("counts %s", k.Counts())
		}
	})
}

func TestComplaintsAndRequestsDoNotMerge(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		req := d.take("tap", register.Opening{Reading: registertest.Reading("t@x", "ann@example.com", "tap"), Verdict: registertest.Verdict(classify.ServiceRequest)})
		o := d.complaint("cold", "ann@example.com")
		d.refused(d.Merge(t.Context(), register.Merging{From: o.Case, Into: req.Case, By: "officer:bo", Reason: "x"}), "stay two cases")
		d.must(d.LinkCases(t.Context(), o.Case, req.Case, "officer:bo"))
		d.must(d.LinkCases(t.Context(), req.Case, o.Case, "officer:bo"))
		linked, err := d.LinkedCases(t.Context(), req.Case)
		d.must(err)
		if len(linked) != 1 {
			t.Errorf("linked %+v", linked)
		}
		d.must(d.UnlinkCases(t.Context(), req.Case, o.Case, "officer:bo"))
		if linked, _ = d.LinkedCases(t.Context(), o.Case); len(linked) != 0 {
			t.Errorf("still linked %+v", linked)
		}
		d.refused(d.LinkCases(t.Context(), o.Case, o.Case, "officer:bo"), "to itself")
	})
}

func TestOneMessageIsSplitIntoTwoCases(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := t.Context()
		o := d.complaint("nobody came, and the tap drips", "ann@example.com")
		d.refused(errOf(d.Split(ctx, register.Splitting{Case: o.Case, Kind: register.ComplaintCase, By: "officer:bo", Definition: registertest.Verdict(classify.Complaint).Definition})), "a case of that kind already")
		split, err := d.Split(ctx, register.Splitting{Case: o.Case, Kind: register.ServiceRequestCase, By: "officer:bo", Topics: []string{"leak_flood"}})
		d.must(err)
		if split.Case == o.Case || split.Reference == o.Reference || !slices.Equal(d.kinds(split), []register.Kind{register.ServiceNotice, register.Forward}) {
			t.Errorf("split %+v %v", split, d.kinds(split))
		}
		holders, err := d.Holders(ctx, []register.Signs{{Message: "new", Sender: "ann@example.com", References: []string{split.Reference}}})
		d.must(err)
		if len(holders[0]) != 1 || holders[0][0].Case != split.Case || !holders[0][0].Belongs {
			t.Errorf("the new reference leads to %+v", holders)
		}
		d.must(d.Unsplit(ctx, split.Case, "officer:bo", "one matter after all"))
		if c := d.theCase(split.Case); c.MergedInto != o.Case || d.theCase(o.Case).MergedInto != "" {
			t.Errorf("case %+v", c)
		}
		again, err := d.Split(ctx, register.Splitting{Case: o.Case, Kind: register.ServiceRequestCase, By: "officer:bo"})
		d.must(err)
		if again.Case == split.Case || again.Reference == split.Reference {
			t.Errorf("split again %+v", again)
		}
	})
}

func TestAComplaintSplitOffDoesNotVanishIntoTheRequest(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		req := d.take("tap", register.Opening{Reading: registertest.Reading("t@x", "ann@example.com", "tap"), Verdict: registertest.Verdict(classify.ServiceRequest)})
		split, err := d.Split(t.Context(), register.Splitting{Case: req.Case, Kind: register.ComplaintCase, By: "officer:bo", Definition: registertest.Verdict(classify.Complaint).Definition})
		d.must(err)
		if k := d.clockNamed(split.Case, workday.Stage1Acknowledgement); k.Due.String() != "2026-11-30" || !slices.Equal(d.kinds(split), []register.Kind{register.Acknowledgement}) {
			t.Errorf("clock %+v", k)
		}
		d.refused(d.Unsplit(t.Context(), split.Case, "officer:bo", "x"), "does not become part of a request")
	})
}

func TestADecisionOpensTwoCasesInOneStep(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		v := doubted(classify.Complaint, classify.ServiceRequest)
		o := d.take("hm", register.Opening{Reading: registertest.Reading("1@x", "ann@example.com", "hm"), Verdict: v})
		m := d.message(o.Message)
		ruled, err := d.Decide(t.Context(), register.Ruling{
			Message: m.ID, Version: m.Version, By: "officer:bo", Label: classify.Complaint, Definition: v.Definition, Also: register.ServiceRequestCase,
		})
		d.must(err)
		if got := d.kinds(ruled); !slices.Equal(got, []register.Kind{register.Acknowledgement, register.ServiceNotice, register.Forward}) {
			t.Errorf("owed %v", got)
		}
		if linked, err := d.LinkedCases(t.Context(), ruled.Case); err != nil || len(linked) != 1 || linked[0].Kind != register.ServiceRequestCase {
			t.Errorf("linked %+v %v", linked, err)
		}
	})
}
