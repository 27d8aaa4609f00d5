package registertest_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/workday"
)

// waits takes in a mail that a person must look at.
func (d *desk) waits(text string, change func(*register.Opening)) register.Message {
	d.t.Helper()
	o := register.Opening{Reading: registertest.Reading(text+"@x", strings.ReplaceAll(text, " ", "")+"@example.com", text), Verdict: registertest.Verdict(classify.Complaint)}
	o.Verdict.Route, o.Verdict.Why = classify.Review, "the evidence is divided"
	if change != nil {
		change(&o)
	}
	return d.message(d.take(text, o).Message)
}

func (d *desk) queue(f register.QueueFilter) (ids []register.ID) {
	d.t.Helper()
	waiting, err := d.Queue(d.t.Context(), f, 50, 0)
	d.must(err)
	for _, w := range waiting {
		ids = append(ids, w.ID)
	}
	return ids
}

const keep = 20 * time.Minute

func TestOneOfTwoTakesAMessage(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := t.Context()
		m := d.waits("cold", nil)
		got, lost := make([]register.Taking, 2), make([]error, 2)
		var race sync.WaitGroup
		for i, by := range []string{"Priya", "Tom"} {
			race.Go(func() { got[i], lost[i] = d.Take(ctx, m.ID, by, keep, false) })
		}
		race.Wait()
		first, second := "Priya", "Tom"
		if lost[0] != nil {
			first, second = second, first
			lost[0], lost[1], got[0], got[1] = lost[1], lost[0], got[1], got[0]
		}
		taken, ok := errors.AsType[*register.TakenError](lost[1])
		if lost[0] != nil || !ok || taken.Holder != first || got[0].Holder != first {
			t.Fatalf("got %+v, lost %v", got, lost)
		}
		k, err := d.TakingOf(ctx, m.ID)
		d.must(err)
		if k.Holder != first || k.Until.Sub(k.Since) != keep {
			t.Errorf("held by %+v", k)
		}
		again, err := d.Take(ctx, m.ID, first, 2*keep, false)
		d.must(err)
		if !again.Since.Equal(k.Since) || !again.Until.After(k.Until) {
			t.Errorf("taken again: %+v after %+v", again, k)
		}

		// The second may decide only after taking it over, and the first is told.
		ruling := register.Ruling{Message: m.ID, Version: m.Version, By: second, Label: classify.Complaint, Definition: registertest.Verdict(classify.Complaint).Definition}
		if _, err := d.Decide(ctx, ruling); !isTaken(err, first) {
			t.Errorf("decided under another's hands: %v", err)
		}
		if owed, err := d.Rehearse(ctx, ruling); err != nil || len(owed) != 1 {
			t.Errorf("looking at what would go: %d, %v", len(owed), err)
		}
		over, err := d.Take(ctx, m.ID, second, keep, true)
		d.must(err)
		told, err := d.TakenFrom(ctx, first)
		d.must(err)
		if over.Holder != second || len(told) != 1 || told[0].Message != m.ID || told[0].Holder != second || !slices.Contains(d.events("message:"+m.ID), "taken_over") {
			t.Errorf("taken over: %+v, told %+v", over, told)
		}
		d.must(d.GiveBack(ctx, m.ID, first)) // not theirs any more
		if k, err := d.TakingOf(ctx, m.ID); err != nil || k.Holder != second {
			t.Errorf("given back by another: %+v, %v", k, err)
		}
		_, err = d.Decide(ctx, ruling)
		d.must(err)
		if k, err := d.TakingOf(ctx, m.ID); err != nil || k.Holder != "" {
			t.Errorf("held after the decision: %+v, %v", k, err)
		}
		if _, err := d.Take(ctx, m.ID, first, keep, false); !errors.Is(err, register.ErrConflict) {
			t.Errorf("taken after the decision: %v", err)
		}
	})
}

func isTaken(err error, by string) bool {
	taken, ok := errors.AsType[*register.TakenError](err)
	return ok && taken.Holder == by
}

