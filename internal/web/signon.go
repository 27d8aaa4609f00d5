package web

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"postroom/internal/openid"
	"postroom/internal/register"
)

// A SignOn is the organisation's own sign-in.
type SignOn struct {
	Provider *openid.Provider
	Name     string // what staff call what they sign in with, such as "Citrine Homes account"
	// Roles says which roles a value of the claim gives. Who has several gets the
	// first of strongest.
	Roles map[string][]register.Role
	Ask   string // who gives roles, such as "the IT desk"
}

// Passwords says who may sign in with a password that we keep.
type Passwords string

// Who may.
const (
	ForEverybody Passwords = "everybody"
	ForAdmins    Passwords = "admins" // to get in while the organisation's own sign-in is broken
	ForNobody    Passwords = "nobody"
)

// mayStay reports whether an account may still be used the way that it signs
// in: somebody may have changed the configuration since.
func (a Access) mayStay(who register.Account) bool {
	if who.Issuer != "" {
		return a.SignOn != nil && a.SignOn.Provider.Issuer() == who.Issuer
	}
	return a.Passwords == ForEverybody || a.Passwords == ForAdmins && who.Role == register.Admin
}

// strongest lists the roles, the one that opens most first.
func strongest() []register.Role {
	return []register.Role{register.Admin, register.Manager, register.Reviewer, register.Auditor, register.Mailroom}
}

// role is what the values of the claim give; empty: nothing.
func (s *SignOn) role(values []string) register.Role {
	has := map[register.Role]bool{}
	for _, v := range values {
		for _, role := range s.Roles[v] {
			has[role] = true
		}
	}
	for _, role := range strongest() {
		if has[role] {
			return role
		}
	}
	return ""
}

// Where the organisation's own sign-in goes and comes back.
const (
	signOnPath = "/sign-in/with"
	// SignOnBack is what is registered with the provider as redirect address.
	SignOnBack = "/sign-in/back"
	// SignedOutThere is where the provider says that somebody signed out.
	SignedOutThere = "/sign-in/ended"
)

// A trip is what a browser that was sent away keeps meanwhile, in a cookie of
// its own.
type trip struct {
	openid.Trip
	Next string
}

const (
	tripLasts  = 10 * time.Minute
	longestWay = 1000 // of Next: browsers keep no cookie beyond 4,096 bytes
)

// tripCookie comes along when the provider sends the browser back: that is a
// link from another site, which SameSite=Lax lets through and Strict does not.
// What is in it is no secret to who holds it, and ties the way back to the
// browser that began it.
func (a Access) tripCookie(t *trip) *http.Cookie {
	c := a.cookie("") //nolint:gosec // which says why it may be without Secure
	c.Name += "-trip"
	if t != nil {
		text, _ := json.Marshal(t) //nolint:errchkjson // words
		c.Value, c.MaxAge = base64.RawURLEncoding.EncodeToString(text), int(tripLasts/time.Second)
	}
	return c
}

func (a Access) readTrip(r *http.Request) (t trip) {
	c, err := r.Cookie(a.tripCookie(nil).Name)
	if err != nil {
		return trip{}
	}
	text, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err != nil || json.Unmarshal(text, &t) != nil {
		return trip{}
	}
	return t
}

