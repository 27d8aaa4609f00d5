package paper

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// clean makes text one line of characters that stand for themselves: composed
// (a letter and its accent are one character where there is one), without
// control characters, line breaks, and marks that only steer a screen.
func clean(s string) string {
	s = norm.NFC.String(strings.ToValidUTF8(s, ""))
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\u00a0', r == '\u202f', r == '\u2007': // kept together
			return '\u00a0'
		case unicode.IsSpace(r), r == '\u2028', r == '\u2029', unicode.Is(unicode.Zs, r):
			return ' '
		case r == '\u2010' || r == '\u2011': // hyphens that fonts often lack
			return '-'
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Co, r), unicode.Is(unicode.Variation_Selector, r), r == '\u20e3': // the last is the key around a digit
			return -1
		case r == '\ufffd' || r&0xfffe == 0xfffe || !assigned(r):
			return -1
		}
		return r
	}, s)
	return strings.Trim(strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == ' ' }), " "), " \u00a0")
}

func assigned(r rune) bool {
	return unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z)
}

// decoration reports whether a character may be left out where no font has
// it: emoji and other pictures carry a mood, not a name or a fact.
func decoration(r rune) bool {
	return unicode.In(r, unicode.So, unicode.Sk)
}
