package web

import (
	"net/http"
	"sort"
	"strings"

	"postroom/internal/register"
)

// addTaken says who has it open.
func (d *Desk) addTaken(r *http.Request, m register.Message, p *itemPage) error {
	if !p.Waits {
		return nil
	}
	k, err := d.c.Register.TakingOf(r.Context(), m.ID)
	p.Taken = d.takenView(k, p.Officer)
	return err
}

func (d *Desk) addCase(r *http.Request, m register.Message, p *itemPage) error {
	if m.Case == "" {
		return nil
	}
	c, clocks, err := d.c.Register.GetCase(r.Context(), m.Case)
	if err != nil {
		return err
	}
	v := caseRow(c)
	p.JoinedCase = &v
	for _, c := range c.Counting(clocks) {
		v := clockView{Name: plainHistory(c.Name), Due: c.Counts().Long(), Steps: c.Steps}
		if !c.MetAt.IsZero() {
			v.Met = clockTime(c.MetAt)
		}
		p.Clocks = append(p.Clocks, v)
	}
	replies, err := d.c.Register.CaseOutgoings(r.Context(), m.Case)
	for _, o := range replies {
		p.Replies = append(p.Replies, replyView(o))
	}
	return err
}

// nearCases bounds how many cases of the same person are offered.
const nearCases = 5

// addNear offers the case whose sign the message carries, and the writer's
// other ones.
func (d *Desk) addNear(r *http.Request, m register.Message, p *itemPage) error {
	if m.Reading == nil || !p.Waits {
		return nil
	}
	cases, err := d.c.Register.CasesOf(r.Context(), m.Reading.From.Address, nearCases)
	if err != nil {
		return err
	}
	if m.OfferedCase != "" {
		c, _, err := d.c.Register.GetCase(r.Context(), m.OfferedCase)
		if err != nil {
			return err
		}
		v := caseRow(c)
		v.Why = "it carries " + signName(m.OfferedWhy)
		p.Near = append(p.Near, v)
	}
	for _, c := range cases {
		if c.ID == m.OfferedCase || c.ID == m.Case {
			continue
		}
		v := caseRow(c)
		v.Why = "the same address"
		p.Near = append(p.Near, v)
	}
	return nil
}

func (d *Desk) addAlarms(r *http.Request, m register.Message, p *itemPage) error {
	alarms, err := d.c.Register.MessageAlarms(r.Context(), m.ID)
	for _, a := range alarms {
		v := alarmView{Alarm: a}
		if !a.TakenAt.IsZero() {
			v.Taken = clockTime(a.TakenAt)
		}
		p.Alarms = append(p.Alarms, v)
	}
	return err
}

func (d *Desk) addDecision(r *http.Request, m register.Message, p *itemPage) error {
	decisions, err := d.c.Register.Decisions(r.Context(), m.ID)
	if n := len(decisions); n > 0 {
		p.Reason = decisions[n-1].Reason
	}
	return err
}

func (d *Desk) addHistory(r *http.Request, m register.Message, p *itemPage) error {
	events, err := d.c.Register.History(r.Context(), "message:"+m.ID)
	if err == nil && m.Case != "" {
		var more []register.Event
		more, err = d.c.Register.History(r.Context(), "case:"+m.Case)
		events = append(events, more...)
	}
	sort.SliceStable(events, func(i, j int) bool { return events[i].At.Before(events[j].At) })
	for _, e := range events {
		var detail []string
		for _, k := range []string{"kind", "form", "label", "state", "clock", "due", "code", "guard"} {
			if v := e.Detail[k]; v != "" {
				detail = append(detail, k+" "+v)
			}
		}
		p.History = append(p.History, eventView{When: clockTime(e.At), What: plainHistory(e.What), By: e.By, Detail: strings.Join(detail, ", ")})
	}
	return err
}

// problem is why a person is asked, where the rules' own reason does not say so.
func problem(m register.Message) string {
	if m.Verdict != nil && m.Problem == m.Verdict.Why {
		return ""
	}
	return capital(strings.TrimSuffix(m.Problem, "."))
}
