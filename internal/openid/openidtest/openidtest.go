// Package openidtest is a provider of OpenID Connect for tests, which lies on
// request. What a provider does that tells the truth is tested with a real one.
package openidtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/coreos/go-oidc/v3/oidc/oidctest"
)

// What its one client is called, and the secret.
const (
	ClientID = "postroom"
	Secret   = "s3cr3t-value"
)

// Claims are what a token says.
type Claims map[string]any

// A Provider lets everybody in at once, as whoever it was told last.
type Provider struct {
	*httptest.Server
	now func() time.Time

	mu     sync.Mutex
	key    *ecdsa.PrivateKey
	kid    string
	who    Claims
	codes  map[string]url.Values // what was asked for, by code
	counts map[string]int

	// Lies; zero: the truth. Change them through Lie.
	Token    func(Claims)                           // what an ID token says
	Sign     func(token string) string              // what is sent instead of it
	Back     func(url.Values)                       // what the browser brings back
	Instead  func(http.ResponseWriter, string) bool // answers a path by itself
	Facts    func(Claims)                           // what it says of itself
	UserInfo Claims                                 // what UserInfo says; nil: there is none
}

// Start starts one with its clock.
func Start(tb testing.TB, now func() time.Time) *Provider {
	tb.Helper()
	p := &Provider{now: now, who: Claims{"sub": "s-1", "name": "Priya Nandakumar"}, codes: map[string]url.Values{}, counts: map[string]int{}}
	if err := p.Rotate(); err != nil {
		tb.Fatal(err)
	}
	p.Server = httptest.NewServer(http.HandlerFunc(p.serve))
	tb.Cleanup(p.Close)
	return p
}

// Is says who signs in from now on.
func (p *Provider) Is(who Claims) { p.Lie(func() { p.who = who }) }

// Lie changes what it says.
func (p *Provider) Lie(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

// Rotate takes a new key, and forgets the old one.
func (p *Provider) Rotate() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	p.Lie(func() { p.key, p.kid = key, rand.Text() })
	return err
}

// Asked counts how often a path was asked for.
func (p *Provider) Asked(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.counts[path]
}

// Logout makes a logout token, with changes.
func (p *Provider) Logout(change Claims) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := Claims{
		"iss": p.URL, "aud": ClientID, "iat": p.now().Unix(), "exp": p.now().Add(2 * time.Minute).Unix(), "jti": rand.Text(), "sub": "s-1",
		"events": Claims{"http://schemas.openid.net/event/backchannel-logout": Claims{}},
	}
	for name, value := range change {
		if all[name] = value; value == nil {
			delete(all, name)
		}
	}
	return p.sign(all)
}

func (p *Provider) sign(c Claims) string {
	text, _ := json.Marshal(c) //nolint:errchkjson // maps of words and numbers
	return oidctest.SignIDToken(p.key, p.kid, oidc.ES256, string(text))
}

func (p *Provider) serve(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts[r.URL.Path]++
	if p.Instead != nil && p.Instead(w, r.URL.Path) {
		return
	}
	w.Header().Set("Date", p.now().UTC().Format(http.TimeFormat))
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		facts := Claims{
			"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys",
			"end_session_endpoint": p.URL + "/out", "id_token_signing_alg_values_supported": []string{"ES256"},
		}
		if p.UserInfo != nil {
			facts["userinfo_endpoint"] = p.URL + "/userinfo"
		}
		if p.Facts != nil {
			p.Facts(facts)
		}
		answer(w, http.StatusOK, facts)
	case "/keys":
		point, _ := p.key.PublicKey.Bytes() // 4, x and y: it is on the curve
		x, y := base64.RawURLEncoding.EncodeToString(point[1:33]), base64.RawURLEncoding.EncodeToString(point[33:])
		answer(w, http.StatusOK, Claims{"keys": []Claims{{"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": p.kid, "x": x, "y": y}}})
	case "/authorize":
		p.authorize(w, r)
	case "/token":
		p.token(w, r)
	case "/userinfo":
		answer(w, http.StatusOK, p.UserInfo)
	default:
		http.NotFound(w, r)
	}
}

func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	asked := r.URL.Query()
	code := rand.Text()
	p.codes[code] = asked
	back := url.Values{"code": {code}, "state": {asked.Get("state")}}
	if p.Back != nil {
		p.Back(back)
	}
	//nolint:gosec // a test's client may be anywhere
	http.Redirect(w, r, asked.Get("redirect_uri")+"?"+back.Encode(), http.StatusFound)
}

// token takes each code once, from who began (RFC 7636, section 4.6).
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	id, secret, _ := r.BasicAuth()
	if id != ClientID || secret != Secret {
		answer(w, http.StatusUnauthorized, Claims{"error": "invalid_client"})
		return
	}
	asked, ok := p.codes[r.FormValue("code")]
	delete(p.codes, r.FormValue("code"))
	sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	if !ok || asked.Get("code_challenge_method") != "S256" || base64.RawURLEncoding.EncodeToString(sum[:]) != asked.Get("code_challenge") || r.FormValue("redirect_uri") != asked.Get("redirect_uri") {
		answer(w, http.StatusBadRequest, Claims{"error": "invalid_grant"})
		return
	}
	all := Claims{"iss": p.URL, "aud": ClientID, "iat": p.now().Unix(), "exp": p.now().Add(time.Hour).Unix(), "nonce": asked.Get("nonce")}
	maps.Copy(all, p.who)
	if p.Token != nil {
		p.Token(all)
	}
	token := p.sign(all)
	if p.Sign != nil {
		token = p.Sign(token)
	}
	answer(w, http.StatusOK, Claims{"access_token": "access-1", "token_type": "Bearer", "expires_in": 3600, "id_token": token})
}

func answer(w http.ResponseWriter, status int, c Claims) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(c) //nolint:errchkjson // maps of words and numbers
}
