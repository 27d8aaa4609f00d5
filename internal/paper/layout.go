package paper

import (
	"strings"
	"unicode/utf8"
)

// leading is the distance of lines in sizes: clear print wants one and a half
// to two spaces between words as room between lines.
const leading = 1.3

// A row is one line of text, laid out.
type row struct {
	text   []piece
	label  []piece // stands before the text: a fact's name, a bullet
	left   float64 // of the text, from the column's left edge, in millimetres
	label0 float64 // left of the label
	size   float64 // in points
	before float64 // room above, which a page's top takes away
	keep   bool    // never the last row of a page
	bar    bool    // a rule stands at its left
}

func (r row) height() float64 { return r.size * leading * point }

// A setter sets blocks in a column of one width.
type setter struct {
	faces faces
	size  float64 // of the text, in points
	width float64 // of the column, in millimetres
	lost  []rune
}

// blocks sets all blocks. Facts that follow each other stand in two columns.
func (s *setter) blocks(all []Block) []row {
	var rows []row
	labels := 0.0
	for i, b := range all {
		first := i == 0 || all[i-1].Kind != b.Kind
		if b.Kind == Fact && first {
			labels = s.labelWidth(all[i:])
		}
		set := s.block(b, labels)
		if len(set) == 0 {
			continue
		}
		set[0].before = s.before(b.Kind, first)
		rows = append(rows, together(set, b.Kind)...)
		if i+1 < len(all) && b.leadsTo(all[i+1]) {
			rows[len(rows)-1].keep = true
		}
	}
	if len(rows) > 0 {
		rows[0].before = 0
		rows[len(rows)-1].keep = false
	}
	return rows
}

// leadsTo reports whether a paragraph is the line above a list: alone at the
// foot of a page it says nothing.
func (b Block) leadsTo(next Block) bool {
	return b.Kind == Paragraph && (next.Kind == Item || next.Kind == Quote)
}

// before is the room above a block.
func (s *setter) before(k BlockKind, first bool) float64 {
	em := s.size * point
	switch {
	case k == Heading:
		return 1.3 * em
	case k == Fact && !first:
		return 0.15 * em
	case (k == Item || k == Quote) && !first:
		return 0.4 * em
	}
	return 0.75 * em
}

// together keeps the first two and the last two rows of a block on one page,
// and a heading with what follows it.
func together(set []row, k BlockKind) []row {
	n := len(set)
	if n > 1 {
		set[0].keep, set[n-2].keep = true, true
	}
	if k == Heading {
		for i := range set {
			set[i].keep = true
		}
	}
	return set
}

func (s *setter) block(b Block, labels float64) []row {
	em := s.size * point
	switch b.Kind {
	case Heading:
		return s.rows(b.Words, s.faces.bold, s.size+1, 0, false)
	case Important:
		return s.rows(b.Words, s.faces.bold, s.size, 1.1*em, true)
	case Item:
		rows := s.rows(b.Words, s.faces.regular, s.size, 1.3*em, false)
		return s.labelled(rows, pieces("•", s.faces.regular, &s.lost), 0.4*em)
	case Quote:
		return s.rows("“"+strings.Trim(b.Words, "“”")+"”", s.faces.regular, s.size, 1.1*em, true)
	case Fact:
		return s.fact(b, labels)
	case Paragraph:
	}
	return s.rows(b.Words, s.faces.regular, s.size, 0, false)
}

// fact stands the value beside its label, or below it where the labels are
// too wide for that.
func (s *setter) fact(b Block, labels float64) []row {
	label := pieces(clean(b.Label)+":", s.faces.bold, &s.lost)
	if labels > s.width*0.48 {
		rows := s.rows(b.Label+":", s.faces.bold, s.size, 0, false)
		for i := range rows {
			rows[i].keep = true
		}
		return append(rows, s.rows(b.Words, s.faces.regular, s.size, 0, false)...)
	}
	return s.labelled(s.rows(b.Words, s.faces.regular, s.size, labels, false), label, 0)
}

func (s *setter) labelled(rows []row, label []piece, left float64) []row {
	if len(rows) > 0 {
		rows[0].label, rows[0].label0 = label, left
	}
	return rows
}

