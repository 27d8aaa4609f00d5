package oauth

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A desk is a sign-in service that answers as it is told, and a clock.
type desk struct {
	*httptest.Server

	mu    sync.Mutex
	now   time.Time
	forms []url.Values
	reply func(n int, w http.ResponseWriter) // n counts from 1
}

func openDesk(t *testing.T, reply func(n int, w http.ResponseWriter)) *desk {
	t.Helper()
	d := &desk{now: time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC), reply: reply}
	d.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		d.mu.Lock()
		defer d.mu.Unlock()
		d.forms = append(d.forms, r.PostForm)
		w.Header().Set("Date", d.now.Format(http.TimeFormat))
		w.Header().Set("Content-Type", "application/json")
		d.reply(len(d.forms), w)
	}))
	t.Cleanup(d.Close)
	return d
}

func (d *desk) clock() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now
}

func (d *desk) pass(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = d.now.Add(by)
}

func (d *desk) asked() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.forms)
}

func (d *desk) config() Config {
	return Config{
		Name: "microsoft", Endpoint: d.URL + "/token", Grant: ClientCredentials, ClientID: "client-1", Secret: "s3cr3t-value",
		Scopes: []string{"https://outlook.office365.com/.default"}, Now: d.clock,
	}
}

func (d *desk) account(t *testing.T, change func(*Config)) *Account {
	t.Helper()
	c := d.config()
	if change != nil {
		change(&c)
	}
	a, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func grants(n int, w http.ResponseWriter) {
	_, _ = fmt.Fprintf(w, `{"token_type":"Bearer","expires_in":3600,"access_token":"token-%d"}`, n)
}

func mustAccess(t *testing.T, a *Account) string {
	t.Helper()
	access, err := a.Access(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return access
}

func TestOneTokenForAllWhoShareTheAccount(t *testing.T) {
	t.Parallel()
	d := openDesk(t, grants)
	a := d.account(t, nil)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if access, err := a.Access(t.Context()); access != "token-1" || err != nil {
				t.Errorf("got %q, %v", access, err)
			}
		})
	}
	all.Wait()
	want := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {"client-1"}, "client_secret": {"s3cr3t-value"},
		"scope": {"https://outlook.office365.com/.default"},
	}
	if got := d.forms[0].Encode(); d.asked() != 1 || got != want.Encode() {
		t.Errorf("asked %d times, with %s", d.asked(), got)
	}
}

func TestATokenIsRenewedBeforeItsEnd(t *testing.T) {
	t.Parallel()
	d := openDesk(t, grants)
	a := d.account(t, nil)
	for _, row := range []struct {
		pass time.Duration
		want string
	}{{0, "token-1"}, {54 * time.Minute, "token-1"}, {time.Minute, "token-2"}, {time.Minute, "token-2"}} {
		d.pass(row.pass)
		if got := mustAccess(t, a); got != row.want {
			t.Errorf("at %s: %s, want %s", d.clock().Format("15:04"), got, row.want)
		}
	}
	short := openDesk(t, func(n int, w http.ResponseWriter) {
		_, _ = fmt.Fprintf(w, `{"expires_in":"60","access_token":"token-%d"}`, n) // in quotes, as some send it
	})
	b := short.account(t, nil)
	first := mustAccess(t, b)
	short.pass(47 * time.Second)
	still := mustAccess(t, b)
	short.pass(time.Second)
	if then := mustAccess(t, b); first != still || then != "token-2" {
		t.Errorf("a token of a minute: %s, %s, %s", first, still, then)
	}
}

