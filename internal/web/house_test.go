package web_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"postroom/classify"
	"postroom/ingest"
	"postroom/ingest/mime"
	"postroom/ingest/scan"
	"postroom/internal/archive"
	"postroom/internal/paper"
	"postroom/internal/password"
	"postroom/internal/queue"
	"postroom/internal/records"
	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/web"
	"postroom/notify"
	"postroom/templates"
)

// secret is everybody's password.
const secret = "three plain words"

// cheap is a password cost for tests.
func cheap() password.Cost { return password.Cost{Memory: 8, Passes: 1, Threads: 1} }

// A house is pages over a register, and what they told the queue.
type house struct {
	testing.TB
	register *register.Register
	archive  *archive.Archive
	queue    *queue.Queue
	clock    *registertest.Clock
	pages    *web.Desk
	server   *httptest.Server
	log      *lockedBuffer
	shelf    string // the folder of residents' files
	at       register.Config
	config   web.Config
	mu       sync.Mutex
	owed     []register.Hint
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b.Reset()
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// open serves pages over a fresh SQLite register.
func open(tb testing.TB) *house {
	tb.Helper()
	return openOn(tb, registertest.SQLite, web.Access{})
}

// openOn serves them as access says, which ways may change once the address is
// known.
func openOn(tb testing.TB, point func(testing.TB, register.Config) register.Config, access web.Access, ways ...func(h *house, address string, a *web.Access)) *house {
	tb.Helper()
	return openWith(tb, point, access, nil, ways...)
}

// openWith does it with what change makes of the pages' configuration.
func openWith(tb testing.TB, point func(testing.TB, register.Config) register.Config, access web.Access, change func(*house, *web.Config), ways ...func(h *house, address string, a *web.Access)) *house {
	tb.Helper()
	h := &house{TB: tb, clock: registertest.NewClock(), log: &lockedBuffer{}, shelf: tb.TempDir()}
	cfg := point(tb, registertest.Config(tb, h.clock.Now))
	h.at, h.register = cfg, registertest.Open(tb, cfg)
	var err error
	h.archive, err = archive.Open(tb.TempDir(), h.clock.Now())
	must(tb, err)
	access.Cost = cheap()
	h.server = httptest.NewUnstartedServer(nil)
	for _, way := range ways {
		way(h, "http://"+h.server.Listener.Addr().String(), &access)
	}
	h.queue, err = queue.Open(tb.Context(), queue.Config{Prefix: "web-test", Now: h.clock.Now, Logger: slog.New(slog.DiscardHandler)})
	must(tb, err)
	tb.Cleanup(func() { _ = h.queue.Close() })
	log := slog.New(slog.NewTextHandler(h.log, nil))
	config := web.Config{
		Intake:   &ingest.Intake{Archive: h.archive, Register: h.register, Queue: h.queue, Now: h.clock.Now, Logger: log},
		Reader:   ingest.NewReader(ingest.ReaderConfig{Register: h.register, Archive: h.archive, Queue: h.queue, Rules: classify.Default(), Prefixes: []string{"CIT"}, Now: h.clock.Now, Logger: log}),
		Register: h.register, Archive: h.archive, Calendar: cfg.Calendar, Landlord: "Citrine Homes", Homes: 2000, Form: true, API: true, FormFiles: h.shelf, Code: cfg.Code, Rules: classify.Default(), Now: h.clock.Now, Access: access,
		Queue:   func(context.Context) string { return "fine" },
		Machine: func(context.Context) []web.Part { return []web.Part{{Name: "Disk", Now: "the disk is fine"}} },
		Reading: func(string) mime.Options { return mime.Options{Now: h.clock.Now} },
		Owed: func(_ context.Context, hints []register.Hint) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.owed = append(h.owed, hints...)
		},
		CaseFile: func(ctx context.Context, reference, path, by string) error {
			keeper := &records.Keeper{Register: h.register, Archive: h.archive}
			return keeper.ExportCase(ctx, reference, path, by, h.clock.Now())
		},
		Composer: composer(tb),
		Uploads:  &ingest.UploadDoor{Intake: &ingest.Intake{Archive: h.archive, Register: h.register, Queue: h.queue, Now: h.clock.Now, Logger: slog.New(slog.DiscardHandler)}, Most: 8 << 20},
		Prefixes: []string{"CIT"},
		Printer:  &notify.Printer{Register: h.register, Archive: h.archive, Press: letterPress(tb), Words: composer(tb).Words, Folder: tb.TempDir()},
		Letters:  scan.NewReader(scan.Config{Temp: tb.TempDir()}),
		Logger:   slog.New(slog.NewTextHandler(h.log, nil)),
	}
	if change != nil {
		change(h, &config)
	}
	h.serve(config)
	return h
}

// serve begins to serve the pages.
func (h *house) serve(config web.Config) {
	h.Helper()
	desk, err := web.New(config)
	must(h.TB, err)
	h.config, h.pages = config, desk
	handler, err := desk.Handler()
	must(h.TB, err)
	h.server.Config.Handler = handler
	h.server.Start()
	h.Cleanup(h.server.Close)
}

// machine is another one that serves the same pages: who is signed in at the one
// is at the other, as behind a proxy.
func (h *house) machine() *house {
	h.Helper()
	other := &house{TB: h.TB, clock: h.clock, log: h.log, shelf: h.shelf, archive: h.archive, queue: h.queue, at: h.at}
	other.register, other.server = registertest.Open(h.TB, h.at), httptest.NewUnstartedServer(nil)
	config := h.config
	config.Register = other.register
	other.serve(config)
	return other
}

