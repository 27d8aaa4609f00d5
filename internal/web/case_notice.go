package web

import (
	"cmp"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"postroom/internal/register"
)

// caseNotice tells after a form what happened, read anew from the register.
func (d *Desk) caseNotice(r *http.Request, who register.Account, f *caseFacts) (*notice, error) {
	query := r.URL.Query()
	switch {
	case query.Has("done"):
		return d.eventNotice(r, f, query.Get("done"))
	case query.Has("message"):
		return d.messageNotice(r, f, query.Get("message"))
	case query.Has("same"):
		other, _, err := d.c.Register.GetCase(r.Context(), query.Get("same"))
		if errors.Is(err, register.ErrNotFound) || err == nil && (other.Resident == "" || other.Resident != f.Case.Resident) {
			return nil, nil //nolint:nilnil // nothing happened: nothing is said
		}
		return &notice{Strong: other.Reference + " is the same resident’s."}, err
	case query.Has("alarm"):
		return d.notice(r, who)
	}
	return nil, nil //nolint:nilnil // nothing happened: nothing is said
}

// eventNotice says what an entry of the history was, and what went out with it.
func (d *Desk) eventNotice(r *http.Request, f *caseFacts, seq string) (*notice, error) {
	n, err := strconv.ParseInt(seq, 10, 64)
	if err != nil || n < 1 {
		return nil, nil //nolint:nilerr,nilnil // nothing happened: nothing is said
	}
	events, err := d.c.Register.History(r.Context(), "case:"+f.ID)
	if err != nil || n > int64(len(events)) {
		return nil, err
	}
	e := events[n-1]
	title, text := eventWords(f, e)
	if title == "" {
		return nil, nil //nolint:nilnil // not a person's doing
	}
	said := &notice{Strong: title + ", by " + e.By + ", " + clockTime(e.At) + ".", Text: strings.Join(text, " ")}
	var owed []register.Outgoing
	for _, o := range f.Replies {
		if o.CreatedAt.Equal(e.At) {
			o.Message = f.ID // goesOut asks by one name
			owed = append(owed, o)
		}
	}
	if len(owed) > 0 {
		said.Text = strings.TrimSpace(said.Text + " " + d.goesOut(r.Context(), owed, f.ID))
	}
	return said, nil
}

// messageNotice says what was written down last about a hazard that a message
// of the case tells of, or about what it asks to be told.
func (d *Desk) messageNotice(r *http.Request, f *caseFacts, message register.ID) (*notice, error) {
	if f.messageNamed(message).ID == "" {
		return nil, nil //nolint:nilnil // nothing happened: nothing is said
	}
	events, err := d.c.Register.History(r.Context(), "message:"+message)
	for _, e := range slices.Backward(events) {
		if title := cmp.Or(hazardWords(e), informationWords(e)); title != "" {
			return &notice{Strong: title + ", by " + e.By + ", " + clockTime(e.At) + "."}, err
		}
	}
	return nil, err
}

// actionDone records that something which an answer promised is done.
func (d *Desk) actionDone(w http.ResponseWriter, r *http.Request, who register.Account) {
	f, err := d.caseFacts(r)
	if err != nil {
		d.failed(w, r, err)
		return
	}
	id := r.PathValue("id")
	if !slices.ContainsFunc(f.Actions, func(a register.Action) bool { return a.ID == id }) {
		d.failed(w, r, register.ErrNotFound)
		return
	}
	err = d.c.Register.ActionDone(r.Context(), id, who.Name)
	if err != nil && !errors.Is(err, register.ErrConflict) { // done already: the page says by whom
		d.failed(w, r, err)
		return
	}
	d.c.Logger.InfoContext(r.Context(), "an action was done", slog.String("case_ref", f.Reference), slog.String("case_id", f.ID), slog.String("account_id", who.ID))
	http.Redirect(w, r, d.after(r.Context(), &deedForm{caseFacts: f}, plan{}), http.StatusSeeOther)
}