func TestTheNextOneIsTheMostUrgentThatIsFree(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := t.Context()
		later := d.waits("later", nil)
		danger := d.waits("danger", func(o *register.Opening) {
			o.Verdict.HazardLevel, o.Verdict.Flags = classify.Emergency, []classify.Flag{classify.Hazard}
		})
		next := func(by string) register.ID {
			k, err := d.TakeNext(ctx, register.QueueFilter{}, by, keep)
			d.must(err)
			return k.Message
		}
		if got := []register.ID{next("Priya"), next("Tom"), next("Priya")}; !slices.Equal(got, []register.ID{danger.ID, later.ID, danger.ID}) {
			t.Errorf("took %v of %s and %s", got, danger.ID, later.ID)
		}
		if _, err := d.TakeNext(ctx, register.QueueFilter{}, "Gwen", keep); !errors.Is(err, register.ErrNotFound) {
			t.Errorf("nothing is free: %v", err)
		}
		for who, want := range map[register.Whose][]register.ID{register.Mine: {danger.ID}, register.Others: {later.ID}, register.Nobody: nil} {
			if got := d.queue(register.QueueFilter{Who: who, By: "Priya"}); !slices.Equal(got, want) {
				t.Errorf("%s: %v, want %v", who, got, want)
			}
		}
		if _, err := d.TakeNext(ctx, register.QueueFilter{Channel: register.Letter}, "Priya", keep); !errors.Is(err, register.ErrNotFound) {
			t.Errorf("no letter waits: %v", err)
		}
		d.must(d.GiveBack(ctx, later.ID, "Tom"))
		if got := next("Gwen"); got != later.ID {
			t.Errorf("given back, and Gwen has %s", got)
		}
		if d.cfg.Driver == "sqlite" { // the other runs on the database's clock
			d.clock.Advance(keep)
		} else {
			registertest.EndLeases(t, d.cfg)
		}
		if got := next("Ann"); got != danger.ID {
			t.Errorf("its time is up, and Ann has %s", got)
		}
	})
}

func TestTheQueueIsLookedThrough(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		noise := d.waits("noise", func(o *register.Opening) { o.Verdict.Topics = []string{"repairs", "noise_asb"} })
		request := d.waits("request", func(o *register.Opening) { o.Verdict.Label, o.Verdict.Topics = classify.ServiceRequest, nil })
		unread := d.waits("unread", func(o *register.Opening) { o.Verdict, o.Problem = classify.Verdict{}, "it is cut off" })
		for _, c := range []struct {
			filter register.QueueFilter
			want   []register.ID
		}{
			{register.QueueFilter{}, []register.ID{noise.ID, request.ID, unread.ID}},
			{register.QueueFilter{Label: classify.Complaint}, []register.ID{noise.ID}},
			{register.QueueFilter{Label: classify.ServiceRequest}, []register.ID{request.ID}},
			{register.QueueFilter{Label: register.NoLabel}, []register.ID{unread.ID}},
			{register.QueueFilter{Topic: "noise_asb"}, []register.ID{noise.ID}},
			{register.QueueFilter{Topic: "noise"}, nil},
			{register.QueueFilter{Channel: register.Letter}, nil},
			{register.QueueFilter{Channel: register.Email, Label: classify.Stage2}, nil},
		} {
			got := d.queue(c.filter)
			slices.Sort(got)
			slices.Sort(c.want)
			if !slices.Equal(got, c.want) {
				t.Errorf("%+v: %v, want %v", c.filter, got, c.want)
			}
			today := workday.DateOf(d.clock.Now())
			n, err := d.CountQueue(t.Context(), c.filter, today, today, d.cfg.Calendar.Add(today, 1))
			d.must(err)
			if n.All != 3 || n.Free != 3 || n.Fits() != len(c.want) || n.Later != len(c.want) {
				t.Errorf("%+v: counted %+v, want %d", c.filter, n, len(c.want))
			}
		}
		var paged []register.ID
		for skip := range 4 {
			page, err := d.Queue(t.Context(), register.QueueFilter{}, 1, skip)
			d.must(err)
			for _, w := range page {
				paged = append(paged, w.ID)
			}
		}
		if all := d.queue(register.QueueFilter{}); !slices.Equal(paged, all) {
			t.Errorf("by pages %v, at once %v", paged, all)
		}
		d.at("2026-11-30")
		today := workday.DateOf(d.clock.Now())
		n, err := d.CountQueue(t.Context(), register.QueueFilter{}, today, today, d.cfg.Calendar.Add(today, 1))
		d.must(err)
		if n.Today != 3 {
			t.Errorf("on the last day: %+v", n)
		}
	})
}

