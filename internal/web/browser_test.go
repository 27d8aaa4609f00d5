package web_test

import (
	_ "embed" // axe-core
	"net/http"
	"slices"
	"strings"
	"testing"

	"postroom/classify"
	"postroom/internal/register"
)

// hostileMail has a subject, a name and a file name that are too long for any
// column, and holds no space to break at.
func hostileMail() string {
	long := strings.Repeat("Wassertropfen", 10)
	return "From: \"" + long[:65] + "\" <long@example.com>\nTo: complaints@citrine.example\nSubject: " + long + "\nMessage-ID: <9@example.com>\nMIME-Version: 1.0\n" +
		"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nNo heating. " + strings.Repeat(long, 3) +
		"\n\nPlease mend it.\n--b\nContent-Type: image/png\nContent-Disposition: attachment; filename=" + long[:100] + ".png\n\nnot really a picture\n--b--\n"
}

// desk fills a house with what an officer meets on a day.
func (h *house) desk() (plain register.Message) {
	h.Helper()
	plain = h.waiting()
	v := unsure(classify.Complaint)
	v.HazardLevel, v.Flags = classify.Emergency, []classify.Flag{classify.Hazard, classify.Vulnerable, classify.Representative}
	h.mail(hostileMail(), v, nil)
	v = unsure(classify.ServiceRequest)
	v.Flags = []classify.Flag{classify.Safeguarding}
	h.mail("From: anon@example.com\nSubject: next door\nMessage-ID: <8@example.com>\n\nI hear a child cry at night.\n", v, nil)
	h.mail("From: Tomasz <tomasz@example.com>\nSubject: =?utf-8?q?M=C3=B3j_s=C4=85siad?=\nMessage-ID: <7@example.com>\n\nDzien dobry, moj sasiad halasuje.\n", unsure(classify.Enquiry), func(o *register.Opening) {
		o.Verdict.Language, o.Problem = "pl", "it is not in English"
	})
	h.mail("Subject: broken\nMessage-ID: <6@example.com>\n\n", classify.Verdict{}, func(o *register.Opening) { o.Problem = "the attachment ends early; the original is kept" })
	return plain
}

// TestAnOfficerWorksByKeyboardAlone signs in, takes an item, changes what went
// wrong and decides, in a real browser and without a mouse.
func TestAnOfficerWorksByKeyboardAlone(t *testing.T) {
	t.Parallel()
	b := startChromium(t)
	h := open(t)
	m := h.desk()
	h.account("Priya Nandakumar", register.Reviewer)
	b.size(1280, 900, "light")
	b.visit(h.server.URL + "/messages/" + m.ID) // which leads to the sign-in page
	b.until(`document.querySelector("h1").innerText === "Sign in"`)
	b.picture("sign in")
	b.tabTo("#account")
	b.write("priya nandakumar")
	b.tabTo("#password")
	b.write(secret)
	b.enter()
	b.until(`document.querySelector("h1").innerText === "No heating"`)

	b.tabTo(`a.skip`)
	b.enter()
	b.tabTo(`input[name=label]:checked`)
	b.tabTo(`#f-issues`)
	b.write("The boiler is broken, typed by keyboard.\n") // at the start of what stands there
	b.tabTo(`input[name=quote]`)
	b.press(" ", 32, 0)
	b.tabTo(`#preview summary`)
	b.enter()
	b.tabTo(`button[value=preview]`)
	b.enter()
	b.until(`document.querySelector("#preview pre") !== null && document.querySelector("#preview pre").innerText.includes("typed by keyboard")`)
	var inSight bool
	b.ask(`(() => { const r = document.querySelector("#preview").getBoundingClientRect(); return r.top >= 0 && r.top < innerHeight })()`, &inSight)
	if !inSight {
		t.Error("the reply is shown out of sight")
	}
	b.picture("item preview")
	b.tabTo(`form.desk .btn.go`)
	b.picture("item focus")
	b.enter()
	b.until(`document.querySelector(".note[role=status]") !== null`)
	b.picture("queue after deciding")
	var notice string
	b.ask(`document.querySelector(".note[role=status]").innerText`, &notice)
	if want := "Acknowledgement, stage 1 goes to Ferdous Rahman"; !strings.Contains(notice, want) || !strings.Contains(notice, "decided by Priya Nandakumar") {
		t.Errorf("the notice says %q, want %q", notice, want)
	}
	c, _, err := h.register.GetCase(t.Context(), h.message(m.ID).Case)
	must(t, err)
	if !slices.ContainsFunc(c.Definition.Issues, func(s string) bool { return strings.Contains(s, "typed by keyboard") }) {
		t.Errorf("the definition %q lacks what was typed", c.Definition.Issues)
	}
}