func composer(tb testing.TB) *notify.Composer {
	tb.Helper()
	words, err := templates.New()
	must(tb, err)
	return &notify.Composer{Words: words, Landlord: templates.Landlord{
		Name: "Citrine Homes", Team: "Complaints team", Phone: "0300 555 0100", OutOfHours: "0300 555 0199", Ombudsman: templates.DefaultOmbudsman(),
	}, From: register.Address{Address: "complaints@citrine.example"}}
}

func letterPress(tb testing.TB) *paper.Press {
	tb.Helper()
	profile, _ := paper.ProfileNamed("dl-39x93")
	press, err := paper.NewPress(paper.Sender{Name: "Citrine Homes", Lines: []string{"1 Orchard Quay", "Bristol", "BS1 7AA"}, Profile: profile})
	must(tb, err)
	return press
}

func (h *house) account(name string, role register.Role) register.Account {
	h.Helper()
	a, err := h.register.AddAccount(h.Context(), name, role, cheap().Hash(secret))
	must(h.TB, err)
	return a
}

// mail takes in a mail as the reader does, with that verdict.
func (h *house) mail(raw string, v classify.Verdict, change func(*register.Opening)) register.Message {
	h.Helper()
	raw = strings.ReplaceAll(raw, "\n", "\r\n")
	stored, err := h.archive.Put(h.Context(), strings.NewReader(raw))
	must(h.TB, err)
	arrival := registertest.Arrival(raw, h.clock.Now())
	arrival.Original, arrival.Fingerprint = stored.SHA256, stored.SHA256
	got, err := h.register.Receive(h.Context(), []register.Arrival{arrival})
	must(h.TB, err)
	o := register.Opening{Message: got[0].ID, Verdict: v}
	o.Reading = ingest.Read(h.Context(), strings.NewReader(raw), mime.Options{Now: h.clock.Now}, []string{"CIT"})
	if change != nil {
		change(&o)
	}
	opened, err := h.register.Open(h.Context(), []register.Opening{o})
	must(h.TB, err)
	must(h.TB, opened[0].Err)
	return h.message(got[0].ID)
}

func (h *house) message(id register.ID) register.Message {
	h.Helper()
	m, err := h.register.GetMessage(h.Context(), id)
	must(h.TB, err)
	return m
}

// unsure is a verdict that a person must look at.
func unsure(label classify.Label) classify.Verdict {
	v := registertest.Verdict(label)
	v.Route, v.Confidence, v.Why = classify.Review, 0.6, "the evidence is divided"
	return v
}

const plainMail = `From: Ferdous Rahman <ferdous@example.com>
To: complaints@citrine.example
Subject: No heating
Message-ID: <1@example.com>
Content-Type: text/plain; charset=utf-8

No heating for nine days. Nobody phones back.
`

func (h *house) waiting() register.Message {
	h.Helper()
	v := unsure(classify.Complaint)
	v.Evidence = []classify.Evidence{
		{Rule: "no-heating", Why: "a home without heat", Label: "hazard", Weight: 1, Quote: "No heating", Start: 0, End: 10},
		{Rule: "no-call-back", Label: "complaint", Weight: 1.7, Quote: "Nobody phones back", Start: 26, End: 44},
		{Rule: "topic-heating", Label: "heating_hot_water", Weight: 1, Quote: "heating", Start: 3, End: 10},
	}
	return h.mail(plainMail, v, nil)
}

// A browser keeps cookies and follows no redirect.
type browser struct {
	*house
	*http.Client
}

func (h *house) browser() *browser {
	h.Helper()
	jar, err := cookiejar.New(nil)
	must(h.TB, err)
	return &browser{h, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// signedIn is the browser of somebody with that role.
func (h *house) signedIn(name string, role register.Role) *browser {
	h.Helper()
	h.account(name, role)
	b := h.browser()
	if got := b.post("/sign-in", form("account", name, "password", secret)); got.status != http.StatusSeeOther {
		h.Fatalf("%s cannot sign in: %d\n%s", name, got.status, got.body)
	}
	return b
}

type page struct {
	status int
	header http.Header
	body   string
}

func (b *browser) send(method, path, body string, change func(*http.Request)) page {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), method, b.server.URL+path, strings.NewReader(body))
	must(b.TB, err)
	if body != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if change != nil {
		change(req)
	}
	res, err := b.Do(req)
	must(b.TB, err)
	defer res.Body.Close() //nolint:errcheck // a test's own
	text, err := io.ReadAll(res.Body)
	must(b.TB, err)
	return page{res.StatusCode, res.Header, string(text)}
}

func (b *browser) get(path string) page { b.Helper(); return b.send(http.MethodGet, path, "", nil) }

func (b *browser) post(path string, f url.Values) page {
	b.Helper()
	return b.send(http.MethodPost, path, f.Encode(), nil)
}

func form(pairs ...string) url.Values {
	f := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		f.Add(pairs[i], pairs[i+1])
	}
	return f
}

// want fails unless the page has the status and every text.
func (p page) want(tb testing.TB, status int, texts ...string) {
	tb.Helper()
	if p.status != status {
		tb.Errorf("status %d, want %d\n%s", p.status, status, p.body)
	}
	for _, text := range texts {
		if !strings.Contains(p.body, text) {
			tb.Errorf("%q is not in the page\n%s", text, p.body)
		}
	}
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
