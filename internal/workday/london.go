package workday

import (
	"errors"
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // the zone must be there on a machine without a zone database
)

// London is the zone in which days begin and end: Europe/London.
func London() *time.Location { return london }

// london is loaded once: tzdata is compiled in, so the load cannot fail, and a
// test proves it. UTC stands in for the compiler's sake.
var london = func() *time.Location {
	loc, err := time.LoadLocation("Europe/London")
	if err != nil {
		return time.UTC
	}
	return loc
}()

// DateOf is the date in London at the instant t: 23:30 UTC in summer is the
// next day.
func DateOf(t time.Time) Date { return utcDate(t.In(london)) }

// Start is the first instant of the date in London.
func (d Date) Start() time.Time { return d.At(0, 0) }

// End is the instant at which the date is over in London: the start of the
// next day there. Something due on d is late at End, and in time before it.
func (d Date) End() time.Time { return d.AddDays(1).At(0, 0) }

// At is the instant at which London's clocks show hour:minute on the date. Of
// a repeated hour in autumn it is the first; a time that the clocks jump over
// in spring is taken an hour later.
func (d Date) At(hour, minute int) time.Time {
	wall := time.Date(d.Year, d.Month, d.Day, hour, minute, 0, 0, time.UTC)
	t, _ := fromWall(wall)
	return t
}

// fromWall is the first instant at which London's clocks show what wall shows
// in UTC, and whether there is one. If there is none the clocks had jumped over
// it, and the instant is what a clock not yet changed would show.
func fromWall(wall time.Time) (time.Time, bool) {
	_, before := wall.Add(-24 * time.Hour).In(london).Zone()
	_, after := wall.Add(24 * time.Hour).In(london).Zone()
	early := wall.Add(-time.Duration(max(before, after)) * time.Second)
	late := wall.Add(-time.Duration(min(before, after)) * time.Second)
	for _, t := range []time.Time{early, late} {
		if sameWall(t.In(london), wall) {
			return t, true
		}
	}
	return wall.Add(-time.Duration(before) * time.Second), false
}

func sameWall(a, b time.Time) bool {
	return utcDate(a) == utcDate(b) && a.Hour() == b.Hour() && a.Minute() == b.Minute()
}

// ParseInstant reads a time as a person types it: RFC 3339, with a space or a
// T, or without an offset, which means Europe/London. Of an hour that autumn
// repeats it is the first; a time that spring leaves out is an error. A date
// alone is the start of that day. Years run from 1900 to 2199, so that a slip
// of the finger in the year is caught.
func ParseInstant(s string) (time.Time, error) {
	text := strings.TrimSpace(s)
	if len(text) > 10 && text[10] == ' ' {
		text = text[:10] + "T" + strings.TrimSpace(text[11:])
	}
	t, err := parseForms(text)
	if err != nil {
		return time.Time{}, fmt.Errorf("read time %q: %w", s, err)
	}
	if y := DateOf(t).Year; y < 1900 || y > 2199 {
		return time.Time{}, fmt.Errorf("read time %q: the year %d is not between 1900 and 2199", s, y)
	}
	return t.UTC(), nil
}

func parseForms(text string) (time.Time, error) {
	for _, form := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00"} {
		if t, err := time.Parse(form, text); err == nil {
			return t, nil
		}
	}
	for _, form := range []string{"2006-01-02T15:04:05.999999999", "2006-01-02T15:04", time.DateOnly} {
		wall, err := time.Parse(form, text)
		if err != nil {
			continue
		}
		t, exists := fromWall(wall)
		if !exists {
			return time.Time{}, fmt.Errorf("the clocks in London went forward and left out %s on %s; give the time by the new clock, or with an offset",
				wall.Format("15:04"), utcDate(wall).Long())
		}
		return t, nil
	}
	return time.Time{}, errors.New("want 2026-11-30, 2026-11-30T14:05 or 2026-11-30T14:05:00Z")
}
