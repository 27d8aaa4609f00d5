package web_test

import (
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/web"
)

// fieldOf is a field that a page carries along or gives back in an input.
var fieldOf = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)

// carried is what the page's form would post by itself.
func (p page) carried() url.Values {
	f := url.Values{}
	for _, m := range fieldOf.FindAllStringSubmatch(p.body, -1) {
		f.Add(m[1], html.UnescapeString(m[2]))
	}
	return f
}

// fill is that, with what somebody types or presses.
func (p page) fill(pairs ...string) url.Values {
	f := p.carried()
	for i := 0; i < len(pairs); i += 2 {
		f.Add(pairs[i], pairs[i+1])
	}
	return f
}

const letDown = "I want to make a formal complaint. The heating has been off for nine days, I have called five times, nobody phones back and nobody has come. This is the third time this year that you let us down."

// written goes through the form up to the last page.
func (b *browser) written(what, who []string) page {
	b.Helper()
	p := b.post("/complain", b.get("/complain").fill())
	p.want(b.TB, http.StatusOK, "What has gone wrong?")
	p = b.post("/complain", p.fill(what...))
	p.want(b.TB, http.StatusOK, "How can we reach you?")
	p = b.post("/complain", p.fill(who...))
	p.want(b.TB, http.StatusOK, "Check what you have written")
	return p
}

func (b *browser) usual() page {
	b.Helper()
	return b.written([]string{"said", letDown, "want", "A new boiler", "link", ""},
		[]string{"name", "Idris Bowen", "answer", "letter", "address", "12 Tanner's Row\nMillhaven", "postcode", "ls1 4ap", "needs", "large", "other", "Welsh"})
}

func (h *house) all() []register.Message {
	h.Helper()
	all, err := h.register.Messages(h.Context(), time.Time{}, 300)
	must(h.TB, err)
	return all
}

func TestAResidentComplains(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browser()
	first := b.get("/complain")
	first.want(t, http.StatusOK, "Citrine Homes", "0300 555 0199", "within 5 working days", "Housing Ombudsman")
	check := b.usual()
	check.want(t, http.StatusOK, "nobody phones back", "A new boiler", "Idris Bowen", "12 Tanner&#39;s Row, Millhaven, LS1 4AP", "By letter", "Large print, Welsh")
	if len(h.all()) != 0 {
		t.Fatal("it is registered before it is sent")
	}
	done := b.post("/complain", check.fill())
	all := h.all()
	if len(all) != 1 {
		t.Fatalf("%d messages\n%s", len(all), done.body)
	}
	m := h.message(all[0].ID)
	done.want(t, http.StatusOK, "We have your complaint", m.Reference, "Monday 23 November 2026 at 10:00", "Monday 30 November 2026")
	if m.Channel != register.WebForm || !strings.HasPrefix(m.Fingerprint, "form:") || m.Junk || m.Reading == nil || m.Reading.Told == nil {
		t.Fatalf("registered %+v", m)
	}
	told := m.Reading.Told
	if told.Vouched || m.Reading.Authenticated || told.Danger || told.By != "" || !told.Large || strings.Join(told.Postal, "|") != "12 Tanner's Row|Millhaven|LS1 4AP" || m.Reading.From.Name != "Idris Bowen" {
		t.Errorf("told %+v", told)
	}
	if m.Verdict == nil || m.Verdict.Label != "complaint" {
		t.Fatalf("verdict %+v", m.Verdict)
	}
	// Anybody can type an address: no letter goes there before somebody looked.
	c, _, err := h.register.GetCase(h.Context(), m.Case)
	must(t, err)
	replies, err := h.register.CaseOutgoings(h.Context(), m.Case)
	must(t, err)
	if len(replies) == 0 || replies[0].Way != register.ByLetter || c.PostalOK {
		t.Errorf("address confirmed: %t; owed %+v", c.PostalOK, replies)
	}
	if len(done.header.Values("Set-Cookie"))+len(first.header.Values("Set-Cookie")) != 0 {
		t.Error("the form sets a cookie")
	}
	for _, words := range []string{"Idris", "Tanner", "boiler"} {
		if strings.Contains(h.log.String(), words) {
			t.Errorf("%q is in the log", words)
		}
	}

	// Sent again, from another window and later: the same complaint, and its first time.
	h.clock.Advance(40 * time.Minute)
	h.browser().post("/complain", check.fill()).want(t, http.StatusOK, m.Reference, "at 10:00")
	if len(h.all()) != 1 {
		t.Error("sent twice is two messages")
	}
	// Changed after it was sent: nothing of the new words is lost.
	changed := check.carried()
	changed.Set("said", "I forgot: the ceiling leaks too.")
	if got := b.post("/complain", changed); got.status != http.StatusOK || strings.Contains(got.body, m.Reference) || len(h.all()) != 2 {
		t.Errorf("%d, %d messages", got.status, len(h.all()))
	}
}

