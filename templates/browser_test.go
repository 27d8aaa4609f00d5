package templates

import (
	"context"
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestNoReplyScrollsSideways opens every reply in a real browser, 320 pixels
// wide, as a small phone shows it: nothing is wider than the screen, also a long
// word of the resident's.
func TestNoReplyScrollsSideways(t *testing.T) {
	t.Parallel()
	program := os.Getenv("POSTROOM_TEST_CHROMIUM")
	if program == "" {
		t.Skip("integration: POSTROOM_TEST_CHROMIUM names no browser")
	}
	s := newSet(t)
	var names []string
	for name := range variants() {
		names = append(names, name)
	}
	slices.Sort(names)
	var b strings.Builder
	b.WriteString("<!doctype html><title>wait</title>")
	for _, name := range names {
		kind, form, r := variants()[name]()
		if len(r.Issues) > 0 {
			r.Issues = append(slices.Clone(r.Issues), strings.Repeat("Donaudampfschifffahrt", 8))
		}
		got, err := s.Render(kind, form, r)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, `<iframe name="%s" width="320" height="600" style="border:0" srcdoc="%s"></iframe>`, name, html.EscapeString(got.HTML))
	}
	b.WriteString(`<pre id="found"></pre><script>addEventListener("load", () => {
		document.getElementById("found").textContent = [...document.querySelectorAll("iframe")].map(f => f.name + "=" + f.contentDocument.documentElement.scrollWidth).join(" ") })</script>`)
	file := filepath.Join(t.TempDir(), "all.html")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	profile, err := os.MkdirTemp("", "postroom-browser-") //nolint:usetesting // its helpers may write for a moment after it ends, and TempDir fails then
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(profile) })
	out, err := exec.CommandContext(context.WithoutCancel(t.Context()), program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
		"--user-data-dir="+profile, "--dump-dom", "file://"+file).Output()
	if err != nil {
		t.Fatal(err)
	}
	_, found, _ := strings.Cut(string(out), `<pre id="found">`)
	found, _, _ = strings.Cut(found, "</pre>")
	widths := regexp.MustCompile(`(\S+)=(\d+)`).FindAllStringSubmatch(found, -1)
	if len(widths) != len(names) {
		t.Fatalf("%d of %d replies were measured: %q", len(widths), len(names), found)
	}
	for _, w := range widths {
		if w[2] != "320" {
			t.Errorf("%s is %s pixels wide on a screen of 320", w[1], w[2])
		}
	}
}
