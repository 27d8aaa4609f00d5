package web_test

import (
	"bytes"
	"image/png"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/register"
)

// scanned takes in a sample scan as a letter, with that reading. What stands
// after a # makes it another letter.
func (h *house) scanned(file string, rd register.Reading, problem string) register.Message {
	h.Helper()
	file, more, _ := strings.Cut(file, "#")
	f, err := os.Open("../../ingest/scan/testdata/scans/" + file)
	must(h.TB, err)
	defer f.Close() //nolint:errcheck // only read
	stored, err := h.archive.Put(h.Context(), f)
	must(h.TB, err)
	got, err := h.register.Receive(h.Context(), []register.Arrival{{
		Fingerprint: stored.SHA256 + more, Original: stored.SHA256, Size: stored.Size, Channel: register.Letter, Source: "upload", ReceivedAt: h.clock.Now(), Basis: register.Given,
	}})
	must(h.TB, err)
	must(h.TB, got[0].Err)
	rd.Automatic = "none"
	opened, err := h.register.Open(h.Context(), []register.Opening{{Message: got[0].ID, Reading: rd, Verdict: classify.Verdict{Route: classify.Review}, Problem: problem}})
	must(h.TB, err)
	must(h.TB, opened[0].Err)
	return h.message(got[0].ID)
}

func TestPagesOfALetterAsPictures(t *testing.T) {
	t.Parallel()
	h := open(t)
	m := h.scanned("03-two-pages-g4.tif", register.Reading{Text: "second page", Pages: 1, Paper: &register.Paper{Pages: []int{2}}}, "")
	b := h.signedIn("Priya", register.Reviewer)
	wide := map[string]int{"": 1400, "?small=1": 420, "?large=1&turn=90": 2800, "?turn=sideways": 1400}
	for query, side := range wide {
		got := b.get("/messages/" + m.ID + "/pages/1" + query)
		got.want(t, http.StatusOK)
		img, err := png.Decode(strings.NewReader(got.body))
		must(t, err)
		if size := img.Bounds().Size(); max(size.X, size.Y) != side || size.X > size.Y != strings.Contains(query, "90") {
			t.Errorf("%q: %v", query, size)
		}
		header := got.header
		if header.Get("Content-Type") != "image/png" || !strings.Contains(header.Get("Content-Security-Policy"), "sandbox") || header.Get("Cache-Control") != "no-store" || header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("headers %v", header)
		}
	}
	b.get("/messages/"+m.ID).want(t, http.StatusOK, `src="/messages/`+m.ID+`/pages/1"`, "Page 1, page 2 of the file", `href="/mailroom/letters/`+m.ID+`"`)
	// The letter has one page, the second of its file: the first is somebody else's.
	for _, n := range []string{"0", "2", "-1", "x", "99999999999999999999"} {
		b.get("/messages/"+m.ID+"/pages/"+n).want(t, http.StatusNotFound)
	}
	mail := h.waiting()
	b.get("/messages/"+mail.ID+"/pages/1").want(t, http.StatusNotFound)
	first := []byte(b.get("/messages/" + m.ID + "/pages/1").body)
	whole := h.scanned("02-handwriting-stamped-300dpi.jpg", register.Reading{Error: "text not read"}, "")
	if got := b.get("/messages/" + whole.ID + "/pages/1"); got.status != http.StatusOK || bytes.Equal(first, []byte(got.body)) {
		t.Errorf("a letter that is not read: %d", got.status)
	}
	b.get("/messages/"+whole.ID+"/pages/2").want(t, http.StatusNotFound)
	h.signedIn("Dev", register.Mailroom).get("/messages/"+m.ID+"/pages/1").want(t, http.StatusForbidden)
}

// Who looks at the picture of a page, under its own address, has looked at the
// message; many pages at once, or beside the message's page, are one view.
func TestAPageOfALetterIsAView(t *testing.T) {
	t.Parallel()
	h := open(t)
	o := h.byPost("Ann Other", "The roof leaks.")
	for name := range strings.FieldsSeq("Priya Tom Mo") {
		h.account(name, register.Reviewer)
	}
	views := func(by string) (n int) {
		all, err := h.register.CaseViews(t.Context(), o.Case, 100)
		must(t, err)
		for _, v := range all {
			if v.By == by && v.What == register.ViewedMessage && v.Message == o.Message {
				n++
			}
		}
		return n
	}
	for _, step := range []struct {
		who   string
		paths []string
		after time.Duration
		want  int
	}{
		{"Priya", []string{"/pages/1"}, 0, 1},
		{"Priya", []string{"/pages/1?large=1", "/pages/1?small=1"}, 10 * time.Minute, 1},
		{"Tom", []string{"", "/pages/1"}, 0, 1},
		{"Priya", []string{"/pages/1"}, 2 * time.Hour, 2},
		{"Mo", []string{"/pages/2", "/pages/x"}, 0, 0},
	} {
		h.clock.Advance(step.after)
		b := h.browser()
		b.post("/sign-in", form("account", step.who, "password", secret)).want(t, http.StatusSeeOther)
		for _, path := range step.paths {
			b.get("/messages/" + o.Message + path)
		}
		if got := views(step.who); got != step.want {
			t.Errorf("%s has %d views after %v, want %d", step.who, got, step.paths, step.want)
		}
	}
}

// What was read from paper is as much a stranger's as a mail's words.
func TestAScriptOnPaperStaysText(t *testing.T) {
	t.Parallel()
	h := open(t)
	m := h.scanned("03-two-pages-g4.tif", register.Reading{
		Text: "I complain. " + attack, NewText: "I complain. " + attack, Subject: attack, Pages: 1, From: register.Address{Name: attack}, PostalAddress: []string{attack, attack},
		Paper: &register.Paper{Pages: []int{2}, Phone: attack, Email: attack, Dated: attack, AddressDoubt: attack, Doubts: []string{attack}},
	}, attack)
	b := h.signedIn("Priya", register.Admin)
	for _, path := range []string{"/", "/today", "/messages/" + m.ID, "/mailroom", "/mailroom/letters/" + m.ID, "/cases?q=complain"} {
		got := b.get(path)
		got.want(t, http.StatusOK)
		if strings.Contains(got.body, "<script>alert") || strings.Contains(got.body, "<img src=x") {
			t.Errorf("%s: a stranger's markup is in the page", path)
		}
	}
	b.get("/messages/"+m.ID).want(t, http.StatusOK, "I complain. &lt;script&gt;alert(1)")
}

// A photograph of a letter is saved as a picture, and not as a mail.
func TestAPhotographedLetterIsSavedAsAPicture(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.signedIn("Priya", register.Reviewer)
	for content, end := range map[string]string{"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic": ".heic", "RIFF\x24\x00\x00\x00WEBPVP8 ": ".webp"} {
		stored, err := h.archive.Put(h.Context(), strings.NewReader(content))
		must(t, err)
		got, err := h.register.Receive(h.Context(), []register.Arrival{{
			Fingerprint: stored.SHA256, Original: stored.SHA256, Size: stored.Size, Channel: register.Letter, Source: "upload", ReceivedAt: h.clock.Now(), Basis: register.Given,
		}})
		must(t, err)
		if name := b.get("/messages/" + got[0].ID + "/original").header.Get("Content-Disposition"); name != `attachment; filename=`+got[0].Reference+end {
			t.Errorf("saved as %s", name)
		}
	}
}
