package web

import (
	"net/http"
	"slices"
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
	Held     string     // why its files may not be opened
	Taken    *takenView // nil: it is free
}

type queuePage struct {
	frame
	Groups        []group
	Counts        register.QueueCounts
	Filter        filter
	Total         int
	From, To      int // of those that fit
	Before, After string
	Urgent, Today int
	// Messages decided since midnight.
	ByPeople, ByRules int
	Next              *queueRow // that can be taken
	Lost              []lostView
	None              bool // somebody wanted the next one, and there was none
	Notice            *notice
	Alarms            []register.Alarm // about something else than what waits
	Outgoing          string
	waiting           []register.Waiting
	held              map[register.ID]string // why files may not be opened
	today, last       workday.Date
	nextWorkingDay    workday.Date
}

// A lostView is a message that somebody took over.
type lostView struct{ ID, By, When string }

func (d *Desk) queue(w http.ResponseWriter, r *http.Request, who register.Account) {
	f, err := d.frame(r.Context(), who, "queue", "Review queue")
	if err != nil {
		d.failed(w, r, err)
		return
	}
	f.Refresh = d.c.Refresh
	page := queuePage{frame: f, Filter: readFilter(r.URL.Query()), Outgoing: d.outgoing(r.Context()), None: r.URL.Query().Has("none")}
	if page.Notice, err = d.notice(r, who); err != nil {
		d.failed(w, r, err)
		return
	}
	if page.Notice != nil || page.Filter.Any() || page.Filter.Page > 1 {
		page.Refresh = 0
	}
	for _, fill := range []func(*http.Request, *queuePage) error{d.countQueue, d.fillQueue, d.nextFree, d.lost, d.otherAlarms} {
		if err := fill(r, &page); err != nil {
			d.failed(w, r, err)
			return
		}
	}
	page.Title = "Review queue (" + strconv.Itoa(page.Total) + ")"
	d.show(w, r, http.StatusOK, "queue.html", page)
}

func (d *Desk) countQueue(r *http.Request, page *queuePage) (err error) {
	page.today = workday.DateOf(d.c.Now())
	page.last, page.nextWorkingDay = d.c.Calendar.Add(page.today, 0), d.c.Calendar.Add(page.today, 1)
	page.Counts, err = d.c.Register.CountQueue(r.Context(), page.Filter.register(page.Officer), page.today, page.last, page.nextWorkingDay)
	page.Total, page.Urgent, page.Today = page.Counts.All, page.Counts.Dangers, page.Counts.Late+page.Counts.Today
	if err != nil {
		return err
	}
	page.ByPeople, page.ByRules, err = d.c.Register.DecidedSince(r.Context(), page.today.Start())
	return err
}

// fillQueue lists one page of what fits. A page beyond the last is the last.
func (d *Desk) fillQueue(r *http.Request, page *queuePage) (err error) {
	fits := page.Counts.Fits()
	pages := max(1, (fits+rowsPerPage-1)/rowsPerPage)
	n := min(page.Filter.Page, pages)
	if n > 1 {
		page.Before = page.Filter.To(n - 1)
	}
	if n < pages {
		page.After = page.Filter.To(n + 1)
	}
	page.Filter.Page = n
	page.waiting, err = d.c.Register.Queue(r.Context(), page.Filter.register(page.Officer), rowsPerPage, (n-1)*rowsPerPage)
	if err != nil {
		return err
	}
	page.From, page.To = (n-1)*rowsPerPage+1, (n-1)*rowsPerPage+len(page.waiting)
	alarms, err := d.c.Register.QueueAlarms(r.Context())
	if err != nil {
		return err
	}
	about := map[register.ID]register.Alarm{}
	for _, a := range alarms {
		about[a.Message] = a
	}
	page.held, err = d.heldInQueue(r)
	d.group(about, page)
	return err
}

