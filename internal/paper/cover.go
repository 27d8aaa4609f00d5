package paper

import (
	"strconv"
	"time"
)

// A Batch is what the cover sheet of a print batch says.
type Batch struct {
	Name    string
	Date    string // in words
	PostBy  string // in words; empty: nothing is said
	Double  bool   // printed on both sides
	Letters []BatchLetter
	Made    time.Time
}

// A BatchLetter is one line of the cover sheet.
type BatchLetter struct {
	Reference string
	Pages     int
	Large     bool
	Enclosed  bool // a file is printed and put in with it
}

// Sheets is how many sheets of paper a letter takes.
func (b Batch) Sheets(l BatchLetter) int {
	if b.Double {
		return (l.Pages + 1) / 2
	}
	return l.Pages
}

// Cover prints the cover sheet. It names references and nobody: it lies open
// in the post room.
func (p *Press) Cover(b Batch) (Printed, error) {
	pages, sheets := 0, 0
	for _, l := range b.Letters {
		pages += l.Pages
		sheets += b.Sheets(l)
	}
	sides := "one side of each sheet"
	if b.Double {
		sides = "both sides; each letter begins on a new sheet"
	}
	facts := []Block{
		{Kind: Fact, Label: "Letters", Words: strconv.Itoa(len(b.Letters))},
		{Kind: Fact, Label: "Pages", Words: strconv.Itoa(pages)},
		{Kind: Fact, Label: "Sheets", Words: strconv.Itoa(sheets) + ", without this cover"},
		{Kind: Fact, Label: "Print", Words: sides},
		{Kind: Fact, Label: "Made", Words: b.Date},
	}
	if b.PostBy != "" {
		facts = append(facts, Block{Kind: Fact, Label: "Post by", Words: b.PostBy})
	}
	words := append(facts,
		Block{Kind: Paragraph, Words: "Count the envelopes against this list. A letter that is spoilt is pulled from the batch and printed again. When all are posted, mark the batch as posted with the date."})
	for i, l := range b.Letters {
		words = append(words, Block{Kind: Fact, Label: strconv.Itoa(i + 1), Words: b.line(l)})
	}
	return p.inside(Letter{Title: "Print batch " + b.Name + ": do not post this sheet", Reference: "Batch " + b.Name, Blocks: words, Made: b.Made})
}

func (b Batch) line(l BatchLetter) string {
	line := l.Reference + ": " + counted(l.Pages, "page") + ", " + counted(b.Sheets(l), "sheet")
	if l.Large {
		line += ", large print"
	}
	if l.Enclosed {
		line += "; PRINT ITS ENCLOSED FILE and put it in"
	}
	return line
}

// inside prints a sheet for the post room, without address and head.
func (p *Press) inside(l Letter) (Printed, error) {
	set := setter{faces: p.faces, size: 12, width: sheetWidth - 40}
	s := sheetSet{left: 20, size: set.size}
	s.pages = paginate(set.blocks(p.titled(l)), 20, 20, sheetHeight-20)
	s.footers = p.footers(l, len(s.pages), &set)
	if len(set.lost) > 0 {
		return Printed{}, &UnprintableError{"the sheet", distinct(set.lost)}
	}
	return p.draw(s, l)
}

func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.Itoa(n) + " " + what
}
