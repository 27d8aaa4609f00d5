package mime

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"strings"

	"golang.org/x/text/encoding/unicode"
)

// isTNEF knows Outlook's rich text wrapper, "winmail.dat" ([MS-OXTNEF]).
func isTNEF(t, name string) bool {
	lower := strings.ToLower(name)
	return t == "application/ms-tnef" || t == "application/vnd.ms-tnef" || lower == "winmail.dat" || lower == "win.dat"
}

const (
	tnefSignature  = 0x223e9f78
	tnefRendData   = 0x9002 // begins an attachment
	tnefTitle      = 0x8010
	tnefData       = 0x800f
	tnefAttachment = 0x9005 // an attachment's properties
	tnefProperties = 0x9003 // the message's properties
	tnefBody       = 0x800c
	tnefCodepage   = 0x9007

	// maxTNEFProperty bounds the blocks that are held in memory.
	maxTNEFProperty = 4 << 20
)

// A tnef is one winmail.dat while it is read.
type tnef struct {
	w        *walk
	r        *bufio.Reader
	label    string // charset of 8-bit strings
	file     *listed
	fileType string
	name     string
	long     string
	text     []piece
	body     string
	html     string
	rtf      string
}

// tnefPart reads a winmail.dat: its files are listed in its stead, its text is
// kept for when the mail has no other.
func (w *walk) tnefPart(r io.Reader, name string) []piece {
	t := &tnef{w: w, r: bufio.NewReaderSize(r, 16<<10), label: "windows-1252"}
	head, _ := t.r.Peek(6)
	if len(head) < 6 || binary.LittleEndian.Uint32(head) != tnefSignature {
		w.repair("The part winmail.dat is not what its name says, or is cut off; it was kept as a file.")
		return w.attached(t.r, attachmentPart{name: name})
	}
	_, _ = t.r.Discard(6)
	err := t.attributes()
	t.endFile()
	if err != nil && w.why == "" {
		w.repair("The part winmail.dat is cut off or broken; what could be read of it was read.")
	}
	if text := t.words(); strings.TrimSpace(text) != "" {
		t.text = append([]piece{{kind: ownText, spare: true, text: text, html: t.body == ""}}, t.text...)
	}
	return t.text
}

// attributes reads to the end; a clean end is no error.
func (t *tnef) attributes() error {
	for {
		var head [9]byte
		if n, err := io.ReadFull(t.r, head[:]); err != nil {
			if n == 0 && errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if level := head[0]; level != 1 && level != 2 {
			return io.ErrUnexpectedEOF
		}
		id := int(binary.LittleEndian.Uint16(head[1:]))
		size := int64(binary.LittleEndian.Uint32(head[5:]))
		block := &io.LimitedReader{R: t.r, N: size}
		if err := t.attribute(id, block); err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, block); err != nil || block.N > 0 {
			return io.ErrUnexpectedEOF
		}
		if _, err := t.r.Discard(2); err != nil { // checksum
			return err
		}
		if err := t.w.check(); err != nil {
			return err
		}
	}
}

func (t *tnef) attribute(id int, r *io.LimitedReader) error {
	switch id {
	case tnefRendData:
		t.endFile()
	case tnefTitle:
		t.name = t.shortString(r)
	case tnefData:
		return t.data(r)
	case tnefBody:
		t.body = t.shortString(r)
	case tnefCodepage:
		var b [4]byte
		if _, err := io.ReadFull(r, b[:]); err == nil {
			t.codepage(int(binary.LittleEndian.Uint32(b[:])))
		}
	case tnefProperties, tnefAttachment:
		if r.N > maxTNEFProperty {
			t.w.note("A part of winmail.dat is too large to be read here; the original mail holds it.")
			return nil
		}
		block, err := io.ReadAll(r)
		t.properties(block, id == tnefAttachment)
		return err
	}
	return nil
}

// enterFlat counts a part that has no depth of its own.
func (w *walk) enterFlat() error {
	err := w.enter()
	if err == nil {
		w.depth--
	}
	return err
}

func (t *tnef) codepage(n int) {
	if label := codepageLabel(n); label != "" {
		t.label = label
	}
}

// shortString reads a string that ends in NUL.
func (t *tnef) shortString(r io.Reader) string {
	b := t.w.capture(r)
	text, _, _ := strings.Cut(string(b), "\x00")
	s, _ := toUTF8([]byte(text), t.label)
	return s
}

