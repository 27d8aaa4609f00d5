package web_test

import (
	"net/http"
	"strings"
	"testing"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/web"
)

// TestWhatNoDatabaseTakes: PostgreSQL refuses NUL and bytes that are no text,
// in what is looked for too, and nobody is told that something went wrong.
func TestWhatNoDatabaseTakes(t *testing.T) {
	t.Parallel()
	for name, point := range map[string]func(testing.TB, register.Config) register.Config{"sqlite": registertest.SQLite, "postgres": registertest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			takesOddText(openForLong(t, point))
		})
	}
}

func takesOddText(h *house) {
	b := h.signedIn("Priya", register.Admin)
	for _, odd := range []string{"%ff", "%00"} {
		b.each(func(method, path string, row web.TableRow) {
			query, body := "?q="+odd+"&from="+odd+"&"+odd+"=x", ""
			if method == http.MethodPost {
				body = strings.ReplaceAll("reason=#&do=#&q=#&label=#&account=#&name=#&letter=#&#=#", "#", odd)
			}
			got := b.send(method, strings.ReplaceAll(path, "nothing", odd)+query, body, nil)
			if got.status >= http.StatusInternalServerError || strings.Contains(path, "nothing") && got.status != http.StatusNotFound && !row.Door {
				h.Errorf("%s with %s: %d", row.Pattern, odd, got.status)
			}
		})
	}
	const odd = "a\x00b\xffc"
	m := h.mail(strings.ReplaceAll(plainMail, "<1@", "<2@"), unsure(classify.Complaint), nil)
	b.decide(m, "label", "service_request", "reason", odd, "issues", odd, "outcomes", odd, "to", "other", "to_name", odd, "to_email", "x@example.com", "note", odd).want(h.TB, http.StatusOK, "ab\uFFFDc")
	c := h.complaint(b)
	b.did(c, "note", "reason", odd).want(h.TB, http.StatusOK, "ab\uFFFDc")
	got := b.post("/contact", heard("name", odd, "address", odd, "said", letDown+odd, "want", odd, "heard", odd))
	got.want(h.TB, http.StatusSeeOther)
	b.get(got.header.Get("Location")).want(h.TB, http.StatusOK, "ab\uFFFDc")
	sent := h.browser().post("/complain", b.written([]string{"said", letDown + odd, "want", odd, "link", ""},
		[]string{"name", odd, "answer", "letter", "address", "12 Tanner's Row\n" + odd, "postcode", "ls1 4ap", "other", odd}).fill("go", "send"))
	sent.want(h.TB, http.StatusOK, "We have your complaint")
	name := "a\u0000b"
	h.system("My Account", "submit").handIn("key-number-1", words("id", name, "text", letDown+name, "subject", name, "complainant", `{"name": "a\u0000b", "email": "x@example.com"}`))
	h.browser().post("/sign-in", form("account", odd, "password", odd, "next", odd)).want(h.TB, http.StatusForbidden)
	h.readMail()
	if log := h.log.String(); strings.Contains(log, "level=ERROR") {
		h.Errorf("an error is in the log:\n%s", log)
	}
	for _, m := range h.all() {
		b.get("/messages/"+m.ID).want(h.TB, http.StatusOK)
	}
}

// A limit in characters counts characters: a Welsh name or a curly quotation
// mark takes more than one byte, and the page's own field lets it through.
func TestLimitsCountCharacters(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.signedIn("Priya", register.Reviewer)
	why := strings.Repeat("ŵ’", 1000)
	m := h.waiting()
	b.decide(m, "label", "enquiry", "reason", why+"x").want(t, http.StatusUnprocessableEntity, "Say it in at most 2000 characters")
	b.decide(m, "label", "enquiry", "reason", why).want(t, http.StatusOK, "Enquiry, decided by Priya.")
	o := h.byPost("Ann Other", "The roof leaks.", "12 Quay Street", "Bristol", "BS2 9XX")
	h.write(o)
	letter := "/tray/letters/" + o.Owed[0].ID
	b.post(letter+"/pull", form("reason", why+"x")).want(t, http.StatusUnprocessableEntity, "at most 2,000 characters")
	b.post(letter+"/pull", form("reason", why)).want(t, http.StatusSeeOther)
	b.post("/replies/"+o.Owed[0].ID+"/ruling", form("do", "cancel", "reason", why+"x")).want(t, http.StatusUnprocessableEntity, "at most 2,000 characters")
	b.post("/replies/"+o.Owed[0].ID+"/ruling", form("do", "cancel", "reason", why)).want(t, http.StatusSeeOther)
}
