package web

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"postroom/internal/register"
	"postroom/internal/workday"
)

// A Part is something that has to work, as the status page says it.
type Part struct {
	Name, Now string
	Trouble   string // what to do; empty: it works
	Broken    bool   // post or replies wait for it; otherwise it is only to be looked at
}

type mailboxView struct {
	register.MailboxStatus
	Polled string
}

type statusView struct {
	register.Status
	Mailboxes []mailboxView
}

func (d *Desk) statusView(s register.Status) statusView {
	v := statusView{Status: s}
	for _, m := range s.Mailboxes {
		v.Mailboxes = append(v.Mailboxes, mailboxView{MailboxStatus: m, Polled: clockTime(m.PolledAt)})
	}
	return v
}

type statusPage struct {
	frame
	Groups  []partGroup
	Trouble []Part
	Hints   []Hint
	Version string // of the rules
}

type partGroup struct {
	Name  string
	Parts []Part
}

// status says whether everything runs.
func (d *Desk) status(w http.ResponseWriter, r *http.Request, who register.Account) {
	f, err := d.frame(r.Context(), who, "status", "Status")
	if err != nil {
		d.failed(w, r, err)
		return
	}
	f.Refresh = d.c.Refresh
	page := statusPage{frame: f, Hints: d.c.Hints, Version: d.c.Rules.Version(), Groups: []partGroup{
		{"Post coming in", d.comingIn(f.Status)},
		{"Post going out", d.goingOut(r.Context(), f.Status)},
		{"The house", d.houseParts(r.Context(), f.Status)},
	}}
	for _, g := range page.Groups {
		for _, p := range g.Parts {
			if p.Trouble != "" {
				page.Trouble = append(page.Trouble, p)
			}
		}
	}
	d.show(w, r, http.StatusOK, "status.html", page)
}

func (d *Desk) comingIn(s statusView) []Part {
	var parts []Part
	for _, m := range s.Mailboxes {
		p := Part{Name: m.Mailbox, Now: m.now()}
		switch {
		case m.Problem != "":
			p.Trouble, p.Broken = m.Problem+". No post is lost: what could not be fetched waits on the mail server", true
		case m.Parked > 0:
			p.Trouble = counted(m.Parked, "mail") + " could not be fetched and wait for a person in the review queue"
		}
		parts = append(parts, p)
	}
	oldest := "nothing waits undecided"
	if !s.OldestUndecided.IsZero() {
		oldest = "the oldest undecided was received " + clockTime(s.OldestUndecided)
	}
	return append(parts, Part{Name: "Registered and not read yet", Now: strconv.Itoa(s.Arrived)},
		Part{Name: "Review queue", Now: strconv.Itoa(s.InReview) + "; " + oldest})
}

// now says how many mails wait, as far as that is known.
func (m mailboxView) now() string {
	waiting := counted(m.Backlog, "mail")
	switch {
	case m.Problem == "":
		return "Last read " + m.Polled + "; " + waiting + " still to take in"
	case m.PolledAt.IsZero():
		return "Never read; how many mails wait is not known"
	}
	return "Last read " + m.Polled + ", with " + waiting + " still to take in; how many wait now is not known"
}

func (d *Desk) goingOut(ctx context.Context, s statusView) []Part {
	owed := Part{Name: "Owed", Now: counted(s.Owed, "message")}
	if !s.OldestOwed.IsZero() {
		owed.Now += ", the oldest since " + clockTime(s.OldestOwed)
	}
	people := s.Held + s.Failed + s.Uncertain
	waiting := Part{Name: "Waiting for people", Now: fmt.Sprintf("%d held, %d refused, %d unknown", s.Held, s.Failed, s.Uncertain)}
	if people > 0 {
		waiting.Trouble = "somebody says of each whether it goes, on the page Replies"
	}
	parts := []Part{owed, waiting, {Name: "Print tray", Now: counted(s.ToPrint, "letter")}, {Name: "Queue", Now: d.c.Queue(ctx)}}
	if held := d.outgoing(ctx); held != "" {
		parts = append([]Part{{Name: "Outgoing mail", Now: held, Trouble: "nothing leaves until the operator releases it: postroom outgoing release", Broken: true}}, parts...)
	}
	return parts
}

func (d *Desk) houseParts(ctx context.Context, s statusView) []Part {
	days := Part{Name: "Bank holidays", Now: "known to the end of " + strconv.Itoa(s.LastKnownHoliday)}
	today := workday.DateOf(d.c.Now())
	switch {
	case s.LastKnownHoliday <= today.Year:
		days.Trouble, days.Broken = "deadlines of next year would be wrong: the operator adds the dates under calendar.files", true
	case s.LastKnownHoliday == today.Year+1 && today.Month >= time.July:
		days.Trouble = "the operator adds the dates of the year after under calendar.files"
	}
	alarms := Part{Name: "Alarms that nobody has taken", Now: strconv.Itoa(s.OpenAlarms)}
	if s.OpenAlarms > 0 {
		alarms.Trouble = "they stand on the review queue's page, and are repeated until somebody takes them"
	}
	parts := []Part{alarms, days}
	if d.c.Machine != nil {
		parts = append(parts, d.c.Machine(ctx)...)
	}
	return parts
}
