package figures

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
)

// Text writes the report for people.
func (r Report) Text(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(t, format, args...) }
	say("Complaints from %s to %s. What was due before %s counts.\n", r.From.Long(), r.To.Long(), r.AsOf.Long())
	r.sayMessages(say)
	for _, part := range []struct {
		title string
		rows  []Figures
	}{
		{"By stage", r.Stages},
		{"Stage 1 by channel", r.Channels},
		{"Stage 1 by topic (a complaint counts in each of its topics)", r.Topics},
		{"Stage 1 by month of receipt", r.Months},
	} {
		sayFigures(say, part.title, part.rows)
	}
	r.sayMeasures(say)
	r.sayDays(say)
	r.sayRules(say)
	return t.Flush()
}

func (r Report) sayMessages(say func(string, ...any)) {
	total := 0
	say("\nPost received\tlabel\tmessages\n")
	for _, m := range r.Messages {
		total += m.Count
		say("  %s\t%s\t%d\n", m.Channel, strings.ReplaceAll(m.Label, "_", " "), m.Count)
	}
	say("  all\t\t%d\n", total)
	say("  decided by the rules alone\t\t%d (%s)\n", r.ByRules, percent(r.ByRules, total))
}

func sayFigures(say func(string, ...any), title string, rows []Figures) {
	say("\n%s\treceived\tacknowledged\tin time\tin time, any form\toverdue\tanswered\tin time\toverdue\trunning\tclosed unanswered\n", title)
	for _, f := range rows {
		say("  %s\t%d\t%d\t%d (%s)\t%d\t%d\t%d\t%d (%s)\t%d\t%d\t%d\n", strings.ReplaceAll(f.Name, "_", " "), f.Received,
			f.Acknowledged, f.AckInTime, percent(f.AckInTime, f.Received), f.AckInTimeAnyForm, f.AckOverdue,
			f.Answered, f.AnsweredInTime, percent(f.AnsweredInTime, f.Answered), f.AnswerOverdue, f.Running, f.ClosedUnanswered)
	}
	if len(rows) == 0 {
		say("  none\n")
	}
}

func (r Report) sayMeasures(say func(string, ...any)) {
	say("\nTenant satisfaction measures\tstrict\tlenient\n")
	for _, m := range r.CH01 {
		if r.Homes == 0 {
			say("  CH01 stage %d, complaints\t%d\t%d\n", m.Stage, m.Strict.Count, m.Lenient.Count)
			continue
		}
		say("  CH01 stage %d, for each 1,000 homes\t%.1f (%d of %d homes)\t%.1f (%d of %d homes)\n", m.Stage,
			m.Strict.Value, m.Strict.Count, m.Strict.Of, m.Lenient.Value, m.Lenient.Count, m.Lenient.Of)
	}
	for _, m := range r.CH02 {
		say("  CH02 stage %d, answered in time\t%s (%d of %d)\t%s (%d of %d)\n", m.Stage,
			percent(m.Strict.Count, m.Strict.Of), m.Strict.Count, m.Strict.Of, percent(m.Lenient.Count, m.Lenient.Of), m.Lenient.Count, m.Lenient.Of)
	}
	if r.Homes == 0 {
		say("  Set landlord.homes in the configuration for CH01.\n")
	}
}

func (r Report) sayDays(say func(string, ...any)) {
	say("\nWorking days from receipt to acknowledgement\n")
	for _, d := range r.Acknowledge.Counts {
		say("  %d\t%d\n", d.Days, d.Count)
	}
	if len(r.Acknowledge.Counts) == 0 {
		say("  none\n")
		return
	}
	say("  half within %d, 90%% within %d, 95%% within %d, all within %d\n", r.Acknowledge.Median, r.Acknowledge.P90, r.Acknowledge.P95, r.Acknowledge.Most)
}

func (r Report) sayRules(say func(string, ...any)) {
	say("\nOfficers decided on %d messages after the rules, on %d otherwise than they (%s)\n", r.Reviewed, r.Overridden, percent(r.Overridden, r.Reviewed))
	if len(r.Rules) > 0 {
		say("  rule that had spoken\treviewed\toverridden\n")
	}
	for _, c := range r.Rules {
		say("  %s\t%d\t%d (%s)\n", c.Rule, c.Reviewed, c.Overridden, percent(c.Overridden, c.Reviewed))
	}
}

func percent(n, of int) string {
	if of == 0 {
		return "-"
	}
	return strconv.FormatFloat(float64(n)*100/float64(of), 'f', 1, 64) + "%"
}

// CSV writes the report as one table: a row for each figure.
func (r Report) CSV(w io.Writer) error {
	c := csv.NewWriter(w)
	row := func(section, name, figure string, value any) {
		_ = c.Write([]string{section, name, figure, fmt.Sprint(value)}) // Flush tells
	}
	row("section", "name", "figure", "value")
	row("report", "", "from", r.From)
	row("report", "", "to", r.To)
	row("report", "", "as_of", r.AsOf)
	row("report", "", "homes", r.Homes)
	for _, m := range r.Messages {
		row("messages", m.Channel, m.Label, m.Count)
	}
	row("messages", "", "decided_by_rules", r.ByRules)
	for _, part := range []struct {
		section string
		rows    []Figures
	}{{"stage", r.Stages}, {"channel", r.Channels}, {"topic", r.Topics}, {"month", r.Months}} {
		for _, f := range part.rows {
			f.csv(part.section, row)
		}
	}
	csvMeasures("ch01", r.CH01, row)
	csvMeasures("ch02", r.CH02, row)
	for _, d := range r.Acknowledge.Counts {
		row("days_to_acknowledge", strconv.Itoa(d.Days), "count", d.Count)
	}
	row("days_to_acknowledge", "", "median", r.Acknowledge.Median)
	row("days_to_acknowledge", "", "p90", r.Acknowledge.P90)
	row("days_to_acknowledge", "", "p95", r.Acknowledge.P95)
	row("days_to_acknowledge", "", "most", r.Acknowledge.Most)
	row("rules", "", "reviewed", r.Reviewed)
	row("rules", "", "overridden", r.Overridden)
	for _, rule := range r.Rules {
		row("rule", rule.Rule, "reviewed", rule.Reviewed)
		row("rule", rule.Rule, "overridden", rule.Overridden)
	}
	c.Flush()
	return c.Error()
}

func (f Figures) csv(section string, row func(section, name, figure string, value any)) {
	for _, v := range []struct {
		name  string
		value int
	}{
		{"received", f.Received},
		{"acknowledged", f.Acknowledged},
		{"acknowledged_in_time", f.AckInTime},
		{"acknowledged_in_time_any_form", f.AckInTimeAnyForm},
		{"acknowledgement_overdue", f.AckOverdue},
		{"answered", f.Answered},
		{"answered_in_time", f.AnsweredInTime},
		{"answer_overdue", f.AnswerOverdue},
		{"running", f.Running},
		{"closed_without_answer", f.ClosedUnanswered},
	} {
		row(section, f.Name, v.name, v.value)
	}
}

func csvMeasures(section string, all []Measure, row func(section, name, figure string, value any)) {
	for _, m := range all {
		for _, reading := range []struct {
			name string
			r    Reading
		}{{"strict", m.Strict}, {"lenient", m.Lenient}} {
			name := fmt.Sprintf("stage %d, %s", m.Stage, reading.name)
			row(section, name, "count", reading.r.Count)
			row(section, name, "of", reading.r.Of)
			row(section, name, "value", strconv.FormatFloat(reading.r.Value, 'f', 2, 64))
		}
	}
}
