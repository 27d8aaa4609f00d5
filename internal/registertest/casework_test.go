package registertest_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/workday"
)

// on is ten in the morning, in London's winter, of a day of 2026 or later.
func on(t *testing.T, day string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04", day+" 10:00")
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func date(t *testing.T, day string) workday.Date {
	t.Helper()
	d, err := workday.ParseDate(day)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// send takes an outgoing the whole way to its delivery.
func (d *desk) send(id register.ID) {
	d.t.Helper()
	cs := d.claim(id)
	if len(cs) != 1 {
		d.t.Fatalf("%s cannot be claimed: %+v", id, d.outgoing(id))
	}
	c := cs[0]
	b := register.Beginning{ID: c.ID, Attempt: c.Attempt, MessageID: "m." + c.ID + "@post.example", Bytes: "sha", Subject: "s", Guard: "ok"}
	if c.Kind == register.Acknowledgement {
		_, answer := stageOf(c.Stage)
		for _, k := range c.Clocks {
			if k.Name == answer {
				b.Promised = k.Counts()
			}
		}
	}
	errs, err := d.Begin(d.t.Context(), []register.Beginning{b})
	d.must(err)
	d.must(errs[0])
	errs, err = d.Sent(d.t.Context(), []register.Outcome{{ID: c.ID, Attempt: c.Attempt, Code: "250"}})
	d.must(err)
	d.must(errs[0])
}

func stageOf(stage int) (acknowledgement, answer string) {
	if stage == 2 {
		return workday.Stage2Acknowledgement, workday.Stage2Answer
	}
	return workday.Stage1Acknowledgement, workday.Stage1Answer
}

// acknowledged is a complaint of Monday 23 November, acknowledged on the
// Wednesday: its answer is due on 9 December.
func (d *desk) acknowledged(text string) register.Opened {
	d.t.Helper()
	d.clock.Set(on(d.t, "2026-11-23"))
	o := d.complaint(text, "ann@example.com")
	d.clock.Set(on(d.t, "2026-11-25"))
	d.send(o.Owed[0].ID)
	return o
}

func (d *desk) clockNamed(caseID register.ID, name string) register.Clock {
	d.t.Helper()
	_, clocks, err := d.GetCase(d.t.Context(), caseID)
	d.must(err)
	for _, k := range clocks {
		if k.Name == name {
			return k
		}
	}
	d.t.Fatalf("the case has no clock %s", name)
	return register.Clock{}
}

func (d *desk) theCase(id register.ID) register.Case {
	d.t.Helper()
	c, _, err := d.GetCase(d.t.Context(), id)
	d.must(err)
	return c
}

// refused holds a verb to a sentence about why it does nothing.
func (d *desk) refused(err error, sentence string) {
	d.t.Helper()
	var no *register.NotAllowedError
	if !errors.As(err, &no) || !strings.Contains(no.Why, sentence) {
		d.t.Errorf("got %v, want a refusal that says %q", err, sentence)
	}
}

func (d *desk) answering(caseID register.ID, stage int, by string) register.Answering {
	return register.Answering{Case: caseID, Stage: stage, By: by, Outcome: register.Upheld, Text: "You are right, and we are sorry.", GivenAt: d.clock.Now()}
}

// answer gives an answer by hand.
func (d *desk) answer(caseID register.ID, stage int, by string) {
	d.t.Helper()
	_, err := d.Answer(d.t.Context(), d.answering(caseID, stage, by))
	d.must(err)
}

// stage2 is a complaint that was answered on 1 December and for which stage 2
// was asked on the 2nd.
func (d *desk) stage2(text string) register.Opened {
	d.t.Helper()
	o := d.acknowledged(text)
	d.clock.Set(on(d.t, "2026-12-01"))
	d.answer(o.Case, 1, "officer:bo")
	d.clock.Set(on(d.t, "2026-12-02"))
	v := registertest.Verdict(classify.Stage2)
	v.Route = classify.Review
	asked := d.take(text+" not good enough", register.Opening{
		Reading: registertest.Reading(text+"2@x", "ann@example.com", text+" not good enough"), Verdict: v,
		Join: register.Join{Case: o.Case, Why: "reference", Trusted: true},
	})
	m := d.message(asked.Message)
	ruled, err := d.Decide(d.t.Context(), register.Ruling{Message: m.ID, Version: m.Version, By: "officer:bo", Label: classify.Stage2})
	d.must(err)
	return ruled
}

func TestAnAnswerGivenByHandMeetsItsClock(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.acknowledged("cold")
		d.clock.Set(on(t, "2026-12-09"))
		a := d.answering(o.Case, 1, "officer:bo")
		a.GivenAt, a.Text, a.File = on(t, "2026-12-08"), "", "sha256-of-the-letter"
		a.Remedies = []string{"150 pounds"}
		a.Actions = []register.Action{{What: "Fit a boiler", Due: date(t, "2026-12-18")}}
		_, err := d.Answer(t.Context(), a)
		d.must(err)
		k := d.clockNamed(o.Case, workday.Stage1Answer)
		if !k.MetAt.Equal(a.GivenAt) || k.Missed(d.clock.Now()) || d.theCase(o.Case).Answered1At.IsZero() {
			t.Errorf("clock %+v", k)
		}
		answers, err := d.Answers(t.Context(), o.Case)
		d.must(err)
		if len(answers) != 1 || answers[0].Outcome != register.Upheld || answers[0].File == "" || len(answers[0].Remedies) != 1 {
			t.Errorf("answers %+v", answers)
		}
		d.refused(errOf(d.Answer(t.Context(), a)), "has its answer already")
		open, err := d.OpenActions(t.Context(), date(t, "2026-12-18"), 10)
		d.must(err)
		if len(open) != 1 || open[0].Reference != o.Reference || open[0].What != "Fit a boiler" {
			t.Fatalf("open actions %+v", open)
		}
		d.must(d.ActionDone(t.Context(), open[0].ID, "officer:bo"))
		if err := d.ActionDone(t.Context(), open[0].ID, "officer:bo"); !errors.Is(err, register.ErrConflict) {
			t.Errorf("done twice: %v", err)
		}
		actions, err := d.Actions(t.Context(), o.Case)
		d.must(err)
		if len(actions) != 1 || actions[0].DoneBy != "officer:bo" {
			t.Errorf("actions %+v", actions)
		}
	})
}

