package mime

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/gabriel-vasile/mimetype"
)

const sniffBytes = 3072

// An attachmentPart is an attachment before its bytes are read.
type attachmentPart struct {
	name     string
	declared mediaType
	inline   bool
}

// attached reads an attachment: listed, hashed as it streams by, its words
// taken out where it has some.
func (w *walk) attached(r io.Reader, p attachmentPart) []piece {
	br := bufio.NewReaderSize(r, 4<<10)
	head, _ := br.Peek(sniffBytes)
	kind := Sniff(head, p.name)
	if isMailFile(p, head) {
		return w.mailFile(br, p)
	}
	a := w.begin(p.name, p.inline)
	tee := io.TeeReader(br, a)
	text, better := w.attachmentText(kind, p, tee)
	_, _ = io.Copy(io.Discard, tee)
	if better != "" {
		kind = better
	}
	a.finish(kind)
	if strings.TrimSpace(text) == "" {
		return nil
	}
	return []piece{{kind: attachedText, title: "[Attachment: " + a.name() + "]", text: text}}
}

// isMailFile finds mails that are attached as files.
func isMailFile(p attachmentPart, head []byte) bool {
	if !strings.HasSuffix(strings.ToLower(p.name), ".eml") {
		return false
	}
	line, _, _ := strings.Cut(string(head), "\n")
	name, ok := fieldName([]byte(line))
	return ok && isKnownField(name)
}

// mailFile reads a mail that is attached as a file.
func (w *walk) mailFile(r io.Reader, p attachmentPart) []piece {
	if w.enter() != nil {
		return nil
	}
	defer func() { w.depth-- }()
	return w.innerFrom(r, p.name)
}

// A listed is an attachment while its bytes pass.
type listed struct {
	w     *walk
	index int
	hash  hash.Hash
	size  int64
	tap   io.Writer
}

// begin takes a place in the list, so that the order is that of the mail.
func (w *walk) begin(name string, inline bool) *listed {
	l := &listed{w: w, index: len(w.m.Attachments), hash: sha256.New()}
	w.m.Attachments = append(w.m.Attachments, Attachment{Filename: safeName(name), Inline: inline})
	if w.tap != nil && w.tap.index == l.index {
		l.tap = w.tap
	}
	return l
}

// Write hashes, counts and hands on to who asked for this attachment.
func (l *listed) Write(p []byte) (int, error) {
	l.hash.Write(p)
	l.size += int64(len(p))
	if l.tap != nil {
		return l.tap.Write(p)
	}
	return len(p), nil
}

func (l *listed) name() string { return l.w.m.Attachments[l.index].Filename }

// finish fills the place in the list. A file without a name gets one by its type.
func (l *listed) finish(kind string) {
	a := &l.w.m.Attachments[l.index]
	a.ContentType, a.Size, a.SHA256 = kind, l.size, hex.EncodeToString(l.hash.Sum(nil))
	if a.Filename == "" {
		a.Filename = "attachment" + extension(kind)
	}
	if l.tap != nil {
		l.w.tap.found = true
		_ = l.w.stop("the attachment was found")
	}
}

func extension(kind string) string {
	if kind == "message/rfc822" {
		return ".eml"
	}
	if m := mimetype.Lookup(kind); m != nil {
		return m.Extension()
	}
	return ""
}

// Sniff tells a file's type by its first bytes, some thousand of them. The name
// only tells kinds of text apart that look alike.
func Sniff(head []byte, name string) string {
	if len(head) == 0 {
		return "application/x-empty"
	}
	kind, _, _ := strings.Cut(mimetype.Detect(head).String(), ";")
	if kind == "text/plain" && strings.HasSuffix(strings.ToLower(name), ".csv") {
		return "text/csv"
	}
	return kind
}

// A tap takes the bytes of one attachment out.
type tap struct {
	index int
	w     io.Writer
	found bool
	err   error
}

func (t *tap) Write(p []byte) (int, error) {
	if t.err == nil {
		_, t.err = t.w.Write(p)
	}
	return len(p), nil
}

// partName finds the file name that a part claims.
func partName(disposition, mt mediaType) string {
	if name := disposition.params["filename"]; name != "" {
		return name
	}
	return mt.params["name"]
}

const maxNameBytes = 150

// safeName makes a file name that can be shown and saved anywhere: no path,
// no control or direction characters, no name of a Windows device, not long.
func safeName(s string) string {
	s = clean(s)
	s = path.Base(strings.ReplaceAll(s, `\`, "/"))
	s = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`<>:"/\|?*`, r) {
			return '_'
		}
		if r == 0x200e || r == 0x200f || r == 0x061c || r == 0x200b {
			return -1
		}
		return r
	}, s)
	s = strings.Trim(s, " .")
	if s == "" || s == "_" {
		return ""
	}
	stem, _, _ := strings.Cut(s, ".")
	if isDevice(stem) {
		s = "_" + s
	}
	return shorten(s)
}

// shorten keeps the extension.
func shorten(s string) string {
	if len(s) <= maxNameBytes {
		return s
	}
	ext := path.Ext(s)
	if len(ext) > 20 {
		ext = ""
	}
	stem := s[:maxNameBytes-len(ext)]
	for !utf8.ValidString(stem) {
		stem = stem[:len(stem)-1]
	}
	return stem + ext
}

// isDevice knows the names that Windows opens as devices.
func isDevice(stem string) bool {
	switch strings.ToUpper(strings.TrimSpace(stem)) {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	u := strings.ToUpper(strings.TrimSpace(stem))
	return len(u) == 4 && (strings.HasPrefix(u, "COM") || strings.HasPrefix(u, "LPT")) && u[3] >= '0' && u[3] <= '9'
}
