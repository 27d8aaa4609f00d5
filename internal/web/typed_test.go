package web_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"postroom/internal/register"
	"postroom/internal/registertest"
)

// cutOff ends the sessions of an account while somebody writes, and says what
// its forms call it.
func (h *house) cutOff(name string) register.ID {
	h.Helper()
	all, err := h.register.Accounts(h.Context())
	must(h.TB, err)
	who := all[slices.IndexFunc(all, func(a register.Account) bool { return a.Name == name })].ID
	must(h.TB, h.register.EndSessionsBut(h.Context(), who, "", name))
	return who
}

// signsIn sends the sign-in page with a name and a password.
func (b *browser) signsIn(asked page, name, password string) page {
	b.Helper()
	return b.post("/sign-in", with(asked.carried(), "account", name, "password", password))
}

// TestWhatIsTypedOutlivesTheSession: every form in which people write is shown
// again once they have signed in, and does nothing by itself.
func TestWhatIsTypedOutlivesTheSession(t *testing.T) {
	t.Parallel()
	h := openForLong(t, registertest.SQLite)
	b := h.signedIn("Priya", register.Manager)
	c := h.complaint(b)
	letter, held := h.unreadLetter(), h.held()
	_, seen := b.form(c, "note")
	before, _ := h.events("case:" + c.ID)
	const typed = "Line one\r\nLine \"two\" <b>"
	const shown = "Line one\nLine &#34;two&#34; &lt;b&gt;"
	forms := map[string]url.Values{
		"/cases/" + c.Reference + "/note":          form("seen", seen, "reason", typed),
		"/cases/" + c.Reference + "/answer":        form("seen", seen, "outcome", "upheld", "text", typed, "way", "send"),
		"/contact":                                 heard("said", typed),
		"/mailroom/letters/" + letter.ID + "/text": form("version", strconv.FormatInt(letter.Version, 10), "text", typed, "name", "Ann Other"),
		"/replies/" + held.ID + "/ruling":          form("reason", typed, "do", "cancel"),
	}
	for path, f := range forms {
		f.Set("whose", h.cutOff("Priya"))
		asked := b.post(path, f)
		asked.want(t, http.StatusForbidden, "Nothing was done yet. Sign in, and what you typed is shown again.", `name="form" value="`+path+`"`)
		// A wrong password loses nothing either.
		asked = b.signsIn(asked, "Priya", "not her password")
		asked.want(t, http.StatusForbidden, "is not right")
		got := b.signsIn(asked, "Priya", secret)
		if !strings.Contains(strings.ReplaceAll(got.body, "\r\n", "\n"), shown) {
			t.Errorf("%s: what was typed is not there\n%s", path, got.body)
		}
		got.want(t, http.StatusOK, "Here is what you had typed. Nothing was done yet.", `action="`+path+`"`)
		b.get("/").want(t, http.StatusOK) // signed in
	}
	if now, _ := h.events("case:" + c.ID); len(now) != len(before) {
		t.Error("signing in did something to the case")
	}
	if o, err := h.register.GetOutgoing(t.Context(), held.ID); err != nil || o.State != register.Held {
		t.Errorf("signing in ruled on the reply: %v %v", o.State, err)
	}
	if h.message(letter.ID).Version != letter.Version {
		t.Error("signing in typed the letter in")
	}
	if strings.Contains(h.log.String(), "Line one") {
		t.Error("the log holds what was typed")
	}
	// Sent again, it is done.
	b.did(c, "note", "reason", typed).want(t, http.StatusOK, "A note, by Priya")
}

// TestWhatIsTypedIsShownToNobodyElse, nor when nobody knows whose it was.
func TestWhatIsTypedIsShownToNobodyElse(t *testing.T) {
	t.Parallel()
	h := openForLong(t, registertest.SQLite)
	b := h.signedIn("Priya", register.Reviewer)
	h.account("Tom", register.Manager)
	h.account("Mo", register.Mailroom)
	c := h.complaint(b)
	_, seen := b.form(c, "note")
	path := "/cases/" + c.Reference + "/note"
	f := form("seen", seen, "reason", "Priya's own words", "whose", h.cutOff("Priya"))
	asked := b.post(path, f)
	for name, why := range map[string]string{"Tom": "Somebody else typed this", "Mo": "Not for your role"} {
		other := h.browser()
		got := other.signsIn(asked, name, secret)
		got.want(t, http.StatusForbidden, why)
		if strings.Contains(got.body, "own words") {
			t.Errorf("%s is shown Priya's words", name)
		}
	}
	f.Del("whose")
	if got := b.post(path, f); strings.Contains(got.body, "own words") || !strings.Contains(got.body, "Nothing was done. If you had typed something, go back") {
		t.Errorf("it is not known whose it was:\n%s", got.body)
	}
	// What is too long to go along is not kept in part.
	f.Set("whose", h.cutOff("Priya"))
	f.Set("reason", strings.Repeat("ä", 45_000))
	if got := b.post(path, f); strings.Contains(got.body, "ää") || !strings.Contains(got.body, "go back") {
		t.Error("it is kept although it is too long")
	}
}

