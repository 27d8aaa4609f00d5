// Package oneline owns how the words of a stranger's program (a mail server's,
// a scanner's, a sign-in service's) become one line that can be logged and
// shown. What must not be told of them is for the caller to take out.
package oneline

import (
	"strings"
	"unicode"
)

// Of gives the words on one line, as valid UTF-8, without anything that moves a
// terminal's cursor or turns the direction of what follows. Of more than most
// characters the first are kept, and a mark says that there were more.
func Of(said string, most int) string {
	line := []rune(strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, said)))
	if len(line) > most {
		return string(line[:most]) + "…"
	}
	return string(line)
}
