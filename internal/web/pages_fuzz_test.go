package web_test

import (
	"context"
	"database/sql"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"modernc.org/sqlite"

	"postroom/internal/register"
	"postroom/internal/registertest"
)

// marked is what no page may show as it stands, and no line of the log at all.
const marked = "<x-fuzz>"

// A tried that many inputs are tried on, each as if it were the
// first: what one has changed is put back before the next.
type tried struct {
	*house
	handler http.Handler
	cookie  *http.Cookie
	secret  string   // of another system
	pages   []string // that there is something on
	put     func() error
}

// fullHouse has something on every page: a case, a message that waits, replies,
// an alarm, and letters in the tray.
func fullHouse(f *testing.F) *tried {
	f.Helper()
	var file string
	h := openForLong(f, func(tb testing.TB, c register.Config) register.Config {
		tb.Helper()
		c = registertest.SQLite(tb, c)
		file = c.DSN
		return c
	})
	b := h.signedIn("Priya", register.Admin)
	reads, _ := h.routes()
	letter := h.byPost("Ann Other", "The roof leaks.", "12 Quay Street", "Bristol", "BS2 9XX")
	h.write(letter)
	t := &tried{house: h, handler: h.server.Config.Handler}
	t.cookie = b.Jar.Cookies(mustURL(f, h.server.URL))[0]
	var c register.Case
	for _, m := range h.all() {
		if m.Case != "" && m.Channel == register.Email {
			c = h.theCase(m.Case)
		}
	}
	t.pages = append(reads, "/cases", "/cases/"+c.Reference, "/mailroom", "/tray", "/tray/letters/"+letter.Owed[0].ID, "/contact", "/complain", "/report", "/rules", "/help", "/sessions", "/password", "/people", "/returned", "/mailroom/separators", "/sign-in")
	for _, deed := range []string{"answer", "extend", "ask", "note", "define", "stage2", "refuse", "close", "received", "link", "split", "information", "given"} {
		t.pages = append(t.pages, "/cases/"+c.Reference+"/"+deed)
	}
	t.secret = h.system("My Account", register.MaySubmit, register.MayRead).secret
	t.put = putBack(f, file)
	return t
}

// putBack keeps the register's file as it is now, and gives what makes it so
// again under its open connections.
func putBack(f *testing.F, file string) func() error {
	f.Helper()
	db, err := sql.Open("sqlite", file)
	must(f, err)
	f.Cleanup(func() { _ = db.Close() })
	kept := file + ".kept"
	_, err = db.ExecContext(f.Context(), `VACUUM INTO ?`, kept)
	must(f, err)
	return func() error {
		conn, err := db.Conn(context.Background())
		if err != nil {
			return err
		}
		defer conn.Close() //nolint:errcheck // given back
		return conn.Raw(func(c any) error {
			copying, err := c.(interface {
				NewRestore(string) (*sqlite.Backup, error)
			}).NewRestore(kept)
			if err != nil {
				return err
			}
			if _, err := copying.Step(-1); err != nil {
				return err
			}
			return copying.Finish()
		})
	}
}

// browse sends what Priya's browser does.
func (h *tried) browse(t *testing.T, method, path, body string) page {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, h.server.URL, strings.NewReader(body))
	must(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.AddCookie(h.cookie)
	return h.ask(t, r, path)
}

// ask holds the answer to a request to what is true of every answer.
func (h *tried) ask(t *testing.T, r *http.Request, path string) page {
	t.Helper()
	at, query, _ := strings.Cut(path, "?")
	r.URL = &url.URL{Path: at, RawQuery: query}
	if plain, err := url.PathUnescape(at); err == nil {
		r.URL.Path, r.URL.RawPath = plain, at
	}
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	got := page{w.Code, w.Header(), w.Body.String()}
	if got.status >= http.StatusInternalServerError {
		t.Errorf("%s %q: %d\n%s", r.Method, path, got.status, h.log.String())
	}
	if strings.HasPrefix(got.header.Get("Content-Type"), "text/html") && (strings.Contains(got.body, marked) || !utf8.ValidString(got.body) || strings.Contains(got.body, "\x00")) {
		t.Errorf("%s %q is shown as it was sent:\n%s", r.Method, path, got.body)
	}
	if to := got.header.Get("Location"); to != "" && (!strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//")) {
		t.Errorf("%s %q leads to %q", r.Method, path, to)
	}
	return got
}

