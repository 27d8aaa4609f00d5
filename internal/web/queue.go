package web

import (
	"net/http"
	"strconv"
	"strings"

	"postroom/internal/register"
	"postroom/internal/workday"
)

// A group is a part of the queue.
type group struct {
	Name, Note string
	Hot        bool
	Rows       []queueRow
}

type queueRow struct {
	row
	Alarm    string // "Nobody has taken the alert", or who did
	AlarmID  register.ID
	Known    bool // acknowledged in the holding form, still to be defined
	Unread   bool
	Language string
}

// An otherAlarm is about post that has been decided, or about a reply.
type otherAlarm struct {
	register.Alarm
	Reference string
}

type queuePage struct {
	frame
	Groups   []group
	Total    int
	Shown    int
	Urgent   int
	Today    int
	Next     *queueRow
	Notice   *notice
	Alarms   []otherAlarm // about something else than what waits
	Outgoing string
}

func (d *Desk) queue(w http.ResponseWriter, r *http.Request, who register.Account) {
	f, err := d.frame(r.Context(), who, "queue", "Review queue")
	if err != nil {
		d.failed(w, r, err)
		return
	}
	f.Refresh = d.c.Refresh
	page := queuePage{frame: f, Total: f.Status.InReview, Outgoing: d.outgoing(r.Context())}
	if page.Notice, err = d.notice(r); err != nil {
		d.failed(w, r, err)
		return
	}
	if page.Notice != nil {
		page.Refresh = 0
	}
	if err := d.fillQueue(r, &page); err != nil {
		d.failed(w, r, err)
		return
	}
	page.Title = "Review queue (" + strconv.Itoa(page.Total) + ")"
	d.show(w, r, http.StatusOK, "queue.html", page)
}

func (d *Desk) fillQueue(r *http.Request, page *queuePage) error {
	waiting, err := d.c.Register.Queue(r.Context(), rowLimit)
	if err != nil {
		return err
	}
	alarms, err := d.c.Register.QueueAlarms(r.Context())
	if err != nil {
		return err
	}
	about := map[register.ID]register.Alarm{}
	for _, a := range alarms {
		about[a.Message] = a
	}
	page.Shown = len(waiting)
	d.group(waiting, about, page)
	return d.otherAlarms(r, about, page)
}

// shownAlarms bounds the alarms above the queue.
const shownAlarms = 20

func (d *Desk) otherAlarms(r *http.Request, about map[register.ID]register.Alarm, page *queuePage) error {
	open, err := d.c.Register.OpenAlarms(r.Context(), shownAlarms)
	if err != nil {
		return err
	}
	for _, a := range open {
		if _, shown := about[a.Message]; shown {
			continue
		}
		other := otherAlarm{Alarm: a}
		if a.Message != "" {
			m, err := d.c.Register.GetMessage(r.Context(), a.Message)
			if err != nil {
				return err
			}
			other.Reference = m.Reference
		}
		page.Alarms = append(page.Alarms, other)
	}
	return nil
}

// group puts the rows, which come most urgent first, under their headings.
func (d *Desk) group(waiting []register.Message, alarms map[register.ID]register.Alarm, page *queuePage) {
	today := workday.DateOf(d.c.Now())
	next := d.c.Calendar.Add(today, 1)
	groups := []group{
		{Name: "Hazards and safeguarding first", Hot: true},
		{Name: "Late", Hot: true},
		{Name: "Today, " + today.Long()},
		{Name: "Next working day, " + next.Long()},
		{Name: "Later"},
	}
	for _, m := range waiting {
		at := 4
		switch {
		case dangerous(m):
			at = 0
		case today.After(m.Deadline):
			at = 1
		case !m.Deadline.After(d.c.Calendar.Add(today, 0)):
			at = 2
		case !m.Deadline.After(next):
			at = 3
		}
		groups[at].Rows = append(groups[at].Rows, d.queueRow(m, alarms[m.ID]))
	}
	page.Urgent = len(groups[0].Rows)
	page.Today = len(groups[1].Rows) + len(groups[2].Rows)
	for i := range groups {
		if len(groups[i].Rows) == 0 {
			continue
		}
		if page.Next == nil {
			page.Next = &groups[i].Rows[0]
		}
		groups[i].Note = strconv.Itoa(len(groups[i].Rows))
		page.Groups = append(page.Groups, groups[i])
	}
}

func (d *Desk) queueRow(m register.Message, a register.Alarm) queueRow {
	v := queueRow{row: d.listed(m), Known: m.Case != "", Unread: m.Reading == nil || m.Reading.Error != "", Language: language(m)}
	v.Why = shortWhy(v.Why)
	switch {
	case a.ID == "":
	case a.TakenAt.IsZero():
		v.Alarm, v.AlarmID = "Nobody has taken the alert yet", a.ID
	default:
		v.Alarm = "Alert taken by " + a.TakenBy + ", " + clockTime(a.TakenAt)
	}
	return v
}

// shortWhy is why a message waits, without the rules' reasons in full: those
// stand on its own page.
func shortWhy(why string) string {
	why, _, _ = strings.Cut(why, " Likeliest: ")
	return why
}
