package ingest

import (
	"bytes"
	"context"
	"io"
	"strings"
	"time"

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
	fewWords          = 40              // a mail with as many says itself what it is about
	mostAttachedTime  = 5 * time.Minute // many times what honest ones take
)

// readAttached reads scans that a resident attached, so that the rules see
// the letter and not only "please see attached". A photograph of mould has no
// words, and adds none.
func (r *Reader) readAttached(ctx context.Context, original io.ReaderAt, m register.Message, rd *register.Reading) {
	if r.c.Letters == nil || rd.Automatic != "none" || len(r.c.Letters.Missing()) > 0 {
		return
	}
	ctx, end := context.WithTimeout(ctx, mostAttachedTime)
	defer end()
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
	tried, own := 0, len(strings.Fields(rd.NewText))
	for i, a := range rd.Attachments {
		if !scanLike(a, rd.Text) {
			continue
		}
		if tried == mostAttached {
			if own < fewWords { // what it is about may stand in the others
				doubt(rd, "not all attached pictures were read; look at them")
			}
			return
		}
		tried++
		var data bytes.Buffer
		if open(i, &data) != nil {
			continue
		}
		d := letters.Read(ctx, &data, scan.Progress{Most: mostAttachedPages})
		addWords(rd, a.Filename, d)
		if d.Left > 0 && own < fewWords {
			doubt(rd, "not all pages of "+a.Filename+" were read; look at them")
		}
		if ctx.Err() != nil {
			doubt(rd, "reading the attached pictures took too long; look at them")
			return
		}
	}
}

func doubt(rd *register.Reading, why string) {
	if rd.Paper == nil {
		rd.Paper = &register.Paper{}
	}
	rd.Paper.Doubts = append(rd.Paper.Doubts, why)
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
	doubt(rd, "part of the text was read from the attached picture "+name)
	rd.Pages += len(words)
	rd.OCRConfidence = confidence
}
