package notify

import (
	"time"

	"postroom/internal/paper"
	"postroom/templates"
)

// Paper prints a reply as a letter to an address that paper.Address made, as
// of that instant. The blocks are those of the email: there is one source of
// words.
func (c *Composer) Paper(shown templates.Rendered, r templates.Reply, to []string, large bool, made time.Time) (paper.Printed, error) {
	l := paper.Letter{
		To: to, Date: c.Words.Day(r.Today), Title: shown.Subject, Reference: r.Reference, PageWords: c.Words.PageWords(),
		Large: large || c.LargePrint, Made: made,
	}
	for _, b := range shown.Blocks {
		l.Blocks = append(l.Blocks, paper.Block{Kind: paperKind(b.Kind), Label: b.Label, Words: b.Words})
	}
	return c.Press.Print(l)
}

func paperKind(k templates.BlockKind) paper.BlockKind {
	switch k {
	case templates.Heading:
		return paper.Heading
	case templates.Important:
		return paper.Important
	case templates.Fact:
		return paper.Fact
	case templates.Item:
		return paper.Item
	case templates.Quote:
		return paper.Quote
	case templates.Paragraph:
	}
	return paper.Paragraph
}
