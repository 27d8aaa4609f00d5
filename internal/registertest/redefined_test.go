package registertest_test

import (
	"slices"
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/workday"
)

// undecided is a message that nobody decided on in time: the fail-safe has
// opened its case and acknowledged it on 30 November.
func (d *desk) undecided(label classify.Label) register.Opened {
	d.t.Helper()
	v := registertest.Verdict(label)
	v.Route = classify.Review
	o := d.take("hm", register.Opening{Reading: registertest.Reading("1@x", "ann@example.com", "hm"), Verdict: v})
	d.at("2026-11-30")
	acted, err := d.Failsafe(d.t.Context(), []register.ID{o.Message})
	d.must(err)
	d.post(acted[0].Case)
	return acted[0]
}

func (d *desk) rules(o register.Opened, label classify.Label) error {
	d.t.Helper()
	m := d.message(o.Message)
	return errOf(d.Decide(d.t.Context(), register.Ruling{
		Message: m.ID, Version: m.Version, By: "officer:bo", Label: label, Reason: "read", Words: true, Definition: registertest.Verdict(label).Definition,
	}))
}

func (d *desk) clockNames(caseID register.ID) (names []string) {
	d.t.Helper()
	_, clocks, err := d.GetCase(d.t.Context(), caseID)
	d.must(err)
	for _, k := range clocks {
		names = append(names, k.Name)
	}
	return names
}

// What the fail-safe took for a request for stage 2 is a first complaint: the
// clocks of stage 2 go. Left there they would be those of the real stage 2
// later, and late before it began.
func TestTheStageThatACaseIsNotAtHasNoClocks(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.undecided(classify.Stage2)
		if names := d.clockNames(o.Case); !slices.Equal(names, []string{workday.Stage2Acknowledgement, workday.Stage2Answer}) {
			d.t.Fatalf("the fail-safe started %v", names)
		}
		d.must(d.rules(o, classify.Complaint))
		if names := d.clockNames(o.Case); !slices.Equal(names, []string{workday.Stage1Acknowledgement, workday.Stage1Answer}) {
			d.t.Errorf("a complaint at stage 1 has the clocks %v", names)
		}
		d.post(o.Case)
		d.at("2026-12-09")
		d.answer(o.Case, 1, "officer:bo")
		d.at("2027-01-11")
		d.reply(o.Case, "ann@example.com", "not good enough", registertest.Verdict(classify.Complaint))
		if k := d.clockNamed(o.Case, workday.Stage2Answer); k.Start.Before(date(d.t, "2027-01-11")) {
			d.t.Errorf("stage 2 was asked for on 11 January and counts from %s to %s", k.Start, k.Due)
		}
	})
}

// The other way round the day that the holding form promised is kept.
func TestAPromiseOutlivesItsStage(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.undecided(classify.Complaint)
		told := d.clockNamed(o.Case, workday.Stage1Answer).Promised
		d.must(d.rules(o, classify.Stage2))
		if names := d.clockNames(o.Case); !slices.Equal(names, []string{workday.Stage2Acknowledgement, workday.Stage2Answer}) {
			d.t.Errorf("a complaint at stage 2 has the clocks %v", names)
		}
		if k := d.clockNamed(o.Case, workday.Stage2Answer); told.IsZero() || k.Counts() != told {
			d.t.Errorf("they were told %s, and %s counts", told, k.Counts())
		}
	})
}

// Who looks at the message of a case that has an answer takes nothing of it
// back: neither the answer that waits to go, nor the stage.
func TestDecidingLateTakesNothingBack(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.undecided(classify.Complaint)
		d.at("2026-12-03")
		a := d.answering(o.Case, 1, "officer:bo")
		a.GivenAt = time.Time{}
		hints, err := d.Answer(d.t.Context(), a)
		d.must(err)
		d.refused(d.rules(o, classify.Enquiry), "answer")
		d.must(d.rules(o, classify.Complaint))
		if got := d.outgoing(hints[0].ID); got.State != register.Owed {
			d.t.Errorf("the answer is %s: %s", got.State, got.Why)
		}
	})
}

func TestDecidingLateMovesNoStageBack(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.undecided(classify.Complaint)
		d.at("2026-12-03")
		d.answer(o.Case, 1, "officer:bo")
		d.at("2026-12-04")
		d.reply(o.Case, "ann@example.com", "not good enough", registertest.Verdict(classify.Complaint))
		d.must(d.rules(o, classify.Complaint))
		if c := d.theCase(o.Case); c.Stage != 2 {
			d.t.Errorf("the case went back to stage %d", c.Stage)
		}
		if owed := d.owedOf(o.Case, register.Acknowledgement); len(owed) != 2 {
			d.t.Errorf("acknowledgements %+v", owed)
		}
	})
}

// An extension that was on its way when its stage was found to be another one
// is written down as sent, and moves nothing.
func TestAnExtensionOfTheWrongStage(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.undecided(classify.Complaint)
		hints, err := d.Extend(d.t.Context(), register.Extending{Case: o.Case, Stage: 1, By: "officer:bo", Reason: "We wait for the surveyor.", To: date(d.t, "2026-12-21")})
		d.must(err)
		c := d.claim(hints[0].ID)[0]
		d.must(d.begin(c))
		d.must(d.rules(o, classify.Stage2))
		due := d.clockNamed(o.Case, workday.Stage2Answer).Counts()
		errs, err := d.Sent(d.t.Context(), []register.Outcome{{ID: c.ID, Attempt: c.Attempt, Code: "250"}})
		d.must(err)
		d.must(errs[0])
		if k := d.clockNamed(o.Case, workday.Stage2Answer); k.Counts() != due {
			d.t.Errorf("it moved the answer of stage 2 from %s to %s", due, k.Counts())
		}
		if got := d.outgoing(c.ID); got.State != register.Delivered {
			d.t.Errorf("it is %s", got.State)
		}
	})
}
