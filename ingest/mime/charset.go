package mime

import (
	"bytes"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/emersion/go-message/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// toUTF8 turns text of a declared charset into UTF-8. Labels lie, so text that
// is UTF-8 beyond chance is taken as that, and what nothing else explains as
// windows-1252. repair says what had to be assumed, empty when nothing.
func toUTF8(b []byte, label string) (text, repair string) {
	if enc := bom(b); enc != nil {
		return decodeWith(enc, b), ""
	}
	label = cleanLabel(label)
	if isUTF7(label) {
		return decodeUTF7(b), ""
	}
	if label == "iso-2022-kr" || label == "csiso2022kr" {
		b, label = unshifted(b), "euc-kr"
	}
	enc := findEncoding(label)
	if enc == unicode.UTF8 || enc == nil {
		return guess(b, label)
	}
	if isWide(enc) {
		return decodeWide(b, enc, label)
	}
	if isASCII(b) && !hasEscapes(b) {
		return string(b), ""
	}
	multi := runsOfUTF8(b)
	if !isMultibyte(enc) && multi > 0 {
		return string(b), "The mail names a wrong way of writing letters (" + label + "); the right one was found (UTF-8)."
	}
	text = decodeWith(enc, b)
	if isMultibyte(enc) && utf8.Valid(b) && strings.ContainsRune(text, utf8.RuneError) {
		return string(b), "The mail names a wrong way of writing letters (" + label + "); the right one was found (UTF-8)."
	}
	return text, ""
}

// unshifted turns the 7 bits of ISO-2022-KR (RFC 1557) into the 8 of EUC-KR:
// between SO and SI the high bit is meant.
func unshifted(b []byte) []byte {
	b = bytes.ReplaceAll(b, []byte("\x1b$)C"), nil)
	out := make([]byte, 0, len(b))
	var high byte
	for _, c := range b {
		switch {
		case c == 0x0E:
			high = 0x80
		case c == 0x0F:
			high = 0
		case c > ' ':
			out = append(out, c|high)
		default:
			out = append(out, c)
		}
	}
	return out
}

// isShiftedJapanese knows ISO-2022-JP by its escape sequences (RFC 1468),
// which mean nothing anywhere else.
func isShiftedJapanese(b []byte) bool {
	return bytes.Contains(b, []byte("\x1b$B")) || bytes.Contains(b, []byte("\x1b$@"))
}

// guess reads text whose charset is UTF-8, missing or unheard of.
func guess(b []byte, label string) (text, repair string) {
	if isShiftedJapanese(b) {
		return decodeWith(japanese.ISO2022JP, b), ""
	}
	if utf8.Valid(b) {
		if label != "" && findEncoding(label) == nil && !isASCII(b) {
			return string(b), "The mail names a way of writing letters that nobody knows; its letters were read in the usual way."
		}
		return string(b), ""
	}
	if label == "" {
		return mixed(b), "The mail does not say how its letters are written; accents and signs such as £ were guessed."
	}
	return mixed(b), "The mail names a wrong way of writing letters (" + label + "); those that did not fit were guessed (windows-1252)."
}

// mixed reads what is valid UTF-8 as that and every other byte as
// windows-1252: one wrong byte must not spoil a whole letter.
func mixed(b []byte) string {
	var out strings.Builder
	out.Grow(len(b) + len(b)/8)
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			r = charmap.Windows1252.DecodeByte(b[0])
		}
		out.WriteRune(r)
		b = b[n:]
	}
	return out.String()
}

// bom knows the byte order marks.
func bom(b []byte) encoding.Encoding {
	switch {
	case bytes.HasPrefix(b, []byte{0xEF, 0xBB, 0xBF}) && utf8.Valid(b):
		return unicode.UTF8BOM
	case bytes.HasPrefix(b, []byte{0xFF, 0xFE, 0, 0}):
		return utf32.UTF32(utf32.LittleEndian, utf32.ExpectBOM)
	case bytes.HasPrefix(b, []byte{0xFF, 0xFE}), bytes.HasPrefix(b, []byte{0xFE, 0xFF}):
		return unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM)
	}
	return nil
}

func cleanLabel(label string) string {
	label, _, _ = strings.Cut(label, "*") // RFC 2231 language
	label, _, _ = strings.Cut(label, ";") // `"utf-8;format=flowed"`
	label = strings.ToLower(strings.Trim(label, " \t\"'<>,=_"))
	return strings.Trim(strings.TrimPrefix(label, "charset="), "\"'")
}

