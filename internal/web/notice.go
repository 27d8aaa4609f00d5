package web

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"postroom/internal/register"
)

// A notice tells after an action what happened and what will go out. It is
// read anew from the register by the id in the address, so that it says what
// is true, whoever made the address, and no more than they may see.
type notice struct {
	Strong, Text string
	Link         string
	Undo         register.ID // the message whose decision can be undone
}

func (d *Desk) notice(r *http.Request, who register.Account) (*notice, error) {
	query := r.URL.Query()
	var n *notice
	var err error
	switch looks := may(who.Role, mayLook); {
	case !looks && (query.Has("decided") || query.Has("alarm") || query.Has("reply")):
	case query.Has("decided"):
		n, err = d.decidedNotice(r, query.Get("decided"))
	case query.Has("alarm"):
		n, err = d.alarmNotice(r, query.Get("alarm"))
	case query.Has("reply"):
		n, err = d.replyNotice(r, query.Get("reply"))
	case query.Has("paper"):
		n, err = d.paperNotice(r, query.Get("paper"))
	case query.Has("batch"):
		n, err = d.batchNotice(r, query.Get("batch"))
	case query.Has("letter"):
		n, err = d.letterNotice(r, query.Get("letter"))
	}
	if errors.Is(err, register.ErrNotFound) {
		return nil, nil //nolint:nilnil // nothing happened: nothing is said
	}
	return n, err
}

func (d *Desk) decidedNotice(r *http.Request, id register.ID) (*notice, error) {
	m, err := d.c.Register.GetMessage(r.Context(), id)
	if err != nil || m.State == register.InReview || m.Verdict == nil {
		return nil, err
	}
	n := &notice{Strong: labelName(m.Verdict.Label) + ", decided by " + m.DecidedBy + ".", Link: "/messages/" + m.ID}
	if may, err := d.c.Register.MayUndo(r.Context(), m.ID); err != nil {
		return nil, err
	} else if may {
		n.Undo = m.ID
	}
	if m.Case == "" {
		n.Text = m.Reference + " is recorded. Nothing is sent."
		return n, nil
	}
	c, _, err := d.c.Register.GetCase(r.Context(), m.Case)
	if err != nil {
		return nil, err
	}
	n.Text, n.Link = "It is "+c.Reference+". ", "/cases/"+c.Reference
	outgoing, err := d.c.Register.CaseOutgoings(r.Context(), m.Case)
	n.Text += d.goesOut(r.Context(), outgoing, m.ID)
	return n, err
}

// goesOut says what a message is owed.
func (d *Desk) goesOut(ctx context.Context, all []register.Outgoing, message register.ID) string {
	var going []string
	stopped := d.outgoing(ctx) != ""
	for _, o := range all {
		if o.Message != message || o.Kind == register.Alert || o.State == register.Cancelled {
			continue
		}
		to := who(o.To)
		switch o.State {
		case register.Owed, register.Sending:
			if stopped {
				going = append(going, kindName(o)+" to "+to+" waits: outgoing mail is held.")
				continue
			}
			going = append(going, kindName(o)+" goes to "+to+" "+d.when(o)+".")
		case register.ToPrint:
			going = append(going, kindName(o)+" to "+to+" is a letter to be printed and posted.")
		case register.Delivered:
			going = append(going, kindName(o)+" went to "+to+".")
		case register.Held, register.Failed, register.Uncertain:
			going = append(going, kindName(o)+" to "+to+" waits for a person: "+o.Why+".")
		case register.Cancelled:
		}
	}
	if len(going) == 0 {
		return "Nothing is sent."
	}
	return strings.Join(going, " ")
}

// when says when something that is owed goes.
func (d *Desk) when(o register.Outgoing) string {
	if o.NotBefore.After(d.c.Now()) {
		return "at " + d.moment(o.NotBefore)
	}
	return "now"
}

func (d *Desk) alarmNotice(r *http.Request, id register.ID) (*notice, error) {
	a, err := d.c.Register.GetAlarm(r.Context(), id)
	if err != nil || a.TakenAt.IsZero() {
		return nil, err
	}
	return &notice{Strong: "The alert is taken by " + a.TakenBy + ", " + clockTime(a.TakenAt) + ".", Text: "It sounds no more."}, nil
}

func (d *Desk) replyNotice(r *http.Request, id register.ID) (*notice, error) {
	o, err := d.c.Register.GetOutgoing(r.Context(), id)
	if err != nil {
		return nil, err
	}
	n := &notice{Strong: kindName(o) + " " + o.Reference + ".", Link: "/replies/" + o.ID}
	switch o.State {
	case register.Owed, register.Sending:
		n.Text = "It goes to " + who(o.To) + " now."
		if d.outgoing(r.Context()) != "" {
			n.Text = "It waits: outgoing mail is held."
		}
	case register.ToPrint:
		n.Text = "It is a letter to be printed and posted."
	case register.Delivered:
		n.Text = "It went to " + who(o.To) + "."
	case register.Cancelled:
		n.Text = "It is not sent: it was cancelled."
	case register.Held, register.Failed, register.Uncertain:
		n.Text = "It waits for a person: " + o.Why + "."
	}
	return n, nil
}
