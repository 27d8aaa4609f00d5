package classify

import "strings"

// A masked range of bytes is not the resident's own new words.
type masked struct{ from, to int }

// masks finds what reached the rules although it is not the resident's: lines
// that quote, everything under the head of an earlier message, and the parts
// of a form that were answered with no. The reader before should have left
// them out, and knows more of the message; this is the second look, and leaves
// out only what is plainly old: a complaint that it hides is nobody's.
func masks(text string, reply bool) []masked {
	var out []masked
	for at := 0; at < len(text); {
		end := strings.IndexByte(text[at:], '\n')
		if end < 0 {
			end = len(text)
		} else {
			end += at + 1
		}
		line := strings.TrimSpace(text[at:end])
		switch {
		case line == "":
		case line[0] == '>':
			if reply { // else somebody drew arrows
				out = append(out, masked{at, end})
			}
		case at > 0 && headOfEarlier(line, text[end:]):
			return append(out, masked{at, len(text)})
		case formNo(line):
			out = append(out, masked{at, end})
		default:
			if label := formLabel(line); label > 0 {
				lead := strings.Index(text[at:end], line)
				out = append(out, masked{at, at + lead + label})
			}
		}
		at = end
	}
	return out
}

// headOfEarlier knows the lines that mail programs put above what they quote,
// by what stands below them too: residents draw lines, tell who wrote what, and
// fill in forms that begin with "From:".
func headOfEarlier(line, below string) bool {
	const most = 200
	if len(line) > most {
		return false
	}
	l := strings.ToLower(line)
	switch {
	case strings.HasPrefix(l, "--") && (strings.Contains(l, "original message") || strings.Contains(l, "forwarded message")),
		strings.HasPrefix(l, "begin forwarded message"):
		return true
	case strings.HasPrefix(l, "on ") && strings.HasSuffix(l, "wrote:"):
		return strings.Contains(l, "@")
	case strings.HasPrefix(l, "________________________________"):
		return hasSent(below)
	case strings.HasPrefix(l, "from:") && strings.Contains(l, "@"):
		return hasSent(below)
	}
	return false
}

// hasSent looks for the day of an earlier message among the next lines.
func hasSent(below string) bool {
	const most = 6
	lines := 0
	for line := range strings.Lines(below[:min(len(below), 2000)]) {
		l := strings.ToLower(strings.Trim(line, " *_\t\r\n"))
		if strings.HasPrefix(l, "sent:") || strings.HasPrefix(l, "date:") {
			return true
		}
		if lines++; lines == most {
			break
		}
	}
	return false
}

// formLabel gives the length of a form's label on the line: "Telephone : ".
// Only labels set off by a space before the colon or by several words with a
// capital count, so that "My point: nobody came" stays whole.
func formLabel(line string) int {
	i := strings.IndexByte(line, ':')
	if i <= 1 || i > 70 || i+1 >= len(line) {
		return 0
	}
	if line[i-1] == ' ' || line[i-1] == '?' {
		return i + 1
	}
	return 0
}

// formNo reports whether the line is a form's question answered with no.
func formNo(line string) bool {
	i := strings.LastIndexByte(line, ':')
	if i <= 1 || i > 90 {
		return false
	}
	switch strings.ToLower(strings.TrimSpace(line[i+1:])) {
	case "no", "n", "none", "n/a", "not answered":
		return true
	}
	return false
}
