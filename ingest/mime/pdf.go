package mime

import (
	"bytes"
	"compress/zlib"
	"encoding/ascii85"
	"encoding/hex"
	"errors"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"

	"golang.org/x/text/unicode/norm"
)

const (
	maxPDF         = 8 << 20  // what a letter takes; larger files hold pictures
	maxPDFUnpacked = 32 << 20 // of all streams of a file
	maxPDFObjects  = 50_000
	maxPDFPages    = 500
	maxPDFSteps    = 1_000_000 // values in the whole file
)

// A pdfStream is an object with packed bytes behind its dictionary.
type pdfStream struct {
	dict pdfDict
	raw  []byte
}

// A pdfFile is as much of a PDF file as its text needs. Objects are found by
// reading through the file, so that a broken cross-reference table costs
// nothing; of several with one number the last counts, as after an update.
type pdfFile struct {
	w        *walk
	b        []byte
	objects  map[pdfRef]any
	unpacked int
	steps    int
	locked   bool
}

// errPDF stops a file that would take too long.
var errPDF = errors.New("the document is too large to be read")

// pdfPart reads the text layer of a PDF file (ISO 32000-1). What has none, such
// as a scan, is left to a person.
func (w *walk) pdfPart(r io.Reader, p attachmentPart) string {
	var buf bytes.Buffer
	_, err := io.Copy(&buf, io.LimitReader(r, maxPDF+1))
	shown := safeName(p.name)
	if err != nil || buf.Len() > maxPDF {
		w.note("The PDF file " + shown + " is too large for its text to be read here; a person has to look at it.")
		return ""
	}
	f := &pdfFile{w: w, b: buf.Bytes(), objects: map[pdfRef]any{}}
	text, err := f.text()
	switch {
	case f.locked:
		w.note("The PDF file " + shown + " is locked; a person has to open it.")
		return ""
	case err != nil && w.why == "":
		w.repair("The text of the PDF file " + shown + " is longer than the limit; the rest was not read.")
	case text == "":
		w.note("The PDF file " + shown + " shows no text that can be read here; a person has to look at it.")
	}
	return text
}

func (f *pdfFile) text() (string, error) {
	f.find()
	if f.locked {
		return "", nil
	}
	pages := f.pages()
	out := pdfText{f: f, room: max(0, f.w.limits.TextBytes-f.w.text)}
	var err error
	for _, p := range pages {
		if err = out.page(p); err != nil {
			break
		}
	}
	text := tidyDocument(norm.NFC.String(out.b.String()))
	f.w.text += int64(len(text))
	return text, err
}

var pdfObject = regexp.MustCompile(`(\d{1,8})[ \t\r\n\f\x00]{1,4}\d{1,5}[ \t\r\n\f\x00]{1,4}obj\b`)

// find reads through the file.
func (f *pdfFile) find() {
	f.locked = lockedPDF.Match(f.b)
	for at := 0; at < len(f.b) && len(f.objects) < maxPDFObjects; {
		m := pdfObject.FindSubmatchIndex(f.b[at:])
		if m == nil {
			return
		}
		number, _ := strconv.Atoi(string(f.b[at+m[2] : at+m[3]])) // eight digits fit
		l := pdfLexer{b: f.b, at: at + m[1], steps: &f.steps}
		v, _ := l.value()
		at = max(l.at, at+m[1])
		if dict, ok := v.(pdfDict); ok {
			if raw, end := f.streamAt(dict, l.at); raw != nil {
				v = &pdfStream{dict, raw}
				at = end
			}
		}
		f.objects[pdfRef(number)] = v
		if s, ok := v.(*pdfStream); ok && s.dict["Type"] == pdfName("ObjStm") {
			f.unpackObjects(s)
		}
		if f.w.check() != nil {
			return
		}
	}
}

// lockedPDF is a file that is encrypted, if only with an empty password.
var lockedPDF = regexp.MustCompile(`/Encrypt[ \t\r\n]*(\d+[ \t\r\n]+\d+[ \t\r\n]+R|<<)`)

// streamAt finds the bytes between "stream" and "endstream" behind a
// dictionary. The length that the dictionary gives counts when it is true.
func (f *pdfFile) streamAt(dict pdfDict, at int) (raw []byte, end int) {
	l := pdfLexer{b: f.b, at: at, steps: &f.steps}
	l.skip()
	rest := f.b[l.at:]
	if !bytes.HasPrefix(rest, []byte("stream")) {
		return nil, at
	}
	start := l.at + len("stream")
	if start < len(f.b) && f.b[start] == '\r' {
		start++
	}
	if start < len(f.b) && f.b[start] == '\n' {
		start++
	}
	if n, ok := dict["Length"].(float64); ok && n >= 0 && n < float64(len(f.b)-start) {
		end := start + int(n)
		if bytes.HasPrefix(bytes.TrimLeft(f.b[end:min(len(f.b), end+20)], "\r\n \t"), []byte("endstream")) {
			return f.b[start:end], end
		}
	}
	if n := bytes.Index(f.b[start:], []byte("endstream")); n >= 0 {
		return f.b[start : start+n], start + n
	}
	return f.b[start:], len(f.b)
}

