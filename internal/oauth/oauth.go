// Package oauth owns the access tokens with which a mail service lets us in
// (OAuth 2.0, RFC 6749): asking for one, keeping it, renewing it in time, and
// saying what is wrong when there is none. It imports nothing of ours, and a
// token or secret never gets into an error or a log.
package oauth

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

// A Grant says by what right a token is asked for.
type Grant string

// The grants.
const (
	ClientCredentials Grant = "client_credentials" // the program's own right (RFC 6749, section 4.4): Microsoft 365
	RefreshToken      Grant = "refresh_token"      // a right that a person once passed on (section 6): Google
)

// Config is one account at a sign-in service.
type Config struct {
	Name         string // for errors
	Endpoint     string // where tokens are given out
	Grant        Grant
	ClientID     string
	Secret       string
	RefreshToken string // for the grant of that name
	Scopes       []string
	Timeout      time.Duration // of one request; 0: 20 seconds
	Now          func() time.Time
	Transport    http.RoundTripper // nil: the machine's roots and proxy
}

// An Account gives out one token to all who share it. It is safe for
// concurrent use.
type Account struct {
	config  Config
	client  *http.Client
	turn    chan struct{} // holds one: whoever has it may look and renew
	token   Token
	refresh string    // the newest refresh token: a service may replace it
	again   time.Time // before it a renewal that failed is not tried again
	failure error     // of the last renewal
}

// A Token is one that was given out.
type Token struct {
	Access  string
	Issued  time.Time
	Expires time.Time
	Skew    time.Duration // by how much our clock is ahead of the service's; 0: not known
}

// early is how long before its end a token is renewed; one that lives
// shortly has a fifth of its life left.
const early = 5 * time.Minute

// pauseAfterFailure keeps a service that is away from being asked by every
// mailbox at once.
const pauseAfterFailure = 15 * time.Second

// New refuses an account whose settings are wrong.
func New(c Config) (*Account, error) {
	if err := c.validate(); err != nil {
		return nil, fmt.Errorf("oauth %q: %w", c.Name, err)
	}
	if c.Timeout <= 0 {
		c.Timeout = 20 * time.Second
	}
	a := &Account{config: c, client: client(c), turn: make(chan struct{}, 1), refresh: c.RefreshToken}
	a.turn <- struct{}{}
	return a, nil
}

func (c Config) validate() error {
	u, err := url.Parse(c.Endpoint)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		return errors.New("token_endpoint: want an address that begins with https://")
	case c.Grant != ClientCredentials && c.Grant != RefreshToken:
		return fmt.Errorf("grant: %q is neither client_credentials nor refresh_token", c.Grant)
	case c.ClientID == "":
		return errors.New("client_id: is missing")
	case c.Grant == ClientCredentials && c.Secret == "":
		return errors.New("client_secret: is missing")
	case c.Grant == RefreshToken && c.RefreshToken == "":
		return errors.New("refresh_token: is missing")
	case c.Now == nil:
		return errors.New("a source of time is missing")
	}
	return nil
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// client follows no redirect, which would carry the secret elsewhere, and
// keeps no connection: it is used once an hour.
func client(c Config) *http.Client {
	transport := c.Transport
	if transport == nil {
		transport = &http.Transport{
			Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, TLSHandshakeTimeout: 10 * time.Second,
			DialContext: (&net.Dialer{Timeout: 10 * time.Second}).DialContext, ForceAttemptHTTP2: true,
		}
	}
	return &http.Client{
		Transport: transport, Timeout: c.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Token gives a token that is good for some minutes. When it cannot be renewed
// and is not at its end, it is used on: the service may be back by then.
func (a *Account) Token(ctx context.Context) (Token, error) {
	select {
	case <-ctx.Done():
		return Token{}, context.Cause(ctx)
	case <-a.turn:
	}
	defer func() { a.turn <- struct{}{} }()
	now := a.config.Now()
	if now.Before(a.token.renewAt()) {
		return a.token, nil
	}
	if now.Before(a.again) {
		return a.usable(now)
	}
	fresh, err := a.request(ctx)
	if err != nil {
		if ctx.Err() == nil { // who gave up says nothing about the service
			a.again, a.failure = now.Add(pauseAfterFailure), err
		}
		if a.token.good(now) {
			return a.token, nil
		}
		return Token{}, err
	}
	a.token, a.again, a.failure = fresh, time.Time{}, nil
	return fresh, nil
}

// usable is the token while there is no better one to be had.
func (a *Account) usable(now time.Time) (Token, error) {
	if a.token.good(now) {
		return a.token, nil
	}
	return Token{}, a.failure
}

// Access is Token for those who only pass it on.
func (a *Account) Access(ctx context.Context) (string, error) {
	t, err := a.Token(ctx)
	return t.Access, err
}

// Refused says that a server did not take this token, whatever its time says:
// it may have been withdrawn. The next Token is another one.
func (a *Account) Refused(access string) {
	<-a.turn
	if a.token.Access == access {
		a.token = Token{}
	}
	a.turn <- struct{}{}
}

func (t Token) good(now time.Time) bool { return t.Access != "" && now.Before(t.Expires) }

func (t Token) renewAt() time.Time {
	if t.Access == "" {
		return time.Time{}
	}
	return t.Expires.Add(-min(early, t.Expires.Sub(t.Issued)/5))
}
