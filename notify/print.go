package notify

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"postroom/internal/archive"
	"postroom/internal/paper"
	"postroom/internal/register"
	"postroom/internal/workday"
	"postroom/templates"
)

// A Printer takes letters from the tray and writes them as print batches: one
// PDF with a cover sheet for the landlord's own printer, or each letter as a
// file for a printing service to collect; and a list of what is in it.
type Printer struct {
	Register *register.Register
	Archive  *archive.Archive
	Press    *paper.Press
	Words    *templates.Set
	Folder   string // for one PDF
	Pickup   string // for single files; empty: Folder is used
	Double   bool   // printed on both sides
	most     int    // letters of a batch; 0: batchLimit
}

func (p *Printer) limit() int {
	if p.most > 0 {
		return p.most
	}
	return batchLimit
}

// ErrNothingToPrint says that the tray is empty.
var ErrNothingToPrint = errors.New("there is no letter in the tray")

// batchLimit is how many letters a batch holds at most: what people can count.
const batchLimit = 500

// Make makes a batch of the letters in the tray, soonest first: of all, or of
// those that are named and still there. It is recorded before its files are
// written: when that fails, Again writes them.
func (p *Printer) Make(ctx context.Context, by string, only ...register.ID) (register.PrintBatch, []string, error) {
	batch, err := p.Gather(ctx, by, only...)
	if err != nil {
		return batch, nil, err
	}
	files, err := p.write(ctx, batch)
	return batch, files, err
}

// Gather makes a batch as Make does and writes no files: PDF gives it to
// whoever prints it.
func (p *Printer) Gather(ctx context.Context, by string, only ...register.ID) (register.PrintBatch, error) {
	batch, err := p.record(ctx, by, only)
	for tries := 0; errors.Is(err, register.ErrConflict) && tries < 5; tries++ {
		batch, err = p.record(ctx, by, only) // somebody pulled a letter, or made a batch at this moment
	}
	if err != nil {
		return batch, fmt.Errorf("notify: make a print batch: %w", err)
	}
	return batch, nil
}

func (p *Printer) record(ctx context.Context, by string, only []register.ID) (register.PrintBatch, error) {
	letters, err := p.waiting(ctx, only)
	if err != nil {
		return register.PrintBatch{}, err
	}
	if len(letters) == 0 {
		return register.PrintBatch{}, ErrNothingToPrint
	}
	name, err := p.Register.NextBatch(ctx)
	if err != nil {
		return register.PrintBatch{}, err
	}
	return p.Register.MakeBatch(ctx, register.PrintBatch{Name: name, MadeBy: by, Pickup: p.Pickup != ""}, letters)
}

// waiting are the letters of the next batch. Those that are named need not be
// among the first of the tray: more urgent ones may have come since.
func (p *Printer) waiting(ctx context.Context, only []register.ID) ([]register.TrayLetter, error) {
	if len(only) == 0 {
		return p.Register.TrayLetters(ctx, p.limit())
	}
	return p.Register.LettersInTray(ctx, only[:min(len(only), p.limit())])
}

// Again writes a batch's files once more, without what was pulled from it,
// and records that.
func (p *Printer) Again(ctx context.Context, name, by string) (register.PrintBatch, []string, error) {
	batch, err := p.Register.BatchNamed(ctx, name)
	if err == nil {
		err = p.Register.Reprinted(ctx, batch.ID, by)
	}
	if err != nil {
		return batch, nil, fmt.Errorf("notify: print batch %s again: %w", name, err)
	}
	files, err := p.write(ctx, batch)
	return batch, files, err
}

// write writes a batch's files from the archived bytes. The list comes last:
// who sees it knows that the letters are there whole.
func (p *Printer) write(ctx context.Context, b register.PrintBatch) ([]string, error) {
	letters, err := p.Register.BatchLetters(ctx, b.ID)
	if err != nil {
		return nil, fmt.Errorf("notify: print: %w", err)
	}
	folder := p.Folder
	if b.Pickup && p.Pickup != "" {
		folder = p.Pickup
	}
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return nil, fmt.Errorf("notify: print: %w", err)
	}
	out := batchFiles{Printer: p, folder: folder, batch: b, letters: letters, first: make([]int, len(letters)), names: make([]string, len(letters)), besides: make([]string, len(letters))}
	if b.Pickup {
		err = out.single(ctx)
	} else {
		err = out.joined(ctx)
	}
	if err == nil {
		err = out.enclosures(ctx)
	}
	if err == nil {
		err = out.list()
	}
	if err != nil {
		return out.files, fmt.Errorf("notify: print batch %s: %w", b.Name, err)
	}
	return out.files, nil
}

// batchFiles are the files of one batch as they are written.
type batchFiles struct {
	*Printer
	folder  string
	batch   register.PrintBatch
	letters []register.TrayLetter
	first   []int    // page on which each letter begins
	names   []string // file in which each letter is
	besides []string // file that is printed and put in with it; empty: none
	files   []string
}

// name makes a file's name of the batch's, which has a slash in it.
func (b *batchFiles) name(suffix string) string {
	return "batch-" + strings.ReplaceAll(b.batch.Name, "/", "-") + suffix
}

