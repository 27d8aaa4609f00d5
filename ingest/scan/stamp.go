package scan

import (
	"context"
	"image"
	"regexp"
	"strings"
	"unicode"
)

var received = regexp.MustCompile(`(?i)\b(?:R?\s?E?CEIVED|REC'?D)\b[ .:|]*(?:ON |I )?\s*[0-9OIl]{1,2}\s*[-./ ]?\s*(?:[A-Z]{3,9}|[0-9]{1,2})[-./ ]*\s*[0-9O]{2,4}`)

// readStamp reads the coloured ink alone, straightened for itself: stamps are
// never straight.
func (r *Reader) readStamp(ctx context.Context, dir string, p picture) string {
	box := inkBox(p.stamp)
	if box.Dx() < p.dpi/2 || box.Dy() < p.dpi/16 {
		return ""
	}
	const border = 24
	cut := image.NewGray(image.Rect(0, 0, box.Dx()+2*border, box.Dy()+2*border))
	for i := range cut.Pix {
		cut.Pix[i] = 255
	}
	for y := range box.Dy() {
		copy(cut.Pix[(y+border)*cut.Stride+border:], p.stamp.Pix[(box.Min.Y+y)*p.stamp.Stride+box.Min.X:][:box.Dx()])
	}
	if skew := sketchOf(cut).skew(); skew != 0 {
		cut = rotated(cut, -skew)
	}
	got := r.ocr(ctx, dir, cut, p.dpi, 6, r.c.Languages[0])
	if got.mean() < 100*sureStamp {
		return ""
	}
	return receivedWords(got.text())
}

// sureStamp is the least confidence at which a stamp is proposed: a wrong day
// would be worse than none.
const sureStamp = 0.7

// stampOn finds the words of a received stamp on a line that also holds a
// resident's. They too write "your letter, received on 3 May 2026, says": a
// stamp's word is in capitals, or nothing else is on the line; and among
// capitals nobody can tell.
func stampOn(line string) string {
	for _, at := range received.FindAllStringIndex(line, -1) {
		words := line[at[0]:at[1]]
		others := strings.Join(strings.FieldsFunc(line[:at[0]]+" "+line[at[1]:], func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' }), " ")
		capitals := strings.Contains(words, "CEIVED") || strings.Contains(words, "REC'D") || strings.Contains(words, "RECD")
		spoken := strings.ToUpper(others) == others && strings.Count(others, " ") >= 3
		if others == "" || capitals && !spoken {
			return strings.Join(strings.Fields(words), " ")
		}
	}
	return ""
}

// withoutStamp takes the stamp that stampOn found off its line.
func withoutStamp(line, stamp string) string {
	before, after, _ := strings.Cut(strings.Join(strings.Fields(line), " "), stamp)
	return strings.Join(strings.Fields(before+" "+after), " ")
}

// receivedWords finds the words of a received stamp with its date.
func receivedWords(text string) string {
	return strings.Join(strings.Fields(received.FindString(text)), " ")
}

// inkBox is the part of a picture that has ink, without stray specks: rows
// and columns with three dots or more.
func inkBox(g *image.Gray) image.Rectangle {
	rows, columns := make([]int, g.Rect.Dy()), make([]int, g.Rect.Dx())
	for y := range rows {
		for x, v := range g.Pix[y*g.Stride:][:g.Rect.Dx()] {
			if v < inkLevel {
				rows[y]++
				columns[x]++
			}
		}
	}
	y0, y1 := extent(rows)
	x0, x1 := extent(columns)
	return image.Rect(x0, y0, x1, y1)
}

func extent(counts []int) (first, end int) {
	first = len(counts)
	for i, n := range counts {
		if n >= 3 {
			first, end = min(first, i), i+1
		}
	}
	return min(first, end), end
}