// unpackObjects reads the objects inside an object stream (section 7.5.7).
func (f *pdfFile) unpackObjects(s *pdfStream) {
	b := f.unpack(s)
	first, _ := f.get(s.dict["First"]).(float64)
	if first < 0 || first > float64(len(b)) {
		return
	}
	index := pdfLexer{b: b[:int(first)], steps: &f.steps}
	for len(f.objects) < maxPDFObjects {
		number, ok := index.value()
		offset, more := index.value()
		n, isNumber := number.(float64)
		o, isOffset := offset.(float64)
		if !ok || !more || !isNumber || !isOffset || o < 0 || first+o > float64(len(b)) || n < 0 || n > 1e8 {
			return
		}
		l := pdfLexer{b: b, at: int(first + o), steps: &f.steps}
		v, _ := l.value()
		f.objects[pdfRef(int(n))] = v
	}
}

// get follows references.
func (f *pdfFile) get(v any) any {
	for range 20 {
		ref, ok := v.(pdfRef)
		if !ok {
			return v
		}
		v = f.objects[ref]
	}
	return nil
}

func (f *pdfFile) dict(v any) pdfDict {
	switch v := f.get(v).(type) {
	case pdfDict:
		return v
	case *pdfStream:
		return v.dict
	}
	return nil
}

func (f *pdfFile) list(v any) []any {
	list, _ := f.get(v).([]any)
	return list
}

// unpack gives a stream's bytes, as far as they can be had.
func (f *pdfFile) unpack(s *pdfStream) []byte {
	filters := f.list(s.dict["Filter"])
	if name, ok := f.get(s.dict["Filter"]).(pdfName); ok {
		filters = []any{name}
	}
	// What comes in counts too: it may be packed so that nothing comes out.
	if f.unpacked += len(s.raw); f.unpacked > maxPDFUnpacked || len(filters) > 4 {
		return nil
	}
	var r io.Reader = bytes.NewReader(s.raw)
	for _, filter := range filters {
		switch f.get(filter) {
		case pdfName("FlateDecode"), pdfName("Fl"):
			z, err := zlib.NewReader(r)
			if err != nil {
				return nil
			}
			r = z
		case pdfName("ASCII85Decode"), pdfName("A85"):
			all, _ := io.ReadAll(io.LimitReader(r, maxPDF))
			f.unpacked += len(all)
			all, _, _ = bytes.Cut(bytes.TrimPrefix(bytes.TrimSpace(all), []byte("<~")), []byte("~"))
			r = ascii85.NewDecoder(bytes.NewReader(all))
		case pdfName("ASCIIHexDecode"), pdfName("AHx"):
			r = hex.NewDecoder(&hexDigits{r})
		default:
			return nil // a picture
		}
	}
	b, _ := io.ReadAll(io.LimitReader(r, max(0, int64(maxPDFUnpacked-f.unpacked)))) // what a broken stream gives is taken
	f.unpacked += len(b)
	return b
}

// hexDigits passes on hexadecimal digits alone.
type hexDigits struct{ r io.Reader }

func (h *hexDigits) Read(p []byte) (int, error) {
	n, err := h.r.Read(p)
	kept := 0
	for _, c := range p[:n] {
		if c == '>' {
			return kept, io.EOF
		}
		if !isPDFSpace(c) {
			p[kept] = c
			kept++
		}
	}
	return kept, err
}

// A pdfPage is a page with what it inherits from the tree above it.
type pdfPage struct{ page, resources pdfDict }

// pages lists the pages in the order of the page tree; without a tree in that
// of their numbers.
func (f *pdfFile) pages() []pdfPage {
	var out []pdfPage
	seen := map[pdfRef]bool{}
	var down func(v any, resources pdfDict, depth int)
	down = func(v any, resources pdfDict, depth int) {
		ref, isRef := v.(pdfRef)
		node := f.dict(v)
		if node == nil || depth > pdfNesting || len(out) >= maxPDFPages || isRef && seen[ref] {
			return
		}
		seen[ref] = isRef
		if own := f.dict(node["Resources"]); own != nil {
			resources = own
		}
		if kids := f.list(node["Kids"]); kids != nil {
			for _, kid := range kids {
				down(kid, resources, depth+1)
			}
			return
		}
		out = append(out, pdfPage{node, resources})
	}
	numbers := slices.Sorted(maps.Keys(f.objects))
	for _, n := range numbers {
		if d, ok := f.objects[n].(pdfDict); ok && d["Type"] == pdfName("Catalog") && len(out) == 0 {
			down(d["Pages"], nil, 0)
		}
	}
	if len(out) > 0 {
		return out
	}
	for _, n := range numbers {
		if d, ok := f.objects[n].(pdfDict); ok && d["Type"] == pdfName("Page") {
			down(n, nil, 0)
		}
	}
	return out
}

// contents joins the content streams of a page.
func (f *pdfFile) contents(v any) []byte {
	var out []byte
	parts := f.list(v)
	if parts == nil {
		parts = []any{v}
	}
	for _, part := range parts {
		if s, ok := f.get(part).(*pdfStream); ok {
			out = append(append(out, f.unpack(s)...), '\n')
		}
	}
	return out
}
