package web

import (
	"net/http"
	"strconv"
	"time"

	"postroom/internal/figures"
	"postroom/internal/register"
	"postroom/internal/workday"
)

// longestReport bounds what one page counts.
const longestReport = 5 * 366

type reportPage struct {
	frame
	telling
	From, To string // as typed
	Span     string
	LastDay  int // the acknowledgement's, in working days after receipt
	Homes    int
	Boxes    []figureBox
	Months   chart
	Days     chart
	Topics   []topicRow
	Channels []figures.Figures
	Sources  []figures.MessageCount
	Rules    []ruleFigure
	ByRules  string
	Report   figures.Report
}

// A figureBox is one of the large figures.
type figureBox struct{ Name, Value, Note string }

// A topicRow is a topic with how long its bar is, of 100.
type topicRow struct {
	figures.Figures
	Name  string
	Bar   int
	Share string
}

type ruleFigure struct {
	figures.RuleCount
	Why, Share string
}

// report shows the figures of a span of days, or hands them out as CSV.
func (d *Desk) report(w http.ResponseWriter, r *http.Request, who register.Account) {
	page := reportPage{From: r.FormValue("from"), To: r.FormValue("to"), Homes: d.c.Homes}
	var err error
	if page.frame, err = d.frame(r.Context(), who, "report", "Report"); err != nil {
		d.failed(w, r, err)
		return
	}
	span, wrong := d.span(page.From, page.To)
	if len(wrong) > 0 {
		page.Mistakes = wrong
		d.show(w, r, http.StatusUnprocessableEntity, "report.html", page)
		return
	}
	page.From, page.To = span.From.String(), span.To.String()
	if page.Report, err = figures.Make(r.Context(), d.c.Register, span); err != nil {
		d.failed(w, r, err)
		return
	}
	if r.FormValue("as") == "csv" {
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		w.Header().Set("Content-Disposition", `attachment; filename="report-`+page.From+"-"+page.To+`.csv"`)
		_ = page.Report.CSV(w) // the reader went away
		return
	}
	page.fill(d.acknowledgeDays(), d.reasonsOfRules())
	d.show(w, r, http.StatusOK, "report.html", page)
}

// span reads the days that are asked for; nothing means this reporting year.
func (d *Desk) span(from, to string) (figures.Span, []mistake) {
	s := figures.Span{To: workday.DateOf(d.c.Now()), Now: d.c.Now(), Homes: d.c.Homes, Calendar: d.c.Calendar}
	var wrong []mistake
	read := func(field, text string, into *workday.Date) {
		day, err := workday.ParseDate(text)
		if err != nil {
			wrong = append(wrong, mistake{field, "Give the day as year, month and day, such as 2026-04-01"})
			return
		}
		*into = day
	}
	if to != "" {
		read("to", to, &s.To)
	}
	s.From = figures.Year(s.To)
	if from != "" {
		read("from", from, &s.From)
	}
	switch days := s.From.DaysUntil(s.To); {
	case len(wrong) > 0:
	case days < 0:
		wrong = append(wrong, mistake{"from", "Choose a first day that is not after the last"})
	case days > longestReport:
		wrong = append(wrong, mistake{"from", "Choose at most five years"})
	}
	return s, wrong
}

// fill lays the report out for the page; inForce are the reasons of the rules
// that are in force.
func (p *reportPage) fill(lastDay int, inForce map[string]string) {
	rep := p.Report
	p.LastDay = lastDay
	p.Span = rep.From.Long() + " to " + rep.To.Long()
	for i, name := range []string{"Stage 1", "Stage 2"} {
		p.Boxes = append(p.Boxes, figureBox{name + " complaints", strconv.Itoa(rep.CH01[i].Strict.Count), p.perHomes(rep.CH01[i].Strict)})
	}
	if stage1 := named(rep.Stages, "Stage 1"); stage1 != nil {
		due := stage1.Acknowledged + stage1.AckOverdue
		p.Boxes = append(p.Boxes, figureBox{"Acknowledged in time", share(stage1.AckInTime, due), strconv.Itoa(stage1.AckInTime) + " of " + strconv.Itoa(due) + " at stage 1; the others are not due yet"})
	}
	for i, name := range []string{"Stage 1", "Stage 2"} {
		strict, lenient := rep.CH02[i].Strict, rep.CH02[i].Lenient
		note := strconv.Itoa(strict.Count) + " of " + strconv.Itoa(strict.Of) + ", strict (CH02). Lenient: " + share(lenient.Count, lenient.Of)
		p.Boxes = append(p.Boxes, figureBox{name + " answered in time", share(strict.Count, strict.Of), note})
	}
	p.Months, p.Days = monthChart(rep.Months, rep.To), dayChart(rep.Acknowledge, lastDay)
	most := 1
	for _, t := range rep.Topics {
		most = max(most, t.Received)
	}
	for _, t := range rep.Topics {
		p.Topics = append(p.Topics, topicRow{t, topicName(t.Name), 100 * t.Received / most, share(t.AnsweredInTime, t.Answered)})
	}
	p.Channels, p.Sources = rep.Channels, rep.Messages
	total := 0
	for _, m := range rep.Messages {
		total += m.Count
	}
	p.ByRules = share(rep.ByRules, total)
	for _, c := range rep.Rules {
		if c.Overridden > 0 && len(p.Rules) < mostRules && inForce[c.Rule] != "" {
			p.Rules = append(p.Rules, ruleFigure{c, inForce[c.Rule], share(c.Overridden, c.Reviewed)})
		}
	}
}

