// Package terms owns how a text becomes the words that it can be found by, and
// where they stand in it. It knows no database: both get the same words, so
// that both find the same.
package terms

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Limits on what is looked at, so that a text made of words stays cheap.
const (
	longestText = 256 << 10 // bytes
	longestWord = 40        // characters; the rest of a longer one does not count
	mostWords   = 20_000    // of one text
	mostTyped   = 10        // of one search
	longestType = 200       // bytes of one search
)

// A Span is a word in a text: bytes from Start to End, and how it is known.
type Span struct {
	Start, End int
	Word       string
}

// Spans finds the words of a text: runs of letters and digits, with marks
// that belong to them.
func Spans(text string) []Span {
	all := make([]Span, 0, min(len(text)/5, mostWords)) // a word and its space
	start := -1
	end := func(i int) {
		if start < 0 {
			return
		}
		if word := fold(text[start:i]); word != "" {
			all = append(all, Span{start, i, word})
		}
		start = -1
	}
	for i, r := range text {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || start >= 0 && unicode.Is(unicode.Mn, r):
			if start < 0 {
				start = i
			}
		default:
			end(i)
		}
		if len(all) >= mostWords {
			return all
		}
	}
	end(len(text))
	return all
}

// fold is a word without capitals and accents: "Mój" is found by "moj".
func fold(word string) string {
	ascii := true
	for i := range len(word) {
		ascii = ascii && word[i] < utf8.RuneSelf
	}
	if ascii {
		return strings.ToLower(word[:min(len(word), longestWord)])
	}
	var b strings.Builder
	n := 0
	for _, r := range norm.NFKD.String(strings.ToValidUTF8(word, "")) {
		if r = unicode.ToLower(r); n < longestWord && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			b.WriteRune(plain(r))
			n++
		}
	}
	return b.String()
}

// plain is a letter as people without its key type it.
func plain(r rune) rune {
	switch r {
	case 'ł':
		return 'l'
	case 'ø':
		return 'o'
	case 'đ':
		return 'd'
	case 'ı':
		return 'i'
	}
	return r
}

// What is found as a whole too, however it is typed.
var (
	email    = regexp.MustCompile(`[\p{L}\p{N}._%+'-]+@[\p{L}\p{N}.-]+[\p{L}\p{N}]`)
	phone    = regexp.MustCompile(`(?:\+|\b0)[\d ().-]{7,20}\d\b`)
	postcode = regexp.MustCompile(`(?i)\b[a-z]{1,2}\d[a-z\d]?\s?\d[a-z]{2}\b`)
)

// whole is an address, number or postcode as one word.
func whole(s string) string {
	var b strings.Builder
	for _, r := range s {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			b.WriteRune(r)
		}
	}
	return fold(b.String())
}

// national is a phone number as one word, as it is dialled at home.
func national(s string) string {
	n := whole(strings.ReplaceAll(s, "(0)", ""))
	if rest, ok := strings.CutPrefix(n, "0044"); ok {
		return "0" + rest
	}
	if rest, ok := strings.CutPrefix(n, "44"); ok && strings.HasPrefix(strings.TrimSpace(s), "+") {
		return "0" + rest
	}
	return n
}

// Of gives the words that the texts are found by, each once and sorted.
func Of(texts ...string) []string {
	texts = slices.Clone(texts)
	slices.SortStableFunc(texts, func(a, b string) int { return len(b) - len(a) })
	known := make(map[string]bool, 64)
	for i, text := range texts {
		if i > 0 && standsIn(texts[0], text) {
			continue
		}
		text = clip(text, longestText)
		for _, s := range Spans(text) {
			known[s.Word] = true
		}
		addWholes(known, text)
	}
	words := make([]string, 0, len(known))
	for word := range known {
		words = append(words, word)
	}
	slices.Sort(words)
	return words[:min(len(words), mostWords)]
}

// standsIn reports whether a text stands between two spaces of another one
// that is looked at, so that it has no word which that has not: quoted mail
// has the new text in it, and definitions are quotations.
func standsIn(whole, text string) bool {
	if len(whole) > longestText {
		return false
	}
	at := strings.Index(whole, text)
	if at < 0 {
		return false
	}
	end := at + len(text)
	return (at == 0 || space(whole[at-1])) && (end == len(whole) || space(whole[end]))
}

func space(b byte) bool { return b == ' ' || b == '\n' || b == '\r' || b == '\t' }

// clip cuts a text, never within a character.
func clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}

// A Term is what a text must hold to be found: a word, or one that begins so.
type Term struct {
	Word  string
	Begin bool // the word begins so
}

// Fits reports whether the term finds the word.
func (t Term) Fits(word string) bool {
	return word == t.Word || t.Begin && strings.HasPrefix(word, t.Word)
}

// Typed reads what somebody types to find something. Every term must be found.
func Typed(s string) []Term {
	s = clip(s, longestType)
	var all []Term
	add := func(t Term) {
		if t.Word != "" && !slices.Contains(all, t) && len(all) < mostTyped {
			all = append(all, t)
		}
	}
	// What is found as a whole is crossed out: a word is looked for by itself
	// where it reaches beyond that, as the text has it.
	left := s
	for _, kind := range []struct {
		is   *regexp.Regexp
		word func(string) string
	}{{email, whole}, {phone, national}, {postcode, whole}} {
		left = kind.is.ReplaceAllStringFunc(left, func(found string) string {
			add(Term{Word: kind.word(found)})
			return strings.Repeat("\x00", len(found))
		})
	}
	for _, span := range Spans(s) {
		if strings.Trim(left[span.Start:span.End], "\x00") != "" {
			add(Term{Word: span.Word, Begin: utf8.RuneCountInString(span.Word) > 2})
		}
	}
	return all
}
