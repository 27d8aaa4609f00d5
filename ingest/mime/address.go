package mime

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// parseAddresses reads an address list as leniently as it can be: RFC 5322
// with its obsolete forms, and what mail really holds. Entries in which no
// address can be found keep their name and have an empty Address.
func parseAddresses(s string) []Address {
	var list []Address
	for _, entry := range splitAddresses(s) {
		a := parseAddress(entry)
		if n := len(list); n > 0 && list[n-1].Address == "" && a.Address != "" && a.Name != "" && strings.Contains(entry, "<") {
			a.Name = list[n-1].Name + ", " + a.Name // "Bloggs, Jo <jo@…>", not quoted
			list = list[:n-1]
		}
		if a.Address != "" || a.Name != "" {
			list = append(list, a)
		}
	}
	return list
}

// maxAddresses bounds one header; more are not people whom we know.
const maxAddresses = 20_000

// splitAddresses cuts at commas and semicolons outside quotes, angles and
// comments. A group's name and colon are dropped (RFC 5322, section 3.4).
func splitAddresses(s string) []string {
	var out []string
	var at splitState
	start := 0
	for i := 0; i < len(s) && len(out) < maxAddresses; i++ {
		at.sign = at.sign || s[i] == '@'
		switch c := s[i]; {
		case c == '\\' && (at.quoted || at.comment > 0):
			i++
		case at.quoted:
			at.quoted = c != '"'
		case c == '"' && at.comment == 0:
			at.quoted = strings.IndexByte(s[i+1:min(len(s), i+1000)], '"') >= 0
		case c == '(' && strings.IndexByte(s[i:min(len(s), i+1000)], ')') >= 0:
			at.comment++
		case c == ')' && at.comment > 0:
			at.comment--
		case at.comment > 0:
		case c == '<':
			at.angle = strings.IndexByte(s[i:min(len(s), i+1000)], '>') >= 0
		case c == '>':
			at.angle = false
		case at.angle:
		case c == ':' && !at.sign && !isScheme(s[max(start, i-len(" mailto")):i]):
			start = i + 1
		case c == ',' || c == ';':
			out = append(out, s[start:i])
			start, at.sign = i+1, false
		}
	}
	return append(out, s[start:])
}

type splitState struct {
	quoted, angle bool
	sign          bool // the entry shows an "@"
	comment       int
}

// isScheme keeps "mailto:fred@example.com" and "SMTP:…" from being a group.
func isScheme(s string) bool {
	s = strings.ToLower(s[strings.LastIndexAny(s, " \t[<(")+1:])
	return s == "mailto" || s == "smtp"
}

// parseAddress reads one entry.
func parseAddress(entry string) Address {
	entry = strings.TrimSpace(entry)
	if i := strings.LastIndexByte(entry, '<'); i >= 0 {
		inside, _, _ := strings.Cut(entry[i+1:], ">")
		if addr := findAddress(inside); addr != "" {
			return Address{Name: displayName(entry[:i]), Address: addr}
		}
	}
	text := stripComments(entry)
	addr := findAddress(text)
	if addr == "" {
		addr = findAddress(entry)
	}
	name := ""
	if open := strings.IndexByte(entry, '('); open >= 0 && text != entry {
		inside, _, _ := strings.Cut(entry[open+1:], ")")
		if end := strings.LastIndexByte(entry, ')'); strings.Contains(inside, "(") && end > open {
			inside = entry[open+1 : end] // comments nest
		}
		name = displayName(inside) // "fred@example.com (Fred)", the old form
	}
	if rest := displayName(withoutAddress(text)); name == "" && rest != "" {
		name = rest
	}
	return Address{Name: name, Address: addr}
}

// withoutAddress gives the words around the address.
func withoutAddress(s string) string {
	var words []string
	for f := range strings.FieldsSeq(s) {
		if !strings.Contains(f, "@") {
			words = append(words, f)
		}
	}
	return strings.Trim(strings.Join(words, " "), "<>[]")
}

