package paper

import (
	"bytes"
	"errors"
	"fmt"
	"image/png"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/jung-kurt/gofpdf"
)

// A Sender is who letters are from, as the head of each shows it.
type Sender struct {
	Name    string
	Lines   []string // postal address, phone, and so on
	Logo    []byte   // PNG or JPEG; none: the name stands there
	Profile Profile
}

// A Press prints letters. It is immutable and may be used by many at once.
type Press struct {
	sender  Sender
	faces   faces
	profile Profile
	logo    []byte
	logoW   float64 // in millimetres
	logoH   float64
}

// NewPress loads the fonts and the logo.
func NewPress(s Sender) (*Press, error) {
	f, err := loadFaces()
	if err != nil {
		return nil, err
	}
	return pressWith(s, f)
}

func pressWith(s Sender, f faces) (*Press, error) {
	p := &Press{sender: s, faces: f, profile: s.Profile}
	var err error
	if len(s.Logo) > 0 {
		if p.logo, err = readLogo(s.Logo); err != nil {
			return nil, err
		}
		size, err := png.DecodeConfig(bytes.NewReader(p.logo))
		if err != nil {
			return nil, fmt.Errorf("paper: logo: %w", err)
		}
		p.logoH = min(18, 85*float64(size.Height)/float64(size.Width))
		p.logoW = p.logoH * float64(size.Width) / float64(size.Height)
	}
	return p, p.checkHead()
}

// A Letter is what is to be printed.
type Letter struct {
	To        []string // as Address made it
	Date      string   // in words
	Title     string   // what the letter is, above its text
	Reference string
	PageWords string // such as "Page {page} of {pages}", which it is when empty
	Blocks    []Block
	Large     bool      // large print
	Made      time.Time // what the file says
}

// Printed is a letter as a PDF.
type Printed struct {
	PDF   []byte
	Pages int
}

// Sizes of text in points: clear print and large print, of the letter and of
// the sender's block at its right.
const (
	normalSize, largeSize     = 14.0, 18.0
	normalSender, largeSender = 12.0, 16.0
	smallestSender            = 12.0
)

// Print lays a letter out and prints it. The error is an *UnprintableError or
// ErrTooLong where a person must change the letter, or an *AddressError.
func (p *Press) Print(l Letter) (out Printed, err error) {
	defer func() {
		if broken := recover(); broken != nil {
			out, err = Printed{}, fmt.Errorf("paper: gofpdf broke: %v", broken)
		}
	}()
	s, err := p.layout(l)
	if err != nil {
		return Printed{}, err
	}
	return p.draw(s, l)
}

// A sheetSet is a whole letter, laid out.
type sheetSet struct {
	address []placed
	contact []placed
	name    []placed // in the logo's place
	pages   [][]placed
	footers [][2][]piece // reference and page
	left    float64      // of the text
	size    float64
}

func (p *Press) layout(l Letter) (sheetSet, error) {
	s := sheetSet{size: normalSize, left: p.left()}
	small := normalSender
	if l.Large {
		s.size, small = largeSize, largeSender
	}
	var err error
	if s.address, err = p.setAddress(l.To); err != nil {
		return s, err
	}
	set := setter{faces: p.faces, size: s.size, width: sheetWidth - marginRight - s.left}
	rows := set.blocks(p.titled(l))
	bottom := sheetHeight - bottomMargin - 2.5*s.size*leading*point
	s.pages = paginate(rows, p.profile.Body, 20, bottom)
	s.contact = p.setContact(l.Date, small, &set.lost)
	s.name = p.setName(&set.lost)
	s.footers = p.footers(l, len(s.pages), &set)
	if len(set.lost) > 0 {
		return s, &UnprintableError{"the text", distinct(set.lost)}
	}
	if len(s.pages) > MaxPages {
		return s, ErrTooLong
	}
	return s, nil
}

// titled puts the letter's title before its text.
func (p *Press) titled(l Letter) []Block {
	if l.Title == "" {
		return l.Blocks
	}
	return append([]Block{{Kind: Heading, Words: l.Title}}, l.Blocks...)
}

