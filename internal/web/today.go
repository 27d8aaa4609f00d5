package web

import (
	"net/http"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/workday"
)

// rowLimit bounds every list of the front page.
const rowLimit = 200

type row struct {
	ID, Reference, Subject, Who, Channel string
	Received, Due, Left, State, Why      string
	Sure                                 string
	Late                                 bool
	Boxes                                []bool
	Label                                classify.Label
	Flags                                []flagView
	Words                                []string
}

type replyRow struct {
	ID, What, To, Reference, State, Class, When, Why string
	HasBytes                                         bool
}

type mailboxView struct {
	register.MailboxStatus
	Polled string
}

type statusView struct {
	register.Status
	Mailboxes []mailboxView
}

type todayPage struct {
	frame
	Day      string
	Alarms   []register.Alarm
	Waiting  []row
	Messages []row
	Replies  []replyRow
	Oldest   string
	Queue    string
	Rules    string
	Outgoing string
	Hints    []Hint
}

func (d *Desk) today(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	day := workday.DateOf(d.c.Now())
	f, err := d.frame(ctx, "Today's post")
	if err != nil {
		d.failed(w, r, err)
		return
	}
	f.Refresh = d.c.Refresh
	page := todayPage{frame: f, Day: day.Long(), Rules: d.c.Rules, Outgoing: d.outgoing(ctx), Hints: d.c.Hints, Queue: d.c.Queue(ctx)}
	if !f.Status.OldestUndecided.IsZero() {
		page.Oldest = clockTime(f.Status.OldestUndecided)
	}
	if page.Alarms, err = d.c.Register.OpenAlarms(ctx, 20); err != nil {
		d.failed(w, r, err)
		return
	}
	waiting, err := d.c.Register.Queue(ctx, rowLimit)
	if err != nil {
		d.failed(w, r, err)
		return
	}
	messages, err := d.c.Register.Messages(ctx, day.Start(), rowLimit)
	if err != nil {
		d.failed(w, r, err)
		return
	}
	replies, err := d.c.Register.Outgoings(ctx, rowLimit)
	if err != nil {
		d.failed(w, r, err)
		return
	}
	page.Waiting, page.Messages = d.rows(waiting), d.rows(messages)
	for _, o := range replies {
		page.Replies = append(page.Replies, replyView(o))
	}
	d.show(w, r, http.StatusOK, "today.html", page)
}

func (d *Desk) rows(ms []register.Message) []row {
	out := make([]row, len(ms))
	for i, m := range ms {
		out[i] = d.row(m)
	}
	return out
}

func (d *Desk) row(m register.Message) row {
	v := row{
		ID: m.ID, Reference: m.Reference, Subject: "(no subject)", Who: "(not read yet)", Channel: string(m.Channel),
		Received: clockTime(m.ReceivedAt), Due: m.Deadline.Long(), State: stateName(m), Flags: flagViews(m.Verdict), Why: capital(m.Problem),
	}
	v.Left, v.Boxes, v.Late = d.daysLeft(m)
	if rd := m.Reading; rd != nil {
		v.Who = who(rd.From)
		if rd.Subject != "" {
			v.Subject = rd.Subject
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

func (d *Desk) statusView(s register.Status) statusView {
	v := statusView{Status: s}
	for _, m := range s.Mailboxes {
		v.Mailboxes = append(v.Mailboxes, mailboxView{MailboxStatus: m, Polled: clockTime(m.PolledAt)})
	}
	return v
}

func replyView(o register.Outgoing) replyRow {
	v := replyRow{
		ID: o.ID, What: kindName(o), To: who(o.To), Reference: o.Reference, Why: o.Why, HasBytes: o.Bytes != "",
		When: clockTime(o.CreatedAt),
	}
	v.State, v.Class = outgoingState(o.State)
	if !o.SentAt.IsZero() {
		v.When = clockTime(o.SentAt)
	}
	return v
}
