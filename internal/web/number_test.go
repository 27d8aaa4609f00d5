package web_test

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"postroom/ingest"
	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/web"
)

// linesWith are the lines of the log that hold a word.
func (h *house) linesWith(word string) (found []string) {
	for line := range strings.Lines(h.log.String()) {
		if strings.Contains(line, word) {
			found = append(found, line)
		}
	}
	return found
}

// What an officer quotes from a page that says what went wrong is in the log,
// with what went wrong.
func TestAProblemIsFoundByItsNumber(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.signedIn("Priya", register.Reviewer)
	for path, said := range map[string]string{"/messages/nothing": "status=404", "/people": "Not for your role", "/no%20such%20page": "status=404"} {
		p := b.get(path)
		number := p.header.Get("X-Request-ID")
		if len(number) != 10 || !strings.Contains(p.body, "quote the number "+number) {
			t.Errorf("%s: the number %q is not on the page\n%s", path, number, p.body)
		}
		lines := h.linesWith("request_id=" + number)
		if !strings.Contains(strings.Join(lines, ""), said) || strings.Contains(strings.Join(lines, ""), "no%20such") {
			t.Errorf("%s: the log says of it %q", path, lines)
		}
	}
	if one, two := b.get("/").header.Get("X-Request-ID"), b.get("/").header.Get("X-Request-ID"); one == two {
		t.Errorf("two requests have the number %q", one)
	}
	must(t, h.register.Close())
	p := b.get("/")
	number := p.header.Get("X-Request-ID")
	p.want(t, http.StatusInternalServerError, number)
	if lines := h.linesWith("request_id=" + number); !strings.Contains(strings.Join(lines, ""), `msg="a request failed"`) {
		t.Errorf("the log says of it %q", lines)
	}
}

// Only a proxy of ours may give a request its number, and only one that cannot
// be mistaken for anything else in a log.
func TestWhoGivesARequestItsNumber(t *testing.T) {
	t.Parallel()
	behind := openOn(t, registertest.SQLite, web.Access{BehindProxy: true})
	alone := open(t)
	for _, row := range []struct {
		h     *house
		sent  string
		taken bool
	}{
		{behind, "6f1c3c0a-9f0e-4a51-8a55-0d5a6d1e2f33", true},
		{behind, "Root=1-67891233-abcdef012345678912345678", true},
		{alone, "6f1c3c0a-9f0e-4a51-8a55-0d5a6d1e2f33", false},
		{behind, "short", false},
		{behind, strings.Repeat("a", 65), false},
		{behind, "ann@homes.example", false},
		{behind, "<script>alert(1)</script>", false},
		{behind, `12345678" level=ERROR`, false},
	} {
		p := row.h.browser().send(http.MethodGet, "/sign-in", "", func(r *http.Request) { r.Header.Set("X-Request-ID", row.sent) })
		if got := p.header.Get("X-Request-ID"); (got == row.sent) != row.taken || got == "" {
			t.Errorf("sent %q, the number is %q", row.sent, got)
		}
	}
}

// The number is in what other rooms write for a request, too, once in a line.
func TestOtherRoomsKnowTheNumber(t *testing.T) {
	t.Parallel()
	h := openWith(t, registertest.SQLite, web.Access{}, func(h *house, c *web.Config) {
		log := slog.New(web.NumberedLog(slog.NewTextHandler(h.log, nil)))
		c.Logger = log
		c.Reader = ingest.NewReader(ingest.ReaderConfig{Register: h.register, Archive: h.archive, Queue: h.queue, Rules: c.Rules, Prefixes: c.Prefixes, Now: c.Now, Logger: log})
	})
	b := h.browser()
	p := b.post("/complain", b.usual().fill("do", "send"))
	number := p.header.Get("X-Request-ID")
	lines := h.linesWith("request_id=" + number)
	all := strings.Join(lines, "")
	if !strings.Contains(all, `msg="message opened"`) || !strings.Contains(all, `msg="what was typed is registered"`) || strings.Count(all, "request_id=") != len(lines) {
		t.Errorf("the log says %q of %s\n%s", lines, number, h.log.String())
	}
}
