package mime

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"strings"
	"unicode/utf16"
)

// codepageLabel names a Windows code page for toUTF8.
func codepageLabel(n int) string {
	switch n {
	case 0:
		return ""
	case 65001:
		return "utf-8"
	case 932:
		return "shift_jis"
	case 936:
		return "gbk"
	case 949:
		return "euc-kr"
	case 950:
		return "big5"
	case 10000:
		return "macintosh"
	case 20866:
		return "koi8-r"
	case 28591, 28592, 28595, 28597, 28599, 28605:
		return "iso-8859-" + strconv.Itoa(n-28590)
	}
	if n >= 1250 && n <= 1258 || n == 874 {
		return "windows-" + strconv.Itoa(n)
	}
	if n > 0 && n < 900 {
		return "cp" + strconv.Itoa(n)
	}
	return ""
}

// An rtfReader takes the words out of rich text.
type rtfReader struct {
	s     string
	out   strings.Builder
	bytes []byte   // 8-bit characters that are to be decoded together
	units []uint16 // UTF-16 units that are to be decoded together
	label string
	state rtfState
	stack []rtfState
	eat   int // plain characters that stand for a \u before them
}

type rtfState struct {
	skip bool // a destination that is not text
	uc   int  // characters that follow each \u
}

const maxRTFDepth = 1000

// rtfText gives the words of an RTF file.
func rtfText(s string) string {
	r := rtfReader{s: s, label: "windows-1252", state: rtfState{uc: 1}}
	for r.s != "" {
		r.step()
	}
	r.flush()
	return strings.TrimSpace(normalise(r.out.String()))
}

func (r *rtfReader) step() {
	c := r.s[0]
	r.s = r.s[1:]
	switch c {
	case '{':
		r.flush()
		if len(r.stack) < maxRTFDepth {
			r.stack = append(r.stack, r.state)
		}
		r.eat = 0
	case '}':
		r.flush()
		if n := len(r.stack); n > 0 {
			r.state, r.stack = r.stack[n-1], r.stack[:n-1]
		}
		r.eat = 0
	case '\\':
		r.control()
	case '\r', '\n', 0:
	default:
		r.char(c)
	}
}

// char takes one character of text.
func (r *rtfReader) char(c byte) {
	if r.eat > 0 {
		r.eat--
		return
	}
	if r.state.skip {
		return
	}
	r.flushUnits()
	r.bytes = append(r.bytes, c)
}

func (r *rtfReader) flush() {
	r.flushBytes()
	r.flushUnits()
}

func (r *rtfReader) flushBytes() {
	if len(r.bytes) > 0 {
		if isASCII(r.bytes) {
			r.out.Write(r.bytes)
		} else if enc := findEncoding(r.label); enc != nil {
			r.out.WriteString(decodeWith(enc, r.bytes))
		} else {
			r.out.WriteString(mixed(r.bytes))
		}
		r.bytes = r.bytes[:0]
	}
}

func (r *rtfReader) flushUnits() {
	if len(r.units) > 0 {
		r.out.WriteString(string(utf16.Decode(r.units)))
		r.units = r.units[:0]
	}
}

// control reads a control word or symbol.
func (r *rtfReader) control() {
	if r.s == "" {
		return
	}
	c := r.s[0]
	if c|0x20 < 'a' || c|0x20 > 'z' {
		r.s = r.s[1:]
		r.symbol(c)
		return
	}
	n := 0
	for n < len(r.s) && n < 40 && r.s[n]|0x20 >= 'a' && r.s[n]|0x20 <= 'z' {
		n++
	}
	word := r.s[:n]
	r.s = r.s[n:]
	n = 0
	for n < len(r.s) && n < 12 && (r.s[n] >= '0' && r.s[n] <= '9' || n == 0 && r.s[n] == '-') {
		n++
	}
	number, _ := strconv.Atoi(r.s[:n])
	r.s = strings.TrimPrefix(r.s[n:], " ")
	r.word(word, number, n > 0)
}