// PDF writes a batch's letters as one PDF, from the archived bytes and without
// what was pulled from it.
func (p *Printer) PDF(ctx context.Context, b register.PrintBatch, w io.Writer) error {
	letters, err := p.Register.BatchLetters(ctx, b.ID)
	if err == nil {
		out := batchFiles{Printer: p, batch: b, letters: letters, first: make([]int, len(letters)), names: make([]string, len(letters))}
		err = out.join(ctx, w, "")
	}
	if err != nil {
		return fmt.Errorf("notify: print batch %s: %w", b.Name, err)
	}
	return nil
}

// joined writes one PDF in posting order, behind a cover sheet.
func (b *batchFiles) joined(ctx context.Context) error {
	name := b.name(".pdf")
	return b.put(name, func(w io.Writer) error { return b.join(ctx, w, name) })
}

func (b *batchFiles) join(ctx context.Context, w io.Writer, name string) error {
	j := paper.NewJoiner(w)
	cover, err := b.cover()
	if err != nil {
		return err
	}
	if _, err := j.Add(cover.PDF, b.Double); err != nil {
		return err
	}
	for i, l := range b.letters {
		pdf, err := b.bytes(ctx, l)
		if err != nil {
			return err
		}
		if b.first[i], err = j.Add(pdf, b.Double); err != nil {
			return fmt.Errorf("letter %s: %w", l.Reference, err)
		}
		b.names[i] = name
	}
	return j.Close("Print batch "+b.batch.Name, b.batch.MadeAt)
}

// single writes each letter as a file of its own.
func (b *batchFiles) single(ctx context.Context) error {
	for i, l := range b.letters {
		pdf, err := b.bytes(ctx, l)
		if err != nil {
			return err
		}
		b.first[i], b.names[i] = 1, b.name(fmt.Sprintf("-%03d-%s.pdf", l.Place, l.Reference))
		err = b.put(b.names[i], func(w io.Writer) error {
			_, err := w.Write(pdf)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// enclosures writes the files that go into the envelopes with their letters:
// pages that others made cannot be put among ours.
func (b *batchFiles) enclosures(ctx context.Context) error {
	for i, l := range b.letters {
		ending := enclosed(l)
		if ending == "" {
			continue
		}
		b.besides[i] = b.name(fmt.Sprintf("-%03d-%s-enclosed%s", l.Place, l.Reference, ending))
		f, err := b.Archive.Get(ctx, l.About.File)
		if err != nil {
			return fmt.Errorf("what goes with letter %s: %w", l.Reference, err)
		}
		err = b.put(b.besides[i], func(w io.Writer) error {
			_, err := io.Copy(w, f)
			return err
		})
		if err = errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	return nil
}

func (b *batchFiles) bytes(ctx context.Context, l register.TrayLetter) ([]byte, error) {
	f, err := b.Archive.Get(ctx, l.Bytes)
	if err != nil {
		return nil, fmt.Errorf("letter %s: %w", l.Reference, err)
	}
	defer f.Close() //nolint:errcheck // only read
	return io.ReadAll(f)
}

func (b *batchFiles) cover() (paper.Printed, error) {
	sheet := paper.Batch{Name: b.batch.Name, Date: b.Words.Day(templates.Date(workday.DateOf(b.batch.MadeAt))), Double: b.Double, Made: b.batch.MadeAt}
	var soonest workday.Date
	for _, l := range b.letters {
		sheet.Letters = append(sheet.Letters, paper.BatchLetter{Reference: l.Reference, Pages: l.Pages, Large: l.Large, Enclosed: enclosed(l) != ""})
		if soonest.IsZero() || l.PostBy.Before(soonest) {
			soonest = l.PostBy
		}
	}
	sheet.PostBy = b.Words.Day(templates.Date(soonest))
	return b.Press.Cover(sheet)
}

// list writes the manifest: references and nobody's name.
func (b *batchFiles) list() error {
	sheets := paper.Batch{Double: b.Double && !b.batch.Pickup}
	return b.put(b.name(".csv"), func(w io.Writer) error {
		c := csv.NewWriter(w)
		rows := [][]string{{"batch", "place", "reference", "kind", "pages", "sheets", "file", "first_page", "large_print", "post_by", "sha256", "enclosed"}}
		for i, l := range b.letters {
			one := paper.BatchLetter{Pages: l.Pages}
			rows = append(rows, []string{
				b.batch.Name, strconv.Itoa(l.Place), l.Reference, string(l.Kind), strconv.Itoa(l.Pages), strconv.Itoa(sheets.Sheets(one)),
				b.names[i], strconv.Itoa(b.first[i]), strconv.FormatBool(l.Large), l.PostBy.String(), l.Bytes, b.besides[i],
			})
		}
		return c.WriteAll(rows)
	})
}

// put writes a file whole or not at all: under another name first, flushed,
// then renamed.
func (b *batchFiles) put(name string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(b.folder, ".postroom-*.part")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	if err = write(f); err != nil {
		return err
	}
	if err = errors.Join(f.Chmod(0o640), f.Sync(), f.Close()); err != nil {
		return err
	}
	whole := filepath.Join(b.folder, name)
	if err = os.Rename(f.Name(), whole); err != nil {
		return err
	}
	b.files = append(b.files, whole)
	return syncFolder(b.folder)
}

// syncFolder makes a rename last through a power cut.
func syncFolder(folder string) error {
	d, err := os.Open(folder) //nolint:gosec // the folder of the configuration
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