// nextFree says what somebody would get who takes the next one.
func (d *Desk) nextFree(r *http.Request, page *queuePage) error {
	for _, w := range page.waiting {
		if w.Holder == "" && page.Filter.Page == 1 {
			next := d.queueRow(w, register.Alarm{}, page.Officer)
			page.Next = &next
			return nil
		}
	}
	f := page.Filter.register(page.Officer)
	for _, whose := range []register.Whose{register.Nobody, register.Mine} {
		f.Who = whose
		next, err := d.c.Register.Queue(r.Context(), f, 1, 0)
		if err != nil {
			return err
		}
		if len(next) > 0 {
			row := d.queueRow(next[0], register.Alarm{}, page.Officer)
			page.Next = &row
			return nil
		}
	}
	return nil
}

// lost tells an officer what others took over.
func (d *Desk) lost(r *http.Request, page *queuePage) error {
	taken, err := d.c.Register.TakenFrom(r.Context(), page.Officer.Name)
	for _, k := range taken {
		page.Lost = append(page.Lost, lostView{ID: k.Message, By: k.Holder, When: d.moment(k.Since)})
	}
	return err
}

// shownAlarms bounds the alarms above the queue.
const shownAlarms = 20

// otherAlarms are those about something else than what the page lists: a reply,
// a case, post that has been decided.
func (d *Desk) otherAlarms(r *http.Request, page *queuePage) error {
	open, err := d.c.Register.OpenAlarms(r.Context(), shownAlarms)
	if err != nil {
		return err
	}
	shown := map[register.ID]bool{}
	for _, w := range page.waiting {
		shown[w.ID] = true
	}
	for _, a := range open {
		if a.Message != "" && shown[a.Message] && (a.Kind == register.EmergencyAlarm || a.Kind == register.SafeguardingAlarm) {
			continue
		}
		page.Alarms = append(page.Alarms, a)
	}
	return nil
}

// group puts the rows, which come most urgent first, under their headings,
// each with how many there are on all pages.
func (d *Desk) group(alarms map[register.ID]register.Alarm, page *queuePage) {
	c := page.Counts
	groups := []group{
		{Name: "Hazards and safeguarding first", Hot: true, Note: strconv.Itoa(c.Dangers)},
		{Name: "Late", Hot: true, Note: strconv.Itoa(c.Late)},
		{Name: "Today, " + page.today.Long(), Note: strconv.Itoa(c.Today)},
		{Name: "Next working day, " + page.nextWorkingDay.Long(), Note: strconv.Itoa(c.Next)},
		{Name: "Later", Note: strconv.Itoa(c.Later)},
	}
	for _, w := range page.waiting {
		at := 4
		switch {
		case dangerous(w.Message):
			at = 0
		case page.today.After(w.Deadline):
			at = 1
		case !w.Deadline.After(page.last):
			at = 2
		case !w.Deadline.After(page.nextWorkingDay):
			at = 3
		}
		row := d.queueRow(w, alarms[w.ID], page.Officer)
		row.Held = page.held[w.ID]
		groups[at].Rows = append(groups[at].Rows, row)
	}
	page.Groups = slices.DeleteFunc(groups, func(g group) bool { return len(g.Rows) == 0 })
}

func (d *Desk) queueRow(w register.Waiting, a register.Alarm, who register.Account) queueRow {
	m := w.Message
	v := queueRow{row: d.listed(m), Known: m.Case != "", Unread: m.Reading == nil || m.Reading.Error != "", Language: language(m), Taken: d.takenView(w.Taking, who)}
	v.Why = shortWhy(v.Why)
	switch {
	case a.ID == "":
	case a.TakenAt.IsZero():
		v.Alarm, v.AlarmID = "Nobody has taken the alert yet", a.ID
	default:
		v.Alarm = "Alert taken by " + a.TakenBy + ", " + d.moment(a.TakenAt)
	}
	return v
}

// shortWhy is why a message waits, without the rules' reasons in full: those
// stand on its own page.
func shortWhy(why string) string {
	why, _, _ = strings.Cut(why, " Likeliest: ")
	return why
}