func TestBackAndForthKeepsTheWords(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browser()
	check := b.usual()
	what := b.post("/complain", check.fill("go", "what"))
	what.want(t, http.StatusOK, "What has gone wrong?", letDown+"</textarea>", "A new boiler</textarea>", `value="Idris Bowen"`)
	who := b.post("/complain", check.fill("go", "who"))
	who.want(t, http.StatusOK, `name="name" value="Idris Bowen"`, `value="letter" checked`, `value="large" checked`, "12 Tanner&#39;s Row\nMillhaven</textarea>")
	// Half filled in, back, and on again.
	back := b.post("/complain", who.fill("name", "Idris", "answer", "email", "email", "half@", "go", "back"))
	back.want(t, http.StatusOK, letDown, `name="email" value="half@"`)
	start := b.post("/complain", back.fill("said", "First\nsecond", "go", "back"))
	start.want(t, http.StatusOK, "Other ways to complain")
	b.post("/complain", start.fill()).want(t, http.StatusOK, "First\nsecond</textarea>")
	on := b.post("/complain", back.fill("said", "First\nsecond"))
	on.want(t, http.StatusOK, `value="Idris"`, `value="half@"`, `value="email" checked`)
	if on.carried().Get("id") != check.carried().Get("id") || len(h.all()) != 0 {
		t.Error("it is another complaint, or was sent")
	}
}

func TestAComplaintThatCannotStand(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browser()
	what := func(said, want string) url.Values { return form("step", "what", "said", said, "want", want) }
	who := func(pairs ...string) url.Values {
		f := form("step", "who", "said", letDown, "name", "Idris Bowen", "answer", "letter", "address", "12 Tanner's Row", "postcode", "LS1 4AP")
		for i := 0; i < len(pairs); i += 2 {
			f.Set(pairs[i], pairs[i+1])
		}
		return f
	}
	skipped := who("name", "")
	skipped.Set("step", "check")
	for name, row := range map[string]struct {
		f           url.Values
		field, text string
	}{
		"no words":            {what(" \n", "a boiler"), "said", "Tell us what has gone wrong"},
		"too many":            {what(strings.Repeat("ж", 20_001), ""), "said", "at most 20000 characters"},
		"too many hopes":      {what("It leaks", strings.Repeat("x\n", 30)), "want", "at most 20 lines"},
		"no way to answer":    {who("answer", ""), "answer", "Choose how we should reply"},
		"an officer's way":    {who("answer", "none"), "answer", "Choose how we should reply"},
		"no email":            {who("answer", "email"), "email", "Give the email address"},
		"odd email":           {who("email", "a@b, c@d"), "email", "such as name@example.com"},
		"no phone":            {who("answer", "phone"), "phone", "Give the number"},
		"no home":             {who("address", "", "postcode", ""), "address", "Give the address"},
		"no name":             {who("name", ""), "name", "Give the name"},
		"a step left out":     {form("step", "check"), "said", "Tell us what has gone wrong"},
		"the second left out": {skipped, "name", "Give the name"},
	} {
		got := b.post("/complain", row.f)
		got.want(t, http.StatusUnprocessableEntity, "There is a problem", "<title>Error: ", `<a href="#c-`+row.field+`">`, `id="c-`+row.field+`"`, row.text, "What you typed is still there")
		if strings.Count(got.body, row.text) < 2 {
			t.Errorf("%s: it is not said at the field", name)
		}
		if said := row.f.Get("said"); strings.TrimSpace(said) != "" && !strings.Contains(got.body, said) {
			t.Errorf("%s: the words are lost", name)
		}
	}
	long := b.post("/complain", what(strings.Repeat("x", 300<<10), ""))
	long.want(t, http.StatusRequestEntityTooLarge, "too long", "0300 555 0100")
	if strings.Contains(long.body, "review queue") {
		t.Error("a resident is sent to the staff's pages")
	}
	b.send(http.MethodPost, "/complain", "step=what", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }).want(t, http.StatusForbidden, "Another website")
	if len(h.all()) != 0 {
		t.Error("something was registered")
	}
}

