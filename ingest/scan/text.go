package scan

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// typed makes a reading of a file's own text, which is sure of every word.
// Places are counted in characters.
func typed(text string) reading {
	const size = 10
	var got reading
	y := 0
	for line := range strings.Lines(text) {
		y += 2 * size
		l := Line{}
		x := 0
		for piece := range strings.SplitSeq(strings.TrimRight(line, "\r\n\f"), " ") {
			if strings.TrimSpace(piece) != "" {
				w := Word{Text: strings.TrimSpace(piece), Confidence: 100, X: x * size, Y: y, W: utf8.RuneCountInString(piece) * size, H: size}
				l.Words = append(l.Words, w)
				got.count(w)
			}
			x += utf8.RuneCountInString(piece) + 1
		}
		if len(l.Words) > 0 {
			got.lines = append(got.lines, l)
		}
	}
	return got
}

func (r *reading) text() string {
	var b strings.Builder
	for _, l := range r.lines {
		b.WriteString(l.String())
		b.WriteByte('\n')
	}
	return b.String()
}

func (l Line) String() string {
	words := make([]string, 0, len(l.Words))
	for _, w := range l.Words {
		if w.Text = upright(w.Text); !speck(w) {
			words = append(words, w.Text)
		}
	}
	if len(words) == 1 && words[0] == "I" {
		return "" // a rule or the edge of the paper
	}
	return strings.Join(words, " ")
}

// upright reads the bar that tesseract takes many a capital I for.
func upright(word string) string {
	rest, ok := strings.CutPrefix(word, "|")
	r, _ := utf8.DecodeRuneInString(rest)
	switch {
	case !ok:
		return word
	case rest == "" || rest[0] == '.' || rest[0] == ',' || rest[0] == '\'':
		return "I" + rest
	case unicode.IsLower(r):
		return "I " + rest
	}
	return word
}

// speck reports whether a word is dirt: signs without letters that tesseract
// is not sure of.
func speck(w Word) bool {
	return !hasLetter(w.Text) && w.Confidence < lowConfidence
}

func (l Line) top() int   { return l.Words[0].Y }
func (l Line) right() int { return l.Words[len(l.Words)-1].X + l.Words[len(l.Words)-1].W }

func (l Line) height() int {
	most := 0
	for _, w := range l.Words {
		most = max(most, w.H)
	}
	return most
}

func (l Line) least() float64 {
	least := 100.0
	for _, w := range l.Words {
		if hasLetter(w.Text) {
			least = min(least, w.Confidence)
		}
	}
	return least / 100
}

// pageLines writes the lines as a person would type them: a line that ended
// only because the paper did goes on in the next.
func (r *reading) pageLines() []PageLine {
	lines := make([]Line, 0, len(r.lines))
	for _, l := range r.lines {
		if l.String() != "" {
			lines = append(lines, l)
		}
	}
	edge, pitch := margins(lines)
	var out []PageLine
	for i, l := range lines {
		this := PageLine{Text: l.String(), Confidence: l.least()}
		if i == 0 {
			out = append(out, this)
			continue
		}
		before := lines[i-1]
		apart := l.top()-before.top() > pitch*3/2 || l.top() < before.top()-pitch/2
		switch last := &out[len(out)-1]; {
		case apart:
			out = append(out, PageLine{}, this)
		case before.right()+before.height()/2+l.Words[0].W > edge && len(before.Words) > 3:
			last.Text, last.Confidence = joined(last.Text, this.Text), min(last.Confidence, this.Confidence)
		default:
			out = append(out, this)
		}
	}
	return out
}

// joined puts a line behind another; a word that was divided is whole again.
func joined(a, b string) string {
	r, _ := utf8.DecodeRuneInString(b)
	if before, ok := strings.CutSuffix(a, "-"); ok && unicode.IsLower(r) && endsInLetter(before) {
		return before + b
	}
	return a + " " + b
}

func endsInLetter(s string) bool {
	r, _ := utf8.DecodeLastRuneInString(s)
	return unicode.IsLetter(r)
}

// margins finds how far to the right lines go, and how far apart they are.
func margins(lines []Line) (edge, pitch int) {
	var rights, pitches []int
	for i, l := range lines {
		rights = append(rights, l.right())
		if i > 0 {
			if d := l.top() - lines[i-1].top(); d > 0 {
				pitches = append(pitches, d)
			}
		}
	}
	slices.Sort(rights)
	slices.Sort(pitches)
	if len(rights) > 0 {
		edge = rights[len(rights)*95/100]
	}
	if len(pitches) > 0 {
		pitch = pitches[len(pitches)/3] // most lines are not the first of their paragraph
	}
	return edge, cmp.Or(pitch, 1)
}

// cleanText makes a file's own text storable: UTF-8 without control
// characters, cut to a limit.
func cleanText(text string, most int) string {
	if len(text) > most {
		text = text[:most]
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' || r == '\ufeff' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
}
