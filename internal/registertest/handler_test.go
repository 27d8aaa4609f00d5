package registertest_test

import (
	"testing"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
)

func TestWhoHasACase(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := t.Context()
		o := d.acknowledged("cold")
		give := register.Assigning{Case: o.Case, To: "bo", By: "dee"}
		for _, row := range []struct {
			change   func(*register.Assigning)
			sentence string
		}{
			{func(a *register.Assigning) { a.To = " " }, "who is to have the case"},
			{func(a *register.Assigning) { a.By = "rules@1" }, "Only a person"},
			{func(a *register.Assigning) { a.To = "postroom" }, "Only a person can have"},
		} {
			a := give
			row.change(&a)
			d.refused(d.Assign(ctx, a), row.sentence)
		}
		d.must(d.Assign(ctx, give))
		d.refused(d.Assign(ctx, register.Assigning{Case: o.Case, To: "Bo", By: "dee"}), "has this case already")
		give.To = "cy"
		d.refused(d.Assign(ctx, give), "Say why it goes from bo")
		give.Reason = "bo is ill"
		d.must(d.Assign(ctx, give))
		if c := d.theCase(o.Case); c.Handler() != "cy" {
			t.Errorf("%q has the case", c.Handler())
		}
		mine, err := d.CasesWith(ctx, "cy", 10)
		d.must(err)
		his, err := d.CasesWith(ctx, "bo", 10)
		d.must(err)
		if len(mine) != 1 || len(his) != 0 {
			t.Errorf("cy has %d cases, bo has %d", len(mine), len(his))
		}
		events, err := d.History(ctx, "case:"+o.Case)
		d.must(err)
		if e := events[len(events)-1]; e.What != "assigned" || e.Detail["from"] != "bo" || e.Detail["to"] != "cy" || e.Detail["reason"] == "" {
			t.Errorf("the history says %+v", e)
		}
	})
}

// TestStage2GoesToSomebodyElse: neither who had the complaint at stage 1 nor
// who answered it has it at stage 2, or answers that (Code 6.13).
func TestStage2GoesToSomebodyElse(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := t.Context()
		o := d.stage2("damp")
		d.clock.Set(on(t, "2026-12-03"))
		if c := d.theCase(o.Case); c.Stage != 2 || c.Handler() != "" {
			t.Fatalf("stage %d, %q has it", c.Stage, c.Handler())
		}
		d.refused(d.Assign(ctx, register.Assigning{Case: o.Case, To: "officer:bo", By: "dee"}), "did not answer stage 1")
		d.must(d.Assign(ctx, register.Assigning{Case: o.Case, To: "eve", By: "dee"}))
		d.refused(errOf(d.Answer(ctx, d.answering(o.Case, 2, "officer:bo"))), "did not answer stage 1")
		d.answer(o.Case, 2, "eve")
	})
}

// TestWhoHadItAtStage1HasItNoMore: another officer answered stage 1 for the
// one who has the case.
func TestWhoHadItAtStage1HasItNoMore(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := t.Context()
		o := d.acknowledged("cold")
		d.must(d.Assign(ctx, register.Assigning{Case: o.Case, To: "cy", By: "dee"}))
		d.clock.Set(on(t, "2026-12-01"))
		d.answer(o.Case, 1, "officer:bo")
		d.clock.Set(on(t, "2026-12-02"))
		d.reply(o.Case, "ann@example.com", "you have not read a word", registertest.Verdict(classify.Complaint))
		d.refused(d.Assign(ctx, register.Assigning{Case: o.Case, To: "cy", By: "dee"}), "did not have the case at stage 1")
		d.refused(errOf(d.Answer(ctx, d.answering(o.Case, 2, "cy"))), "did not have the case at stage 1")
		d.answer(o.Case, 2, "eve")
	})
}

// TestAnAnswerAsAFile: Postroom sends what residents can open, under a name
// that does no harm, and the file stands in the case's file.
func TestAnAnswerAsAFile(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := t.Context()
		o := d.acknowledged("cold")
		a := register.Answering{Case: o.Case, Stage: 1, By: "bo", Outcome: register.Upheld, File: "sha-of-the-file"}
		for _, name := range []string{"", "answer.exe", ".pdf", "answer.pdf.js", "answer"} {
			a.FileName = name
			d.refused(errOf(d.Answer(ctx, a)), "a PDF or a Word document")
		}
		a.FileName = "../../etc/Our\r\n answer<1>.PDF"
		hints, err := d.Answer(ctx, a)
		d.must(err)
		if got := d.outgoing(hints[0].ID).About; got.File != a.File || got.FileName != "Our answer1.PDF" {
			t.Errorf("goes out with %+v", got)
		}
		f, err := d.CaseFile(ctx, o.Reference)
		d.must(err)
		if got := f.Answers[0]; got.File != a.File || got.FileName != "Our answer1.PDF" {
			t.Errorf("answer %+v", got)
		}
	})
}
