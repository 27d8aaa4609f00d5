// Package openid owns the organisation's own sign-in (OpenID Connect Core 1.0):
// sending a browser to the provider, and making of what comes back a person of
// whom the provider says who they are. It imports nothing of ours, knows no
// account and no role, and a token, code or secret never gets into an error.
package openid

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Config is a client at a provider.
type Config struct {
	Issuer   string // exactly as the provider writes it
	ClientID string
	Secret   string
	Redirect string   // where the provider sends browsers back to
	Scopes   []string // beside openid
	// Roles is the claim whose values say what a person may do. "a.b" is b
	// within a, unless a claim has that very name.
	Roles string
	// ACR is asked for and demanded, where it is set (Core, section 2).
	ACR     string
	Timeout time.Duration // of all that one sign-in asks the provider; 0: 20 seconds
	Now     func() time.Time
}

// A Provider is one issuer. It is asked about itself when it is first needed
// and every hour from then on, so one that is away keeps nobody from starting.
// It is safe for concurrent use.
type Provider struct {
	config Config
	line   *line
	turn   chan struct{} // holds one: whoever has it may look and ask
	known  *known        // nil: nothing yet
	again  time.Time     // before it the provider is not asked about itself again
	reason error         // why it could not be asked
}

// Leeway is by how much the provider's clock and ours may differ.
const Leeway = 2 * time.Minute

// New refuses settings that cannot be used.
func New(c Config) (*Provider, error) {
	switch {
	case !secure(c.Issuer):
		return nil, errors.New("openid: the issuer is no address that begins with https://")
	case c.ClientID == "" || c.Secret == "" || c.Redirect == "" || c.Roles == "" || c.Now == nil:
		return nil, errors.New("openid: client id, secret, redirect address, the claim of roles or a source of time is missing")
	}
	if c.Timeout <= 0 {
		c.Timeout = 20 * time.Second
	}
	p := &Provider{config: c, line: newLine(c.Now), turn: make(chan struct{}, 1)}
	p.turn <- struct{}{}
	return p, nil
}

// secure: without TLS only this machine, as in a test, may be trusted.
func secure(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || err == nil && ip.IsLoopback())
}

// Issuer is what accounts are kept under.
func (p *Provider) Issuer() string { return p.config.Issuer }

// Redirect is what must be registered with the provider.
func (p *Provider) Redirect() string { return p.config.Redirect }

// A Trip is what a browser that was sent to the provider must bring back, so
// that nobody can be signed in by a link that another made (state), with a
// token that was made for another trip (nonce) or a code that was stolen on the
// way (the verifier of PKCE, RFC 7636).
type Trip struct{ State, Nonce, Verifier string }

// Begin makes a trip, and the address that it starts at.
func (p *Provider) Begin(ctx context.Context) (Trip, string, error) {
	ctx, cancel := context.WithTimeout(ctx, p.config.Timeout)
	defer cancel()
	k, err := p.ask(ctx)
	if err != nil {
		return Trip{}, "", err
	}
	t := Trip{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier()}
	options := []oauth2.AuthCodeOption{oidc.Nonce(t.Nonce), oauth2.S256ChallengeOption(t.Verifier)}
	if p.config.ACR != "" {
		options = append(options, oauth2.SetAuthURLParam("acr_values", p.config.ACR))
	}
	return t, k.client.AuthCodeURL(t.State, options...), nil
}

// A Person is who the provider says that came back.
type Person struct {
	Issuer, Subject string // by which they are known
	Name, Email     string // for people to read
	Session         string // the provider's own, sid; may be empty
	Roles           []string
	// TooMany: the provider left the roles out because they are too many for a
	// token (Entra's groups overage).
	TooMany bool
}

// Finish is for a browser that came back with those parameters from that trip.
func (p *Provider) Finish(ctx context.Context, t Trip, back url.Values) (Person, error) {
	ctx, cancel := context.WithTimeout(ctx, p.config.Timeout)
	defer cancel()
	if t.State == "" || t.Verifier == "" || t.Nonce == "" || subtle.ConstantTimeCompare([]byte(t.State), []byte(back.Get("state"))) != 1 {
		return Person{}, &Error{Trouble: Stale, Err: errors.New("what the browser brought back belongs to no sign-in that it began here")}
	}
	if code := back.Get("error"); code != "" {
		return Person{}, told(code, back.Get("error_description"))
	}
	k, err := p.ask(ctx)
	if err != nil {
		return Person{}, err
	}
	// Where several providers could have answered, one could pass its answer
	// off as another's (RFC 9207).
	if iss := back.Get("iss"); iss != p.config.Issuer && (iss != "" || k.facts.NamesItself) {
		return Person{}, untrusted(errors.New("the answer names another issuer than web.oidc.issuer"))
	}
	token, err := k.client.Exchange(p.through(ctx), back.Get("code"), oauth2.VerifierOption(t.Verifier))
	if err != nil {
		return Person{}, exchangeError(err)
	}
	return p.person(ctx, k, token, t.Nonce)
}

