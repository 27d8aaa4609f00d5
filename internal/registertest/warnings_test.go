package registertest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/workday"
)

func (d *desk) warn() int {
	d.t.Helper()
	n, err := d.Warn(d.t.Context(), d.clock.Now())
	d.must(err)
	return n
}

func (d *desk) alarms(kind register.AlarmKind) (notes []string) {
	d.t.Helper()
	open, err := d.OpenAlarms(d.t.Context(), 50)
	d.must(err)
	for _, a := range open {
		if a.Kind == kind {
			notes = append(notes, a.Note)
		}
	}
	return notes
}

func TestAnswersAreWarnedOf(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.acknowledged("cold") // the answer is due on 9 December
		for _, row := range []struct {
			day  string
			want int
		}{{"2026-12-04", 0}, {"2026-12-07", 1}, {"2026-12-08", 1}, {"2026-12-09", 0}, {"2026-12-10", 1}, {"2026-12-11", 0}} {
			d.clock.Set(on(t, row.day))
			if first, second := d.warn(), d.warn(); first != row.want || second != 0 {
				t.Errorf("on %s: warned %d and %d times, want %d", row.day, first, second, row.want)
			}
		}
		if notes := d.alarms(register.DeadlineAlarm); len(notes) != 3 || !strings.Contains(notes[2], "stage 1 answer has not been given and its deadline has passed") {
			t.Errorf("alarms %q", notes)
		}
		to := []register.Recipient{{Way: register.ByEmail, Address: "duty@landlord.example"}}
		hints, err := d.Sound(t.Context(), d.clock.Now(), to)
		d.must(err)
		if len(hints) != 3 || d.outgoing(hints[0].ID).Reference != o.Reference {
			t.Errorf("alerts %+v", hints)
		}
		d.answer(o.Case, 1, "officer:bo")
		d.clock.Set(on(t, "2026-12-20"))
		if got := d.warn(); got != 0 {
			t.Errorf("warned of an answer that was given: %d", got)
		}
	})
}

func TestAnExtensionThatHasNotGoneIsWarnedOf(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.acknowledged("cold")
		_, err := d.Extend(t.Context(), register.Extending{Case: o.Case, Stage: 1, By: "officer:bo", Reason: "report", To: date(t, "2026-12-15")})
		d.must(err)
		d.clock.Set(on(t, "2026-12-08"))
		d.warn()
		if notes := d.alarms(register.DeadlineAlarm); !slices.ContainsFunc(notes, func(n string) bool { return strings.Contains(n, "a letter to a resident has not gone") }) {
			t.Errorf("alarms %q", notes)
		}
	})
}

// Of two things that are due one cannot be warned of: the other is.
func TestAWarningThatFailsKeepsNoneBack(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		d.clock.Set(on(t, "2026-11-23"))
		bad := d.take("gas", register.Opening{Reading: registertest.Reading("1@x", "ann@example.com", "gas"), Verdict: hazardous(classify.Significant, "damp_mould")})
		d.acknowledged("cold") // its answer is due on 9 December
		spoil := `CREATE INDEX spoilt ON event ((1 / CASE WHEN what = 'alarm_raised' AND subject = 'message:` + bad.Message + `' THEN 0 ELSE 1 END))`
		if d.cfg.Driver == "sqlite" {
			spoil = `CREATE TRIGGER spoilt BEFORE INSERT ON event WHEN NEW.what = 'alarm_raised' AND NEW.subject = 'message:` + bad.Message + `' BEGIN SELECT RAISE(ABORT, 'spoilt'); END`
		}
		d.spoil(spoil)
		d.clock.Set(on(t, "2026-12-10"))
		n, err := d.Warn(t.Context(), d.clock.Now())
		if notes := d.alarms(register.DeadlineAlarm); err == nil || n != 3 || len(notes) != 3 { // two days before, one, and late
			t.Errorf("warned %d times, error %v, alarms %q", n, err, notes)
		}
	})
}

func hazardous(level classify.HazardLevel, topics ...string) classify.Verdict {
	v := about(classify.ServiceRequest, topics...)
	v.HazardLevel, v.Flags = level, []classify.Flag{classify.Hazard}
	return v
}

