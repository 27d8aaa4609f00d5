package mime

import (
	"bytes"
	"io"
	"strings"
)

// inner reads a mail inside the mail: listed as an attachment, and read.
func (w *walk) inner(s *source, h header, mt mediaType) []piece {
	if mt.value == "message/partial" { // RFC 2046, section 5.2.2
		w.note("This is one piece of a larger mail; a person has to look for the others.")
	}
	body := s.body()
	defer func() { _, _ = io.Copy(io.Discard, body) }()
	r := io.Reader(body)
	if enc := cleanEncoding(h.raw("Content-Transfer-Encoding")); isEncoded(enc) {
		r = transferReader(enc, body, w.repair)
	}
	return w.innerFrom(w.decoded(r), partName(parseMediaType(h.raw("Content-Disposition")), mt))
}

// innerFrom reads a mail from its own bytes.
func (w *walk) innerFrom(r io.Reader, name string) []piece {
	a := w.begin(name, false)
	tee := io.TeeReader(r, a)
	p, subject := w.innerMail(newSource(tee, w.budget, w.limits.Bytes))
	_, _ = io.Copy(io.Discard, tee)
	if a.name() == "" && subject != "" {
		w.m.Attachments[a.index].Filename = safeName(shorten(subject) + ".eml")
	}
	a.finish("message/rfc822")
	return []piece{p}
}

// innerMail reads header and parts. In a report it is the mail that the
// report is about, else one that somebody passes on.
func (w *walk) innerMail(s *source) (p piece, subject string) {
	h := w.readHeader(s, true)
	p = piece{kind: forwarded, date: parseDate(h.raw("Date"))}
	if p.at = receivedAt(h); p.at.IsZero() {
		if t, ok := readDate(h.raw("Date")); ok {
			p.at = t.UTC()
		}
	}
	if w.seen.report != "" && w.mails == 0 {
		p.kind = returned
		w.seen.read.original(h)
	}
	if h.raw("X-HmXmrOriginalRecipient") != "" {
		w.seen.complained = true
	}
	if list := parseAddresses(h.raw("From")); len(list) > 0 {
		p.from = list[0]
	}
	subject = h.text("Subject")
	p.title = forwardTitle(p, subject)
	w.mails++
	p.inner = w.entity(s, h, contentType(h))
	w.mails--
	return p, subject
}

// forwardTitle is the line above an inner mail's text.
func forwardTitle(p piece, subject string) string {
	var b strings.Builder
	b.WriteString("[Forwarded message")
	if p.kind == returned {
		b.Reset()
		b.WriteString("[Returned message")
	}
	if p.from.Address != "" || p.from.Name != "" {
		b.WriteString(" from " + strings.TrimSpace(p.from.Name+" <"+p.from.Address+">"))
	}
	if p.date != "" {
		b.WriteString(", " + p.date)
	}
	if subject != "" {
		b.WriteString(", subject: " + subject)
	}
	return b.String() + "]"
}

// isReportType knows the machine-readable parts of reports.
func isReportType(t string) bool {
	switch t {
	case "message/delivery-status", "message/global-delivery-status", "message/disposition-notification",
		"message/global-disposition-notification", "message/feedback-report", "text/rfc822-headers", "message/global-headers",
		"text/rfc822-header", "message/x-delivery-status":
		return true
	}
	return false
}

// reportPart reads a machine-readable part (RFC 3464, 5965, 8098).
func (w *walk) reportPart(r io.Reader, mt mediaType) []piece {
	raw := w.capture(r)
	text, _ := toUTF8(raw, mt.params["charset"])
	text = normalise(text)
	if w.mails > 0 {
		return []piece{{kind: reportText, text: text}} // of a report that somebody sent on
	}
	switch {
	case strings.Contains(mt.value, "headers") || strings.Contains(mt.value, "rfc822-header"):
		h := w.readHeader(newSource(bytes.NewReader(raw), w.budget, w.limits.Bytes), true)
		w.seen.read.original(h)
		p := piece{kind: returned, text: text}
		p.title = forwardTitle(p, h.text("Subject"))
		return []piece{p}
	case strings.Contains(mt.value, "delivery-status"):
		w.seen.read.delivery = append(w.seen.read.delivery, text)
	case strings.Contains(mt.value, "disposition"):
		w.seen.read.disposition = text
	default:
		w.seen.read.feedback = text
	}
	return []piece{{kind: reportText, text: text}}
}

// A readReport is what the parts of a report said.
type readReport struct {
	delivery    []string
	disposition string
	feedback    string
	originalID  string
	originalTo  string
}

// original remembers the header of the mail that a report is about; the
// first one counts.
func (r *readReport) original(h header) {
	if r.originalID == "" {
		r.originalID = firstID(h.raw("Message-ID"))
	}
	if list := parseAddresses(h.raw("To")); r.originalTo == "" && len(list) == 1 {
		r.originalTo = list[0].Address
	}
}