// setContact sets the sender's block and the date under it, in the largest
// size in which every line stays one line.
func (p *Press) setContact(date string, most float64, lost *[]rune) []placed {
	for size := most; ; size-- {
		rows, whole := p.contactRows(date, size, lost)
		high := heightOf(rows, true) > contactBottom-contactTop
		if size <= smallestSender || whole && !high {
			return paginate(rows, contactTop, contactTop, math.Inf(1))[0]
		}
	}
}

// contactRows sets the block in one size. whole says that no line was broken.
func (p *Press) contactRows(date string, size float64, lost *[]rune) (rows []row, whole bool) {
	column := setter{faces: p.faces, size: size, width: contactRight - contactLeft}
	whole = true
	add := func(line string, of []face, before float64) {
		set := column.rows(line, of, size, 0, false)
		if len(set) > 0 {
			set[0].before = before * size * point
		}
		whole = whole && len(set) < 2
		rows = append(rows, set...)
	}
	if len(p.logo) > 0 {
		add(p.sender.Name, p.faces.bold, 0)
	}
	for _, line := range p.sender.Lines {
		add(line, p.faces.regular, 0)
	}
	add(date, p.faces.regular, 1)
	*lost = append(*lost, column.lost...)
	return rows, whole
}

// checkHead refuses a head that does not fit its place even in the smallest
// size.
func (p *Press) checkHead() error {
	var lost []rune
	rows, _ := p.contactRows("Wednesday 30 September 2026", smallestSender, &lost)
	name := p.setName(&lost)
	switch {
	case len(lost) > 0:
		return fmt.Errorf("paper: sender: %w", &UnprintableError{"the letter's head", distinct(lost)})
	case heightOf(rows, true) > contactBottom-contactTop:
		return fmt.Errorf("paper: sender: %d lines are too many for the head of a letter", len(p.sender.Lines))
	case len(name) > 0 && name[len(name)-1].y > logoBottom:
		return errors.New("paper: sender: the name is too long for the head of a letter")
	}
	return nil
}

// setName sets the sender's name where there is no logo.
func (p *Press) setName(lost *[]rune) []placed {
	if len(p.logo) > 0 {
		return nil
	}
	column := setter{faces: p.faces, width: logoRight - 5 - p.left()}
	rows := column.rows(p.sender.Name, p.faces.bold, 20, 0, false)
	if len(rows) > 1 {
		rows = column.rows(p.sender.Name, p.faces.bold, 14, 0, false)
	}
	*lost = append(*lost, column.lost...)
	return paginate(rows, 14, 14, math.Inf(1))[0]
}

func (p *Press) footers(l Letter, pages int, set *setter) [][2][]piece {
	words := l.PageWords
	if words == "" {
		words = "Page {page} of {pages}"
	}
	all := make([][2][]piece, pages)
	for i := range all {
		page := strings.NewReplacer("{page}", strconv.Itoa(i+1), "{pages}", strconv.Itoa(pages)).Replace(words)
		all[i] = [2][]piece{pieces(clean(l.Reference), p.faces.regular, &set.lost), pieces(clean(page), p.faces.regular, &set.lost)}
	}
	return all
}

// edge keeps the address off the edge of its block: some letters lean out.
const edge = 0.5

// left is where text begins, address and body alike.
func (p *Press) left() float64 { return p.profile.Address.Left + edge }

// Sizes of the address in points, and the least distance of its lines in
// millimetres.
const (
	addressSize, smallestAddress = 11.0, 9.0
	addressLeading               = 0.4 // millimetres for each point
	smallestPitch                = smallestAddress * addressLeading
)

// setAddress sets the address as large as the window lets it.
func (p *Press) setAddress(lines []string) ([]placed, error) {
	room := p.profile.Address
	var set [][]piece
	var lost []rune
	widest := 1.0
	for _, line := range lines {
		one := pieces(clean(line), p.faces.regular, &lost)
		set = append(set, one)
		widest = max(widest, widthOf(one))
	}
	if len(lost) > 0 {
		return nil, &UnprintableError{"the address", distinct(lost)}
	}
	size := min(addressSize, (room.width()-2*edge)*1000/(widest*point), room.height()/(addressLeading*float64(max(1, len(set)))))
	switch {
	case len(set) == 0:
		return nil, &AddressError{"there is none"}
	case size < smallestAddress && room.height() < smallestPitch*float64(len(set)):
		return nil, &AddressError{fmt.Sprintf("it has %d lines, and the window of the envelope %s does not show so many", len(set), p.profile.Name)}
	case size < smallestAddress:
		return nil, &AddressError{"a line is too long for the window of the envelope " + p.profile.Name}
	}
	var all []placed
	for i, one := range set {
		y := room.Top + float64(i)*size*addressLeading + size*point
		all = append(all, placed{row{text: one, size: size}, y})
	}
	return all, nil
}

