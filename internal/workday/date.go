// Package workday owns civil dates, working days and the clocks of the
// complaint codes. It may not know a message, a case or a database: dates go
// in, dates and the arithmetic in words come out.
package workday

import (
	"cmp"
	"fmt"
	"strconv"
	"time"
)

// A Date is a day of the civil calendar, in no zone. The zero value is no
// date; it prints as the empty string.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// ParseDate reads YYYY-MM-DD. Anything else, or a day that does not exist, is
// an error.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Date{}, fmt.Errorf("read date %q: want a day that exists, as in 2026-11-30", s)
	}
	return utcDate(t), nil
}

// utcDate is the date that t shows in its own zone.
func utcDate(t time.Time) Date {
	year, month, day := t.Date()
	return Date{Year: year, Month: month, Day: day}
}

// utc is midnight UTC of the date: a place to do sums, never an instant to keep.
func (d Date) utc() time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC)
}

// String gives YYYY-MM-DD, or the empty string for no date. It sorts as text
// as dates do, so it is the form for a database.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return d.utc().Format(time.DateOnly)
}

// Long gives the date in full, as in "Monday 30 November 2026".
func (d Date) Long() string {
	if d.IsZero() {
		return ""
	}
	return d.Weekday().String() + " " + strconv.Itoa(d.Day) + " " + d.Month.String() + " " + strconv.Itoa(d.Year)
}

// IsZero reports whether d is no date.
func (d Date) IsZero() bool { return d == Date{} }

// Compare is -1 when d is the earlier, 1 when it is the later, 0 when both are
// the same day. No date is before every date.
func (d Date) Compare(e Date) int {
	return cmp.Or(cmp.Compare(d.Year, e.Year), cmp.Compare(d.Month, e.Month), cmp.Compare(d.Day, e.Day))
}

// Before reports whether d is earlier than e.
func (d Date) Before(e Date) bool { return d.Compare(e) < 0 }

// After reports whether d is later than e.
func (d Date) After(e Date) bool { return d.Compare(e) > 0 }

// AddDays is the date n days after d, or before it when n is negative;
// working days do not matter.
func (d Date) AddDays(n int) Date {
	if day := d.Day + n; day >= 1 && day <= 28 && d.Day <= 28 { // no month is shorter
		return Date{Year: d.Year, Month: d.Month, Day: day}
	}
	return utcDate(d.utc().AddDate(0, 0, n))
}

// DaysUntil counts the days from d to e; negative when e is earlier.
func (d Date) DaysUntil(e Date) int { return int(e.utc().Sub(d.utc()) / (24 * time.Hour)) }

// Weekday is the day of the week.
func (d Date) Weekday() time.Weekday { return d.utc().Weekday() }

// MarshalText gives String, also for JSON.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads YYYY-MM-DD; empty text is no date.
func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Date{}
		return nil
	}
	parsed, err := ParseDate(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

// Earlier is the earlier of two dates, where no date does not count.
func Earlier(a, b Date) Date {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}
