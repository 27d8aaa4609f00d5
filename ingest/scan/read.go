package scan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// keptName is what a file is called in its private folder, whatever it is.
const keptName = "original"

// mostPicture bounds what is read into memory of a file that is not a PDF.
const mostPicture = 256 << 20

// A Progress lets reading go on where it was broken off. Both may be nil.
type Progress struct {
	Known func(number int) (Page, bool) // a page that was read before
	Done  func(Page)                    // a page was read; never called by two at once
	Most  int                           // pages that are read at most, the first of the file; 0: all
}

// Read reads a file. The file's bytes are asked for once, and nothing of them
// is believed but what they are.
func (r *Reader) Read(ctx context.Context, original io.Reader, p Progress) Document {
	dir, done, err := r.private()
	if err != nil {
		return Document{Error: "the file could not be read because this machine has no room: " + err.Error()}
	}
	defer done()
	d := Document{}
	name := filepath.Join(dir, keptName)
	if err := keep(name, original); err != nil {
		d.Error = "the file could not be read: " + err.Error()
		return d
	}
	var leaves []leaf
	if d.Format, err = sniffFile(name); err == nil {
		leaves, err = r.leaves(ctx, dir, name, d.Format)
	}
	switch {
	case ctx.Err() != nil:
		d.Error = "reading was stopped"
	case err != nil:
		d.Error = err.Error()
		d.NoPrograms = errors.Is(err, errNoPrograms)
	default:
		if p.Most > 0 && len(leaves) > p.Most {
			d.Left, leaves = len(leaves)-p.Most, leaves[:p.Most]
		}
		d.Pages = r.readLeaves(ctx, dir, leaves, p)
		d.Error = nothingRead(d.Pages)
	}
	return d
}

func keep(name string, original io.Reader) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600) //nolint:gosec // our own name in our own folder
	if err != nil {
		return err
	}
	_, err = io.Copy(f, original)
	return errors.Join(err, f.Close())
}

var (
	errEmpty      = errors.New("the file is empty; scan the letter again")
	errUnknown    = errors.New("the file is neither a PDF nor a picture; scan the letter as PDF")
	errNoPrograms = errors.New("text not read: the programs that read letters are not installed")
)

func sniffFile(name string) (string, error) {
	f, err := os.Open(name) //nolint:gosec // our own name in our own folder
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // only read
	head := make([]byte, 4096)
	n, err := io.ReadFull(f, head)
	if n == 0 {
		return "", errEmpty
	}
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", err
	}
	if format := Sniff(head[:n]); format != "" {
		return format, nil
	}
	return "", errUnknown
}

// leaves lists the pages of a file, unread.
func (r *Reader) leaves(ctx context.Context, dir, name, format string) ([]leaf, error) {
	if format == formatText {
		text, err := readBounded(name, int64(r.c.Limits.Text))
		return []leaf{{number: 1, born: true, text: cleanText(string(text), r.c.Limits.Text)}}, err
	}
	if missing := r.Missing(); len(missing) > 0 {
		return nil, fmt.Errorf("%w: %s", errNoPrograms, strings.Join(missing, ", "))
	}
	if format == formatPDF {
		return r.pdfLeaves(ctx, dir)
	}
	data, err := readBounded(name, mostPicture)
	if err != nil {
		return nil, err
	}
	if format == formatTIFF {
		return r.tiffLeaves(dir, data)
	}
	open := func(context.Context) (picture, string, error) { return r.decodePicture(format, data) }
	if format == formatHEIC {
		open = func(ctx context.Context) (picture, string, error) { return r.heic(ctx, dir, data) }
	}
	return []leaf{{number: 1, open: open}}, nil
}

func (r *Reader) pdfLeaves(ctx context.Context, dir string) ([]leaf, error) {
	pages, err := r.pdfPages(ctx, dir)
	if err != nil {
		return nil, err
	}
	leaves := make([]leaf, len(pages))
	for i, p := range pages {
		leaves[i] = leaf{number: i + 1, text: p.text, born: p.bornDigital(), open: func(ctx context.Context) (picture, string, error) {
			pic, err := r.draw(ctx, dir, p)
			return pic, "", err
		}}
	}
	return leaves, nil
}

func (r *Reader) tiffLeaves(dir string, data []byte) ([]leaf, error) {
	pages, err := r.tiffPages(data)
	if err != nil {
		return nil, err
	}
	leaves := make([]leaf, len(pages))
	for i, p := range pages {
		leaves[i] = leaf{number: i + 1, open: func(ctx context.Context) (picture, string, error) {
			pic, err := r.decodeTIFF(ctx, dir, data, p)
			if p.last {
				return pic, "the file breaks off after this page: more of the letter, or other letters, may be missing", err
			}
			return pic, "", err
		}}
	}
	return leaves, nil
}

// readLeaves reads the pages that are not known yet, as many at once as the
// reader has slots.
func (r *Reader) readLeaves(ctx context.Context, dir string, leaves []leaf, p Progress) []Page {
	pages := make([]Page, len(leaves))
	var all sync.WaitGroup
	var telling sync.Mutex
	for i, l := range leaves {
		if p.Known != nil {
			if page, ok := p.Known(l.number); ok {
				pages[i] = page
				continue
			}
		}
		r.slots <- struct{}{}
		all.Go(func() {
			defer func() { <-r.slots }()
			pages[i] = r.readSafely(ctx, dir, l)
			if p.Done != nil && ctx.Err() == nil {
				telling.Lock()
				defer telling.Unlock()
				p.Done(pages[i])
			}
		})
	}
	all.Wait()
	return pages
}

// readSafely gives each page a folder of its own, and turns a decoder's panic
// into a page that could not be read.
func (r *Reader) readSafely(ctx context.Context, dir string, l leaf) (page Page) {
	defer func() {
		if v := recover(); v != nil {
			page = Page{Number: l.number, Error: fmt.Sprintf("page %d broke the program that opens it; scan it again", l.number)}
		}
	}()
	if ctx.Err() != nil {
		return Page{Number: l.number, Error: "reading was stopped"}
	}
	// A page is read up to seven times over; one that takes the time of three is
	// one on which nothing is to be had.
	ctx, end := context.WithTimeout(ctx, 3*r.c.Limits.PageTime)
	defer end()
	page = r.readLeaf(ctx, dir, l)
	page.settleSuspect()
	return page
}

// nothingRead says why, when no page of a file could be read.
func nothingRead(pages []Page) string {
	why := ""
	for i := range pages {
		if pages[i].Error == "" {
			return ""
		}
		if why == "" {
			why = pages[i].Error
		}
	}
	return why
}
