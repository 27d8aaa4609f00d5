package mime

import (
	"regexp"
	"strings"
)

// attributions finds "On …, … wrote:" on one to four lines. Under it all is
// old when nothing there is marked with ">" and the line is certain.
func (l *letter) attributions() {
	for i := 0; i < l.limit && l.left > 0; i++ {
		n := l.attribution(i)
		if n == 0 {
			continue
		}
		next := l.nextText(i + n)
		l.found = true
		switch {
		case next < l.limit && isQuoted(l.lines[next]):
			l.drop(i, i+n)
		case l.certain(i, n):
			l.drop(i, l.limit)
			return
		}
		i += n - 1
	}
}

// attribution gives how many lines the attribution at i has, zero for none.
func (l *letter) attribution(i int) int {
	first := strings.TrimSpace(strings.TrimLeft(l.lines[i], " >"))
	if first == "" || l.old[i] || isQuoted(l.lines[i]) || len(first) > 300 || !l.colonNear(i) && !l.addressNear(i) || !l.look(len(first)) {
		return 0
	}
	if schriebMiddle.MatchString(first) && dateInLine.MatchString(first) {
		return 1
	}
	if strings.HasSuffix(first, ":") && (l.leadsToQuote(i, first) || l.namesQuoted(i, first)) {
		return 1
	}
	named := wroteStart.MatchString(first) || strings.Contains(first, "@")
	var joined strings.Builder
	for n := 1; n <= 4 && i+n-1 < l.limit; n++ {
		line := strings.TrimSpace(l.lines[i+n-1])
		if line == "" || isQuoted(line) {
			return 0
		}
		joined.WriteString(" " + line)
		text := joined.String()
		if !l.look(len(text)) {
			return 0
		}
		switch {
		case n <= 3 && (dayInLine.MatchString(first) || strings.Contains(first, "@")) && l.inAnyLanguage(text, i+n):
			return l.unlessBelow(i, n)
		case named && wroteEnd.MatchString(text):
			if dateInLine.MatchString(text) || strings.Contains(text, "@") {
				return l.unlessBelow(i, n)
			}
			return 0
		case strings.HasSuffix(line, ".") && n > 1:
			return 0
		}
	}
	return 0
}

// unlessBelow gives n, or nothing when the attribution is whole without its
// first line, which is then the last of the sender's own words.
func (l *letter) unlessBelow(i, n int) int {
	if n == 1 {
		return n
	}
	if firstPerson.MatchString(l.lines[i]) {
		return 0
	}
	rest := strings.Join(l.lines[i+1:i+n], " ")
	if (dayInLine.MatchString(rest) || sentFrom.MatchString(rest)) && (wroteEnd.MatchString(rest) || l.inAnyLanguage(rest, i+n)) {
		return 0
	}
	return n
}

// inAnyLanguage knows an attribution by its form: an address in brackets, a
// day, a time, and nothing after them but a few words and a colon. Without a
// colon, without a time, and in a mail that answers none, where somebody may
// have set down who wrote to him when, a quoted line must follow.
func (l *letter) inAnyLanguage(text string, below int) bool {
	if len(text) > 300 || !bracketedAddress.MatchString(text) || !dayInLine.MatchString(text) || tellsItself(text) {
		return false
	}
	colon := strings.HasSuffix(text, ":") || strings.HasSuffix(text, "：") || wroteBare.MatchString(text)
	if colon && l.reply && timeInLine.MatchString(text) {
		return true
	}
	next := l.nextText(below)
	return next < l.limit && next <= below+1 && isQuoted(l.lines[next]) && (colon || startsDate.MatchString(text))
}

// tellsItself finds sentences of a resident who tells when he wrote to whom:
// "I wrote to Jo <jo@…> on 3 May 2026 at 10:00 and this is what I said:".
func tellsItself(text string) bool {
	end := 0
	for _, form := range []*regexp.Regexp{bracketedAddress, timeInLine, dateInLine} {
		for _, m := range form.FindAllStringIndex(text, -1) {
			end = max(end, m[1])
		}
	}
	return countWords(text[end:]) > 4 || firstPerson.MatchString(text)
}

// addressNear says whether an address is near, as attributions have it.
func (l *letter) addressNear(i int) bool {
	for j := i; j < l.limit && j < i+3; j++ {
		if strings.Contains(l.lines[j], "@") {
			return true
		}
	}
	return false
}

// leadsToQuote says whether a line of any language names a writer or a time
// right above a quoted line.
func (l *letter) leadsToQuote(i int, line string) bool {
	next := l.nextText(i + 1)
	return next < l.limit && next <= i+2 && isQuoted(l.lines[next]) && strings.Contains(line, "@") && dateInLine.MatchString(line)
}

// namesQuoted says whether a short line right above a quoted one only names
// who wrote it: "Jo Bloggs wrote:", "Quoting Jo <jo@example.net>:".
func (l *letter) namesQuoted(i int, line string) bool {
	next := l.nextText(i + 1)
	if next >= l.limit || next > i+2 || !isQuoted(l.lines[next]) || countWords(line) > 8 || speaks.MatchString(line) {
		return false
	}
	return wroteEnd.MatchString(line) || quotingStart.MatchString(line)
}

// colonNear says whether a line that ends in a colon is near.
func (l *letter) colonNear(i int) bool {
	for j := i; j < l.limit && j < i+4; j++ {
		if line := strings.TrimSpace(l.lines[j]); strings.HasSuffix(line, ":") || strings.HasSuffix(line, "：") {
			return true
		}
	}
	return false
}

// certain wants an address, or in an answer a whole date with a time, before
// all that follows is taken for old: a resident may write "on 3 May your man
// wrote:", or what was said to him.
func (l *letter) certain(i, n int) bool {
	joined := strings.Join(l.lines[i:i+n], " ")
	return strings.Contains(joined, "@") || l.reply && len(dateInLine.FindAllString(joined, 3)) > 1 && !tellsSpeech.MatchString(joined)
}
