package mime

import (
	"bytes"
	"io"
	"regexp"
	"strings"
)

// leaf reads a part that holds no others: text, or an attachment.
func (w *walk) leaf(s *source, h header, mt mediaType) []piece {
	enc := h.raw("Content-Transfer-Encoding")
	if liesAboutBase64(enc, s) {
		w.repair("A part of the mail is marked as packed but is plain text; it was read as it stands.")
		enc = ""
	}
	body := s.body()
	r := w.decoded(transferReader(enc, body, w.repair))
	defer func() { _, _ = io.Copy(io.Discard, body) }()
	disposition := parseMediaType(h.raw("Content-Disposition"))
	name := partName(disposition, mt)
	attached := disposition.value == "attachment" || name != "" && w.depth > 1
	switch {
	case isReportType(mt.value):
		return w.reportPart(r, mt)
	case mt.value == "text/calendar" && !attached:
		return w.calendar(r, mt)
	case isTNEF(mt.value, name):
		return w.tnefPart(r, name)
	case isTextType(mt.value) && !attached:
		return w.textPart(r, mt, !isEncoded(cleanEncoding(enc)))
	}
	if isSMIME(mt.value) {
		var inside []piece
		if inside, r = w.openSigned(r); inside != nil {
			return inside
		}
	}
	w.noteSealed(mt)
	inline := disposition.value == "inline" || disposition.value != "attachment" && h.raw("Content-ID") != ""
	return w.attached(r, attachmentPart{name: name, declared: mt, inline: inline})
}

// liesAboutBase64 finds text that is labelled base64 and is not.
func liesAboutBase64(enc string, s *source) bool {
	if cleanEncoding(enc) != "base64" || s.hit >= 0 {
		return false
	}
	sample := s.peek()
	if i := bytes.Index(sample, []byte("\n--")); i >= 0 {
		sample = sample[:i]
	}
	sample = bytes.TrimSpace(sample[:min(len(sample), 1000)])
	wrong := 0
	for i, c := range sample {
		if junk := !isBase64(c) && !isBlank(c) && c != '='; junk || c == ' ' && i > 0 && isBase64(sample[i-1]) {
			wrong++
		}
	}
	return len(sample) > 8 && wrong*8 > len(sample)
}

func isTextType(t string) bool {
	switch t {
	case "text/plain", "text/html", "text/enriched", "text/richtext", "text/markdown", "text/x-amp-html", "text/watch-html", "application/xhtml+xml":
		return true
	}
	return strings.HasPrefix(t, "text/") && !strings.Contains(t, "vcard") && t != "text/rtf" && t != "text/csv" && t != "text/calendar"
}

// decoded counts what comes out of a part against the limits.
func (w *walk) decoded(r io.Reader) io.Reader { return &meter{w.budget, r} }

type meter struct {
	b *budget
	r io.Reader
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	if stop := m.b.spend(n); stop != nil {
		return 0, stop
	}
	return n, err
}

// capture reads text into memory, within the limit of one part and of the mail.
func (w *walk) capture(r io.Reader) []byte {
	room := w.limits.TextBytes - w.text
	var buf bytes.Buffer
	_, _ = io.Copy(&buf, io.LimitReader(r, max(0, room)+1))
	b := buf.Bytes()
	if int64(len(b)) > room {
		b = b[:room]
		w.fail("The text is longer than the size limit; the rest was not read.")
	}
	w.text += int64(len(b))
	_, _ = io.Copy(io.Discard, r)
	return b
}

// within counts words that were unpacked here, and leaves no more of them than
// the limit of the whole mail: a thousand attachments may each unpack to it.
func (w *walk) within(text string) string {
	if room := max(0, w.limits.TextBytes-w.text); int64(len(text)) > room {
		text = strings.ToValidUTF8(text[:room], "")
		w.fail("The text is longer than the size limit; the rest was not read.")
	}
	w.text += int64(len(text))
	return text
}

// textPart reads words of the sender; open says that the part names no
// encoding.
func (w *walk) textPart(r io.Reader, mt mediaType, open bool) []piece {
	if strings.HasSuffix(mt.value, "html") {
		r = &pictureDropper{r: r}
	}
	raw := w.capture(r)
	if open {
		raw = w.undeclared(raw)
	}
	if mt.value == "text/x-amp-html" || mt.value == "text/watch-html" {
		return nil // always beside a text/html of the same words
	}
	text, page := w.partText(raw, mt)
	w.keepPage(page)
	return []piece{{kind: ownText, text: text, html: page != ""}}
}

// softBreak is a line that quoted-printable broke.
var softBreak = regexp.MustCompile(`(?m)^.{60,75}=\r?$`)

// undeclared decodes quoted-printable that does not say that it is.
func (w *walk) undeclared(raw []byte) []byte {
	if len(softBreak.FindAll(raw[:min(len(raw), 20_000)], 2)) < 2 {
		return raw
	}
	out, err := io.ReadAll(transferReader("quoted-printable", bytes.NewReader(raw), w.repair))
	if err != nil {
		return raw
	}
	w.repair("The text was packed without saying so; it was unpacked.")
	return out
}

