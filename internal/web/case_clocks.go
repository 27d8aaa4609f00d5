package web

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"postroom/internal/register"
	"postroom/internal/workday"
)

// A dayView is a box of a clock's calendar.
type dayView struct {
	Class  string // zero, met, due, now, off; the first box has its weekday as well
	Name   string // "Wed 4"
	Number string // of the working day; empty: not counted
	Note   string
	Today  bool
}

// A caseClock is a clock as days, with the arithmetic.
type caseClock struct {
	ID, Name     string
	State, Class string // in words, and its tag's class
	Rule         string // what is counted
	Days         []dayView
	Notes        []string
	Steps        []string
	Counted      string // scheme and calendar
}

// mostLate bounds how many days a calendar goes on after the day that counts.
const mostLate = 28

// clockViews draws a case's clocks in the order in which they are to be met.
func (d *Desk) clockViews(f *caseFacts) []caseClock {
	order := workday.ClockNames()
	clocks := slices.Clone(f.Clocks)
	slices.SortStableFunc(clocks, func(a, b register.Clock) int {
		return cmp.Compare(slices.Index(order, a.Name), slices.Index(order, b.Name))
	})
	var all []caseClock
	for _, k := range clocks {
		v := caseClock{ID: "clock-" + k.Name, Name: clockTitle(k.Name), Days: d.days(k), Steps: k.Steps, Counted: "Counted by " + k.Scheme + ", with the calendar " + k.Calendar + "."}
		v.State, v.Class = d.clockState(k)
		v.Rule = d.clockRule(k)
		v.Notes = d.clockNotes(f, k)
		all = append(all, v)
	}
	return all
}

func clockTitle(name string) string {
	switch name {
	case workday.Stage1Acknowledgement:
		return "Acknowledge stage 1"
	case workday.Stage1Answer:
		return "Answer stage 1"
	case workday.Stage2Acknowledgement:
		return "Acknowledge stage 2"
	case workday.Stage2Answer:
		return "Answer stage 2"
	}
	return plainHistory(name)
}

// clockState says how a clock stands.
func (d *Desk) clockState(k register.Clock) (words, class string) {
	now := d.c.Now()
	switch {
	case !k.MetAt.IsZero() && k.Missed(now):
		return "Met late, " + shortDay(workday.DateOf(k.MetAt)), "care"
	case !k.MetAt.IsZero():
		words = "Met, " + shortDay(workday.DateOf(k.MetAt))
		if k.MetBy == register.Holding && k.DefinedAt.IsZero() {
			words += ", by the holding form alone"
		}
		return words, "fine"
	case !k.StoppedAt.IsZero():
		return "Stopped, " + shortDay(workday.DateOf(k.StoppedAt)), "dash"
	case k.Missed(now):
		return "Late", "hot"
	}
	words = d.leftWords(k.Counts())
	if left := d.c.Calendar.Between(workday.DateOf(now), k.Counts()); left <= 2 {
		return words, "soon"
	}
	return words, ""
}

// leftWords says how many working days are left until a day.
func (d *Desk) leftWords(until workday.Date) string {
	today := workday.DateOf(d.c.Now())
	left := d.c.Calendar.Between(today, until)
	switch {
	case today.After(until):
		return plural(max(1, d.c.Calendar.Between(until, today)), "working day") + " late"
	case today == until || left == 0:
		return "Today"
	}
	return plural(left, "working day") + " left"
}

func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.Itoa(n) + " " + what
}

// clockRule says what the days are counted from.
func (d *Desk) clockRule(k register.Clock) string {
	from := "the day it was received"
	switch k.Name {
	case workday.Stage2Acknowledgement:
		from = "the day stage 2 was asked for"
	case workday.Stage1Answer, workday.Stage2Answer:
		from = "the acknowledgement"
	}
	rule := plural(d.c.Calendar.Between(k.Start, k.BaseDue), "working day") + " from " + from
	if more := d.c.Calendar.Between(k.BaseDue, k.Due); more > 0 {
		rule += ", then " + strconv.Itoa(more) + " more"
	}
	return rule
}

// clockNotes says what a reader would wonder about.
func (d *Desk) clockNotes(f *caseFacts, k register.Clock) (notes []string) {
	if !k.Promised.IsZero() && k.Promised != k.Due {
		which := "That day counts, because it is the earlier one."
		if k.Promised.After(k.Due) {
			which = "The earlier day counts."
		}
		notes = append(notes, "The resident was told "+k.Promised.Long()+"; by the count it is "+k.Due.Long()+". "+which)
	}
	if before := f.clock(acknowledgementOf(k.Name)); before != nil && before.MetAt.IsZero() && k.Running() {
		notes = append(notes, "Nothing is acknowledged yet: counted as if the acknowledgement goes out on its last day. Lateness buys no time.")
	}
	for _, e := range f.Extensions {
		if e.Clock != k.Name {
			continue
		}
		switch {
		case e.ToldAt.IsZero():
			notes = append(notes, "Put off to "+e.NewDue.Long()+" by "+e.By+", but the letter that says so has not gone. Until it has, the old day counts.")
		case e.Late:
			notes = append(notes, "The letter that put it off to "+e.NewDue.Long()+" went after the old day, so it moved nothing.")
		default:
			notes = append(notes, "Put off by "+e.By+": told on "+workday.DateOf(e.ToldAt).Long()+", before "+e.OldDue.Long()+".")
		}
	}
	if k.Running() && f.Limited && k.Name == f.answerName() && f.Limit.After(k.Counts()) {
		notes = append(notes, "It may be put off to "+f.Limit.Long()+" at the latest.")
	}
	if !k.MetAt.IsZero() && workday.DateOf(k.MetAt).After(k.Counts()) {
		notes = append(notes, "It was due on "+k.Counts().Long()+".")
	}
	return notes
}