func errOf[T any](_ T, err error) error { return err }

func TestAnAnswerThatIsSentMeetsItsClockOnDelivery(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.acknowledged("cold")
		a := d.answering(o.Case, 1, "officer:bo")
		a.GivenAt = time.Time{}
		hints, err := d.Answer(t.Context(), a)
		d.must(err)
		if k := d.clockNamed(o.Case, workday.Stage1Answer); len(hints) != 1 || !k.Running() {
			t.Fatalf("owed %v, clock %+v", hints, k)
		}
		answers, err := d.Answers(t.Context(), o.Case)
		d.must(err)
		d.refused(d.WithdrawAnswer(t.Context(), answers[0].ID, "officer:bo", " "), "Say why")
		d.must(d.WithdrawAnswer(t.Context(), answers[0].ID, "officer:bo", "a slip"))
		if got := d.outgoing(hints[0].ID).State; got != register.Cancelled {
			t.Errorf("the withdrawn answer is %s", got)
		}
		a.Outcome = register.PartlyUpheld
		hints, err = d.Answer(t.Context(), a)
		d.must(err)
		if got := d.outgoing(hints[0].ID); got.Kind != register.AnswerNotice || got.About == nil || got.About.Outcome != register.PartlyUpheld || got.To.Address != "ann@example.com" {
			t.Errorf("owed %+v", got)
		}
		d.clock.Set(on(t, "2026-12-03"))
		d.send(hints[0].ID)
		if k := d.clockNamed(o.Case, workday.Stage1Answer); !k.MetAt.Equal(d.clock.Now()) {
			t.Errorf("clock %+v", k)
		}
		answers, err = d.Answers(t.Context(), o.Case)
		d.must(err)
		d.refused(d.WithdrawAnswer(t.Context(), answers[1].ID, "officer:bo", "too late"), "cannot be taken back")
		if got := d.events("case:" + o.Case); !slices.Contains(got, "answered") {
			t.Errorf("history %v", got)
		}
	})
}