// partText turns the bytes of a text part into text, and gives the page that
// it was, if it was one.
func (w *walk) partText(raw []byte, mt mediaType) (text, page string) {
	label := mt.params["charset"]
	html := strings.HasSuffix(mt.value, "html") || strings.HasSuffix(mt.value, "html+xml")
	if html && label == "" {
		label = metaCharset(raw)
	}
	text, repair := toUTF8(raw, label)
	if repair != "" {
		w.repair(repair)
	}
	switch {
	case html || mt.value == "text/plain" && looksLikeHTML(text):
		return w.htmlPart(text), text
	case mt.value == "text/enriched" || mt.value == "text/richtext":
		return plainFromEnriched(normalise(text)), ""
	case strings.EqualFold(mt.params["format"], "flowed"):
		return unflow(normalise(text), strings.EqualFold(mt.params["delsp"], "yes")), ""
	}
	return strings.TrimRight(normalise(text), " \t\n"), ""
}

func (w *walk) htmlPart(page string) string {
	text, over := htmlToText(page, w.limits.HTMLNodes, w.check)
	if over {
		w.fail("The mail's page has more pieces than the limit; the rest was not read.")
	}
	return text
}

// looksLikeHTML finds pages that are labelled plain text.
func looksLikeHTML(s string) bool {
	s = strings.ToLower(strings.TrimSpace(s[:min(len(s), 400)]))
	return strings.HasPrefix(s, "<!doctype html") || strings.HasPrefix(s, "<html")
}

// metaCharset finds the charset that a page itself names.
func metaCharset(raw []byte) string {
	head := strings.ToLower(string(raw[:min(len(raw), 2048)]))
	_, after, ok := strings.Cut(head, "charset=")
	if !ok {
		return ""
	}
	after = strings.TrimLeft(after, `"' `)
	end := strings.IndexAny(after, `"'; />`)
	if end < 0 {
		return ""
	}
	return after[:end]
}

// unflow joins the lines of format=flowed (RFC 3676), quotes kept apart.
func unflow(s string, delsp bool) string {
	var out strings.Builder
	open, depth := false, 0
	for line := range strings.SplitSeq(s, "\n") {
		quotes := len(line) - len(strings.TrimLeft(line, ">"))
		text := strings.TrimPrefix(line[quotes:], " ") // space-stuffing, section 4.4
		signature := text == "-- "
		if open && (quotes != depth || signature) {
			out.WriteByte('\n')
			open = false
		}
		if !open && quotes > 0 {
			out.WriteString(line[:quotes])
			out.WriteByte(' ')
		}
		depth = quotes
		open = strings.HasSuffix(text, " ") && !signature
		if open && delsp {
			text = text[:len(text)-1]
		}
		out.WriteString(text)
		if !open {
			out.WriteByte('\n')
		}
	}
	return strings.TrimRight(out.String(), " \n")
}

// plainFromEnriched drops the commands of RFC 1896: "<<" is a "<", a single
// line end is a space, a run of n is n-1.
func plainFromEnriched(s string) string {
	var out strings.Builder
	skip := 0
	last := strings.LastIndexByte(s, '>') - len(s) // of what is left, from its end
	for len(s) > 0 {
		switch {
		case strings.HasPrefix(s, "<<"):
			out.WriteByte('<')
			s = s[2:]
		case s[0] == '<' && last+len(s) > 0:
			tag, rest, _ := strings.Cut(s[1:], ">")
			s = rest
			if strings.EqualFold(tag, "param") {
				skip++
			} else if strings.EqualFold(tag, "/param") {
				skip = max(0, skip-1)
			}
		default:
			n := max(1, strings.IndexByte(s[1:], '<')+1)
			if skip == 0 {
				out.WriteString(s[:n])
			}
			s = s[n:]
		}
	}
	return strings.TrimRight(out.String(), " \n")
}

// calendar reads an invitation or its answer (RFC 5546) in a few words.
func (w *walk) calendar(r io.Reader, mt mediaType) []piece {
	raw := w.capture(r)
	text, _ := toUTF8(raw, mt.params["charset"])
	text = strings.NewReplacer("\n ", "", "\n\t", "").Replace(normalise(text))
	w.seen.method = strings.ToUpper(mt.params["method"])
	var out []string
	for line := range strings.SplitSeq(text, "\n") {
		name, value, _ := strings.Cut(line, ":")
		name, _, _ = strings.Cut(strings.ToUpper(name), ";")
		value = strings.NewReplacer(`\n`, "\n", `\N`, "\n", `\,`, ",", `\;`, ";", `\\`, `\`).Replace(value)
		switch name {
		case "METHOD":
			if w.seen.method == "" {
				w.seen.method = strings.ToUpper(value)
			}
		case "SUMMARY", "LOCATION", "DESCRIPTION", "COMMENT":
			if strings.TrimSpace(value) != "" && len(out) < 50 {
				out = append(out, strings.TrimSpace(value))
			}
		}
	}
	return []piece{{kind: calendarText, title: "[Calendar entry]", text: strings.Join(out, "\n")}}
}