// signOn sends the browser to the provider. It is a link and no form: our
// policy lets forms lead nowhere else.
func (d *Desk) signOn(w http.ResponseWriter, r *http.Request) {
	next := localPath(r.URL.Query().Get("next"))
	if len(next) > longestWay {
		next = "/"
	}
	// The browser comes back to one address, so the cookie must be kept there.
	if home, err := url.Parse(d.c.Access.SignOn.Provider.Redirect()); err == nil && home.Host != r.Host {
		http.Redirect(w, r, home.Scheme+"://"+home.Host+signOnPath+"?next="+url.QueryEscape(next), http.StatusSeeOther)
		return
	}
	t, to, err := d.c.Access.SignOn.Provider.Begin(r.Context())
	if err != nil {
		d.signOnFailed(w, r, err)
		return
	}
	http.SetCookie(w, d.c.Access.tripCookie(&trip{t, next}))
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// signedOn is where the provider sends the browser back to.
func (d *Desk) signedOn(w http.ResponseWriter, r *http.Request) {
	t := d.c.Access.readTrip(r)
	http.SetCookie(w, d.c.Access.tripCookie(nil)) // it is good once
	on := d.c.Access.SignOn
	p, err := on.Provider.Finish(r.Context(), t.Trip, r.URL.Query())
	if err != nil {
		d.signOnFailed(w, r, err)
		return
	}
	before, token := d.c.Access.sessionToken(r), newToken()
	who, err := d.c.Register.SignInVouched(r.Context(), register.Vouched{
		Issuer: p.Issuer, Subject: p.Subject, FullName: cut(p.Name, 200), Email: cut(p.Email, 254), Role: on.role(p.Roles), Outside: cut(p.Session, 255),
	}, d.newSession(r, token))
	switch {
	case errors.Is(err, register.ErrNoRole):
		d.noRole(w, r, p)
	case errors.Is(err, register.ErrDisabled):
		d.c.Logger.WarnContext(r.Context(), "a sign-in of a disabled account", slog.String("account_id", who.ID))
		d.signOnProblem(w, r, http.StatusForbidden, "Your account is switched off", "You are signed in to your "+on.Name+", but an admin has switched your account in Postroom off. Ask "+on.Ask+" to switch it on again.")
	case err != nil:
		d.failed(w, r, err)
	default:
		d.c.Logger.InfoContext(r.Context(), "signed in", slog.String("account_id", who.ID))
		if before != "" { // this browser's own, which nobody can use any more
			err = d.c.Register.EndSession(r.Context(), before)
		}
		if err != nil {
			d.failed(w, r, err)
			return
		}
		http.SetCookie(w, d.c.Access.cookie(token))
		http.Redirect(w, r, localPath(t.Next), http.StatusSeeOther)
	}
}

// noRole tells somebody whom the provider knows that nobody gave them a role,
// and the operator why that may be.
func (d *Desk) noRole(w http.ResponseWriter, r *http.Request, p openid.Person) {
	on := d.c.Access.SignOn
	why := "none of the values of web.oidc.roles_claim is under web.oidc.roles"
	switch {
	case p.TooMany:
		why = "the person is in too many groups for a token; use app roles, or let the provider send only the groups that are assigned to the application"
	case len(p.Roles) == 0:
		why = "the provider sends no web.oidc.roles_claim for them"
	}
	d.c.Logger.WarnContext(r.Context(), "a sign-in without a role", slog.String("subject", p.Subject), slog.Int("values", len(p.Roles)), slog.String("why", why))
	name := p.Name
	if p.Email != "" {
		name = strings.TrimSpace(name + " (" + p.Email + ")")
	}
	d.signOnProblem(w, r, http.StatusForbidden, "You have no role in Postroom yet",
		"You are signed in to your "+on.Name+strings.TrimRight(" as "+name, " as")+", but nobody has given you a role in Postroom. Ask "+on.Ask+" for one: reviewer, mailroom, manager or auditor. Then sign in again.")
}

// signOnFailed says what the visitor can do, and tells the log why.
func (d *Desk) signOnFailed(w http.ResponseWriter, r *http.Request, err error) {
	e, ok := errors.AsType[*openid.Error](err)
	if !ok {
		d.failed(w, r, err)
		return
	}
	on := d.c.Access.SignOn
	d.c.Logger.WarnContext(r.Context(), "the organisation's sign-in failed", slog.String("trouble", string(e.Trouble)), slog.Any("error", err))
	switch e.Trouble {
	case openid.Stale:
		d.signOnProblem(w, r, http.StatusBadRequest, "Sign in once more", "This sign-in was begun too long ago, in another browser, or twice at once. Nothing is wrong with your account.")
	case openid.Refused:
		d.signOnProblem(w, r, http.StatusForbidden, "You were not let in", "Your "+on.Name+" was not let into Postroom. If you did not stop it yourself, ask "+on.Ask+".")
	case openid.Away:
		d.signOnProblem(w, r, http.StatusBadGateway, "Your sign-in does not answer", "The service behind your "+on.Name+" cannot be reached for the moment. Post is taken in and answered all the same. Wait a minute, then try again. If it goes on, tell "+on.Ask+".")
	case openid.Untrusted, openid.Misconfigured:
		d.signOnProblem(w, r, http.StatusBadGateway, "The sign-in did not work", "What came back from your "+on.Name+" could not be used. Try once more. If it goes on, tell "+on.Ask+": the reason is in Postroom's log.")
	}
}

// signOnProblem is a problem's page that leads back to signing in.
func (d *Desk) signOnProblem(w http.ResponseWriter, r *http.Request, status int, title, text string) {
	d.show(w, r, status, "problem.html", problemPage{frame: frame{Title: title, Landlord: d.c.Landlord}, Text: text, Again: "/sign-in"})
}

// signedOutThere takes the provider's word that somebody signed out there
// (Back-Channel Logout 1.0, section 2.8). No browser sends it, so it has no
// cookie; who it is from stands in its signature.
func (d *Desk) signedOutThere(w http.ResponseWriter, r *http.Request) {
	if !d.readForm(w, r) {
		return
	}
	told, err := d.c.Access.SignOn.Provider.Told(r.Context(), r.PostForm.Get("logout_token"))
	if err != nil {
		d.c.Logger.WarnContext(r.Context(), "a logout token was not believed", slog.Any("error", err))
		http.Error(w, "The logout token is not valid.", http.StatusBadRequest)
		return
	}
	// Its clock may be a little behind ours: who had just signed in is meant too.
	err = d.c.Register.EndVouched(r.Context(), register.SignedOut{Issuer: told.Issuer, Subject: told.Subject, Outside: told.Session, Before: told.At.Add(openid.Leeway)})
	if err != nil {
		d.failed(w, r, err)
		return
	}
	w.WriteHeader(http.StatusOK)
}
