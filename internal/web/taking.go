package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"postroom/internal/register"
	"postroom/internal/workday"
)

// A takenView says on a page who has a message open.
type takenView struct {
	Holder, Since, Until string
	Mine                 bool
}

func (d *Desk) takenView(k register.Taking, who register.Account) *takenView {
	if k.Holder == "" {
		return nil
	}
	return &takenView{Holder: k.Holder, Since: d.moment(k.Since), Until: d.moment(k.Until), Mine: k.Holder == who.Name}
}

// moment is a time of today by the hour alone, another one with its day.
func (d *Desk) moment(t time.Time) string {
	if workday.DateOf(t) == workday.DateOf(d.c.Now()) {
		return t.In(workday.London()).Format("15:04")
	}
	return clockTime(t)
}

// takeNext gives whoever asks the most urgent message that nobody has.
func (d *Desk) takeNext(w http.ResponseWriter, r *http.Request, who register.Account) {
	f := readFilter(r.PostForm)
	k, err := d.c.Register.TakeNext(r.Context(), f.register(who), who.Name, d.c.Keep)
	switch {
	case errors.Is(err, register.ErrNotFound):
		http.Redirect(w, r, "/?"+f.query("none", "yes"), http.StatusSeeOther) //nolint:gosec // a page of ours; the rest is its query, escaped
	case err != nil:
		d.failed(w, r, err)
	default:
		http.Redirect(w, r, "/messages/"+url.PathEscape(k.Message), http.StatusSeeOther)
	}
}

// take gives a message to whoever asks for it, from somebody else only when it
// is to be taken over, and shows the form as it was typed.
func (d *Desk) take(w http.ResponseWriter, r *http.Request, who register.Account, form draft, over bool) {
	id := r.PathValue("id")
	k, err := d.c.Register.Take(r.Context(), id, who.Name, d.c.Keep, over)
	_, taken := errors.AsType[*register.TakenError](err)
	switch {
	case taken, errors.Is(err, register.ErrConflict):
		d.showItem(w, r, who, id, http.StatusConflict, &form, telling{})
	case err != nil:
		d.failed(w, r, err)
	case k.From == "":
		d.showItem(w, r, who, id, http.StatusOK, &form, telling{Notice: "You have it now. Others see that you do."})
	default:
		d.showItem(w, r, who, id, http.StatusOK, &form, telling{Notice: "You have it now. " + k.From + " is told."})
	}
}

// giveBack puts a message back, for anybody to take.
func (d *Desk) giveBack(w http.ResponseWriter, r *http.Request, who register.Account) {
	if err := d.c.Register.GiveBack(r.Context(), r.PathValue("id"), who.Name); err != nil {
		d.failed(w, r, err)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// keepTaken puts off the end of an officer's own time with a message: they are
// at work on it. Somebody else's stays as it is.
func (d *Desk) keepTaken(ctx context.Context, id register.ID, who register.Account) error {
	k, err := d.c.Register.TakingOf(ctx, id)
	if err != nil || k.Holder != who.Name {
		return err
	}
	_, err = d.c.Register.Take(ctx, id, who.Name, d.c.Keep, false)
	if _, taken := errors.AsType[*register.TakenError](err); taken || errors.Is(err, register.ErrConflict) {
		return nil // the page will say so
	}
	return err
}
