package ingest

import (
	"bytes"
	"context"
	"io"
	"strings"

	"postroom/ingest/mime"
	"postroom/ingest/scan"
	"postroom/internal/register"
)

// Bounds of what is read of scans that are attached to a mail: they are read
// while other mail waits.
const (
	mostAttached      = 3
	mostAttachedBytes = 32 << 20
	mostAttachedPages = 4
)

// readAttached reads scans that a resident attached, so that the rules see
// the letter and not only "please see attached". A photograph of mould has no
// words, and adds none.
func (r *Reader) readAttached(ctx context.Context, original io.ReaderAt, m register.Message, rd *register.Reading) {
	if r.c.Letters == nil || rd.Automatic != "none" || len(r.c.Letters.Missing()) > 0 {
		return
	}
	addAttached(ctx, r.c.Letters, rd, func(index int, w io.Writer) error {
		return mime.OpenAttachment(ctx, io.NewSectionReader(original, 0, m.Size), index, w, r.options(m.Source))
	})
}

// ReadMail reads a mail that is held in memory, with the scans attached to it.
func ReadMail(ctx context.Context, raw []byte, o mime.Options, prefixes []string, letters *scan.Reader) register.Reading {
	rd := Read(ctx, bytes.NewReader(raw), o, prefixes)
	if rd.Automatic == "none" && len(letters.Missing()) == 0 {
		addAttached(ctx, letters, &rd, func(index int, w io.Writer) error {
			return mime.OpenAttachment(ctx, bytes.NewReader(raw), index, w, o)
		})
	}
	return rd
}

// addAttached adds the words of attached scans to a reading, marked: what was
// read from a picture a person compares with it.
func addAttached(ctx context.Context, letters *scan.Reader, rd *register.Reading, open func(index int, w io.Writer) error) {
	tried := 0
	for i, a := range rd.Attachments {
		if tried == mostAttached || !scanLike(a, rd.Text) {
			continue
		}
		tried++
		var data bytes.Buffer
		if open(i, &data) != nil {
			continue
		}
		d := letters.Read(ctx, &data, scan.Progress{Most: mostAttachedPages})
		addWords(rd, a.Filename, d)
	}
}

// scanLike reports whether an attachment may be the scan of a letter that
// nobody has read yet: no small logo, and no PDF whose own text was taken.
func scanLike(a register.Attachment, text string) bool {
	const smallest = 12 << 10
	picture := strings.HasPrefix(a.ContentType, "image/")
	unreadPDF := a.ContentType == "application/pdf" && !strings.Contains(text, "[Attachment: "+a.Filename+"]")
	return (picture || unreadPDF) && a.Size >= smallest && a.Size <= mostAttachedBytes
}

func addWords(rd *register.Reading, name string, d scan.Document) {
	var words []string
	confidence := 1.0
	for i := range d.Pages {
		if p := &d.Pages[i]; p.LetterLike() {
			words, confidence = append(words, p.Text()), min(confidence, p.Confidence)
		}
	}
	if len(words) == 0 {
		return
	}
	text := strings.Join(words, "\n\n")
	rd.Text = strings.TrimSpace(rd.Text + "\n\n[Attachment: " + name + "]\n" + text)
	rd.NewText = strings.TrimSpace(rd.NewText + "\n\n" + text)
	if rd.Paper == nil {
		rd.Paper = &register.Paper{}
	}
	rd.Paper.Doubts = append(rd.Paper.Doubts, "part of the text was read from the attached picture "+name)
	rd.Pages += len(words)
	rd.OCRConfidence = confidence
}
