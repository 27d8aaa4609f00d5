package terms_test

import (
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"postroom/internal/terms"
)

func TestWhatIsTypedFindsWhatWasWritten(t *testing.T) {
	t.Parallel()
	text := "Dear Sirs, it is Mrs Ó Súilleabháin-Łukasz, Flat 3, 118 Lower Teasel Street, QX4 1RD.\nCall me on 01632 960 100 or write to Sor.Cha+home@mail.example.org. " +
		"The MOULD’s back; ﬁlthy bedrooms. Mój sąsiad. CIT26-7KR4-M9X9 me@flat10A0. ż01632960100"
	for typed, want := range map[string]bool{
		"suilleabhain": true, "Súilleabháin": true, "lukasz": true, "moul": true, "mould teasel": true, "mould wicker": false, "fl": false, "flat 3": true,
		"qx4 1rd": true, "qx41rd": true, "QX4": true, "qx41re": false, "01632 960100": true, "+44 (0)1632 960 100": true, "01632960100": true, "01632 960 101": false,
		"sor.cha+home@mail.example.org": true, "SOR.CHA+HOME@MAIL.EXAMPLE.ORG": true, "other@mail.example.org": false, "filthy": true, "moj sasiad": true,
		"cit26": true, "7kr4": true, "ould": false, "me@flat10A0": true, "me@flat10a": false, "ż01632960100": true, "01632 me@flat10a0 960100": false, "me@flat10a0 01632960100": true, "bedroom": true,
	} {
		if got := finds(typed, text); got != want {
			t.Errorf("%q finds it: %v, want %v (%v)", typed, got, want, terms.Typed(typed))
		}
	}
}

func finds(typed, text string) bool {
	words := terms.Of(text)
	all := terms.Typed(typed)
	return len(all) > 0 && !slices.ContainsFunc(all, func(term terms.Term) bool { return !slices.ContainsFunc(words, term.Fits) })
}

func TestNothingTypedIsNoTerm(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "  ", `"*() -:^`, "\x00", "' OR 1=1 --"[:2]} {
		if got := terms.Typed(s); len(got) != 0 {
			t.Errorf("%q: %v", s, got)
		}
	}
	if got := terms.Typed(strings.Repeat("a1 b2 c3 d4 ", 1000)); len(got) > 10 {
		t.Errorf("%d terms", len(got))
	}
}

func FuzzWords(f *testing.F) {
	for _, s := range []string{"", "Mould", "é", "a\u0301", "\xff\xfe", "ﬁ ǅ İ", "x@y.zz +44 20 7946 0000 SW1A 1AA", "ก็", "१२"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		end := 0
		for _, span := range terms.Spans(s) {
			if span.Start < end || span.End <= span.Start || span.End > len(s) || span.Word == "" {
				t.Fatalf("%q: span %+v after %d", s, span, end)
			}
			end = span.End
		}
		words := terms.Of(s)
		for _, word := range words {
			if !utf8.ValidString(word) || strings.IndexFunc(word, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) >= 0 {
				t.Fatalf("%q: word %q", s, word)
			}
		}
		if len(s) < 100 && utf8.ValidString(s) && len(terms.Spans(s)) < 10 {
			if all := terms.Typed(s); len(all) > 0 && !finds(s, s) {
				t.Fatalf("%q does not find itself: %v in %q", s, all, words)
			}
		}
	})
}
