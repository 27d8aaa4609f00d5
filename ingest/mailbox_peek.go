package ingest

import (
	"bytes"
	"strings"
	"time"

	"postroom/ingest/mime"
	"postroom/internal/register"
)

// peekLimit is how much of a mail is looked at while it streams by.
const peekLimit = 32 << 10

// A peek keeps the header of the mail that is written to it, for all mails of a
// batch at once: so it keeps little else.
type peek struct {
	buf []byte
	all bool // the header has ended
}

func (p *peek) Write(b []byte) (int, error) {
	start := b[:min(peekLimit-len(p.buf), len(b))]
	if p.all {
		return len(b), nil
	}
	for _, end := range [...]string{"\n\r\n", "\n\n"} {
		if i := bytes.Index(start, []byte(end)); i >= 0 {
			start, p.all = start[:i+len(end)], true
		}
	}
	p.buf = append(p.buf, start...)
	return len(b), nil
}

// topmostReceived is the time in the first Received header: the one that the
// last server on the way, our own, put on top (RFC 5321, section 4.4). The zero
// time when there is none to be read.
func topmostReceived(start []byte) time.Time {
	return mime.ReceivedAt(headerValue(start, "Received"))
}

// headerValue is the unfolded value of the first field of that name in what
// may be a mail's header.
func headerValue(start []byte, name string) string {
	for len(start) > 0 {
		line, rest := cutLine(start)
		if len(line) == 0 {
			return ""
		}
		field, value, ok := bytes.Cut(line, []byte(":"))
		if !ok || !strings.EqualFold(string(bytes.TrimSpace(field)), name) {
			start = rest
			continue
		}
		for len(rest) > 0 && (rest[0] == ' ' || rest[0] == '\t') {
			line, rest = cutLine(rest)
			value = append(append(append([]byte{}, value...), ' '), bytes.TrimSpace(line)...)
		}
		return strings.TrimSpace(string(value))
	}
	return ""
}

// cutLine cuts at the first line end, of either kind.
func cutLine(b []byte) (line, rest []byte) {
	line, rest, _ = bytes.Cut(b, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r")), rest
}

// arrivedAt is the landlord's moment of arrival: the earlier of the mailbox's
// own date and our server's Received header, and never later than now. Without
// either it is now.
func arrivedAt(internal, header, now time.Time) (time.Time, register.Basis) {
	at, basis := now, register.FileTime
	if believable(internal) {
		at, basis = internal, register.InternalDate
	}
	if believable(header) && header.Before(at) {
		at, basis = header, register.ReceivedHeader
	}
	if at.After(now) {
		at = now
	}
	return at.UTC().Truncate(time.Microsecond), basis
}

// believable reports whether a date can be one of a mail that is here. A machine
// whose clock has lost its battery begins in 1970, 1980 or 2000: believed, such
// mail would be from before the mailbox's start, or decades late.
func believable(t time.Time) bool { return t.Year() > 2000 }

// isStub reports whether a server sent a text of its own in a mail's place, as
// Exchange does with mails that it cannot convert. It would look like a mail.
func isStub(start []byte) bool {
	subject := strings.ToLower(headerValue(start, "Subject"))
	return strings.HasPrefix(subject, "retrieval using the imap4 protocol failed for the following message") ||
		strings.HasPrefix(subject, "retrieval using the pop3 protocol failed for the following message")
}
