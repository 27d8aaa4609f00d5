package paper

import (
	"bytes"
	"fmt"
	"time"

	"github.com/jung-kurt/gofpdf"
	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/oned"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// A Separator is what a separator sheet says. It lies between two letters on
// the scanner's feed.
type Separator struct {
	Code     string // what the codes hold
	Batch    string // in words; empty: nothing is said
	Received string // in words; empty: nothing is said
	Copies   int    // sheets; fewer than one are one
	Made     time.Time
}

// Measures of the codes, in millimetres. Scanners at 150 dots an inch still
// read them, and both are there because each fails in its own way: a fold
// spoils bars, a blot spoils squares.
const (
	squareSide = 90.0
	squareTop  = 85.0
	barsWidth  = 160.0
	barsHeight = 30.0
	barsTop    = 215.0
)

// Separators prints separator sheets, all alike.
func (p *Press) Separators(s Separator) (out Printed, err error) {
	defer func() {
		if broken := recover(); broken != nil {
			out, err = Printed{}, fmt.Errorf("paper: gofpdf broke: %v", broken)
		}
	}()
	square, err := qrcode.NewQRCodeWriter().Encode(s.Code, gozxing.BarcodeFormat_QR_CODE, 0, 0, nil)
	if err != nil {
		return Printed{}, fmt.Errorf("paper: make QR code: %w", err)
	}
	bars, err := oned.NewCode128Writer().Encode(s.Code, gozxing.BarcodeFormat_CODE_128, 0, 1, nil)
	if err != nil {
		return Printed{}, fmt.Errorf("paper: make bar code: %w", err)
	}
	l := Letter{Title: "Separator sheet", Reference: s.Code, Blocks: s.words(), Made: s.Made}
	set := setter{faces: p.faces, size: normalSize, width: sheetWidth - 40}
	rows := sheetSet{left: 20, size: set.size, pages: paginate(set.blocks(p.titled(l)), 20, 20, squareTop)}
	rows.footers = p.footers(l, 1, &set)
	if len(set.lost) > 0 {
		return Printed{}, &UnprintableError{"the sheet", distinct(set.lost)}
	}
	doc := newDocument(l)
	p.addFonts(doc, rows)
	copies := max(1, s.Copies)
	for range copies {
		doc.AddPage()
		drawRows(doc, rows.pages[0], rows.left)
		drawCode(doc, square, (sheetWidth-squareSide)/2, squareTop, squareSide, squareSide)
		drawCode(doc, bars, (sheetWidth-barsWidth)/2, barsTop, barsWidth, barsHeight)
		drawPieces(doc, rows.footers[0][0], rows.left, barsTop+barsHeight+10, rows.size)
	}
	var b bytes.Buffer
	if err := doc.Output(&b); err != nil {
		return Printed{}, fmt.Errorf("paper: write PDF: %w", err)
	}
	return Printed{PDF: b.Bytes(), Pages: copies}, nil
}

func (s Separator) words() []Block {
	use := "Lay one sheet before each letter. The sheets can be used again and again."
	if s.Received != "" {
		use = "Lay one sheet before each letter. Use these sheets for this day’s post only."
	}
	words := []Block{{Kind: Paragraph, Words: use}}
	if s.Batch != "" {
		words = append(words, Block{Kind: Fact, Label: "Batch", Words: s.Batch})
	}
	if s.Received != "" {
		words = append(words, Block{Kind: Fact, Label: "Received", Words: s.Received})
	}
	return words
}

// drawCode fills a box with the dark modules of a code, run by run.
func drawCode(doc *gofpdf.Fpdf, code *gozxing.BitMatrix, left, top, width, height float64) {
	w, h := width/float64(code.GetWidth()), height/float64(code.GetHeight())
	doc.SetFillColor(0, 0, 0)
	for y := range code.GetHeight() {
		for x := 0; x < code.GetWidth(); x++ {
			run := 0
			for x+run < code.GetWidth() && code.Get(x+run, y) {
				run++
			}
			if run > 0 {
				doc.Rect(left+float64(x)*w, top+float64(y)*h, float64(run)*w, h, "F")
				x += run
			}
		}
	}
}
