package paper

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"

	"github.com/go-fonts/dejavu/dejavusans"
	"github.com/go-fonts/dejavu/dejavusansbold"
	"github.com/go-fonts/liberation/liberationsansbold"
	"github.com/go-fonts/liberation/liberationsansregular"
	"github.com/jung-kurt/gofpdf"
	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// missing marks a character that a face has no glyph for.
const missing = 0xffff

// A face is one font: its bytes, and the advance of every character in
// thousandths of the size.
type face struct {
	family, style string
	ttf           []byte
	width         []uint16
}

// faces are Liberation Sans, which has Arial's shapes and measures, and behind
// it DejaVu Sans for what it lacks, such as Armenian and Georgian.
type faces struct{ regular, bold []face }

func loadFaces() (faces, error) {
	var all faces
	var err error
	characters := printables()
	for _, f := range []struct {
		into          *[]face
		family, style string
		ttf           []byte
	}{
		{&all.regular, "sans", "", liberationsansregular.TTF},
		{&all.regular, "other", "", dejavusans.TTF},
		{&all.bold, "sans", "B", liberationsansbold.TTF},
		{&all.bold, "other", "B", dejavusansbold.TTF},
	} {
		made := face{family: f.family, style: f.style, ttf: f.ttf}
		if made.width, err = widths(f.ttf, characters); err != nil {
			return all, fmt.Errorf("paper: font %s%s: %w", f.family, f.style, err)
		}
		*f.into = append(*f.into, made)
	}
	return all, nil
}

// printables are the characters of the basic plane that can be printed. Beyond
// it gofpdf cannot print.
func printables() []rune {
	var all []rune
	for r := range rune(0x10000) {
		if printable(r) {
			all = append(all, r)
		}
	}
	return all
}

// widths looks each of the characters up once.
func widths(ttf []byte, characters []rune) ([]uint16, error) {
	f, err := sfnt.Parse(ttf)
	if err != nil {
		return nil, err
	}
	all := make([]uint16, 0x10000)
	var buf sfnt.Buffer
	for r := range all {
		all[r] = missing
	}
	for _, r := range characters {
		glyph, err := f.GlyphIndex(&buf, r)
		if err != nil || glyph == 0 {
			continue
		}
		advance, err := f.GlyphAdvance(&buf, glyph, fixed.I(1000), font.HintingNone)
		if err != nil {
			return nil, err
		}
		all[r] = uint16(advance.Round()) //nolint:gosec // at most a few thousand
	}
	return all, nil
}

// printable reports whether a character can be printed by putting one glyph
// after the other from left to right. Arabic, Hebrew and the scripts of India
// cannot, whatever the font: their letters join or change places.
func printable(r rune) bool {
	if unicode.Is(unicode.M, r) {
		return r >= 0x300 && r <= 0x36f // accents for which there is no composed letter
	}
	return unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Armenian, unicode.Georgian, unicode.Common)
}

func (f face) has(r rune) bool { return r >= 0 && int(r) < len(f.width) && f.width[r] != missing }

// A piece is a run of characters in one face.
type piece struct {
	face  *face
	text  string
	width float64 // thousandths of the size
}

// pieces cuts words into runs. A letter and the accents over it are of one
// face. Pictures that no face has are left out; other characters go to lost.
func pieces(words string, of []face, lost *[]rune) []piece {
	var all []piece
	runes := []rune(words)
	for i := 0; i < len(runes); {
		end := i + 1
		for end < len(runes) && unicode.Is(unicode.M, runes[end]) {
			end++
		}
		group := runes[i:end]
		i = end
		f := faceOf(group, of)
		if f == nil {
			*lost = append(*lost, uncovered(group, of)...)
			continue
		}
		if n := len(all); n > 0 && all[n-1].face == f {
			all[n-1].text += string(group)
			all[n-1].width += f.measure(group)
		} else {
			all = append(all, piece{f, string(group), f.measure(group)})
		}
	}
	return all
}

// faceOf finds the first face with every character of a group. Two accents
// over one letter would lie on each other; and Liberation sets accents beside
// the letter, so that a group goes to the other face.
func faceOf(group []rune, of []face) *face {
	if len(group) > 2 || unicode.Is(unicode.M, group[0]) {
		return nil
	}
	for i := range of {
		if len(group) > 1 && i == 0 {
			continue
		}
		whole := true
		for _, r := range group {
			whole = whole && of[i].has(r)
		}
		if whole {
			return &of[i]
		}
	}
	return nil
}

// uncovered are the characters of a group that stop a letter.
func uncovered(group []rune, of []face) []rune {
	if decoration(group[0]) && faceOf(group[:1], of) == nil {
		return nil
	}
	return group
}

func (f *face) measure(group []rune) (w float64) {
	for _, r := range group {
		w += float64(f.width[r])
	}
	return w
}

func widthOf(all []piece) (w float64) {
	for _, p := range all {
		w += p.width
	}
	return w
}

// addFonts gives a document the faces that its pieces use. gofpdf writes into
// the bytes of a font, so each document gets a copy.
func addFonts(doc *gofpdf.Fpdf, used map[*face]bool, order []face) {
	for i := range order {
		if f := &order[i]; used[f] {
			doc.AddUTF8FontFromBytes(f.family, f.style, bytes.Clone(f.ttf))
		}
	}
}

// distinct lists characters once each, in the order in which they came.
func distinct(all []rune) []rune {
	var once []rune
	for _, r := range all {
		if !strings.ContainsRune(string(once), r) {
			once = append(once, r)
		}
	}
	return once
}