func (d *desk) decides(m register.Message, change func(*register.Ruling)) register.Opened {
	d.t.Helper()
	ruling := register.Ruling{Message: m.ID, Version: m.Version, By: "Priya", Label: classify.Complaint, Reason: "read it", Definition: registertest.Verdict(classify.Complaint).Definition}
	if change != nil {
		change(&ruling)
	}
	out, err := d.Decide(d.t.Context(), ruling)
	d.must(err)
	return out
}

// TestADecisionIsUndone: whatever an officer decided of a message that had no
// case, nothing of it is left, and the message waits as it did.
func TestADecisionIsUndone(t *testing.T) {
	t.Parallel()
	alone := func(*desk) register.ID { return "" }
	for name, c := range map[string]struct {
		beside func(*desk) register.ID // the case that it is put with
		change func(*register.Ruling)
	}{
		"a complaint":    {alone, func(*register.Ruling) {}},
		"a request":      {alone, func(q *register.Ruling) { q.Label = classify.ServiceRequest }},
		"nothing":        {alone, func(q *register.Ruling) { q.Label = classify.NotActionable }},
		"two cases":      {alone, func(q *register.Ruling) { q.Also = register.ServiceRequestCase }},
		"another person": {alone, func(q *register.Ruling) { q.Correspondent = register.Address{Name: "Bo", Address: "bo@example.com"} }},
		"joined":         {func(d *desk) register.ID { return d.complaint("before", "ann@example.com").Case }, func(q *register.Ruling) { q.Label = classify.FollowUp }},
		"stage 2":        {func(d *desk) register.ID { return d.acknowledged("before").Case }, func(q *register.Ruling) { q.Label = classify.Stage2 }},
		"beside another": {func(d *desk) register.ID {
			return d.take("before", register.Opening{Reading: registertest.Reading("b@x", "ann@example.com", "tap"), Verdict: registertest.Verdict(classify.ServiceRequest)}).Case
		}, func(*register.Ruling) {}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			both(t, func(d *desk) {
				beside := c.beside(d)
				m := d.waits("cold", nil)
				extent, err := d.Extent(d.t.Context())
				d.must(err)
				var joined register.Case
				if beside != "" {
					joined = d.theCase(beside)
				}
				opened := d.decides(m, func(q *register.Ruling) { q.Join = beside; c.change(q) })
				d.undone(m, opened)
				after, err := d.Extent(d.t.Context())
				d.must(err)
				if after.Cases != extent.Cases {
					t.Errorf("%d cases, before %d", after.Cases, extent.Cases)
				}
				if beside != "" && fmt.Sprint(d.theCase(beside)) != fmt.Sprint(joined) {
					t.Errorf("the case that it joined is now %+v", d.theCase(beside))
				}
				all, err := d.Outgoings(d.t.Context(), 50)
				d.must(err)
				for _, o := range all {
					if o.Message == m.ID && o.State != register.Cancelled {
						t.Errorf("%s is %s", o.Kind, o.State)
					}
				}
				// It can be decided again, under the same reference.
				again := d.decides(d.message(m.ID), func(q *register.Ruling) { q.By = "Tom" })
				if again.Reference != m.Reference || len(again.Owed) != 1 {
					t.Errorf("decided again: %+v", again)
				}
				d.send(again.Owed[0].ID)
			})
		})
	}
}

// undone undoes a decision and fails unless the message is as it was.
func (d *desk) undone(m register.Message, opened register.Opened) {
	d.t.Helper()
	ctx := d.t.Context()
	if may, err := d.MayUndo(ctx, m.ID); err != nil || !may {
		d.t.Fatalf("may not be undone: %v", err)
	}
	d.refused(d.Undo(ctx, m.ID, "rules@1"), "Only a person")
	d.must(d.Undo(ctx, m.ID, "Priya"))
	now := d.message(m.ID)
	if now.State != register.InReview || now.Case != m.Case || now.Problem != m.Problem || now.DecidedBy != m.DecidedBy ||
		fmt.Sprint(now.Verdict) != fmt.Sprint(m.Verdict) || fmt.Sprint(now.Reading) != fmt.Sprint(m.Reading) || !now.FailsafeAt.Equal(m.FailsafeAt) {
		d.t.Errorf("it was %+v and is %+v", m, now)
	}
	if what := d.events("message:" + m.ID); what[len(what)-1] != "undone" {
		d.t.Errorf("history %v", what)
	}
	if claimed := d.claim(ids(opened.Owed)...); len(claimed) != 0 {
		d.t.Errorf("%d are sent all the same", len(claimed))
	}
	d.refused(d.Undo(ctx, m.ID, "Priya"), "cannot be undone any more")
	d.agrees()
}

