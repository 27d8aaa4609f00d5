package mime

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// maxFontCodes bounds the table of one font.
const maxFontCodes = 70_000

// A pdfFont turns the codes of a font into letters (section 9.10.2).
type pdfFont struct {
	wide    bool            // codes of two bytes
	letters map[int]string  // by ToUnicode or Differences
	widths  map[int]float64 // in ems
	usual   float64         // width of the others
	work    int             // entries of tables so far
	table   *charmap.Charmap
}

// room counts an entry and says whether the tables may grow.
func (font *pdfFont) room() bool {
	font.work++
	return font.work < maxFontCodes
}

func (t *pdfText) fontOf(v any) *pdfFont {
	ref, numbered := v.(pdfRef)
	if known := t.fonts[ref]; numbered && known != nil {
		return known
	}
	font := t.f.font(t.f.dict(v))
	t.f.steps += font.work
	if numbered {
		if t.fonts == nil {
			t.fonts = map[pdfRef]*pdfFont{}
		}
		t.fonts[ref] = font
	}
	return font
}

func (f *pdfFile) font(d pdfDict) *pdfFont {
	font := &pdfFont{letters: map[int]string{}, widths: map[int]float64{}, usual: 0.5, table: charmap.Windows1252}
	font.wide = d["Subtype"] == pdfName("Type0")
	if font.wide {
		f.wideWidths(font, d)
	} else {
		f.narrowWidths(font, d)
		f.encoding(font, f.get(d["Encoding"]))
	}
	if s, ok := f.get(d["ToUnicode"]).(*pdfStream); ok {
		font.toUnicode(pdfLexer{b: f.unpack(s), steps: &f.steps})
	}
	return font
}

func (f *pdfFile) narrowWidths(font *pdfFont, d pdfDict) {
	first, _ := f.get(d["FirstChar"]).(float64)
	for i, w := range f.list(d["Widths"]) {
		if i > 255 {
			return
		}
		if n, ok := f.get(w).(float64); ok {
			font.widths[int(first)+i] = n / 1000
		}
	}
}

// wideWidths reads the W list of a font of two-byte codes (section 9.7.4.3).
func (f *pdfFile) wideWidths(font *pdfFont, d pdfDict) {
	font.usual = 1
	below := f.list(d["DescendantFonts"])
	if len(below) == 0 {
		return
	}
	cid := f.dict(below[0])
	if n, ok := f.get(cid["DW"]).(float64); ok {
		font.usual = n / 1000
	}
	list := f.list(cid["W"])
	for i := 0; i+1 < len(list); {
		first, _ := f.get(list[i]).(float64)
		if each := f.list(list[i+1]); each != nil {
			for n, w := range each {
				width, _ := f.get(w).(float64)
				if font.room() {
					font.widths[int(first)+n] = width / 1000
				}
			}
			i += 2
			continue
		}
		last, _ := f.get(list[i+1]).(float64)
		width := number(list, i+2) / 1000
		for c := first; c <= last && font.room(); c++ {
			font.widths[int(c)] = width
		}
		i += 3
	}
}

// encoding reads the base encoding and the differences to it.
func (f *pdfFile) encoding(font *pdfFont, v any) {
	if d, ok := v.(pdfDict); ok {
		code := 0
		for _, v := range f.list(d["Differences"]) {
			switch v := f.get(v).(type) {
			case float64:
				code = int(v)
			case pdfName:
				if s := glyphLetters(string(v)); s != "" && font.room() {
					font.letters[code] = s
				}
				code++
			}
		}
		v = f.get(d["BaseEncoding"])
	}
	if v == pdfName("MacRomanEncoding") {
		font.table = charmap.Macintosh
	}
}

// glyphLetters gives what a glyph's name stands for: "A", "eacute", "uni00E9".
func glyphLetters(name string) string {
	if len(name) == 1 {
		return name
	}
	name, _, _ = strings.Cut(name, ".")
	for _, prefix := range []string{"uni", "u"} {
		if digits, ok := strings.CutPrefix(name, prefix); ok && len(digits) >= 4 {
			if n, err := strconv.ParseUint(digits, 16, 21); err == nil && utf8.ValidRune(rune(n)) {
				return string(rune(n))
			}
		}
	}
	if name == "" {
		return ""
	}
	switch name {
	case "space", "nbspace":
		return " "
	case "fi", "fl", "ff", "ffi", "ffl":
		return name
	}
	return namedGlyph(name)
}

