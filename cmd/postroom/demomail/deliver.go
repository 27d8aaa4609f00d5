package demomail

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"mime"
	"net/mail"
	"strings"
	"time"
)

// A trace is what a mail server knows of how a mail came.
type trace struct {
	from  string // envelope sender; empty when null
	helo  string
	peer  string
	dmarc string // what we say of it: "pass" or "fail"
}

// Deliver brings a mail as the SMTP server does: to the complaints mailbox, or
// to the address's own, which is made when it is not there. from is the
// envelope sender, empty for a null one. The body is kept byte by byte; in the
// header lines end in CRLF, and what is no field becomes one, because the
// memory server would show such a mail as empty.
func (s *Servers) Deliver(from, to string, raw []byte) error {
	return s.deliver(trace{from: from, helo: "localhost", peer: "127.0.0.1", dmarc: "pass"}, to, raw)
}

func (s *Servers) deliver(t trace, to string, raw []byte) error {
	fields, body := splitHeader(raw)
	head := s.traceFields(t, to, fields)
	for _, field := range fields {
		if s.replaced(field) {
			continue
		}
		if !isField(field) {
			head = append(head, "X-Mended-Line: "...)
		}
		head = append(head, field...)
	}
	return s.put(to, append(append(head, "\r\n"...), body...), describe(t, fields))
}

// traceFields are the lines that a server adds at final delivery: Return-Path
// (RFC 5321, section 4.4), its word on the sender (RFC 8601), and Received.
// Nothing is checked: on loopback everybody is who they say they are.
func (s *Servers) traceFields(t trace, to string, fields [][]byte) []byte {
	id, by := s.config.AuthservID, s.config.Now().Format(time.RFC1123Z)
	var b bytes.Buffer
	fmt.Fprintf(&b, "Return-Path: <%s>\r\n", plain(t.from))
	if domain := fromDomain(fields); domain == "" {
		fmt.Fprintf(&b, "Authentication-Results: %s; dmarc=none\r\n", id)
	} else {
		fmt.Fprintf(&b, "Authentication-Results: %s; dmarc=%s header.from=%s\r\n", id, t.dmarc, domain)
	}
	fmt.Fprintf(&b, "Received: from %s ([%s])\r\n\tby %s with ESMTP id %s\r\n\tfor <%s>; %s\r\n",
		hostname(t.helo), plain(t.peer), id, rand.Text()[:12], plain(to), by)
	return b.Bytes()
}

// replaced reports whether a line must not come in from outside: a Return-Path,
// or results under our own name (RFC 8601, section 5).
func (s *Servers) replaced(field []byte) bool {
	switch name, value := cutField(field); name {
	case "return-path":
		return true
	case "authentication-results":
		id, _, _ := strings.Cut(value, ";")
		return strings.Contains(strings.ToLower(id), strings.ToLower(s.config.AuthservID))
	}
	return false
}

// splitHeader cuts a mail into its header's fields, each with its folded lines
// and CRLF line ends, and the body.
func splitHeader(raw []byte) (fields [][]byte, body []byte) {
	for len(raw) > 0 {
		row, rest, _ := bytes.Cut(raw, []byte("\n"))
		row, raw = bytes.TrimRight(row, "\r"), rest
		if len(row) == 0 {
			return fields, raw
		}
		row = append(bytes.Clone(row), "\r\n"...)
		if last := len(fields) - 1; last >= 0 && (row[0] == ' ' || row[0] == '\t') {
			fields[last] = append(fields[last], row...)
			continue
		}
		fields = append(fields, row)
	}
	return fields, nil
}

// isField reports whether a line begins with a field name (RFC 5322, section
// 2.2).
func isField(field []byte) bool {
	name, _, found := bytes.Cut(field, []byte(":"))
	name = bytes.TrimRight(name, " \t")
	return found && len(name) > 0 && !bytes.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' })
}

// cutField gives a field's name, in small letters, and its value on one line.
func cutField(field []byte) (name, value string) {
	n, v, _ := bytes.Cut(field, []byte(":"))
	unfolded := strings.Join(strings.FieldsFunc(string(v), func(r rune) bool { return r == '\r' || r == '\n' }), "")
	return strings.ToLower(strings.TrimSpace(string(n))), strings.TrimSpace(unfolded)
}

func find(fields [][]byte, want string) string {
	for _, field := range fields {
		if name, value := cutField(field); name == want {
			return value
		}
	}
	return ""
}

// fromDomain is the domain of the one address in From; empty when there is not
// exactly one, or it could not stand in our own line.
func fromDomain(fields [][]byte) string {
	parser := mail.AddressParser{WordDecoder: &mime.WordDecoder{}}
	list, err := parser.ParseList(find(fields, "from"))
	if err != nil || len(list) != 1 {
		return ""
	}
	domain := list[0].Address[strings.LastIndexByte(list[0].Address, '@')+1:]
	if hostname(domain) != domain {
		return ""
	}
	return domain
}

// describe notes what an answer to this mail would need.
func describe(t trace, fields [][]byte) newest {
	return newest{
		id:         strings.Trim(find(fields, "message-id"), "<> \t"),
		subject:    find(fields, "subject"),
		returnPath: plain(t.from),
	}
}

// plain takes out what could end an address or a line.
func plain(address string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || strings.ContainsRune("<>()[];,\\\" ", r) {
			return -1
		}
		return r
	}, address)
}

// hostname is name when it looks like one, else "unknown".
func hostname(name string) string {
	odd := func(r rune) bool {
		return r != '.' && r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}
	if name == "" || len(name) > 255 || strings.ContainsFunc(name, odd) {
		return "unknown"
	}
	return name
}
