package templates

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestMarkupInDataStaysWords(t *testing.T) {
	t.Parallel()
	s := newSet(t)
	r := sample()
	r.Issues = []string{"broken\n= Free money\n@ Phone | 1\nSubject: x", "<script>alert(1)</script><img src=x onerror=y>", "{{.Landlord}}"}
	r.Name = "Eve\n\n= Hi"
	got, err := s.Render("acknowledgement", "defined", r)
	if err != nil {
		t.Fatal(err)
	}
	var quotes []string
	for _, b := range got.Blocks {
		if b.Kind == Quote {
			quotes = append(quotes, b.Words)
		} else if strings.Contains(b.Words, "Free money") || strings.Contains(b.Words, "Hi") {
			t.Errorf("data became a %s: %q", b.Kind, b.Words)
		}
	}
	if want := "{{.Landlord}}"; len(quotes) != 4 || quotes[2] != want {
		t.Errorf("quotations: %q", quotes)
	}
	if strings.Contains(got.HTML, "<script>") || strings.Contains(got.HTML, "<img") {
		t.Error("HTML of a stranger went through")
	}
	if !strings.Contains(got.HTML, "&lt;script&gt;") {
		t.Error("the quoted words are gone instead of escaped")
	}
}

func TestQuotations(t *testing.T) {
	t.Parallel()
	s := newSet(t)
	for _, row := range []struct{ name, in, want string }{
		{"plain", "The roof leaks.", "The roof leaks."},
		{"lines", "The roof\r\nleaks\tagain", "The roof leaks again"},
		{"quotation marks around", "“nobody came”", "nobody came"},
		{"link", "see https://evil.example.com/a?b=c now", "see [link left out] now"},
		{"link without scheme", "see evil.com now", "see [link left out] now"},
		{"link with a path", "see foo.museum/x now", "see [link left out] now"},
		{"www", "see www.evil now", "see [link left out] now"},
		{"script link", "javascript:alert(1) ok", "[link left out] ok"},
		{"full-width link", "ｅｖｉｌ．ｃｏｍ is it", "[link left out] is it"},
		{"hidden character in a link", "ev\u200bil.c\u00adom is it", "[link left out] is it"},
		{"address of numbers", "at 192.168.0.1/x please", "at [link left out] please"},
		{"email", "write to eve@evil.example please", "write to [address left out] please"},
		{"mobile", "ring me on 07700 900123 please", "ring me on [number left out] please"},
		{"mobile with dots", "it is 07700.900.123.", "it is [number left out]."},
		{"international", "it is +44 (0)1632 960 001", "it is [number left out]"},
		{"premium", "call 0909 123", "call [number left out]"},
		{"short code", "text 60123 to win", "text [number left out] to win"},
		{"full-width digits", "ring ０７７００９００１２３", "ring [number left out]"},
		{"date", "since 12/11/2026 it leaks", "since 12/11/2026 it leaks"},
		{"ISO date", "since 2026-11-12 it leaks", "since 2026-11-12 it leaks"},
		{"money", "I paid £1,250.00 for it", "I paid £1,250.00 for it"},
		{"house number", "at 12 Quay Street, flat 3", "at 12 Quay Street, flat 3"},
		{"job number", "job 4471820 was closed", "job 4471820 was closed"},
		{"times", "between 8 and 12 on 3 November 2026", "between 8 and 12 on 3 November 2026"},
		{"glued sentence", "It is broken.It leaks.", "It is broken. It leaks."},
		{"reference of ours", "about CIT26-7KR4-M9X9 again", "about CIT26-7KR4-M9X9 again"},
		{"slur", "that Fucking useless wanker", "that [word left out] useless [word left out]"},
		{"not a slur", "the fire retardant door in Scunthorpe", "the fire retardant door in Scunthorpe"},
		{"direction turned", "abc\u202edef", "abcdef"},
		{"other scripts", "Die Heizung ist kaputt, ogrzewanie nie działa, লিফট", "Die Heizung ist kaputt, ogrzewanie nie działa, লিফট"},
		{"only a link", "https://evil.example", ""},
		{"only marks", "?!", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got := strings.Join(s.quotations([]string{row.in}), "|")
			if got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
	if long := s.quotation(strings.Repeat("wet wall ", 400)); len(long) > maxQuotation+5 || !strings.HasSuffix(long, " …") {
		t.Errorf("a long quotation is cut to %q", long)
	}
	if s.Quotable(slices.Repeat([]string{"wet"}, maxQuotations+1)) {
		t.Error("a definition beyond the limit is quotable")
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Sam Farraway": "Sam Farraway", "Siobhán O’Neill-Abara": "Siobhán O’Neill-Abara", "Dr. A. Khan": "Dr. A. Khan",
		"陳大文": "陳大文", "  Anna\n Smith ": "Anna Smith",
		"win at evil.com": "", "call 07700": "", "eve@example.org": "", "": "", "...": "",
		"<b>Eve</b>": "", "one two three four five six seven": "", strings.Repeat("a", 61): "",
	} {
		if got := personName(in); got != want {
			t.Errorf("personName(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzQuotation(f *testing.F) {
	for _, seed := range []string{"The roof leaks.", "evil.com", "ring 07700 900123", "a@b.c", "\u202e", "[link left out]"} {
		f.Add(seed)
	}
	s := newSet(f)
	bad := regexp.MustCompile(`(?i)https?://|www\.\S|[\r\n]|\b\d{9,}\b|[a-z0-9]\.(com|net|org|uk)\b|\S@\S`)
	f.Fuzz(func(t *testing.T, words string) {
		for _, got := range s.quotations([]string{words}) {
			if found := bad.FindString(got); found != "" {
				t.Errorf("%q from %q holds %q", got, words, found)
			}
		}
	})
}
