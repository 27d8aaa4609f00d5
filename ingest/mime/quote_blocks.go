package mime

import (
	"strings"
)

// headerBlock says whether Outlook's "From: Sent: To: Subject:" begins here.
func (l *letter) headerBlock(i int) bool {
	if !fromField.MatchString(l.lines[i]) {
		return false
	}
	date, others := false, 0
	for j, seen := i+1, 0; j < len(l.lines) && seen < 6; j++ {
		line := l.lines[j]
		if strings.TrimSpace(line) == "" {
			if seen > 0 && (date || others > 0) && j > i+8 {
				break
			}
			continue
		}
		seen++
		switch {
		case dateField.MatchString(line):
			date = true
		case toField.MatchString(line):
			others++
		case seen == 1 && strings.Contains(line, "@"):
		default:
			seen += 2
		}
	}
	return date && others > 0
}

// blockInAnyOrder says whether at i begins a block of header lines whose first
// is not "From:", as some programs write it, or whose language is none that is
// known here; the latter only below Outlook's line.
func (l *letter) blockInAnyOrder(i int) bool {
	if !labelled.MatchString(l.lines[i]) {
		return false
	}
	lines, from, date, to, address, when := 0, false, false, false, false, false
	for j := i; j < len(l.lines) && j < i+6 && labelled.MatchString(l.lines[j]); j++ {
		line := l.lines[j]
		lines++
		isFrom, isTo := fromField.MatchString(line), toField.MatchString(line)
		from, to = from || isFrom, to || isTo
		date = date || dateField.MatchString(line)
		address = address || strings.Contains(line, "@") && (isFrom || isTo || lines == 1)
		when = when || dateInLine.MatchString(line) && timeInLine.MatchString(line)
	}
	below := i > 0 && len(strings.TrimSpace(l.lines[i-1])) > 20 && underscores.MatchString(l.lines[i-1])
	return address && when && (from && date && to || below && lines >= 4)
}

// notesBlock gives the line at which Notes began a mail below its answer: a
// writer, a day with a time, then "To:", perhaps "cc:", and "Subject:" at i or
// just below. It gives -1 for none.
func (l *letter) notesBlock(i int) int {
	if head := strings.ToLower(strings.TrimSpace(l.lines[i])); !strings.HasPrefix(head, "to:") {
		return -1
	}
	subject := false
	for j := i + 1; j < len(l.lines) && j < i+6; j++ {
		subject = subject || strings.HasPrefix(strings.ToLower(strings.TrimSpace(l.lines[j])), "subject:")
	}
	when := l.textAbove(i)
	if !subject || when < 0 || len(l.lines[when]) > 120 || !dayInLine.MatchString(l.lines[when]) || !timeInLine.MatchString(l.lines[when]) {
		return -1
	}
	if letters([]byte(l.lines[when])) > 6 {
		return when // the writer stands on the same line
	}
	if who := l.textAbove(when); who >= 0 && len(l.lines[who]) < 80 && countWords(l.lines[who]) < 7 {
		return who
	}
	return -1
}

// textAbove gives the line with words above line i, not further than two away;
// -1 for none.
func (l *letter) textAbove(i int) int {
	for j := i - 1; j >= 0 && j >= i-3; j-- {
		if strings.TrimSpace(l.lines[j]) != "" {
			return j
		}
	}
	return -1
}

// afterLabel gives what stands behind the colon of a header line, which in
// Chinese is a wide one.
func afterLabel(line string) string {
	_, value, _ := strings.Cut(strings.Replace(line, "：", ":", 1), ":")
	return value
}

// forwardsOwn says whether the mail that is sent on from line i was ours.
func (l *letter) forwardsOwn(i int) bool {
	for j := i; j < len(l.lines) && j < i+8; j++ {
		if fromField.MatchString(l.lines[j]) {
			a := parseAddresses(strings.Trim(afterLabel(l.lines[j]), " *_"))
			return len(a) > 0 && a[0].Address != "" && l.own(a[0].Address)
		}
	}
	return false
}
