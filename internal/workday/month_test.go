package workday_test

import (
	"testing"

	"postroom/internal/workday"
)

func TestACalendarMonth(t *testing.T) {
	t.Parallel()
	cal, err := workday.Default(workday.EnglandAndWales)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, from, want string }{
		{"the same day", "2026-09-03", "2026-10-05"}, // 3 October 2026 is a Saturday
		{"a working day", "2026-09-02", "2026-10-02"},
		{"no such day", "2026-01-31", "2026-03-02"}, // 28 February 2026 is a Saturday
		{"a leap year", "2028-01-30", "2028-02-29"},
		{"over the year's end, a bank holiday", "2026-12-01", "2027-01-04"}, // New Year, then a weekend
		{"received on a Sunday", "2026-11-22", "2026-12-22"},
		{"Christmas Day", "2026-11-25", "2026-12-29"}, // Friday; the 28th stands in for Boxing Day
	} {
		from, err := workday.ParseDate(c.from)
		if err != nil {
			t.Fatal(err)
		}
		if got := cal.MonthAfter(from).String(); got != c.want {
			t.Errorf("%s: a month after %s is %s, want %s", c.name, c.from, got, c.want)
		}
	}
}
