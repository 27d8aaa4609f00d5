package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"postroom/ingest/scan"
	"postroom/internal/archive"
	"postroom/internal/register"
)

// NewLetterReader makes a reader of letters: one file at a time, its pages as
// many at once as Letters allows.
func NewLetterReader(c ReaderConfig) *Reader {
	c.Batch = 1
	r := NewReader(c)
	r.lane, r.letters = LetterLane, true
	return r
}

// readLetters takes begun files of letters the rest of their way.
func (r *Reader) readLetters(ctx context.Context, files []register.Message) error {
	for i, m := range files {
		err := r.readLetter(ctx, m)
		if errors.Is(err, archive.ErrAway) {
			return errors.Join(err, r.c.Register.Unbegin(ctx, files[i:]))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// readLetter reads one file, registers each letter of it for itself where
// there are several, and opens them. A reader that is stopped has kept the
// pages that it read.
func (r *Reader) readLetter(ctx context.Context, m register.Message) error {
	stop := r.keepLease(ctx, m)
	defer stop()
	pieces, err := r.lettersOf(ctx, m)
	if err != nil {
		return err
	}
	for _, p := range pieces {
		DoubtOurs(&p.opening.Reading, r.c.Landlord)
		if !m.History { // nothing goes out for what is history
			p.opening.Problem = LetterProblem(p.opening.Reading)
		}
		p.opening.ReceivedAt = r.sheetDay(p.opening.Reading)
	}
	if err := r.openAll(ctx, pieces); err != nil {
		return err
	}
	r.c.Logger.InfoContext(ctx, "letters read", slog.String("message_id", m.ID), slog.Int("letters", len(pieces)))
	return r.c.Register.DropPages(ctx, m.Original)
}

// lettersOf reads the letters that a message holds: what a person typed in or
// parted is taken as they say, else a file of many is split.
func (r *Reader) lettersOf(ctx context.Context, m register.Message) ([]*piece, error) {
	one := func(rd register.Reading) []*piece {
		return []*piece{{message: m, opening: register.Opening{Message: m.ID, Reading: rd}}}
	}
	if rd := m.Reading; rd != nil && rd.Paper != nil && rd.Paper.Typed != "" {
		return one(*rd), nil
	}
	byHand, err := r.c.Register.HandPages(ctx, m.ID)
	if err != nil {
		return nil, err
	}
	readings, err := r.readFile(ctx, m, byHand)
	if err := errors.Join(err, ctx.Err()); err != nil {
		return nil, err
	}
	part := register.PartNumber(m.Fingerprint)
	switch {
	case len(byHand) > 0:
		return one(readings[0]), nil
	case part == 0 && len(readings) > 1:
		return r.split(ctx, m, readings)
	}
	return one(partOf(readings, part)), nil
}

// readAgain puts letters in review that can be read now back among the unread:
// those that the fail-safe opened before anybody read them, and those that
// nobody could read for want of programs once the programs are there. While the
// archive's storage is away they stay where people see them.
func (r *Reader) readAgain(ctx context.Context) error {
	if !r.letters {
		return nil
	}
	if away := r.c.Archive.Reach(ctx); away != nil {
		return nil //nolint:nilerr // whoever reads says so
	}
	ids, err := r.c.Register.NotReadLetters(ctx, len(r.c.Letters.Missing()) == 0, sweepLimit)
	if err != nil || len(ids) == 0 {
		return err
	}
	if err := r.c.Register.ReadAgain(ctx, ids); err != nil {
		return err
	}
	r.c.Logger.InfoContext(ctx, "letters are read that could not be read before", slog.Int("letters", len(ids)))
	return nil
}

// split registers the letters of a file.
func (r *Reader) split(ctx context.Context, m register.Message, readings []register.Reading) ([]*piece, error) {
	parts := make([]register.Part, len(readings))
	for i, rd := range readings {
		parts[i] = register.Part{Number: i + 1, ReceivedAt: r.sheetDay(rd)}
	}
	letters, err := r.c.Register.SplitFile(ctx, m.ID, parts, r.c.Lease)
	if err != nil {
		return nil, err
	}
	r.c.Step("split")
	var pieces []*piece
	for _, l := range letters {
		part := register.PartNumber(l.Fingerprint)
		pieces = append(pieces, &piece{message: l, opening: register.Opening{Message: l.ID, Reading: partOf(readings, part)}})
	}
	return pieces, nil
}

// sheetDay is when a letter arrived by the separator sheet before it, which is
// the mailroom's word; zero where there is none. A stamp that a machine read is
// a proposal, which a person accepts.
func (r *Reader) sheetDay(rd register.Reading) time.Time {
	if rd.Paper == nil {
		return time.Time{}
	}
	at, _ := LetterReceived(&register.Paper{Sheet: rd.Paper.Sheet}, r.c.Now())
	return at
}

// partOf picks a letter of a file.
func partOf(readings []register.Reading, part int) register.Reading {
	switch {
	case part == 0:
		return readings[0]
	case part <= len(readings):
		return readings[part-1]
	}
	return register.Reading{
		Automatic: "none", Paper: &register.Paper{Held: true},
		Error: fmt.Sprintf("letter %d of this file was found once and not again; look at the whole file", part),
	}
}

// readFile reads a file's letters, or the one on the pages that a person
// named, going on where an earlier reader was. The error says that the
// archive's storage is away.
func (r *Reader) readFile(ctx context.Context, m register.Message, pages []int) (readings []register.Reading, away error) {
	defer func() {
		if v := recover(); v != nil {
			r.c.Logger.ErrorContext(ctx, "reading panicked", slog.String("message_id", m.ID), slog.String("panic", fmt.Sprint(v)), slog.String("stack", string(debug.Stack())))
			readings = unreadable("Postroom failed while reading this letter. The original is kept and can be downloaded.")
		}
	}()
	original, err := r.original(ctx, m)
	if errors.Is(err, archive.ErrAway) {
		return nil, err
	}
	if err != nil {
		r.failed(ctx, "an original cannot be opened", err)
		return unreadable("the original cannot be opened in the archive; tell the operator, who should run: postroom verify"), nil
	}
	defer original.Close() //nolint:errcheck // only read
	d := r.c.Letters.Read(ctx, original, r.progress(ctx, m))
	if len(pages) > 0 {
		rd := ReadLetter(scan.LetterOn(d, pages), r.c.Prefixes)
		rd.Paper.NotRead = d.NoPrograms
		return []register.Reading{rd}, nil
	}
	return ReadScan(d, r.c.Splitting, r.c.Prefixes), nil
}

func unreadable(why string) []register.Reading {
	return []register.Reading{{Automatic: "none", Error: why, Paper: &register.Paper{}}}
}

// progress keeps each page in the register. That it fails costs reading the
// page again, after a restart.
func (r *Reader) progress(ctx context.Context, m register.Message) scan.Progress {
	known := map[int]scan.Page{}
	saved, err := r.c.Register.SavedPages(ctx, m.Original)
	if err != nil {
		r.failed(ctx, "pages that were read cannot be had", err)
	}
	for _, s := range saved {
		var p scan.Page
		if json.Unmarshal([]byte(s.Reading), &p) == nil && p.Number == s.Page {
			known[s.Page] = p
		}
	}
	return scan.Progress{
		Known: func(n int) (scan.Page, bool) { p, ok := known[n]; return p, ok },
		Done: func(p scan.Page) {
			raw, err := json.Marshal(p)
			if err == nil {
				err = r.c.Register.SavePage(ctx, m.ID, m.Original, register.SavedPage{Page: p.Number, Reading: string(raw)})
			}
			if err != nil {
				r.failed(ctx, "a page that was read cannot be kept", err)
			}
			r.c.Step("page")
		},
	}
}
