package web_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/web"
)

func TestAnotherSystemHandsAComplaintIn(t *testing.T) {
	t.Parallel()
	h := open(t)
	s := h.system("My Account", "submit", "vouch")
	body := words("identity_confirmed", "true", "subject", "Zażółć — heating", "outcome_wanted", `["A new boiler"]`, "other_needs", "Welsh", "needs", `["easy_read"]`,
		"complainant", `{"name": "Idris Bowen", "email": "idris@example.com", "phone": "01632 960111", "customer_number": "100234", "postal_address": ["12 Tanner's Row", "Millhaven", "LS1 4AP"]}`)
	got := s.handIn(`"8e03978e-40d5-43e8-bc93-6894a57f9324"`, body)
	ref := got.reference(h)
	got.want(t, http.StatusCreated, `"received_at": "2026-11-23T09:30:00Z"`, `"acknowledge_by": "2026-11-30"`, `"answer_by": "2026-12-14"`)
	if got.header.Get("Location") != "/api/v1/cases/"+ref || len(h.all()) != 1 {
		t.Fatalf("at %q, %d messages", got.header.Get("Location"), len(h.all()))
	}
	m := h.message(h.all()[0].ID)
	if m.Channel != register.Portal || m.Source != "handed in by My Account" || m.Reference != ref || m.State != register.Arrived || m.ReceivedAt.Format(time.RFC3339) != "2026-11-23T09:30:00Z" {
		t.Errorf("registered %+v", m)
	}
	original, err := h.archive.Get(t.Context(), m.Original)
	must(t, err)
	record, err := io.ReadAll(original)
	must(t, err)
	must(t, original.Close())
	if !bytes.HasPrefix(record, []byte(`From: "Idris Bowen" <idris@example.com>`)) || int64(len(record)) != m.Size {
		t.Errorf("kept as\n%s", record)
	}
	if c := s.stands(ref); c.State != "received" || c.Deadlines[0].Due != "2026-11-30" || c.Deadlines[0].State != "running" {
		t.Errorf("before it is read: %+v", c)
	}

	h.readMail()
	m = h.message(m.ID)
	told := m.Reading.Told
	if m.State != register.Filed || m.Verdict.Label != "complaint" || m.Reading.Subject != "Zażółć — heating" || !m.Reading.Authenticated || !told.Vouched || told.By != "My Account" || told.TheirID != "WEB-1" || told.Customer != "100234" || told.Needs[0] != "Easy Read" || told.Needs[1] != "Welsh" {
		t.Errorf("%s: %s; told %+v", m.State, m.Problem, told)
	}
	if len(told.Request) != 64 || !slices.Equal(m.Verdict.Definition.Outcomes, []string{"A new boiler"}) {
		t.Errorf("told %+v, wanted %q", told, m.Verdict.Definition.Outcomes)
	}
	replies, err := h.register.CaseOutgoings(t.Context(), m.Case)
	must(t, err)
	if len(replies) == 0 || replies[0].Kind != register.Acknowledgement || replies[0].Form != register.Defined || replies[0].To.Address != "idris@example.com" {
		t.Errorf("owed %+v", replies)
	}
	if c := s.stands(strings.ToLower(ref)); c.State != "open" || c.Kind != "complaint" || c.Stage != 1 || len(c.Deadlines) != 2 {
		t.Errorf("after it is read: %+v", c)
	}
	staff := h.signedIn("Priya", register.Reviewer)
	staff.get("/messages/"+m.ID).want(t, http.StatusOK, "Customer number", "100234", "Number in My Account", "WEB-1")
	staff.get("/cases?q=100234").want(t, http.StatusOK, ref)

	// Again, later and from another window of the same system: the same answer.
	h.clock.Advance(40 * time.Minute)
	second := h.system("My Account", "submit", "vouch")
	if again := second.handIn("8e03978e-40d5-43e8-bc93-6894a57f9324", body); again.status != http.StatusOK || again.body != got.body || again.header.Get("Location") != got.header.Get("Location") || len(h.all()) != 1 {
		t.Errorf("again: %d, %d messages\n%s", again.status, len(h.all()), again.body)
	}
	for _, words := range []string{"Idris", "idris", "Tanner", "boiler", "WEB-1", "100234", "8e03978e", s.secret} {
		if strings.Contains(h.log.String(), words) {
			t.Errorf("%q is in the log", words)
		}
	}
}