// namedGlyph knows the glyphs of letters in western European languages.
func namedGlyph(name string) string {
	const names = " exclam ! quotedbl \" numbersign # dollar $ percent % ampersand & quotesingle ' parenleft ( parenright ) asterisk * plus + comma , hyphen - " +
		"minus - period . slash / zero 0 one 1 two 2 three 3 four 4 five 5 six 6 seven 7 eight 8 nine 9 colon : semicolon ; less < equal = greater > question ? at @ " +
		"bracketleft [ backslash \\ bracketright ] underscore _ braceleft { bar | braceright } asciitilde ~ quoteleft ‘ quoteright ’ quotedblleft “ quotedblright ” " +
		"endash – emdash — bullet • ellipsis … sterling £ Euro € cent ¢ section § copyright © degree ° "
	if _, after, ok := strings.Cut(names, " "+name+" "); ok {
		s, _, _ := strings.Cut(after, " ")
		return s
	}
	for suffix, mark := range map[string]string{
		"acute": "\u0301", "grave": "\u0300", "circumflex": "\u0302", "dieresis": "\u0308", "tilde": "\u0303", "caron": "\u030c", "cedilla": "\u0327", "ring": "\u030a", "ogonek": "\u0328",
	} {
		if letter, ok := strings.CutSuffix(name, suffix); ok && len(letter) == 1 {
			return letter + mark
		}
	}
	return ""
}

// toUnicode reads the bfchar and bfrange tables of a CMap (section 9.10.3).
func (font *pdfFont) toUnicode(l pdfLexer) {
	var operands []any
	for l.at < len(l.b) {
		v, ok := l.value()
		word, isWord := v.(pdfWord)
		switch {
		case !ok:
		case isWord:
			switch word {
			case "endbfchar":
				font.chars(operands)
			case "endbfrange":
				font.ranges(operands)
			}
			operands = operands[:0]
		case len(operands) < 3*maxFontCodes:
			operands = append(operands, v)
		}
	}
}

func (font *pdfFont) chars(list []any) {
	for i := 0; i+1 < len(list); i += 2 {
		from, _ := list[i].(pdfString)
		to, _ := list[i+1].(pdfString)
		font.put(codeOf(from), fromUTF16(to))
	}
}

func (font *pdfFont) ranges(list []any) {
	for i := 0; i+2 < len(list); i += 3 {
		from, _ := list[i].(pdfString)
		until, _ := list[i+1].(pdfString)
		first, last := codeOf(from), codeOf(until)
		switch to := list[i+2].(type) {
		case []any:
			for n, v := range to {
				s, _ := v.(pdfString)
				font.put(first+n, fromUTF16(s))
			}
		case pdfString:
			letters := []rune(fromUTF16(to))
			for c := first; c <= last && len(letters) > 0 && font.work < maxFontCodes; c++ {
				font.put(c, string(letters))
				letters[len(letters)-1]++
			}
		}
	}
}

func (font *pdfFont) put(code int, letters string) {
	if font.room() && letters != "" {
		font.letters[code] = letters
	}
}

func codeOf(s pdfString) int {
	code := 0
	for i := 0; i < len(s) && i < 4; i++ {
		code = code<<8 | int(s[i])
	}
	return code
}

func fromUTF16(s pdfString) string {
	if len(s) > 64 {
		return ""
	}
	units := make([]uint16, 0, len(s)/2)
	for i := 0; i+1 < len(s); i += 2 {
		units = append(units, uint16(s[i])<<8|uint16(s[i+1]))
	}
	if len(s) == 1 {
		units = append(units, uint16(s[0]))
	}
	return string(utf16.Decode(units))
}

// decode gives the letters of a string and their width in ems.
func (font *pdfFont) decode(s string) (text string, width float64) {
	if font == nil {
		font = &pdfFont{usual: 0.5, table: charmap.Windows1252}
	}
	var out strings.Builder
	for len(s) > 0 {
		first, n := s[0], 1
		code := int(first)
		if font.wide && len(s) > 1 {
			code, n = code<<8|int(s[1]), 2
		}
		s = s[n:]
		switch letters, known := font.letters[code]; {
		case known:
			out.WriteString(letters)
		case !font.wide && first >= 32:
			out.WriteRune(font.table.DecodeByte(first))
		}
		if w, ok := font.widths[code]; ok {
			width += w
		} else {
			width += font.usual
		}
	}
	return out.String(), width
}
