package mime

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"time"
)

// A walk reads one message: its parts in order, each as it streams by.
type walk struct {
	*budget
	m     *Message
	tap   *tap
	page  *mailPage      // nil: nobody asked for it
	count map[string]int // repairs that were said already
	depth int
	mails int // mails that are open around the current place, this one not counted
	seen  traits
}

// traits are what the walk saw that says something of the whole mail.
type traits struct {
	report     string // report-type of a multipart/report, "unknown" without one
	method     string // of a calendar part
	complained bool   // a mail inside was sent in as spam by its reader
	encrypted  bool
	read       readReport
}

// A kind says what a piece of text is to the mail.
type kind int

const (
	ownText      kind = iota // written by the sender of this mail
	attachedText             // from an attachment
	forwarded                // a mail inside this one
	returned                 // the mail that a bounce or receipt is about
	reportText               // the machine part of a report
	calendarText
)

// A piece is text from one part, UTF-8, lines ending in \n.
type piece struct {
	kind  kind
	text  string
	html  bool
	title string // the line above it
	from  Address
	date  string
	inner []piece   // of a mail inside this one
	spare bool      // counts only when the mail has no other words
	at    time.Time // when an inner mail was received by who sent it on
}

// repair records a mend for the reviewer, each kind once.
func (w *walk) repair(why string) {
	if w.count[why]++; w.count[why] == 1 && len(w.m.Repairs) < 50 {
		w.m.Repairs = append(w.m.Repairs, why)
	}
}

// note records what a person has to open himself.
func (w *walk) note(why string) {
	if w.count[why]++; w.count[why] == 1 && len(w.m.Notes) < 50 {
		w.m.Notes = append(w.m.Notes, why)
	}
}

// fail records what could not be read; the first reason stands.
func (w *walk) fail(why string) {
	if w.m.Error == "" {
		w.m.Error = why
	}
}

// entity reads one part, whose header has been read, to its end.
func (w *walk) entity(s *source, h header, mt mediaType) []piece {
	if err := w.enter(); err != nil {
		_, _ = io.Copy(io.Discard, s.body())
		return nil
	}
	defer func() { w.depth-- }()
	switch {
	case strings.HasPrefix(mt.value, "multipart/"):
		return w.multipart(s, h, mt)
	case isMessageType(mt.value):
		return w.inner(s, h, mt)
	}
	return w.leaf(s, h, mt)
}

// enter counts parts and depth.
func (w *walk) enter() error {
	w.depth++
	w.parts++
	if w.parts > w.limits.Parts {
		w.depth--
		return w.stop("The mail has more parts than the limit; the rest was not read.")
	}
	if w.depth > w.limits.Depth {
		w.depth--
		return w.stop("The parts of the mail are nested deeper than the limit; the rest was not read.")
	}
	return w.check()
}

func isMessageType(t string) bool {
	return t == "message/rfc822" || t == "message/global" || t == "message/news" || t == "message/partial"
}

// multipart reads RFC 2046, section 5.1. The split is ours and not
// go-message's, which gives up the whole multipart at one bad part header.
func (w *walk) multipart(s *source, h header, mt mediaType) []piece {
	boundary := strings.TrimRight(mt.params["boundary"], " \t\r\n")
	if enc := cleanEncoding(h.raw("Content-Transfer-Encoding")); isEncoded(enc) && s.hit < 0 && !showsBoundary(s.peek(), boundary) {
		w.repair("The mail was packed in an unusual way; it was unpacked and read.")
		s = newSource(w.decoded(transferReader(enc, s.body(), w.repair)), w.budget, w.limits.Bytes)
	}
	if boundary == "" || !bytes.Contains(s.peek(), []byte("--"+boundary)) {
		boundary = w.guessBoundary(s, boundary)
	}
	if boundary == "" {
		w.repair("The mail says that it has several parts but does not show where they begin; all of it was read as text.")
		return w.leaf(s, header{}, mediaType{value: "text/plain", params: map[string]string{}})
	}
	w.noteMultipart(mt)
	f := frame{w: w, s: s, mt: mt, level: len(s.opened)}
	s.opened = append(s.opened, boundary)
	f.read()
	s.opened = s.opened[:f.level]
	return w.choose(mt.value, f.parts)
}

func isEncoded(enc string) bool {
	return enc == "base64" || enc == "quoted-printable"
}