var (
	aForm     = regexp.MustCompile(`(?s)<form[^>]*method="post"[^>]*>.*?</form>`)
	anElement = regexp.MustCompile(`(?s)<(form|input|button|textarea|select|option)\b([^>]*)>([^<]*)`)
	attribute = regexp.MustCompile(`\b(action|name|value|type)="([^"]*)"`)
)

// A shownField is a field of a form with what it holds, and what can be chosen
// in it. What holds nothing and is not typed into is not sent.
type shownField struct {
	name, value string
	options     []string
}

// A shownForm is a form on a page, and where it is sent.
type shownForm struct {
	to     string
	fields []*shownField
}

func (p page) forms(at string) (all []shownForm) {
	for _, text := range aForm.FindAllString(p.body, -1) {
		f := shownForm{to: at}
		known := map[string]*shownField{}
		var last *shownField
		for _, e := range anElement.FindAllStringSubmatch(text, -1) {
			has := map[string]string{}
			for _, a := range attribute.FindAllStringSubmatch(e[2], -1) {
				has[a[1]] = html.UnescapeString(a[2])
			}
			if e[1] == "form" && has["action"] != "" {
				f.to = has["action"]
			}
			if name := has["name"]; name != "" && known[name] == nil {
				last = &shownField{name: name}
				known[name], f.fields = last, append(f.fields, last)
			} else if name != "" {
				last = known[name]
			}
			switch kind := e[1] + has["type"]; {
			case kind == "option", kind == "inputradio", kind == "inputcheckbox", e[1] == "button" && has["name"] != "":
				last.options = append(last.options, has["value"])
				if strings.Contains(e[2], " checked") || strings.Contains(e[2], " selected") {
					last.value = has["value"]
				}
			case e[1] == "textarea":
				last.value = html.UnescapeString(e[3])
			case e[1] == "input" && last != nil:
				last.value = has["value"]
			}
		}
		if f.to != "/sign-out" {
			all = append(all, f)
		}
	}
	return all
}

// FuzzPages: whatever an officer types into any form of any page, Postroom does
// it or says why not. An input is up to four steps, one a paragraph: its first
// line chooses a page and a form on it; each line after it is typed into the
// next field, "-" leaves it as it is, a number chooses, and "+" is the words that
// must not come out as they went in.
func FuzzPages(f *testing.F) {
	h := fullHouse(f)
	for _, seed := range []string{"10 0\n-\n+\n+\n+", "9 1\n-\n-\nx\n\n26 0\n-\n+", "13 0\n+\n+\n+\n+\n+\n+\n+", "2 0?q=%00+&from=2026-11-01\n\n16 0\nrules: [\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, input string) {
		h.begin(t)
		for i, step := range strings.Split(input, "\n\n") {
			if i == 4 {
				break
			}
			h.step(t, step)
		}
		h.quiet(t)
		for _, path := range h.pages[:4] {
			h.browse(t, http.MethodGet, path, "")
		}
	})
}

func (h *tried) begin(t *testing.T) {
	t.Helper()
	if err := h.put(); err != nil {
		t.Fatal(err)
	}
	h.log.reset()
	h.house.pages.Forget()
}

// quiet holds that nothing went wrong behind the page, and that the log has
// none of the words.
func (h *tried) quiet(t *testing.T) {
	t.Helper()
	if log := h.log.String(); strings.Contains(log, "level=ERROR") || strings.Contains(log, "x-fuzz") {
		t.Errorf("the log says\n%s", log)
	}
}

