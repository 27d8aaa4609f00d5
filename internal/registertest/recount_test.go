package registertest_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/workday"
)

func TestAnEarlierDayOfReceiptShowsWhatWasMissed(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.acknowledged("cold") // received on the 23rd, acknowledged on the 25th
		ctx := t.Context()
		d.refused(d.CorrectReceived(ctx, o.Message, on(t, "2026-11-12"), "officer:bo", ""), "Say why")
		d.refused(d.CorrectReceived(ctx, o.Message, on(t, "2026-11-26"), "officer:bo", "x"), "in the future")
		d.refused(d.CorrectReceived(ctx, o.Message, on(t, "2026-11-12"), "rules@1", "x"), "Only a person")
		d.must(d.CorrectReceived(ctx, o.Message, on(t, "2026-11-12"), "officer:bo", "a colleague had it in a drawer"))
		ack, answer := d.clockNamed(o.Case, workday.Stage1Acknowledgement), d.clockNamed(o.Case, workday.Stage1Answer)
		if ack.Due.String() != "2026-11-19" || !ack.Missed(d.clock.Now()) {
			t.Errorf("acknowledgement %+v", ack)
		}
		if answer.Due.String() != "2026-12-03" || answer.Promised.String() != "2026-12-09" || answer.Counts().String() != "2026-12-03" {
			t.Errorf("answer due %s, promised %s", answer.Due, answer.Promised)
		}
		m := d.message(o.Message)
		if m.Deadline.String() != "2026-11-19" || m.Basis != register.Given {
			t.Errorf("message %+v", m)
		}
		if !slices.Contains(d.events("message:"+o.Message), "received_corrected") || !slices.Contains(d.events("case:"+o.Case), "received_corrected") {
			t.Error("the history does not say so")
		}
	})
}

func TestALaterDayOfReceiptKeepsWhatWasPromised(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.acknowledged("cold")
		d.must(d.CorrectReceived(t.Context(), o.Message, on(t, "2026-11-24"), "officer:bo", "misread stamp"))
		k := d.clockNamed(o.Case, workday.Stage1Answer)
		if k.Counts().String() != "2026-12-09" {
			t.Errorf("counts %s", k.Counts())
		}
	})
}

func TestACorrectionMovesWhatIsStillUndecidedAndOwed(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		v := registertest.Verdict(classify.Complaint)
		v.Route = classify.Review
		o := d.take("hm", register.Opening{Reading: registertest.Reading("1@x", "ann@example.com", "hm"), Verdict: v})
		owed := d.complaint("cold", "ann@example.com")
		for _, id := range []register.ID{o.Message, owed.Message} {
			d.must(d.CorrectReceived(t.Context(), id, on(t, "2026-11-19"), "officer:bo", "drawer"))
		}
		if m := d.message(o.Message); m.Deadline.String() != "2026-11-26" || m.FailsafeAt.Format("2006-01-02") != "2026-11-25" {
			t.Errorf("message %+v", m)
		}
		if got := d.outgoing(owed.Owed[0].ID).Deadline; !got.Equal(date(t, "2026-11-26").End()) {
			t.Errorf("what is owed is late on %s", got)
		}
	})
}

func TestAnExtensionThatTurnsOutLateIsVoid(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.acknowledged("cold")
		d.clock.Set(on(t, "2026-12-08"))
		hints, err := d.Extend(t.Context(), register.Extending{Case: o.Case, Stage: 1, By: "officer:bo", Reason: "report", To: date(t, "2026-12-15")})
		d.must(err)
		d.send(hints[0].ID)
		d.must(d.CorrectReceived(t.Context(), o.Message, on(t, "2026-11-12"), "officer:bo", "drawer"))
		if k := d.clockNamed(o.Case, workday.Stage1Answer); k.Counts().String() != "2026-12-03" || !k.Missed(d.clock.Now()) {
			t.Errorf("the answer was due on 3 December, before the resident was told on the 8th: %+v", k)
		}
	})
}

// closed adds one bank holiday to the calendar.
func (d *desk) closed(day string) {
	d.t.Helper()
	list := fmt.Sprintf(`{"england-and-wales": {"division": "england-and-wales", "events": [{"title": "A day off", "date": %q}]}}`, day)
	cal, err := workday.New(workday.EnglandAndWales, []byte(list))
	d.must(err)
	d.must(d.Close())
	d.cfg.Calendar = cal
	d.Register = registertest.Open(d.t, d.cfg)
}

