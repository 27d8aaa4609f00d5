package main

import (
	"bytes"
	"context"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"postroom/ingest/scan"
	"postroom/internal/workday"
)

// A clerk works on the pages of a house that runs.
type clerk struct {
	*testing.T
	*http.Client
	base string
}

// clerkOf signs in to a demo that runs until the test ends.
func clerkOf(t *testing.T) *clerk {
	t.Helper()
	o := demoOptions{imap: "127.0.0.1:0", smtp: "127.0.0.1:0", listen: "127.0.0.1:0", folder: t.TempDir()}
	out := begun(t, func(ctx context.Context, out io.Writer) error { return demo(ctx, o, out, io.Discard) })
	lines := said(t, joined(out, 2, "The pages", "Sign in"), `The pages +(http://\S+/).*name: (\S+), password: (\S+)`)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &clerk{t, &http.Client{Jar: jar}, strings.TrimSuffix(lines[1], "/")}
	t.Cleanup(c.CloseIdleConnections)
	c.post("/sign-in", url.Values{"account": {lines[2]}, "password": {lines[3]}})
	return c
}

// ask sends a request and gives where it led, and what stands there.
func (c *clerk) ask(method, path, kind string, body io.Reader) (at, text string) {
	c.Helper()
	req, err := http.NewRequestWithContext(c.Context(), method, c.base+path, body)
	if err != nil {
		c.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	res, err := c.Do(req)
	if err != nil {
		c.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // a test's own
	all, err := io.ReadAll(res.Body)
	if err != nil {
		c.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		c.Fatalf("%s %s: %d\n%s", method, path, res.StatusCode, all)
	}
	return res.Request.URL.Path, string(all)
}

func (c *clerk) get(path string) string {
	c.Helper()
	_, text := c.ask(http.MethodGet, path, "", nil)
	return text
}

func (c *clerk) post(path string, f url.Values) string {
	c.Helper()
	_, text := c.ask(http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader(f.Encode()))
	return text
}

// until loads a page again until it matches, and gives what the pattern caught.
func (c *clerk) until(path, pattern string) []string {
	c.Helper()
	want := regexp.MustCompile(pattern)
	for deadline := time.After(pagesPatience); ; {
		text := c.get(path)
		if found := want.FindStringSubmatch(text); found != nil {
			return found
		}
		select {
		case <-deadline:
			c.Fatalf("%s never says %q:\n%s", path, pattern, text)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// TestALetterGoesTheWholeWay: a scan is uploaded, registered, really read and
// decided; its acknowledgement is written, printed in a batch and posted, and
// its message shows that.
func TestALetterGoesTheWholeWay(t *testing.T) {
	t.Parallel()
	if missing := scan.NewReader(scan.Config{}).Missing(); len(missing) > 0 {
		t.Skipf("integration: not installed: %s", strings.Join(missing, ", "))
	}
	c := clerkOf(t)
	today := workday.DateOf(time.Now()).String()
	letter, err := os.ReadFile("../../ingest/scan/testdata/scans/01-typed-300dpi.pdf")
	if err != nil {
		t.Fatal(err)
	}
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for _, f := range [][2]string{{"on", today}, {"count", "1"}, {"reason", ""}} {
		_ = w.WriteField(f[0], f[1])
	}
	part, err := w.CreateFormFile("files", "SCAN 0001.pdf")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = part.Write(letter)
	_ = w.Close()
	upload, text := c.ask(http.MethodPost, "/mailroom/uploads", w.FormDataContentType(), &body)
	if !strings.Contains(text, "SCAN 0001.pdf") || !strings.Contains(text, "Registered") {
		t.Fatalf("not taken in:\n%s", text)
	}
	c.until(upload, "The numbers agree")
	message := c.until(upload, `href="/messages/(\w+)"`)[1]
	item := c.get("/messages/" + message)
	for _, want := range []string{"black mould", `src="/messages/` + message + `/pages/1"`} {
		if !strings.Contains(item, want) {
			t.Errorf("the letter's page lacks %q", want)
		}
	}
	if version := regexp.MustCompile(`name="version" value="(\d+)"`).FindStringSubmatch(item); version != nil && strings.Contains(item, "/decision") {
		c.post("/messages/"+message+"/decision", url.Values{
			"version": {version[1]}, "label": {"complaint"}, "reason": {"it is one"}, "issues": {"Black mould in the bedroom."}, "to": {"writer"},
			"postal": {"Rosalind Achterberg\nFlat 6 Tansy Court\nQuillback Row\nBristol\nBS2 9XX"}, "postal_ok": {"yes"},
		})
	}
	outgoing := c.until("/tray", `name="letter" value="(\w+)"`)[1]
	batch, _ := c.ask(http.MethodPost, "/tray/batches", "application/x-www-form-urlencoded", strings.NewReader(url.Values{"letter": {outgoing}}.Encode()))
	if pdf := c.get(batch + "/pdf"); !strings.HasPrefix(pdf, "%PDF-") {
		t.Errorf("the batch is %.40q", pdf)
	}
	if text := c.post(batch+"/posted", url.Values{"envelopes": {"1"}, "on": {today}}); !strings.Contains(text, "It is posted") {
		t.Fatalf("not posted:\n%s", text)
	}
	item = c.get("/messages/" + message)
	if !strings.Contains(item, `<span class="tag fine">Sent</span>`) || !strings.Contains(item, "Posted") {
		t.Errorf("the message does not show it as sent:\n%s", item)
	}
}
