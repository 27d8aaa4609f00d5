package web_test

import (
	"crypto/rand"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"postroom/internal/openid"
	"postroom/internal/openid/openidtest"
	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/web"
)

// signingOn lets people sign in with what that client of a provider says.
func signingOn(tb testing.TB, c openid.Config) func(*house, string, *web.Access) {
	tb.Helper()
	return func(_ *house, address string, a *web.Access) {
		c.Redirect, c.Roles, c.Scopes = address+web.SignOnBack, "roles", []string{"profile", "email"}
		p, err := openid.New(c)
		must(tb, err)
		a.SignOn = &web.SignOn{Provider: p, Name: "Citrine Homes account", Ask: "the IT desk", Roles: map[string][]register.Role{
			"Postroom.Reviewer": {register.Reviewer}, "Postroom.Mailroom": {register.Mailroom}, "Postroom.Auditor": {register.Mailroom, register.Auditor}, "Postroom.Admin": {register.Admin},
		}}
	}
}

// openLying is a house whose provider lies on request.
func openLying(t *testing.T, access web.Access) (*house, *openidtest.Provider) {
	t.Helper()
	var lies *openidtest.Provider
	h := openOn(t, registertest.SQLite, access, func(h *house, address string, a *web.Access) {
		lies = openidtest.Start(t, h.clock.Now)
		lies.Is(priya("Postroom.Reviewer"))
		signingOn(t, openid.Config{Issuer: lies.URL, ClientID: openidtest.ClientID, Secret: openidtest.Secret, Now: h.clock.Now})(h, address, a)
	})
	return h, lies
}

func priya(roles ...string) openidtest.Claims {
	return openidtest.Claims{"sub": "s-1", "name": "Priya Nandakumar", "email": "priya@citrine.example", "sid": "sid-1", "roles": roles}
}

// visit goes to an address anywhere.
func (b *browser) visit(address string) page {
	b.Helper()
	return b.request(http.MethodGet, address, nil)
}

func (b *browser) request(method, address string, f url.Values) page {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), method, address, strings.NewReader(f.Encode()))
	must(b.TB, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("User-Agent", "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0")
	res, err := b.Do(req)
	must(b.TB, err)
	defer res.Body.Close() //nolint:errcheck // a test's own
	text, err := io.ReadAll(res.Body)
	must(b.TB, err)
	return page{res.StatusCode, res.Header, string(text)}
}

// away goes to the provider, and gives the address that it sends us back to.
func (b *browser) away(next string) string {
	b.Helper()
	got := b.get("/sign-in/with?next=" + url.QueryEscape(next))
	if got.status != http.StatusSeeOther {
		b.Fatalf("signing in begins with %d\n%s", got.status, got.body)
	}
	return b.visit(got.header.Get("Location")).header.Get("Location")
}

func (b *browser) signOn(next string) page { b.Helper(); return b.visit(b.away(next)) }

func TestSigningOn(t *testing.T) {
	t.Parallel()
	h, _ := openLying(t, web.Access{})
	b := h.browser()
	b.get("/sign-in?next=/today").want(t, http.StatusOK, `<a class="btn go wide" href="/sign-in/with?next=%2ftoday">Sign in with your Citrine Homes account</a>`, "Or with a Postroom password")
	sent := b.get("/sign-in/with?next=/today")
	if cookie := sent.header.Get("Set-Cookie"); !strings.HasPrefix(cookie, "postroom-trip=") || !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Lax") || !strings.Contains(cookie, "Max-Age=600") {
		t.Errorf("on the way: cookie %s", cookie)
	}
	got := b.visit(b.visit(sent.header.Get("Location")).header.Get("Location"))
	if got.status != http.StatusSeeOther || got.header.Get("Location") != "/today" {
		t.Errorf("came back: %d to %s\n%s", got.status, got.header.Get("Location"), got.body)
	}
	if cookies := strings.Join(got.header.Values("Set-Cookie"), "\n"); !strings.Contains(cookies, "postroom-trip=; Path=/; Max-Age=0") || !strings.Contains(cookies, "postroom=") {
		t.Errorf("cookies: %s", cookies)
	}
	b.get("/today").want(t, http.StatusOK, "Priya Nandakumar", "Sign out")
	b.get("/sessions").want(t, http.StatusOK, "Firefox on Windows", "This one", "Here alone", "does not sign you out of your organisation")
	b.get("/people").want(t, http.StatusForbidden, "Not for your role")

	out := b.post("/sign-out", form())
	if out.header.Get("Location") != "/sign-in?out=there" {
		t.Errorf("signing out leads to %s", out.header.Get("Location"))
	}
	b.get("/sign-in?out=there").want(t, http.StatusOK, "You are signed out of Postroom", "/out?client_id=postroom&amp;post_logout_redirect_uri=http%3A%2F%2F127.0.0.1%3A", "%2Fsign-in\"")
	if log := h.log.String(); strings.Contains(log, "Priya") || strings.Contains(log, openidtest.Secret) || strings.Contains(log, "code") {
		t.Errorf("the log: %s", log)
	}
}

