package web

import (
	"errors"
	"log/slog"
	"net/http"

	"postroom/internal/register"
)

// sessionsPage is where people see where they are signed in.
type sessionsPage struct {
	frame
	Said   *notice
	Others int // sessions beside this one
	Rows   []sessionRow
	Fresh  bool // the organisation's own sign-in let them in; their password is not kept here
}

type sessionRow struct {
	register.Session
	Since, Seen string
	// End is where the form goes that ends it.
	End string
}

func sessionRows(all []register.Session, under string) []sessionRow {
	rows := make([]sessionRow, len(all))
	for i, s := range all {
		rows[i] = sessionRow{Session: s, Since: clockTime(s.StartedAt), Seen: clockTime(s.SeenAt), End: under + s.ID + "/end"}
	}
	return rows
}

// mySessions shows whoever asks where they are signed in.
func (d *Desk) mySessions(w http.ResponseWriter, r *http.Request, who register.Account) {
	f, err := d.frame(r.Context(), who, "sessions", "Where you are signed in")
	if err != nil {
		d.failed(w, r, err)
		return
	}
	all, err := d.c.Register.Sessions(r.Context(), who.ID, d.c.Access.sessionToken(r))
	if err != nil {
		d.failed(w, r, err)
		return
	}
	page := sessionsPage{frame: f, Rows: sessionRows(all, "/sessions/"), Others: len(all) - 1, Fresh: who.Issuer != ""}
	if r.URL.Query().Has("password") {
		page.Said = &notice{Strong: "Your password is changed.", Text: "You stay signed in here. Everywhere else you were signed out."}
	}
	switch r.URL.Query().Get("ended") {
	case "one":
		page.Said = &notice{Strong: "Ended.", Text: "Whoever used that sign-in has to sign in again."}
	case "others":
		page.Said = &notice{Strong: "Ended.", Text: "You are signed in here alone."}
	case "none":
		page.Said = &notice{Strong: "Nothing to end.", Text: "That sign-in had ended already."}
	}
	d.show(w, r, http.StatusOK, "sessions.html", page)
}

// endMySession ends one of one's own; ending this very one signs out.
func (d *Desk) endMySession(w http.ResponseWriter, r *http.Request, who register.Account) {
	d.sessionEnded(w, r, who, "/sessions", d.c.Register.EndSessionOf(r.Context(), who.ID, r.PathValue("id"), who.Name))
}

func (d *Desk) endMyOthers(w http.ResponseWriter, r *http.Request, who register.Account) {
	if err := d.c.Register.EndSessionsBut(r.Context(), who.ID, d.c.Access.sessionToken(r), who.Name); err != nil {
		d.failed(w, r, err)
		return
	}
	d.c.Logger.InfoContext(r.Context(), "all other sessions were ended by their owner", slog.String("account_id", who.ID))
	http.Redirect(w, r, "/sessions?ended=others", http.StatusSeeOther)
}

func (d *Desk) sessionEnded(w http.ResponseWriter, r *http.Request, who register.Account, back string, err error) {
	switch {
	case errors.Is(err, register.ErrNotFound):
		http.Redirect(w, r, back+"?ended=none", http.StatusSeeOther)
	case err != nil:
		d.failed(w, r, err)
	default:
		d.c.Logger.InfoContext(r.Context(), "a session was ended", slog.String("account_id", who.ID), slog.String("session_id", r.PathValue("id")))
		http.Redirect(w, r, back+"?ended=one", http.StatusSeeOther)
	}
}

// peoplePage is where an admin sees who can sign in, and who is.
type peoplePage struct {
	frame
	Said     *notice
	Refused  string
	Accounts []accountRow
	Sessions []sessionRow
}

type accountRow struct {
	register.Account
	By       string // how they sign in
	Last     string // when they did
	Off      string // since when they cannot; empty: they can
	Barred   bool   // the configuration does not let them in any more
	Self     bool
	Sessions int
}

