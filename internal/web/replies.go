package web

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/mail"
	"net/url"
	"strings"

	"postroom/internal/register"
	"postroom/notify"
)

type repliesPage struct {
	frame
	Notice  *notice
	All     int // that wait, listed or not
	Waiting []replyRow
	Replies []replyRow
}

func (d *Desk) replies(w http.ResponseWriter, r *http.Request, who register.Account) {
	page := repliesPage{}
	var err error
	if page.frame, err = d.frame(r.Context(), who, "replies", "Replies"); err != nil {
		d.failed(w, r, err)
		return
	}
	if page.Notice, err = d.notice(r, who); err != nil {
		d.failed(w, r, err)
		return
	}
	waiting, err := d.c.Register.ForPeople(r.Context(), rowLimit)
	if err != nil {
		d.failed(w, r, err)
		return
	}
	all, err := d.c.Register.Outgoings(r.Context(), rowLimit)
	if err != nil {
		d.failed(w, r, err)
		return
	}
	page.Waiting, page.Replies = replyViews(waiting), replyViews(all)
	page.All = max(len(waiting), page.Status.Held+page.Status.Failed+page.Status.Uncertain)
	d.show(w, r, http.StatusOK, "replies.html", page)
}

func replyViews(os []register.Outgoing) []replyRow {
	rows := make([]replyRow, len(os))
	for i, o := range os {
		rows[i] = replyView(o)
	}
	return rows
}

type replyPage struct {
	frame
	replyRow
	telling
	Subject, Text, Message string
	Would                  bool // the text is what it would say if it went now
	Waits                  bool // for a person
	CanRelease             bool
	Uncertain              bool // it may have arrived
	Deadline               string
	Reason                 string // as typed
	Rulings                []rulingView
}

type rulingView struct{ When, What, By, Reason string }

func (d *Desk) reply(w http.ResponseWriter, r *http.Request, who register.Account) {
	if err := d.c.Register.Viewed(r.Context(), register.ViewedReply, r.PathValue("id"), who.Name); err != nil {
		d.failed(w, r, err)
		return
	}
	d.showReply(w, r, who, http.StatusOK, "", telling{})
}

// showReply shows a reply: its text part, from the exact bytes, when it was
// written already.
func (d *Desk) showReply(w http.ResponseWriter, r *http.Request, who register.Account, status int, reason string, t telling) {
	o, err := d.c.Register.GetOutgoing(r.Context(), r.PathValue("id"))
	if err != nil {
		d.failed(w, r, err)
		return
	}
	page := replyPage{replyRow: replyView(o), telling: t, Subject: o.Subject, Message: o.Message, Reason: reason}
	page.Why, page.Deadline = capital(page.Why), page.LateAfter
	page.Waits = o.State == register.Held || o.State == register.Failed || o.State == register.Uncertain
	page.CanRelease, page.Uncertain = page.Waits, o.State == register.Uncertain
	if page.Subject == "" {
		page.Subject = page.What
	}
	if page.frame, err = d.frame(r.Context(), who, "replies", page.Subject); err != nil {
		d.failed(w, r, err)
		return
	}
	if err := d.replyText(r, o, &page); err != nil {
		d.failed(w, r, err)
		return
	}
	said, err := d.c.Register.ReplyRulings(r.Context(), o.ID)
	if err != nil {
		d.failed(w, r, err)
		return
	}
	for _, s := range said {
		page.Rulings = append(page.Rulings, rulingView{clockTime(s.At), s.What, s.By, s.Reason})
	}
	d.show(w, r, status, "reply.html", page)
}

