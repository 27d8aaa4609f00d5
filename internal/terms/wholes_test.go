package terms

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// everywhere finds the words of texts as addWholes and Of do, but looks at
// every letter of every text.
func everywhere(texts ...string) []string {
	known := map[string]bool{}
	for _, text := range texts {
		text = clip(text, longestText)
		for _, s := range Spans(text) {
			known[s.Word] = true
		}
		for is, word := range map[*regexp.Regexp]func(string) string{email: whole, phone: national, postcode: whole} {
			for _, found := range is.FindAllString(text, mostWholes) {
				known[word(found)] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(known))
}

func TestNothingIsMissedBetweenFigures(t *testing.T) {
	t.Parallel()
	for _, s := range wholesSeeds() {
		if got, want := Of(s, s+" twice"), everywhere(s, s+" twice"); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}

func wholesSeeds() []string {
	var numbers strings.Builder
	for range 150 {
		numbers.WriteString("01632 960100, a@b.cc, QX4 1RD\n")
	}
	return []string{
		"", "no figure", "7", "QX4 1RD", "wordQX4 1RD", "it is QX41RD.", "x@y.zz,a@b.c", "@", "a@", "@b", "a@b@c.dd@e.ff", "mail me: <a.b+c@d-e.org>.",
		"+44 (0) 1632 - 960100", "ring 01632\n960100", "0.0.0.0.0.0.0.0.0.0.0.0", "+                    1", "0                    12", "é0 1632 960 100", "x01632 960100",
		strings.Repeat("z", 60) + "QX4" + strings.Repeat(" ", 60) + "1RD 0" + strings.Repeat("-", 20) + "9", "ſ1 1aa K1 1AA \u212a1 1AA", "日1日SW1A 1AA日", "\xff0163\xfe2960100\xff",
		numbers.String(),
	}
}

func FuzzWholes(f *testing.F) {
	for _, s := range wholesSeeds() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got, want := Of(s), everywhere(s); len(got) < mostWords && !slices.Equal(got, want) {
			t.Fatalf("%q: %q, want %q", s, got, want)
		}
	})
}

func BenchmarkOf(b *testing.B) {
	letter := strings.Repeat("This is a formal complaint about your repairs service. My boiler has been broken for five weeks. I have rung\n"+
		"four times, you cancelled three appointments and nobody rings me back. Jo, Flat 12, 12 Orchard Quay\n", 3)
	for b.Loop() {
		Of("Flat 12", letter, letter[:400], "Jo Bloggs", "jo@homes.example")
	}
}
