package scan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Letter is one letter of a file.
type Letter struct {
	Pages      []int // of the file, from 1; blank backs are left out
	Text       string
	Confidence float64  // mean of all words, 0 to 1
	Doubts     []string // why a person must look, each in a sentence
	Repairs    []string // what was mended, each in a sentence
	Error      string   // why nothing could be read, in a sentence
	Received   string   // the day that the separator sheet before it says, 2006-01-02
	Stamped    string   // the day that a received stamp on it says, 2006-01-02
	Writer     Writer
}

// Blanks says what a blank page between two others means.
type Blanks string

// The meanings of a blank page.
const (
	BlanksAuto   Blanks = "auto"   // a letter ends at it where the next page begins like one; otherwise it is a back
	BlanksSplit  Blanks = "split"  // a letter ends at it
	BlanksIgnore Blanks = "ignore" // it is a back
)

// Splitting says how a file of many letters is parted, besides at separator
// sheets. The zero value is BlanksAuto.
type Splitting struct{ Blanks Blanks }

// Letters parts a file into its letters. held says why a person must part it
// instead; then the letters are none. A file that could not be read is one
// letter, with that error.
func Letters(d Document, s Splitting) (letters []Letter, held string) {
	if d.Error != "" {
		return []Letter{{Error: d.Error, Pages: numbers(d.Pages)}}, ""
	}
	for i := range d.Pages {
		if d.Pages[i].Suspect && len(d.Pages) > 1 {
			return nil, fmt.Sprintf("page %d looks like a separator sheet that cannot be read: where one letter ends and the next begins is for a person to say", d.Pages[i].Number)
		}
	}
	for _, g := range groups(d.Pages, s) {
		if n := g.anotherLetter(); n != 0 {
			return nil, fmt.Sprintf("page %d begins like another person's letter, and no separator sheet is before it: whether it is one is for a person to say", n)
		}
		letters = append(letters, letterOf(g))
	}
	if len(letters) == 0 {
		return []Letter{{Error: "all pages are blank; were they scanned the wrong way up?", Pages: numbers(d.Pages)}}, ""
	}
	return letters, ""
}

// LetterOn is the letter on those pages, as a person parted the file. The last
// sheet before them says when it was received.
func LetterOn(d Document, pages []int) Letter {
	if d.Error != "" {
		return Letter{Error: d.Error, Pages: pages}
	}
	var g group
	for i := range d.Pages {
		p := &d.Pages[i]
		switch {
		case slices.Contains(pages, p.Number):
			g.pages = append(g.pages, p)
		case len(g.pages) == 0 && p.Sheet != nil:
			g.sheet = p.Sheet
		}
	}
	if len(g.pages) == 0 {
		return Letter{Error: "the pages of this letter were not found in the file again; look at the whole file", Pages: pages}
	}
	return letterOf(g)
}

// A group is the pages between two separators.
type group struct {
	pages []*Page
	sheet *Sheet
}

func groups(pages []Page, s Splitting) []group {
	var all []group
	var now group
	end := func(next group) {
		if len(now.pages) > 0 {
			all = append(all, now)
		}
		now = next
	}
	blank := false // the page before was
	for i := range pages {
		p := &pages[i]
		if p.Sheet == nil && !p.Blank {
			if blank && s.Blanks != BlanksIgnore && (s.Blanks == BlanksSplit || p.begins() != "") {
				end(group{sheet: now.sheet})
			}
			now.pages = append(now.pages, p)
		}
		if blank = p.Blank; p.Sheet != nil {
			end(group{sheet: p.Sheet})
		}
	}
	end(group{})
	return all
}

// begins is the postcode at the top of a page that begins like a letter. It is
// empty for other pages.
func (p *Page) begins() string {
	return p.opening().postcode
}

// opening is the address at the top of a page that begins like a letter: an
// address, and a date or a salutation below it.
func (p *Page) opening() block {
	head := headOf(p.Lines)
	b := addressBlock(head)
	if b.postcode == "" || !b.first || p.salutation() == "" && dated(head) == "" {
		return block{}
	}
	return b
}

// salutation is the line near the top of a page that greets somebody.
func (p *Page) salutation() string {
	for _, l := range p.Lines[:min(2*headLines, len(p.Lines))] {
		if salutation.MatchString(l.Text) {
			return l.Text
		}
	}
	return ""
}

