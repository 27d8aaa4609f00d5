package scan

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
)

// A truth is what testdata/scans/truth.json says of a file.
type truth struct {
	Pages       int           `json:"pages"`
	What        string        `json:"what"`
	Skew        float64       `json:"skew_deg"`
	Rotation    int           `json:"rotation_deg"`
	Stamp       string        `json:"stamp"`
	Handwriting bool          `json:"handwriting"`
	Separators  []int         `json:"separators"`
	Letters     []truthLetter `json:"letters"`
}

type truthLetter struct {
	Pages    []int  `json:"pages"`
	Text     string `json:"text"`
	Name     string `json:"sender_name"`
	Address  string `json:"sender_address"`
	Received string `json:"received"`
	Labels   struct {
		Primary string `json:"primary"`
	} `json:"labels"`
}

func truths(tb testing.TB) map[string]truth {
	tb.Helper()
	raw, err := os.ReadFile("testdata/scans/truth.json")
	if err != nil {
		tb.Fatal(err)
	}
	var all map[string]truth
	if err := json.Unmarshal(raw, &all); err != nil {
		tb.Fatal(err)
	}
	return all
}

// reader reads with what is installed here, or skips.
func reader(tb testing.TB) *Reader {
	tb.Helper()
	r := NewReader(Config{Languages: []string{"eng", "cym", "pol"}, Temp: tb.TempDir(), Limits: Limits{PageTime: 10 * time.Minute}})
	if missing := r.Missing(); len(missing) > 0 {
		tb.Skipf("integration: not installed: %s", strings.Join(missing, ", "))
	}
	return r
}

func readFile(tb testing.TB, r *Reader, name string) Document {
	tb.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		tb.Fatal(err)
	}
	return r.Read(tb.Context(), bytes.NewReader(data), Progress{})
}

// rightWords is the share of the true words that were read, in order.
func rightWords(want, got string) float64 {
	w, g := bare(want), bare(got)
	if len(w) == 0 {
		return 1
	}
	before, here := make([]int, len(g)+1), make([]int, len(g)+1)
	for _, a := range w {
		for j, b := range g {
			here[j+1] = max(before[j+1], here[j])
			if a == b {
				here[j+1] = max(here[j+1], before[j]+1)
			}
		}
		before, here = here, before
	}
	return float64(before[len(g)]) / float64(len(w))
}

func bare(text string) []string {
	return slices.DeleteFunc(strings.Fields(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r):
			return unicode.ToLower(r)
		case r == '\'' || r == '’':
			return -1
		}
		return ' '
	}, text)), func(s string) bool { return s == "" })
}

var update = flag.Bool("update", false, "rewrite the goldens")

// chosen are the files whose pages are read in every run; the environment
// variable POSTROOM_TEST_OCR=all has all of them read, which takes minutes.
func chosen(t *testing.T, all map[string]truth) []string {
	t.Helper()
	if os.Getenv("POSTROOM_TEST_OCR") == "all" {
		return slices.Sorted(maps.Keys(all))
	}
	if pattern := os.Getenv("POSTROOM_TEST_OCR"); pattern != "" {
		return slices.DeleteFunc(slices.Sorted(maps.Keys(all)), func(name string) bool { ok, _ := filepath.Match(pattern, name); return !ok })
	}
	return []string{"08-sideways-200dpi.pdf", "11-fax-204x196.tif", "17-born-digital.pdf", "24-stamp-over-text-200dpi.jpg"}
}

// TestAccuracy reads scans with the real programs, prints how many words are
// right on each page, and holds that against the goldens: the pages as they
// were read when somebody last looked at them.
func TestAccuracy(t *testing.T) {
	t.Parallel()
	r := reader(t)
	all := truths(t)
	for _, name := range chosen(t, all) {
		t.Run(name, func(t *testing.T) {
			d := readFile(t, r, "testdata/scans/"+name)
			golden := "testdata/pages/" + name + ".json"
			if *update {
				writeJSON(t, golden, d)
			}
			var before Document
			readJSON(t, golden, &before)
			if len(d.Pages) != all[name].Pages || len(before.Pages) != len(d.Pages) {
				t.Fatalf("%d pages (%s)", len(d.Pages), d.Error)
			}
			for i := range d.Pages {
				want := truePage(all[name], d.Pages[i].Number)
				now, then := rightWords(want, d.Pages[i].Text()), rightWords(want, before.Pages[i].Text())
				t.Logf("page %d: %.1f %% of words right, confidence %.2f, turned %d, skew %.1f, %q", d.Pages[i].Number, now*100, d.Pages[i].Confidence, d.Pages[i].Turned, d.Pages[i].Skew, d.Pages[i].Doubts)
				if now < then-0.02 {
					t.Errorf("page %d: %.1f %% of words right, was %.1f", d.Pages[i].Number, now*100, then*100)
				}
				if *update {
					continue
				}
				if got, want := d.Pages[i].outline(), before.Pages[i].outline(); got != want {
					t.Errorf("page %d: %s, was %s", d.Pages[i].Number, got, want)
				}
			}
		})
	}
}