func TestAKeyAtTheDoor(t *testing.T) {
	t.Parallel()
	h := open(t)
	s := h.system("My Account", "submit")
	first := s.handIn("key-number-1", words())
	first.want(t, http.StatusCreated)
	s.handIn("key-number-1", words()+" ").want(t, http.StatusUnprocessableEntity, "key_reused", "Nothing was taken in")
	ref := first.reference(h)
	// The same words are other post under another key, and from another system.
	for _, other := range []page{s.handIn("key-number-2", words()), h.system("CRM", "submit").handIn("key-number-1", words())} {
		if other.status != http.StatusCreated || other.reference(h) == ref {
			t.Errorf("%d %s", other.status, other.body)
		}
	}
	// A message that was refused has not used its key.
	s.handIn("key-number-3", words("text", "")).want(t, http.StatusUnprocessableEntity, "/text")
	s.handIn("key-number-3", words()).want(t, http.StatusCreated)
	for key, code := range map[string]string{"": "no_key", "short": "bad_key", strings.Repeat("x", 201): "bad_key", "with a space": "bad_key", `in"side-it`: "bad_key", "żółć-żółć": "bad_key"} {
		s.handIn(key, words()).want(t, http.StatusBadRequest, `"code": "`+code+`"`)
	}
	s.handInAs("key-number-4", words(), func(r *http.Request) { r.Header.Add("Idempotency-Key", "key-number-5") }).want(t, http.StatusBadRequest, "bad_key")
	if len(h.all()) != 4 {
		t.Errorf("%d messages", len(h.all()))
	}
	// Forgotten, it still is the same post and never comes in again.
	h.readMail()
	h.clock.Advance(time.Minute)
	if again := s.handIn("key-number-1", words()); again.status != http.StatusOK || again.body != first.body {
		t.Errorf("%d %s", again.status, again.body)
	}
}

// TestManyTimesAtOnce: half of the calls hand in one thing, half another, all
// with one key. One of the two is taken in, once.
func TestManyTimesAtOnce(t *testing.T) {
	t.Parallel()
	for name, point := range map[string]func(testing.TB, register.Config) register.Config{"sqlite": registertest.SQLite, "postgres": registertest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := openOn(t, point, web.Access{})
			s := h.system("My Account", "submit")
			pages := make([]page, 24)
			var wait sync.WaitGroup
			for i := range pages {
				wait.Go(func() { pages[i] = s.handIn("key-number-1", words("id", []string{"one", "two"}[i%2])) })
			}
			wait.Wait()
			count := map[int]int{}
			bodies := map[string]bool{}
			for _, p := range pages {
				count[p.status]++
				if p.status < http.StatusBadRequest {
					bodies[p.body] = true
				}
			}
			if count[201] != 1 || count[200] != 11 || count[422] != 12 || len(bodies) != 1 || len(h.all()) != 1 {
				t.Errorf("%v, %d answers, %d messages", count, len(bodies), len(h.all()))
			}
		})
	}
}