// labelWidth is the width of the widest label of the facts that all begins
// with, and a gap.
func (s *setter) labelWidth(all []Block) (widest float64) {
	for _, b := range all {
		if b.Kind != Fact {
			break
		}
		var known []rune
		w := widthOf(pieces(clean(b.Label)+":", s.faces.bold, &known)) * s.size * point / 1000
		widest = max(widest, w)
	}
	return widest + 4
}

// rows breaks words into lines. The room for a line begins at left.
func (s *setter) rows(words string, of []face, size, left float64, bar bool) []row {
	room := (s.width - left) * 1000 / (size * point)
	var rows []row
	for _, text := range s.breakLines(clean(words), of, room) {
		rows = append(rows, row{text: text, left: left, size: size, bar: bar})
	}
	return rows
}

// breakLines fills lines word by word; a word wider than a line is cut.
func (s *setter) breakLines(words string, of []face, room float64) [][]piece {
	space := pieces(" ", of, &s.lost)
	var lines [][]piece
	var line []piece
	width := 0.0
	for word := range strings.SplitSeq(words, " ") {
		for _, part := range s.parts(pieces(word, of, &s.lost), room) {
			w := widthOf(part)
			if len(line) > 0 && width+widthOf(space)+w > room {
				lines = append(lines, line)
				line, width = nil, 0
			}
			if len(line) > 0 {
				line = joined(line, space)
				width += widthOf(space)
			}
			line = joined(line, part)
			width += w
		}
	}
	if len(line) > 0 {
		lines = append(lines, line)
	}
	return lines
}

// parts cuts a word that is wider than a line, such as a long web address.
func (s *setter) parts(word []piece, room float64) [][]piece {
	if len(word) == 0 {
		return nil
	}
	if widthOf(word) <= room {
		return [][]piece{word}
	}
	var parts [][]piece
	var part []piece
	width := 0.0
	for _, p := range word {
		for text := p.text; text != ""; {
			n := groupLength(text)
			one := piece{p.face, text[:n], p.face.measure([]rune(text[:n]))}
			text = text[n:]
			if width+one.width > room && len(part) > 0 {
				parts, part, width = append(parts, part), nil, 0
			}
			part = joined(part, []piece{one})
			width += one.width
		}
	}
	return append(parts, part)
}

// groupLength is the length in bytes of a character and the accents on it.
func groupLength(text string) int {
	_, n := utf8.DecodeRuneInString(text)
	for n < len(text) {
		r, more := utf8.DecodeRuneInString(text[n:])
		if r < 0x300 || r > 0x36f {
			break
		}
		n += more
	}
	return n
}

// joined appends pieces and makes one of neighbours of the same face.
func joined(line, more []piece) []piece {
	for _, p := range more {
		if n := len(line); n > 0 && line[n-1].face == p.face {
			line[n-1] = piece{p.face, line[n-1].text + p.text, line[n-1].width + p.width}
			continue
		}
		line = append(line, p)
	}
	return line
}

// A placed row has its baseline's place on its page.
type placed struct {
	row
	y float64
}

// paginate puts rows on pages. The first page begins lower than the others.
func paginate(rows []row, first, others, bottom float64) [][]placed {
	var pages [][]placed
	var page []placed
	y := first
	for i := 0; i < len(rows); {
		end := i + 1
		for end < len(rows) && rows[end-1].keep {
			end++
		}
		top := others
		if len(pages) == 0 {
			top = first
		}
		if y+heightOf(rows[i:end], y == top) > bottom && y > top {
			pages, page, y = append(pages, page), nil, others
			top = others
		}
		for _, r := range rows[i:end] {
			if y > top {
				y += r.before
			}
			if y+r.height() > bottom && y > top { // what is kept together is longer than a page
				pages, page, y, top = append(pages, page), nil, others, others
			}
			page = append(page, placed{r, y + r.size*point})
			y += r.height()
		}
		i = end
	}
	return append(pages, page)
}

func heightOf(rows []row, atTop bool) (h float64) {
	for i, r := range rows {
		if i > 0 || !atTop {
			h += r.before
		}
		h += r.height()
	}
	return h
}
