package openid_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/coreos/go-oidc/v3/oidc/oidctest"
	"go.uber.org/goleak"

	"postroom/internal/openid"
	"postroom/internal/openid/openidtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A desk is a provider that lies on request, a client of it, and their clock.
type desk struct {
	*testing.T
	lies *openidtest.Provider
	*openid.Provider

	mu sync.Mutex
	at time.Time
}

func (d *desk) now() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.at
}

func (d *desk) pass(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at = d.at.Add(by)
}

const redirect = "https://postroom.citrine.example/sign-in/back"

func open(t *testing.T, change func(*openid.Config)) *desk {
	t.Helper()
	d := &desk{T: t, at: time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)}
	d.lies = openidtest.Start(t, d.now)
	c := openid.Config{
		Issuer: d.lies.URL, ClientID: openidtest.ClientID, Secret: openidtest.Secret, Redirect: redirect, Roles: "roles", Scopes: []string{"profile", "openid", "email"}, Now: d.now,
	}
	if change != nil {
		change(&c)
	}
	var err error
	if d.Provider, err = openid.New(c); err != nil {
		t.Fatal(err)
	}
	return d
}

// trip goes to the provider, and gives what a browser brings back.
func (d *desk) trip() (openid.Trip, url.Values) {
	d.Helper()
	trip, start, err := d.Begin(d.Context())
	if err != nil {
		d.Fatal(err)
	}
	return trip, d.follow(start)
}

func (d *desk) follow(start string) url.Values {
	d.Helper()
	req, err := http.NewRequestWithContext(d.Context(), http.MethodGet, start, nil)
	if err != nil {
		d.Fatal(err)
	}
	res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		d.Fatal(err)
	}
	_ = res.Body.Close()
	to, err := res.Location()
	if err != nil || !strings.HasPrefix(to.String(), redirect+"?") {
		d.Fatalf("the provider sends the browser to %v: %v", to, err)
	}
	return to.Query()
}

func (d *desk) person() (openid.Person, error) {
	d.Helper()
	trip, back := d.trip()
	return d.Finish(d.Context(), trip, back)
}

// wants fails unless the error is of that trouble, says that, and gives no
// secret away.
func wants(t *testing.T, err error, trouble openid.Trouble, says string) {
	t.Helper()
	e, ok := errors.AsType[*openid.Error](err)
	if !ok || e.Trouble != trouble || !strings.Contains(err.Error(), says) {
		t.Errorf("got %v, want %s: %s", err, trouble, says)
	}
	for _, secret := range []string{openidtest.Secret, "access-1", "eyJ"} {
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("the error gives %q away: %v", secret, err)
		}
	}
}

func TestAPersonSignsIn(t *testing.T) {
	t.Parallel()
	d := open(t, nil)
	d.lies.Is(openidtest.Claims{"sub": "s-1", "name": "Priya Nandakumar", "email": "priya@citrine.example", "sid": "sid-1", "roles": []string{"Postroom.Reviewer", "other"}})
	trip, start, err := d.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(start)
	if err != nil {
		t.Fatal(err)
	}
	asked := u.Query()
	if asked.Get("scope") != "openid profile email" || asked.Get("response_type") != "code" || asked.Get("code_challenge_method") != "S256" || asked.Get("redirect_uri") != redirect ||
		asked.Get("nonce") != trip.Nonce || asked.Get("state") != trip.State || strings.Contains(start, trip.Verifier) || len(trip.State) < 20 {
		t.Errorf("it begins at %s", start)
	}
	back := d.follow(start)
	got, err := d.Finish(t.Context(), trip, back)
	if err != nil {
		t.Fatal(err)
	}
	if got.Issuer != d.lies.URL || got.Subject != "s-1" || got.Name != "Priya Nandakumar" || got.Email != "priya@citrine.example" || got.Session != "sid-1" ||
		!slices.Equal(got.Roles, []string{"Postroom.Reviewer", "other"}) || got.TooMany {
		t.Errorf("came back: %+v", got)
	}
	_, err = d.Finish(t.Context(), trip, back) // somebody brings the same again
	wants(t, err, openid.Untrusted, "does not take the code")
	if n := d.lies.Asked("/.well-known/openid-configuration"); n != 1 {
		t.Errorf("asked about itself %d times", n)
	}
}