// TestWhoBringsBackWhatIsNotTheirs: a link that another made, a browser that
// began nothing, and the same way back twice.
func TestWhoBringsBackWhatIsNotTheirs(t *testing.T) {
	t.Parallel()
	h, lies := openLying(t, web.Access{})
	attacker, victim := h.browser(), h.browser()
	link := attacker.away("/")
	victim.visit(link).want(t, http.StatusBadRequest, "Sign in once more", `href="/sign-in"`)
	victim.away("/")
	victim.visit(link).want(t, http.StatusBadRequest, "Sign in once more")
	if lies.Asked("/token") != 0 {
		t.Error("a stranger's code was used")
	}
	attacker.visit(link).want(t, http.StatusSeeOther)
	attacker.post("/sign-out", form())
	attacker.visit(link).want(t, http.StatusBadRequest, "Sign in once more")
	for _, next := range []string{"//attacker.example/", "https://attacker.example/", "/" + strings.Repeat("x", 2000)} {
		if got := h.browser().signOn(next); got.header.Get("Location") != "/" {
			t.Errorf("%.30q leads to %q", next, got.header.Get("Location"))
		}
	}
	victim.get("/sign-in/back").want(t, http.StatusBadRequest, "Sign in once more")
	lies.Lie(func() { lies.Token = func(c openidtest.Claims) { c["nonce"] = "another" } })
	h.browser().signOn("/").want(t, http.StatusBadGateway, "The sign-in did not work", "Postroom&#39;s log")
	lies.Lie(func() { lies.Back = func(v url.Values) { v.Set("error", "access_denied") } })
	h.browser().signOn("/").want(t, http.StatusForbidden, "You were not let in", "the IT desk")
}

func TestSigningOnAnew(t *testing.T) {
	t.Parallel()
	h, lies := openLying(t, web.Access{})
	first := h.browser()
	first.signOn("/").want(t, http.StatusSeeOther)
	first.get("/").want(t, http.StatusOK, "Review queue")
	lies.Is(priya("Postroom.Auditor", "Postroom.Mailroom", "unknown"))
	h.browser().signOn("/").want(t, http.StatusSeeOther)
	first.post("/take", form("x", "y")).want(t, http.StatusForbidden, "signed in as auditor")
	for name, who := range map[string]openidtest.Claims{"no roles": priya(), "others' roles": priya("Finance.Admin")} {
		lies.Is(who)
		got := h.browser().signOn("/")
		got.want(t, http.StatusForbidden, "You have no role in Postroom yet", "Priya Nandakumar (priya@citrine.example)", "Ask the IT desk")
		if first.get("/").status != http.StatusSeeOther {
			t.Errorf("%s: the other session goes on", name)
		}
	}
	stranger := openidtest.Claims{"sub": "s-7", "name": "<script>alert(1)</script>"}
	lies.Is(stranger)
	h.browser().signOn("/").want(t, http.StatusForbidden, "as &lt;script&gt;alert(1)&lt;/script&gt;,")
	all, err := h.register.Accounts(t.Context())
	must(t, err)
	if len(all) != 1 {
		t.Errorf("accounts: %+v", all)
	}
	lies.Is(priya("Postroom.Admin"))
	must(t, h.register.DisableAccount(t.Context(), "Priya Nandakumar", register.CommandLine))
	h.browser().signOn("/").want(t, http.StatusForbidden, "Your account is switched off")
}

