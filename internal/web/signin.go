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
	// With is what staff of the organisation sign in with; empty: it has no
	// sign-in of its own. Then Password is always set.
	With     string
	Password bool // somebody may sign in with one
	// Out: somebody has just signed out, and OutThere is where they sign out of
	// the organisation's sign-in too.
	Out      bool
	OutThere string
	// Kept is a form that was being sent when the session ended: it goes along,
	// so that nothing typed is lost.
	Kept *typed
}

func (d *Desk) signInPage(w http.ResponseWriter, r *http.Request) {
	if _, err := d.visitor(r); err == nil {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	page := signInPage{Next: localPath(r.URL.Query().Get("next")), Out: r.URL.Query().Has("out")}
	if on := d.c.Access.SignOn; on != nil && r.URL.Query().Get("out") == "there" {
		page.OutThere = on.Provider.SignOut(r.Context(), strings.TrimSuffix(on.Provider.Redirect(), SignOnBack)+"/sign-in")
	}
	d.showSignIn(w, r, http.StatusOK, page)
}

func (d *Desk) showSignIn(w http.ResponseWriter, r *http.Request, status int, p signInPage) {
	p.frame, p.Password = frame{Title: "Sign in", Landlord: d.c.Landlord}, d.c.Access.Passwords != ForNobody
	if d.c.Access.SignOn != nil {
		p.With = d.c.Access.SignOn.Name
	}
	d.show(w, r, status, "sign-in.html", p)
}

// askSignIn sends a visitor to the sign-in page and remembers the way.
func (d *Desk) askSignIn(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		http.Redirect(w, r, "/sign-in?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
		return
	}
	d.askTyped(w, r)
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
	again := signInPage{Name: r.PostForm.Get("account"), Next: localPath(r.PostForm.Get("next")), Kept: readTyped(r.PostForm)}
	c, err := d.c.Register.TrySignIn(r.Context(), cut(again.Name, 100), d.c.Access.client(r))
	if errors.Is(err, register.ErrTooManyTries) {
		d.tooManyTries(r)
		again.Wrong = "There were too many wrong tries. Wait a quarter of an hour, then try again."
		d.showSignIn(w, r, http.StatusTooManyRequests, again)
		return
	}
	if err != nil {
		d.failed(w, r, err)
		return
	}
	if !d.c.Access.mayStay(c.Account) {
		c.Hash = "" // as if there were no such account
	}
	right, err := d.matches(r, c.Hash, r.PostForm.Get("password"))
	if err != nil {
		d.failed(w, r, err)
		return
	}
	if !right {
		d.c.Logger.WarnContext(r.Context(), "a sign-in failed", slog.String("account_id", c.Account.ID), slog.String("from", d.c.Access.client(r)))
		again.Wrong = "The name or the password is not right. After five wrong tries you wait a quarter of an hour."
		d.showSignIn(w, r, http.StatusForbidden, again)
		return
	}
	d.begin(w, r, c, again)
}

func (d *Desk) tooManyTries(r *http.Request) {
	d.c.Logger.WarnContext(r.Context(), "too many wrong tries to sign in", slog.String("from", d.c.Access.client(r)))
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
	token := newToken()
	s := d.newSession(r, token)
	s.Account, s.Hash = c.Account.ID, c.Hash
	err := d.c.Register.StartSession(r.Context(), s)
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
	session := d.c.Access.cookie(token)
	http.SetCookie(w, session)
	if p.Kept != nil {
		d.showTyped(w, r, p.Kept, session)
		return
	}
	http.Redirect(w, r, p.Next, http.StatusSeeOther)
}

// newToken makes what a session's cookie holds.
func newToken() string {
	random := make([]byte, 32)
	_, _ = rand.Read(random) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(random)
}

func (d *Desk) newSession(r *http.Request, token string) register.NewSession {
	return register.NewSession{
		Token: tokenHash(token), Address: d.c.Access.client(r), Device: device(r.UserAgent()), Idle: d.c.Access.Idle, Longest: d.c.Access.Longest,
	}
}

func (d *Desk) signOut(w http.ResponseWriter, r *http.Request) {
	next := "/sign-in?out=here"
	who, err := d.visitor(r)
	if err == nil && who.Issuer != "" {
		next = "/sign-in?out=there"
	}
	if token := d.c.Access.sessionToken(r); token != "" {
		if err := d.c.Register.EndSession(r.Context(), token); err != nil {
			d.failed(w, r, err)
			return
		}
	}
	if who.ID != "" {
		d.c.Logger.InfoContext(r.Context(), "signed out", slog.String("account_id", who.ID))
	}
	http.SetCookie(w, d.c.Access.cookie(""))
	http.Redirect(w, r, next, http.StatusSeeOther)
}

// brief keeps the first n runes, and shows that there are more.
func brief(s string, n int) string {
	if short := cut(s, n); short != s {
		return strings.TrimSpace(short) + "…"
	}
	return s
}

// cut keeps the first n runes.
func cut(s string, n int) string {
	runes := []rune(s)
	return string(runes[:min(n, len(runes))])
}
