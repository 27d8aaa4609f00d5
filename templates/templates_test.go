package templates

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

func newSet(tb testing.TB) *Set {
	tb.Helper()
	s, err := New()
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func sample() Reply { return sampleReply() }

// variants are the replies that the goldens show.
func variants() map[string]func() (kind, form string, r Reply) {
	all := map[string]func() (string, string, Reply){}
	for _, s := range Samples() {
		all[s.Name] = func() (string, string, Reply) { return s.Kind, s.Form, s.Reply }
	}
	return all
}

func TestGoldens(t *testing.T) {
	t.Parallel()
	s := newSet(t)
	for name, make := range variants() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kind, form, r := make()
			got, err := s.Render(kind, form, r)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+".txt", "Subject: "+got.Subject+"\n\n"+got.Text)
			golden(t, name+".html", got.HTML)
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got); run with -update when that is right:\n%s", name, diff)
	}
}

func TestEveryReplyHasAGolden(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, make := range variants() {
		kind, form, _ := make()
		seen[Name(kind, form)] = true
	}
	for _, name := range Names() {
		if !seen[name] {
			t.Errorf("%s is shown by no golden", name)
		}
	}
}

// own are the sentences that we wrote: no facts, no quotations.
func own(blocks []Block) []string {
	var all []string
	for _, b := range blocks {
		if b.Kind == Fact || b.Kind == Quote {
			continue
		}
		for _, s := range regexp.MustCompile(`[.?!:](\s+|$)`).Split(b.Words, -1) {
			if strings.TrimSpace(s) != "" {
				all = append(all, s)
			}
		}
	}
	return all
}

var jargon = regexp.MustCompile(`(?i)\b(formal|formally|informal|informally|escalat\w*|pursuant|aforementioned|herein|in respect of|with regard to|regarding|commence\w*|utilis\w*|facilitat\w*|SLA|query|queries|stakeholder\w*|provision|the code|maladministration|triage\w*|correspondence|endeavour\w*|in due course|liais\w*|expedite\w*|ascertain\w*|prior to|remedial|holding response|complainant\w*|case handler|unfortunately|inconvenience|stage one|stage two|stage 0)\b`)

func TestPlainEnglish(t *testing.T) {
	t.Parallel()
	s := newSet(t)
	for name, make := range variants() {
		kind, form, r := make()
		got, err := s.Render(kind, form, r)
		if err != nil {
			t.Fatal(err)
		}
		words, sentences := 0, own(got.Blocks)
		for _, sentence := range sentences {
			n := len(strings.Fields(sentence))
			words += n
			if n > 25 {
				t.Errorf("%s: %d words in %q", name, n, sentence)
			}
		}
		if mean := float64(words) / float64(len(sentences)); mean > 15 {
			t.Errorf("%s: the mean sentence has %.1f words", name, mean)
		}
		if found := jargon.FindString(got.Subject + " " + got.Text); found != "" {
			t.Errorf("%s says %q", name, found)
		}
		if found := regexp.MustCompile(`\d{1,2}/\d{1,2}/\d{2}|\d{4}-\d\d-\d\d|<no value>|%!|  `).FindString(got.Text); found != "" {
			t.Errorf("%s shows %q", name, found)
		}
	}
}

func TestFirstLines(t *testing.T) {
	t.Parallel()
	s := newSet(t)
	for _, form := range []string{"defined", "unquoted", "holding"} {
		for _, stage := range []int{1, 2} {
			r := sample()
			r.Stage = stage
			got, err := s.Render("acknowledgement", form, r)
			if err != nil {
				t.Fatal(err)
			}
			want := "Your reference: CIT26-7KR4-M9X9\nWe will answer by: Tuesday 8 December 2026\nPhone: 01632 960000"
			if !strings.HasPrefix(got.Text, want) {
				t.Errorf("%s, stage %d begins:\n%s", form, stage, got.Text[:120])
			}
			r.Emergency = true
			if got, err = s.Render("acknowledgement", form, r); err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(got.Text, "Phone us now on 01632 960999") {
				t.Errorf("%s in an emergency begins:\n%s", form, got.Text[:120])
			}
		}
	}
}