func TestSigningInWhileTheProviderIsAway(t *testing.T) {
	t.Parallel()
	h, lies := openLying(t, web.Access{Passwords: web.ForAdmins})
	h.account("Tom", register.Manager)
	h.account("Gwen", register.Admin)
	lies.Lie(func() {
		lies.Instead = func(w http.ResponseWriter, _ string) bool {
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		}
	})
	b := h.browser()
	b.get("/sign-in/with").want(t, http.StatusBadGateway, "does not answer", "Post is taken in and answered all the same")
	b.get("/sign-in?out=there").want(t, http.StatusOK, "You are signed out")
	b.post("/sign-in", form("account", "Tom", "password", secret)).want(t, http.StatusForbidden, "is not right")
	b.post("/sign-in", form("account", "Gwen", "password", secret)).want(t, http.StatusSeeOther)
}

func TestNoPasswordsAtAll(t *testing.T) {
	t.Parallel()
	h, _ := openLying(t, web.Access{Passwords: web.ForNobody})
	h.account("Gwen", register.Admin)
	b := h.browser()
	if got := b.get("/sign-in"); strings.Contains(got.body, `type="password"`) {
		t.Error("a password is asked for")
	}
	b.post("/sign-in", form("account", "Gwen", "password", secret)).want(t, http.StatusForbidden)
}

// TestNothingTypedIsLostOnTheWay: the session ends while an officer writes who
// signs in elsewhere: the words wait in the page.
func TestNothingTypedIsLostOnTheWay(t *testing.T) {
	t.Parallel()
	h, _ := openLying(t, web.Access{Passwords: web.ForNobody})
	m := h.waiting()
	b := h.browser()
	b.signOn("/").want(t, http.StatusSeeOther)
	f := with(decision(m), "issues", "Line one\r\nLine two", "label", "enquiry", "reason", "because", "whose", b.get("/messages/"+m.ID).carried().Get("whose"))
	h.clock.Advance(2 * time.Hour)
	got := b.post("/messages/"+m.ID+"/decision", f)
	got.want(t, http.StatusForbidden, "You were signed out meanwhile", `href="/sign-in/with" target="_blank"`, `action="/sign-in/typed"`)
	b.post("/sign-in/typed", got.carried()).want(t, http.StatusForbidden, "Line one") // too early
	b.signOn("/").want(t, http.StatusSeeOther)
	b.post("/sign-in/typed", got.carried()).want(t, http.StatusOK, "Line one\nLine two", `value="because"`, `value="enquiry" required checked`)
	if h.message(m.ID).State != register.InReview {
		t.Error("signing in decided")
	}
}

func TestTheProviderSaysThatSomebodySignedOut(t *testing.T) {
	t.Parallel()
	h, lies := openLying(t, web.Access{})
	b := h.browser()
	b.signOn("/").want(t, http.StatusSeeOther)
	provider := h.browser()
	provider.post("/sign-in/ended", form("logout_token", lies.Logout(openidtest.Claims{"aud": "another"}))).want(t, http.StatusBadRequest)
	provider.post("/sign-in/ended", form("logout_token", "nonsense")).want(t, http.StatusBadRequest)
	provider.post("/sign-in/ended", form("logout_token", lies.Logout(openidtest.Claims{"sid": "sid-2"}))).want(t, http.StatusOK)
	b.get("/").want(t, http.StatusOK)
	token := lies.Logout(openidtest.Claims{"sid": "sid-1"})
	provider.post("/sign-in/ended", form("logout_token", token)).want(t, http.StatusOK)
	b.get("/").want(t, http.StatusSeeOther)
	h.clock.Advance(3 * time.Minute)
	b.signOn("/").want(t, http.StatusSeeOther)
	provider.post("/sign-in/ended", form("logout_token", token)) // said again
	b.get("/").want(t, http.StatusOK)
}

// TestOddCookies: what a browser keeps on the way is read with care.
func TestOddCookies(t *testing.T) {
	t.Parallel()
	h, lies := openLying(t, web.Access{})
	for _, value := range []string{"", "x", "e30", "bnVsbA", "W10", "eyJTdGF0ZSI6IiJ9", strings.Repeat("A", 3000), "%00", "eyJTdGF0ZSI6MX0"} {
		h.browser().send(http.MethodGet, "/sign-in/back?code=x&state=", "", func(r *http.Request) {
			r.Header.Set("Cookie", "postroom-trip="+value)
		}).want(t, http.StatusBadRequest, "Sign in once more")
	}
	if lies.Asked("/token") != 0 {
		t.Error("a code was used")
	}
}