func TestWhatAnAnswerNeeds(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.acknowledged("cold")
		for _, row := range []struct {
			name, want string
			change     func(*register.Answering)
		}{
			{"the rules", "Only a person", func(a *register.Answering) { a.By = "rules@1" }},
			{"nobody", "who does this", func(a *register.Answering) { a.By = "" }},
			{"no finding", "upheld, partly upheld or not upheld", func(a *register.Answering) { a.Outcome = "maybe" }},
			{"nothing said", "its words or its file", func(a *register.Answering) { a.Text = "" }},
			{"a file to send", "a PDF or a Word document", func(a *register.Answering) { a.Text, a.File, a.GivenAt = "", "sha", time.Time{} }},
			{"in the future", "in the future", func(a *register.Answering) { a.GivenAt = d.clock.Now().Add(time.Hour) }},
			{"before it came", "before the complaint came, on Monday 23 November 2026", func(a *register.Answering) { a.GivenAt = on(t, "2026-11-20") }},
			{"stage 2 that nobody asked for", "not at stage 2", func(a *register.Answering) { a.Stage = 2 }},
			{"an empty action", "what is to be done", func(a *register.Answering) { a.Actions = []register.Action{{What: " "}} }},
		} {
			a := d.answering(o.Case, 1, "officer:bo")
			row.change(&a)
			t.Log(row.name)
			d.refused(errOf(d.Answer(t.Context(), a)), row.want)
		}
		req := d.take("tap", register.Opening{Reading: registertest.Reading("9@x", "ann@example.com", "tap"), Verdict: registertest.Verdict(classify.ServiceRequest)})
		d.refused(errOf(d.Answer(t.Context(), d.answering(req.Case, 1, "officer:bo"))), "not a complaint")
		if k := d.clockNamed(o.Case, workday.Stage1Answer); !k.Running() {
			t.Errorf("a refused answer met the clock: %+v", k)
		}
	})
}

func TestStage2IsAnsweredByAnotherOfficer(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.stage2("cold")
		if got := d.outgoing(o.Owed[0].ID); got.Kind != register.Acknowledgement || got.Stage != 2 {
			t.Fatalf("owed %+v", got)
		}
		d.send(o.Owed[0].ID)
		if k := d.clockNamed(o.Case, workday.Stage2Answer); k.Due.String() != "2027-01-04" {
			t.Errorf("20 working days from the acknowledgement end on %s", k.Due)
		}
		d.refused(errOf(d.Answer(t.Context(), d.answering(o.Case, 2, " Officer:BO"))), "somebody who did not answer stage 1")
		d.answer(o.Case, 2, "officer:cy")
		if d.theCase(o.Case).Answered2At.IsZero() {
			t.Error("stage 2 is not answered")
		}
	})
}

func TestASecondRequestForStage2OnlyGetsAReceipt(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.stage2("cold")
		d.clock.Set(on(t, "2026-12-03"))
		v := registertest.Verdict(classify.Stage2)
		v.Route = classify.Review
		again := d.take("again", register.Opening{
			Reading: registertest.Reading("again@x", "ann@example.com", "again"), Verdict: v, Join: register.Join{Case: o.Case, Why: "reference", Trusted: true},
		})
		m := d.message(again.Message)
		if m.State == register.InReview {
			ruled, err := d.Decide(t.Context(), register.Ruling{Message: m.ID, Version: m.Version, By: "officer:bo", Label: classify.Stage2})
			d.must(err)
			again = ruled
		}
		if got := d.outgoing(again.Owed[0].ID).Kind; again.Case != o.Case || got != register.Receipt {
			t.Errorf("owed %s for case %s", got, again.Case)
		}
		if k := d.clockNamed(o.Case, workday.Stage2Acknowledgement); k.Due.String() != "2026-12-09" {
			t.Errorf("the clock moved to %s", k.Due)
		}
	})
}

func TestAnExtensionCountsFromItsLetter(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.acknowledged("cold") // due on 9 December
		d.clock.Set(on(t, "2026-12-07"))
		ext := register.Extending{Case: o.Case, Stage: 1, By: "officer:bo", Reason: "The engineer's report is missing.", To: date(t, "2026-12-23")}
		for _, row := range []struct {
			want   string
			change func(*register.Extending)
		}{
			{"needs a reason", func(e *register.Extending) { e.Reason = " " }},
			{"Only a person", func(e *register.Extending) { e.By = "fail-safe" }},
			{"must be after Wednesday 9 December 2026", func(e *register.Extending) { e.To = date(t, "2026-12-09") }},
			{"to Wednesday 23 December 2026 at the latest", func(e *register.Extending) { e.To = date(t, "2026-12-24") }},
			{"not at stage 2", func(e *register.Extending) { e.Stage = 2 }},
		} {
			e := ext
			row.change(&e)
			d.refused(errOf(d.Extend(t.Context(), e)), row.want)
		}
		hints, err := d.Extend(t.Context(), ext)
		d.must(err)
		letter := d.outgoing(hints[0].ID)
		if letter.Kind != register.Extension || letter.About.OldDate.String() != "2026-12-09" || letter.About.NewDate != ext.To || !letter.Deadline.Equal(date(t, "2026-12-09").End()) {
			t.Errorf("letter %+v", letter)
		}
		if k := d.clockNamed(o.Case, workday.Stage1Answer); k.Counts().String() != "2026-12-09" {
			t.Errorf("the clock moved before the resident was told: %s", k.Counts())
		}
		d.refused(errOf(d.Extend(t.Context(), ext)), "on its way")
		d.clock.Set(on(t, "2026-12-09"))
		d.send(letter.ID)
		k := d.clockNamed(o.Case, workday.Stage1Answer)
		if k.Counts() != ext.To || k.BaseDue.String() != "2026-12-09" || k.Promised != ext.To || !strings.Contains(strings.Join(k.Steps, " "), "Put off") {
			t.Errorf("clock %+v", k)
		}
		ext.To = date(t, "2026-12-29")
		d.refused(errOf(d.Extend(t.Context(), ext)), "at the latest")
		all, err := d.Extensions(t.Context(), o.Case)
		d.must(err)
		if len(all) != 1 || all[0].Late || all[0].ToldAt.IsZero() {
			t.Errorf("extensions %+v", all)
		}
	})
}

