package web

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"postroom/internal/password"
	"postroom/internal/register"
)

// hashesAtOnce bounds the memory that comparing passwords takes.
const hashesAtOnce = 2

type signInPage struct {
	frame
	Name, Next, Wrong string
	// Kept is a decision that was being sent when the session ended: it goes
	// along, so that nothing typed is lost.
	Kept []keptField
}

type keptField struct{ Name, Value string }

func (d *Desk) signInPage(w http.ResponseWriter, r *http.Request) {
	if _, err := d.visitor(r); err == nil {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	d.showSignIn(w, r, http.StatusOK, signInPage{Next: localPath(r.URL.Query().Get("next"))})
}

func (d *Desk) showSignIn(w http.ResponseWriter, r *http.Request, status int, p signInPage) {
	p.frame = frame{Title: "Sign in", Landlord: d.c.Landlord}
	d.show(w, r, status, "sign-in.html", p)
}

// askSignIn sends a visitor to the sign-in page and remembers the way.
func (d *Desk) askSignIn(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		http.Redirect(w, r, "/sign-in?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
		return
	}
	next := "/"
	if id := r.PathValue("id"); strings.HasPrefix(r.URL.Path, "/messages/") {
		next = "/messages/" + id
	}
	d.showSignIn(w, r, http.StatusForbidden, signInPage{
		Next: next, Kept: kept(r.PostForm),
		Wrong: "You were signed out meanwhile. Nothing was sent yet. Sign in, and what you typed is shown again.",
	})
}

// kept picks the fields of a decision out of a form.
func kept(form url.Values) []keptField {
	var fields []keptField
	for _, name := range draftFields() {
		for _, value := range form[name] {
			fields = append(fields, keptField{name, value})
		}
	}
	return fields
}

// localPath keeps redirects on this site: "//host" and "/\host" would leave it.
func localPath(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(u.Path, "//") || strings.ContainsAny(next, "\\\r\n") {
		return "/"
	}
	return u.RequestURI()
}

// signIn compares a name and a password. The answer to an unknown name, a
// disabled account and a wrong password is the same, and as slow.
func (d *Desk) signIn(w http.ResponseWriter, r *http.Request) {
	if !d.readForm(w, r) {
		return
	}
	again := signInPage{Name: r.PostForm.Get("account"), Next: localPath(r.PostForm.Get("next")), Kept: kept(r.PostForm)}
	c, err := d.c.Register.TrySignIn(r.Context(), cut(again.Name, 100), d.c.Access.client(r))
	if errors.Is(err, register.ErrTooManyTries) {
		again.Wrong = "There were too many wrong tries. Wait a quarter of an hour, then try again."
		d.showSignIn(w, r, http.StatusTooManyRequests, again)
		return
	}
	if err != nil {
		d.failed(w, r, err)
		return
	}
	right, err := d.matches(r, c.Hash, r.PostForm.Get("password"))
	if err != nil {
		d.failed(w, r, err)
		return
	}
	if !right {
		d.c.Logger.WarnContext(r.Context(), "a sign-in failed", slog.String("account_id", c.Account.ID))
		again.Wrong = "The name or the password is not right. After five wrong tries you wait a quarter of an hour."
		d.showSignIn(w, r, http.StatusForbidden, again)
		return
	}
	d.begin(w, r, c, again)
}

// matches compares at most hashesAtOnce passwords at once.
func (d *Desk) matches(r *http.Request, hash, given string) (bool, error) {
	select {
	case d.work <- struct{}{}:
		defer func() { <-d.work }()
	case <-r.Context().Done():
		return false, r.Context().Err()
	}
	if hash == "" {
		_, err := password.Matches(d.decoy, given)
		return false, err
	}
	return password.Matches(hash, given)
}

// begin starts the session and goes where the visitor wanted to.
func (d *Desk) begin(w http.ResponseWriter, r *http.Request, c register.Candidate, p signInPage) {
	random := make([]byte, 32)
	_, _ = rand.Read(random) // never fails (crypto/rand)
	token := base64.RawURLEncoding.EncodeToString(random)
	err := d.c.Register.StartSession(r.Context(), register.NewSession{
		Token: tokenHash(token), Account: c.Account.ID, Hash: c.Hash, Address: d.c.Access.client(r), Idle: d.c.Access.Idle, Longest: d.c.Access.Longest,
	})
	if errors.Is(err, register.ErrNoSession) {
		p.Wrong = "The account was changed at this very moment. Try again."
		d.showSignIn(w, r, http.StatusForbidden, p)
		return
	}
	if err != nil {
		d.failed(w, r, err)
		return
	}
	d.c.Logger.InfoContext(r.Context(), "signed in", slog.String("account_id", c.Account.ID))
	http.SetCookie(w, d.c.Access.cookie(token))
	if id, ok := strings.CutPrefix(p.Next, "/messages/"); ok && len(p.Kept) > 0 {
		draft := readDraft(r.PostForm)
		d.showItem(w, r, c.Account, id, http.StatusOK, &draft, telling{Notice: "Here is what you had typed. Nothing was sent yet."})
		return
	}
	http.Redirect(w, r, p.Next, http.StatusSeeOther)
}

func (d *Desk) signOut(w http.ResponseWriter, r *http.Request) {
	if token := d.c.Access.sessionToken(r); token != "" {
		if err := d.c.Register.EndSession(r.Context(), token); err != nil {
			d.failed(w, r, err)
			return
		}
	}
	http.SetCookie(w, d.c.Access.cookie(""))
	http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
}

// cut keeps the first n runes.
func cut(s string, n int) string {
	runes := []rune(s)
	return string(runes[:min(n, len(runes))])
}
