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
