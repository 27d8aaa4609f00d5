package workday

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// A Due is a clock worked out, with the arithmetic that a person can check.
type Due struct {
	Name    string   `json:"name"`
	Start   Date     `json:"start"` // day 0, or day 1 where the day of receipt counts
	Due     Date     `json:"due"`   // the last day in time; late from Due.End()
	Steps   []string `json:"steps"` // the count day by day, in words
	Assumes string   `json:"assumes"`
	Warning string   `json:"warning"` // why the date may still move; empty when it is sure
}

// Clocks works out every clock of the scheme for post received at that
// instant, as if it opened stage 1 and as if it asked for stage 2. Answers that
// count from the acknowledgement assume that it goes out on the day it is due.
func (s Scheme) Clocks(cal *Calendar, received time.Time) []Due {
	var all []Due
	for _, name := range ClockNames() {
		if due, ok := s.ClockFor(cal, name, received, Date{}); ok {
			all = append(all, due)
		}
	}
	return all
}

// ClockFor works out one clock from the instant of receipt (for stage 2: of the
// request) and, for an answer, the day on which the same stage's
// acknowledgement went out, if it did. An answer that counts from the
// acknowledgement starts on the earlier of the day it went out and the day it
// was due, so that lateness never buys time.
func (s Scheme) ClockFor(cal *Calendar, name string, received time.Time, acknowledged Date) (Due, bool) {
	rule, ok := s.Rule(name)
	if !ok {
		return Due{}, false
	}
	start := s.ReceiptDate(received)
	if rule.From != Acknowledgement {
		return s.Clock(cal, name, start)
	}
	before, ok := s.Clock(cal, acknowledgementOf(name), start)
	if !ok {
		return s.Clock(cal, name, Earlier(acknowledged, start))
	}
	due, ok := s.Clock(cal, name, Earlier(acknowledged, before.Due))
	due.Assumes = assumption(acknowledged, before.Due)
	return due, ok
}

func acknowledgementOf(name string) string {
	if name == Stage2Answer {
		return Stage2Acknowledgement
	}
	return Stage1Acknowledgement
}

func assumption(acknowledged, due Date) string {
	switch {
	case acknowledged.IsZero():
		return "Acknowledged on " + due.Long() + ", the day the acknowledgement is due."
	case acknowledged.After(due):
		return "Counted from " + due.Long() + ", the day the acknowledgement was due, because it went out later."
	default:
		return "Acknowledged on " + acknowledged.Long() + "."
	}
}

// Clock works out one clock from the date of its own anchor: of receipt, of
// the request for stage 2, or of the acknowledgement. It reports false when
// the scheme has no such clock.
func (s Scheme) Clock(cal *Calendar, name string, anchor Date) (Due, bool) {
	rule, ok := s.Rule(name)
	if !ok {
		return Due{}, false
	}
	c := count{cal: cal, due: Due{Name: name, Start: anchor}}
	arrival := rule.From != Acknowledgement
	if arrival && s.RollNonworkingReceipt {
		c.roll()
	}
	c.run(rule, arrival && s.ReceiptDayCounts)
	c.check()
	return c.due, true
}

// Extended is the last day to which an answer may be put off once, counted from
// the day it was due. It reports false when the scheme sets no number.
func (s Scheme) Extended(cal *Calendar, name string, due Date) (Date, bool) {
	days := s.Stage1.Extension
	if name == Stage2Answer {
		days = s.Stage2.Extension
	}
	if days == 0 || (name != Stage1Answer && name != Stage2Answer) {
		return Date{}, false
	}
	return cal.Add(due, days), true
}

// A count is a clock while it is being worked out.
type count struct {
	cal *Calendar
	due Due
}

func (c *count) say(d Date, what string) {
	c.due.Steps = append(c.due.Steps, d.Long()+": "+what)
}

// roll moves a start on a day off to the next working day.
func (c *count) roll() {
	for ; !c.cal.IsWorking(c.due.Start); c.due.Start = c.due.Start.AddDays(1) {
		c.say(c.due.Start, "received, but counted as received on the next working day, "+c.dayOff(c.due.Start)+".")
	}
}

func (c *count) run(rule Rule, firstDayCounts bool) {
	d, n := c.due.Start, 0
	c.due.Steps = slices.Grow(c.due.Steps, rule.Days*3/2+4) // weekends come too
	if firstDayCounts && c.cal.IsWorking(d) {
		n = 1
		c.say(d, anchorWords(rule.From)+", day 1.")
	} else {
		c.say(d, anchorWords(rule.From)+", day 0.")
	}
	for n < rule.Days {
		d = d.AddDays(1)
		if !c.cal.IsWorking(d) {
			c.say(d, "not counted, "+c.dayOff(d)+".")
			continue
		}
		n++
		c.say(d, "day "+strconv.Itoa(n)+".")
	}
	c.due.Due = d
	c.due.Steps = append(c.due.Steps, "Due by the end of "+d.Long()+", London time.")
}

func anchorWords(a Anchor) string {
	switch a {
	case Request:
		return "request for stage 2 received"
	case Acknowledgement:
		return "acknowledged"
	case Receipt:
		return "received"
	}
	return string(a)
}

func (c *count) dayOff(d Date) string {
	if title, ok := c.cal.Holiday(d); ok {
		return title
	}
	return "weekend"
}

// check warns when the count left the years whose bank holidays are known.
func (c *count) check() {
	if c.cal.Covers(c.due.Start) && c.cal.Covers(c.due.Due) {
		return
	}
	c.due.Warning = fmt.Sprintf("The bank holidays are known only for %d to %d, so the date may be too early. Add the newer list from GOV.UK to the configuration.",
		c.cal.FirstYear(), c.cal.LastYear())
}
