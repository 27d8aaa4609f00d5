package workday_test

import (
	"testing"
	"time"

	"postroom/internal/workday"
)

func calendar(t *testing.T, nation workday.Nation, lists ...[]byte) *workday.Calendar {
	t.Helper()
	c, err := workday.New(nation, lists...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func date(t *testing.T, s string) workday.Date {
	t.Helper()
	d, err := workday.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func instant(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := workday.ParseInstant(s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// The worked cases for England and Wales: acknowledgement on the strict and on
// the rolled reading, then the answers of stages 1 and 2 when acknowledged on
// the strict due date.
func TestWorkedCases(t *testing.T) {
	t.Parallel()
	cal := calendar(t, workday.EnglandAndWales)
	for _, row := range []struct{ name, received, ack, rolled, answer1, fromReceipt, answer2 string }{
		{"a Monday", "2026-11-23", "2026-11-30", "2026-11-30", "2026-12-14", "2026-12-07", "2026-12-30"},
		{"a Saturday", "2026-11-28", "2026-12-04", "2026-12-07", "2026-12-18", "2026-12-11", "2027-01-06"},
		{"the Friday before Christmas", "2026-12-18", "2026-12-29", "2026-12-29", "2027-01-13", "2027-01-06", "2027-01-27"},
		{"Christmas Eve", "2026-12-24", "2027-01-05", "2027-01-05", "2027-01-19", "2027-01-12", "2027-02-02"},
		{"Christmas Day", "2026-12-25", "2027-01-05", "2027-01-06", "2027-01-19", "2027-01-12", "2027-02-02"},
		{"the day before Good Friday", "2026-04-02", "2026-04-13", "2026-04-13", "2026-04-27", "2026-04-20", "2026-05-12"},
		{"Good Friday", "2026-04-03", "2026-04-13", "2026-04-14", "2026-04-27", "2026-04-20", "2026-05-12"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			strict, rolled := workday.DefaultScheme(), workday.DefaultScheme()
			rolled.RollNonworkingReceipt = true
			want := []string{row.ack, row.answer1, row.ack, row.answer2}
			clocks := strict.Clocks(cal, instant(t, row.received))
			for i, name := range workday.ClockNames() {
				if clocks[i].Name != name || clocks[i].Due.String() != want[i] {
					t.Errorf("%s is due %s, want %s due %s", clocks[i].Name, clocks[i].Due, name, want[i])
				}
			}
			if got := rolled.Clocks(cal, instant(t, row.received))[0].Due; got.String() != row.rolled {
				t.Errorf("rolled acknowledgement is due %s, want %s", got, row.rolled)
			}
			if got := cal.Add(date(t, row.received), 10); got.String() != row.fromReceipt {
				t.Errorf("ten working days from receipt is %s, want %s", got, row.fromReceipt)
			}
		})
	}
}
