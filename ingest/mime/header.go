package mime

import (
	"bufio"
	"bytes"
	"strings"

	"github.com/emersion/go-message"
	"github.com/emersion/go-message/textproto"
)

// A header is a block of fields as go-message reads it, after our repair.
type header struct {
	message.Header
}

// raw gives a field's value unfolded, empty when it is missing. Of several
// the topmost counts.
func (h *header) raw(name string) string { return strings.TrimSpace(h.Get(name)) }

// all gives the values of a repeated field from the top down.
func (h *header) all(name string) []string { return h.Values(name) }

// text gives a field's value decoded, on one line, safe to show.
func (h *header) text(name string) string { return clean(decodeWords(h.raw(name))) }

// readHeader reads a header block and leaves the source at the body. It mends
// what go-message refuses (RFC 5322, section 2.2, is what it wants) and says
// what it mended. top is true for the whole mail's header.
func (w *walk) readHeader(s *source, top bool) header {
	b := headerBlock{w: w, s: s, top: top}
	b.read()
	h, err := textproto.ReadHeader(bufio.NewReaderSize(bytes.NewReader(b.out), min(len(b.out), 4096)))
	if err != nil && len(b.out) > 0 {
		w.repair("A header line could not be read; what came after it was kept as well as possible.")
	}
	return header{message.Header{Header: h}}
}

// A headerBlock is a header while it is mended.
type headerBlock struct {
	w     *walk
	s     *source
	top   bool
	out   []byte
	lines int
	aside bool // the current field is set aside, its folded lines too
	last  string
	over  bool // the size limit was met: the rest of the block is skipped
	body  bool // the body has begun
}

func (b *headerBlock) read() {
	if b.s.delim == '\r' {
		b.w.repair("The mail's line ends are of an old kind (bare carriage returns); they were read as such.")
	}
	if b.top && !b.skipStart() {
		return
	}
	for !b.body {
		line, starts, ok := b.s.line()
		if !ok {
			return
		}
		if starts && b.s.boundary(line) {
			return
		}
		b.line(line, starts)
	}
}

// skipStart drops what may stand before the first header line and says
// whether there is a header at all.
func (b *headerBlock) skipStart() bool {
	blank := false
	for {
		line, _, ok := b.s.line()
		if !ok {
			return false
		}
		if len(bytes.TrimSpace(line)) > 0 {
			break
		}
		blank = true
	}
	b.s.unread()
	after := b.s.peek()
	if !looksLikeHeader(b.s.held, after) {
		b.w.repair("The mail has no header lines (sender, date, subject); all of it was read as text.")
		return false
	}
	if blank {
		b.w.repair("Blank lines before the first header line were dropped.")
	}
	return true
}

// looksLikeHeader says whether a block starts here that has at least one
// field which text does not have by chance.
func looksLikeHeader(first, after []byte) bool {
	if name, ok := fieldName(bytes.TrimLeft(first, " \t\ufeff")); ok && isKnownField(name) {
		return true
	}
	for range 200 {
		i := bytes.IndexAny(after, "\r\n")
		if i < 0 {
			i = len(after)
		}
		line := after[:i]
		if name, ok := fieldName(line); ok && isKnownField(name) {
			return true
		}
		after = bytes.TrimPrefix(bytes.TrimPrefix(after[i:], []byte("\r")), []byte("\n"))
		if len(bytes.TrimSpace(line)) == 0 || len(after) == 0 {
			return false
		}
	}
	return false
}

// line takes one physical line, or a piece of a long one.
func (b *headerBlock) line(line []byte, starts bool) {
	text := bytes.TrimRight(line, "\r\n")
	switch {
	case !starts:
		if !b.aside {
			b.add(line)
		}
	case len(text) == 0:
		b.body = true
	case len(bytes.TrimSpace(text)) == 0:
		b.blank()
	case text[0] == ' ' || text[0] == '\t':
		b.folded(line, text)
	default:
		b.field(line, text)
	}
}

// blank meets a line of spaces: a folded line in some mail, the end of the
// header in other.
func (b *headerBlock) blank() {
	if looksLikeHeader(nil, b.s.peek()) {
		return
	}
	b.body = true
}

