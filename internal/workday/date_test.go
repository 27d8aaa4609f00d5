package workday_test

import (
	"encoding/json"
	"slices"
	"testing"

	"postroom/internal/workday"
)

func TestDateReadsAndWrites(t *testing.T) {
	t.Parallel()
	d := date(t, "2026-11-30")
	if d.Long() != "Monday 30 November 2026" || d.String() != "2026-11-30" {
		t.Errorf("got %s, %s", d.Long(), d)
	}
	if (workday.Date{}).String() != "" || (workday.Date{}).Long() != "" || !(workday.Date{}).IsZero() || d.IsZero() {
		t.Error("no date is not empty")
	}
	for _, s := range []string{"", "2026-11-31", "2026-1-1", "2026-11-30 ", "30 November 2026", "2026-11-30T00:00:00Z", "02026-11-30"} {
		if got, err := workday.ParseDate(s); err == nil {
			t.Errorf("%q reads as %s", s, got)
		}
	}
}

func TestDateInJSON(t *testing.T) {
	t.Parallel()
	type row struct{ Due, Promised workday.Date }
	text, err := json.Marshal(row{Due: date(t, "2026-11-30")})
	if err != nil || string(text) != `{"Due":"2026-11-30","Promised":""}` {
		t.Fatalf("got %s, %v", text, err)
	}
	var back row
	if err := json.Unmarshal(text, &back); err != nil || back.Due != date(t, "2026-11-30") || !back.Promised.IsZero() {
		t.Errorf("got %+v, %v", back, err)
	}
	if err := json.Unmarshal([]byte(`{"Due":"soon"}`), &back); err == nil {
		t.Error("a word was read as a date")
	}
}

func TestDatesSortAsText(t *testing.T) {
	t.Parallel()
	days := []workday.Date{date(t, "2027-01-01"), {}, date(t, "2026-12-31"), date(t, "2026-02-28"), date(t, "2026-12-01")}
	byText := slices.Clone(days)
	slices.SortFunc(days, workday.Date.Compare)
	slices.SortFunc(byText, func(a, b workday.Date) int {
		if a.String() < b.String() {
			return -1
		}
		return 1
	})
	if !slices.Equal(days, byText) {
		t.Errorf("%v, by text %v", days, byText)
	}
}

func TestDaysUntil(t *testing.T) {
	t.Parallel()
	if n := date(t, "2026-03-28").DaysUntil(date(t, "2026-03-30")); n != 2 {
		t.Errorf("over the change of clocks there are %d days", n)
	}
	if n := date(t, "2028-03-01").DaysUntil(date(t, "2028-02-28")); n != -2 {
		t.Errorf("backwards over 29 February there are %d days", n)
	}
}

func TestEarlierTakesNoDateForNone(t *testing.T) {
	t.Parallel()
	a, b := date(t, "2026-11-30"), date(t, "2026-12-01")
	for _, got := range []workday.Date{workday.Earlier(a, b), workday.Earlier(b, a), workday.Earlier(a, workday.Date{}), workday.Earlier(workday.Date{}, a)} {
		if got != a {
			t.Errorf("got %s", got)
		}
	}
}
