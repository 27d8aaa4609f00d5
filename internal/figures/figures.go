// Package figures counts what a landlord answers for to its board, the
// Regulator and the Ombudsman: what came, what was acknowledged and answered
// in time, and how often officers decided otherwise than the rules. It reads
// the register and changes nothing.
package figures

import (
	"cmp"
	"context"
	"slices"
	"time"

	"postroom/internal/register"
	"postroom/internal/workday"
)

// A Report is the figures of a span of days, both ends included.
type Report struct {
	From  workday.Date `json:"from"`
	To    workday.Date `json:"to"`
	AsOf  workday.Date `json:"as_of"` // what was due before it counts as due
	Homes int          `json:"homes"` // 0: not configured

	Messages    []MessageCount `json:"messages"`
	ByRules     int            `json:"decided_by_rules"` // no person had to decide
	Stages      []Figures      `json:"stages"`
	Channels    []Figures      `json:"channels"` // stage 1
	Topics      []Figures      `json:"topics"`   // stage 1; a complaint with two topics counts in both
	Months      []Figures      `json:"months"`   // stage 1, by month of receipt
	CH01        []Measure      `json:"ch01"`
	CH02        []Measure      `json:"ch02"`
	Acknowledge Days           `json:"days_to_acknowledge"`
	Reviewed    int            `json:"reviewed"`   // messages on which an officer decided after the rules
	Overridden  int            `json:"overridden"` // otherwise than the rules
	Rules       []RuleCount    `json:"rules"`
}

// A MessageCount is how many messages of a channel got a label.
type MessageCount struct {
	Channel string `json:"channel"`
	Label   string `json:"label"` // "undecided" while nobody has decided
	Count   int    `json:"count"`
}

// Figures are what became of one slice of the complaints received.
type Figures struct {
	Name         string `json:"name"`
	Received     int    `json:"received"`
	Acknowledged int    `json:"acknowledged"`
	// AckInTime counts acknowledgements that defined the complaint (Code 5.6,
	// 6.2) by the day; AckInTimeAnyForm counts the fail-safe's form too.
	AckInTime        int `json:"acknowledged_in_time"`
	AckInTimeAnyForm int `json:"acknowledged_in_time_any_form"`
	AckOverdue       int `json:"acknowledgement_overdue"` // not sent, and its day is over
	Answered         int `json:"answered"`
	AnsweredInTime   int `json:"answered_in_time"` // by the day, with extensions that were told in time
	AnswerOverdue    int `json:"answer_overdue"`
	Running          int `json:"running"` // to be answered, the day not over
	ClosedUnanswered int `json:"closed_without_answer"`
}

// A Measure is a tenant satisfaction measure of one stage under two readings.
// The Regulator's text leaves room for both; the strict one errs against the
// landlord.
type Measure struct {
	Stage   int     `json:"stage"`
	Strict  Reading `json:"strict"`
	Lenient Reading `json:"lenient"`
}

// A Reading is a share of something: for CH01 of 1,000 homes, for CH02 of 100.
type Reading struct {
	Count int     `json:"count"`
	Of    int     `json:"of"`
	Value float64 `json:"value"`
}

// Days is a distribution over working days after receipt.
type Days struct {
	Counts []DayCount `json:"counts"`
	Median int        `json:"median"`
	P90    int        `json:"p90"`
	P95    int        `json:"p95"`
	Most   int        `json:"most"`
}

// A DayCount is how many were acknowledged on that working day after receipt.
type DayCount struct {
	Days  int `json:"days"`
	Count int `json:"count"`
}

// A RuleCount is how often officers decided otherwise where a rule had spoken.
type RuleCount struct {
	Rule       string  `json:"rule"`
	Reviewed   int     `json:"reviewed"`
	Overridden int     `json:"overridden"`
	Rate       float64 `json:"rate"`
}

// A Span says which days are asked for, and under what.
type Span struct {
	From, To workday.Date
	Now      time.Time
	Homes    int
	Calendar *workday.Calendar
}

// Year is the reporting year in which a day lies: 1 April to 31 March.
func Year(day workday.Date) workday.Date {
	if day.Month < time.April {
		day.Year--
	}
	return workday.Date{Year: day.Year, Month: time.April, Day: 1}
}

