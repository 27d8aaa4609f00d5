package scan

import (
	"context"
	"math"
	"slices"
)

// A leaf is a page before it is read.
type leaf struct {
	number int
	text   string // the file's own
	born   bool   // that text is all there is: a computer made the page
	open   func(ctx context.Context) (p picture, mended string, err error)
}

// readLeaf reads one page. Whatever happens becomes a page that says so.
func (r *Reader) readLeaf(ctx context.Context, dir string, l leaf) Page {
	page := Page{Number: l.number}
	if l.born && !sheetWords(l.text) {
		page.take(typed(l.text), FromText)
		return page
	}
	p, mended, err := l.open(ctx)
	switch {
	case err != nil && wordy(l.text):
		page.take(typed(l.text), FromText)
		page.doubt("the picture of the page cannot be opened; the text is what the scanner read")
		return page
	case err != nil:
		page.Error = err.Error()
		return page
	case mended != "":
		page.Repairs = append(page.Repairs, mended)
		page.doubt(mended)
	}
	r.readPicture(ctx, dir, p, &page)
	if own := typed(l.text); wordy(l.text) && commonWords(l.text) > commonWords(page.Text()) && !page.Blank && page.Sheet == nil {
		page.take(own, FromText)
		page.doubt("the text is what the scanner read, which was more than we could read")
	}
	return page
}

// LetterLike reports whether a picture that somebody attached to a mail is
// the picture of a letter: words, and common ones among them.
func (p *Page) LetterLike() bool {
	return p.Error == "" && p.Words >= 15 && p.Confidence >= 0.5 && commonWords(p.Text()) >= 4
}

func (p *Page) doubt(why string) {
	if !slices.Contains(p.Doubts, why) {
		p.Doubts = append(p.Doubts, why)
	}
}

// A view is a picture made ready: turned, straightened, and its sketch.
type view struct {
	p      picture
	s      *sketch
	turned int
	skew   float64
}

func viewOf(p picture, turned int) *view {
	v := &view{p: p, s: sketchOf(p.gray), turned: turned}
	if v.skew = v.s.skew(); v.skew != 0 {
		v.p.gray = rotated(p.gray, -v.skew)
		v.s = sketchOf(v.p.gray)
	}
	return v
}

// readPicture reads what stands in a picture.
func (r *Reader) readPicture(ctx context.Context, dir string, p picture, page *Page) {
	p.wipeSurround()
	if r.sheet(p, page) {
		return
	}
	v := viewOf(p, 0)
	if v.s.sideways() {
		if turn := r.lies(ctx, dir, p.gray, p.dpi); turn != 0 {
			v = viewOf(p.clockwise(turn), turn)
		}
	}
	got := r.ocr(ctx, dir, v.p.gray, v.p.dpi, 3, r.c.Languages[0])
	v, got = r.turnedAgain(ctx, dir, p, v, got)
	got = r.whole(ctx, dir, v, got)
	got = r.otherLanguage(ctx, dir, v, got)
	page.Turned, page.Skew = v.turned, v.skew
	page.judge(v, got)
	if p.fax {
		page.doubt("the letter came by fax, which blurs small letters")
	}
	if v.p.stamp != nil {
		page.Stamp = r.readStamp(ctx, dir, v.p)
	}
}

// turnedAgain looks whether a page that was read badly lies upside down.
// Handwriting is often taken for a turned page: only what reads better turned
// is turned.
func (r *Reader) turnedAgain(ctx context.Context, dir string, p picture, v *view, got reading) (*view, reading) {
	if got.mean() >= turnedConfidence && got.words > 5 || v.turned != 0 || len(v.s.text()) < blankBlots {
		return v, got
	}
	turn := r.lies(ctx, dir, p.gray, p.dpi)
	if turn == 0 {
		return v, got
	}
	other := viewOf(p.clockwise(turn), turn)
	if again := r.ocr(ctx, dir, other.p.gray, other.p.dpi, 3, r.c.Languages[0]); again.sure() > got.sure() && again.mean() > got.mean() {
		return other, again
	}
	return v, got
}

// leastCovered is the share of the ink that words must be found for.
const leastCovered = 0.85

// whole reads a page another way when words seem to be missing.
func (r *Reader) whole(ctx context.Context, dir string, v *view, got reading) reading {
	for _, mode := range []int{4, 6} {
		if v.s.covered(&got) >= leastCovered || len(v.s.text()) < blankBlots {
			return got
		}
		if again := r.ocr(ctx, dir, v.p.gray, v.p.dpi, mode, r.c.Languages[0]); again.sure() > got.sure() {
			got = again
		}
	}
	return got
}

// otherLanguage reads a page again in the language that its words look like.
func (r *Reader) otherLanguage(ctx context.Context, dir string, v *view, got reading) reading {
	language := tesseractLanguage(got.text())
	if language == "" || !slices.Contains(r.c.Languages[1:], language) {
		return got
	}
	if again := r.ocr(ctx, dir, v.p.gray, v.p.dpi, 3, language); again.sure() > got.sure()*0.9 {
		return again
	}
	return got
}

// judge takes a reading over and says how far it can be trusted.
func (p *Page) judge(v *view, got reading) {
	p.take(got, FromOCR)
	blots := len(v.s.text())
	switch {
	case got.words < 3 && blots < blankBlots:
		p.Blank, p.Lines = true, nil
		return
	case got.words == 0 && got.why != "":
		p.Error = "the page could not be read: " + got.why
		return
	case got.words == 0:
		p.doubt("there is something on the page that could not be read")
	case got.mean() < sureConfidence || got.low*10 > got.words:
		p.doubt("the page is written by hand, or was hard to read")
	}
	if v.s.covered(&got) < leastCovered {
		p.doubt("words may be missing from the text")
	}
}

func (p *Page) take(got reading, from Source) {
	p.Source, p.Words = from, got.words
	p.Confidence = math.Round(got.mean()*10) / 1000
	p.Lines = got.pageLines()
}