// displayName cleans a name: quotes off, encoded words decoded.
func displayName(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > 1 && s[0] == '"' && s[len(s)-1] == '"' {
		s = s[1 : len(s)-1]
	}
	if strings.Contains(s, `\`) {
		s = strings.NewReplacer(`\"`, `"`, `\\`, `\`, `\(`, "(", `\)`, ")").Replace(s)
	}
	s = clean(decodeWords(s))
	if len(s) > 1 && s[0] == '"' && s[len(s)-1] == '"' {
		s = s[1 : len(s)-1]
	}
	s = strings.Trim(s, " ,;\"<>")
	if len(s) > 1 && s[0] == '\'' && s[len(s)-1] == '\'' {
		s = s[1 : len(s)-1] // 'fred@example.com', as Outlook writes it
	}
	if len(s) > 400 {
		s = strings.ToValidUTF8(s[:400], "")
	}
	if letters([]byte(s)) == 0 && !strings.ContainsFunc(s, unicode.IsDigit) {
		return ""
	}
	return s
}

// findAddress finds the mailbox in a piece of text, empty when there is none
// that mail could go to.
func findAddress(s string) string {
	s = strings.TrimSpace(s)
	if strings.Contains(s, "=?") {
		s = decodeWords(s) // the whole address was encoded, against RFC 2047
	}
	s = strings.ToValidUTF8(s, "\ufffd")
	if at := strings.LastIndexByte(s, ':'); strings.HasPrefix(s, "@") && at > 0 {
		s = s[at+1:] // a source route (RFC 5322, section 4.4)
	}
	if a := mailbox(s); a != "" {
		return a
	}
	if strings.Count(s, "@") == 1 && strings.ContainsAny(s, " \t") {
		if a := mailbox(joinAroundAt(s)); a != "" && !strings.ContainsAny(strings.TrimSpace(s), ",;") {
			return a
		}
	}
	for f := range strings.FieldsFuncSeq(s, func(r rune) bool { return strings.ContainsRune(" \t,;<>()[]\"", r) }) {
		if a := mailbox(f); a != "" {
			return a
		}
	}
	return ""
}

// joinAroundAt takes the spaces at the "@" and the dots out and keeps the
// word that is left (RFC 5322, section 4.4).
func joinAroundAt(s string) string {
	local, domain, _ := strings.Cut(s, "@")
	local, domain = strings.TrimSpace(local), strings.TrimSpace(domain)
	if i := strings.LastIndexAny(local, " \t"); i >= 0 {
		local = local[i+1:]
	}
	if i := strings.IndexAny(domain, " \t"); i >= 0 {
		domain = domain[:i]
	}
	return local + "@" + domain
}

// mailbox gives local@domain cleaned, or empty when it is not one.
func mailbox(s string) string {
	s = strings.Trim(strings.TrimSpace(s), "<>,;'`")
	for _, scheme := range []string{"mailto:", "smtp:", "email:", "e-mail:"} {
		if len(s) > len(scheme) && strings.EqualFold(s[:len(scheme)], scheme) {
			s = s[len(scheme):]
		}
	}
	s, _, _ = strings.Cut(s, "?subject=")
	s = strings.TrimRight(s, ".:!")
	i := strings.LastIndexByte(s, '@')
	if i <= 0 {
		return ""
	}
	local, domain := s[:i], s[i+1:]
	local = unmangle(local)
	if j := strings.LastIndexByte(local, '@'); j > 0 && !strings.HasPrefix(local, `"`) {
		local, domain = local[:j], local[j+1:] // unmangled to an address of its own
	}
	if !goodLocal(local) || !goodDomain(domain) || len(s) > 320 {
		return ""
	}
	return local + "@" + strings.ToLower(domain)
}

// unmangle undoes Outlook's IMCEAMAILTO-fred+40example+2Eorg@….
func unmangle(local string) string {
	for _, prefix := range []string{"IMCEAMAILTO-", "IMCEASMTP-"} {
		if len(local) < len(prefix) || !strings.EqualFold(local[:len(prefix)], prefix) {
			continue
		}
		s := local[len(prefix):]
		var out strings.Builder
		for i := 0; i < len(s); i++ {
			if s[i] == '+' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]) {
				out.WriteByte(unhex(s[i+1])<<4 | unhex(s[i+2]))
				i += 2
				continue
			}
			out.WriteByte(s[i])
		}
		if whole := out.String(); strings.Contains(whole, "@") {
			return whole
		}
	}
	return local
}

// goodLocal follows RFC 5321 and RFC 6531, with the stray dots that old
// Japanese telephones put.
func goodLocal(s string) bool {
	if s == "" || len(s) > 128 || strings.HasPrefix(strings.ToUpper(s), "IMCEAEX-") || strings.Contains(s, "=?") {
		return false // of Exchange's inside, or an encoded word that has no end
	}
	if len(s) > 2 && s[0] == '"' && s[len(s)-1] == '"' {
		return !strings.ContainsAny(s[1:len(s)-1], "\"\r\n\x00")
	}
	for _, r := range s {
		if r <= ' ' || r == 0x7f || r == utf8.RuneError || strings.ContainsRune(`()<>[]:;@\,"`, r) || r > 0x7f && !unicode.IsGraphic(r) {
			return false
		}
	}
	return true
}

// goodDomain wants labels, at least one dot or an address literal. "localhost"
// and other bare names cannot be answered from outside.
func goodDomain(s string) bool {
	if len(s) > 253 || !strings.Contains(s, ".") {
		return false
	}
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		return !strings.ContainsAny(s[1:len(s)-1], "[]<>@ ")
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, r := range label {
			if r < 0x80 && !isLabelChar(r) || r == utf8.RuneError || r >= 0x80 && !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) {
				return false
			}
		}
	}
	return true
}

func isLabelChar(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_'
}

// domainOf gives the part after the "@", in lower case.
func domainOf(address string) string {
	return strings.ToLower(address[strings.LastIndexByte(address, '@')+1:])
}

// localOf gives the part before the "@", in lower case.
func localOf(address string) string {
	i := strings.LastIndexByte(address, '@')
	if i < 0 {
		return ""
	}
	return strings.ToLower(address[:i])
}

// messageIDs finds the msg-ids in a field, without brackets, each once.
// Comments and phrases around them, as old programs write, are left out.
func messageIDs(s string) []string {
	var ids []string
	seen := map[string]bool{}
	add := func(id string) {
		id = clean(strings.Join(strings.Fields(id), ""))
		if id != "" && len(id) <= 998 && !seen[id] && len(ids) < 1000 {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	rest := s
	for {
		_, after, ok := strings.Cut(rest, "<")
		if !ok {
			break
		}
		id, next, closed := strings.Cut(after, ">")
		if !closed {
			id, next = strings.TrimSpace(after), ""
		}
		add(id)
		rest = next
	}
	if len(ids) > 0 {
		return ids
	}
	for f := range strings.FieldsSeq(s) {
		if strings.Contains(f, "@") {
			add(strings.Trim(f, "<>,;\""))
		}
	}
	return ids
}

func firstID(s string) string {
	if ids := messageIDs(s); len(ids) > 0 {
		return ids[0]
	}
	return clean(strings.Trim(strings.TrimSpace(s), "<>"))
}