// One clock and one message that cannot be read keep no other from being counted.
func TestWhatCannotBeCountedKeepsNothingElse(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		d.clock.Set(on(t, "2026-11-25"))
		bad, good := d.complaint("cold", "ann@example.com"), d.complaint("damp", "cy@example.com")
		unread := d.waits("hm", nil)
		waiting := d.receive(registertest.Arrival("unread", d.clock.Now()))[0]
		d.spoil(`UPDATE clock SET steps = 'soon' WHERE case_id = $1`, bad.Case)
		d.spoil(`UPDATE message SET reading = '{' || reading WHERE id = $1`, unread.ID)
		d.closed("2026-12-02")
		moved, err := d.Recount(t.Context())
		if err == nil || errors.Is(err, register.ErrLost) || moved != 2 {
			t.Errorf("%d moved, error %v: want 2, and what is wrong with the others", moved, err)
		}
		if k := d.clockNamed(good.Case, workday.Stage1Acknowledgement); k.Due.String() != "2026-12-03" {
			t.Errorf("clock %+v", k)
		}
		if m := d.message(waiting.ID); m.Deadline.String() != "2026-12-03" {
			t.Errorf("unread message %+v", m)
		}
		d.spoil(`UPDATE clock SET steps = '[]' WHERE case_id = $1`, bad.Case)
		d.spoil(`UPDATE message SET reading = substr(reading, 2) WHERE id = $1`, unread.ID)
	})
}

func TestANewBankHolidayRecountsWhatRuns(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		told := d.acknowledged("cold")                  // promised 9 December
		untold := d.complaint("damp", "cy@example.com") // received on the 25th
		waiting := d.receive(registertest.Arrival("unread", d.clock.Now()))[0]
		d.closed("2026-12-02")
		moved, err := d.Recount(t.Context())
		d.must(err)
		if moved != 3 {
			t.Errorf("%d moved, want 3", moved)
		}
		k := d.clockNamed(told.Case, workday.Stage1Answer)
		if k.Due.String() != "2026-12-10" || k.Promised.String() != "2026-12-09" || k.Counts().String() != "2026-12-09" {
			t.Errorf("what was promised counts: %+v", k)
		}
		if k := d.clockNamed(told.Case, workday.Stage1Acknowledgement); k.Due.String() != "2026-11-30" {
			t.Errorf("a clock that was met moved: %+v", k)
		}
		if k := d.clockNamed(untold.Case, workday.Stage1Acknowledgement); k.Due.String() != "2026-12-03" || k.Calendar != d.cfg.Calendar.Version() {
			t.Errorf("clock %+v", k)
		}
		if m := d.message(waiting.ID); m.Deadline.String() != "2026-12-03" {
			t.Errorf("unread message %+v", m)
		}
		if !slices.Contains(d.events("case:"+told.Case), "recounted") {
			t.Error("the history does not say so")
		}
		if again, err := d.Recount(t.Context()); err != nil || again != 0 {
			t.Errorf("moved again: %d %v", again, err)
		}
	})
}

func TestAFullerAcknowledgementKeepsAnExtension(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		v := registertest.Verdict(classify.Complaint)
		v.Route = classify.Review
		o := d.take("hm", register.Opening{Reading: registertest.Reading("1@x", "ann@example.com", "hm"), Verdict: v})
		d.clock.Set(on(t, "2026-11-28"))
		acted, err := d.Failsafe(t.Context(), []register.ID{o.Message})
		d.must(err)
		d.send(acted[0].Owed[0].ID)
		before := d.clockNamed(acted[0].Case, workday.Stage1Answer)
		hints, err := d.Extend(t.Context(), register.Extending{Case: acted[0].Case, Stage: 1, By: "officer:bo", Reason: "report", To: before.Due.AddDays(7)})
		d.must(err)
		d.send(hints[0].ID)
		m := d.message(o.Message)
		ruled, err := d.Decide(t.Context(), register.Ruling{Message: m.ID, Version: m.Version, By: "officer:bo", Label: classify.Complaint, Definition: v.Definition})
		d.must(err)
		c := d.claim(ruled.Owed[0].ID)[0]
		for _, k := range c.Clocks {
			if k.Name == workday.Stage1Answer && k.Counts() != before.Due.AddDays(7) {
				t.Errorf("the fuller acknowledgement would say %s", k.Counts())
			}
		}
	})
}