func TestHazardsHaveTheLawsClocks(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := t.Context()
		o := d.take("mould", register.Opening{Reading: registertest.Reading("1@x", "ann@example.com", "mould"), Verdict: hazardous(classify.Significant, "damp_mould")})
		h, err := d.MessageHazard(ctx, o.Message)
		d.must(err)
		if h.Law != "awaab-phase-1" || len(h.Duties) != 1 || h.Duties[0].Name != "investigate" || !h.Duties[0].DueAt.Equal(date(t, "2026-12-07").End()) {
			t.Fatalf("hazard %+v", h)
		}
		d.refused(d.EndHazard(ctx, h.ID, "officer:bo", "dry"), "has not been investigated")
		d.refused(d.HazardDone(ctx, h.ID, "make_safe", d.clock.Now(), "officer:bo"), "no such duty")
		d.refused(d.HazardDone(ctx, h.ID, "investigate", d.clock.Now().Add(time.Hour), "officer:bo"), "not in the future")
		d.clock.Set(on(t, "2026-12-01"))
		d.must(d.HazardDone(ctx, h.ID, "investigate", d.clock.Now(), "officer:bo"))
		h, err = d.MessageHazard(ctx, o.Message)
		d.must(err)
		due := map[string]string{}
		for _, duty := range h.Duties {
			due[duty.Name] = duty.DueAt.Add(-time.Second).Format("2006-01-02")
		}
		if due["written_summary"] != "2026-12-04" || due["make_safe"] != "2026-12-08" || due["start_further_work"] != "2027-02-23" {
			t.Errorf("due %v", due)
		}
		d.must(d.CorrectReceived(ctx, o.Message, on(t, "2026-11-16"), "officer:bo", "told the caretaker first"))
		all, err := d.CaseHazards(ctx, o.Case)
		d.must(err)
		if len(all) != 1 || !all[0].Duties[0].Missed(d.clock.Now()) || all[0].Duties[0].DoneAt.IsZero() {
			t.Errorf("an investigation on 1 December was late for 16 November: %+v", all)
		}
		d.must(d.EndHazard(ctx, h.ID, "officer:bo", "washed and dry"))
		d.refused(d.HazardDone(ctx, h.ID, "make_safe", d.clock.Now(), "officer:bo"), "Nothing more")
	})
}

func TestWhichHazardsTheLawCovers(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		for _, row := range []struct {
			name, day string
			verdict   classify.Verdict
			want      bool
		}{
			{"pests before phase 2", "2026-11-27", hazardous(classify.Significant, "pests"), false},
			{"pests in phase 2", "2026-11-30", hazardous(classify.Significant, "pests"), true},
			{"an emergency about anything", "2026-11-27", hazardous(classify.Emergency, "parking"), true},
			{"no hazard", "2026-11-30", about(classify.ServiceRequest, "damp_mould"), false},
		} {
			d.clock.Set(on(t, row.day))
			o := d.take(row.name, register.Opening{Reading: registertest.Reading(row.name+"@x", "ann@example.com", row.name), Verdict: row.verdict})
			if _, err := d.MessageHazard(t.Context(), o.Message); (err == nil) != row.want {
				t.Errorf("%s: %v", row.name, err)
			}
		}
	})
}

func TestDutiesAboutHazardsSoundUntilTaken(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.take("gas", register.Opening{Reading: registertest.Reading("1@x", "ann@example.com", "gas"), Verdict: hazardous(classify.Emergency, "repairs")})
		if got := d.warn(); got != 0 {
			t.Errorf("warned %d times a day before", got)
		}
		d.clock.Advance(19 * time.Hour)
		if got := d.warn(); got != 2 {
			t.Errorf("five hours before: %d", got)
		}
		to := []register.Recipient{{Way: register.ByEmail, Address: "duty@landlord.example"}}
		for _, a := range []time.Duration{0, 15 * time.Minute} {
			d.clock.Advance(a)
			hints, err := d.Sound(t.Context(), d.clock.Now(), to)
			d.must(err)
			if len(hints) != 3 { // the emergency itself, and two duties
				t.Errorf("sounded %d times", len(hints))
			}
		}
		h, err := d.MessageHazard(t.Context(), o.Message)
		d.must(err)
		d.must(d.HazardDone(t.Context(), h.ID, "investigate", d.clock.Now(), "officer:bo"))
		d.clock.Set(on(t, "2026-11-24").Add(time.Hour))
		if got := d.warn(); got != 1 {
			t.Errorf("after the time: %d, want the one duty that is not done", got)
		}
		if notes := d.alarms(register.HazardAlarm); !strings.Contains(notes[len(notes)-1], "wanted this done by now (emergency hazard)") {
			t.Errorf("alarms %q", notes)
		}
	})
}

