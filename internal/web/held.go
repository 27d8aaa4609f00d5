package web

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"postroom/internal/malware"
	"postroom/internal/register"
)

// A heldView says why a message's files may not be opened.
type heldView struct {
	Words    string
	Infected bool
}

// addHeld says why the message's files may not be opened, and offers none of
// them.
func (d *Desk) addHeld(r *http.Request, m register.Message, p *itemPage) error {
	held, err := d.c.Screen.Held(r.Context(), m.Original)
	if err != nil || held == nil {
		return err
	}
	p.Held = &heldView{Words: malware.Words(*held), Infected: held.State == register.Infected}
	for _, files := range [][]attachmentView{p.Attachments, p.Further} {
		for i := range files {
			files[i].Href = ""
		}
	}
	return nil
}

// heldInQueue says of the messages that wait why their files may not be
// opened.
func (d *Desk) heldInQueue(r *http.Request) (map[register.ID]string, error) {
	if !d.c.Screen.Configured() {
		return nil, nil
	}
	known, err := d.c.Register.QueueScreenings(r.Context())
	words := map[register.ID]string{}
	for id, s := range known {
		switch s.State {
		case register.Infected:
			words[id] = "Malware was found in its files"
		case register.Unscreened:
			words[id] = "Its files have not been looked at for malware yet"
		case register.Unscannable:
			words[id] = "Its files could not be looked at for malware"
		case register.Clean:
		}
	}
	return words, err
}

// freeFiles lets the files of a message be opened although they were not found
// clean, or has them looked at again.
func (d *Desk) freeFiles(w http.ResponseWriter, r *http.Request, who register.Account) {
	id, why := r.PathValue("id"), strings.TrimSpace(r.PostForm.Get("why"))
	var err error
	switch r.PostForm.Get("do") {
	case "again":
		err = d.c.Register.ScreenAgain(r.Context(), id, who.Name)
	case "open":
		if why == "" {
			d.showItem(w, r, who, id, http.StatusUnprocessableEntity, nil, telling{Mistakes: []mistake{{"files", "Say why: it stands in the history"}}})
			return
		}
		err = d.c.Register.ReleaseScreening(r.Context(), id, who.Name, cut(why, mostReason))
	default:
		err = register.ErrNotFound
	}
	switch {
	case errors.Is(err, register.ErrConflict):
		d.showItem(w, r, who, id, http.StatusConflict, nil, telling{Mistakes: []mistake{{"files", "It was looked at in the meantime. See what was found"}}})
	case err != nil:
		d.failed(w, r, err)
	default:
		d.c.Logger.InfoContext(r.Context(), "a person ruled on files that were held", slog.String("message_id", id), slog.String("account_id", who.ID), slog.String("do", r.PostForm.Get("do")))
		http.Redirect(w, r, "/messages/"+url.PathEscape(id), http.StatusSeeOther)
	}
}