func ids(hints []register.Hint) (out []register.ID) {
	for _, h := range hints {
		out = append(out, h.ID)
	}
	return out
}

func TestWhatHasBegunToGoOutIsNotUndone(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := t.Context()
		sent := d.waits("sent", nil)
		d.claim(ids(d.decides(sent, nil).Owed)...)
		d.refused(d.Undo(ctx, sent.ID, "Priya"), "begun to go out")
		if may, err := d.MayUndo(ctx, sent.ID); err != nil || may {
			t.Errorf("may undo: %v, %v", may, err)
		}

		worked := d.waits("worked on", nil)
		opened := d.decides(worked, nil)
		_, err := d.AskClarification(ctx, opened.Case, "Tom", []string{"Which room?"})
		d.must(err)
		d.refused(d.Undo(ctx, worked.ID, "Priya"), "Something was done")

		silent := d.waits("silent", nil)
		d.decides(silent, func(q *register.Ruling) { q.Label = classify.NotActionable })
		d.clock.Advance(time.Second)
		d.refused(d.Undo(ctx, silent.ID, "Priya"), "time to undo this is over")

		d.refused(d.Undo(ctx, d.waits("undecided", nil).ID, "Priya"), "cannot be undone")
		again := d.acknowledged("again")
		m := d.message(again.Message)
		d.must(d.Reconsider(ctx, m.ID, m.Version, "Priya", "a slip"))
		d.decides(d.message(m.ID), func(q *register.Ruling) { q.Label = classify.ServiceRequest })
		d.refused(d.Undo(ctx, m.ID, "Priya"), "cannot be undone")
		if err := d.Undo(ctx, "nothing", "Priya"); !errors.Is(err, register.ErrNotFound) {
			t.Errorf("of nothing: %v", err)
		}
	})
}

// TestADecidedReplyWaitsForAMoment: long enough to be undone, and never past
// its deadline.
func TestADecidedReplyWaitsForAMoment(t *testing.T) {
	t.Parallel()
	clock := registertest.NewClock()
	cfg := registertest.SQLite(t, registertest.Config(t, clock.Now))
	cfg.Policy.Undo = time.Minute
	d := &desk{Register: registertest.Open(t, cfg), t: t, clock: clock, cfg: cfg}
	m := d.waits("cold", nil)
	opened := d.decides(m, nil)
	if got := opened.Owed[0].NotBefore; !got.Equal(clock.Now().Add(time.Minute)) {
		t.Errorf("goes at %s", got)
	}
	if got := d.claim(opened.Owed[0].ID); len(got) != 0 {
		t.Error("it goes at once")
	}
	clock.Advance(time.Minute)
	if may, err := d.MayUndo(t.Context(), m.ID); err != nil || !may {
		t.Errorf("still owed, and may undo is %v, %v", may, err)
	}
	if got := d.claim(opened.Owed[0].ID); len(got) != 1 {
		t.Error("it does not go")
	}

	last := d.waits("late", nil)
	clock.Set(last.Deadline.End().Add(-30 * time.Second))
	if got := d.claim(d.decides(d.message(last.ID), nil).Owed[0].ID); len(got) != 1 {
		t.Error("it waits beyond its deadline")
	}
	d.agrees()
}

