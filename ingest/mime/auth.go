package mime

import (
	"strings"
)

// authenticate says whether our own mail server vouches for From: DMARC passed
// and the domain that passed is From's (RFC 7489, section 3.1; RFC 8601).
// Results under any other name may have been written by the sender.
func authenticate(h header, from Address, o Options) (bool, string) {
	if o.AuthservID == "" && !o.Microsoft365 {
		return false, "No mail server is configured whose word on senders counts."
	}
	results := h.all("Authentication-Results")
	if len(results) == 0 {
		return false, "Our mail server put no Authentication-Results on the mail."
	}
	own, found := ownResult(results, o)
	if !found {
		return false, "The Authentication-Results are not from our mail server."
	}
	if why := doubtfulFrom(h, from); why != "" {
		return false, why
	}
	return judgeDMARC(own, domainOf(from.Address))
}

// doubtfulFrom finds From lines of which DMARC may have checked another
// address than the one that we read (RFC 7489, section 6.6.1).
func doubtfulFrom(h header, from Address) string {
	lines := h.all("From")
	if len(lines) != 1 || from.Address == "" {
		return "The mail has no From line, or several, so that it is not certain who was checked."
	}
	list := parseAddresses(lines[0])
	if len(list) != 1 || list[0].Address != from.Address {
		return "The From line names several addresses, or is not well formed, so that it is not certain who was checked."
	}
	if !strings.EqualFold(lastAddress(lines[0]), from.Address) {
		return "The From line can be read in two ways, so that it is not certain who was checked."
	}
	return ""
}

// lastAddress reads a From line as a simple program would.
func lastAddress(line string) string {
	line = stripQuoted(stripComments(line))
	if _, after, ok := strings.Cut(line, "<"); ok {
		inside, rest, _ := strings.Cut(after, ">")
		if strings.Contains(rest, "<") {
			return ""
		}
		return findAddress(inside)
	}
	if strings.Count(line, "@") != 1 {
		return ""
	}
	return findAddress(line)
}

// stripQuoted takes quoted strings out.
func stripQuoted(s string) string {
	var out strings.Builder
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quoted:
			i++
		case s[i] == '"':
			quoted = !quoted
		case !quoted:
			out.WriteByte(s[i])
		}
	}
	return out.String()
}

// ownResult takes the topmost header and no other. Our own server puts its
// header on top (RFC 8601, section 4); one below it that bears the same name
// came with the mail, or could have. What it says counts only under our
// server's name, or, for Microsoft 365, under none.
func ownResult(results []string, o Options) (string, bool) {
	id, rest := authservID(results[0])
	if o.AuthservID != "" {
		return rest, strings.EqualFold(id, o.AuthservID)
	}
	return rest, id == "" || strings.HasSuffix(id, ".protection.outlook.com")
}

// authservID cuts the server's name off. Microsoft's form has none: the first
// word is a result already.
func authservID(result string) (id, rest string) {
	result = strings.TrimSpace(stripComments(result))
	first, after, _ := strings.Cut(result, ";")
	if strings.Contains(first, "=") {
		return "", result
	}
	fields := strings.Fields(first) // the id and perhaps a version
	if len(fields) == 0 {
		return "", after
	}
	return strings.ToLower(strings.Trim(fields[0], `"`)), after
}

// methods reads "dmarc=pass action=none header.from=example.org; …".
func methods(results string) []map[string]string {
	var all []map[string]string
	for part := range strings.SplitSeq(stripQuotedSpace(results), ";") {
		m := map[string]string{}
		for i, f := range strings.Fields(part) {
			name, value, ok := strings.Cut(strings.ToLower(f), "=")
			if !ok {
				continue
			}
			if i == 0 {
				name, _, _ = strings.Cut(name, "/") // a version may follow
				m["method"], m["result"] = name, value
			} else if _, twice := m[name]; !twice {
				m[name] = strings.Trim(value, `"`)
			}
		}
		if len(m) > 0 {
			all = append(all, m)
		}
	}
	return all
}

// stripQuotedSpace keeps the quoted words of a reason from being read as
// results: what is quoted and holds more than one word is left out.
func stripQuotedSpace(s string) string {
	s = strings.NewReplacer(" =", "=", "= ", "=").Replace(s)
	var out strings.Builder
	for {
		before, after, ok := strings.Cut(s, `"`)
		out.WriteString(before)
		if !ok {
			return out.String()
		}
		inside, rest, closed := strings.Cut(after, `"`)
		if closed && !strings.ContainsAny(inside, " ;=") {
			out.WriteString(inside)
		}
		s = rest
	}
}

// judgeDMARC wants one verdict on DMARC, a pass, for From's own domain.
func judgeDMARC(results, domain string) (bool, string) {
	passed := false
	for _, r := range methods(results) {
		if r["method"] != "dmarc" {
			continue
		}
		if r["result"] != "pass" {
			return false, "Our mail server says that DMARC did not pass for the sender's address."
		}
		checked := domainOf(strings.TrimSuffix(r["header.from"], "."))
		if checked == "" {
			return false, "Our mail server says that DMARC passed, but not for which address."
		}
		if checked != domain {
			return false, "Our mail server checked another domain than that of the From line."
		}
		passed = true
	}
	if !passed {
		return false, "Our mail server did not check DMARC for this mail."
	}
	return true, "Our mail server says that DMARC passed for " + domain + ", the domain of the From line."
}