// draw prints what was laid out.
func (p *Press) draw(s sheetSet, l Letter) (Printed, error) {
	doc := newDocument(l)
	p.addFonts(doc, s)
	for i, page := range s.pages {
		doc.AddPage()
		if i == 0 && len(s.address) > 0 {
			p.drawHead(doc, s)
		}
		drawRows(doc, page, s.left)
		y := sheetHeight - bottomMargin - 3
		drawPieces(doc, s.footers[i][0], s.left, y, s.size)
		number := s.footers[i][1]
		drawPieces(doc, number, sheetWidth-marginRight-widthOf(number)*s.size*point/1000, y, s.size)
	}
	var b bytes.Buffer
	if err := doc.Output(&b); err != nil {
		return Printed{}, fmt.Errorf("paper: write PDF: %w", err)
	}
	if b.Len() == 0 {
		return Printed{}, errors.New("paper: write PDF: nothing was written")
	}
	return Printed{PDF: b.Bytes(), Pages: len(s.pages)}, nil
}

// newDocument begins a PDF whose bytes depend on the letter alone.
func newDocument(l Letter) *gofpdf.Fpdf {
	doc := gofpdf.New("P", "mm", "A4", "")
	doc.SetCatalogSort(true)
	doc.SetCreationDate(l.Made.UTC())
	doc.SetModificationDate(l.Made.UTC())
	doc.SetProducer("Postroom", true)
	doc.SetTitle(l.Reference, true)
	doc.SetAutoPageBreak(false, 0)
	doc.SetMargins(0, 0, 0)
	return doc
}

func (p *Press) drawHead(doc *gofpdf.Fpdf, s sheetSet) {
	if len(p.logo) > 0 {
		kind := gofpdf.ImageOptions{ImageType: "PNG"}
		doc.RegisterImageOptionsReader("logo", kind, bytes.NewReader(p.logo))
		doc.ImageOptions("logo", s.left, 11, p.logoW, p.logoH, false, kind, 0, "")
	}
	drawRows(doc, s.name, s.left)
	drawRows(doc, s.address, s.left)
	drawRows(doc, s.contact, contactLeft)
}

// addFonts adds what the letter uses, and nothing else: each font costs the
// time of reading it.
func (p *Press) addFonts(doc *gofpdf.Fpdf, s sheetSet) {
	used := map[*face]bool{}
	mark := func(all []piece) {
		for _, one := range all {
			used[one.face] = true
		}
	}
	for _, page := range append([][]placed{s.address, s.contact, s.name}, s.pages...) {
		for _, r := range page {
			mark(r.text)
			mark(r.label)
		}
	}
	for _, f := range s.footers {
		mark(f[0])
		mark(f[1])
	}
	addFonts(doc, used, p.faces.regular)
	addFonts(doc, used, p.faces.bold)
}

func drawRows(doc *gofpdf.Fpdf, rows []placed, left float64) {
	for i, r := range rows {
		if r.bar {
			top := r.y - r.size*point
			height := r.height()
			if i+1 < len(rows) && rows[i+1].bar && rows[i+1].before == 0 {
				height = rows[i+1].y - r.y
			}
			doc.SetFillColor(90, 90, 90)
			doc.Rect(left+0.6, top, 0.9, height, "F")
		}
		drawPieces(doc, r.label, left+r.label0, r.y, r.size)
		drawPieces(doc, r.text, left+r.left, r.y, r.size)
	}
}

func drawPieces(doc *gofpdf.Fpdf, all []piece, x, y, size float64) {
	for _, one := range all {
		doc.SetFont(one.face.family, one.face.style, size)
		doc.Text(x, y, one.text)
		x += one.width * size * point / 1000
	}
}