// person reads the ID token as Core, section 3.1.3.7, demands.
func (p *Provider) person(ctx context.Context, k *known, token *oauth2.Token, nonce string) (Person, error) {
	raw, _ := token.Extra("id_token").(string)
	if raw == "" {
		return Person{}, untrusted(errors.New("the provider sent no ID token; see that the scope openid is allowed for the client"))
	}
	id, err := k.verifier.Verify(p.through(ctx), raw)
	if err != nil {
		return Person{}, p.verifyError(err)
	}
	all := claims{}
	if err := id.Claims(&all); err != nil {
		return Person{}, untrusted(errors.New("the ID token is no JSON object"))
	}
	now := p.config.Now()
	party := all.text("azp")
	switch {
	case subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(nonce)) != 1:
		return Person{}, untrusted(errors.New("the ID token was made for another sign-in (nonce)"))
	case len(id.Audience) > 1 && party == "", party != "" && party != p.config.ClientID:
		return Person{}, untrusted(errors.New("the ID token was made for another client too (azp)"))
	case id.IssuedAt.After(now.Add(Leeway)), id.IssuedAt.Before(now.Add(-freshFor)):
		return Person{}, untrusted(errors.New("the ID token was not made now; check this machine's clock, and let it keep time by NTP"))
	case id.Subject == "" || len(id.Subject) > 255:
		return Person{}, untrusted(errors.New("the ID token says not whom it is about (sub)"))
	case p.config.ACR != "" && all.text("acr") != p.config.ACR:
		return Person{}, untrusted(errors.New("the sign-in was not of the kind that web.oidc.acr demands (acr)"))
	}
	if err := p.tellMore(ctx, k, token, id.Subject, all); err != nil {
		return Person{}, err
	}
	return Person{
		Issuer: p.config.Issuer, Subject: id.Subject, Name: all.name(), Email: all.text("email"), Session: all.text("sid"),
		Roles: all.values(p.config.Roles), TooMany: all.leftOut(p.config.Roles),
	}, nil
}

// freshFor is how old a token may be that comes straight from the provider.
const freshFor = 10 * time.Minute

// tellMore asks the provider's UserInfo for what the ID token leaves out: by
// Core, section 5.4, names and the like need not be in it.
func (p *Provider) tellMore(ctx context.Context, k *known, token *oauth2.Token, subject string, all claims) error {
	if k.provider.UserInfoEndpoint() == "" || all.name() != "" && len(all.values(p.config.Roles)) > 0 {
		return nil
	}
	info, err := k.provider.UserInfo(p.through(ctx), oauth2.StaticTokenSource(token))
	if err != nil {
		return away(errors.New("the provider's UserInfo does not answer"))
	}
	more := claims{}
	if err := info.Claims(&more); err != nil || info.Subject != subject { // Core, section 5.3.2
		return untrusted(errors.New("the provider's UserInfo is about somebody else"))
	}
	for name, value := range more {
		if _, told := all[name]; !told {
			all[name] = value
		}
	}
	return nil
}

// SignOut is the address at which a browser signs out of the provider too
// (RP-Initiated Logout 1.0), and then comes back to ours; empty: there is none.
// No ID token goes along as a hint: it would have to be kept with the session,
// and stand in the provider's logs. So the provider may ask once more.
func (p *Provider) SignOut(ctx context.Context, back string) string {
	ctx, cancel := context.WithTimeout(ctx, p.config.Timeout)
	defer cancel()
	k, err := p.ask(ctx)
	if err != nil || !secure(k.facts.EndSession) {
		return ""
	}
	u, err := url.Parse(k.facts.EndSession)
	if err != nil {
		return ""
	}
	q := u.Query()
	q.Set("client_id", p.config.ClientID)
	q.Set("post_logout_redirect_uri", back)
	u.RawQuery = q.Encode()
	return u.String()
}

// A SignedOut is the provider's word that somebody signed out there.
type SignedOut struct {
	Issuer, Subject, Session string
	At                       time.Time
}

// Told reads a logout token (Back-Channel Logout 1.0, section 2.6).
func (p *Provider) Told(ctx context.Context, raw string) (SignedOut, error) {
	ctx, cancel := context.WithTimeout(ctx, p.config.Timeout)
	defer cancel()
	k, err := p.ask(ctx)
	if err != nil {
		return SignedOut{}, err
	}
	t, err := k.verifier.VerifyLogout(p.through(ctx), raw)
	if err != nil {
		return SignedOut{}, p.verifyError(err)
	}
	if now := p.config.Now(); t.IssuedAt.After(now.Add(Leeway)) || t.IssuedAt.Before(now.Add(-freshFor)) {
		return SignedOut{}, untrusted(errors.New("the logout token was not made now"))
	}
	return SignedOut{Issuer: p.config.Issuer, Subject: t.Subject, Session: t.SessionID, At: t.IssuedAt}, nil
}

// scopes always begins with openid, without which there is no ID token.
func (c Config) scopes() []string {
	all := []string{oidc.ScopeOpenID}
	for _, s := range c.Scopes {
		if s = strings.TrimSpace(s); s != "" && s != oidc.ScopeOpenID {
			all = append(all, s)
		}
	}
	return all
}