// replyText reads what was sent, or writes what would be.
func (d *Desk) replyText(r *http.Request, o register.Outgoing, page *replyPage) (err error) {
	if o.Bytes != "" {
		page.Text, err = d.sentText(r, o)
		return err
	}
	if o.State == register.Cancelled {
		return nil
	}
	c, err := d.c.Register.ToShow(r.Context(), o.ID)
	if err == nil {
		var shown notify.Shown
		shown, err = d.c.Composer.Show(c, d.c.Now())
		page.Text = shown.Text
	}
	page.Would = true
	if err != nil { // it can be dropped all the same
		d.c.Logger.ErrorContext(r.Context(), "a reply could not be shown", slog.String("outgoing_id", o.ID), slog.Any("error", err))
		page.Text = cannotWrite + "."
	}
	return nil
}

// ruleReply lets a reply that waits for people go, or drops it.
func (d *Desk) ruleReply(w http.ResponseWriter, r *http.Request, who register.Account) {
	id, reason := r.PathValue("id"), strings.TrimSpace(r.PostForm.Get("reason"))
	var wrong []mistake
	if reason == "" || !within(reason, mostReason) {
		wrong = append(wrong, mistake{"reason", "Say why, in at most 2,000 characters: it stays with the reply"})
	}
	do := r.PostForm.Get("do")
	if do != "release" && do != "cancel" {
		wrong = append(wrong, mistake{"reason", "Choose whether it goes or not"})
	}
	if len(wrong) > 0 {
		d.showReply(w, r, who, http.StatusUnprocessableEntity, reason, telling{Mistakes: wrong})
		return
	}
	var err error
	if do == "release" {
		var hint register.Hint
		if hint, err = d.c.Register.Release(r.Context(), id, who.Name, reason); err == nil {
			d.c.Owed(r.Context(), []register.Hint{hint})
		}
	} else {
		err = d.c.Register.Cancel(r.Context(), id, who.Name, reason)
	}
	refused, _ := errors.AsType[*register.NotAllowedError](err)
	switch {
	case refused != nil:
		d.showReply(w, r, who, http.StatusUnprocessableEntity, reason, telling{Mistakes: []mistake{{"reason", refused.Why}}})
	case errors.Is(err, register.ErrConflict):
		d.showReply(w, r, who, http.StatusConflict, reason, telling{Beaten: &beaten{}})
	case err != nil:
		d.failed(w, r, err)
	default:
		d.c.Logger.InfoContext(r.Context(), "a reply was ruled on by a person", slog.String("outgoing_id", id), slog.String("account_id", who.ID), slog.String("ruling", do))
		http.Redirect(w, r, "/replies?reply="+url.QueryEscape(id), http.StatusSeeOther)
	}
}

// sentLimit bounds how much of a sent mail a page shows.
const sentLimit = 256 << 10

func (d *Desk) sentText(r *http.Request, o register.Outgoing) (string, error) {
	f, err := d.c.Archive.Get(r.Context(), o.Bytes)
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // only read
	msg, err := mail.ReadMessage(io.LimitReader(f, sentLimit))
	if err != nil {
		return "The exact bytes are not a mail; download them to see them.", nil
	}
	return textPart(msg.Header.Get("Content-Type"), msg.Header.Get("Content-Transfer-Encoding"), msg.Body), nil
}

// takeAlarm says that somebody sees to it. Whoever was quicker is named.
func (d *Desk) takeAlarm(w http.ResponseWriter, r *http.Request, who register.Account) {
	id := r.PathValue("id")
	err := d.c.Register.TakeAlarm(r.Context(), id, who.Name)
	if err != nil && !errors.Is(err, register.ErrConflict) {
		d.failed(w, r, err)
		return
	}
	if _, err := d.c.Register.GetAlarm(r.Context(), id); err != nil {
		d.failed(w, r, err)
		return
	}
	d.c.Logger.InfoContext(r.Context(), "an alarm was taken", slog.String("alarm_id", id), slog.String("account_id", who.ID))
	back := "/"
	if c := r.PostForm.Get("case"); c != "" {
		back = "/cases/" + url.PathEscape(c)
	}
	http.Redirect(w, r, back+"?alarm="+url.QueryEscape(id), http.StatusSeeOther)
}
