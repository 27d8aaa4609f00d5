package mime

import (
	"bytes"
	"encoding/hex"
	"strconv"
	"strings"
)

// The values of a PDF file (ISO 32000-1, section 7.3): float64, pdfName,
// pdfString, pdfRef, pdfWord, []any and pdfDict; nil for anything else.
type (
	pdfName   string
	pdfString string
	pdfWord   string // an operator, or a keyword such as "obj"
	pdfRef    int    // the number of an object; generations are not told apart
	pdfDict   map[pdfName]any
)

// pdfNesting is how deep arrays and dictionaries may stand inside one another.
const pdfNesting = 30

// A pdfLexer reads values one after the other and never fails: at junk it goes
// on a byte further.
type pdfLexer struct {
	b     []byte
	at    int
	depth int
	steps *int // values read so far of the whole file, long ones counted by their length
}

// stepBytes is for how many bytes a value counts once more: objects of a
// stream may all be the same 32 MB, which are not to be held 50,000 times.
const stepBytes = 64

// spent counts the bytes that were gone through.
func (l *pdfLexer) spent(from int) { *l.steps += (l.at - from) / stepBytes }

func isPDFSpace(c byte) bool {
	return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == 0
}

func isPDFDelimiter(c byte) bool { return bytes.IndexByte([]byte("()<>[]{}/%"), c) >= 0 }

func (l *pdfLexer) skip() {
	for l.at < len(l.b) {
		switch c := l.b[l.at]; {
		case isPDFSpace(c):
			l.at++
		case c == '%':
			for l.at < len(l.b) && l.b[l.at] != '\n' && l.b[l.at] != '\r' {
				l.at++
			}
		default:
			return
		}
	}
}

// value reads the next value; ok is false at the end, and at the end of the
// array or dictionary that is open, which is passed.
func (l *pdfLexer) value() (v any, ok bool) {
	if *l.steps++; *l.steps > maxPDFSteps {
		l.at = len(l.b)
	}
	from := l.at
	l.skip()
	l.spent(from)
	if l.at >= len(l.b) {
		return nil, false
	}
	switch c := l.b[l.at]; {
	case c == '/':
		return l.name(), true
	case c == '(':
		return l.literal(), true
	case c == '<' && l.at+1 < len(l.b) && l.b[l.at+1] == '<':
		l.at += 2
		return l.dict(), true
	case c == '<':
		return l.hexString(), true
	case c == '[':
		l.at++
		return l.list(), true
	case c == '>' && l.at+1 < len(l.b) && l.b[l.at+1] == '>':
		l.at += 2
		return nil, false
	case c == ']':
		l.at++
		return nil, false
	case isPDFDelimiter(c):
		l.at++
		return nil, true
	}
	return l.word(), true
}

// word reads a number, a reference or a keyword.
func (l *pdfLexer) word() any {
	start := l.at
	defer l.spent(start)
	for l.at < len(l.b) && !isPDFSpace(l.b[l.at]) && !isPDFDelimiter(l.b[l.at]) {
		l.at++
	}
	text := string(l.b[start:l.at])
	if strings.Trim(text, "+-.0123456789") != "" {
		return pdfWord(text)
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return pdfWord(text)
	}
	if l.isRef() {
		return pdfRef(int(n))
	}
	return n
}

// isRef says whether "0 R" follows a number, and passes it.
func (l *pdfLexer) isRef() bool {
	rest := l.b[l.at:min(len(l.b), l.at+12)]
	i := 0
	for i < len(rest) && isPDFSpace(rest[i]) {
		i++
	}
	digits := i
	for i < len(rest) && rest[i] >= '0' && rest[i] <= '9' {
		i++
	}
	if i == digits {
		return false
	}
	spaces := i
	for i < len(rest) && isPDFSpace(rest[i]) {
		i++
	}
	if i == spaces || i >= len(rest) || rest[i] != 'R' || i+1 < len(rest) && !isPDFSpace(rest[i+1]) && !isPDFDelimiter(rest[i+1]) {
		return false
	}
	l.at += i + 1
	return true
}

func (l *pdfLexer) name() pdfName {
	defer l.spent(l.at)
	l.at++
	var out []byte
	for l.at < len(l.b) && !isPDFSpace(l.b[l.at]) && !isPDFDelimiter(l.b[l.at]) {
		c := l.b[l.at]
		if c == '#' && l.at+2 < len(l.b) {
			if raw, err := hex.DecodeString(string(l.b[l.at+1 : l.at+3])); err == nil {
				c = raw[0]
				l.at += 2
			}
		}
		out = append(out, c)
		l.at++
	}
	return pdfName(out)
}

// literal reads "(…)" with its escapes (section 7.3.4.2).
func (l *pdfLexer) literal() pdfString {
	defer l.spent(l.at)
	l.at++
	var out []byte
	for open := 1; l.at < len(l.b); l.at++ {
		c := l.b[l.at]
		switch c {
		case '(':
			open++
		case ')':
			if open--; open == 0 {
				l.at++
				return pdfString(out)
			}
		case '\\':
			if c, ok := l.escape(); ok {
				out = append(out, c)
			}
			continue
		}
		out = append(out, c)
	}
	l.at = len(l.b)
	return pdfString(out)
}

func (l *pdfLexer) escape() (byte, bool) {
	if l.at++; l.at >= len(l.b) {
		return 0, false
	}
	c := l.b[l.at]
	switch c {
	case 'n':
		return '\n', true
	case 'r':
		return '\r', true
	case 't':
		return '\t', true
	case 'b', 'f':
		return ' ', true
	case '\n':
		return 0, false
	case '\r':
		if l.at+1 < len(l.b) && l.b[l.at+1] == '\n' {
			l.at++
		}
		return 0, false
	}
	if c < '0' || c > '7' {
		return c, true
	}
	code := 0
	for n := 0; n < 3 && l.at < len(l.b) && l.b[l.at] >= '0' && l.b[l.at] <= '7'; n++ {
		code = code*8 + int(l.b[l.at]-'0')
		l.at++
	}
	l.at--
	return byte(code & 0xff), true
}

func (l *pdfLexer) hexString() pdfString {
	defer l.spent(l.at)
	l.at++
	var digits []byte
	for l.at < len(l.b) && l.b[l.at] != '>' {
		if c := l.b[l.at]; c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' {
			digits = append(digits, c)
		}
		l.at++
	}
	l.at = min(l.at+1, len(l.b))
	if len(digits)%2 == 1 {
		digits = append(digits, '0')
	}
	out := make([]byte, len(digits)/2)
	_, _ = hex.Decode(out, digits) // only digits were kept
	return pdfString(out)
}

func (l *pdfLexer) list() []any {
	var out []any
	if l.depth++; l.depth > pdfNesting {
		l.depth--
		return nil
	}
	for {
		v, ok := l.value()
		if !ok {
			l.depth--
			return out
		}
		out = append(out, v)
	}
}

func (l *pdfLexer) dict() pdfDict {
	out := pdfDict{}
	list := l.list()
	for i := 0; i+1 < len(list); i += 2 {
		if key, ok := list[i].(pdfName); ok {
			out[key] = list[i+1]
		}
	}
	return out
}
