package paper

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Record is what is printed for the files and not for the post: a case's
// timeline, of any length.
type Record struct {
	Title     string
	Reference string // at the foot of each sheet
	Blocks    []Block
	Made      time.Time
}

// Record prints a record. A character that no font here has is written as its
// number: a record is printed whole, whatever anybody wrote.
func (p *Press) Record(r Record) (out Printed, err error) {
	defer func() {
		if broken := recover(); broken != nil {
			out, err = Printed{}, fmt.Errorf("paper: gofpdf broke: %v", broken)
		}
	}()
	l := Letter{Title: r.Title, Reference: r.Reference, Blocks: r.Blocks, Made: r.Made}
	out, err = p.inside(l)
	if lost, is := errors.AsType[*UnprintableError](err); is {
		l.Title, l.Reference = numbered(l.Title, lost.Characters), numbered(l.Reference, lost.Characters)
		l.Blocks = slices.Clone(l.Blocks)
		for i, b := range l.Blocks {
			l.Blocks[i].Label, l.Blocks[i].Words = numbered(b.Label, lost.Characters), numbered(b.Words, lost.Characters)
		}
		out, err = p.inside(l)
	}
	return out, err
}

// numbered writes characters as their numbers, such as [U+1F600].
func numbered(s string, those []rune) string {
	var b strings.Builder
	for _, r := range s {
		if slices.Contains(those, r) {
			fmt.Fprintf(&b, "[U+%04X]", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
