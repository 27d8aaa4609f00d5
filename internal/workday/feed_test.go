package workday_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"postroom/internal/workday"
)

// list is a GOV.UK list with days for England and Wales.
func list(days ...string) []byte {
	var events []string
	for _, d := range days {
		events = append(events, fmt.Sprintf(`{"title": "Holiday", "date": %q, "notes": "", "bunting": true}`, d))
	}
	return []byte(`{"england-and-wales": {"division": "england-and-wales", "events": [` + strings.Join(events, ",") + `]}}`)
}

var year2029 = []string{"2029-01-01", "2029-03-30", "2029-04-02", "2029-05-07", "2029-05-28", "2029-08-27", "2029-12-25", "2029-12-26"}

func TestAOneOffHolidayIsAdded(t *testing.T) {
	t.Parallel()
	before := calendar(t, workday.EnglandAndWales)
	after := calendar(t, workday.EnglandAndWales, list("2026-11-27"))
	from := date(t, "2026-11-23")
	if before.Add(from, 5).String() != "2026-11-30" || after.Add(from, 5).String() != "2026-12-01" {
		t.Errorf("before %s, after %s", before.Add(from, 5), after.Add(from, 5))
	}
	if before.Version() == after.Version() || len(after.Version()) != 12 {
		t.Errorf("versions %s and %s", before.Version(), after.Version())
	}
	if again := calendar(t, workday.EnglandAndWales, list("2026-11-27")); again.Version() != after.Version() {
		t.Error("the same content has two versions")
	}
	if after.LastYear() != 2028 || !after.Covers(date(t, "2028-12-31")) || after.Covers(date(t, "2029-01-01")) {
		t.Errorf("covers up to %d", after.LastYear())
	}
}

func TestAWholeYearReplacesTheBuiltIn(t *testing.T) {
	t.Parallel()
	moved := []string{"2028-01-03", "2028-04-14", "2028-04-17", "2028-05-05", "2028-05-29", "2028-08-28", "2028-12-25", "2028-12-26"}
	cal := calendar(t, workday.EnglandAndWales, list(moved...))
	if !cal.IsWorking(date(t, "2028-05-01")) || cal.IsWorking(date(t, "2028-05-05")) {
		t.Error("the holiday was not moved")
	}
	next := calendar(t, workday.EnglandAndWales, list(append(moved, year2029...)...))
	if next.LastYear() != 2029 || next.IsWorking(date(t, "2029-12-25")) {
		t.Errorf("covers up to %d", next.LastYear())
	}
}

func TestTheOtherNationsDoNotCount(t *testing.T) {
	t.Parallel()
	text := bytes.Replace(list("2026-11-27"), []byte(`]}}`), []byte(`]}, "scotland": {"division": "scotland", "events": [{"title": "x", "date": "2026-11-26"}]}}`), 1)
	if !calendar(t, workday.EnglandAndWales, text).IsWorking(date(t, "2026-11-26")) {
		t.Error("a Scottish holiday counts in England")
	}
	if calendar(t, workday.Scotland, text).IsWorking(date(t, "2026-11-26")) {
		t.Error("a Scottish holiday does not count in Scotland")
	}
}

func TestEveryProblemOfAListIsReported(t *testing.T) {
	t.Parallel()
	bad := []byte(`{
		"england-and-wales": {"division": "scotland", "events": [
			{"title": "a", "date": "2026-13-01"}, {"title": "b", "date": "2026-11-28"},
			{"title": "c", "date": "2026-11-27"}, {"title": "d", "date": "2026-11-27"}]},
		"wales": {"division": "wales", "events": []}}`)
	_, err := workday.New(workday.EnglandAndWales, bad, []byte("<html>"), list("2031-01-01"), []byte(`{"scotland": {"events": []}}`))
	if err == nil {
		t.Fatal("taken for good")
	}
	for _, want := range []string{
		`list 1: england-and-wales: division says "scotland"`, "2026-13-01", "event 2: 2026-11-28 is a Saturday", "2026-11-27 is listed twice",
		`unknown nation "wales"`, "list 2: not in the shape", "list 3: 2031 has only 1 days", `list 4: there is no division "england-and-wales"`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in:\n%v", want, err)
		}
	}
}

func TestAYearThatSkipsOneIsRefused(t *testing.T) {
	t.Parallel()
	later := make([]string, 0, len(year2029))
	for _, d := range []string{"01-01", "04-19", "04-22", "05-06", "05-27", "08-26", "12-25", "12-26"} {
		later = append(later, "2030-"+d)
	}
	if _, err := workday.New(workday.EnglandAndWales, list(later...)); err == nil || !strings.Contains(err.Error(), "2029 is not known") {
		t.Errorf("got %v", err)
	}
	if _, err := workday.New(workday.EnglandAndWales, list(append(later, year2029...)...)); err != nil {
		t.Error(err)
	}
	if _, err := workday.New("wales"); err == nil {
		t.Error("an unknown nation has a calendar")
	}
}

func FuzzLists(f *testing.F) {
	f.Add(list(year2029...))
	f.Add([]byte(`{"england-and-wales": null}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, text []byte) {
		cal, err := workday.New(workday.EnglandAndWales, text)
		if err != nil {
			return
		}
		from := date(t, "2026-11-23")
		if due := cal.Add(from, 5); !cal.IsWorking(due) || cal.Between(from, due) != 5 {
			t.Errorf("due %s", due)
		}
	})
}
