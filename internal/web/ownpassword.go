package web

import (
	"errors"
	"log/slog"
	"net/http"

	"postroom/internal/password"
	"postroom/internal/register"
)

// passwordPage is where people change their own password. What was typed into
// it is never shown again.
type passwordPage struct {
	frame
	telling
}

// ownPassword is the empty form.
func (d *Desk) ownPassword(w http.ResponseWriter, r *http.Request, who register.Account) {
	if d.hasPassword(w, r, who) {
		d.showPassword(w, r, who, http.StatusOK, nil)
	}
}

// hasPassword reports whether the account has one that we keep, or says where
// it is kept.
func (d *Desk) hasPassword(w http.ResponseWriter, r *http.Request, who register.Account) bool {
	if who.Issuer == "" {
		return true
	}
	d.problem(w, r, http.StatusNotFound, "Your password is not kept here", "You sign in with your "+d.c.Access.SignOn.Name+". Change its password there.")
	return false
}

func (d *Desk) showPassword(w http.ResponseWriter, r *http.Request, who register.Account, status int, wrong []mistake) {
	title := "Change your password"
	if len(wrong) > 0 {
		title = "Error: " + title
	}
	f, err := d.frame(r.Context(), who, "sessions", title)
	if err != nil {
		d.failed(w, r, err)
		return
	}
	d.show(w, r, status, "password.html", passwordPage{f, telling{Mistakes: wrong}})
}

// changePassword asks for the present password first: whoever finds the pages
// open on a desk must not take the account over. A wrong one counts as a wrong
// try of signing in.
func (d *Desk) changePassword(w http.ResponseWriter, r *http.Request, who register.Account) {
	if !d.hasPassword(w, r, who) {
		return
	}
	now, next := r.PostForm.Get("now"), r.PostForm.Get("new")
	if wrong := d.newPassword(who, now, next, r.PostForm.Get("again")); wrong != nil {
		d.showPassword(w, r, who, http.StatusUnprocessableEntity, wrong)
		return
	}
	c, err := d.c.Register.TrySignIn(r.Context(), who.Name, d.c.Access.client(r))
	if errors.Is(err, register.ErrTooManyTries) {
		d.tooManyTries(r)
		d.showPassword(w, r, who, http.StatusTooManyRequests, []mistake{{"now", "Wait a quarter of an hour, then try again: there were too many wrong tries"}})
		return
	}
	right := false
	if err == nil {
		right, err = d.matches(r, c.Hash, now)
	}
	if err != nil {
		d.failed(w, r, err)
		return
	}
	if !right {
		d.c.Logger.WarnContext(r.Context(), "a password was not changed: the present one was wrong", slog.String("account_id", who.ID))
		d.showPassword(w, r, who, http.StatusForbidden, []mistake{{"now", "Type the password that you sign in with now: this is not it"}})
		return
	}
	d.setPassword(w, r, c, next)
}

// newPassword says what is wrong with the form.
func (d *Desk) newPassword(who register.Account, now, next, again string) []mistake {
	problem := password.Problem(next, who.Name, d.c.Landlord)
	switch {
	case now == "":
		return []mistake{{"now", "Type the password that you sign in with now"}}
	case problem != "":
		return []mistake{{"new", capital(problem)}}
	case next == now:
		return []mistake{{"new", "Choose another one: this is the password that you have"}}
	case next != again:
		return []mistake{{"again", "Type the new password twice: the two differ"}}
	}
	return nil
}

func (d *Desk) setPassword(w http.ResponseWriter, r *http.Request, c register.Candidate, next string) {
	hash, err := d.hash(r, next)
	if err == nil {
		err = d.c.Register.ChangePassword(r.Context(), register.PasswordChange{
			Account: c.Account.ID, Was: c.Hash, Becomes: hash, Keep: d.c.Access.sessionToken(r), Address: d.c.Access.client(r),
		})
	}
	if errors.Is(err, register.ErrConflict) {
		d.showPassword(w, r, c.Account, http.StatusConflict, []mistake{{"now", "Try again: the account was changed at this very moment"}})
		return
	}
	if err != nil {
		d.failed(w, r, err)
		return
	}
	d.c.Logger.InfoContext(r.Context(), "a password was changed by its owner", slog.String("account_id", c.Account.ID))
	http.Redirect(w, r, "/sessions?password=changed", http.StatusSeeOther)
}

// hash makes what is stored of a password; like matches, few at once.
func (d *Desk) hash(r *http.Request, given string) (string, error) {
	select {
	case d.work <- struct{}{}:
		defer func() { <-d.work }()
	case <-r.Context().Done():
		return "", r.Context().Err()
	}
	return d.c.Access.Cost.Hash(given), nil
}
