package paper

import (
	"bytes"
	"fmt"
	"time"

	"github.com/jung-kurt/gofpdf"
)

// TestSheet prints a sheet to try a profile with: the places drawn, an address
// of seven lines, and what to do with it.
func (p *Press) TestSheet(made time.Time) (Printed, error) {
	l := Letter{
		To:        []string{"Line 1: the name", "Line 2", "Line 3", "Line 4", "Line 5", "Line 6: the town", "BS1 7AA"},
		Title:     "Test sheet: " + p.profile.Name,
		Reference: "TEST SHEET",
		Blocks:    p.testWords(),
		Made:      made,
	}
	s, err := p.layout(l)
	if err != nil {
		return Printed{}, err
	}
	doc := newDocument(l)
	p.addFonts(doc, s)
	doc.AddPage()
	p.drawHead(doc, sheetSet{address: s.address, contact: s.contact, name: s.name, left: s.left})
	drawRows(doc, s.pages[0], s.left)
	p.drawPlaces(doc)
	var b bytes.Buffer
	if err := doc.Output(&b); err != nil {
		return Printed{}, fmt.Errorf("paper: write test sheet: %w", err)
	}
	return Printed{PDF: b.Bytes(), Pages: 1}, nil
}

func (p *Press) testWords() []Block {
	words := []Block{
		{Kind: Paragraph, Words: p.profile.About + "."},
		{Kind: Item, Words: "Print this sheet at 100\u00a0%, not “fit to page”. The line below must be 100\u00a0mm long."},
	}
	if p.profile.Envelope.Fold > 0 {
		words = append(words,
			Block{Kind: Item, Words: fmt.Sprintf("Fold it at the marks, %g mm from the top, and put it into the envelope.", p.profile.Envelope.Fold)},
			Block{Kind: Item, Words: "Tap it against each of the four edges. All seven lines must show each time, and no other words."},
			Block{Kind: Item, Words: "If a line hides, choose another profile, or give the envelope’s measures in the configuration."})
	} else {
		words = append(words, Block{Kind: Item, Words: "The address must lie inside the dashed frame, which is where the printing service reads it."})
	}
	return words
}

// drawPlaces draws where the address stands, what a window can reach, where to
// fold, and a line to measure.
func (p *Press) drawPlaces(doc *gofpdf.Fpdf) {
	doc.SetLineWidth(0.2)
	doc.SetDrawColor(0, 0, 0)
	frame := func(r Rect, dash ...float64) {
		doc.SetDashPattern(dash, 0)
		doc.Rect(r.Left, r.Top, r.width(), r.height(), "D")
	}
	frame(p.profile.Address)
	frame(p.profile.Reach, 2, 1)
	doc.SetDashPattern([]float64{}, 0)
	for y := p.profile.Envelope.Fold; y > 0 && y < sheetHeight; y += p.profile.Envelope.Fold {
		doc.Line(0, y, 8, y)
		doc.Line(sheetWidth-8, y, sheetWidth, y)
	}
	y := sheetHeight - 40
	doc.Line(p.profile.Address.Left, y, p.profile.Address.Left+100, y)
	for x := 0.0; x <= 100; x += 10 {
		doc.Line(p.profile.Address.Left+x, y-2, p.profile.Address.Left+x, y)
	}
}
