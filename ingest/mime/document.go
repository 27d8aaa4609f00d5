package mime

import (
	"bufio"
	"compress/flate"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// attachmentText takes the words out of an attachment that can carry a letter.
// better is a type that only the inside shows. What must be opened by a person
// is noted.
func (w *walk) attachmentText(kind string, p attachmentPart, r io.Reader) (text, better string) {
	if w.tap != nil {
		return "", "" // only bytes are wanted
	}
	name := strings.ToLower(p.name)
	switch {
	case strings.Contains(kind, "wordprocessingml"), strings.Contains(kind, "opendocument.text"),
		kind == "application/zip" && (strings.HasSuffix(name, ".docx") || strings.HasSuffix(name, ".odt")):
		return w.zipText(r, p)
	case kind == "text/rtf" || kind == "application/rtf":
		raw := w.capture(r)
		if !isRTF(raw) {
			return "", ""
		}
		return rtfText(string(raw)), ""
	case kind == "text/plain" && (isTextType(p.declared.value) || name == "" && isNoType(p.declared.value) && !w.seen.encrypted || strings.HasSuffix(name, ".txt") || strings.HasSuffix(name, ".text")):
		text, _ = w.partText(w.capture(r), mediaType{value: "text/plain", params: p.declared.params})
		return text, ""
	case kind == "text/html":
		text, _ = w.partText(w.capture(r), mediaType{value: "text/html", params: p.declared.params})
		return text, ""
	case kind == "application/pdf":
		return w.pdfPart(r, p), ""
	case kind == "application/msword" || kind == "application/x-ole-storage" || kind == "application/vnd.ms-outlook" || kind == "application/vnd.apple.pages":
		w.note("A document is attached that cannot be read here; a person has to open it.")
	}
	return "", ""
}

// isNoType knows types that say nothing, or that nobody has heard of.
func isNoType(t string) bool {
	top, _, _ := strings.Cut(t, "/")
	switch top {
	case "application":
		return t == "application/octet-stream" || t == "application/unknown"
	case "image", "audio", "video", "message", "model", "font", "multipart":
		return false
	}
	return true
}

const (
	maxDocumentXML = 8 << 20
	maxZipEntries  = 5000
)

var errBomb = errors.New("unpacks to too much")

// zipText reads the text of a DOCX or ODT file as it streams by, so that the
// pictures in it need not be held: the local headers of a ZIP file are read
// one after the other (APPNOTE, section 4.3.7).
func (w *walk) zipText(r io.Reader, p attachmentPart) (text, better string) {
	z := zipReader{w: w, r: bufio.NewReaderSize(r, 16<<10)}
	text, better, err := z.document()
	text = w.within(text)
	shown := safeName(p.name)
	switch {
	case errors.Is(err, errBomb):
		w.repair("The attachment " + shown + " unpacks to more than the limit; its text was not read.")
		return "", better
	case err != nil && w.why == "":
		w.repair("The attachment " + shown + " is broken; its text was read as far as it goes.")
	case text == "" && w.why == "":
		w.note("The attachment " + shown + " shows no text; a person has to open it.")
	}
	return text, better
}

// A zipReader reads the entries of a ZIP file in the order of their bytes.
type zipReader struct {
	w        *walk
	r        *bufio.Reader
	unpacked int64
}

// A zipEntry is one local header.
type zipEntry struct {
	flags, method int
	packed        int64
	name          string
}

// document finds the part that holds the words.
func (z *zipReader) document() (text, kind string, err error) {
	for range maxZipEntries {
		e, err := z.next()
		if err != nil || e.name == "" {
			return "", "", err
		}
		body, err := z.body(e)
		if err != nil {
			return "", "", err
		}
		switch e.name {
		case "word/document.xml":
			text, err = z.words(body, "p", "t")
			return text, "application/vnd.openxmlformats-officedocument.wordprocessingml.document", err
		case "content.xml":
			text, err = z.words(body, "p", "")
			return text, "application/vnd.oasis.opendocument.text", err
		}
		if _, err := io.Copy(io.Discard, body); err != nil {
			return "", "", err
		}
		if err := z.descriptor(e); err != nil {
			return "", "", err
		}
	}
	return "", "", errBomb
}

// next reads a local header; the name is empty where the directory begins.
func (z *zipReader) next() (zipEntry, error) {
	var h [30]byte
	if _, err := io.ReadFull(z.r, h[:4]); err != nil {
		return zipEntry{}, err
	}
	if binary.LittleEndian.Uint32(h[:]) != 0x04034b50 {
		return zipEntry{}, nil
	}
	if _, err := io.ReadFull(z.r, h[4:]); err != nil {
		return zipEntry{}, err
	}
	le := binary.LittleEndian
	e := zipEntry{flags: int(le.Uint16(h[6:])), method: int(le.Uint16(h[8:])), packed: int64(le.Uint32(h[18:]))}
	name := make([]byte, le.Uint16(h[26:]))
	if _, err := io.ReadFull(z.r, name); err != nil {
		return zipEntry{}, err
	}
	if _, err := z.r.Discard(int(le.Uint16(h[28:]))); err != nil {
		return zipEntry{}, err
	}
	e.name = string(name)
	if e.name == "" {
		e.name = "?"
	}
	return e, nil
}

// body gives an entry's unpacked bytes, bounded.
func (z *zipReader) body(e zipEntry) (io.Reader, error) {
	sized := e.flags&8 == 0
	switch {
	case e.flags&1 != 0:
		z.w.note("An attached document is locked with a password; a person has to open it.")
		return nil, io.ErrUnexpectedEOF
	case sized && !isDocumentName(e.name):
		return io.LimitReader(z.r, e.packed), nil // passed over, not unpacked
	case e.method == 0 && sized:
		return &bombReader{z, io.LimitReader(z.r, e.packed)}, nil
	case e.method == 8 && sized:
		return &bombReader{z, flate.NewReader(bufio.NewReader(io.LimitReader(z.r, e.packed)))}, nil
	case e.method == 8:
		return &bombReader{z, flate.NewReader(z.r)}, nil
	}
	return nil, io.ErrUnexpectedEOF
}

func isDocumentName(name string) bool { return name == "word/document.xml" || name == "content.xml" }

// descriptor passes the sizes that stand behind an entry of unknown size.
func (z *zipReader) descriptor(e zipEntry) error {
	if e.flags&8 == 0 {
		return nil
	}
	n := 12
	if head, err := z.r.Peek(4); err == nil && binary.LittleEndian.Uint32(head) == 0x08074b50 {
		n = 16
	}
	if _, err := z.r.Discard(n); err != nil {
		return err
	}
	for range 8 { // sizes of eight bytes in ZIP64 files
		if head, err := z.r.Peek(2); err != nil || head[0] == 'P' && head[1] == 'K' {
			return nil //nolint:nilerr // at the end there are no sizes to skip
		}
		_, _ = z.r.Discard(1)
	}
	return nil
}

// A bombReader stops at what no letter unpacks to.
type bombReader struct {
	z *zipReader
	r io.Reader
}

func (b *bombReader) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.z.unpacked += int64(n)
	if b.z.unpacked > maxDocumentXML {
		return 0, errBomb
	}
	if stop := b.z.w.check(); stop != nil {
		return 0, stop
	}
	return n, err
}