// outline is what must not depend on which version of tesseract is installed.
func (p *Page) outline() string {
	return fmt.Sprintf("source %q turned %d blank %v sheet %v suspect %v doubtful %v error %q", p.Source, p.Turned, p.Blank, p.Sheet != nil, p.Suspect, len(p.Doubts) > 0, p.Error)
}

// truePage is the text of the letter on a page; where a letter has several,
// each holds a share of it, and what it lacks counts for none.
func truePage(f truth, page int) string {
	for _, l := range f.Letters {
		if slices.Contains(l.Pages, page) && len(l.Pages) == 1 {
			return l.Text
		}
	}
	return ""
}

// TestBars holds the goldens to what is promised: of machine print at least
// 95 in 100 words, and handwriting left to a person.
func TestBars(t *testing.T) {
	t.Parallel()
	for name, f := range truths(t) {
		d := golden(t, name)
		letters, held := Letters(d, Splitting{})
		if held != "" || len(letters) != len(f.Letters) {
			t.Errorf("%s: %d letters, held %q", name, len(letters), held)
			continue
		}
		for i, l := range letters {
			want := f.Letters[i]
			right := rightWords(want.Text, l.Text)
			t.Logf("%-40s %5.1f %%  doubts %d", name, right*100, len(l.Doubts))
			byHand := f.Handwriting || want.Name == "Shanice Ollerenshaw" || want.Name == "Ambrose Tilling"
			if byHand && len(l.Doubts) == 0 {
				t.Errorf("%s: handwriting is trusted", name)
			}
			if !byHand && right < 0.95 && len(l.Doubts) == 0 {
				t.Errorf("%s: %.1f %% of words right, and not marked", name, right*100)
			}
			if !byHand && right < 0.95 && !strings.Contains(name, "fax") {
				t.Errorf("%s: %.1f %% of words right", name, right*100)
			}
			if !slices.Equal(l.Pages, want.Pages) {
				t.Errorf("%s: letter %d on pages %v, want %v", name, i+1, l.Pages, want.Pages)
			}
		}
	}
}

// TestWriters: names and addresses are right, or a person confirms them.
func TestWriters(t *testing.T) {
	t.Parallel()
	sure := 0
	for name, f := range truths(t) {
		letters, _ := Letters(golden(t, name), Splitting{})
		for i, l := range letters {
			want, w := f.Letters[i], l.Writer
			address := strings.Join(w.Address, ", ")
			t.Logf("%-36s sure %-5v %q %q dated %q stamped %q received %q; %s", name, w.Sure, w.Name, address, w.Dated, l.Stamped, l.Received, w.Why)
			rightAddress := slices.Equal(bare(strings.ReplaceAll(address, ",", " ")), bare(want.Address))
			rightName := len(bare(w.Name)) > 0 && bare(w.Name)[len(bare(w.Name))-1] == bare(want.Name)[len(bare(want.Name))-1]
			if w.Sure {
				sure++
				if !rightAddress || !rightName {
					t.Errorf("%s: trusted %q at %q; it is %q at %q", name, w.Name, address, want.Name, want.Address)
				}
			}
			if l.Stamped != "" && l.Stamped != want.Received {
				t.Errorf("%s: stamped %s, want %s", name, l.Stamped, want.Received)
			}
		}
	}
	if sure < 12 {
		t.Errorf("only %d addresses are read with confidence", sure)
	}
}

func golden(t *testing.T, name string) Document {
	t.Helper()
	var d Document
	readJSON(t, "testdata/pages/"+name+".json", &d)
	return d
}

func writeJSON(t *testing.T, name string, v any) {
	t.Helper()
	raw, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, append(raw, '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
}

func readJSON(t *testing.T, name string, into any) {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatal(err)
	}
}
