package terms

import (
	"iter"
	"regexp"
	"strings"
	"unicode/utf8"
)

// mostWholes is how many addresses, numbers or postcodes of a kind one text
// gives at most.
const mostWholes = 100

// addWholes adds the addresses, numbers and postcodes of a text, each as one
// word. Looking for them at every letter of a text costs more than all its
// words, so it is only done where an @ or a figure stands.
func addWholes(known map[string]bool, text string) {
	for _, kind := range []struct {
		places iter.Seq[string]
		is     *regexp.Regexp
		word   func(string) string
	}{
		{withAt(text), email, whole},
		{aroundFigures(text), phone, national},
		{aroundFigures(text), postcode, whole},
	} {
		left := mostWholes
		for place := range kind.places {
			for _, found := range kind.is.FindAllString(place, left) {
				known[kind.word(found)] = true
				left--
			}
			if left == 0 {
				break
			}
		}
	}
}

// withAt gives the runs without a space that have an @ in them: no address
// reaches beyond one.
func withAt(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for at := strings.IndexByte(text, '@'); at >= 0; at = strings.IndexByte(text, '@') {
			from := strings.LastIndexAny(text[:at], " \t\r\n") + 1
			to := strings.IndexAny(text[at:], " \t\r\n")
			if to < 0 {
				yield(text[from:])
				return
			}
			if !yield(text[from : at+to]) {
				return
			}
			text = text[at+to:]
		}
	}
}

// reach is more than a number or postcode can stretch from its first figure to
// its beginning, from its last one to its end, or between two.
const reach = 24

// aroundFigures gives the pieces of a text that have figures in them, with what
// stands beside: a number or postcode stands whole in one of them.
func aroundFigures(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for {
			first := strings.IndexAny(text, "0123456789")
			if first < 0 {
				return
			}
			last := first
			for i := first; i < len(text) && i-last <= 2*reach; i++ {
				if text[i] >= '0' && text[i] <= '9' {
					last = i
				}
			}
			from, to := max(0, first-reach), min(len(text), last+reach)
			for from > 0 && !utf8.RuneStart(text[from]) {
				from--
			}
			for to < len(text) && !utf8.RuneStart(text[to]) {
				to++
			}
			if !yield(text[from:to]) {
				return
			}
			text = text[last+1:]
		}
	}
}