// mostRules bounds the rules on the report: those that people overruled most.
const mostRules = 12

func (p *reportPage) perHomes(r figures.Reading) string {
	if p.Homes == 0 {
		return "For CH01 the operator sets landlord.homes"
	}
	return strconv.FormatFloat(r.Value, 'f', 1, 64) + " for every 1,000 homes (CH01)"
}

func named(all []figures.Figures, name string) *figures.Figures {
	for i := range all {
		if all[i].Name == name {
			return &all[i]
		}
	}
	return nil
}

// share is a part in percent; of nothing there is none.
func share(n, of int) string {
	if of == 0 {
		return "–"
	}
	return strconv.FormatFloat(100*float64(n)/float64(of), 'f', 1, 64) + " %"
}

// A chart is columns in a box of 640 by 240 units, with the same numbers to
// be shown as a table.
type chart struct {
	Title string // what it shows, for those who do not see it
	Bars  []chartBar
}

type chartBar struct {
	Name, Long    string
	Value         int
	X, Y, W, H    int
	Middle, Above int // where its name and its number stand
	Part, Late    bool
}

const (
	chartWidth  = 640
	chartFloor  = 196
	chartHeight = 160
	mostColumns = 18 // more would not be read
)

// lay gives the bars their places.
func (c *chart) lay() {
	if len(c.Bars) > mostColumns {
		c.Bars = c.Bars[len(c.Bars)-mostColumns:]
	}
	most := 1
	for _, b := range c.Bars {
		most = max(most, b.Value)
	}
	for i := range c.Bars {
		b := &c.Bars[i]
		step := chartWidth / len(c.Bars)
		b.W = min(66, step*3/4)
		b.X = i*step + (step-b.W)/2
		b.H = b.Value * chartHeight / most
		b.Y = chartFloor - b.H
		b.Middle, b.Above = b.X+b.W/2, b.Y-6
	}
}

func monthChart(months []figures.Figures, last workday.Date) chart {
	c := chart{Title: "Columns: stage 1 complaints received in each month. All numbers are in the table below."}
	for _, m := range months {
		at, err := time.Parse("2006-01", m.Name)
		if err != nil {
			continue
		}
		part := last.Year == at.Year() && last.Month == at.Month() && last.AddDays(1).Month == last.Month
		c.Bars = append(c.Bars, chartBar{Name: at.Format("Jan"), Long: at.Format("January 2006"), Value: m.Received, Part: part})
	}
	c.lay()
	return c
}

// dayChart draws how soon was acknowledged; what came after the last day that
// the code allows is drawn together.
func dayChart(days figures.Days, lastDay int) chart {
	c := chart{Title: "Columns: how many complaints were acknowledged on each working day after receipt. All numbers are in the table below."}
	counts := make([]int, lastDay+2)
	for _, n := range days.Counts {
		counts[min(n.Days, lastDay+1)] += n.Count
	}
	for i, n := range counts {
		name := "Day " + strconv.Itoa(i)
		if i > lastDay {
			name = "Later"
		}
		c.Bars = append(c.Bars, chartBar{Name: name, Long: name, Value: n, Late: i > lastDay})
	}
	c.lay()
	return c
}

// Any reports whether there is anything to draw.
func (c chart) Any() bool {
	for _, b := range c.Bars {
		if b.Value > 0 {
			return true
		}
	}
	return false
}