func TestARobotSeesNothingOdd(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browser()
	check := b.written([]string{"said", letDown, "link", "https://pills.example"}, []string{"name", "Eve", "answer", "email", "email", "eve@example.com"})
	b.post("/complain", check.fill()).want(t, http.StatusOK, "We have your complaint", h.references()[0])
	m := h.message(h.all()[0].ID)
	if !m.Junk || m.State != register.InReview || !strings.Contains(m.Problem, "as robots do") || len(h.owed) != 0 {
		t.Errorf("%s: %s", m.State, m.Problem)
	}
}

func (h *house) references() (all []string) {
	h.Helper()
	for _, m := range h.all() {
		all = append(all, m.Reference)
	}
	return all
}

func TestTooManyComplaintsAreAskedToPhone(t *testing.T) {
	t.Parallel()
	h := openOn(t, registertest.SQLite, web.Access{BehindProxy: true, Address: "https://post.citrine.example"})
	b := h.browser()
	send := func(client string, n int) page {
		f := form("step", "check", "said", "Message "+strconv.Itoa(n), "answer", "email", "email", "x@example.com")
		return b.send(http.MethodPost, "/complain", f.Encode(), func(r *http.Request) { r.Header.Set("X-Forwarded-For", client) })
	}
	for n := range 10 {
		send("192.0.2.1", n).want(t, http.StatusOK, "We have your complaint")
	}
	refused := send("192.0.2.1", 10)
	refused.want(t, http.StatusTooManyRequests, "It was not sent yet", "0300 555 0100", "Message 10")
	if refused.carried().Get("said") != "Message 10" || len(h.all()) != 10 {
		t.Errorf("%d registered", len(h.all()))
	}
	send("192.0.2.2", 11).want(t, http.StatusOK, "We have your complaint")
	h.clock.Advance(time.Hour)
	again := refused.carried()
	b.send(http.MethodPost, "/complain", again.Encode(), func(r *http.Request) { r.Header.Set("X-Forwarded-For", "192.0.2.1") }).want(t, http.StatusOK, "We have your complaint")
}

func TestACrowdIsBounded(t *testing.T) {
	t.Parallel()
	now := registertest.NewClock().Now()
	let := 0
	c := web.NewCrowd()
	for n := range 300 {
		if c.Enter("192.0.2."+strconv.Itoa(n), now) {
			let++
		}
	}
	if let != 200 || c.Enter("198.51.100.1", now.Add(59*time.Minute)) || !c.Enter("198.51.100.1", now.Add(time.Hour)) {
		t.Errorf("%d let in", let)
	}
}

