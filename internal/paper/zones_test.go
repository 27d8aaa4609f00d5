package paper

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestZones holds every page to GOV.UK Notify's published rules, as pixels:
// the margins are white, the first page has ink in its zones only, and what a
// window can reach shows the address and nothing else.
func TestZones(t *testing.T) {
	t.Parallel()
	for name, l := range letters() {
		for _, profile := range Profiles() {
			t.Run(name+"/"+profile.Name, func(t *testing.T) {
				t.Parallel()
				out := printed(t, newPress(t, profile.Name, name == "usual"), l)
				pages := pictures(t, out.PDF)
				if len(pages) != out.Pages || out.Pages > MaxPages {
					t.Fatalf("%d pictures of %d pages", len(pages), out.Pages)
				}
				for i, page := range pages {
					margins(t, i, page)
				}
				firstPage(t, pages[0], profile)
			})
		}
	}
}

func margins(t *testing.T, i int, page picture) {
	t.Helper()
	paper := Rect{15, 5, 195, 292}
	if r, found := page.ink(func(x, y float64) bool { return !paper.holds(x, y) }); found {
		t.Errorf("page %d has ink in its margins: %v", i+1, r)
	}
	if _, found := page.ink(func(x, y float64) bool { return x < 15.2 && y < 6.1 }); found {
		t.Errorf("page %d has ink where the printer's tag goes", i+1)
	}
	if _, found := page.ink(paper.holds); !found {
		t.Errorf("page %d is empty", i+1)
	}
}

func firstPage(t *testing.T, page picture, profile Profile) {
	t.Helper()
	zones := []Rect{{15, 5, 125, 30}, profile.Address, {125, 5, 195, 95}, {15, profile.Body, 195, 292}}
	stray, found := page.ink(func(x, y float64) bool {
		for _, z := range zones {
			if z.holds(x, y) {
				return false
			}
		}
		return true
	})
	if found {
		t.Errorf("ink outside the zones: %v", stray)
	}
	reached, _ := page.ink(profile.Reach.holds)
	if !profile.Address.holds(reached.Left, reached.Top) || !profile.Address.holds(reached.Right, reached.Bottom) {
		t.Errorf("the window can show %v, the address belongs into %v", reached, profile.Address)
	}
}

// TestReaders lets another program read the letters: fonts embedded, words
// whole, the reference and the page on every sheet.
func TestReaders(t *testing.T) {
	t.Parallel()
	for name, l := range letters() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := printed(t, newPress(t, "dl-35x90", true), l)
			qpdfCheck(t, out.PDF)
			pages := words(t, out.PDF)
			if len(pages) != out.Pages {
				t.Fatalf("%d pages of words, %d of paper", len(pages), out.Pages)
			}
			for i, page := range pages {
				for _, want := range []string{l.Reference, fmt.Sprintf("Page %d of %d", i+1, out.Pages)} {
					if !strings.Contains(page, want) {
						t.Errorf("page %d lacks %q", i+1, want)
					}
				}
			}
			for _, line := range l.To {
				if !strings.Contains(pages[0], clean(line)) {
					t.Errorf("the first page lacks %q", line)
				}
			}
			found := strings.Split(strings.TrimSpace(string(poppler(t, "pdffonts", out.PDF))), "\n")[2:]
			for _, font := range found {
				if f := strings.Fields(font); !strings.Contains(font, "CID TrueType") || f[4] != "yes" {
					t.Errorf("a font is not embedded: %s", font)
				}
			}
			if len(found) == 0 {
				t.Error("no fonts")
			}
		})
	}
}

// The safe boxes are those that were derived by hand for these envelopes.
func TestEnvelopes(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		e    Envelope
		want Rect
	}{
		{Envelope{220, 110, 20, 57, 90, 35, 99}, Rect{22, 59, 98, 79}},
		{Envelope{220, 110, 20, 57, 90, 35, 105}, Rect{22, 59, 98, 85}},
		{Envelope{220, 110, 20, 53, 93, 39, 99}, Rect{22, 55, 101, 79}},
		{Envelope{220, 110, 18, 49, 93, 39, 99}, Rect{20, 51, 99, 75}},
		{Envelope{229, 162, 20, 67, 90, 35, 148.5}, Rect{22, 69, 89, 86.5}},
		{Envelope{229, 162, 20, 58, 90, 44, 148.5}, Rect{22, 60, 89, 86.5}},
	} {
		p, err := NewProfile("x", "", row.e)
		if err != nil || p.Address != row.want || p.Body < p.Reach.Bottom {
			t.Errorf("%v: %v, body %v, error %v; want %v", row.e, p.Address, p.Body, err, row.want)
		}
	}
	for name, e := range map[string]Envelope{
		"smaller than the sheet": {200, 110, 20, 57, 90, 35, 105},
		"a window for a stamp":   {220, 110, 20, 57, 30, 20, 105},
		"on the right":           {220, 110, 110, 57, 90, 35, 105},
		"at the top":             {220, 110, 20, 10, 90, 35, 105},
		"no fold":                {220, 110, 20, 57, 90, 35, 0},
	} {
		if _, err := NewProfile("x", "", e); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if len(Profiles()) != 4 {
		t.Errorf("%d profiles", len(Profiles()))
	}
}

func TestTestSheets(t *testing.T) {
	t.Parallel()
	for _, profile := range Profiles() {
		out, err := newPress(t, profile.Name, true).TestSheet(time.Unix(1, 0))
		if err != nil {
			t.Fatal(err)
		}
		if *update {
			writePictures(t, "sheet-"+profile.Name, out)
		}
		qpdfCheck(t, out.PDF)
		if text := words(t, out.PDF); len(text) != 1 || !strings.Contains(text[0], "BS1 7AA") || !strings.Contains(text[0], profile.Name) {
			t.Errorf("%s: %q", profile.Name, text)
		}
	}
}

// gofpdf writes characters as two bytes each; here are those whose bytes mean
// something in a PDF's strings: brackets, backslash, line ends.
func TestBytesThatMeanSomething(t *testing.T) {
	t.Parallel()
	const odd = "Čapek č Ċ Ĩ ĩ Ŝ ŝ (x) \\ Ѝ Њ"
	l := sampleLetter()
	l.To[0] = odd
	l.Blocks = []Block{{Kind: Paragraph, Words: odd}}
	out := printed(t, newPress(t, "notify", false), l)
	if text := words(t, out.PDF)[0]; strings.Count(text, odd) != 2 {
		t.Errorf("read back: %q", text)
	}
	qpdfCheck(t, out.PDF)
}
