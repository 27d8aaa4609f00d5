package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/web"
)

func TestSigningIn(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.account("Priya", register.Reviewer)
	b := h.browser()
	b.get("/sign-in?next=/today").want(t, http.StatusOK, `name="next" value="/today"`)
	wrong := b.post("/sign-in", form("account", "Priya", "password", "three plain word"))
	unknown := b.post("/sign-in", form("account", "Nobody", "password", secret))
	wrong.want(t, http.StatusForbidden, "is not right")
	if strings.ReplaceAll(unknown.body, "Nobody", "Priya") != wrong.body {
		t.Error("an unknown name is answered in another way than a wrong password")
	}
	got := b.post("/sign-in", form("account", "pRIYA", "password", secret, "next", "/today"))
	cookie := got.header.Get("Set-Cookie")
	if got.status != http.StatusSeeOther || got.header.Get("Location") != "/today" || !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Lax") {
		t.Errorf("%d to %s, cookie %s", got.status, got.header.Get("Location"), cookie)
	}
	b.get("/today").want(t, http.StatusOK, "Sign out")
	if got := b.get("/sign-in"); got.header.Get("Location") != "/" {
		t.Errorf("signed in, the sign-in page leads to %q", got.header.Get("Location"))
	}
	copied := h.browser() // of somebody who got hold of the cookie
	copied.Jar = b.Jar
	b.post("/sign-out", form()).want(t, http.StatusSeeOther)
	copied.get("/").want(t, http.StatusSeeOther)
	if log := h.log.String(); strings.Contains(log, secret) || strings.Contains(log, "Priya") || !strings.Contains(log, "a sign-in failed") {
		t.Errorf("the log: %s", log)
	}
}

func TestWhereSigningInLeads(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.account("Priya", register.Reviewer)
	for next, want := range map[string]string{
		"/messages/1?x=2": "/messages/1?x=2", "//attacker.example/": "/", "https://attacker.example/": "/", `/\attacker.example`: "/", "javascript:alert(1)": "/",
		"": "/", "today": "/", "/%0d%0aSet-Cookie:x=y": "/%0d%0aSet-Cookie:x=y", "/\t/attacker.example": "/", "///attacker.example": "/",
	} {
		b := h.browser()
		if got := b.post("/sign-in", form("account", "Priya", "password", secret, "next", next)); got.header.Get("Location") != want {
			t.Errorf("%q leads to %q, want %q", next, got.header.Get("Location"), want)
		}
	}
}

func TestTooManyTriesCloseTheAccount(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.account("Priya", register.Reviewer)
	b := h.browser()
	for range 5 {
		b.post("/sign-in", form("account", "Priya", "password", "wrong wrong wrong")).want(t, http.StatusForbidden)
	}
	b.post("/sign-in", form("account", "Priya", "password", secret)).want(t, http.StatusTooManyRequests, "too many wrong tries")
	h.clock.Advance(register.TriesClosed + time.Second)
	b.post("/sign-in", form("account", "Priya", "password", secret)).want(t, http.StatusSeeOther)
}

func TestWhoseTryItWas(t *testing.T) {
	t.Parallel()
	h := openOn(t, registertest.SQLite, web.Access{BehindProxy: true, AnyHost: true})
	b := h.browser()
	try := func(name, forwarded string) page {
		return b.send(http.MethodPost, "/sign-in", form("account", name, "password", "x").Encode(), func(r *http.Request) { r.Header.Set("X-Forwarded-For", forwarded) })
	}
	for i := range 30 { // what the visitor claims stands first, what the proxy saw last
		try("name "+string(rune('a'+i%26))+string(rune('a'+i/26)), "203.0.113."+string(rune('0'+i%10))+", 198.51.100.7").want(t, http.StatusForbidden)
	}
	try("another", "198.51.100.7").want(t, http.StatusTooManyRequests)
	try("another", "198.51.100.8").want(t, http.StatusForbidden)
	try("another", "2001:db8::1").want(t, http.StatusForbidden)
}

func TestASessionEndsByItself(t *testing.T) {
	t.Parallel()
	h := openOn(t, registertest.SQLite, web.Access{Idle: 30 * time.Minute, Longest: 2 * time.Hour})
	b := h.signedIn("Priya", register.Reviewer)
	for range 5 {
		h.clock.Advance(20 * time.Minute)
		b.get("/").want(t, http.StatusOK)
	}
	h.clock.Advance(20 * time.Minute)
	b.get("/").want(t, http.StatusSeeOther) // two hours
	b = h.again("Priya")
	h.clock.Advance(30 * time.Minute)
	b.get("/").want(t, http.StatusSeeOther) // unused
}

func TestASessionIsTakenAway(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.signedIn("Priya", register.Reviewer)
	must(t, h.register.DisableAccount(t.Context(), "Priya", register.CommandLine))
	b.get("/").want(t, http.StatusSeeOther)
	b.post("/sign-in", form("account", "Priya", "password", secret)).want(t, http.StatusForbidden, "is not right")
}

// TestNothingTypedIsLost: the session ends while an officer writes.
func TestNothingTypedIsLost(t *testing.T) {
	t.Parallel()
	h := open(t)
	m := h.waiting()
	b := h.signedIn("Priya", register.Reviewer)
	h.clock.Advance(2 * time.Hour)
	f := with(decision(m), "issues", "Line one\r\nLine \"two\" <b>", "label", "enquiry", "reason", "because", "whose", h.cutOff("Priya"))
	got := b.post("/messages/"+m.ID+"/decision", f)
	got.want(t, http.StatusForbidden, "You were signed out meanwhile", "Line one", `name="next" value="/messages/`+m.ID)
	b.signsIn(got, "Priya", secret).want(t, http.StatusOK, "Here is what you had typed", "Line one\nLine &#34;two&#34; &lt;b&gt;", `value="because"`, `value="enquiry" required checked`)
	if h.message(m.ID).State != register.InReview {
		t.Error("signing in decided")
	}
}

func TestCookiesBehindTLS(t *testing.T) {
	t.Parallel()
	h := openOn(t, registertest.SQLite, web.Access{SecureCookies: true})
	h.account("Priya", register.Reviewer)
	got := h.browser().post("/sign-in", form("account", "Priya", "password", secret))
	cookie := got.header.Get("Set-Cookie")
	if !strings.HasPrefix(cookie, "__Host-postroom=") || !strings.Contains(cookie, "; Secure") || !strings.Contains(cookie, "; Path=/") || got.header.Get("Strict-Transport-Security") == "" {
		t.Errorf("cookie %s, headers %v", cookie, got.header)
	}
}