// TestWhatIsNotToBeTrusted: each row is a provider, or somebody in between,
// who sends what they should not.
func TestWhatIsNotToBeTrusted(t *testing.T) {
	t.Parallel()
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	says := func(name string, value any) func(*openidtest.Provider) {
		return func(p *openidtest.Provider) { p.Token = func(c openidtest.Claims) { c[name] = value } }
	}
	sends := func(change func(string) string) func(*openidtest.Provider) {
		return func(p *openidtest.Provider) { p.Sign = change }
	}
	brings := func(name, value string) func(*openidtest.Provider) {
		return func(p *openidtest.Provider) { p.Back = func(v url.Values) { v.Set(name, value) } }
	}
	now := time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)
	for name, row := range map[string]struct {
		lie     func(*openidtest.Provider)
		trouble openid.Trouble
		says    string
	}{
		"another nonce":            {says("nonce", "another"), openid.Untrusted, "nonce"},
		"no nonce":                 {says("nonce", nil), openid.Untrusted, "nonce"},
		"another issuer":           {says("iss", "https://evil.example"), openid.Untrusted, "different provider"},
		"another client":           {says("aud", "another"), openid.Untrusted, "audience"},
		"two clients, no party":    {says("aud", []string{openidtest.ClientID, "another"}), openid.Untrusted, "azp"},
		"another party":            {says("azp", "another"), openid.Untrusted, "azp"},
		"expired":                  {says("exp", now.Add(-3*time.Minute).Unix()), openid.Untrusted, "run out"},
		"of the future":            {says("iat", now.Add(5*time.Minute).Unix()), openid.Untrusted, "clock"},
		"of long ago":              {says("iat", now.Add(-time.Hour).Unix()), openid.Untrusted, "clock"},
		"about nobody":             {says("sub", ""), openid.Untrusted, "sub"},
		"about a very long person": {says("sub", strings.Repeat("s", 256)), openid.Untrusted, "sub"},
		"signed by nobody": {sends(func(token string) string {
			parts := strings.Split(token, ".")
			return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + parts[1] + "."
		}), openid.Untrusted, "not to be trusted"},
		"signed with the shared secret": {sends(func(token string) string {
			text := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256"}`)) + "." + strings.Split(token, ".")[1]
			sum := hmac.New(sha256.New, []byte(openidtest.Secret))
			_, _ = sum.Write([]byte(text))
			return text + "." + base64.RawURLEncoding.EncodeToString(sum.Sum(nil))
		}), openid.Untrusted, "not to be trusted"},
		"signed by a stranger": {sends(func(token string) string {
			parts := strings.Split(token, ".")
			text, _ := base64.RawURLEncoding.DecodeString(parts[1])
			return oidctest.SignIDToken(stranger, "stranger", oidc.ES256, string(text))
		}), openid.Untrusted, "not to be trusted"},
		"no token":         {sends(func(string) string { return "" }), openid.Untrusted, "no ID token"},
		"another state":    {brings("state", "another"), openid.Stale, "began here"},
		"another code":     {brings("code", "another"), openid.Untrusted, "does not take the code"},
		"another's answer": {brings("iss", "https://evil.example"), openid.Untrusted, "another issuer"},
		"refused":          {brings("error", "access_denied"), openid.Refused, "access_denied"},
		"not registered": {func(p *openidtest.Provider) {
			p.Back = func(v url.Values) {
				v.Set("error", "invalid_request")
				v.Set("error_description", "AADSTS50011: reply address")
			}
		}, openid.Misconfigured, "redirect address is not registered"},
		"in trouble": {brings("error", "server_error"), openid.Away, "server_error"},
		"the token place is down": {func(p *openidtest.Provider) {
			p.Instead = func(w http.ResponseWriter, path string) bool {
				if path == "/token" {
					w.WriteHeader(http.StatusBadGateway)
				}
				return path == "/token"
			}
		}, openid.Away, "502"},
		"the keys are down": {func(p *openidtest.Provider) {
			p.Instead = func(w http.ResponseWriter, path string) bool {
				if path == "/keys" {
					w.WriteHeader(http.StatusBadGateway)
				}
				return path == "/keys"
			}
		}, openid.Untrusted, "not to be trusted"},
		"does not name itself": {func(p *openidtest.Provider) {
			p.Facts = func(c openidtest.Claims) { c["authorization_response_iss_parameter_supported"] = true }
		}, openid.Untrusted, "another issuer"},
		"user info of another": {func(p *openidtest.Provider) { p.UserInfo = openidtest.Claims{"sub": "s-2", "roles": "Postroom.Admin"} }, openid.Untrusted, "somebody else"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t, nil)
			d.lies.Lie(func() { row.lie(d.lies) })
			_, err := d.person()
			wants(t, err, row.trouble, row.says)
			if name == "another state" && d.lies.Asked("/token") != 0 {
				t.Error("the code was used all the same")
			}
		})
	}
}

