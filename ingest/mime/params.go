package mime

import (
	"slices"
	"strconv"
	"strings"
)

// A mediaType is a Content-Type or Content-Disposition with its parameters,
// read so that one broken parameter does not spoil the others.
type mediaType struct {
	value  string // lower case, such as "text/plain" or "attachment"
	params map[string]string
}

// parseMediaType reads RFC 2045 and RFC 2231 parameters leniently. Of a
// parameter given twice the first counts.
func parseMediaType(s string) mediaType {
	value, rest, _ := strings.Cut(stripComments(s), ";")
	m := mediaType{value: strings.ToLower(strings.TrimSpace(value)), params: map[string]string{}}
	if i := strings.IndexAny(m.value, " \t\""); i > 0 {
		// "text/plain charset=utf-8": the semicolon is missing.
		rest = m.value[i:] + ";" + rest
		m.value = m.value[:i]
	}
	var extended []extendedParam
	for strings.TrimSpace(rest) != "" {
		var name, v string
		name, v, rest = cutParam(rest)
		if name == "" {
			continue
		}
		if strings.Contains(name, "*") {
			extended = append(extended, extendedParam{name, v})
		} else if _, twice := m.params[name]; !twice {
			m.params[name] = decodeWords(v)
		}
	}
	m.extend(extended)
	return m
}

// cutParam takes one "name=value" off the front.
func cutParam(s string) (name, value, rest string) {
	s = strings.TrimLeft(s, " \t;,")
	i := strings.IndexAny(s, "=;")
	if i < 0 {
		return "", "", ""
	}
	if s[i] == ';' {
		return "", "", s[i+1:]
	}
	name = strings.ToLower(strings.TrimSpace(s[:i]))
	s = strings.TrimLeft(s[i+1:], " \t")
	if strings.HasPrefix(s, `"`) {
		value, rest = cutQuoted(s[1:])
		return name, value, rest
	}
	value, rest = cutBare(s)
	return name, value, rest
}

// cutQuoted reads to the closing quote. Where it is missing the value ends at
// the next thing that looks like a parameter.
func cutQuoted(s string) (value, rest string) {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'):
			i++
			out.WriteByte(s[i])
		case s[i] == '"':
			return out.String(), s[i+1:]
		default:
			out.WriteByte(s[i])
		}
	}
	value, rest, _ = strings.Cut(s, ";")
	return strings.TrimSpace(value), rest
}

// cutBare reads an unquoted value, which in the wild may hold spaces.
func cutBare(s string) (value, rest string) {
	value, rest, _ = strings.Cut(s, ";")
	value = strings.TrimSpace(value)
	if i := strings.LastIndexByte(value, '='); i > 0 && !strings.Contains(value, "=?") {
		// `a b="c"`: a semicolon is missing between two parameters.
		if j := strings.LastIndexAny(value[:i], " \t"); j > 0 {
			return strings.TrimSpace(value[:j]), value[j:] + ";" + rest
		}
	}
	return value, rest
}

// An extendedParam is one piece of an RFC 2231 parameter, such as
// "filename*1*".
type extendedParam struct{ name, value string }

// extend joins RFC 2231 pieces in the order of their numbers. They outrank a
// plain parameter of the same name, which is there for old programs.
func (m *mediaType) extend(pieces []extendedParam) {
	byName := map[string][]extendedParam{}
	for _, p := range pieces {
		base, _, _ := strings.Cut(p.name, "*")
		byName[base] = append(byName[base], p)
	}
	for base, list := range byName {
		slices.SortStableFunc(list, func(a, b extendedParam) int { return a.number() - b.number() })
		if v := joinExtended(list); v != "" {
			m.params[base] = v
		}
	}
}

func (p extendedParam) number() int {
	digits := strings.Trim(p.name[strings.IndexByte(p.name, '*'):], "*")
	n, err := strconv.Atoi(digits)
	if err != nil {
		return 0
	}
	return min(n, 1<<20)
}

// joinExtended decodes charset'language'percent-encoded text.
func joinExtended(list []extendedParam) string {
	var raw []byte
	charset := ""
	for i, p := range list {
		v := p.value
		if strings.HasSuffix(p.name, "*") {
			if parts := strings.SplitN(v, "'", 3); i == 0 && len(parts) == 3 {
				charset, v = parts[0], parts[2]
			}
			v = unpercent(v)
		}
		raw = append(raw, v...)
	}
	if charset == "" {
		return decodeWords(string(raw))
	}
	text, _ := toUTF8(raw, charset)
	return text
}

func unpercent(s string) string {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]) {
			out = append(out, unhex(s[i+1])<<4|unhex(s[i+2]))
			i += 2
			continue
		}
		out = append(out, s[i])
	}
	return string(out)
}

// stripComments takes RFC 822 comments out, but not from inside quotes. An
// unclosed parenthesis is no comment.
func stripComments(s string) string {
	if !strings.Contains(s, "(") {
		return s
	}
	var out strings.Builder
	quoted, depth := false, 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\\' && i+1 < len(s):
			if depth == 0 {
				out.WriteString(s[i : i+2])
			}
			i++
			continue
		case c == '"' && depth == 0:
			quoted = !quoted
		case c == '(' && !quoted:
			if depth == 0 && !strings.Contains(s[i:], ")") {
				out.WriteString(s[i:])
				return out.String()
			}
			depth++
		case c == ')' && depth > 0:
			depth--
			continue
		}
		if depth == 0 {
			out.WriteByte(c)
		}
	}
	return out.String()
}
