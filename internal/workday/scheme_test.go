package workday_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"postroom/internal/workday"
)

func scheme(t *testing.T, id string) workday.Scheme {
	t.Helper()
	c, err := workday.CodeByID(id)
	if err != nil {
		t.Fatal(err)
	}
	return c.On(workday.Date{Year: 2026, Month: 11, Day: 23})
}

// Each scheme's clocks for post of Monday 23 November 2026 in its own nation;
// 30 November is St Andrew's Day.
func TestSchemes(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		id     string
		nation workday.Nation
		want   string
	}{
		{"", workday.EnglandAndWales, "stage1_acknowledgement 2026-11-30, stage1_answer 2026-12-14, stage2_acknowledgement 2026-11-30, stage2_answer 2026-12-30"},
		{"lgsco-2024", workday.EnglandAndWales, "stage1_acknowledgement 2026-11-30, stage1_answer 2026-12-14, stage2_acknowledgement 2026-11-30, stage2_answer 2026-12-30"},
		{"spso", workday.Scotland, "stage1_answer 2026-11-27, stage2_acknowledgement 2026-11-25, stage2_answer 2026-12-21"},
		{"nipso", workday.NorthernIreland, "stage1_answer 2026-11-30, stage2_acknowledgement 2026-11-26, stage2_answer 2026-12-21"},
		{"psow", workday.EnglandAndWales, "stage1_acknowledgement 2026-11-30, stage1_answer 2026-12-07, stage2_answer 2026-12-21"},
	} {
		t.Run(row.id, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, due := range scheme(t, row.id).Clocks(calendar(t, row.nation), instant(t, "2026-11-23T09:00")) {
				got = append(got, due.Name+" "+due.Due.String())
			}
			if s := strings.Join(got, ", "); s != row.want {
				t.Errorf("got  %s\nwant %s", s, row.want)
			}
		})
	}
}

func TestSchemesAreSound(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, s := range workday.Schemes() {
		if err := s.Validate(); err != nil || seen[s.ID] || s.Name == "" {
			t.Errorf("%s: %v", s.ID, err)
		}
		seen[s.ID] = true
	}
	if workday.Schemes()[0].ID != workday.DefaultScheme().ID || len(seen) != 5 {
		t.Errorf("schemes %v", seen)
	}
	if _, err := workday.CodeByID("moon"); err == nil || !strings.Contains(err.Error(), "housing-ombudsman-2024, lgsco-2024") {
		t.Errorf("got %v", err)
	}
}

func TestValidateReportsEverything(t *testing.T) {
	t.Parallel()
	s := workday.Scheme{
		ID:     "ours",
		Stage1: workday.Stage{Acknowledge: workday.Rule{Days: 5, From: workday.Request}, Answer: workday.Rule{Days: 1000, From: workday.Receipt}, Extension: -1},
		Stage2: workday.Stage{Acknowledge: workday.Rule{Days: -1}, Answer: workday.Rule{Days: 20, From: workday.Acknowledgement}},
		CutOff: "4pm",
	}
	err := s.Validate()
	if err == nil {
		t.Fatal("taken for good")
	}
	for _, want := range []string{
		`stage1_acknowledgement: cannot count from "request"`, "stage1_answer: 1000 working days", "stage2_acknowledgement: -1",
		"stage2_answer: counts from an acknowledgement that the scheme does not have", "extension", `cut-off "4pm"`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in:\n%v", want, err)
		}
	}
}

func TestCutOff(t *testing.T) {
	t.Parallel()
	strict, early := workday.DefaultScheme(), workday.DefaultScheme()
	early.CutOff = "16:00"
	for _, row := range []struct{ name, at, strict, early string }{
		{"before", "2026-07-01T15:59:59", "2026-07-01", "2026-07-01"},
		{"on it", "2026-07-01T16:00", "2026-07-01", "2026-07-02"},
		{"a second to midnight", "2026-07-01T23:59:59", "2026-07-01", "2026-07-02"},
		{"midnight", "2026-07-02T00:00", "2026-07-02", "2026-07-02"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			at := instant(t, row.at)
			if s, e := strict.ReceiptDate(at), early.ReceiptDate(at); s.String() != row.strict || e.String() != row.early {
				t.Errorf("got %s and %s", s, e)
			}
			for _, scheme := range []workday.Scheme{strict, early} {
				day := scheme.ReceiptDate(at)
				if last := scheme.LastReceipt(day); last.Before(at) || scheme.ReceiptDate(last) != day || scheme.ReceiptDate(last.Add(time.Second)) == day {
					t.Errorf("the last of %s is %s", day, last)
				}
			}
		})
	}
}