// TestClocksThatDifferALittle: two minutes are forgiven, as the row before
// shows that three are not.
func TestClocksThatDifferALittle(t *testing.T) {
	t.Parallel()
	d := open(t, nil)
	d.lies.Lie(func() {
		d.lies.Token = func(c openidtest.Claims) {
			c["iat"], c["exp"] = d.now().Add(90*time.Second).Unix(), d.now().Add(-90*time.Second).Unix()
		}
	})
	if _, err := d.person(); err != nil {
		t.Error(err)
	}
}

func TestKeysAreReplaced(t *testing.T) {
	t.Parallel()
	d := open(t, nil)
	for range 2 {
		if _, err := d.person(); err != nil {
			t.Fatal(err)
		}
		if err := d.lies.Rotate(); err != nil {
			t.Fatal(err)
		}
		d.pass(5 * time.Second)
	}
	if _, err := d.person(); err != nil {
		t.Error(err)
	}
	if n := d.lies.Asked("/keys"); n != 3 {
		t.Errorf("asked for keys %d times", n)
	}
}

func TestWhereRolesAndNamesAre(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		claim     string
		who, info openidtest.Claims
		want      string // name, roles, whether too many
	}{
		"one word":          {"roles", openidtest.Claims{"roles": "admin", "name": "P"}, nil, "P [admin]"},
		"within another":    {"realm_access.roles", openidtest.Claims{"realm_access": openidtest.Claims{"roles": []string{"a", "b"}}, "name": "P"}, nil, "P [a b]"},
		"called an address": {"https://citrine.example/roles", openidtest.Claims{"https://citrine.example/roles": []string{"a"}, "name": "P"}, nil, "P [a]"},
		"no words":          {"roles", openidtest.Claims{"roles": []any{1, "a", nil}, "name": "P"}, nil, "P [a]"},
		"none":              {"roles", openidtest.Claims{"name": "P"}, nil, "P []"},
		"in UserInfo":       {"groups", openidtest.Claims{}, openidtest.Claims{"sub": "s-1", "name": "Q", "groups": []string{"g"}}, "Q [g]"},
		"in both":           {"groups", openidtest.Claims{"name": "P"}, openidtest.Claims{"sub": "s-1", "name": "Q", "groups": []string{"g"}}, "P [g]"},
		"two names":         {"roles", openidtest.Claims{"given_name": "Priya", "family_name": "Nandakumar"}, nil, "Priya Nandakumar []"},
		"too many groups":   {"groups", openidtest.Claims{"name": "P", "_claim_names": openidtest.Claims{"groups": "src1"}, "_claim_sources": openidtest.Claims{"src1": openidtest.Claims{"endpoint": "https://graph.example"}}}, nil, "P [] too many"},
		"an address":        {"email", openidtest.Claims{"name": "P", "email": "p@citrine.example", "email_verified": true}, nil, "P [p@citrine.example]"},
		"as Cognito says":   {"email", openidtest.Claims{"name": "P", "email": "p@citrine.example", "email_verified": "true"}, nil, "P [p@citrine.example]"},
		"nobody's address":  {"email", openidtest.Claims{"name": "P", "email": "p@citrine.example"}, nil, "P []"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t, func(c *openid.Config) { c.Roles = row.claim })
			row.who["sub"] = "s-1"
			d.lies.Is(row.who)
			d.lies.Lie(func() { d.lies.UserInfo = row.info })
			p, err := d.person()
			if err != nil {
				t.Fatal(err)
			}
			got := p.Name + " [" + strings.Join(p.Roles, " ") + "]"
			if p.TooMany {
				got += " too many"
			}
			if got != row.want {
				t.Errorf("got %s, want %s", got, row.want)
			}
		})
	}
}

func TestAKindOfSignInThatIsDemanded(t *testing.T) {
	t.Parallel()
	d := open(t, func(c *openid.Config) { c.ACR = "mfa" })
	_, err := d.person()
	wants(t, err, openid.Untrusted, "web.oidc.acr")
	d.lies.Is(openidtest.Claims{"sub": "s-1", "acr": "mfa"})
	if _, err := d.person(); err != nil {
		t.Error(err)
	}
	if _, start, err := d.Begin(t.Context()); err != nil || !strings.Contains(start, "acr_values=mfa") {
		t.Errorf("it begins at %s, %v", start, err)
	}
}