// anotherLetter finds a page that begins like another person's letter: better
// a person looks than that one resident reads what another wrote. An enclosed
// copy of our own letter is addressed to the writer, and begins with the
// writer's address or none.
func (g group) anotherLetter() int {
	var own block
	signed := ""
	for i, p := range g.pages {
		b := p.opening()
		if own.postcode != "" && b.postcode != "" && !own.sameHouse(b) || g.anotherSigns(i, signed) {
			return p.Number
		}
		if own.postcode == "" {
			own = b
		}
		signed = cmp.Or(signed, signedBelow(p.Lines))
	}
	return 0
}

// anotherSigns reports whether a page greets somebody anew, after a letter that
// was signed, and somebody of another name signs below: neighbours share a
// postcode, and many people leave it out. A letter that greets the first one
// was sent to them.
func (g group) anotherSigns(i int, signed string) bool {
	greeted := g.pages[i].salutation()
	if signed == "" || greeted == "" || sameSurname(greetedName(greeted), signed) {
		return false
	}
	for j, p := range g.pages[i:] {
		if j > 0 && p.salutation() != "" {
			return false
		}
		if by := signedBelow(p.Lines); by != "" {
			return !sameSurname(by, signed)
		}
	}
	return false
}

// greetedName takes the comma off "Dear Mrs Quill,".
func greetedName(salutation string) string { return strings.TrimRight(salutation, " ,.:;") }

func numbers(pages []Page) []int {
	var all []int
	for i := range pages {
		all = append(all, pages[i].Number)
	}
	return all
}

func letterOf(g group) Letter {
	var l Letter
	if g.sheet != nil {
		l.Received = g.sheet.Received
	}
	var lines []PageLine
	sum, words, unread := 0.0, 0, 0
	for _, p := range g.pages {
		l.Pages = append(l.Pages, p.Number)
		lines = append(lines, PageLine{})
		lines = append(lines, p.Lines...)
		sum, words = sum+p.Confidence*float64(p.Words), words+p.Words
		l.note(p, len(g.pages) > 1)
		if p.Error != "" {
			unread++
			l.Error = p.Error
		}
	}
	if unread < len(g.pages) {
		l.Error = ""
	}
	if words > 0 {
		l.Confidence = sum / float64(words)
	}
	lines = l.takeStamp(lines, g.pages)
	l.Text = textOf(lines)
	l.Writer = writerOf(lines, len(l.Doubts) == 0)
	if l.Text == "" && l.Error == "" {
		l.Error = "no words were found on the page; read it in the picture"
	}
	return l
}

// note collects what the pages' readings leave open.
func (l *Letter) note(p *Page, many bool) {
	which := ""
	if many {
		which = fmt.Sprintf("page %d: ", p.Number)
	}
	for _, d := range p.Doubts {
		l.Doubts = append(l.Doubts, which+d)
	}
	for _, r := range p.Repairs {
		l.Repairs = append(l.Repairs, which+r)
	}
	if p.Error != "" {
		l.Doubts = append(l.Doubts, which+p.Error)
	}
}

// takeStamp takes the received stamp out of the resident's words.
func (l *Letter) takeStamp(lines []PageLine, pages []*Page) []PageLine {
	for _, p := range pages {
		if day := stampDay(p.Stamp); day != "" && l.Stamped == "" {
			l.Stamped = day
		}
	}
	kept := make([]PageLine, 0, len(lines))
	for _, line := range lines {
		stamp := stampOn(line.Text)
		if day := stampDay(stamp); day != "" {
			if l.Stamped == "" && line.Confidence >= sureStamp {
				l.Stamped = day
			}
			line.Text = withoutStamp(line.Text, stamp)
			if !hasLetter(line.Text) {
				continue
			}
		}
		kept = append(kept, line)
	}
	return kept
}

// textOf joins lines; an empty one stands between paragraphs, never two.
func textOf(lines []PageLine) string {
	var out []string
	for _, l := range lines {
		if l.Text != "" || len(out) > 0 && out[len(out)-1] != "" {
			out = append(out, l.Text)
		}
	}
	out = slices.Clip(out)
	return strings.TrimSpace(strings.Join(out, "\n"))
}