func TestAnExtensionAfterTheDayIsRefused(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.acknowledged("cold")
		d.clock.Set(on(t, "2026-12-10"))
		_, err := d.Extend(t.Context(), register.Extending{Case: o.Case, Stage: 1, By: "officer:bo", Reason: "late", To: date(t, "2026-12-15")})
		d.refused(err, "was due on Wednesday 9 December 2026")
		if k := d.clockNamed(o.Case, workday.Stage1Answer); !k.Missed(d.clock.Now()) {
			t.Errorf("not missed: %+v", k)
		}
	})
}

func TestAnExtensionWhoseLetterIsLateMovesNothing(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.acknowledged("cold")
		hints, err := d.Extend(t.Context(), register.Extending{Case: o.Case, Stage: 1, By: "officer:bo", Reason: "report", To: date(t, "2026-12-15")})
		d.must(err)
		d.clock.Set(on(t, "2026-12-10"))
		d.send(hints[0].ID)
		if k := d.clockNamed(o.Case, workday.Stage1Answer); k.Counts().String() != "2026-12-09" {
			t.Errorf("clock %+v", k)
		}
		alarms, err := d.OpenAlarms(t.Context(), 10)
		d.must(err)
		if len(alarms) != 1 || alarms[0].Kind != register.DeadlineAlarm {
			t.Errorf("alarms %+v", alarms)
		}
	})
}

func TestAnAnswerMakesAnUnsentExtensionNeedless(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.acknowledged("cold")
		hints, err := d.Extend(t.Context(), register.Extending{Case: o.Case, Stage: 1, By: "officer:bo", Reason: "report", To: date(t, "2026-12-15")})
		d.must(err)
		d.answer(o.Case, 1, "officer:bo")
		if got := d.outgoing(hints[0].ID).State; got != register.Cancelled {
			t.Errorf("the extension letter is %s", got)
		}
	})
}

func TestACaseIsClosedForAReasonAndReopened(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.acknowledged("cold")
		ctx := t.Context()
		d.refused(d.CloseCase(ctx, o.Case, "officer:bo", register.ClosedAnswered, ""), "has no answer yet")
		d.refused(d.CloseCase(ctx, o.Case, "officer:bo", register.ClosedWithdrawn, ""), "how the resident withdrew")
		d.refused(d.CloseCase(ctx, o.Case, "officer:bo", register.ClosedDone, "x"), "not closed for that reason")
		d.refused(d.CloseCase(ctx, o.Case, "rules@1", register.ClosedWithdrawn, "x"), "Only a person")
		d.must(d.CloseCase(ctx, o.Case, "officer:bo", register.ClosedWithdrawn, "by phone on 25 November"))
		k := d.clockNamed(o.Case, workday.Stage1Answer)
		if k.Running() || k.StoppedAt.IsZero() {
			t.Errorf("clock %+v", k)
		}
		d.refused(errOf(d.Answer(ctx, d.answering(o.Case, 1, "officer:bo"))), "closed; reopen it first")
		d.clock.Set(on(t, "2026-12-10"))
		d.refused(errOf(d.ReopenCase(ctx, o.Case, "officer:bo", "")), "Say why")
		_, err := d.ReopenCase(ctx, o.Case, "officer:bo", "they changed their mind")
		d.must(err)
		k = d.clockNamed(o.Case, workday.Stage1Answer)
		if !k.Running() || k.Due.String() != "2026-12-09" || !k.Missed(d.clock.Now()) {
			t.Errorf("reopened clock %+v", k)
		}
		d.answer(o.Case, 1, "officer:bo")
		d.must(d.CloseCase(ctx, o.Case, "officer:bo", register.ClosedAnswered, ""))
		if c := d.theCase(o.Case); c.ClosedAt.IsZero() || c.ClosedWhy != register.ClosedAnswered {
			t.Errorf("case %+v", c)
		}
		d.refused(d.CloseCase(ctx, o.Case, "officer:bo", register.ClosedAnswered, ""), "closed already")
	})
}