func TestWhoMayComeIn(t *testing.T) {
	t.Parallel()
	h := open(t)
	s := h.system("My Account", "submit")
	ref := s.handIn("key-number-1", words()).reference(h)
	staff := h.signedIn("Priya", register.Admin)
	// A cookie opens nothing here.
	officer := &system{browser: staff}
	officer.handIn("key-number-2", words()).want(t, http.StatusUnauthorized, "no_token")
	officer.ask("/api/v1/cases/"+ref).want(t, http.StatusUnauthorized, "no_token")
	for token, code := range map[string]string{
		"": "no_token", "Basic " + s.secret: "no_token", "Bearer": "unknown_token", "Bearer x": "unknown_token", s.secret: "no_token",
		"Bearer " + s.secret[:len(s.secret)-1] + "8": "unknown_token", "Bearer postroom_" + strings.Repeat("A", 52): "unknown_token",
	} {
		got := s.without().handInAs("key-number-2", words(), func(r *http.Request) {
			if token != "" {
				r.Header.Set("Authorization", token)
			}
		})
		got.want(t, http.StatusUnauthorized, `"`+code+`"`)
		if challenge := got.header.Get("WWW-Authenticate"); !strings.HasPrefix(challenge, `Bearer realm="Postroom"`) || strings.Contains(challenge, "invalid_token") != (code == "unknown_token") {
			t.Errorf("%q: challenge %q", token, challenge)
		}
	}
	s.handInAs("key-number-2", words(), func(r *http.Request) { r.Header.Add("Authorization", "Bearer "+s.secret) }).want(t, http.StatusUnauthorized, "no_token")
	s.handInAs("key-number-2", words(), func(r *http.Request) { r.Header.Set("Authorization", "bearer  "+s.secret) }).want(t, http.StatusCreated)

	reader, other := h.system("CRM", "read"), h.system("Phones", "submit")
	reader.handIn("key-number-2", words()).want(t, http.StatusForbidden, "not_granted")
	s.handIn("key-number-3", words("identity_confirmed", "true")).want(t, http.StatusForbidden, "not_granted", "submit,vouch")
	reader.ask("/api/v1/cases/"+ref).want(t, http.StatusOK)
	missing := other.ask("/api/v1/cases/" + ref)
	if missing.want(t, http.StatusNotFound, "not_found"); missing.body != other.ask("/api/v1/cases/CIT26-2222-2222").body {
		t.Error("it can be told apart that there is such a case")
	}
	for _, name := range []string{"nothing", "CIT26-7KR4-M9X8", "..%2f..", strings.Repeat("C", 5000)} {
		s.ask("/api/v1/cases/"+name).want(t, http.StatusNotFound)
	}
	// A browser on another site is refused, with a token too.
	s.handInAs("key-number-4", words(), func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }).want(t, http.StatusForbidden, "other_site")
	s.handInAs("key-number-4", words(), func(r *http.Request) { r.Host = "attacker.example" }).want(t, http.StatusForbidden, "wrong_name")

	n, err := h.register.RevokeTokens(t.Context(), "My Account", "")
	must(t, err)
	s.handIn("key-number-1", words()).want(t, http.StatusUnauthorized, "revoked")
	s.ask("/api/v1/cases/"+ref).want(t, http.StatusUnauthorized, "revoked")
	if n != 1 || len(h.all()) != 2 {
		t.Errorf("%d revoked, %d messages", n, len(h.all()))
	}
}