func TestTheMorningsList(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := t.Context()
		late := d.acknowledged("cold") // due on 9 December
		today := d.complaint("damp", "bo@example.com")
		d.clock.Set(on(t, "2026-12-10"))
		undecided := d.receive(registertest.Arrival("unread", on(t, "2026-12-03")))[0]
		d.must(d.NotePoll(ctx, register.MailboxStatus{Mailbox: "inbox", PolledAt: d.clock.Now(), Problem: "nothing new for two days"}))
		f, err := d.Digest(ctx, d.clock.Now())
		d.must(err)
		var lines []string
		for _, l := range f.Overdue {
			lines = append(lines, l.Reference+" "+l.What)
		}
		for _, want := range []string{late.Reference + " " + workday.Stage1Answer, today.Reference + " " + workday.Stage1Acknowledgement} {
			if !slices.Contains(lines, want) {
				t.Errorf("%q is missing in %q", want, lines)
			}
		}
		if len(f.DueToday) != 1 || f.DueToday[0].Reference != undecided.Reference || f.Unread != 1 || len(f.Troubles) != 1 || !strings.Contains(f.Troubles[0], "nothing new") {
			t.Errorf("list %+v", f)
		}
		to := []register.Recipient{{Way: register.ByEmail, Address: "lead@landlord.example"}}
		owe := func(day string, hour int) int {
			at := on(t, day).Add(time.Duration(hour-10) * time.Hour)
			d.clock.Set(at)
			hints, err := d.OweDigest(t.Context(), at, to)
			d.must(err)
			if len(hints) > 0 {
				if o := d.outgoing(hints[0].ID); o.Kind != register.MorningDigest || o.About.Digest == nil || o.To.Address != "lead@landlord.example" {
					t.Errorf("owed %+v", o)
				}
			}
			return len(hints)
		}
		for _, row := range []struct {
			day  string
			hour int
			want int
		}{{"2026-12-10", 7, 0}, {"2026-12-10", 8, 1}, {"2026-12-10", 9, 0}, {"2026-12-11", 8, 1}, {"2026-12-12", 8, 0}, {"2026-12-25", 9, 0}} {
			if got := owe(row.day, row.hour); got != row.want {
				t.Errorf("on %s at %d: %d, want %d", row.day, row.hour, got, row.want)
			}
		}
	})
}

// However much is late, the list stays short, says how much it leaves out, and
// has what is due today.
func TestTheMorningsListIsShort(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		var late []register.Arrival
		for i := range 45 {
			late = append(late, registertest.Arrival(fmt.Sprint("late ", i), d.clock.Now()))
		}
		d.receive(late...)
		d.acknowledged("cold") // its answer is due on 9 December
		d.clock.Set(on(t, "2026-12-10"))
		today := d.receive(registertest.Arrival("today", on(t, "2026-12-03")))[0]
		f, err := d.Digest(t.Context(), d.clock.Now())
		d.must(err)
		if len(f.Overdue) != 40 || f.Left != 6 || len(f.DueToday) != 1 || f.DueToday[0].Reference != today.Reference {
			t.Errorf("%d late and %d left out, today %+v", len(f.Overdue), f.Left, f.DueToday)
		}
	})
}

func TestTheListSaysWhenBankHolidaysRunOut(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		d.clock.Set(time.Date(2028, 10, 2, 9, 0, 0, 0, time.UTC))
		f, err := d.Digest(t.Context(), d.clock.Now())
		d.must(err)
		if len(f.Troubles) != 1 || !strings.Contains(f.Troubles[0], "known only to the end of 2028") {
			t.Errorf("troubles %q", f.Troubles)
		}
	})
}
