package workday_test

import (
	"sort"
	"testing"
	"time"

	"postroom/internal/workday"
)

// The oracle is written apart from the code: bank holidays by the rules of the
// three nations with the proclaimed exceptions, day numbers in place of dates,
// and a search in a list of working days in place of a walk.
type oracle struct {
	closed  map[int]bool // day numbers of bank holidays
	working []int        // day numbers, ascending
}

func dayNumber(year int, month time.Month, day int) int {
	return int(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

func weekdayOf(number int) time.Weekday { return time.Weekday((number + 4) % 7) } // 1 January 1970 was a Thursday

// easterSunday is by the anonymous Gregorian rule.
func easterSunday(y int) int {
	a, b, c := y%19, y/100, y%100
	h := (19*a + b - b/4 - (b-(b+8)/25+1)/3 + 15) % 30
	l := (32 + 2*(b%4) + 2*(c/4) - h - c%4) % 7
	m := (a + 11*h + 22*l) / 451
	month, day := (h+l-7*m+114)/31, (h+l-7*m+114)%31+1
	return dayNumber(y, time.Month(month), day)
}

func firstMonday(y int, m time.Month) int {
	n := dayNumber(y, m, 1)
	for weekdayOf(n) != time.Monday {
		n++
	}
	return n
}

func lastMonday(y int, m time.Month) int {
	n := dayNumber(y, m+1, 1) - 1
	for weekdayOf(n) != time.Monday {
		n--
	}
	return n
}

// observe closes the day, or the first open weekday after it.
func (o *oracle) observe(number int) {
	for weekdayOf(number) == time.Saturday || weekdayOf(number) == time.Sunday || o.closed[number] {
		number++
	}
	o.closed[number] = true
}

func newOracle(nation workday.Nation) *oracle {
	o := &oracle{closed: map[int]bool{}}
	for y := 2012; y <= 2028; y++ {
		o.closeYear(nation, y)
	}
	for n := dayNumber(2011, time.December, 1); n <= dayNumber(2029, time.June, 30); n++ {
		if w := weekdayOf(n); w != time.Saturday && w != time.Sunday && !o.closed[n] {
			o.working = append(o.working, n)
		}
	}
	return o
}

func (o *oracle) closeYear(nation workday.Nation, y int) {
	o.observe(dayNumber(y, time.January, 1))
	o.closed[easterSunday(y)-2] = true
	switch nation {
	case workday.Scotland:
		o.observe(dayNumber(y, time.January, 2))
		o.closed[firstMonday(y, time.August)] = true
		o.observe(dayNumber(y, time.November, 30))
	case workday.NorthernIreland:
		o.observe(dayNumber(y, time.March, 17))
		o.observe(dayNumber(y, time.July, 12))
		fallthrough
	case workday.EnglandAndWales:
		o.closed[easterSunday(y)+1] = true
		o.closed[lastMonday(y, time.August)] = true
	}
	o.observe(dayNumber(y, time.December, 25))
	o.observe(dayNumber(y, time.December, 26))
	o.closeMay(y)
	switch {
	case y == 2022:
		o.closed[dayNumber(2022, time.September, 19)] = true // state funeral
	case y == 2023:
		o.closed[dayNumber(2023, time.May, 8)] = true // coronation
	case y == 2026 && nation == workday.Scotland:
		o.closed[dayNumber(2026, time.June, 15)] = true // World Cup
	}
}

// closeMay closes the two holidays of May, which proclamations move about.
func (o *oracle) closeMay(y int) {
	early, spring := firstMonday(y, time.May), lastMonday(y, time.May)
	switch y {
	case 2012:
		spring = dayNumber(2012, time.June, 4)
		o.closed[spring+1] = true // Diamond Jubilee
	case 2020:
		early = dayNumber(2020, time.May, 8)
	case 2022:
		spring = dayNumber(2022, time.June, 2)
		o.closed[spring+1] = true // Platinum Jubilee
	}
	o.closed[early], o.closed[spring] = true, true
}

// after is the nth working day after the day.
func (o *oracle) after(number, n int) int {
	if n == 0 {
		return number
	}
	i := sort.SearchInts(o.working, number+1)
	return o.working[i+n-1]
}

func (o *oracle) open(number int) bool {
	i := sort.SearchInts(o.working, number)
	return i < len(o.working) && o.working[i] == number
}

// due is the day number on which the scheme's clock runs out.
func (o *oracle) due(s workday.Scheme, name string, start int) int {
	stage := s.Stage1
	if name == workday.Stage2Acknowledgement || name == workday.Stage2Answer {
		stage = s.Stage2
	}
	rule := stage.Answer
	if name == workday.Stage1Acknowledgement || name == workday.Stage2Acknowledgement {
		rule = stage.Acknowledge
	}
	if rule.From == workday.Acknowledgement {
		return o.after(o.arrival(s, start, stage.Acknowledge.Days), rule.Days)
	}
	return o.arrival(s, start, rule.Days)
}

func (o *oracle) arrival(s workday.Scheme, start, days int) int {
	if !o.open(start) && s.RollNonworkingReceipt {
		start = o.after(start, 1)
	}
	if o.open(start) && s.ReceiptDayCounts {
		days--
	}
	return o.after(start, days)
}

func toNumber(d workday.Date) int { return dayNumber(d.Year, d.Month, d.Day) }

// TestEveryDate compares the clocks with the oracle for every date from 2012
// to 2028 in three nations.
func TestEveryDate(t *testing.T) {
	t.Parallel()
	for _, nation := range workday.Nations() {
		t.Run(string(nation), func(t *testing.T) {
			t.Parallel()
			cal, o, schemes := calendar(t, nation), newOracle(nation), readings(nation)
			for d := date(t, "2012-01-01"); d.Year <= 2028; d = d.AddDays(1) {
				if cal.IsWorking(d) != o.open(toNumber(d)) {
					t.Errorf("%s: working is %v", d.Long(), cal.IsWorking(d))
				}
				for _, s := range schemes {
					compareClocks(t, cal, o, s, d)
				}
			}
		})
	}
}

// readings are the default and the model procedure that counts most unlike it,
// and in each nation those that are used there, and, once, the more generous
// reading of a landlord's published policy.
func readings(nation workday.Nation) []workday.Scheme {
	schemes := workday.Schemes()
	all := []workday.Scheme{schemes[0], schemes[2]}
	switch nation {
	case workday.EnglandAndWales:
		rolled := schemes[0]
		rolled.RollNonworkingReceipt = true
		all = append(all, schemes[4], rolled)
	case workday.NorthernIreland:
		all = append(all, schemes[3])
	case workday.Scotland:
	}
	return all
}

func compareClocks(t *testing.T, cal *workday.Calendar, o *oracle, s workday.Scheme, d workday.Date) {
	t.Helper()
	for _, due := range s.Clocks(cal, d.At(12, 0)) {
		if want := o.due(s, due.Name, toNumber(d)); toNumber(due.Due) != want {
			t.Errorf("%s, rolled %v, counted %v: %s of %s is due %s, the oracle says day %d",
				s.ID, s.RollNonworkingReceipt, s.ReceiptDayCounts, due.Name, d, due.Due, want-toNumber(d))
		}
		if !cal.IsWorking(due.Due) {
			t.Errorf("%s: %s of %s falls on %s, a closed day", s.ID, due.Name, d, due.Due.Long())
		}
	}
}

func TestHolidayCounts(t *testing.T) {
	t.Parallel()
	// 157 in Scotland until the World Cup holiday of June 2026 was added.
	want := map[workday.Nation]int{workday.EnglandAndWales: 140, workday.Scotland: 158, workday.NorthernIreland: 174}
	for nation, n := range want {
		if got := len(calendar(t, nation).Holidays()); got != n {
			t.Errorf("%s has %d bank holidays, want %d", nation, got, n)
		}
	}
}

// TestAddIsMonotoneAndInvertible: a later start never gives an earlier date,
// and going back the same number of days ends on the start, or on the working
// day before it.
func TestAddIsMonotoneAndInvertible(t *testing.T) {
	t.Parallel()
	for _, nation := range workday.Nations() {
		cal := calendar(t, nation)
		for _, n := range []int{1, 3, 5, 10, 20} {
			last := workday.Date{}
			for d := date(t, "2012-01-01"); d.Year <= 2028; d = d.AddDays(1) {
				due := cal.Add(d, n)
				if due.Before(last) {
					t.Fatalf("%s + %d = %s is before that of the day before", d, n, due)
				}
				if got := cal.Between(d, due); got != n {
					t.Fatalf("%s to %s are %d working days, want %d", d, due, got, n)
				}
				if back := cal.Add(due, -n); cal.IsWorking(d) && back != d {
					t.Fatalf("%s + %d - %d = %s", d, n, n, back)
				}
				last = due
			}
		}
	}
}