// TestPagesInABrowser looks at every page at several widths: none scrolls sideways, every field has a label, every id stands once, there
// is one h1, and the policy stopped nothing.
func TestPagesInABrowser(t *testing.T) {
	t.Parallel()
	b := startChromium(t)
	h := open(t)
	m := h.desk()
	held := h.held()
	h.account("Priya Nandakumar", register.Manager)
	b.size(1280, 900, "light")
	b.open(h.server.URL + "/sign-in")
	b.look(t, "sign in")
	b.tabTo("#account")
	b.write("Priya Nandakumar")
	b.tabTo("#password")
	b.write(secret)
	b.enter()
	b.until(`document.querySelector("h1").innerText === "Review queue"`)

	waiting, err := h.register.Queue(t.Context(), register.QueueFilter{}, 10, 0)
	must(t, err)
	pages := map[string]string{
		"queue": "/", "today": "/today", "replies": "/replies", "status": "/status", "reply": "/replies/" + held.ID, "decided": "/messages/" + held.Message,
		"cases": "/cases", "cases found": "/cases?q=wassertropfen+heating", "cases by reference": "/cases?q=" + m.Reference, "cases none": "/cases?q=unicorn&from=x", "contact": "/contact",
		"item": "/messages/" + m.ID, "missing": "/nothing",
	}
	for _, w := range waiting {
		if w.ID != m.ID {
			pages["item "+strings.ToLower(w.Reference)] = "/messages/" + w.ID
		}
	}
	for name, path := range pages {
		b.open(h.server.URL + path)
		b.look(t, name)
	}

	// A mistake: the form comes back with the words, and the summary has the focus.
	b.size(375, 800, "light")
	b.open(h.server.URL + "/messages/" + m.ID)
	b.ask(`document.querySelector("#f-issues").value = ""; document.querySelector("input[value=enquiry]").checked = true; document.querySelector("form.desk").noValidate = true; document.querySelector("form.desk").requestSubmit()`, nil)
	b.until(`document.querySelector(".errors") !== null && document.activeElement === document.querySelector(".errors")`)
	b.look(t, "mistake")

	// Somebody else is quicker: what was typed is shown again.
	b.open(h.server.URL + "/messages/" + m.ID)
	h.signedIn("Tom Askew", register.Reviewer).decide(h.message(m.ID))
	b.ask(`document.querySelector("#f-issues").value = "What Priya typed"; document.querySelector("form.desk .btn.go").click()`, nil)
	b.until(`document.querySelector(".note.warn") !== null && document.body.innerText.includes("Tom Askew decided this")`)
	b.look(t, "too late")
}

// look checks the page that stands open.
func (b *chromium) look(t *testing.T, name string) {
	t.Helper()
	for _, width := range []int{320, 768, 1280} {
		b.size(width, 900, "light")
		var wrong []string
		b.ask(`(() => {
				const wrong = [], all = s => [...document.querySelectorAll(s)];
				const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
				if (wide > 0) wrong.push("scrolls sideways by " + wide + ": " + all("main *").filter(e => e.getBoundingClientRect().right > innerWidth + 1).slice(0, 3).map(e => e.tagName + "." + e.className).join(", "));
				for (const e of all("input:not([type=hidden]), textarea, select")) if (e.labels.length === 0) wrong.push("no label: " + e.outerHTML);
				for (const e of all("button, a")) if (e.innerText.trim() === "" && !e.getAttribute("aria-label") && !e.textContent.trim() && !e.querySelector("img[alt]:not([alt=''])")) wrong.push("no name: " + e.outerHTML);
				const ids = all("[id]").map(e => e.id);
				for (const id of new Set(ids)) if (ids.filter(i => i === id).length > 1) wrong.push("twice: #" + id);
				for (const e of all("[href^='#']")) if (!document.getElementById(e.getAttribute("href").slice(1))) wrong.push("leads nowhere: " + e.outerHTML);
				for (const e of all("[aria-labelledby], [aria-describedby]")) for (const id of ((e.getAttribute("aria-labelledby") || "") + " " + (e.getAttribute("aria-describedby") || "")).split(" ")) if (id && !document.getElementById(id)) wrong.push("named by nothing: " + id);
				if (all("h1").length !== 1) wrong.push(all("h1").length + " h1");
				let level = 1;
				for (const e of all("main h1, main h2, main h3, main h4")) { const l = +e.tagName[1]; if (l > level + 1) wrong.push("heading jumps to " + e.outerHTML); level = l; }
				for (const e of all("script, style, [style], [onclick]")) if (!e.src) wrong.push("script or style in the page: " + e.outerHTML);
				return wrong;
			})()`, &wrong)
		for _, w := range wrong {
			t.Errorf("%s, %d px: %s", name, width, w)
		}
	}
	b.axe(t, name)
	b.pictures(name)
}

//go:embed testdata/axe/axe.min.js
var axe string

// axe runs axe-core's rules for WCAG 2.2 AA and for good practice on the page
// that stands open, narrow and light, wide and dark.
func (b *chromium) axe(t *testing.T, name string) {
	t.Helper()
	b.ask(axe+";0", nil)
	for scheme, width := range map[string]int{"light": 320, "dark": 1280} {
		b.size(width, 900, scheme)
		var wrong []string
		b.ask(`axe.run(document, {resultTypes: ["violations"]}).then(r => r.passes.length < 10 ? ["looked at next to nothing"] : r.violations.map(v => v.id + ": " + v.help + ": " + v.nodes.slice(0, 3).map(n => n.html.slice(0, 200) + " (" + (n.any.concat(n.all, n.none).map(c => c.message).join("; ")) + ")").join(" | ")))`, &wrong)
		for _, w := range wrong {
			t.Errorf("%s, %d px, %s: axe: %s", name, width, scheme, w)
		}
	}
}

// TestTheStyleSheetComes: a page without its style sheet passes every test above.
func TestTheStyleSheetComes(t *testing.T) {
	t.Parallel()
	h := open(t)
	got := h.browser().get("/style.css")
	got.want(t, http.StatusOK, ".desk", "prefers-color-scheme: dark")
	if kind := got.header.Get("Content-Type"); kind != "text/css; charset=utf-8" {
		t.Errorf("served as %s", kind)
	}
}

// TestEachPageHasAnIcon holds that no browser asks in vain: who has ten cases
// open finds ours among the tabs.
func TestEachPageHasAnIcon(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browser()
	for _, path := range []string{"/sign-in", "/complain"} {
		b.get(path).want(t, http.StatusOK, `<link rel="icon" href="/icon.svg" type="image/svg+xml">`)
	}
	got := b.get("/icon.svg")
	got.want(t, http.StatusOK, "<svg ")
	if kind := got.header.Get("Content-Type"); kind != "image/svg+xml" {
		t.Errorf("served as %s", kind)
	}
}