// Make counts.
func Make(ctx context.Context, r *register.Register, s Span) (Report, error) {
	rep := Report{From: s.From, To: s.To, AsOf: workday.Earlier(s.To.AddDays(1), workday.DateOf(s.Now)), Homes: s.Homes}
	rep.Messages, rep.Rules, rep.Acknowledge.Counts = []MessageCount{}, []RuleCount{}, []DayCount{} // empty, not null
	from, to := s.From.Start(), s.To.End()
	stages, err := r.StageRecords(ctx, from, to)
	if err != nil {
		return rep, err
	}
	tallies, err := r.Tallies(ctx, from, to)
	if err != nil {
		return rep, err
	}
	reviews, err := r.Reviews(ctx, from, to)
	if err != nil {
		return rep, err
	}
	rep.countMessages(tallies)
	rep.countStages(stages, s)
	rep.countReviews(reviews)
	return rep, nil
}

func (rep *Report) countMessages(tallies []register.Tally) {
	for _, t := range tallies {
		label := cmp.Or(string(t.Label), "undecided")
		n := len(rep.Messages)
		if n == 0 || rep.Messages[n-1].Channel != string(t.Channel) || rep.Messages[n-1].Label != label {
			rep.Messages = append(rep.Messages, MessageCount{Channel: string(t.Channel), Label: label})
			n++
		}
		rep.Messages[n-1].Count += t.Count
		if t.ByRules && t.Label != "" {
			rep.ByRules += t.Count
		}
	}
}

func (rep *Report) countStages(all []register.StageRecord, s Span) {
	received := slices.DeleteFunc(slices.Clone(all), func(k register.StageRecord) bool { return !rep.within(k.ReceivedAt) })
	stages, channels, topics, months := groups{}, groups{}, groups{}, groups{}
	for _, k := range received {
		stages.add([]string{"Stage 1", "Stage 2"}[k.Stage-1], k, rep.AsOf)
		if k.Stage != 1 {
			continue
		}
		channels.add(string(k.Channel), k, rep.AsOf)
		months.add(workday.DateOf(k.ReceivedAt).String()[:len("2026-11")], k, rep.AsOf)
		for _, topic := range k.Topics {
			topics.add(topic, k, rep.AsOf)
		}
	}
	rep.Stages, rep.Channels, rep.Topics, rep.Months = stages.sorted(), channels.sorted(), topics.sorted(), months.sorted()
	rep.countDays(received, s.Calendar)
	for _, stage := range []int{1, 2} {
		rep.CH01 = append(rep.CH01, rep.ch01(received, stage))
		rep.CH02 = append(rep.CH02, rep.ch02(all, stage, s.Calendar))
	}
}

func (rep *Report) within(at time.Time) bool {
	day := workday.DateOf(at)
	return !at.IsZero() && !day.Before(rep.From) && !day.After(rep.To)
}

// groups are figures by name.
type groups map[string]*Figures

func (g groups) add(name string, k register.StageRecord, asOf workday.Date) {
	f := g[name]
	if f == nil {
		f = &Figures{Name: name}
		g[name] = f
	}
	f.add(k, asOf)
}

func (g groups) sorted() []Figures {
	all := make([]Figures, 0, len(g))
	for _, f := range g {
		all = append(all, *f)
	}
	slices.SortFunc(all, func(a, b Figures) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

func (f *Figures) add(k register.StageRecord, asOf workday.Date) {
	f.Received++
	over := func(due workday.Date) bool { return !due.IsZero() && due.Before(asOf) }
	switch {
	case !k.AcknowledgedAt.IsZero():
		f.Acknowledged++
		f.AckInTime += one(inTime(k.DefinedAt, k.AcknowledgeBy))
		f.AckInTimeAnyForm += one(inTime(k.AcknowledgedAt, k.AcknowledgeBy))
	case k.ClosedAt.IsZero() && over(k.AcknowledgeBy):
		f.AckOverdue++
	}
	switch {
	case !k.AnsweredAt.IsZero():
		f.Answered++
		f.AnsweredInTime += one(inTime(k.AnsweredAt, k.AnswerBy))
	case !k.StoppedAt.IsZero():
		f.ClosedUnanswered++
	case over(k.AnswerBy):
		f.AnswerOverdue++
	default:
		f.Running++
	}
}

// inTime reports whether something happened by the end of a day.
func inTime(at time.Time, by workday.Date) bool {
	return !at.IsZero() && !by.IsZero() && !workday.DateOf(at).After(by)
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}
