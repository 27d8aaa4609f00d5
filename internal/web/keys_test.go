package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"postroom/internal/register"
)

func TestTurningTheKeysOff(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.waiting()
	b, other := h.signedIn("Priya", register.Reviewer), h.signedIn("Tom", register.Auditor)
	b.get("/help").want(t, http.StatusOK, `name="keys" value="on" checked`, `data-keys="on"`, "What the words mean")
	b.get("/").want(t, http.StatusOK, `<kbd class="keys">n</kbd>`)
	b.post("/help", form("x", "y")).want(t, http.StatusSeeOther)
	b.get("/help?kept=yes").want(t, http.StatusOK, "Single-letter keys are off.", `data-keys="off"`)
	if got := b.get("/"); !strings.Contains(got.body, `data-keys="off"`) || strings.Contains(got.body, `class="keys`) {
		t.Error("the keys are still offered")
	}
	other.get("/").want(t, http.StatusOK, `data-keys="on"`)
	b.post("/help", form("keys", "on")).want(t, http.StatusSeeOther)
	b.get("/").want(t, http.StatusOK, `data-keys="on"`)
}

// key strikes a letter or figure.
func (b *chromium) key(k string) {
	b.t.Helper()
	b.press(k, int(strings.ToUpper(k)[0]), 0)
}

// TestAnOfficerWorksBySingleKeys: the queue, the next one, what it is, what
// went wrong, decided, undone, and back, without a mouse and without Tab.
func TestAnOfficerWorksBySingleKeys(t *testing.T) {
	t.Parallel()
	b := startChromium(t)
	h := open(t)
	m := h.waiting()
	h.clock.Advance(time.Minute)
	other := h.mail(strings.NewReplacer("<1@", "<2@", "Subject: No heating", "Subject: Later").Replace(plainMail), unsure("complaint"), nil)
	h.account("Priya Nandakumar", register.Reviewer)
	b.size(1280, 900, "light")
	b.signIn(h, "Priya Nandakumar")

	b.key("j")
	b.key("j")
	b.until(`document.activeElement.href.endsWith("/messages/` + other.ID + `")`)
	b.key("k")
	b.until(`document.activeElement.href.endsWith("/messages/` + m.ID + `")`)
	b.key("n")
	b.until(`document.readyState === "complete" && document.querySelector("h1").innerText === "No heating" && document.body.innerText.includes("You have it until")`)
	for i, label := range []string{"complaint", "stage2", "service_request", "follow_up", "enquiry", "not_actionable", "complaint"} {
		b.key(string("1234561"[i]))
		b.until(`document.querySelector("input[name=label]:checked").value === "` + label + `"`)
	}
	b.key("e")
	b.until(`document.activeElement.name === "issues"`)
	b.write("No heating since Sunday, typed by keys. q1nz\n") // letters are letters in a box
	b.press("Enter", 13, 2)                                   // with Ctrl
	b.until(`document.querySelector("[data-undo]") !== null`)
	b.picture("queue with undo")
	if got := h.message(m.ID); got.State != register.Filed || got.DecidedBy != "Priya Nandakumar" {
		t.Errorf("%s by %s", got.State, got.DecidedBy)
	}
	b.key("z")
	b.until(`document.body.innerText.includes("The decision is undone")`)
	b.picture("item after undo")
	if got := h.message(m.ID); got.State != register.InReview || got.Case != "" {
		t.Errorf("after undoing: %s", got.State)
	}
	b.key("u")
	b.until(`document.readyState === "complete" && document.querySelector("h1").innerText === "Review queue"`)
	b.key("h")
	b.until(`document.readyState === "complete" && document.querySelector("h1").innerText === "Help and keys"`)
	b.tabTo("input[name=keys]")
	b.press(" ", 32, 0)
	b.enter()
	b.until(`document.body.dataset.keys === "off"`)
	b.key("q")
	b.until(`document.readyState === "complete" && document.querySelector("h1").innerText === "Help and keys"`)
}

// TestTheQueuesStatesInABrowser looks at what the queue's pages say when there
// is nothing, when somebody else has it, and at the help.
func TestTheQueuesStatesInABrowser(t *testing.T) {
	t.Parallel()
	b := startChromium(t)
	h := open(t)
	m := h.waiting()
	h.signedIn("Tom Askew", register.Reviewer).takeNext()
	h.account("Priya Nandakumar", register.Reviewer)
	b.size(1280, 900, "light")
	b.signIn(h, "Priya Nandakumar")
	for name, path := range map[string]string{"help": "/help?kept=yes", "no message fits": "/?topic=lift", "taken by another": "/messages/" + m.ID} {
		b.open(h.server.URL + path)
		b.look(t, name)
	}
}