// data passes the bytes of a file on; its long name may come only later.
func (t *tnef) data(r *io.LimitedReader) error {
	if t.file != nil {
		t.endFile()
	}
	if err := t.w.enterFlat(); err != nil {
		return err
	}
	br := bufio.NewReaderSize(r, 16<<10)
	head, _ := br.Peek(sniffBytes)
	t.file = t.w.begin(t.name, false)
	t.fileType = Sniff(head, t.name)
	tee := io.TeeReader(t.w.decoded(br), t.file)
	text, better := t.w.attachmentText(t.fileType, attachmentPart{name: t.name}, tee)
	if better != "" {
		t.fileType = better
	}
	_, err := io.Copy(io.Discard, tee)
	if strings.TrimSpace(text) != "" {
		t.text = append(t.text, piece{kind: attachedText, title: "[Attachment: " + safeName(t.name) + "]", text: text})
	}
	if err == nil && r.N > 0 {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// endFile closes the file in hand under its best name.
func (t *tnef) endFile() {
	if t.file != nil {
		name := safeName(t.long)
		if name == "" {
			name = safeName(t.name)
		}
		t.w.m.Attachments[t.file.index].Filename = name
		t.file.finish(t.fileType)
	}
	t.file, t.name, t.long = nil, "", ""
}

// words gives the body in the first form that is there.
func (t *tnef) words() string {
	switch {
	case strings.TrimSpace(t.body) != "":
		return strings.TrimSpace(normalise(t.body))
	case t.html != "":
		t.w.keepPage(t.html)
		return t.w.htmlPart(t.html)
	case t.rtf != "":
		return rtfText(t.rtf)
	}
	return ""
}

// properties reads a block of MAPI properties as far as it makes sense.
func (t *tnef) properties(b []byte, ofFile bool) {
	p := props{b: b}
	for n := p.uint32(); n > 0 && !p.bad; n-- {
		kind, id := p.uint16(), p.uint16()
		if id >= 0x8000 {
			p.skipName()
		}
		for _, v := range p.values(kind) {
			t.property(id, kind&0xfff, v, ofFile)
		}
	}
}

// property keeps the few properties that matter.
func (t *tnef) property(id, kind int, v []byte, ofFile bool) {
	switch {
	case ofFile && (id == 0x3707 || id == 0x3001 && t.long == "" && t.name == ""): // PR_ATTACH_LONG_FILENAME, PR_DISPLAY_NAME
		t.long = t.mapiString(kind, v)
	case ofFile && id == 0x3701: // PR_ATTACH_DATA_OBJ in the properties: a mail inside
		t.w.note("A mail inside winmail.dat was not read; the original mail holds it.")
	case ofFile:
	case id == 0x1000 && t.body == "": // PR_BODY
		t.body = t.w.within(t.mapiString(kind, v))
	case id == 0x1013 && t.html == "": // PR_BODY_HTML
		html, _ := toUTF8(trimNUL(v), metaCharset(v))
		t.html = t.w.within(html)
	case id == 0x1009 && t.rtf == "": // PR_RTF_COMPRESSED
		if raw, ok := decompressRTF(v, int(t.w.limits.TextBytes)); ok {
			t.rtf = t.w.within(string(raw))
		}
	case id == 0x3fde && len(v) >= 4: // PR_INTERNET_CPID
		t.codepage(int(binary.LittleEndian.Uint32(v)))
	}
}

func (t *tnef) mapiString(kind int, v []byte) string {
	if kind == 0x1f {
		return strings.TrimRight(decodeWith(unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), v), "\x00")
	}
	s, _ := toUTF8(trimNUL(v), t.label)
	return s
}

func trimNUL(b []byte) []byte {
	for len(b) > 0 && b[len(b)-1] == 0 {
		b = b[:len(b)-1]
	}
	return b
}

// props reads the pieces of a property block; bad is set past its end.
type props struct {
	b   []byte
	bad bool
}

func (p *props) take(n int) []byte {
	if n < 0 || n > len(p.b) {
		p.bad, p.b = true, nil
		return nil
	}
	out := p.b[:n]
	p.b = p.b[n:]
	return out
}

func (p *props) uint16() int {
	if v := p.take(2); v != nil {
		return int(binary.LittleEndian.Uint16(v))
	}
	return 0
}

func (p *props) uint32() int {
	if v := p.take(4); v != nil {
		return int(binary.LittleEndian.Uint32(v))
	}
	return 0
}

// skipName passes the name of a named property.
func (p *props) skipName() {
	p.take(16)
	if p.uint32() == 0 {
		p.take(4)
		return
	}
	p.take(pad4(p.uint32()))
}

func pad4(n int) int { return (n + 3) &^ 3 }

// values reads one property's value or values.
func (p *props) values(kind int) [][]byte {
	count := 1
	multi := kind&0x1000 != 0
	var size int
	switch kind &^ 0x1000 {
	case 0x02, 0x03, 0x04, 0x0a, 0x0b:
		size = 4
	case 0x05, 0x06, 0x07, 0x14, 0x40:
		size = 8
	case 0x48:
		size = 16
	case 0x0d, 0x1e, 0x1f, 0x102:
		multi = true
	default:
		p.bad = true
		return nil
	}
	if multi {
		count = p.uint32()
	}
	var out [][]byte
	for ; count > 0 && !p.bad && len(out) < 10_000; count-- {
		n := size
		if size == 0 {
			n = p.uint32()
		}
		v := p.take(pad4(n))
		if v != nil {
			out = append(out, v[:n])
		}
	}
	return out
}
