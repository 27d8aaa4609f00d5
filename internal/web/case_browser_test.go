package web_test

import (
	"strings"
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
)

// fullCase is a case with everything on it that a page can show, and names
// that are too long for any column.
func (h *house) fullCase(b *browser) register.Case {
	h.Helper()
	long := strings.Repeat("Wassertropfen", 9)
	v := unsure(classify.Complaint)
	v.HazardLevel, v.Flags, v.Topics = classify.Emergency, []classify.Flag{classify.Hazard, classify.Vulnerable}, []string{"heating_hot_water", "damp_mould"}
	m := h.mail(hostileMail(), v, nil)
	b.decide(m, "issues", "No heating for nine days.\n"+long, "outcomes", "Mend it.").want(h.TB, 200, "decided by Priya")
	c := h.theCase(h.message(m.ID).Case)
	h.day("2026-11-25")
	h.deliverOwed()
	b.did(c, "person", "address", "angharad@example.com", "name", long, "role", "representative", "authority", "a signed letter of 10 November")
	b.did(c, "needs", "large", "yes", "note", "Calls after 15:00. "+long)
	h.mail(strings.NewReplacer("<1@", "<55@", "ferdous@example.com", "long@example.com").Replace(plainMail), unsure(classify.FollowUp), func(o *register.Opening) {
		o.Reading.Authenticated, o.Join, o.Verdict.Route = true, register.Join{Case: c.ID, Why: "reference", Trusted: true}, classify.Auto
	})
	b.did(c, "split", "kind", "service_request", "issues", "The tap drips", "topic", "repairs", "words", "yes")
	h.clock.Advance(time.Hour)
	other := h.strangersCase(b)
	b.did(c, "merge", "other", other.Reference, "reason", "the same home")
	b.did(c, "extend", "to", "2026-12-16", "reason", "The survey is on 14 December. "+long)
	h.deliverOwed()
	h.day("2026-12-01")
	b.did(c, "answer", "outcome", "partly_upheld", "text", "We looked at it.\n\n"+long, "remedies", "We pay 90 pounds.\n"+long, "what1", "A new boiler", "due1", "2026-12-30", "what2", long, "way", "send")
	return h.theCase(c.ID)
}

// TestTheCaseInABrowser looks at the page of a case and at each of its forms.
func TestTheCaseInABrowser(t *testing.T) {
	t.Parallel()
	b := startChromium(t)
	h := openForLong(t, registertest.SQLite)
	priya := h.signedIn("Priya", register.Manager)
	c := h.complaint(priya)
	full := h.fullCase(priya)
	b.size(1280, 900, "light")
	b.signIn(h, "Priya")
	b.open(h.server.URL + "/cases/" + full.Reference)
	b.look(t, "case full")
	b.open(h.server.URL + "/cases/" + c.Reference + "?show=post&order=old")
	b.look(t, "case post")
	forms := map[string][]string{c.Reference: nil, full.Reference: nil}
	for reference := range forms {
		b.open(h.server.URL + "/cases/" + reference)
		var all []string
		b.ask(`[...new Set([...document.querySelectorAll("#acts, #people")].flatMap(e => [...e.closest("section").querySelectorAll("a[href]")]).map(a => a.getAttribute("href")))]`, &all)
		forms[reference] = all
	}
	seen := map[string]bool{}
	for _, all := range forms {
		for _, path := range all {
			name := path[strings.LastIndex(path, "/")+1:]
			if seen[name] {
				continue
			}
			seen[name] = true
			b.open(h.server.URL + path)
			b.look(t, "case form "+name)
		}
	}
	if len(seen) < 18 {
		t.Errorf("only %d forms were looked at: %v", len(seen), seen)
	}

	// What would be sent, a mistake, and somebody who was quicker.
	b.open(h.server.URL + "/cases/" + c.Reference + "/refuse")
	b.ask(`document.querySelector("input[value=not_ours]").checked = true; document.querySelector("#f-words").value = "The road is the council's."; document.querySelector("button[value=preview]").click()`, nil)
	b.until(`document.querySelector("#preview pre") !== null`)
	b.look(t, "case preview")
	b.ask(`document.querySelector("#f-words").value = ""; document.querySelector("form .btn.go").click()`, nil)
	b.until(`document.querySelector(".errors") !== null && document.activeElement === document.querySelector(".errors")`)
	b.look(t, "case mistake")
	b.open(h.server.URL + "/cases/" + c.Reference + "/define")
	h.signedIn("Tom Askew", register.Reviewer).did(c, "close", "why", "withdrawn", "reason", "he rang")
	b.ask(`document.querySelector("#f-issues").value = "What Priya typed"; document.querySelector("form .btn.go").click()`, nil)
	b.until(`document.querySelector(".note.warn") !== null && document.body.innerText.includes("Tom Askew changed this case")`)
	b.look(t, "case too late")
}

// TestAnAnswerByKeyboardAlone records an answer in a real browser without a
// mouse, from the case to the page that says what goes out.
func TestAnAnswerByKeyboardAlone(t *testing.T) {
	t.Parallel()
	b := startChromium(t)
	h := openForLong(t, registertest.SQLite)
	c := h.complaint(h.signedIn("Priya", register.Reviewer))
	b.size(1280, 900, "light")
	b.signIn(h, "Priya")
	b.open(h.server.URL + "/cases/" + c.Reference)
	b.press("a", 65, 0) // the short way to the form
	b.until(`document.querySelector("h1").innerText === "Record the stage 1 answer"`)
	b.tabTo("a.skip")
	b.enter()
	b.tabTo("input[name=outcome]")
	b.press(" ", 32, 0)
	b.tabTo("#f-text")
	b.write("You are right, and we are sorry. Typed by keyboard.")
	b.tabTo("#f-remedies")
	b.write("We mend it.")
	b.tabTo("#what1")
	b.write("A new boiler")
	b.tabTo("#preview summary")
	b.enter()
	b.tabTo("button[value=preview]")
	b.enter()
	b.until(`document.querySelector("#preview pre") !== null && document.querySelector("#preview pre").innerText.includes("Typed by keyboard")`)
	b.tabTo("form .btn.go")
	b.enter()
	b.until(`document.querySelector(".note[role=status]") !== null`)
	var notice string
	b.ask(`document.querySelector(".note[role=status]").innerText`, &notice)
	if !strings.Contains(notice, "The answer was recorded, stage 1: upheld, by Priya") || !strings.Contains(notice, "Answer, stage 1 goes to Ferdous Rahman") {
		t.Errorf("the notice says %q", notice)
	}
	answers, err := h.register.Answers(t.Context(), c.ID)
	must(t, err)
	if len(answers) != 1 || !strings.Contains(answers[0].Text, "Typed by keyboard") || len(answers[0].Remedies) != 1 {
		t.Errorf("recorded %+v", answers)
	}
}
