package workday

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// A Nation is a division of GOV.UK's bank holiday list.
type Nation string

// The nations.
const (
	EnglandAndWales Nation = "england-and-wales"
	Scotland        Nation = "scotland"
	NorthernIreland Nation = "northern-ireland"
)

// Nations lists every nation, the default first.
func Nations() []Nation { return []Nation{EnglandAndWales, Scotland, NorthernIreland} }

// ParseNation reads a nation's name, exactly as the constants spell it.
func ParseNation(s string) (Nation, error) {
	if n := Nation(s); slices.Contains(Nations(), n) {
		return n, nil
	}
	return "", fmt.Errorf("unknown nation %q: want england-and-wales, scotland or northern-ireland", s)
}

// A Calendar knows one nation's working days: Monday to Friday without bank
// holidays. Office shutdowns and the hours of the day do not matter to it. It
// never changes and may be used by many at once.
type Calendar struct {
	nation   Nation
	holidays map[Date]string
	first    int
	last     int
	version  string
}

// Default is the nation's calendar as built in, which covers 2012 to 2028.
func Default(nation Nation) (*Calendar, error) { return New(nation) }

// New is the nation's calendar as built in, brought up to date by lists in the
// JSON shape of https://www.gov.uk/bank-holidays.json, later lists over
// earlier ones. A year for which a list has eight days or more (the fewest
// that any nation has) replaces that year; fewer days are added to the year,
// which must be known already. Every problem of every list is in the error.
func New(nation Nation, lists ...[]byte) (*Calendar, error) {
	if _, err := ParseNation(string(nation)); err != nil {
		return nil, fmt.Errorf("make calendar: %w", err)
	}
	years, err := readYears(nation, append([][]byte{builtIn}, lists...))
	if err != nil {
		return nil, fmt.Errorf("make calendar: %w", err)
	}
	c := &Calendar{nation: nation, holidays: map[Date]string{}}
	c.first, c.last = years.span()
	for _, days := range years {
		maps.Copy(c.holidays, days)
	}
	c.version = c.hash()
	return c, nil
}

// hash is over what can move a deadline, and so not over the titles.
func (c *Calendar) hash() string {
	lines := []string{fmt.Sprintf("%s %d %d", c.nation, c.first, c.last)}
	for _, d := range c.Holidays() {
		lines = append(lines, d.String())
	}
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return hex.EncodeToString(sum[:])[:12]
}

// Nation is the nation whose bank holidays these are.
func (c *Calendar) Nation() Nation { return c.nation }

// Version names the content: two calendars with the same version give the same
// deadlines. Twelve characters.
func (c *Calendar) Version() string { return c.version }

// FirstYear is the first year whose bank holidays are known.
func (c *Calendar) FirstYear() int { return c.first }

// LastYear is the last year whose bank holidays are known.
func (c *Calendar) LastYear() int { return c.last }

// Covers reports whether the bank holidays of the date's year are known.
func (c *Calendar) Covers(d Date) bool { return d.Year >= c.first && d.Year <= c.last }

// Holidays lists the bank holidays, earliest first.
func (c *Calendar) Holidays() []Date {
	days := make([]Date, 0, len(c.holidays))
	for d := range c.holidays {
		days = append(days, d)
	}
	slices.SortFunc(days, Date.Compare)
	return days
}

// Holiday is the title of the bank holiday on d, and whether there is one.
func (c *Calendar) Holiday(d Date) (title string, ok bool) {
	title, ok = c.holidays[d]
	return title, ok
}

// IsWorking reports whether d is a working day. In years that are not covered
// only weekends are days off, which puts deadlines early, never late.
func (c *Calendar) IsWorking(d Date) bool {
	if w := d.Weekday(); w == time.Saturday || w == time.Sunday {
		return false
	}
	_, holiday := c.holidays[d]
	return !holiday
}

// Add is the nth working day after d: d itself is day 0, working or not. With
// a negative n it is the nth working day before d; with 0 it is d.
func (c *Calendar) Add(d Date, n int) Date {
	step := 1
	if n < 0 {
		step, n = -1, -n
	}
	for n > 0 {
		d = d.AddDays(step)
		if c.IsWorking(d) {
			n--
		}
	}
	return d
}

// Between counts the working days after from, up to and with to; 0 when to is
// not after from.
func (c *Calendar) Between(from, to Date) int {
	n := 0
	for d := from.AddDays(1); !d.After(to); d = d.AddDays(1) {
		if c.IsWorking(d) {
			n++
		}
	}
	return n
}

// Next is d when it is a working day, and otherwise the first one after it.
func (c *Calendar) Next(d Date) Date {
	if c.IsWorking(d) {
		return d
	}
	return c.Add(d, 1)
}

// Failsafe is the instant at which an undecided message is acted on: the given
// hour, London time, of the given working day after receipt; but never later
// than that hour of the last working day before due, so that a short clock
// does not outrun it. A due of no date does not bind.
func (c *Calendar) Failsafe(received Date, day, hour int, due Date) time.Time {
	at := c.Add(received, day)
	if !due.IsZero() {
		at = Earlier(at, c.Add(due, -1))
	}
	return at.At(hour, 0)
}