// TestWhatIsTypedMeetsAChangedCase: somebody worked on the case meanwhile.
func TestWhatIsTypedMeetsAChangedCase(t *testing.T) {
	t.Parallel()
	h := openForLong(t, registertest.SQLite)
	b, tom := h.signedIn("Priya", register.Reviewer), h.signedIn("Tom", register.Reviewer)
	c := h.complaint(b)
	_, seen := b.form(c, "answer")
	who := h.cutOff("Priya")
	tom.did(c, "note", "reason", "The contractor rang")
	var body bytes.Buffer // as a browser sends a form with a file
	w := multipart.NewWriter(&body)
	for name, value := range map[string]string{"seen": seen, "outcome": "upheld", "text": "Our <answer>", "way": "send", "whose": who} {
		must(t, w.WriteField(name, value))
	}
	file, err := w.CreateFormFile("file", "answer.pdf")
	must(t, err)
	_, err = file.Write([]byte("%PDF-1.4 " + strings.Repeat("x", 2<<20)))
	must(t, err)
	must(t, w.Close())
	path := "/cases/" + c.Reference + "/answer"
	asked := b.send(http.MethodPost, path, body.String(), func(r *http.Request) { r.Header.Set("Content-Type", w.FormDataContentType()) })
	asked.want(t, http.StatusForbidden, "what you typed is shown again", "Our &lt;answer&gt;")
	if strings.Contains(asked.body, "PDF") {
		t.Error("the file is in the page")
	}
	b.signsIn(asked, "Priya", secret).want(t, http.StatusConflict, "Tom changed this case", "Our &lt;answer&gt;")
}

// TestTypedWordsLeadNowhereElse: what the sign-in page is sent cannot make it
// show or do anything but a form again.
func TestTypedWordsLeadNowhereElse(t *testing.T) {
	t.Parallel()
	h := open(t)
	m := h.waiting()
	h.account("Priya", register.Manager)
	who := h.cutOff("Priya")
	for _, path := range []string{"//attacker.example/", "https://attacker.example/", "/messages/" + m.ID + "/again", "/people/" + who, "/nothing", "", "/sign-in/typed", `/\attacker.example`} {
		b := h.browser()
		got := b.post("/sign-in", form("account", "Priya", "password", secret, "form", path, "kept.whose", who, "kept.again", "x", "kept.to", "off"))
		if got.status != http.StatusSeeOther || got.header.Get("Location") != "/" {
			t.Errorf("%q: %d to %q", path, got.status, got.header.Get("Location"))
		}
		b.post("/sign-in/typed", form("form", path, "kept.whose", who)).want(t, http.StatusSeeOther)
	}
	h.browser().post("/sign-in/typed", form("form", "/contact", "kept.whose", who, "kept.said", "x")).want(t, http.StatusForbidden, `name="kept.said" value="x"`)
	if h.message(m.ID).Version != m.Version {
		t.Error("the message changed")
	}
}

// TestTypedWordsInABrowser: the session ends while an officer writes, and after
// signing in it is still there. Then she changes her password.
func TestTypedWordsInABrowser(t *testing.T) {
	t.Parallel()
	b := startChromium(t)
	h := open(t)
	h.account("Priya Nandakumar", register.Manager)
	b.size(1280, 900, "light")
	b.signIn(h, "Priya Nandakumar")
	b.open(h.server.URL + "/contact")
	h.cutOff("Priya Nandakumar")
	b.ask(`document.querySelector("#c-said").value = "What Priya heard"; document.querySelector("main form .btn.go").click()`, nil)
	b.until(`document.readyState === "complete" && document.body.innerText.includes("You were signed out meanwhile")`)
	b.look(t, "signed out while writing")
	b.tabTo("#account")
	b.write("Priya Nandakumar")
	b.tabTo("#password")
	b.write(secret)
	b.enter()
	b.until(`document.readyState === "complete" && document.querySelector("#c-said") !== null && document.querySelector("#c-said").value === "What Priya heard"`)
	b.look(t, "typed before")

	b.open(h.server.URL + "/password")
	b.ask(`for (const id of ["now", "new", "again"]) document.querySelector("#f-" + id).value = "short"; document.querySelector("main form .btn.go").click()`, nil)
	b.until(`document.querySelector(".errors") !== null && document.activeElement === document.querySelector(".errors")`)
	b.look(t, "password")
}
