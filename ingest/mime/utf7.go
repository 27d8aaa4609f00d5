package mime

import (
	"encoding/base64"
	"strings"
	"unicode/utf16"
)

func isUTF7(label string) bool {
	switch label {
	case "utf-7", "utf7", "unicode-1-1-utf-7", "x-unicode-2-0-utf-7", "cp65000", "unicode-2-0-utf-7":
		return true
	}
	return false
}

// decodeUTF7 reads RFC 2152. What breaks its rules is kept as it stands.
func decodeUTF7(b []byte) string {
	var out strings.Builder
	s := string(b)
	for {
		i := strings.IndexByte(s, '+')
		if i < 0 {
			out.WriteString(mixed([]byte(s)))
			return out.String()
		}
		out.WriteString(mixed([]byte(s[:i])))
		s = s[i+1:]
		n := 0
		for n < len(s) && isBase64(s[n]) {
			n++
		}
		out.WriteString(utf7Run(s[:n], n < len(s) && s[n] == '-'))
		s = s[n:]
		s = strings.TrimPrefix(s, "-")
	}
}

// utf7Run decodes one shifted run; "+-" is a plus sign.
func utf7Run(run string, dashed bool) string {
	if run == "" {
		return "+"
	}
	raw, err := base64.RawStdEncoding.DecodeString(run[:len(run)-len(run)%4])
	tail, tailErr := base64.RawStdEncoding.DecodeString(run[len(run)-len(run)%4:])
	if raw = append(raw, tail...); err != nil || len(raw) < 2 {
		if dashed {
			run += "-"
		}
		return "+" + run
	}
	_ = tailErr // a broken tail costs at most its own character
	units := make([]uint16, 0, len(raw)/2)
	for i := 0; i+1 < len(raw); i += 2 {
		units = append(units, uint16(raw[i])<<8|uint16(raw[i+1]))
	}
	return string(utf16.Decode(units))
}

func isBase64(c byte) bool {
	return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '+' || c == '/'
}
