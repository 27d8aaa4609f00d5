package web_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"postroom/internal/register"
	"postroom/internal/web"
)

// endings are the forms of a page that end a sign-in.
func endings(p page) (all []string) {
	for _, m := range regexp.MustCompile(`action="(/(?:people/)?sessions/\w+/end)"`).FindAllStringSubmatch(p.body, -1) {
		all = append(all, m[1])
	}
	return all
}

func TestEndingOnesOwnSignIns(t *testing.T) {
	t.Parallel()
	h := open(t)
	here := h.signedIn("Priya", register.Auditor)
	left, phone, tom := h.again("Priya"), h.again("Priya"), h.signedIn("Tom", register.Reviewer)
	h.clock.Advance(2 * time.Minute)
	shown := here.get("/sessions")
	shown.want(t, http.StatusOK, "in 2 other places", "a program", "127.0.0.1", "This one", "End all others")
	ends := endings(shown)
	if len(ends) != 2 {
		t.Fatalf("%d sign-ins can be ended\n%s", len(ends), shown.body)
	}
	tom.post(ends[0], form("x", "y")).want(t, http.StatusSeeOther)
	left.get("/").want(t, http.StatusOK) // not Tom's to end
	phone.get("/").want(t, http.StatusOK)
	if got := here.post(ends[0], form("x", "y")); got.header.Get("Location") != "/sessions?ended=one" {
		t.Errorf("ending one leads to %s", got.header.Get("Location"))
	}
	if got := here.post(ends[0], form("x", "y")); got.header.Get("Location") != "/sessions?ended=none" {
		t.Errorf("ending it twice leads to %s", got.header.Get("Location"))
	}
	if (left.get("/").status == http.StatusOK) == (phone.get("/").status == http.StatusOK) {
		t.Error("not one of the two has ended")
	}
	here.post("/sessions/others", form("x", "y")).want(t, http.StatusSeeOther)
	left.get("/").want(t, http.StatusSeeOther)
	phone.get("/").want(t, http.StatusSeeOther)
	tom.get("/").want(t, http.StatusOK)
	here.get("/sessions?ended=others").want(t, http.StatusOK, "Here alone", "You are signed in here alone.")
}

func TestAnAdminLooksAfterPeople(t *testing.T) {
	t.Parallel()
	h := open(t)
	gwen := h.signedIn("Gwen", register.Admin)
	tom := h.signedIn("Tom", register.Reviewer)
	shown := gwen.get("/people")
	shown.want(t, http.StatusOK, "Tom", "a password", "Signed in", "Switch off", "This one")
	ends := endings(shown)
	if len(ends) != 1 {
		t.Fatalf("%d sign-ins can be ended\n%s", len(ends), shown.body)
	}
	gwen.post(ends[0], form("x", "y")).want(t, http.StatusSeeOther)
	tom.get("/").want(t, http.StatusSeeOther)
	gwen.get("/people?ended=one").want(t, http.StatusOK, "has to sign in again")

	tom = h.again("Tom")
	all, err := h.register.Accounts(t.Context())
	must(t, err)
	ids := map[string]string{}
	for _, a := range all {
		ids[a.Name] = a.ID
	}
	tom.post("/people/"+ids["Gwen"], form("to", "off")).want(t, http.StatusForbidden, "Not for your role")
	gwen.post("/people/"+ids["Tom"], form("to", "off")).want(t, http.StatusOK, "Tom is switched off", "Switch on", "Off")
	tom.get("/").want(t, http.StatusSeeOther)
	tom.post("/sign-in", form("account", "Tom", "password", secret)).want(t, http.StatusForbidden)
	gwen.post("/people/"+ids["Tom"], form("to", "on")).want(t, http.StatusOK, "Tom is switched on")
	h.again("Tom").get("/").want(t, http.StatusOK)
	gwen.post("/people/"+ids["Gwen"], form("to", "off")).want(t, http.StatusConflict, "your own account")
	gwen.post("/people/"+ids["Tom"], form("to", "up")).want(t, http.StatusConflict, "on or off")
	gwen.post("/people/nobody", form("to", "off")).want(t, http.StatusNotFound)
	events, err := h.register.History(t.Context(), "account:"+ids["Tom"])
	must(t, err)
	var said []string
	for _, e := range events {
		said = append(said, e.What+" by "+e.By)
	}
	want := "account_added by command line, signed_in by Tom, session_ended by Gwen, signed_in by Tom, account_disabled by Gwen, account_enabled by Gwen, signed_in by Tom"
	if got := strings.Join(said, ", "); got != want {
		t.Errorf("the history: %s\nwant %s", got, want)
	}
}

func TestDevices(t *testing.T) {
	t.Parallel()
	for agent, want := range map[string]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0": "Edge on Windows",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36":               "Chrome on Windows",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/604.1":     "Safari on an iPhone",
		"Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36":                  "Chrome on Android",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:140.0) Gecko/20100101 Firefox/140.0":                                          "Firefox on a Mac",
		"curl/8.5.0": "a program", "": "a program", "<script>Linux": "Linux",
	} {
		if got := web.Device(agent); got != want {
			t.Errorf("%s is %q, want %q", agent, got, want)
		}
	}
}

// TestPeopleInABrowser signs in at a real provider with a real browser, and
// looks at the pages about signing in.
func TestPeopleInABrowser(t *testing.T) {
	t.Parallel()
	h, _, issuer := openReal(t, "thin")
	b := startChromium(t)
	long, angharad, priya := strings.Repeat("Wassertropfen", 4), somebody("Angharad"), somebody("Priya")
	h.account("Gwen Pritchard", register.Admin)
	h.signedIn(long, register.Mailroom)
	h.browser().signOnAt(issuer, angharad+"+Postroom.Auditor", "/").want(t, http.StatusSeeOther)
	must(t, h.register.DisableAccount(t.Context(), long, register.CommandLine))
	b.size(1280, 900, "light")
	b.open(h.server.URL + "/sign-in?next=/sessions")
	b.look(t, "sign in with the organisation")
	b.tabTo(`a.btn.go`)
	b.enter()
	b.until(`document.querySelector("#username") !== null`)
	b.tabTo("#username")
	b.write(priya + "+Postroom.Admin")
	b.tabTo("#password")
	b.write("secret")
	b.enter()
	b.until(`document.querySelector("h1") !== null && document.querySelector("h1").innerText === "Where you are signed in"`)
	h.browser().signOnAt(issuer, priya+"+Postroom.Admin", "/").want(t, http.StatusSeeOther)
	b.open(h.server.URL + "/sessions")
	b.look(t, "sessions")
	b.tabTo(`form[action="/sessions/others"] button`)
	b.enter()
	b.until(`document.querySelector(".note[role=status]") !== null`)
	b.open(h.server.URL + "/people")
	b.look(t, "people")
	b.size(1280, 900, "light")
	b.tabTo(`button[aria-label^="Switch Angharad"]`)
	b.enter()
	b.until(`document.querySelector(".note[role=status]") !== null && document.body.innerText.includes("is switched off")`)
	b.tabTo(`form.me button`)
	b.enter()
	b.until(`document.querySelector("h1").innerText === "Sign in" && document.body.innerText.includes("too")`)
	b.look(t, "signed out")
	b.tabTo(`a[href*="end_session"]`)
	b.enter()
	b.until(`location.href === ` + `"` + h.server.URL + `/sign-in"`)
	b.visit(h.server.URL + "/sign-in/back")
	b.until(`document.querySelector("h1").innerText === "Sign in once more"`)
	b.look(t, "sign in once more")
}