func (r *rtfReader) symbol(c byte) {
	switch c {
	case '\'':
		if len(r.s) >= 2 && isHex(r.s[0]) && isHex(r.s[1]) {
			b := unhex(r.s[0])<<4 | unhex(r.s[1])
			r.s = r.s[2:]
			r.char(b)
		}
	case '\\', '{', '}':
		r.char(c)
	case '~':
		r.char(' ')
	case '_':
		r.char('-')
	case '*':
		r.state.skip = true
	case '\r', '\n':
		r.put("\n")
	}
}

func (r *rtfReader) put(s string) {
	if !r.state.skip {
		r.flush()
		r.out.WriteString(s)
	}
}

func (r *rtfReader) word(word string, number int, given bool) {
	switch word {
	case "par", "line", "sect", "page", "row":
		r.put("\n")
	case "tab", "cell":
		r.put("\t")
	case "emdash":
		r.put("—")
	case "endash":
		r.put("–")
	case "lquote":
		r.put("‘")
	case "rquote":
		r.put("’")
	case "ldblquote":
		r.put("“")
	case "rdblquote":
		r.put("”")
	case "bullet":
		r.put("•")
	case "uc":
		r.state.uc = max(0, min(number, 100))
	case "u":
		if !r.state.skip && given {
			r.flushBytes()
			r.units = append(r.units, uint16(number)) //nolint:gosec // RTF writes UTF-16 units as signed numbers
		}
		r.eat = r.state.uc
	case "bin":
		r.s = r.s[min(len(r.s), max(0, number)):]
	case "ansicpg":
		if label := codepageLabel(number); label != "" {
			r.label = label
		}
	case "fonttbl", "colortbl", "stylesheet", "info", "pict", "object", "header", "headerl", "headerr", "footer", "footerl", "footerr",
		"listtable", "listoverridetable", "fldinst", "themedata", "datastore", "xmlnstbl", "generator", "filetbl", "revtbl", "rsidtbl":
		r.state.skip = true
	}
}

// rtfPrimer is what the dictionary of compressed RTF begins with
// ([MS-OXRTFCP], section 2.1.2.1).
const rtfPrimer = `{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0` +
	"\r\n" + `\par \pard\plain\f0\fs20\b\i\u\tab\tx`

// decompressRTF undoes [MS-OXRTFCP], to at most limit bytes.
func decompressRTF(b []byte, limit int) ([]byte, bool) {
	if len(b) < 16 {
		return nil, false
	}
	size := int(binary.LittleEndian.Uint32(b[4:]))
	kind := string(b[8:12])
	b = b[16:]
	size = min(size, limit)
	switch kind {
	case "MELA":
		return b[:min(size, len(b))], true
	case "LZFu":
	default:
		return nil, false
	}
	var dict [4096]byte
	copy(dict[:], rtfPrimer)
	at := len(rtfPrimer)
	out := make([]byte, 0, min(size, len(b)*8))
	for len(b) > 0 && len(out) < size {
		flags := b[0]
		b = b[1:]
		for bit := 0; bit < 8 && len(b) > 0 && len(out) < size; bit++ {
			if flags&(1<<bit) == 0 {
				dict[at], out = b[0], append(out, b[0])
				at, b = (at+1)%4096, b[1:]
				continue
			}
			if len(b) < 2 {
				return out, true
			}
			ref := int(b[0])<<8 | int(b[1])
			b = b[2:]
			from, n := ref>>4, ref&0xf+2
			if from == at {
				return out, true
			}
			for range n {
				c := dict[from]
				dict[at], out = c, append(out, c)
				from, at = (from+1)%4096, (at+1)%4096
			}
		}
	}
	return out, true
}

func isRTF(b []byte) bool { return bytes.HasPrefix(b, []byte(`{\rtf`)) }
