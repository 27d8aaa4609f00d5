package figures_test

import (
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/figures"
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
			test(&desk{Register: registertest.Open(t, cfg), t: t, clock: clock, cfg: cfg})
		})
	}
}

func (d *desk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// on sets the clock to ten o'clock of a day.
func (d *desk) on(month time.Month, day int) *desk {
	d.clock.Set(time.Date(2026, month, day, 10, 0, 0, 0, time.UTC))
	return d
}

func (d *desk) take(text string, v classify.Verdict) register.Opened {
	d.t.Helper()
	got, err := d.Receive(d.t.Context(), []register.Arrival{registertest.Arrival(text, d.clock.Now())})
	d.must(err)
	opened, err := d.Open(d.t.Context(), []register.Opening{{
		Message: got[0].ID, Reading: registertest.Reading(text+"@homes.example", text+"@homes.example", text), Verdict: v,
	}})
	d.must(err)
	d.must(opened[0].Err)
	return opened[0]
}

func (d *desk) acknowledge(o register.Opened) {
	d.t.Helper()
	cs, err := d.Claim(d.t.Context(), []register.ID{o.Owed[0].ID}, time.Minute, register.Windows{})
	d.must(err)
	errs, err := d.Begin(d.t.Context(), []register.Beginning{{ID: cs[0].ID, Attempt: cs[0].Attempt, MessageID: cs[0].ID, Bytes: "x"}})
	d.must(err)
	d.must(errs[0])
	errs, err = d.Sent(d.t.Context(), []register.Outcome{{ID: cs[0].ID, Attempt: cs[0].Attempt}})
	d.must(err)
	d.must(errs[0])
}

func (d *desk) answer(o register.Opened) {
	d.t.Helper()
	_, err := d.Answer(d.t.Context(), register.Answering{
		Case: o.Case, Stage: 1, By: "officer", Outcome: register.Upheld, Text: "We are sorry.", Remedies: []string{"An apology"}, GivenAt: d.clock.Now(),
	})
	d.must(err)
}

// winter fills the register: 23 November 2026 is a Monday, so what came on it
// is acknowledged in time up to the 30th.
func (d *desk) winter() {
	d.t.Helper()
	complaint, damp := registertest.Verdict(classify.Complaint), registertest.Verdict(classify.Complaint)
	damp.Topics = []string{"damp_mould", "repairs"}
	d.on(time.November, 23)
	prompt, late, forgotten := d.take("prompt", complaint), d.take("late", damp), d.take("forgotten", damp)
	_ = forgotten
	d.take("request", registertest.Verdict(classify.ServiceRequest))
	d.acknowledge(prompt)
	unsure := registertest.Verdict(classify.ServiceRequest)
	unsure.Route, unsure.Second = classify.Review, classify.Complaint
	unsure.Evidence = []classify.Evidence{{Rule: "asks-for-repair", Label: "service_request"}, {Rule: "asks-for-repair", Label: "service_request"}, {Rule: "again", Label: "complaint"}}
	for text, label := range map[string]classify.Label{"over": classify.Complaint, "same": classify.ServiceRequest} {
		o := d.take(text, unsure)
		m, err := d.GetMessage(d.t.Context(), o.Message)
		d.must(err)
		_, err = d.Decide(d.t.Context(), register.Ruling{Message: m.ID, Version: m.Version, By: "officer", Label: label, Reason: "as I read it", Definition: unsure.Definition})
		d.must(err)
	}
	d.on(time.November, 27).answer(prompt)
	d.on(time.December, 2).acknowledge(late)
	d.on(time.December, 15).answer(late) // by the day it was the 14th; from the late acknowledgement the 16th
	d.on(time.December, 16)
	d.take("running", complaint)
}

func (d *desk) report(from, to string, homes int) figures.Report {
	d.t.Helper()
	f, err := workday.ParseDate(from)
	d.must(err)
	u, err := workday.ParseDate(to)
	d.must(err)
	rep, err := figures.Make(d.t.Context(), d.Register, figures.Span{From: f, To: u, Now: d.clock.Now(), Homes: homes, Calendar: d.cfg.Calendar})
	d.must(err)
	return rep
}

func TestFigures(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		d.winter()
		rep := d.report("2026-04-01", "2027-03-31", 2000)
		got := rep.Stages[0]
		want := figures.Figures{
			Name: "Stage 1", Received: 5, Acknowledged: 2, AckInTime: 1, AckInTimeAnyForm: 1, AckOverdue: 2,
			Answered: 2, AnsweredInTime: 1, AnswerOverdue: 2, Running: 1,
		}
		if len(rep.Stages) != 1 || got != want {
			t.Errorf("stages %+v, want %+v", rep.Stages, want)
		}
		for _, c := range []struct {
			what      string
			got, want figures.Reading
		}{
			{"CH01 strict", rep.CH01[0].Strict, figures.Reading{Count: 5, Of: 2000, Value: 2.5}},
			{"CH02 strict", rep.CH02[0].Strict, figures.Reading{Count: 1, Of: 4, Value: 25}},
			{"CH02 lenient", rep.CH02[0].Lenient, figures.Reading{Count: 2, Of: 2, Value: 100}},
			{"CH02 stage 2", rep.CH02[1].Strict, figures.Reading{}},
		} {
			if c.got != c.want {
				t.Errorf("%s: %+v, want %+v", c.what, c.got, c.want)
			}
		}
		if a := rep.Acknowledge; len(a.Counts) != 2 || a.Median != 0 || a.P90 != 7 || a.Most != 7 {
			t.Errorf("days to acknowledge %+v", a)
		}
		if rep.Reviewed != 2 || rep.Overridden != 1 || len(rep.Rules) != 2 || rep.Rules[0].Rate != 0.5 || rep.Rules[0].Reviewed != 2 {
			t.Errorf("overrides %d of %d, %+v", rep.Overridden, rep.Reviewed, rep.Rules)
		}
		if len(rep.Topics) != 2 || rep.Topics[0].Name != "damp_mould" || rep.Topics[0].Received != 2 || rep.Topics[1].Received != 5 {
			t.Errorf("topics %+v", rep.Topics)
		}
		if len(rep.Months) != 2 || rep.Months[0].Received != 4 || rep.Months[1].Name != "2026-12" {
			t.Errorf("months %+v", rep.Months)
		}

		// A span counts receipts for itself and answers for themselves.
		rep = d.report("2026-12-01", "2026-12-31", 0)
		if rep.CH02[0].Lenient.Of != 1 || rep.CH02[0].Strict.Of != 0 || rep.CH01[0].Strict.Count != 1 {
			t.Errorf("December: CH01 %+v, CH02 %+v", rep.CH01, rep.CH02)
		}
	})
}