func (h *tried) step(t *testing.T, step string) {
	t.Helper()
	first, typed, _ := strings.Cut(step, "\n")
	first, query, _ := strings.Cut(first, "?")
	var n, m uint
	_, _ = fmt.Sscan(first, &n, &m)
	path := h.pages[n%uint(len(h.pages))]
	got := h.browse(t, http.MethodGet, path+"?"+strings.ReplaceAll(query, "+", url.QueryEscape(marked)), "")
	forms := got.forms(path)
	if len(forms) == 0 {
		return
	}
	filled, lines, values := forms[m%uint(len(forms))], strings.Split(typed, "\n"), url.Values{}
	for i, field := range filled.fields {
		if i < len(lines) && lines[i] != "-" {
			field.value = strings.ReplaceAll(lines[i], "+", `">`+marked)
			if n, err := strconv.Atoi(lines[i]); err == nil && n >= 0 && len(field.options) > 0 {
				field.value = field.options[n%len(field.options)]
			}
		}
		if field.value != "" || field.options == nil {
			values.Set(field.name, field.value)
		}
	}
	got = h.browse(t, http.MethodPost, filled.to, values.Encode())
	if next := got.header.Get("Location"); next != "" {
		h.browse(t, http.MethodGet, next, "")
	}
}

// FuzzRequests: whatever a stranger, an officer's browser or another system
// sends to any address is answered. A stranger is shown nothing of the post, and
// what is sent twice is registered once.
func FuzzRequests(f *testing.F) {
	h := fullHouse(f)
	sent := "step=check&id=" + strings.Repeat("A", 26) + "&said=" + url.QueryEscape(letDown) + "&name=I&answer=letter&address=1+Lane%0AMillhaven&postcode=LS1+4AP"
	const (
		typed = "Content-Type: application/x-www-form-urlencoded"
		parts = "Content-Type: multipart/form-data; boundary=b"
		part  = "--b\r\nContent-Disposition: form-data; name="
	)
	for _, seed := range []struct {
		who                 byte
		line, headers, body string
	}{
		{stranger, "POST /complain", typed, sent},
		{stranger, "POST /complain", parts, part + "step\r\n\r\nwhat\r\n" + part + "files; filename=\"a<x-fuzz>.jpg\"\r\n\r\n" + jpeg + "\r\n--b--\r\n"},
		{stranger, "GET /sign-in?next=//x.example/%00", "Cookie: postroom=x; =\nX-Request-ID: 1", ""},
		{officer, "POST /mailroom/uploads", parts, part + "on\r\n\r\n2026-11-23\r\n" + part + "files; filename=a.pdf\r\n\r\n%PDF-1.4\r\n--b--\r\n"},
		{officer, "GET /cases?q=<x-fuzz>&topic=lift&page=2&as=csv", "", ""},
		{another, "POST /api/v1/messages", "Content-Type: application/json\nIdempotency-Key: key-number-1", words()},
		{another, "GET /api/v1/cases/CIT26-7KR4-M9X9", "", ""},
	} {
		f.Add(seed.who, seed.line, seed.headers, seed.body)
	}
	f.Fuzz(func(t *testing.T, who byte, line, headers, body string) {
		h.begin(t)
		method, path, _ := strings.Cut(line, " ")
		ask := func() page {
			r, err := http.NewRequestWithContext(t.Context(), method, h.server.URL, strings.NewReader(body))
			if err != nil {
				t.Skip("no method")
			}
			for line := range strings.SplitSeq(headers, "\n") {
				if name, value, ok := strings.Cut(line, ": "); ok {
					r.Header.Add(name, value)
				}
			}
			switch who % 3 {
			case officer:
				r.AddCookie(h.cookie)
			case another:
				r.Header.Set("Authorization", "Bearer "+h.secret)
			}
			return h.ask(t, r, path)
		}
		before := h.count(t)
		got := ask()
		once := h.count(t)
		if strings.Contains(got.body, "Ferdous") && who%3 == stranger {
			t.Errorf("%s shows the post: %s", line, got.body)
		}
		if once > before && who%3 != officer {
			if again := ask(); again.status < 300 && h.count(t) != once {
				t.Errorf("%s: sent twice, registered twice", line)
			}
		}
		h.quiet(t)
	})
}

// Who asks.
const (
	stranger = iota
	officer
	another
)

// count is how many messages there are.
func (h *tried) count(t *testing.T) int {
	t.Helper()
	all, err := h.register.Messages(t.Context(), time.Time{}, 300)
	must(t, err)
	return len(all)
}