// acknowledgementOf is the clock whose end an answer's clock counts from.
func acknowledgementOf(name string) string {
	switch name {
	case workday.Stage1Answer:
		return workday.Stage1Acknowledgement
	case workday.Stage2Answer:
		return workday.Stage2Acknowledgement
	}
	return ""
}

// dayNumber finds a day's number in the arithmetic that was kept.
var dayNumber = regexp.MustCompile(`day (\d+)\.$`)

// days draws a clock: each working day a box, each weekend one, up to the day
// that counts, or until it was met. The numbers are those of the arithmetic
// that was kept with the clock, not counted anew.
func (d *Desk) days(k register.Clock) []dayView {
	steps := map[string]string{}
	for _, s := range k.Steps {
		if day, what, ok := strings.Cut(s, ": "); ok {
			steps[day] = what
		}
	}
	last := d.lastDay(k)
	var all []dayView
	for day := k.Start; !day.After(last); day = day.AddDays(1) {
		v := dayView{Name: dayName(day)}
		what := steps[day.Long()]
		number := dayNumber.FindStringSubmatch(what)
		switch {
		case number != nil:
			v.Number = number[1]
		case day.After(k.BaseDue) && d.c.Calendar.IsWorking(day):
			v.Number = "+" + strconv.Itoa(d.c.Calendar.Between(k.BaseDue, day))
		default:
			v.Class, v.Note = "off", d.dayOff(day)
		}
		d.markDay(k, day, &v)
		all = append(all, v)
	}
	return firstWeekday(k.Start, weekends(k.Start, all))
}

// lastDay is the last day that a clock's calendar shows.
func (d *Desk) lastDay(k register.Clock) workday.Date {
	last := k.Due
	if k.BaseDue.After(last) {
		last = k.BaseDue
	}
	until := workday.DateOf(d.c.Now())
	switch {
	case !k.MetAt.IsZero():
		until = workday.DateOf(k.MetAt)
	case !k.StoppedAt.IsZero():
		until = workday.DateOf(k.StoppedAt)
	}
	if most := last.AddDays(mostLate); until.After(most) {
		return most
	}
	if until.After(last) {
		return until
	}
	return last
}

// markDay gives a day its class and its note.
func (d *Desk) markDay(k register.Clock, day workday.Date, v *dayView) {
	classes, note := []string{}, ""
	mark := func(is bool, class, words string) {
		if is {
			classes, note = append(classes, class), words
		}
	}
	mark(day == k.Start, "zero", map[bool]string{true: "received", false: "sent"}[k.Name == workday.Stage1Acknowledgement || k.Name == workday.Stage2Acknowledgement])
	mark(day == k.BaseDue && k.BaseDue != k.Due, "", "was due")
	mark(day == k.Promised && k.Promised != k.Due, "", "told")
	mark(day == k.Counts(), "due", "due")
	mark(!k.MetAt.IsZero() && day == workday.DateOf(k.MetAt), "met", map[bool]string{true: "met late", false: "met"}[k.MetAt.After(k.Counts().End())])
	v.Today = k.Running() && day == workday.DateOf(d.c.Now())
	mark(v.Today, "now", map[bool]string{true: "due today", false: "today"}[day == k.Counts()])
	if v.Class != "off" || len(classes) > 0 {
		v.Class = strings.TrimSpace(strings.Join(classes, " "))
		v.Note = cmp.Or(note, day.Start().In(workday.London()).Format("Jan"))
	}
}

func (d *Desk) dayOff(day workday.Date) string {
	if title, ok := d.c.Calendar.Holiday(day); ok {
		return title
	}
	return "weekend"
}

// weekends makes one box of a Saturday and a Sunday without a mark.
func weekends(start workday.Date, days []dayView) []dayView {
	var all []dayView
	for i := 0; i < len(days); i++ {
		v, weekday := days[i], start.AddDays(i).Weekday()
		switch {
		case v.Class != "off" && weekday == time.Sunday && i > 0: // in its Saturday's box, unless that has a mark too
			if all[len(all)-1].Class == "off" {
				all[len(all)-1] = v
			}
			continue
		case v.Class != "off":
		case weekday == time.Saturday && i+1 < len(days) && days[i+1].Class == "off":
			v.Name, v.Note = "Sat, Sun", ""
			i++
		case weekday == time.Saturday || weekday == time.Sunday:
			if weekday == time.Sunday && i > 0 { // its Saturday has a mark, and the week one box for both
				continue
			}
			v.Name, v.Note = map[bool]string{true: "Sat", false: "Sun"}[weekday == time.Saturday], ""
		default:
			v.Class = "off hol"
		}
		all = append(all, v)
	}
	return all
}

// firstWeekday puts the first box under its weekday; the rest flow after it.
func firstWeekday(start workday.Date, days []dayView) []dayView {
	place := map[time.Weekday]string{time.Tuesday: "tue", time.Wednesday: "wed", time.Thursday: "thu", time.Friday: "fri", time.Saturday: "sat", time.Sunday: "sat"}[start.Weekday()]
	if len(days) > 0 && place != "" {
		days[0].Class = strings.TrimSpace(days[0].Class + " " + place)
	}
	return days
}

func dayName(day workday.Date) string { return day.Start().In(workday.London()).Format("Mon 2") }