func TestNotAcceptingIsAPersonsDecisionWithALetter(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := t.Context()
		o := d.complaint("fence", "ann@example.com")
		no := register.NotAccepting{Case: o.Case, By: "officer:bo", Reason: register.TooOld, Words: "It fell in 2019."}
		for _, row := range []struct {
			want   string
			change func(*register.NotAccepting)
		}{
			{"Only a person", func(n *register.NotAccepting) { n.By = "rules@7" }},
			{"that the Code knows", func(n *register.NotAccepting) { n.Reason = "a nuisance" }},
			{"Explain to the resident", func(n *register.NotAccepting) { n.Words = "" }},
		} {
			n := no
			row.change(&n)
			d.refused(errOf(d.NotAccept(ctx, n)), row.want)
		}
		hints, err := d.NotAccept(ctx, no)
		d.must(err)
		letter := d.outgoing(hints[0].ID)
		if letter.Kind != register.NotAcceptedNotice || letter.About.Exclusion != register.TooOld || !letter.Deadline.Equal(date(t, "2026-11-30").End()) {
			t.Errorf("letter %+v", letter)
		}
		if got := d.outgoing(o.Owed[0].ID).State; got != register.Cancelled {
			t.Errorf("the acknowledgement is %s", got)
		}
		if c := d.theCase(o.Case); c.NotAccepted != register.TooOld || c.ClosedWhy != register.ClosedNotAccepted {
			t.Errorf("case %+v", c)
		}
		d.clock.Set(on(t, "2026-12-07"))
		hints, err = d.ReopenCase(ctx, o.Case, "officer:cy", "the Ombudsman told us to take it on")
		d.must(err)
		if got := d.outgoing(hints[0].ID); got.Kind != register.Acknowledgement || got.Form != register.Defined {
			t.Errorf("owed %+v", got)
		}
		if k := d.clockNamed(o.Case, workday.Stage1Acknowledgement); !k.Running() || !k.Missed(d.clock.Now()) {
			t.Errorf("clock %+v", k)
		}
	})
}

func TestAMessageInReviewIsNotAccepted(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		v := registertest.Verdict(classify.Complaint)
		v.Route = classify.Review
		o := d.take("hm", register.Opening{Reading: registertest.Reading("1@x", "ann@example.com", "hm"), Verdict: v})
		m := d.message(o.Message)
		ruled, err := d.Decide(t.Context(), register.Ruling{
			Message: m.ID, Version: m.Version, By: "officer:bo", Label: classify.Complaint, Definition: v.Definition,
			NotAccepted: &register.NotAccepting{Reason: register.CourtClaimFiled, Words: "The court decides about it."},
		})
		d.must(err)
		if len(ruled.Owed) != 1 || d.outgoing(ruled.Owed[0].ID).Kind != register.NotAcceptedNotice || d.theCase(ruled.Case).NotAccepted == "" {
			t.Errorf("ruled %+v", ruled)
		}
	})
}

func TestQuestionsAreAskedWhileTheClocksRun(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.acknowledged("cold")
		d.refused(errOf(d.AskClarification(t.Context(), o.Case, "officer:bo", []string{" "})), "no question")
		hints, err := d.AskClarification(t.Context(), o.Case, "officer:bo", []string{"Which room?"})
		d.must(err)
		if got := d.outgoing(hints[0].ID); got.Kind != register.Clarification || len(got.About.Questions) != 1 {
			t.Errorf("owed %+v", got)
		}
		def := classify.Definition{Issues: []string{"The bedroom is cold."}}
		d.must(d.Redefine(t.Context(), o.Case, "officer:bo", def))
		if err := d.Redefine(t.Context(), o.Case, "officer:bo", classify.Definition{}); !errors.Is(err, register.ErrNeedsDefinition) {
			t.Errorf("an empty definition: %v", err)
		}
		if c := d.theCase(o.Case); c.Definition.Issues[0] != "The bedroom is cold." || !d.clockNamed(o.Case, workday.Stage1Answer).Running() {
			t.Errorf("case %+v", c)
		}
	})
}