// noteMultipart remembers the wrappers that matter to the whole mail.
func (w *walk) noteMultipart(mt mediaType) {
	switch mt.value {
	case "multipart/report":
		if w.mails == 0 && w.depth <= 4 {
			w.seen.report = strings.ToLower(strings.TrimSpace(mt.params["report-type"]))
			if w.seen.report == "" {
				w.seen.report = "unknown"
			}
		}
	case "multipart/encrypted":
		w.seen.encrypted = true
		w.note(encryptedNote)
	case "multipart/signed":
		w.note("The mail is signed; the signature was not checked.")
	}
}

// showsBoundary says whether a boundary line is in sight. Where the buffer
// ends before the mail does it may come later.
func showsBoundary(b []byte, boundary string) bool {
	return boundary != "" && (bytes.Contains(b, []byte("--"+boundary)) || len(b) >= sourceBuffer/2)
}

// guessBoundary finds the boundary that the header does not name: a line that
// starts with "--" and has a part header below it.
func (w *walk) guessBoundary(s *source, named string) string {
	rest := s.peek()
	for len(rest) > 0 {
		line, after, _ := bytes.Cut(rest, []byte("\n"))
		rest = after
		text := bytes.TrimRight(line, " \t\r")
		if len(text) < 3 || !bytes.HasPrefix(text, []byte("--")) || bytes.ContainsAny(text, " \t") {
			continue
		}
		name, ok := fieldName(after)
		if ok && strings.HasPrefix(strings.ToLower(name), "content-") && !slices.Contains(s.opened, string(text[2:])) {
			w.repair("The mail did not say rightly where its parts begin; the place was found.")
			return string(text[2:])
		}
	}
	return named
}

// A frame is one multipart while it is read.
type frame struct {
	w     *walk
	s     *source
	mt    mediaType
	level int
	parts [][]piece
}

func (f *frame) read() {
	preamble := f.aside(f.s)
	for f.s.hit == f.level && !f.s.closed {
		f.s.hit = -1
		f.parts = append(f.parts, f.part())
		if f.w.check() != nil {
			return
		}
	}
	f.finish(preamble)
}

// finish reads what stands after the last part and says what was missing.
func (f *frame) finish(preamble []byte) {
	w := f.w
	if f.s.hit == f.level && f.s.closed {
		f.s.hit = -1
		f.s.opened[f.level] = "\x00" // an outer body of the same boundary goes on
		if epilogue := f.aside(f.s); letters(epilogue) >= 20 && w.seen.report == "" {
			text, _ := toUTF8(epilogue, "")
			w.repair("Text that stood after the end of the last part was kept.")
			f.parts = append(f.parts, []piece{{kind: ownText, text: strings.TrimSpace(normalise(text))}})
		}
	} else if w.why == "" && len(f.parts) > 0 {
		w.repair("The end of the mail, or of one of its parts, is missing; what was there was read.")
	}
	if len(f.parts) == 0 && w.why == "" {
		w.repair("The mail says that it has several parts but has none; all of it was read as text.")
		text, _ := toUTF8(w.undeclared(preamble), "")
		f.parts = [][]piece{{{kind: ownText, text: strings.TrimSpace(normalise(text))}}}
	}
}

// aside reads what is in no part: the preamble and the epilogue.
func (f *frame) aside(s *source) []byte {
	b := s.body()
	kept, _ := io.ReadAll(io.LimitReader(b, f.w.limits.TextBytes))
	_, _ = io.Copy(io.Discard, b)
	return kept
}

func letters(b []byte) int {
	n := 0
	for _, c := range b {
		if c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80 {
			n++
		}
	}
	return n
}

// part reads one part; a part without a header is text (RFC 2046, section 5.1).
func (f *frame) part() []piece {
	h := f.w.readHeader(f.s, false)
	mt := contentType(h)
	if h.raw("Content-Type") == "" && f.mt.value == "multipart/digest" {
		mt.value = "message/rfc822"
	}
	return f.w.entity(f.s, h, mt)
}

// contentType reads Content-Type; where it is missing or no type at all the
// text is plain.
func contentType(h header) mediaType {
	mt := parseMediaType(h.raw("Content-Type"))
	switch mt.value {
	case "", "text", "plain":
		mt.value = "text/plain"
	case "html":
		mt.value = "text/html"
	case "multipart":
		mt.value = "multipart/mixed"
	}
	if top, sub, whole := strings.Cut(mt.value, "/"); whole && (top == "" || sub == "") || !whole && len(mt.params) == 0 {
		mt.value = "text/plain" // RFC 2045, section 5.2: what is no type
	} else if !whole {
		mt.value = "application/octet-stream"
	}
	return mt
}
