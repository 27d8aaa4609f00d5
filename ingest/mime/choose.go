package mime

import (
	"strings"
	"unicode"
)

// choose makes one list of the parts of a multipart; of alternatives one is
// kept (RFC 2046, section 5.1.4).
func (w *walk) choose(kind string, parts [][]piece) []piece {
	if kind == "multipart/alternative" {
		return alternative(parts)
	}
	var all []piece
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

// alternative prefers plain text, which has the least room for hidden words,
// unless the HTML says more. What is no body text stays in any case.
func alternative(parts [][]piece) []piece {
	var plain, page, others []piece
	for _, part := range parts {
		switch own := bodyOf(part); {
		case own == "":
			others = append(others, part...)
		case isPage(part):
			page = append(page, part...)
		default:
			plain = append(plain, part...)
		}
	}
	kept := plain
	if len(page) > 0 && (len(plain) == 0 || saysMore(bodyOf(page), bodyOf(plain))) {
		kept = append(page, notBody(plain)...)
	} else {
		kept = append(kept, notBody(page)...)
	}
	return append(kept, others...)
}

func isPage(part []piece) bool {
	for _, p := range part {
		if p.kind == ownText && strings.TrimSpace(p.text) != "" {
			return p.html
		}
	}
	return false
}

func notBody(part []piece) []piece {
	var out []piece
	for _, p := range part {
		if p.kind != ownText {
			out = append(out, p)
		}
	}
	return out
}

func bodyOf(part []piece) string {
	var out []string
	for _, p := range part {
		if p.kind == ownText {
			out = append(out, p.text)
		}
	}
	return strings.TrimSpace(strings.Join(out, "\n"))
}

// saysMore says whether the page holds words that the plain text lacks: the
// plain text is empty, only tells one to use another program, or is cut short.
func saysMore(page, plain string) bool {
	have := words(plain)
	if len(have) == 0 {
		return true
	}
	missing, all := 0, 0
	for word := range words(page) {
		all++
		if !have[word] {
			missing++
		}
	}
	return all > 0 && missing >= 3 && missing*4 > all
}

// words gives the set of words; links and marks do not count.
func words(s string) map[string]bool {
	set := map[string]bool{}
	for f := range strings.FieldsFuncSeq(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) }) {
		if len(set) > 20_000 {
			break
		}
		set[strings.ToLower(f)] = true
	}
	return set
}

// allText joins the text of all pieces, inner mails included.
func allText(pieces []piece) string {
	var b strings.Builder
	writePieces(&b, pieces, func(piece) bool { return true })
	return strings.TrimSpace(b.String())
}

// writePieces writes the pieces that keep wants, a blank line between them and
// the title above each.
func writePieces(b *strings.Builder, pieces []piece, keep func(piece) bool) {
	for _, p := range pieces {
		if !keep(p) || strings.TrimSpace(p.text) == "" && len(p.inner) == 0 {
			continue
		}
		if b.Len() > 0 {
			b.WriteString("\n\n")
		}
		if p.title != "" {
			b.WriteString(p.title)
			if text := strings.Trim(p.text, "\n"); text != "" {
				b.WriteByte('\n')
			}
		}
		b.WriteString(strings.Trim(p.text, "\n"))
		if len(p.inner) > 0 {
			var inside strings.Builder
			writePieces(&inside, p.inner, keep)
			b.WriteString("\n" + inside.String())
		}
	}
}

// withoutSpare drops text that counts only when there is no other.
func withoutSpare(pieces []piece) []piece {
	var own, out []piece
	for _, p := range pieces {
		if p.kind == ownText && !p.spare {
			own = append(own, p)
		}
	}
	has := bodyOf(own) != ""
	for _, p := range pieces {
		if p.spare && has {
			continue
		}
		p.inner = withoutSpare(p.inner)
		out = append(out, p)
	}
	return out
}
