package web_test

import (
	"strings"
	"testing"

	"postroom/internal/register"
)

// signIn signs somebody in, in the browser.
func (b *chromium) signIn(h *house, name string) {
	b.t.Helper()
	b.open(h.server.URL + "/sign-in")
	b.tabTo("#account")
	b.write(name)
	b.tabTo("#password")
	b.write(secret)
	b.enter()
	b.until(`document.querySelector("h1").innerText !== "Sign in"`)
}

// TestThePrintTrayInABrowser looks at every page of letters that go out.
func TestThePrintTrayInABrowser(t *testing.T) {
	t.Parallel()
	b := startChromium(t)
	h := open(t)
	h.account("Dev Halloran", register.Mailroom)
	b.size(1280, 900, "light")
	b.signIn(h, "Dev Halloran")
	b.open(h.server.URL + "/tray")
	b.look(t, "tray empty")
	long := strings.Repeat("Wassertropfen", 5)
	first, second, third := h.byPost("Ann Other", "The roof leaks.", "12 Quay Street", "Bristol", "BS2 9XX"), h.byPost("Gwyneth Marchbanks-Llewellyn", "Nobody came.", "Flat 31", "Ropewalk House", "Bristol", "BS2 9XX"), h.byPost("Joy Achterberg", "Mould.", "5 Drapers Court", "Bristol", "BS2 9XX")
	unknown, wide := h.byPost("Mei-Ling Zhou", "No heating."), h.byPost(long, "A leak.", "9 Orchard Quay", "Bristol", "BS2 9XX")
	h.write(first, second, third, unknown, wide)
	b.open(h.server.URL + "/tray")
	b.look(t, "tray")
	b.open(h.server.URL + "/tray/letters/" + unknown.Owed[0].ID)
	b.until(`[...document.images].every(i => i.complete && i.naturalWidth > 0)`)
	b.look(t, "letter held")
	b.ask(`document.querySelector("form.desk").requestSubmit()`, nil)
	b.until(`document.querySelector(".errors") !== null && document.activeElement === document.querySelector(".errors")`)
	b.look(t, "letter mistake")
	b.open(h.server.URL + "/tray/letters/" + first.Owed[0].ID)
	b.look(t, "letter in the tray")

	b.open(h.server.URL + "/tray")
	b.ask(`document.getElementById("l-`+third.Owed[0].ID+`").click()`, nil)
	b.ask(`document.querySelector("form .btn.go").click()`, nil)
	b.until(`document.querySelector("h1").innerText.startsWith("Print batch")`)
	b.look(t, "batch")
	b.tabTo("#f-envelopes")
	b.write("3")
	b.enter()
	b.until(`document.querySelector(".errors") !== null`)
	b.look(t, "batch mistake")
	b.tabTo("#f-envelopes")
	b.write("2")
	b.enter()
	b.until(`document.querySelector(".note[role=status]") !== null`)
	b.look(t, "tray posted")
	b.open(h.server.URL + "/tray/batches/26-11-23-1")
	b.look(t, "batch posted")
	b.open(h.server.URL + "/returned")
	b.look(t, "returned")
	b.open(h.server.URL + "/returned?q=" + first.Reference)
	b.look(t, "returned found")
	b.open(h.server.URL + "/returned?q=CIT26-2222")
	b.look(t, "returned mistake")
	b.open(h.server.URL + "/tray/letters/" + first.Owed[0].ID)
	b.look(t, "letter posted")
	must(t, h.register.Pull(t.Context(), third.Owed[0].ID, "Dev", "spoilt"))
	b.open(h.server.URL + "/tray/letters/" + third.Owed[0].ID)
	b.look(t, "letter pulled")
}

// TestTheMailroomInABrowser looks at every page of letters that come in.
func TestTheMailroomInABrowser(t *testing.T) {
	t.Parallel()
	b := startChromium(t)
	h := open(t)
	h.account("Dev Halloran", register.Mailroom)
	b.size(1280, 900, "light")
	b.signIn(h, "Dev Halloran") // whose first page it is
	b.until(`document.querySelector("h1").innerText === "Take in letters"`)
	b.look(t, "mailroom empty")
	held, unread := h.heldFile(), h.unreadLetter()
	dev := h.signedIn("Dev", register.Mailroom)
	fine := []string{"on", "2026-11-23", "count", "3"}
	got := dev.upload("/mailroom/uploads", fine, scanFile{strings.Repeat("Wassertropfen", 12) + ".pdf", "Dear Sirs, one"}, scanFile{"SCAN_20261123_0944.pdf", "Dear Sirs, two"}, scanFile{"empty.pdf", ""}, scanFile{"again.pdf", "Dear Sirs, two"})
	b.open(h.server.URL + got.header.Get("Location"))
	b.look(t, "upload being read")
	h.readAll()
	b.open(h.server.URL + got.header.Get("Location"))
	b.look(t, "upload does not agree")
	got = dev.upload("/mailroom/uploads", []string{"on", "2026-11-20", "count", "1"}, scanFile{"one.pdf", "Dear Sirs, three"})
	h.readAll()
	b.open(h.server.URL + got.header.Get("Location"))
	b.look(t, "upload agrees")
	b.ask(`document.querySelector("#f-count").value = "x"; document.querySelectorAll("form").forEach(f => f.noValidate = true); document.querySelector("#f-count").form.requestSubmit()`, nil)
	b.until(`document.querySelector(".errors") !== null`)
	b.look(t, "upload mistake")
	b.open(h.server.URL + "/mailroom")
	b.look(t, "mailroom")
	b.ask(`document.querySelectorAll("form").forEach(f => f.noValidate = true); document.querySelector("#f-count").form.requestSubmit()`, nil)
	b.until(`document.querySelector(".errors") !== null && document.activeElement === document.querySelector(".errors")`)
	b.look(t, "mailroom mistake")
	for name, id := range map[string]register.ID{"file to part": held.ID, "letter to type in": unread.ID} {
		b.open(h.server.URL + "/mailroom/letters/" + id)
		b.ask(`document.querySelectorAll("img").forEach(i => i.loading = "eager")`, nil)
		b.until(`[...document.images].every(i => i.complete && i.naturalWidth > 0)`)
		b.look(t, name)
	}
	b.open(h.server.URL + "/mailroom/separators")
	b.look(t, "separators")
	b.open(h.server.URL + "/mailroom/separators?n=2&received=2026-11-30")
	b.look(t, "separators mistake")
}
