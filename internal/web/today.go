package web

import (
	"cmp"
	"net/http"
	"time"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/workday"
)

// rowLimit bounds every list of the front page.
const rowLimit = 200

type row struct {
	ID, Reference, Subject, Who, Channel      string
	Writer                                    string // by name alone, for lists
	Received, Due, DueShort, Left, State, Why string
	Sure                                      string
	Late                                      bool
	Private                                   bool // its words are not shown
	Boxes                                     []bool
	Label                                     classify.Label
	Flags                                     []flagView
	Words                                     []string
}

type replyRow struct {
	ID, What, To, Reference, State, Class, When, Why string
	Case                                             register.ID // empty: it is about none
	LateAfter                                        string
	HasBytes                                         bool
}

type todayPage struct {
	frame
	Day      string
	Messages []row
	Cut      bool // more are there than are listed
}

// today lists what came in since midnight, decided or not.
func (d *Desk) today(w http.ResponseWriter, r *http.Request, who register.Account) {
	day := workday.DateOf(d.c.Now())
	f, err := d.frame(r.Context(), who, "today", "Today's post")
	if err != nil {
		d.failed(w, r, err)
		return
	}
	f.Refresh = d.c.Refresh
	messages, err := d.c.Register.Messages(r.Context(), day.Start(), rowLimit+1)
	if err != nil {
		d.failed(w, r, err)
		return
	}
	listed := messages[:min(len(messages), rowLimit)]
	d.show(w, r, http.StatusOK, "today.html", todayPage{frame: f, Day: day.Long(), Messages: d.rows(listed), Cut: len(messages) > rowLimit})
}

func (d *Desk) rows(ms []register.Message) []row {
	out := make([]row, len(ms))
	for i, m := range ms {
		out[i] = d.listed(m)
	}
	return out
}

// listed is a message's row in a list. Where somebody may be in danger none of
// their words stand in lists, which are seen over shoulders and printed.
func (d *Desk) listed(m register.Message) row {
	v := d.row(m)
	if m.Verdict != nil && m.Verdict.Has(classify.Safeguarding) {
		v.Subject, v.Words, v.Private = "(not shown in lists)", nil, true
		v.Why = "Somebody may be in danger: a person reads it first. Its words are not shown in lists"
	}
	return v
}

func (d *Desk) row(m register.Message) row {
	v := row{
		ID: m.ID, Reference: m.Reference, Subject: "(no subject)", Who: "(not read yet)", Writer: "(not read yet)", Channel: channelName(m.Channel),
		Received: clockTime(m.ReceivedAt), Due: m.Deadline.Long(), DueShort: shortDay(m.Deadline), State: stateName(m), Flags: flagViews(m.Verdict), Why: capital(m.Problem),
	}
	v.Left, v.Boxes, v.Late = d.daysLeft(m)
	if rd := m.Reading; rd != nil {
		v.Who, v.Writer = who(rd.From), cmp.Or(brief(rd.From.Name, shownName), rd.From.Address, v.Who)
		if rd.Subject != "" {
			v.Subject = brief(rd.Subject, shownSubject)
		}
	}
	if m.Verdict != nil {
		v.Label, v.Sure = m.Verdict.Label, percent(m.Verdict.Confidence)
		if v.Why == "" {
			v.Why = m.Verdict.Why
		}
		v.Words = deciding(m.Verdict, 3)
	}
	return v
}

func replyView(o register.Outgoing) replyRow {
	v := replyRow{
		ID: o.ID, What: kindName(o), To: who(o.To), Reference: o.Reference, Case: o.Case, Why: o.Why, HasBytes: o.Bytes != "",
		When: clockTime(o.CreatedAt), LateAfter: shortDay(workday.DateOf(o.Deadline.Add(-time.Second))), // the deadline is the end of its day
	}
	v.State, v.Class = outgoingState(o.State)
	if !o.SentAt.IsZero() {
		v.When = clockTime(o.SentAt)
	}
	return v
}