func TestAServiceThatIsAwayIsWaitedFor(t *testing.T) {
	t.Parallel()
	away := false
	d := openDesk(t, func(n int, w http.ResponseWriter) {
		if away {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		grants(n, w)
	})
	a := d.account(t, nil)
	mustAccess(t, a)
	away = true
	d.pass(56 * time.Minute)
	for range 5 {
		if got := mustAccess(t, a); got != "token-1" {
			t.Errorf("got %s while the service was away and the token still good", got)
		}
	}
	if d.asked() != 2 {
		t.Errorf("asked %d times within a moment", d.asked())
	}
	d.pass(5 * time.Minute)
	for range 5 {
		if _, err := a.Access(t.Context()); err == nil || !strings.Contains(err.Error(), "gives no tokens") {
			t.Errorf("got %v with a token that has run out", err)
		}
	}
	if d.asked() != 3 {
		t.Errorf("asked %d times within a moment", d.asked())
	}
	away = false
	d.pass(pauseAfterFailure)
	if got := mustAccess(t, a); got != "token-4" {
		t.Errorf("got %s when the service was back", got)
	}
}

func TestARefusedTokenIsNotShownAgain(t *testing.T) {
	t.Parallel()
	d := openDesk(t, grants)
	a := d.account(t, nil)
	first := mustAccess(t, a)
	a.Refused("another")
	if again := mustAccess(t, a); again != first {
		t.Errorf("%s was dropped because of another", first)
	}
	a.Refused(first)
	if second := mustAccess(t, a); second != "token-2" {
		t.Errorf("got %s", second)
	}
	a.Refused(first) // a mailbox that is slower to say so
	if still := mustAccess(t, a); still != "token-2" {
		t.Errorf("got %s", still)
	}
}

func TestARefreshTokenThatIsReplacedIsUsed(t *testing.T) {
	t.Parallel()
	d := openDesk(t, func(n int, w http.ResponseWriter) {
		_, _ = fmt.Fprintf(w, `{"expires_in":3600,"access_token":"token-%d","refresh_token":"refresh-%d"}`, n, n)
	})
	a := d.account(t, func(c *Config) { c.Grant, c.RefreshToken, c.Scopes, c.Secret = RefreshToken, "refresh-0", nil, "" })
	for range 2 {
		mustAccess(t, a)
		d.pass(time.Hour)
	}
	for i, want := range []string{"refresh-0", "refresh-1"} {
		if f := d.forms[i]; f.Get("refresh_token") != want || f.Get("grant_type") != "refresh_token" || f.Has("client_secret") || f.Has("scope") {
			t.Errorf("request %d: %v", i, f)
		}
	}
}

func TestWhoGivesUpDoesNotBlockTheOthers(t *testing.T) {
	t.Parallel()
	asked, proceed := make(chan struct{}), make(chan struct{})
	d := openDesk(t, func(n int, w http.ResponseWriter) {
		if n == 1 {
			close(asked)
			<-proceed
		}
		grants(n, w)
	})
	a := d.account(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 2)
	go func() {
		_, err := a.Access(ctx)
		ended <- err
	}()
	<-asked
	waiting, stop := context.WithCancel(t.Context())
	stop()
	if _, err := a.Access(waiting); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	cancel()
	if err := <-ended; err == nil {
		t.Error("got a token after giving up")
	}
	close(proceed)
	if got := mustAccess(t, a); got != "token-2" {
		t.Errorf("the next one gets %s", got)
	}
}

func TestSettingsThatAreWrong(t *testing.T) {
	t.Parallel()
	d := openDesk(t, grants)
	for name, change := range map[string]func(*Config){
		"token_endpoint: want": func(c *Config) { c.Endpoint = "http://signin.example/token" },
		"grant: ":              func(c *Config) { c.Grant = "password" },
		"client_id: is":        func(c *Config) { c.ClientID = "" },
		"client_secret: is":    func(c *Config) { c.Secret = "" },
		"refresh_token: is":    func(c *Config) { c.Grant = RefreshToken },
		"a source of time":     func(c *Config) { c.Now = nil },
	} {
		c := d.config()
		change(&c)
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want %s", err, name)
		}
	}
}

func TestLoginByToken(t *testing.T) {
	t.Parallel()
	offers := func(all ...string) func(string) bool {
		return func(m string) bool { return strings.Contains(strings.Join(all, " ")+" ", m+" ") }
	}
	// The example of RFC 7628, section 4.1, and Google's of XOAUTH2.
	l := NewLogin(offers(OAuthBearer, XOAuth2), "user@example.com", "server.example.com", 143, "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==")
	want := "n,a=user@example.com,\x01host=server.example.com\x01port=143\x01auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01"
	if string(l.First) != want || l.Mechanism != OAuthBearer || string(l.Last) != "\x01" {
		t.Errorf("got %+q", l)
	}
	l = NewLogin(offers(XOAuth2), "someuser@example.com", "imap.gmail.com", 993, "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg")
	want64 := "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ=="
	if got := base64.StdEncoding.EncodeToString(l.First); got != want64 || l.Mechanism != XOAuth2 || l.Last == nil || len(l.Last) > 0 {
		t.Errorf("got %s %+q", got, l)
	}
	if l = NewLogin(offers(OAuthBearer), "a,b=c", "h", 1, "t"); !strings.HasPrefix(string(l.First), "n,a=a=2Cb=3Dc,\x01") {
		t.Errorf("got %q", l.First)
	}
	if l = NewLogin(offers("PLAIN"), "u", "h", 1, "t"); l != nil {
		t.Errorf("got %+v where no token is taken", l)
	}
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	token := func(claims string) Token {
		return Token{Access: "x." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".y"}
	}
	for _, row := range []struct {
		name  string
		token Token
		want  string
		ok    bool
	}{
		{"of the program", token(`{"roles":["IMAP.AccessAsApp","SMTP.SendAsApp"]}`), "IMAP.AccessAsApp SMTP.SendAsApp", true},
		{"passed on", token(`{"scp":"IMAP.AccessAsUser.All SMTP.Send"}`), "IMAP.AccessAsUser.All SMTP.Send", true},
		{"none", token(`{}`), "", true},
		{"not JSON", token(`?`), "", false},
		{"Google's", Token{Access: "ya29.a0Af"}, "", false},
		{"not base64", Token{Access: "a.?.b"}, "", false},
	} {
		got, ok := row.token.Permissions()
		if strings.Join(got, " ") != row.want || ok != row.ok {
			t.Errorf("%s: %q, %v", row.name, got, ok)
		}
	}
}
