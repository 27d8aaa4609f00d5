package reference

import (
	"strings"
	"unicode"
)

// plain is the capital letter or digit that r stands for, or 0. Full-width
// forms, which some keyboards give, are the same letters.
func plain(r rune) byte {
	if r >= 0xFF01 && r <= 0xFF5E {
		r -= 0xFEE0
	}
	if r >= 'a' && r <= 'z' {
		r += 'A' - 'a'
	}
	if (r >= 'A' && r <= 'Z') || (r >= '0' && r <= '9') {
		return byte(r & 0x7F)
	}
	return 0
}

// separator reports whether r may stand between the characters of a reference:
// spaces of any kind, dashes, other joins that people type, and what mail
// programs put at line ends.
func separator(r rune) bool {
	switch {
	case unicode.IsSpace(r), unicode.Is(unicode.Pd, r), unicode.Is(unicode.Cf, r):
		return true // Pd: every dash; Cf: soft hyphens, zero-width spaces
	}
	return strings.ContainsRune("_./\\·•>\u2212\u00AF", r)
}

// inYear turns letters into the digits that they are taken for. A year holds
// digits only, so nothing is lost.
func inYear(c byte) byte {
	switch c {
	case 'O', 'D', 'Q':
		return '0'
	case 'I', 'L':
		return '1'
	case 'Z':
		return '2'
	case 'S':
		return '5'
	case 'B':
		return '8'
	}
	return c
}

// inBody turns letters that no reference holds into the one symbol that they
// are taken for. Where there would be two, such as 6 and 8 for S, none is
// taken: Near offers what adds up.
func inBody(c byte) byte {
	switch c {
	case 'Z':
		return '2'
	case 'A':
		return '4'
	case 'U':
		return 'V'
	}
	return c
}

// inPrefix folds the characters that are taken for each other in a prefix,
// where both may be right: a D there is a D.
func inPrefix(c byte) byte {
	if c == 'D' {
		return c
	}
	return inYear(c)
}

// mendTail undoes look-alikes in year and body.
func mendTail(tail string) string {
	mended := []byte(tail)
	for i, c := range mended {
		if i < yearLength {
			mended[i] = inYear(c)
		} else {
			mended[i] = inBody(c)
		}
	}
	return string(mended)
}