func TestAnswersCountFromTheEarlierOfSentAndDue(t *testing.T) {
	t.Parallel()
	cal, s := calendar(t, workday.EnglandAndWales), workday.DefaultScheme()
	received := instant(t, "2026-11-23T09:00") // acknowledgement due 30 November
	for _, row := range []struct{ name, acknowledged, due, assumes string }{
		{"not yet", "", "2026-12-14", "the day the acknowledgement is due"},
		{"on the due date", "2026-11-30", "2026-12-14", "Acknowledged on Monday 30 November 2026."},
		{"early", "2026-11-24", "2026-12-08", "Acknowledged on Tuesday 24 November 2026."},
		{"late buys no time", "2026-12-04", "2026-12-14", "because it went out later"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			acknowledged := workday.Date{}
			if row.acknowledged != "" {
				acknowledged = date(t, row.acknowledged)
			}
			got, ok := s.ClockFor(cal, workday.Stage1Answer, received, acknowledged)
			if !ok || got.Due.String() != row.due || !strings.Contains(got.Assumes, row.assumes) {
				t.Errorf("due %s, %q", got.Due, got.Assumes)
			}
		})
	}
}

func TestStepsShowTheWorking(t *testing.T) {
	t.Parallel()
	s := workday.DefaultScheme()
	s.RollNonworkingReceipt = true
	got, _ := s.Clock(calendar(t, workday.EnglandAndWales), workday.Stage1Acknowledgement, date(t, "2026-12-25"))
	want := []string{
		"Friday 25 December 2026: received, but counted as received on the next working day, Christmas Day.",
		"Saturday 26 December 2026: received, but counted as received on the next working day, weekend.",
		"Sunday 27 December 2026: received, but counted as received on the next working day, weekend.",
		"Monday 28 December 2026: received, but counted as received on the next working day, Boxing Day (substitute day).",
		"Tuesday 29 December 2026: received, day 0.",
		"Wednesday 30 December 2026: day 1.",
		"Thursday 31 December 2026: day 2.",
		"Friday 1 January 2027: not counted, New Year’s Day.",
		"Saturday 2 January 2027: not counted, weekend.",
		"Sunday 3 January 2027: not counted, weekend.",
		"Monday 4 January 2027: day 3.",
		"Tuesday 5 January 2027: day 4.",
		"Wednesday 6 January 2027: day 5.",
		"Due by the end of Wednesday 6 January 2027, London time.",
	}
	if !slices.Equal(got.Steps, want) {
		t.Errorf("got\n%s", strings.Join(got.Steps, "\n"))
	}
}

func TestAClockBeyondTheCalendarWarns(t *testing.T) {
	t.Parallel()
	cal, s := calendar(t, workday.EnglandAndWales), workday.DefaultScheme()
	for _, row := range []struct {
		received string
		warns    bool
	}{{"2028-11-20", false}, {"2028-12-22", true}, {"2035-06-01", true}, {"2011-12-30", true}, {"2012-01-03", false}} {
		got, _ := s.Clock(cal, workday.Stage1Acknowledgement, date(t, row.received))
		if (got.Warning != "") != row.warns {
			t.Errorf("%s: warning %q", row.received, got.Warning)
		}
	}
}

func TestExtended(t *testing.T) {
	t.Parallel()
	cal, s := calendar(t, workday.EnglandAndWales), workday.DefaultScheme()
	for _, row := range []struct{ name, due, want string }{
		{workday.Stage1Answer, "2026-12-14", "2026-12-30"},
		{workday.Stage2Answer, "2026-12-30", "2027-01-28"},
		{workday.Stage1Acknowledgement, "2026-11-30", ""},
	} {
		got, ok := s.Extended(cal, row.name, date(t, row.due))
		if got.String() != row.want || ok != (row.want != "") {
			t.Errorf("%s: got %s, %v", row.name, got, ok)
		}
	}
}

func TestFailsafe(t *testing.T) {
	t.Parallel()
	cal := calendar(t, workday.EnglandAndWales)
	for _, row := range []struct{ name, received, due, want string }{
		{"noon of working day 4", "2026-11-23", "2026-11-30", "2026-11-27T12:00"},
		{"in summer time", "2026-07-06", "2026-07-13", "2026-07-10T12:00"},
		{"over Christmas", "2026-12-24", "2027-01-05", "2027-01-04T12:00"},
		{"a clock of three days", "2026-11-23", "2026-11-26", "2026-11-25T12:00"},
		{"no due date", "2026-11-23", "", "2026-11-27T12:00"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			due := workday.Date{}
			if row.due != "" {
				due = date(t, row.due)
			}
			if got := cal.Failsafe(date(t, row.received), 4, 12, due); !got.Equal(instant(t, row.want)) {
				t.Errorf("got %s", got.In(workday.London()))
			}
		})
	}
}