// unhappy has the resident ask for stage 2 of an answered complaint.
func (d *desk) unhappy(o register.Opened) {
	d.t.Helper()
	got, err := d.Receive(d.t.Context(), []register.Arrival{registertest.Arrival("not good enough", d.clock.Now())})
	d.must(err)
	v := registertest.Verdict(classify.Stage2)
	v.Route = classify.Review
	opened, err := d.Open(d.t.Context(), []register.Opening{{
		Message: got[0].ID, Reading: registertest.Reading("again@homes.example", "refused@homes.example", "not good enough"), Verdict: v,
		Join: register.Join{Case: o.Case, Why: "reference", Trusted: true},
	}})
	d.must(err)
	d.must(opened[0].Err)
	m, err := d.GetMessage(d.t.Context(), got[0].ID)
	d.must(err)
	_, err = d.Decide(d.t.Context(), register.Ruling{Message: m.ID, Version: m.Version, By: "officer", Label: classify.Stage2})
	d.must(err)
}

// TestWhatClosingHides holds that neither closing a complaint after its day nor
// refusing its stage 2 takes it out of the figures.
func TestWhatClosingHides(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		complaint := registertest.Verdict(classify.Complaint)
		d.on(time.November, 23)
		refused, timely, late := d.take("refused", complaint), d.take("timely", complaint), d.take("late", complaint)
		d.acknowledge(refused)
		d.on(time.November, 26).answer(refused)
		d.must(d.on(time.November, 27).CloseCase(d.t.Context(), timely.Case, "officer", register.ClosedWithdrawn, "she rang"))
		d.on(time.December, 1).unhappy(refused)
		_, err := d.on(time.December, 2).NotAccept(d.t.Context(), register.NotAccepting{Case: refused.Case, By: "officer", Reason: register.TooOld, Words: "It fell in 2019."})
		d.must(err)
		d.must(d.on(time.December, 20).CloseCase(d.t.Context(), late.Case, "officer", register.ClosedWithdrawn, "he gave up"))
		rep := d.on(time.December, 22).report("2026-04-01", "2027-03-31", 1000)
		for _, c := range []struct {
			what      string
			got, want figures.Reading
		}{
			{"CH01 lenient", rep.CH01[0].Lenient, figures.Reading{Count: 3, Of: 1000, Value: 3}},
			{"CH01 stage 2 lenient", rep.CH01[1].Lenient, figures.Reading{Of: 1000}},
			{"CH02 strict", rep.CH02[0].Strict, figures.Reading{Count: 1, Of: 2, Value: 50}},
			{"CH02 stage 2 strict", rep.CH02[1].Strict, figures.Reading{}},
		} {
			if c.got != c.want {
				t.Errorf("%s: %+v, want %+v", c.what, c.got, c.want)
			}
		}
	})
}

func TestWritingAReport(t *testing.T) {
	t.Parallel()
	clock := registertest.NewClock()
	cfg := registertest.SQLite(t, registertest.Config(t, clock.Now))
	d := &desk{Register: registertest.Open(t, cfg), t: t, clock: clock, cfg: cfg}
	empty := d.report("2026-04-01", "2026-12-31", 0)
	d.winter()
	full := d.report("2026-04-01", "2026-12-31", 2000)
	for _, rep := range []figures.Report{empty, full} {
		var text, table strings.Builder
		d.must(rep.Text(&text))
		d.must(rep.CSV(&table))
		rows, err := csv.NewReader(strings.NewReader(table.String())).ReadAll()
		if err != nil || len(rows) < 10 {
			t.Errorf("CSV: %d rows, %v", len(rows), err)
		}
		out, err := json.Marshal(rep)
		if err != nil || strings.Contains(string(out), "null") {
			t.Errorf("JSON: %s, %v", out, err)
		}
		want := []string{"1 April 2026", "CH02 stage 1, answered in time"}
		if told := strings.Contains(text.String(), "half within"); told != (rep.Homes > 0) {
			t.Errorf("half of no acknowledgements went within some days\n%s", text.String())
		}
		if rep.Homes > 0 {
			want = append(want, "2.5 (5 of 2000 homes)", "25.0% (1 of 4)", "100.0% (2 of 2)", "damp mould", "asks-for-repair", "half within 0")
		}
		for _, w := range want {
			if !strings.Contains(text.String(), w) {
				t.Errorf("no %q in\n%s", w, text.String())
			}
		}
	}
}