// folded meets a continuation line (RFC 5322, section 2.2.3).
func (b *headerBlock) folded(line, text []byte) {
	if b.lines == 0 {
		b.w.repair("A space before the first header line was dropped.")
		text = bytes.TrimLeft(text, " \t")
		b.field(append(append([]byte(nil), text...), '\n'), text)
		return
	}
	if !b.aside {
		b.add(line)
	}
}

// field meets a line that should be "Name: value".
func (b *headerBlock) field(line, text []byte) {
	if b.lines == 0 {
		line, text = bytes.TrimPrefix(line, []byte("\ufeff")), bytes.TrimPrefix(text, []byte("\ufeff"))
	}
	name, ok := fieldName(text)
	if ok && b.splits(text) {
		return
	}
	b.lines++
	if ok {
		b.aside, b.last = false, strings.ToLower(name)
		b.add(line)
		return
	}
	b.strange(text)
}

// splits takes a line with bare CR inside apart; in a header a bare CR can
// only have been meant as a line end.
func (b *headerBlock) splits(text []byte) bool {
	if bytes.IndexByte(text, '\r') < 0 {
		return false
	}
	b.w.repair("Some header lines end in an old way (bare carriage returns); they were read as lines.")
	for piece := range bytes.SplitSeq(bytes.Clone(text), []byte("\r")) {
		if !b.body && len(bytes.TrimSpace(piece)) > 0 {
			b.line(append(bytes.Clone(piece), '\n'), true)
		}
	}
	return true
}

// strange meets a line that is no field: an mbox line, junk, or the body
// because the blank line is missing.
func (b *headerBlock) strange(text []byte) {
	if bytes.HasPrefix(text, []byte("From ")) || bytes.HasPrefix(text, []byte(">From ")) {
		b.aside = true
		b.w.repair("A separator line (\"From …\"), which mailbox files have between mails, was dropped.")
		return
	}
	folded := append(append([]byte(" "), text...), '\n') // before peek moves the bytes
	if looksLikeHeader(nil, b.s.peek()) && b.last == "subject" && !b.aside {
		b.add(folded)
		b.w.repair("A line among the header lines was read as part of the subject above it.")
		return
	}
	if looksLikeHeader(nil, b.s.peek()) {
		b.aside = true
		b.w.repair("A header line without a colon was set aside.")
		return
	}
	b.body = true
	b.s.unread()
	b.w.repair("The blank line between header and text was missing.")
}

// add keeps a line within the size limit. NUL is dropped: no field may hold it.
func (b *headerBlock) add(line []byte) {
	if b.over {
		return
	}
	if int64(len(b.out)+len(line)) > b.w.limits.HeaderBytes {
		b.over = true
		b.out = append(b.out, '\n')
		b.w.fail("The header lines (sender, subject and so on) are longer than the limit; the rest of them was not read.")
		return
	}
	start := len(b.out)
	b.out = append(b.out, line...)
	if bytes.IndexByte(line, 0) >= 0 {
		b.out = append(b.out[:start], bytes.ReplaceAll(b.out[start:], []byte{0}, nil)...)
	}
}

// fieldName gives the name of the field that a line holds (RFC 5322, section
// 3.6.8: printable ASCII but the colon; spaces before the colon are obsolete
// syntax).
func fieldName(line []byte) (string, bool) {
	i := bytes.IndexByte(line, ':')
	if i <= 0 || i > 76 {
		return "", false
	}
	name := bytes.TrimRight(line[:i], " \t")
	for _, c := range name {
		if c < 33 || c > 126 {
			return "", false
		}
	}
	return string(name), len(name) > 0
}

// isKnownField says whether a name belongs to a mail header and is not a word
// that a letter may have before a colon.
func isKnownField(name string) bool {
	switch strings.ToLower(name) {
	case "from", "to", "cc", "bcc", "subject", "date", "sender", "reply-to", "message-id", "in-reply-to", "references",
		"mime-version", "received", "return-path", "delivered-to", "authentication-results", "dkim-signature",
		"envelope-to", "precedence", "importance", "thread-topic", "thread-index", "user-agent", "auto-submitted",
		"errors-to", "status", "lines", "newsgroups", "organization", "mailer", "apparently-to":
		return true
	}
	lower := strings.ToLower(name)
	return strings.HasPrefix(lower, "x-") || strings.HasPrefix(lower, "content-") || strings.HasPrefix(lower, "resent-") ||
		strings.HasPrefix(lower, "list-") || strings.HasPrefix(lower, "arc-")
}
