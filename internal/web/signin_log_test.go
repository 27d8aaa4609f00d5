package web_test

import (
	"net/http"
	"strings"
	"testing"

	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/web"
)

// What docs/security.md says is logged of signing in is logged, with the
// account or the address, and never with the name that was typed.
func TestSigningInAndOutIsLogged(t *testing.T) {
	t.Parallel()
	h := open(t)
	priya := h.account("Priya", register.Reviewer)
	b, admin := h.browser(), h.signedIn("Olga", register.Admin)
	says := func(what string, parts ...string) {
		t.Helper()
		lines := h.linesWith(what)
		for _, line := range lines {
			whole := true
			for _, part := range parts {
				whole = whole && strings.Contains(line, part)
			}
			if whole {
				return
			}
		}
		t.Errorf("no line says %q with %q:\n%s", what, parts, h.log.String())
	}
	b.post("/sign-in", form("account", "Priya", "password", "wrong wrong wrong")).want(t, http.StatusForbidden)
	says("a sign-in failed", "account_id="+priya.ID, "from=127.0.0.1")
	for range 6 {
		b.post("/sign-in", form("account", "Ghost", "password", "wrong wrong wrong"))
	}
	says("too many wrong tries", "from=127.0.0.1")
	b.post("/sign-in", form("account", "Priya", "password", secret)).want(t, http.StatusSeeOther)
	b.post("/sign-out", form()).want(t, http.StatusSeeOther)
	says("signed out", "account_id="+priya.ID)
	b = h.again("Priya")
	h.again("Priya")
	b.post("/sessions/others", form()).want(t, http.StatusSeeOther)
	says("all other sessions were ended", "account_id="+priya.ID)
	h.again("Priya")
	b.post(endings(b.get("/sessions"))[0], form()).want(t, http.StatusSeeOther)
	says("a session was ended", "account_id="+priya.ID)
	admin.post("/people/"+priya.ID, form("to", "off")).want(t, http.StatusOK)
	says("an account was switched", "account_id=", "whose="+priya.ID, "to=off")
	admin.send(http.MethodPost, "/people/"+priya.ID, form("to", "on").Encode(), func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }).want(t, http.StatusForbidden)
	says("another website's post was refused", "from=127.0.0.1")
	if strings.Contains(h.log.String(), "Ghost") {
		t.Error("the name that was typed is in the log")
	}
}

// Some proxies write the visitor's port as well, as Azure's Application Gateway
// does: the address counts, or everybody would be one visitor.
func TestAProxyThatWritesThePort(t *testing.T) {
	t.Parallel()
	h := openOn(t, registertest.SQLite, web.Access{BehindProxy: true, AnyHost: true})
	b := h.browser()
	try := func(i int, forwarded string) page {
		return b.send(http.MethodPost, "/sign-in", form("account", "name "+string(rune('a'+i%26))+string(rune('a'+i/26)), "password", "x").Encode(), func(r *http.Request) { r.Header.Set("X-Forwarded-For", forwarded) })
	}
	for i := range 30 {
		try(i, "203.0.113.9, 198.51.100.7:4711").want(t, http.StatusForbidden)
	}
	try(31, "198.51.100.7:4712").want(t, http.StatusTooManyRequests)
	try(31, "198.51.100.7").want(t, http.StatusTooManyRequests)
	try(31, "198.51.100.8:4711").want(t, http.StatusForbidden)
	try(31, "[2001:db8::1]:4711").want(t, http.StatusForbidden)
}
