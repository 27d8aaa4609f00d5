package workday_test

import (
	"strings"
	"testing"
	"time"

	"postroom/internal/workday"
)

func TestParseInstant(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, in, want string }{
		{"UTC", "2026-11-23T10:00:00Z", "2026-11-23T10:00:00Z"},
		{"an offset", "2026-11-23T10:00:00+05:30", "2026-11-23T04:30:00Z"},
		{"an offset without seconds", "2026-11-23T10:00+01:00", "2026-11-23T09:00:00Z"},
		{"fractions", "2026-11-23T10:00:00.25Z", "2026-11-23T10:00:00.25Z"},
		{"a space for the T", "2026-11-23 10:00:00Z", "2026-11-23T10:00:00Z"},
		{"London in winter", "2026-11-23T10:00", "2026-11-23T10:00:00Z"},
		{"London in summer", "2026-07-01 10:00:30", "2026-07-01T09:00:30Z"},
		{"a date is its start", "2026-11-23", "2026-11-23T00:00:00Z"},
		{"a summer date is its start", "2026-07-01", "2026-06-30T23:00:00Z"},
		{"blanks around", "  2026-11-23  ", "2026-11-23T00:00:00Z"},
		{"the repeated hour is the first", "2026-10-25 01:30", "2026-10-25T00:30:00Z"},
		{"the repeated hour begins", "2026-10-25 01:00", "2026-10-25T00:00:00Z"},
		{"after the repeated hour", "2026-10-25 02:00", "2026-10-25T02:00:00Z"},
		{"before the hour left out", "2026-03-29 00:59:59", "2026-03-29T00:59:59Z"},
		{"after the hour left out", "2026-03-29 02:00", "2026-03-29T01:00:00Z"},
		{"the hour left out, with an offset", "2026-03-29T01:30:00Z", "2026-03-29T01:30:00Z"},
		{"29 February", "2028-02-29", "2028-02-29T00:00:00Z"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got, err := workday.ParseInstant(row.in)
			if err != nil || got.Format(time.RFC3339Nano) != row.want {
				t.Errorf("got %s, %v; want %s", got.Format(time.RFC3339Nano), err, row.want)
			}
		})
	}
}

func TestParseInstantRefuses(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, in, want string }{
		{"the first left-out minute", "2026-03-29 01:00", "went forward"},
		{"the last left-out second", "2026-03-29T01:59:59", "went forward"},
		{"nothing", "", "want 2026-11-30"},
		{"words", "yesterday", "want 2026-11-30"},
		{"no such day", "2026-02-29", "want 2026-11-30"},
		{"a British date", "23/11/2026", "want 2026-11-30"},
		{"no such hour", "2026-11-23 24:00", "want 2026-11-30"},
		{"a slip in the year", "0226-11-23", "not between 1900 and 2199"},
		{"a far year", "9999-12-31T23:59:59Z", "not between 1900 and 2199"},
		{"more behind it", "2026-11-23 10:00 today", "want 2026-11-30"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got, err := workday.ParseInstant(row.in)
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %s, %v; want an error with %q", got, err, row.want)
			}
		})
	}
}

func TestDaysOfLondon(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, at, date string }{
		{"winter, one second to midnight", "2026-11-23T23:59:59Z", "2026-11-23"},
		{"winter, midnight", "2026-11-24T00:00:00Z", "2026-11-24"},
		{"summer, one second to midnight", "2026-06-30T22:59:59Z", "2026-06-30"},
		{"summer, half past eleven UTC", "2026-06-30T23:30:00Z", "2026-07-01"},
		{"the day the clocks go forward", "2026-03-29T22:59:59Z", "2026-03-29"},
		{"the day the clocks go back", "2026-10-25T23:59:59Z", "2026-10-25"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			at := instant(t, row.at)
			d := workday.DateOf(at)
			if d.String() != row.date {
				t.Fatalf("date is %s, want %s", d, row.date)
			}
			if at.Before(d.Start()) || !at.Before(d.End()) || !d.AddDays(1).Start().Equal(d.End()) {
				t.Errorf("%s is not between %s and %s", at, d.Start(), d.End())
			}
		})
	}
}

func TestLengthOfDays(t *testing.T) {
	t.Parallel()
	hours := map[time.Duration]int{}
	for d := date(t, "2012-01-01"); d.Year <= 2028; d = d.AddDays(1) {
		hours[d.End().Sub(d.Start())/time.Hour]++
		if noon := d.At(12, 0); workday.DateOf(noon) != d || noon.In(workday.London()).Hour() != 12 {
			t.Errorf("noon of %s is %s", d, noon)
		}
	}
	if hours[23] != 17 || hours[25] != 17 || hours[24] != 6210-34 {
		t.Errorf("days by their hours: %v", hours)
	}
}

func TestAtWhereTheClocksChange(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, date   string
		hour, minute int
		want         string
	}{
		{"left out in spring", "2026-03-29", 1, 30, "2026-03-29T01:30:00Z"},
		{"repeated in autumn", "2026-10-25", 1, 30, "2026-10-25T00:30:00Z"},
		{"noon in summer", "2026-07-01", 12, 0, "2026-07-01T11:00:00Z"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if got := date(t, row.date).At(row.hour, row.minute); !got.Equal(instant(t, row.want)) {
				t.Errorf("got %s, want %s", got.UTC(), row.want)
			}
		})
	}
}

func FuzzParseInstant(f *testing.F) {
	for _, seed := range []string{"2026-11-23", "2026-03-29 01:30", "2026-11-23T10:00:00.5+01:00", "T", "2026-11-23 "} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := workday.ParseInstant(s)
		if err != nil {
			return
		}
		again, err := workday.ParseInstant(got.Format(time.RFC3339Nano))
		if err != nil || !again.Equal(got) {
			t.Errorf("%q is %s, which reads as %s, %v", s, got, again, err)
		}
	})
}