func TestAProviderThatIsAway(t *testing.T) {
	t.Parallel()
	d := open(t, nil)
	down := func(yes bool) {
		d.lies.Lie(func() {
			d.lies.Instead = func(w http.ResponseWriter, _ string) bool {
				if yes {
					w.WriteHeader(http.StatusServiceUnavailable)
				}
				return yes
			}
		})
	}
	down(true)
	for range 3 {
		_, _, err := d.Begin(t.Context())
		wants(t, err, openid.Away, "503")
	}
	if n := d.lies.Asked("/.well-known/openid-configuration"); n != 1 {
		t.Errorf("asked %d times within a moment", n)
	}
	down(false)
	d.pass(10 * time.Second)
	if _, err := d.person(); err != nil {
		t.Fatal(err)
	}
	down(true)
	d.pass(2 * time.Hour) // what it said last counts on
	for range 2 {
		if _, _, err := d.Begin(t.Context()); err != nil {
			t.Error(err)
		}
	}
	d.lies.Close()
	gone := open(t, func(c *openid.Config) { c.Issuer = d.lies.URL })
	_, _, err := gone.Begin(t.Context())
	wants(t, err, openid.Away, "cannot be reached")
}

func TestSignedOutThere(t *testing.T) {
	t.Parallel()
	d := open(t, nil)
	got, err := d.Told(t.Context(), d.lies.Logout(openidtest.Claims{"sid": "sid-1"}))
	if err != nil || got.Issuer != d.lies.URL || got.Subject != "s-1" || got.Session != "sid-1" || !got.At.Equal(d.now()) {
		t.Errorf("got %+v, %v", got, err)
	}
	for name, change := range map[string]openidtest.Claims{
		"an ID token": {"nonce": "n"}, "no event": {"events": openidtest.Claims{}}, "about nobody": {"sub": nil}, "another issuer": {"iss": "https://evil.example"},
		"another client": {"aud": "another"}, "expired": {"exp": d.now().Add(-3 * time.Minute).Unix()}, "of long ago": {"iat": d.now().Add(-time.Hour).Unix()},
		"of the future": {"iat": d.now().Add(time.Hour).Unix()}, "no id": {"jti": nil},
	} {
		if _, err := d.Told(t.Context(), d.lies.Logout(change)); err == nil {
			t.Errorf("%s was believed", name)
		}
	}
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if _, err := d.Told(t.Context(), oidctest.SignIDToken(stranger, rand.Text(), oidc.ES256, `{"sub":"s-1"}`)); err == nil {
			t.Error("a stranger was believed")
		}
	}
	if n := d.lies.Asked("/keys"); n != 1 {
		t.Errorf("a stranger made us ask for keys %d times", n)
	}
	if to := d.SignOut(t.Context(), "https://postroom.citrine.example/sign-in"); to != d.lies.URL+"/out?client_id=postroom&post_logout_redirect_uri=https%3A%2F%2Fpostroom.citrine.example%2Fsign-in" {
		t.Errorf("signing out there: %s", to)
	}
}

func TestTheCheck(t *testing.T) {
	t.Parallel()
	good := open(t, nil)
	if found, err := good.Check(t.Context()); err != nil || !found.SignOut {
		t.Errorf("%+v, %v", found, err)
	}
	wrong := open(t, func(c *openid.Config) { c.Secret = "another" })
	_, err := wrong.Check(t.Context())
	wants(t, err, openid.Misconfigured, "its secret is wrong")
	slash := open(t, func(c *openid.Config) { c.Issuer += "/" })
	_, err = slash.Check(t.Context())
	wants(t, err, openid.Misconfigured, "write exactly that")
	nothing := open(t, func(c *openid.Config) { c.Issuer += "/nothing" })
	_, err = nothing.Check(t.Context())
	wants(t, err, openid.Misconfigured, "answers 404")
	tenant := open(t, nil)
	tenant.lies.Lie(func() {
		tenant.lies.Instead = func(w http.ResponseWriter, _ string) bool {
			http.Error(w, "AADSTS90002: Tenant not found", http.StatusBadRequest)
			return true
		}
	})
	_, err = tenant.Check(t.Context())
	wants(t, err, openid.Misconfigured, "no such tenant")
	clear := open(t, nil)
	clear.lies.Lie(func() {
		clear.lies.Facts = func(c openidtest.Claims) { c["token_endpoint"] = "http://signin.example/token" }
	})
	_, err = clear.Check(t.Context())
	wants(t, err, openid.Untrusted, "token_endpoint does not begin with https://")
	for name, change := range map[string]func(*openid.Config){
		"no TLS": func(c *openid.Config) { c.Issuer = "http://signin.example" }, "no secret": func(c *openid.Config) { c.Secret = "" }, "no claim": func(c *openid.Config) { c.Roles = "" },
	} {
		c := openid.Config{Issuer: "https://signin.example", ClientID: "c", Secret: "s", Redirect: redirect, Roles: "roles", Now: good.now}
		change(&c)
		if _, err := openid.New(c); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
