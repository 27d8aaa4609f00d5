package openid

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// known is what a provider says of itself, and what follows from it.
type known struct {
	provider *oidc.Provider
	verifier *oidc.IDTokenVerifier
	client   oauth2.Config
	facts    facts
	at       time.Time
}

// facts are what go-oidc does not read for us.
type facts struct {
	Keys        string   `json:"jwks_uri"`
	EndSession  string   `json:"end_session_endpoint"`
	Revoke      string   `json:"revocation_endpoint"`
	NamesItself bool     `json:"authorization_response_iss_parameter_supported"`
	Methods     []string `json:"token_endpoint_auth_methods_supported"`
}

const (
	// knownFor is how long what a provider says of itself counts. Its keys are
	// forgotten with it, so one that was withdrawn counts no longer than that; a
	// new one is looked for at once.
	knownFor = time.Hour
	// pauseAfterFailure keeps a provider that is away from being waited for by
	// everybody in turn.
	pauseAfterFailure = 10 * time.Second
)

// ask gives what the provider says of itself. While it is away, what it said
// last counts on.
func (p *Provider) ask(ctx context.Context) (*known, error) {
	select {
	case <-ctx.Done():
		return nil, away(context.Cause(ctx))
	case <-p.turn:
	}
	defer func() { p.turn <- struct{}{} }()
	now := p.config.Now()
	if p.known != nil && now.Sub(p.known.at) < knownFor {
		return p.known, nil
	}
	if now.Before(p.again) {
		return p.known, p.reason
	}
	fresh, err := p.discover(ctx)
	if err == nil {
		p.known, p.again, p.reason = fresh, time.Time{}, nil
		return fresh, nil
	}
	if ctx.Err() == nil || errors.Is(ctx.Err(), context.DeadlineExceeded) { // who gave up says nothing about the provider
		p.again, p.reason = now.Add(pauseAfterFailure), err
	}
	if p.known != nil {
		p.reason = nil
		return p.known, nil
	}
	return nil, err
}

// discover asks the provider about itself (OpenID Connect Discovery 1.0).
func (p *Provider) discover(ctx context.Context) (*known, error) {
	provider, err := oidc.NewProvider(p.through(ctx), p.config.Issuer)
	if err != nil {
		return nil, p.discoverError(err)
	}
	k := &known{provider: provider, at: p.config.Now()}
	if err := provider.Claims(&k.facts); err != nil {
		return nil, untrusted(errors.New("what the provider says of itself cannot be read"))
	}
	end := provider.Endpoint()
	for name, address := range map[string]string{"authorization_endpoint": end.AuthURL, "token_endpoint": end.TokenURL, "jwks_uri": k.facts.Keys} {
		if !secure(address) {
			return nil, untrusted(errors.New("the provider's " + name + " does not begin with https://"))
		}
	}
	end.AuthStyle = k.facts.style()
	k.client = oauth2.Config{ClientID: p.config.ClientID, ClientSecret: p.config.Secret, RedirectURL: p.config.Redirect, Endpoint: end, Scopes: p.config.scopes()}
	// The library allows no leeway, so it is told an earlier time.
	k.verifier = provider.Verifier(&oidc.Config{ClientID: p.config.ClientID, Now: func() time.Time { return p.config.Now().Add(-Leeway) }})
	return k, nil
}

// style is how the secret is sent. It is never tried out: that would show a
// code twice, which ends it. Basic is what counts where nothing is said
// (Discovery, section 3).
func (f facts) style() oauth2.AuthStyle {
	basic, post := len(f.Methods) == 0, false
	for _, m := range f.Methods {
		basic = basic || m == "client_secret_basic"
		post = post || m == "client_secret_post"
	}
	if post && !basic {
		return oauth2.AuthStyleInParams
	}
	return oauth2.AuthStyleInHeader
}

// A Checked is what a look at the provider found.
type Checked struct {
	Skew    time.Duration // by how much our clock is ahead of the provider's; 0: not known
	SignOut bool          // browsers can sign out there too
}

// Check looks whether the provider is who it is said to be, and knows us. With
// a code that is none, and a token that is none to be withdrawn, it sees
// whether the secret is wrong, unless the provider looks at the code first and
// withdraws nothing. Whether the redirect address is registered shows only in a
// browser.
func (p *Provider) Check(ctx context.Context) (Checked, error) {
	ctx, cancel := context.WithTimeout(ctx, p.config.Timeout)
	defer cancel()
	k, err := p.discover(ctx)
	if err != nil {
		return Checked{}, err
	}
	found := Checked{Skew: p.line.Skew(), SignOut: k.facts.EndSession != ""}
	_, err = k.client.Exchange(p.through(ctx), "postroom-check", oauth2.VerifierOption(oauth2.GenerateVerifier()))
	if wrong, ok := errors.AsType[*Error](exchangeError(err)); ok && (wrong.Trouble == Misconfigured || wrong.Trouble == Away) {
		return found, wrong
	}
	return found, p.checkSecret(ctx, k)
}

// checkSecret has a token withdrawn that is none (RFC 7009): who shows the
// right secret is told that all is well.
func (p *Provider) checkSecret(ctx context.Context, k *known) error {
	if !secure(k.facts.Revoke) || k.client.Endpoint.AuthStyle != oauth2.AuthStyleInHeader {
		return nil
	}
	form := url.Values{"token": {"postroom-check"}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, k.facts.Revoke, strings.NewReader(form))
	if err != nil {
		return untrusted(errors.New("the provider's revocation_endpoint is no address"))
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(url.QueryEscape(p.config.ClientID), url.QueryEscape(p.config.Secret)) // RFC 6749, section 2.3.1
	res, err := p.line.client.Do(req)
	if err != nil {
		return unreached(err)
	}
	defer res.Body.Close() //nolint:errcheck // it is in memory (line)
	var said struct {
		Code string `json:"error"`
	}
	_ = json.NewDecoder(res.Body).Decode(&said) // none is as good
	if said.Code == "invalid_client" || res.StatusCode == http.StatusUnauthorized {
		return told("invalid_client", "")
	}
	return nil
}
