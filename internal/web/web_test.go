package web_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"postroom/classify"
	"postroom/internal/archive"
	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/web"
)

const attack = `<script>alert(1)</script>`

// open serves pages over a register with one hostile message in review.
func open(t *testing.T) (*httptest.Server, register.Message) {
	t.Helper()
	clock := registertest.NewClock()
	cfg := registertest.SQLite(t, registertest.Config(t, clock.Now))
	r := registertest.Open(t, cfg)
	a, err := archive.Open(t.TempDir(), clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	stored, err := a.Put(t.Context(), strings.NewReader("From: eve@example.com\r\n\r\n"+attack))
	if err != nil {
		t.Fatal(err)
	}
	arrival := registertest.Arrival("hostile", clock.Now())
	arrival.Original = stored.SHA256
	got, err := r.Receive(t.Context(), []register.Arrival{arrival})
	if err != nil {
		t.Fatal(err)
	}
	rd := registertest.Reading("1@example.com", "eve@example.com", "No heating.\n"+attack+"\nPlease help.")
	rd.Subject, rd.From.Name = attack, attack
	rd.Attachments = []register.Attachment{{Filename: attack + ".pdf", ContentType: "application/pdf"}}
	v := registertest.Verdict(classify.Complaint)
	v.Route, v.HazardLevel, v.Flags = classify.Review, classify.Emergency, []classify.Flag{classify.Hazard}
	v.Evidence = []classify.Evidence{{Rule: "no-heating", Label: "complaint", Weight: 2, Quote: "No heating", Start: 0, End: 10}}
	if _, err := r.Open(t.Context(), []register.Opening{{Message: got[0].ID, Reading: rd, Verdict: v}}); err != nil {
		t.Fatal(err)
	}
	desk, err := web.New(web.Config{
		Register: r, Archive: a, Calendar: cfg.Calendar, Landlord: "Citrine Homes", Rules: "test", Now: clock.Now,
		Queue: func(context.Context) string { return "fine" }, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(desk.Handler())
	t.Cleanup(server.Close)
	m, err := r.GetMessage(t.Context(), got[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	return server, m
}

func get(t *testing.T, server *httptest.Server, path, host string) (status int, header http.Header, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if host != "" {
		req.Host = host
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // a test's own
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(text)
}

func TestThePagesShowWhatMattersAndRunNothing(t *testing.T) {
	t.Parallel()
	server, m := open(t)
	for path, wants := range map[string][]string{
		"/":                 {m.Reference, "Emergency", "Waiting for a person", "5 days left", "Bank holidays"},
		"/messages/" + m.ID: {m.Reference, `<mark class="">No heating<sup>`, "no-heating", "History", "Received"},
	} {
		status, header, body := get(t, server, path, "")
		if status != http.StatusOK {
			t.Errorf("%s: %d", path, status)
		}
		for _, want := range wants {
			if !strings.Contains(body, want) {
				t.Errorf("%s: %q is not there", path, want)
			}
		}
		if strings.Contains(body, "<script") {
			t.Errorf("%s: a stranger's script is in the page", path)
		}
		if csp := header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: policy %q", path, csp)
		}
	}
}

func TestTheOriginalIsADownload(t *testing.T) {
	t.Parallel()
	server, m := open(t)
	_, header, body := get(t, server, "/messages/"+m.ID+"/original", "")
	if !strings.Contains(body, attack) || header.Get("Content-Type") != "application/octet-stream" ||
		!strings.HasPrefix(header.Get("Content-Disposition"), "attachment") || header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("headers %v body %q", header, body)
	}
}

func TestWhatIsNotThereIsSaid(t *testing.T) {
	t.Parallel()
	server, _ := open(t)
	for _, path := range []string{"/nothing", "/messages/nothing", "/replies/nothing", "/replies/nothing/raw", "/messages/%2e%2e%2fetc/original"} {
		if status, _, _ := get(t, server, path, ""); status != http.StatusNotFound {
			t.Errorf("%s: %d", path, status)
		}
	}
}

func TestAnotherNameForThisMachineIsRefused(t *testing.T) {
	t.Parallel()
	server, _ := open(t)
	for host, want := range map[string]int{"attacker.example": 403, "localhost.attacker.example": 403, "10.0.0.1:80": 403, "localhost:80": 200, "127.0.0.1": 200, "[::1]:80": 200} {
		if status, _, _ := get(t, server, "/", host); status != want {
			t.Errorf("%s: %d, want %d", host, status, want)
		}
	}
}