func (d *Desk) people(w http.ResponseWriter, r *http.Request, who register.Account) {
	page := peoplePage{}
	switch r.URL.Query().Get("ended") {
	case "one", "all":
		page.Said = &notice{Strong: "Ended.", Text: "Whoever used it has to sign in again."}
	case "none":
		page.Said = &notice{Strong: "Nothing to end.", Text: "That sign-in had ended already."}
	}
	d.showPeople(w, r, who, http.StatusOK, page)
}

func (d *Desk) showPeople(w http.ResponseWriter, r *http.Request, who register.Account, status int, page peoplePage) {
	f, err := d.frame(r.Context(), who, "people", "People")
	if err != nil {
		d.failed(w, r, err)
		return
	}
	accounts, err := d.c.Register.Accounts(r.Context())
	if err != nil {
		d.failed(w, r, err)
		return
	}
	sessions, err := d.c.Register.Sessions(r.Context(), "", d.c.Access.sessionToken(r))
	if err != nil {
		d.failed(w, r, err)
		return
	}
	page.frame, page.Sessions = f, sessionRows(sessions, "/people/sessions/")
	open := map[register.ID]int{}
	for _, s := range sessions {
		open[s.Account]++
	}
	for _, a := range accounts {
		row := accountRow{Account: a, By: "a password", Last: clockTime(a.SignedInAt), Barred: !d.c.Access.mayStay(a), Self: a.ID == who.ID, Sessions: open[a.ID]}
		if a.Issuer != "" {
			row.By = a.Issuer
			if !row.Barred {
				row.By = "their " + d.c.Access.SignOn.Name
			}
		}
		if !a.DisabledAt.IsZero() {
			row.Off = clockTime(a.DisabledAt)
		}
		page.Accounts = append(page.Accounts, row)
	}
	d.show(w, r, status, "people.html", page)
}

// endSession ends anybody's.
func (d *Desk) endSession(w http.ResponseWriter, r *http.Request, who register.Account) {
	all, err := d.c.Register.Sessions(r.Context(), "", "")
	if err != nil {
		d.failed(w, r, err)
		return
	}
	err = register.ErrNotFound
	for _, s := range all {
		if s.ID == r.PathValue("id") {
			err = d.c.Register.EndSessionOf(r.Context(), s.Account, s.ID, who.Name)
		}
	}
	d.sessionEnded(w, r, who, "/people", err)
}

// switchAccount switches an account off, with all its sessions, or on again.
func (d *Desk) switchAccount(w http.ResponseWriter, r *http.Request, who register.Account) {
	a, err := d.c.Register.GetAccount(r.Context(), r.PathValue("id"))
	if err != nil {
		d.failed(w, r, err)
		return
	}
	page := peoplePage{}
	switch r.PostForm.Get("to") {
	case "off":
		if a.ID == who.ID {
			page.Refused = "You cannot switch your own account off. Another admin can."
			break
		}
		err = d.c.Register.DisableAccount(r.Context(), a.Name, who.Name)
		page.Said = &notice{Strong: a.Name + " is switched off.", Text: "Every session of theirs has ended. Histories keep the name."}
	case "on":
		err = d.c.Register.EnableAccount(r.Context(), a.Name, who.Name)
		page.Said = &notice{Strong: a.Name + " is switched on.", Text: "They can sign in again."}
	default:
		page.Refused = "Say whether the account is to be on or off."
	}
	if errors.Is(err, register.ErrLastAdmin) {
		page.Said, page.Refused, err = nil, a.Name+" is the last admin. Make another one first: nobody could look after this page.", nil
	}
	if err != nil {
		d.failed(w, r, err)
		return
	}
	status := http.StatusOK
	if page.Refused != "" {
		status = http.StatusConflict
	} else {
		d.c.Logger.InfoContext(r.Context(), "an account was switched by an admin", slog.String("account_id", who.ID), slog.String("whose", a.ID), slog.String("to", r.PostForm.Get("to")))
	}
	d.showPeople(w, r, who, status, page)
}