func TestWhatCannotBeTakenIn(t *testing.T) {
	t.Parallel()
	h := open(t)
	s := h.system("My Account", "submit", "vouch")
	d, err := described()
	must(t, err)
	many := func(n int, of string) string { return "[" + strings.Join(slices.Repeat([]string{of}, n), ",") + "]" }
	photo := `{"filename": "a.jpg", "content": "/9j/4AAQ"}`
	for name, row := range map[string]struct {
		body, field string
		outside     bool // of what the schema can say
	}{
		"no id":                {words("id", ""), "/id", false},
		"an empty id":          {words("id", " "), "/id", true},
		"two lines":            {words("subject", "a\nBcc: b"), "/subject", false},
		"a long line":          {words("case_reference", strings.Repeat("x", 201)), "/case_reference", false},
		"no time":              {words("received_at", ""), "/received_at", false},
		"no offset":            {words("received_at", "2026-11-23T09:30:00"), "/received_at", false},
		"nothing to be seen":   {words("text", "\u200b\u200d\u00a0"), "/text", true},
		"an hour of one digit": {words("received_at", "2026-01-01T0:00:00Z"), "/received_at", false},
		"a day":                {words("received_at", "2026-11-23"), "/received_at", false},
		"the future":           {words("received_at", "2026-11-23T10:03:00Z"), "lies in the future", true},
		"last year":            {words("received_at", "2025-11-20T10:00:00Z"), "more than a year back", true},
		"by letter":            {words("channel", "letter"), "/channel", false},
		"no words":             {words("text", "\n "), "/text", true},
		"too many":             {words("text", strings.Repeat("ж", 20_001)), "at most 20000 characters", false},
		"no text":              {words("text", `"a\u0000b"`), "/text", true},
		"too many hopes":       {words("outcome_wanted", many(21, `"x"`)), "/outcome_wanted", false},
		"a wrong address":      {words("complainant", `{"email": "a@b, c@d"}`), "/complainant/email", true},
		"no way to answer":     {words("reply_by", "pigeon"), "/reply_by", false},
		"a letter to nobody":   {words("reply_by", "letter"), "/complainant/postal_address", true},
		"an email to nobody":   {words("reply_by", "email", "complainant", `{"name": "Ann"}`), "/complainant/email", true},
		"a letter to no name":  {words("reply_by", "letter", "complainant", `{"postal_address": ["1 Lane", "LS1 4AP"]}`), "/complainant/name", true},
		"an unknown need":      {words("needs", `["large_print", "tea"]`), "/needs/1", false},
		"an unknown field":     {words("colour", "red"), "/colour", false},
		"another one":          {words("complainant", `{"nme": "Ann"}`), "/complainant/nme", false},
		"another case":         {strings.Replace(words(), `"text"`, `"Text"`, 1), "/Text", false},
		"a slash":              {words("a/b~c", "x"), "/a~1b~0c", false},
		"twice":                {strings.Replace(words(), `"text"`, `"text": "other", "text"`, 1), "comes twice", true},
		"null":                 {words("subject", "null"), "/subject", false},
		"a number":             {words("text", "12"), "/text", false},
		"a list":               {words("complainant", `["Ann"]`), "/complainant", false},
		"a nameless file":      {words("attachments", `[{"filename": " ", "content": "/9j/4AAQ"}]`), "/attachments/0/filename", true},
		"an empty file":        {words("attachments", "["+photo+`, {"filename": "a", "content": ""}]`), "/attachments/1/content", false},
		"no base64":            {words("attachments", `[{"filename": "a", "content": "a b"}]`), "base64", false},
		"too many files":       {words("attachments", many(21, photo)), "/attachments", false},
		"a declared kind":      {words("attachments", `[{"filename": "a", "content": "/9j/4AAQ", "content_type": "image/png"}]`), "/attachments/0/content_type", false},
	} {
		got := s.handIn("key-"+strings.ReplaceAll(name, " ", "-"), row.body)
		got.want(t, http.StatusUnprocessableEntity, `"wrong_fields"`, row.field)
		if err := d.valid("/components/schemas/Message", row.body); (err == nil) != row.outside {
			t.Errorf("%s: the schema says %v", name, err)
		}
	}
	// All at once, and of each field once.
	all := s.handIn("key-of-all", words("colour", "red", "text", "12", "channel", "letter", "needs", `["tea", 3]`, "complainant", `{"nme": "Ann", "email": "a"}`, "attachments", `[{"filename": "a", "content": "a b"}]`))
	all.want(t, http.StatusUnprocessableEntity, "/colour", "/text", "/channel", "/needs/0", "/needs/1", "/complainant/nme", "/complainant/email", "/attachments")
	if n := strings.Count(all.body, `"field"`); n != 8 {
		t.Errorf("%d mistakes are named:\n%s", n, all.body)
	}
	for name, body := range map[string]string{
		"nothing": "", "words": "hello", "a list": "[]", "cut off": words()[:40], "two": words() + words(), "no text": `{"id": "` + "\xff" + `"}`, "too deep": strings.Repeat(`{"a":`, 9) + "1" + strings.Repeat("}", 9),
	} {
		s.handIn("key-of-"+strings.ReplaceAll(name, " ", "-"), body).want(t, http.StatusBadRequest, `"not_understood"`)
	}
	for _, kind := range []string{"", "text/plain", "application/json; charset=latin1", "application/x-www-form-urlencoded"} {
		s.handInAs("key-number-1", words(), func(r *http.Request) { r.Header.Set("Content-Type", kind) }).want(t, http.StatusUnsupportedMediaType, "not_json")
	}
	s.handInAs("key-number-1", words(), func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") }).want(t, http.StatusUnsupportedMediaType, "not_json")
	huge := s.posting(words())
	huge.ContentLength = 28<<20 + 1
	s.straight("key-number-1", huge).want(t, http.StatusRequestEntityTooLarge, "too_large")
	huge = s.posting(strings.Repeat(" ", 28<<20+1))
	huge.ContentLength = -1
	s.straight("key-number-1", huge).want(t, http.StatusRequestEntityTooLarge, "too_large")
	// Put together by hand: encoding/json would take seconds in the race detector.
	large := strings.TrimSuffix(words(), "}") + `, "attachments": [{"filename": "a", "content": "` + base64.StdEncoding.EncodeToString(make([]byte, 20<<20+1)) + `"}]}`
	s.straight("key-number-1", s.posting(large)).want(t, http.StatusUnprocessableEntity, "larger than 20 MiB")
	if len(h.all()) != 0 {
		t.Errorf("%d registered", len(h.all()))
	}
	// A clock that is a little ahead is forgiven, and a year is not too long.
	s.handIn("key-number-1", words("received_at", "2026-11-23T10:01:59.5Z")).want(t, http.StatusCreated, `"received_at": "2026-11-23T10:00:00Z"`)
	s.handIn("key-number-2", words("received_at", "2026-06-23T10:00:00+02:00")).want(t, http.StatusCreated, `"received_at": "2026-06-23T09:00:00+01:00"`, `"acknowledge_by": "2026-06-30"`)
}

func TestATokenIsNotUsedTooOften(t *testing.T) {
	t.Parallel()
	h := open(t)
	s, other := h.system("My Account", "submit"), h.system("CRM", "submit")
	let := 0
	var refused page
	for range 130 {
		if refused = s.ask("/api/v1/cases/none"); refused.status == http.StatusTooManyRequests {
			break
		}
		let++
	}
	if let != 120 || refused.header.Get("Retry-After") != "1" {
		t.Errorf("%d let in, then %v", let, refused.header)
	}
	s.handIn("key-number-1", words()).want(t, http.StatusTooManyRequests, "same key")
	s.without().ask("/api/v1/cases/none").want(t, http.StatusUnauthorized)
	for _, line := range []string{`code=too_many system="My Account"`, "code=no_token from=127.0.0.1"} {
		if !strings.Contains(h.log.String(), line) {
			t.Errorf("%s is not in the log", line)
		}
	}
	other.handIn("key-number-1", words()).want(t, http.StatusCreated)
	h.clock.Advance(time.Second)
	s.handIn("key-number-1", words()).want(t, http.StatusCreated)
}

func TestTheDoorIsClosedUnlessItIsOpened(t *testing.T) {
	t.Parallel()
	h := open(t)
	s := h.system("My Account", "submit")
	desk, err := web.New(web.Config{Register: h.register, Composer: composer(t), Now: h.clock.Now, Logger: h.logger(), Access: web.Access{Cost: cheap()}})
	must(t, err)
	closed := *s
	closed.browser = &browser{&house{TB: t, pages: desk}, nil}
	handler, err := desk.Handler()
	must(t, err)
	for _, r := range []*http.Request{closed.posting(words()), closed.getting("/api/v1/openapi.yaml"), closed.getting("/api/v1/cases/CIT26-7KR4-M9X9"), closed.getting("/api/")} {
		got := closed.through(handler, "key-number-1", r)
		got.want(t, http.StatusNotFound, `"code": "closed"`, "web.api")
	}
	// Where it is open, other addresses and methods are told of too.
	for path, allow := range map[string]string{"/api/v1/messages": "POST", "/api/v1/cases/CIT26-7KR4-M9X9": "GET, HEAD", "/api/v1/openapi.yaml": "GET, HEAD", "/api/v1/other": "", "/api/": ""} {
		got := s.send(http.MethodDelete, path, "", s.shows)
		if want := map[bool]int{true: http.StatusNotFound, false: http.StatusMethodNotAllowed}[allow == ""]; got.status != want || got.header.Get("Allow") != allow || !json.Valid([]byte(got.body)) {
			t.Errorf("%s: %d, allowed %q", path, got.status, got.header.Get("Allow"))
		}
	}
}

func TestFilesThatASystemHandsIn(t *testing.T) {
	t.Parallel()
	h := open(t)
	s := h.system("My Account", "submit")
	jpeg := append([]byte("\xff\xd8\xff\xe0\x00\x10JFIF\x00"), bytes.Repeat([]byte("x"), 2000)...)
	mail := "From: a@example.com\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ninner\r\n--b--\r\n"
	var all []string
	for _, f := range []struct{ name, content string }{{"ceiling — 日本.png", string(jpeg)}, {"../../etc/passwd", "MZ\x90\x00" + strings.Repeat("\x00", 200)}, {"note.txt", mail}, {"page.html", "<html><script>alert(1)</script></html>"}} {
		all = append(all, fmt.Sprintf(`{"filename": %q, "content": %q}`, f.name, base64.StdEncoding.EncodeToString([]byte(f.content))))
	}
	s.handIn("key-number-1", words("attachments", "["+strings.Join(all, ",")+"]")).want(t, http.StatusCreated)
	h.readMail()
	m := h.message(h.all()[0].ID)
	var names []string
	for _, a := range m.Reading.Attachments {
		names = append(names, a.Filename+" "+a.ContentType)
	}
	if got := strings.Join(names, "; "); got != "ceiling — 日本.png image/jpeg; passwd application/vnd.microsoft.portable-executable; note.txt message/rfc822; page.html text/html" || m.State != register.Filed {
		t.Errorf("%s: attached %s", m.State, got)
	}
	staff := h.signedIn("Priya", register.Reviewer)
	got := staff.get("/messages/" + m.ID + "/attachments/1")
	got.want(t, http.StatusOK)
	if isDownload(t, got); got.body != string(jpeg) {
		t.Error("the picture is not what was sent")
	}
}

// TestAReplyByTheDoor joins its case only as the house's rules allow.
func TestAReplyByTheDoor(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		change []string
		state  register.MessageState
		joins  bool
	}{
		"confirmed":         {[]string{"identity_confirmed", "true"}, register.Filed, true},
		"nobody vouches":    {nil, register.InReview, false},
		"another address":   {[]string{"identity_confirmed", "true", "complainant", `{"email": "eve@example.com"}`}, register.InReview, false},
		"no address":        {[]string{"identity_confirmed", "true", "complainant", `{"name": "Idris Bowen"}`}, register.InReview, false},
		"for somebody else": {[]string{"identity_confirmed", "true", "for_somebody_else", "true"}, register.InReview, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t)
			s := h.system("My Account", "submit", "vouch")
			ref := s.handIn("key-number-1", words("identity_confirmed", "true")).reference(h)
			h.readMail()
			reply := s.handIn("key-number-2", words(append([]string{"case_reference", strings.ToLower(ref), "text", "Just chasing this up. Is there any news?"}, row.change...)...))
			h.readMail()
			m, err := h.register.FindReference(t.Context(), reply.reference(h))
			must(t, err)
			first, err := h.register.FindReference(t.Context(), ref)
			must(t, err)
			if m.State != row.state || (m.Case == first.Case) != row.joins || !row.joins && m.OfferedCase != first.Case {
				t.Errorf("%s, case %q of %q, offered %q: %s", m.State, m.Case, first.Case, m.OfferedCase, m.Problem)
			}
			c := s.stands(m.Reference)
			if row.joins && c.Reference != ref || !row.joins && (c.State != "in_review" || c.Reference != m.Reference) {
				t.Errorf("told %+v", c)
			}
		})
	}
}

func TestDangerAtTheDoorAlarmsPeople(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.system("Phones", "submit").handIn("key-number-1", words("channel", "phone", "danger_now", "true", "text", "The caller would like somebody to ring back.", "taken_down_by", "Gwen")).want(t, http.StatusCreated)
	h.readMail()
	alarms, err := h.register.OpenAlarms(t.Context(), 10)
	must(t, err)
	if m := h.message(h.all()[0].ID); len(alarms) == 0 || m.Channel != register.Phone || m.Reading.Told.Heard != "Gwen" {
		t.Errorf("%d alarms; %+v", len(alarms), m.Reading.Told)
	}
}
