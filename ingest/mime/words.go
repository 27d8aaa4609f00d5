package mime

import (
	"encoding/base64"
	"strings"
)

// decodeWords decodes the encoded words of RFC 2047 in a header value, also
// where they stand against its rules: glued together, inside quotes, with raw
// spaces, broken in the middle of a character. Raw bytes are read as UTF-8 or
// windows-1252.
func decodeWords(s string) string {
	if !strings.Contains(s, "=?") {
		return mixedIfNeeded(s)
	}
	var out strings.Builder
	var run wordRun
	for s != "" {
		i := strings.Index(s, "=?")
		if i < 0 {
			break
		}
		w, n := cutWord(s[i:])
		if n == 0 {
			run.flush(&out)
			out.WriteString(mixedIfNeeded(s[:i+2]))
			s = s[i+2:]
			continue
		}
		// White space between two encoded words is not shown (RFC 2047, section 6.2).
		if gap := s[:i]; !run.open || strings.TrimSpace(gap) != "" {
			run.flush(&out)
			out.WriteString(mixedIfNeeded(gap))
		}
		run.add(w, &out)
		s = s[i+n:]
	}
	run.flush(&out)
	out.WriteString(mixedIfNeeded(s))
	return out.String()
}

// A word is an encoded word with its bytes decoded.
type word struct {
	charset string
	bytes   []byte
}

// A wordRun gathers neighbouring words of one charset, because senders break
// characters over two words.
type wordRun struct {
	word
	open bool
}

func (r *wordRun) add(w word, out *strings.Builder) {
	if r.open && !strings.EqualFold(r.charset, w.charset) {
		r.flush(out)
	}
	r.open, r.charset = true, w.charset
	r.bytes = append(r.bytes, w.bytes...)
}

func (r *wordRun) flush(out *strings.Builder) {
	if r.open {
		text, _ := toUTF8(r.bytes, r.charset)
		out.WriteString(text)
	}
	*r = wordRun{}
}

// maxWord is how far the end of an encoded word is looked for; RFC 2047 allows
// 75 characters, programs write some thousand.
const maxWord = 8 << 10

// cutWord reads the encoded word at the start of s and gives its length, zero
// when there is none.
func cutWord(s string) (word, int) {
	charset, rest, ok := strings.Cut(s[2:], "?")
	if !ok || len(charset) == 0 || len(charset) > 60 || strings.ContainsAny(charset, " \t=") || len(rest) < 2 || rest[1] != '?' {
		return word{}, 0
	}
	kind, text := rest[0]|0x20, rest[2:min(len(rest), 2+maxWord)]
	end := wordEnd(text, kind)
	if end < 0 {
		return word{}, 0
	}
	n := min(2+len(charset)+1+2+end+2, len(s))
	switch kind {
	case 'q':
		return word{charset, decodeQ(text[:end])}, n
	case 'b':
		return word{charset, decodeB(text[:end])}, n
	}
	return word{}, 0
}

// wordEnd finds the "?=" that ends a word. A word cut off by the end of the
// header still counts when it is all of what is left.
func wordEnd(text string, kind byte) int {
	end := strings.Index(text, "?=")
	if kind == 'q' {
		// "?=" may be the sender's unescaped question mark before "=3F".
		for end >= 0 && end+4 <= len(text) && isHex(text[end+2]) && isHex(text[end+3]) {
			next := strings.Index(text[end+2:], "?=")
			if next < 0 || strings.Contains(text[end+2:end+2+next], "=?") {
				break
			}
			end += 2 + next
		}
	}
	if end < 0 && !strings.ContainsAny(text, " \t?") && len(text) > 0 {
		return len(text)
	}
	return end
}

func decodeQ(s string) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '_':
			out = append(out, ' ')
		case s[i] == '=' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			out = append(out, unhex(s[i+1])<<4|unhex(s[i+2]))
			i += 2
		default:
			out = append(out, s[i])
		}
	}
	return out
}

// decodeB decodes what base64 there is and drops the rest.
func decodeB(s string) []byte {
	var out []byte
	for piece := range strings.SplitSeq(s, "=") {
		kept := strings.Map(func(r rune) rune {
			if r >= 0 && r < 0x80 && isBase64(byte(r)) {
				return r
			}
			return -1
		}, piece)
		if len(kept)%4 == 1 {
			kept = kept[:len(kept)-1]
		}
		raw, _ := base64.RawStdEncoding.DecodeString(kept)
		out = append(out, raw...)
	}
	return out
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'F' || c >= 'a' && c <= 'f'
}

func unhex(c byte) byte {
	switch {
	case c >= 'a':
		return c - 'a' + 10
	case c >= 'A':
		return c - 'A' + 10
	}
	return c - '0'
}

// mixedIfNeeded reads raw bytes in a header.
func mixedIfNeeded(s string) string {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return mixed([]byte(s))
		}
	}
	return s
}