// TestOneBrowserOneSession: signing in again in the same browser leaves nothing
// open behind.
func TestOneBrowserOneSession(t *testing.T) {
	t.Parallel()
	h, _ := openLying(t, web.Access{})
	b := h.browser()
	b.signOn("/").want(t, http.StatusSeeOther)
	b.signOn("/").want(t, http.StatusSeeOther)
	b.get("/sessions").want(t, http.StatusOK, "Here alone")
}

// TestOneAddress: whoever comes by another name of this machine is led to the
// one that the provider sends browsers back to.
func TestOneAddress(t *testing.T) {
	t.Parallel()
	h, _ := openLying(t, web.Access{})
	got := h.browser().send(http.MethodGet, "/sign-in/with?next=/today", "", func(r *http.Request) { r.Host = "localhost" })
	if want := h.server.URL + "/sign-in/with?next=%2Ftoday"; got.header.Get("Location") != want {
		t.Errorf("led to %s, want %s", got.header.Get("Location"), want)
	}
}

// TestARealProvider signs in at zitadel's, with names and roles in the ID token
// and in UserInfo, with a role and without, and signs out there too.
func TestARealProvider(t *testing.T) {
	t.Parallel()
	for _, client := range []string{"postroom", "thin"} {
		t.Run(client, func(t *testing.T) {
			t.Parallel()
			h, b, issuer := openReal(t, client)
			priya, tom := somebody("Priya"), somebody("Tom")
			b.signOnAt(issuer, priya+"+Postroom.Reviewer", "/today").want(t, http.StatusSeeOther)
			b.get("/today").want(t, http.StatusOK, priya)
			h.browser().signOnAt(issuer, priya+"+Postroom.Admin", "/").want(t, http.StatusSeeOther)
			b.get("/people").want(t, http.StatusOK, address(priya), "their Citrine Homes account", "Firefox on Windows")
			h.browser().signOnAt(issuer, tom, "/").want(t, http.StatusForbidden, tom+" ("+address(tom)+")", "no role")
			b.post("/sign-out", form()).want(t, http.StatusSeeOther)
			out := regexp.MustCompile(`href="([^"]*end_session[^"]*)"`).FindStringSubmatch(b.get("/sign-in?out=there").body)
			if out == nil {
				t.Fatal("the page does not lead to signing out there")
			}
			if got := b.visit(strings.ReplaceAll(out[1], "&amp;", "&")); got.header.Get("Location") != h.server.URL+"/sign-in" {
				t.Errorf("signing out there: %d to %s\n%s", got.status, got.header.Get("Location"), got.body)
			}
			all, err := h.register.Accounts(t.Context())
			must(t, err)
			if len(all) != 1 || all[0].Issuer != issuer || all[0].Role != register.Admin {
				t.Errorf("accounts: %+v", all)
			}
		})
	}
}

// somebody has a name that nobody has: the provider, which all tests share,
// gives a person the roles of their last sign-in.
func somebody(first string) string { return first + " " + rand.Text()[:10] }

func address(name string) string {
	return strings.ToLower(strings.ReplaceAll(name, " ", ".")) + "@citrine.example"
}

// openReal is a house with a real provider, and a browser that began nothing.
func openReal(t *testing.T, client string) (*house, *browser, string) {
	t.Helper()
	issuer := os.Getenv("POSTROOM_TEST_OIDC")
	if issuer == "" {
		t.Skip("integration: POSTROOM_TEST_OIDC names no provider of OpenID Connect")
	}
	h := openOn(t, registertest.SQLite, web.Access{}, signingOn(t, openid.Config{Issuer: issuer, ClientID: client, Secret: "secret", Now: time.Now}))
	return h, h.browser(), issuer
}

// signOnAt fills the provider's form in, and comes back.
func (b *browser) signOnAt(issuer, name, next string) page {
	b.Helper()
	login := b.away(next)
	u, err := url.Parse(login)
	must(b.TB, err)
	got := b.request(http.MethodPost, issuer+u.Path, form("id", u.Query().Get("authRequestID"), "username", name, "password", "secret"))
	got = b.visit(got.header.Get("Location"))
	if got.status != http.StatusFound {
		b.Fatalf("the provider does not send us back: %d\n%s", got.status, got.body)
	}
	return b.visit(got.header.Get("Location"))
}