func TestAcknowledgementHolds(t *testing.T) {
	t.Parallel()
	s := newSet(t)
	for _, form := range []string{"defined", "unquoted", "holding"} {
		for _, stage := range []int{1, 2} {
			r := sample()
			r.Stage = stage
			got, err := s.Render("acknowledgement", form, r)
			if err != nil {
				t.Fatal(err)
			}
			for what, words := range map[string]string{
				"stage":           "stage " + string(rune('0'+stage)) + " ",
				"Ombudsman":       "Housing Ombudsman Service",
				"its phone":       "0300 111 3000",
				"correction":      "Is something missing or wrong?",
				"evidence":        "photos, letters and other evidence",
				"adjustments":     "large print",
				"work carries on": "Any repair or other work carries on",
				"out of hours":    "01632 960999",
			} {
				if !strings.Contains(strings.ReplaceAll(got.Text, ".", " "), strings.ReplaceAll(words, ".", " ")) {
					t.Errorf("%s, stage %d lacks the %s", form, stage, what)
				}
			}
			if quoted := strings.Contains(got.Text, "boiler"); quoted != (form == "defined") {
				t.Errorf("%s quotes: %v", form, quoted)
			}
			if demands := regexp.MustCompile(`(?i)(why|explain|reasons?)[^.]*\?`).FindString(got.Text); stage == 2 && demands != "" {
				t.Errorf("%s asks for reasons at stage 2: %q", form, demands)
			}
			if stage == 2 && !strings.Contains(got.Text, "You do not need to give reasons") {
				t.Errorf("%s does not say that reasons are not needed", form)
			}
		}
	}
}

func TestSubjectsHoldReferenceAndKindOnly(t *testing.T) {
	t.Parallel()
	s := newSet(t)
	for name, make := range variants() {
		kind, form, r := make()
		r.Name, r.Topics = "Zebedee Quill", []string{"pests"}
		r.What = strings.ReplaceAll(r.What, "gas", "quince")
		if r.Issues != nil {
			r.Issues, r.Outcomes = []string{"quince"}, []string{"quince"}
		}
		got, err := s.Render(kind, form, r)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{"Zebedee", "Quill", "quince", "pests"} {
			if strings.Contains(got.Subject, secret) {
				t.Errorf("%s: the subject %q holds %q", name, got.Subject, secret)
			}
		}
		if len(got.Subject) > 70 {
			t.Errorf("%s: the subject %q is long", name, got.Subject)
		}
	}
}

func TestHTMLIsForEverybody(t *testing.T) {
	t.Parallel()
	s := newSet(t)
	for name, make := range variants() {
		kind, form, r := make()
		got, err := s.Render(kind, form, r)
		if err != nil {
			t.Fatal(err)
		}
		for what, want := range map[string]string{
			"language": `<html lang="en-GB">`, "dark mode": `content="light dark"`, "dark colours": "prefers-color-scheme: dark",
			"narrow screens": `width=device-width`, "title": "<title>" + strings.ReplaceAll(got.Subject, "'", "&#39;") + "</title>",
		} {
			if !strings.Contains(got.HTML, want) {
				t.Errorf("%s lacks %s", name, what)
			}
		}
		if found := regexp.MustCompile(`(?i)<img|<link|<script|src=|url\(|@import|<table|width: ?\d{3,}px|ZgotmplZ`).FindString(got.HTML); found != "" {
			t.Errorf("%s holds %q", name, found)
		}
		for _, b := range got.Blocks {
			if b.Kind == Quote && strings.Contains(got.HTML, "<q><a") {
				t.Errorf("%s: a link within a quotation", name)
			}
		}
	}
	kind, form, r := variants()["defined-1"]()
	got, _ := s.Render(kind, form, r)
	if !strings.Contains(got.HTML, `<a href="tel:01632960000">01632 960000</a>`) ||
		!strings.Contains(got.HTML, `<a href="https://www.housing-ombudsman.org.uk">`) {
		t.Error("our own numbers and addresses are no links")
	}
}
