package ingest

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"

	"postroom/ingest/mime"
	"postroom/internal/archive"
	"postroom/internal/queue"
	"postroom/internal/register"
)

// AnyScanner in a list of scanners' addresses stands for all mail of its
// mailbox.
const AnyScanner = "*"

// noReplyToScanner is why nobody ever answers a scanner's mail.
const noReplyToScanner = "it came from a scanner, or to the scanners' mailbox"

// fromScanner reports whether a mail only carries scans: it came to a mailbox
// of scanners, or from one that our own mail server vouches for.
func (r *Reader) fromScanner(m register.Message, rd register.Reading) bool {
	if m.Channel != register.Email {
		return false
	}
	scanners := r.c.Scanners[m.Source]
	if slices.Contains(scanners, AnyScanner) {
		return true
	}
	return rd.Authenticated && slices.ContainsFunc(scanners, func(a string) bool { return strings.EqualFold(a, rd.From.Address) })
}

// takeScans registers each scan that a scanner's mail carries as a letter,
// received with the mail, and closes the mail. What holds no scan is shown to
// a person, and never answered. It returns the pieces that are still to be
// opened.
func (r *Reader) takeScans(ctx context.Context, pieces []*piece) ([]*piece, error) {
	var rest []*piece
	for _, p := range pieces {
		if !r.fromScanner(p.message, p.opening.Reading) {
			rest = append(rest, p)
			continue
		}
		letters, why, err := r.scansOf(ctx, p)
		if err != nil {
			return nil, err
		}
		if why != "" {
			p.opening.Problem, p.opening.Reading.DoNotAnswer = why, noReplyToScanner
			rest = append(rest, p)
			continue
		}
		got, err := r.c.Register.SplitMail(ctx, p.message.ID, letters)
		if err != nil {
			return nil, err
		}
		r.c.Step("split")
		r.c.Logger.InfoContext(ctx, "scans taken out of a mail", slog.String("message_id", p.message.ID), slog.Int("scans", len(got)))
		var items []queue.Item
		for _, l := range got {
			if l.State == register.Arrived {
				items = append(items, queue.Item{ID: l.ID, Deadline: l.Deadline.End()})
			}
		}
		_ = r.c.Queue.Put(ctx, LetterLane, items...) // the sweep finds what is lost of it
	}
	return rest, nil
}

// scansOf puts the scans of a mail into the archive, each as an original of
// its own, or says why that cannot be.
func (r *Reader) scansOf(ctx context.Context, p *piece) (letters []register.Arrival, why string, err error) {
	if p.opening.Problem != "" || p.opening.Reading.Error != "" {
		return nil, "a scanner's mail could not be read; open it and scan the letters again", nil
	}
	var writers []*archive.Writer
	defer func() {
		for _, w := range writers {
			w.Abort()
		}
	}()
	for i, a := range p.opening.Reading.Attachments {
		if !isScan(a) {
			continue
		}
		w, err := r.c.Archive.Create(ctx)
		if err != nil {
			return nil, "", err
		}
		writers = append(writers, w)
		if err := r.openAttachment(ctx, p.message, i, w); err != nil {
			if errors.Is(err, ctx.Err()) && ctx.Err() != nil || errors.Is(err, archive.ErrAway) {
				return nil, "", err
			}
			return nil, "a scan in a scanner's mail could not be taken out; open the mail and scan the letter again", nil
		}
	}
	if len(writers) == 0 {
		return nil, "a scanner's mail holds no scan", nil
	}
	stored, err := r.c.Archive.Commit(ctx, writers)
	writers = nil // done with, whatever happens
	if err != nil {
		return nil, "", err
	}
	m := p.message
	for _, s := range stored {
		letters = append(letters, register.Arrival{
			Fingerprint: s.SHA256, Original: s.SHA256, Size: s.Size, Channel: register.Letter, Source: m.Source,
			Junk: m.Junk, History: m.History, ReceivedAt: m.ReceivedAt, Basis: m.Basis,
		})
	}
	return letters, "", nil
}

// isScan reports whether what a scanner sent is a letter: all files are, and of
// what stands within the mail all but small pictures. Some scanners call their
// scans inline, and a letter too many is better than one too few.
func isScan(a register.Attachment) bool {
	const logo = 50 << 10
	switch {
	case a.Size == 0:
		return false
	case !a.Inline, a.ContentType == "application/pdf", a.ContentType == "image/tiff":
		return true
	}
	return strings.HasPrefix(a.ContentType, "image/") && a.Size > logo
}

func (r *Reader) openAttachment(ctx context.Context, m register.Message, index int, w *archive.Writer) error {
	original, err := r.original(ctx, m)
	if err != nil {
		return err
	}
	defer original.Close() //nolint:errcheck // only read
	return mime.OpenAttachment(ctx, original, index, w, r.options(m.Source))
}