func TestHostileComplaints(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browser()
	what := []string{"said", attack + "</textarea>", "want", attack, "reference", attack, "link", attack}
	who := []string{"name", attack, "answer", "email", "email", "eve@example.com", "phone", attack, "address", "1 Lane " + attack, "postcode", attack, "other", attack, "needs", attack, "rep", attack}
	start := b.get("/complain").carried()
	all := form(append(append([]string{"step", "who", "id", start.Get("id")}, what...), who...)...)
	pages := []page{b.post("/complain", all)}
	for _, step := range []string{"what", "check", "who", attack} {
		for _, towards := range []string{"", "back", "what", "who", attack} {
			all.Set("step", step)
			all.Set("go", towards)
			pages = append(pages, b.post("/complain", all))
		}
	}
	for _, p := range pages {
		if strings.Contains(p.body, "<script") || strings.Contains(p.body, "<img") || !strings.Contains(p.body, "</html>") {
			t.Errorf("%d: what was typed is markup\n%s", p.status, p.body)
		}
	}
	staff := h.signedIn("Priya", register.Reviewer)
	ids := h.all()
	if len(ids) == 0 {
		t.Fatal("nothing was sent")
	}
	if p := staff.get("/messages/" + ids[0].ID); p.status != http.StatusOK || strings.Contains(p.body, "<script>alert") || strings.Contains(p.body, "<img src=x") {
		t.Errorf("the item's page: %d", p.status)
	}
}

func TestWithoutTheFormThereIsNoSuchPage(t *testing.T) {
	t.Parallel()
	desk, err := web.New(web.Config{Composer: composer(t), Now: registertest.NewClock().Now, Access: web.Access{Cost: cheap(), AnyHost: true}})
	must(t, err)
	handler, err := desk.Handler()
	must(t, err)
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		got := httptest.NewRecorder()
		handler.ServeHTTP(got, httptest.NewRequestWithContext(t.Context(), method, "/complain", nil))
		if got.Code != http.StatusNotFound {
			t.Errorf("%s: %d", method, got.Code)
		}
	}
}

// TestTheResidentsFormInABrowser goes through it by keyboard and looks at every step.
func TestTheResidentsFormInABrowser(t *testing.T) {
	t.Parallel()
	b := startChromium(t)
	h := open(t)
	heading := func(words string) {
		t.Helper()
		b.until(`document.readyState === "complete" && document.querySelector("h1").innerText === "` + words + `"`)
	}
	b.size(375, 900, "light")
	b.open(h.server.URL + "/complain")
	b.look(t, "complain start")
	b.tabTo("main .btn.go")
	b.enter()
	heading("What has gone wrong?")
	b.tabTo("main .btn.go")
	b.enter()
	b.until(`document.querySelector(".errors") !== null && document.activeElement === document.querySelector(".errors")`)
	b.look(t, "complain mistake")
	b.tabTo("#c-said")
	b.write(letDown + " " + strings.Repeat("Wassertropfen", 12))
	folder := t.TempDir()
	for _, name := range []string{"ceiling.jpg", strings.Repeat("Wassertropfen", 9) + ".jpg", "film.mov"} {
		must(t, os.WriteFile(folder+"/"+name, []byte(map[bool]string{true: jpeg + name, false: "MZ"}[name != "film.mov"]), 0o600))
	}
	b.choose("#c-files", folder+"/ceiling.jpg", folder+"/"+strings.Repeat("Wassertropfen", 9)+".jpg", folder+"/film.mov")
	b.tabTo("button[value=add]")
	b.enter()
	b.until(`document.querySelector("#c-files") && document.activeElement === document.querySelector(".errors")`)
	b.look(t, "complain files")
	b.tabTo("#c-reference")
	b.enter() // goes on: neither back nor does it remove a file
	heading("How can we reach you?")
	b.look(t, "complain who")
	b.ask(`document.querySelector("input[value=email]").checked = true`, nil)
	b.tabTo("#c-email")
	b.write("anastasia.papadopoulou-featherstonehaugh@mail.example.org")
	b.enter() // goes on, not back
	heading("Check what you have written")
	b.look(t, "complain check")
	b.tabTo("button[name=remove]")
	b.enter()
	b.until(`document.querySelector("[role=status]") !== null`)
	b.look(t, "complain removed")
	b.tabTo("main .btn.go")
	b.enter()
	heading("We have your complaint")
	b.look(t, "complain done")
	if m := h.all(); len(m) != 1 || m[0].Channel != register.WebForm || h.message(m[0].ID).Junk || len(h.message(m[0].ID).Reading.Attachments) != 1 {
		t.Errorf("registered %+v", m)
	}
}