// findEncoding maps a label to a decoder, by the WHATWG's list first because
// its decoders are the supersets that mail really uses; nil when unknown.
func findEncoding(label string) encoding.Encoding {
	switch label {
	case "":
		return nil
	case "utf8", "utf-8", "utf_8", "cp65001", "x-utf_8j", "unicode-1-1-utf-8", "utf8mb4", "us-ascii", "ascii", "ansi_x3.4-1968", "7bit", "8bit":
		return unicode.UTF8 // ASCII is a part of it, and raw bytes are guessed
	case "gb2312", "gb18030", "gbk", "gb_2312-80", "cp936", "x-gbk":
		return simplifiedchinese.GB18030
	case "hz-gb-2312", "hz": // for which WHATWG's list has nothing
		return simplifiedchinese.HZGB2312
	case "iso-2022-jp-ms", "iso-2022-jp-1", "iso-2022-jp-2", "cp50220", "cp50221", "csiso2022jp":
		return japanese.ISO2022JP
	case "cp932", "windows-31j", "ms932", "x-ms-cp932", "shift-jis", "sjis":
		return japanese.ShiftJIS
	case "ks_c_5601-1987", "cp949", "uhc":
		return korean.EUCKR
	case "utf-32", "utf32":
		return utf32.UTF32(utf32.BigEndian, utf32.UseBOM)
	case "utf-32be":
		return utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM)
	case "utf-32le":
		return utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM)
	}
	if enc, err := htmlindex.Get(label); err == nil {
		if enc == encoding.Replacement {
			return nil // it would make one mark of a whole letter
		}
		return enc
	}
	if n, ok := strings.CutPrefix(strings.ReplaceAll(label, "_", "-"), "cp"); ok {
		n = strings.TrimPrefix(n, "-")
		if enc, err := htmlindex.Get("windows-" + n); err == nil {
			return enc
		}
		label = "cp" + n
	}
	return ianaEncoding(label)
}

// ianaEncoding asks go-message for what browsers do not know, such as cp850.
func ianaEncoding(label string) encoding.Encoding {
	if _, err := charset.Reader(label, strings.NewReader("")); err != nil {
		return nil
	}
	return readerEncoding(label)
}

// A readerEncoding is a charset of go-message dressed as an encoding.
type readerEncoding string

func (e readerEncoding) NewDecoder() *encoding.Decoder { return nil }
func (e readerEncoding) NewEncoder() *encoding.Encoder { return nil }

// decodeWith never fails: what cannot be decoded becomes U+FFFD.
func decodeWith(enc encoding.Encoding, b []byte) string {
	if name, ok := enc.(readerEncoding); ok {
		r, err := charset.Reader(string(name), bytes.NewReader(b))
		if err != nil {
			return mixed(b)
		}
		out, _ := io.ReadAll(r)
		return strings.ToValidUTF8(string(out), "\ufffd")
	}
	out, err := enc.NewDecoder().Bytes(b)
	if err != nil && len(out) == 0 {
		return mixed(b)
	}
	return strings.ToValidUTF8(string(out), "\ufffd")
}

// decodeWide reads UTF-16 and UTF-32, unless the bytes are plainly not that.
func decodeWide(b []byte, enc encoding.Encoding, label string) (text, repair string) {
	if bytes.IndexByte(b, 0) < 0 && utf8.Valid(b) {
		return string(b), "The mail names a wrong way of writing letters (" + label + "); the right one was found (UTF-8)."
	}
	return decodeWith(enc, b), ""
}

func isWide(enc encoding.Encoding) bool {
	name, err := htmlindex.Name(enc)
	if err != nil {
		_, byReader := enc.(readerEncoding)
		return !byReader && enc != japanese.ISO2022JP && enc != simplifiedchinese.HZGB2312
	}
	return strings.HasPrefix(name, "utf-16")
}

// isMultibyte says whether chance can make such text valid UTF-8.
func isMultibyte(enc encoding.Encoding) bool {
	switch enc {
	case simplifiedchinese.GB18030, simplifiedchinese.GBK, simplifiedchinese.HZGB2312, japanese.ShiftJIS, japanese.EUCJP,
		japanese.ISO2022JP, korean.EUCKR:
		return true
	}
	name, err := htmlindex.Name(enc)
	return err == nil && name == "big5"
}

// runsOfUTF8 counts the characters beyond ASCII when all of b is valid UTF-8.
func runsOfUTF8(b []byte) int {
	if !utf8.Valid(b) {
		return 0
	}
	return utf8.RuneCount(b) - asciiCount(b)
}

func asciiCount(b []byte) int {
	n := 0
	for _, c := range b {
		if c < utf8.RuneSelf {
			n++
		}
	}
	return n
}

func isASCII(b []byte) bool { return asciiCount(b) == len(b) }

// hasEscapes finds the shifts of ISO-2022 and HZ, which are ASCII themselves.
func hasEscapes(b []byte) bool {
	return bytes.IndexByte(b, 0x1B) >= 0 || bytes.Contains(b, []byte("~{"))
}

// clean makes text fit for one line: valid, no control characters, no marks
// that turn the direction of what follows.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			return ' '
		case r < ' ' || r >= 0x7f && r < 0xa0 || isBidiControl(r) || r == '\ufeff' || r == 0x2028 || r == 0x2029:
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
	return strings.TrimSpace(s)
}

// isBidiControl knows the embeddings, overrides and isolates (Unicode UAX #9);
// the marks LRM and RLM, which only help, are not among them.
func isBidiControl(r rune) bool {
	return r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069
}

// normalise gives text lines that end in \n and takes out what cannot be
// stored or shown.
func normalise(s string) string {
	s = strings.ToValidUTF8(s, "\ufffd")
	if !strings.ContainsFunc(s, isUnwanted) {
		return s
	}
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\r' || r == '\v' || r == '\f' || r == 0x85 || r == 0x2028 || r == 0x2029:
			return '\n'
		case isUnwanted(r):
			return -1
		}
		return r
	}, s)
}

func isUnwanted(r rune) bool {
	return r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 || isBidiControl(r) ||
		r == '\ufeff' || r == 0x2028 || r == 0x2029 || r >= 0xFFF9 && r <= 0xFFFB || r >= 0xE0000 && r <= 0xE0FFF && r != 0xE0020
}