// TestAnOfficerMarksAMessage: topics, flags and the hazard are the decision's,
// and the law's clocks follow; an undone decision takes them back.
func TestAnOfficerMarksAMessage(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := d.t.Context()
		m := d.waits("mould", func(o *register.Opening) { o.Verdict.Topics = []string{"repairs"} })
		marks := &register.Marks{Topics: []string{"damp_mould"}, Flags: []classify.Flag{classify.Vulnerable}, HazardLevel: classify.Emergency}
		ruling := register.Ruling{Message: m.ID, Version: m.Version, By: "Priya", Label: classify.Complaint, Definition: m.Verdict.Definition, Marks: marks}
		if _, err := d.Decide(ctx, ruling); !errors.Is(err, register.ErrNeedsReason) {
			t.Errorf("a hazard without a reason: %v", err)
		}
		ruling.Reason = "a baby sleeps there"
		for _, bad := range []register.Marks{{Topics: []string{"weather"}}, {Flags: []classify.Flag{"odd"}}, {HazardLevel: "huge"}} {
			wrong := ruling
			wrong.Marks = &bad
			d.refused(errOf(d.Decide(ctx, wrong)), "")
		}
		opened, err := d.Decide(ctx, ruling)
		d.must(err)
		c := d.theCase(opened.Case)
		if !slices.Equal(c.Topics, marks.Topics) || !slices.Equal(c.Flags, []classify.Flag{classify.Hazard, classify.Vulnerable}) || c.HazardLevel != classify.Emergency {
			t.Errorf("the case is marked %v, %v, %q", c.Topics, c.Flags, c.HazardLevel)
		}
		if h, err := d.MessageHazard(ctx, m.ID); err != nil || h.Level != classify.Emergency || !h.EndedAt.IsZero() {
			t.Errorf("the hazard: %+v, %v", h, err)
		}
		if alarms, err := d.MessageAlarms(ctx, m.ID); err != nil || len(alarms) != 1 || alarms[0].Kind != register.EmergencyAlarm {
			t.Errorf("alarms %+v, %v", alarms, err)
		}
		if g, err := d.Gauges(ctx, d.clock.Now()); err != nil || g.OpenAlarms[register.EmergencyAlarm] != 1 || g.OpenAlarms[register.SafeguardingAlarm] != 0 {
			t.Errorf("alarms are counted: %v, %v", g.OpenAlarms, err)
		}
		d.must(d.Undo(ctx, m.ID, "Priya"))
		if h, err := d.MessageHazard(ctx, m.ID); err != nil || h.EndedAt.IsZero() {
			t.Errorf("the hazard after undoing: %+v, %v", h, err)
		}
		if now := d.message(m.ID); now.Verdict.HazardLevel != classify.NoHazard || !slices.Equal(now.Verdict.Topics, []string{"repairs"}) {
			t.Errorf("the verdict after undoing: %+v", now.Verdict)
		}

		danger := d.waits("danger", func(o *register.Opening) { o.Verdict.Flags = []classify.Flag{classify.Safeguarding} })
		ruling = register.Ruling{Message: danger.ID, Version: danger.Version, By: "Priya", Label: classify.Complaint, Definition: m.Verdict.Definition, Marks: &register.Marks{}}
		if _, err := d.Decide(ctx, ruling); !errors.Is(err, register.ErrNeedsReason) {
			t.Errorf("nobody is in danger, without a reason: %v", err)
		}
	})
}

// TestADecisionAsksAndSplits: a question, a second case and a letter in one
// step, undone in one.
func TestADecisionAsksAndSplits(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := d.t.Context()
		m := d.waits("boiler", nil)
		change := func(q *register.Ruling) {
			q.Also, q.AlsoIssues, q.Questions = register.ServiceRequestCase, []string{"Mend the tap."}, []string{"Which room?"}
			q.ByLetter, q.Postal, q.Correspondent = true, []string{"1 Quay Street", "Bristol", "BS1 1AA"}, register.Address{Name: "Ann Other"}
		}
		bad := register.Ruling{Message: m.ID, Version: m.Version, By: "Priya", Label: classify.Complaint, Definition: m.Verdict.Definition, ByLetter: true}
		d.refused(errOf(d.Decide(ctx, bad)), "needs a name and an address")
		bad = register.Ruling{Message: m.ID, Version: m.Version, By: "Priya", Label: classify.NotActionable, Reason: "x", Also: register.ServiceRequestCase}
		d.refused(errOf(d.Decide(ctx, bad)), "beside a first one")
		opened := d.decides(m, change)
		got := d.kinds(opened)
		slices.Sort(got)
		if !slices.Equal(got, []register.Kind{register.Acknowledgement, register.Clarification, register.Forward, register.ServiceNotice}) {
			t.Errorf("owed %v", got)
		}
		for _, h := range opened.Owed {
			if o := d.outgoing(h.ID); o.Kind != register.Forward && o.Way != register.ByLetter {
				t.Errorf("%s goes by %s", o.Kind, o.Way)
			}
		}
		linked, err := d.LinkedCases(ctx, opened.Case)
		d.must(err)
		if len(linked) != 1 || !slices.Equal(linked[0].Definition.Issues, []string{"Mend the tap."}) {
			t.Errorf("the second case: %+v", linked)
		}
		d.undone(m, opened)

		before := d.complaint("before", "ann@example.com")
		opened = d.decides(d.message(m.ID), func(q *register.Ruling) {
			q.Label, q.Join, q.Questions = classify.FollowUp, before.Case, []string{"Which room?"}
		})
		d.undone(m, opened)
	})
}