// words takes the text out of a document's XML: paragraphs become lines. With
// element empty all character data in a paragraph counts.
func (z *zipReader) words(r io.Reader, paragraph, element string) (string, error) {
	d := xml.NewDecoder(r)
	d.Strict = false
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	var out strings.Builder
	in := 0
	for room := z.w.limits.TextBytes - z.w.text; int64(out.Len()) < room; {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return tidyDocument(out.String()), nil
		}
		if err != nil {
			return tidyDocument(out.String()), err
		}
		switch t := token.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "tab":
				out.WriteByte('\t')
			case "br", "cr", "line-break":
				out.WriteByte('\n')
			case "s":
				out.WriteByte(' ')
			}
			if t.Name.Local == element || element == "" && (t.Name.Local == paragraph || t.Name.Local == "h") {
				in++
			}
		case xml.EndElement:
			if t.Name.Local == element || element == "" && (t.Name.Local == paragraph || t.Name.Local == "h") {
				in = max(0, in-1)
			}
			if t.Name.Local == paragraph || t.Name.Local == "h" {
				out.WriteByte('\n')
			}
		case xml.CharData:
			if in > 0 {
				out.Write(t)
			}
		}
	}
	z.w.repair("The text of an attached document is longer than the limit; the rest was not read.")
	return tidyDocument(out.String()), nil
}

func tidyDocument(s string) string { return strings.TrimSpace(normalise(s)) }
