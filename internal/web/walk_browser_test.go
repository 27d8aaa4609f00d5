package web_test

import (
	"fmt"
	"strings"
	"testing"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
)

// walk goes through a page by Tab alone: the skip link comes first and leads
// to the main part, whatever can be used is reached, in the order in which it
// stands, with a ring around it that can be seen, and nothing holds the focus.
func (b *chromium) walk(name string) {
	b.t.Helper()
	b.ask(`document.querySelectorAll("details").forEach(d => d.open = true);
		window.stops = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']")].filter(e =>
		!e.disabled && e.tabIndex >= 0 && e.getClientRects().length > 0 && getComputedStyle(e).visibility === "visible"); document.activeElement.blur(); window.getSelection().removeAllRanges(); scrollTo(0, 0)`, nil)
	type stop struct {
		At                  int
		Ring, Inside, Parts bool // Parts: a day or a time, which has several stops in one
		HTML                string
	}
	was, first := -2, -2
	for range 400 {
		b.tab()
		var s stop
		b.ask(`(() => { const e = document.activeElement, s = getComputedStyle(e), r = e.getBoundingClientRect();
			return {At: window.stops.indexOf(e), Ring: s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2,
				Inside: r.bottom > 0 && r.top < innerHeight && r.right > 0 && r.left < innerWidth, Parts: e.type === "date" || e.type === "time", HTML: e.outerHTML.slice(0, 160)} })()`, &s)
		if s.At < 0 && s.HTML[:5] == "<body" || s.At == first {
			break
		}
		if s.Parts && s.At == was {
			continue
		}
		if s.At <= was {
			b.t.Errorf("%s: the focus goes back, or stays, at %s", name, s.HTML)
			break
		}
		if !s.Ring || !s.Inside {
			b.t.Errorf("%s: the focus cannot be seen (ring %t, in sight %t) at %s", name, s.Ring, s.Inside, s.HTML)
		}
		if first == -2 {
			first = s.At
			b.ask(`document.activeElement.matches("a.skip[href='#main']")`, &s.Ring)
			if !s.Ring {
				b.t.Errorf("%s: the first stop is %s, and no skip link", name, s.HTML)
			}
		}
		was = s.At
		b.ask(fmt.Sprintf(`(() => { const e = window.stops[%d]; e.reached = true; if (e.type === "radio") window.stops.filter(o => o.name === e.name && o.form === e.form).forEach(o => o.reached = true) })()`, s.At), nil)
	}
	var missed []string
	b.ask(`window.stops.filter(e => !e.reached).map(e => e.outerHTML.slice(0, 160))`, &missed)
	for _, m := range missed {
		b.t.Errorf("%s: Tab never reaches %s", name, m)
	}
}

// TestEveryPageByTabAlone walks through the pages on which people work all day
// and through the residents' form, in a window as it is at 200 % zoom.
func TestEveryPageByTabAlone(t *testing.T) {
	t.Parallel()
	b := startChromium(t)
	h := openForLong(t, registertest.SQLite)
	priya := h.signedIn("Priya Nandakumar", register.Manager)
	c := h.complaint(priya)
	h.byPost("Ann Other", "The roof leaks.", "12 Quay Street", "Bristol", "BS2 9XX")
	m := h.mail(strings.ReplaceAll(plainMail, "<1@", "<9@"), unsure(classify.Complaint), nil)
	b.size(640, 450, "light")
	b.signIn(h, "Priya Nandakumar")
	for _, path := range []string{"/", "/messages/" + m.ID, "/cases?q=heating", "/cases/" + c.Reference, "/cases/" + c.Reference + "/answer", "/contact", "/mailroom", "/tray", "/complain"} {
		b.open(h.server.URL + path)
		b.walk(path)
		var wide int
		b.ask(`document.documentElement.scrollWidth - document.documentElement.clientWidth`, &wide)
		if wide > 0 {
			t.Errorf("%s at 200 %%: it scrolls sideways by %d", path, wide)
		}
	}
	for _, step := range []string{"What has gone wrong?", "How can we reach you?", "Check what you have written"} {
		b.ask(`document.querySelectorAll("textarea.theirs").forEach(e => e.value = "The heating is off."); if (document.querySelector("#c-name")) { document.querySelector("#c-email").value = "a@example.com"; document.querySelector("input[value=email]").checked = true }`, nil)
		b.tabTo("main .btn.go")
		b.enter()
		b.until(`document.readyState === "complete" && document.querySelector("h1").innerText === "` + step + `"`)
		b.walk(step)
	}
}

// TestTheMenuInOneLine: for whoever may do everything, what is rare stands
// under More, which opens by keyboard and without script.
func TestTheMenuInOneLine(t *testing.T) {
	t.Parallel()
	b := startChromium(t)
	h := open(t)
	h.waiting()
	for _, role := range []register.Role{register.Admin, register.Reviewer, register.Mailroom, register.Auditor} {
		name := "Constance Featherstone-Haugh " + string(role)
		h.account(name, role)
		b.size(1280, 900, "light")
		b.signIn(h, name)
		b.look(t, "menu "+string(role))
		b.size(1280, 900, "light")
		b.ask(`document.querySelectorAll(".nav > ul > li > a").forEach(e => { if (/queue|Replies|Mailroom|tray/.test(e.innerText) && !e.querySelector("b")) e.append(" ", document.createElement("b")); e.querySelectorAll("b").forEach(n => n.textContent = "12") })`, nil)
		b.picture("menu full " + string(role))
		var lines int
		b.ask(`new Set([...document.querySelectorAll(".nav > ul > li")].map(e => Math.round(e.getBoundingClientRect().top))).size + (document.querySelector(".band").offsetHeight > 64 ? 1 : 0)`, &lines)
		if lines != 1 {
			t.Errorf("%s: the menu takes %d lines", role, lines)
		}
		if role == register.Admin {
			b.theMenuOpens()
		}
		b.ask(`document.querySelector(".me button").click()`, nil)
		b.until(`document.querySelector("h1").innerText === "Sign in"`)
	}
}

func (b *chromium) theMenuOpens() {
	b.t.Helper()
	for _, width := range []int{320, 1280} {
		b.size(width, 700, "light")
		b.ask(`document.activeElement.blur()`, nil)
		b.tabTo(".more summary")
		b.enter()
		b.until(`document.querySelector(".more").open`)
		b.picture(fmt.Sprintf("menu open %d", width))
		var outside []string
		b.ask(`[...document.querySelectorAll(".more a")].filter(e => { const r = e.getBoundingClientRect(); return r.left < 0 || r.right > innerWidth || r.top < 0 }).map(e => e.innerText)
			.concat(document.documentElement.scrollWidth > document.documentElement.clientWidth ? ["it scrolls sideways"] : [])`, &outside)
		if len(outside) > 0 {
			b.t.Errorf("%d px: out of sight: %q", width, outside)
		}
		b.press("Escape", 27, 0)
		b.until(`!document.querySelector(".more").open && document.activeElement.matches(".more summary")`)
	}
	b.enter()
	b.tabTo(".more a[href='/rules']")
	b.enter()
	b.until(`document.querySelector(".more summary.here") !== null && document.querySelector(".more a[aria-current=page]").textContent === "Rules"`)
}
