package figures

import (
	"cmp"
	"slices"

	"postroom/internal/register"
	"postroom/internal/workday"
)

// ch01 is complaints received for each 1,000 homes, each stage for itself.
// Strict counts every complaint; lenient leaves out those that were merged
// into another or not accepted.
func (rep *Report) ch01(received []register.StageRecord, stage int) Measure {
	m := Measure{Stage: stage, Strict: Reading{Of: rep.Homes}, Lenient: Reading{Of: rep.Homes}}
	for _, k := range received {
		if k.Stage != stage {
			continue
		}
		m.Strict.Count++
		m.Lenient.Count += one(!k.Merged && !k.NotAccepted)
	}
	m.Strict.per(1000)
	m.Lenient.per(1000)
	return m
}

// ch02 is complaints answered within the Code's timescales, each stage for
// itself. Strict: of those received whose answer is given or was due while they
// were open, those that were defined and acknowledged in time and answered by
// the day, counted from the acknowledgement or from its due date when it was
// late: to close a complaint after its day makes nothing good. Lenient: of
// those answered, those answered within as many working days of the
// acknowledgement as it really went, in whatever form.
func (rep *Report) ch02(all []register.StageRecord, stage int, cal *workday.Calendar) Measure {
	m := Measure{Stage: stage}
	for _, k := range all {
		if k.Stage != stage || k.Merged || k.NotAccepted {
			continue
		}
		due := !k.AnswerBy.IsZero() && k.AnswerBy.Before(rep.AsOf) && !inTime(k.StoppedAt, k.AnswerBy)
		if rep.within(k.ReceivedAt) && (!k.AnsweredAt.IsZero() || due) {
			acknowledged := k.AcknowledgeBy.IsZero() || inTime(k.DefinedAt, k.AcknowledgeBy)
			m.Strict.Of++
			m.Strict.Count += one(acknowledged && inTime(k.AnsweredAt, k.AnswerBy))
		}
		if rep.within(k.AnsweredAt) {
			m.Lenient.Of++
			m.Lenient.Count += one(inTime(k.AnsweredAt, lenientDue(k, cal)))
		}
	}
	m.Strict.per(100)
	m.Lenient.per(100)
	return m
}

// lenientDue counts the answer's days from the acknowledgement as it went,
// also where it was late.
func lenientDue(k register.StageRecord, cal *workday.Calendar) workday.Date {
	went := workday.DateOf(k.AcknowledgedAt)
	if k.AcknowledgedAt.IsZero() || !went.After(k.AnswerFrom) {
		return k.AnswerBy
	}
	return cal.Add(went, cal.Between(k.AnswerFrom, k.AnswerBy))
}

func (r *Reading) per(n int) {
	if r.Of > 0 {
		r.Value = float64(r.Count) * float64(n) / float64(r.Of)
	}
}

// countDays is the distribution of working days from receipt to
// acknowledgement, in any form.
func (rep *Report) countDays(received []register.StageRecord, cal *workday.Calendar) {
	var days []int
	for _, k := range received {
		if !k.AcknowledgedAt.IsZero() {
			days = append(days, cal.Between(workday.DateOf(k.ReceivedAt), workday.DateOf(k.AcknowledgedAt)))
		}
	}
	if len(days) == 0 {
		return
	}
	slices.Sort(days)
	d := &rep.Acknowledge
	for _, n := range days {
		if last := len(d.Counts); last == 0 || d.Counts[last-1].Days != n {
			d.Counts = append(d.Counts, DayCount{Days: n})
		}
		d.Counts[len(d.Counts)-1].Count++
	}
	d.Median, d.P90, d.P95, d.Most = percentile(days, 50), percentile(days, 90), percentile(days, 95), days[len(days)-1]
}

// percentile is the smallest value that so many in a hundred do not exceed.
func percentile(sorted []int, p int) int { return sorted[(len(sorted)*p+99)/100-1] }

func (rep *Report) countReviews(reviews []register.Review) {
	rules := map[string]*RuleCount{}
	for _, v := range reviews {
		other := one(v.Officer != v.Rules)
		rep.Reviewed++
		rep.Overridden += other
		for _, name := range v.Fired {
			if rules[name] == nil {
				rules[name] = &RuleCount{Rule: name}
			}
			rules[name].Reviewed++
			rules[name].Overridden += other
		}
	}
	for _, c := range rules {
		c.Rate = float64(c.Overridden) / float64(c.Reviewed)
		rep.Rules = append(rep.Rules, *c)
	}
	slices.SortFunc(rep.Rules, func(a, b RuleCount) int {
		return cmp.Or(cmp.Compare(b.Rate, a.Rate), cmp.Compare(b.Reviewed, a.Reviewed), cmp.Compare(a.Rule, b.Rule))
	})
}
