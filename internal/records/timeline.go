package records

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"postroom/internal/paper"
	"postroom/internal/workday"
)

// addTimeline prints what happened to a case, day by day, where there is a
// press.
func (p *pack) addTimeline(c casePaper) error {
	if p.k.Press == nil {
		return nil
	}
	printed, err := p.k.Press.Record(paper.Record{Title: "Case " + c.Reference, Reference: c.Reference, Blocks: timeline(c), Made: p.at})
	if err != nil {
		return err
	}
	return p.add("timeline.pdf", bytes.NewReader(printed.PDF))
}

// timeline is a case in words: what it is, its deadlines, every step.
func timeline(c casePaper) []paper.Block {
	fact := func(label, words string) paper.Block {
		return paper.Block{Kind: paper.Fact, Label: label, Words: words}
	}
	say := func(kind paper.BlockKind, words string) paper.Block { return paper.Block{Kind: kind, Words: words} }
	kind := plain(c.Kind)
	if c.Stage > 0 {
		kind += fmt.Sprintf(", stage %d", c.Stage)
	}
	all := []paper.Block{fact("What it is", kind), fact("Opened", when(c.OpenedAt))}
	if c.ClosedAt != nil {
		all = append(all, fact("Closed", when(c.ClosedAt)+" ("+plain(c.ClosedWhy)+")"))
	}
	all = append(all, fact("Printed", when(c.MadeAt)), say(paper.Heading, "Deadlines"))
	for _, k := range c.Clocks {
		words := fmt.Sprintf("%s: from %s, due on %s", plain(k.Name), k.Start.Long(), k.Due.Long())
		if k.Due != k.BaseDue {
			words += ", extended from " + k.BaseDue.Long()
		}
		if k.Promised != "" {
			words += ", promised for " + k.Promised
		}
		words += ". Met: " + when(k.MetAt)
		if k.Missed {
			words += ". MISSED"
		}
		all = append(all, say(paper.Item, words+"."))
	}
	for _, a := range c.Answers {
		all = append(all, say(paper.Heading, fmt.Sprintf("Answer at stage %d: %s", a.Stage, plain(a.Outcome))), say(paper.Paragraph, fmt.Sprintf("By %s, given %s.", a.By, when(a.GivenAt))))
		for _, r := range a.Remedies {
			all = append(all, say(paper.Item, r))
		}
	}
	var day workday.Date
	for _, line := range c.Timeline {
		if on := workday.DateOf(line.At); on != day {
			day = on
			all = append(all, say(paper.Heading, on.Long()))
		}
		all = append(all, say(paper.Item, step(line)))
	}
	return all
}

// step is a line of a history in words, without ids and checksums, which
// case.json has.
func step(l linePaper) string {
	var told []string
	for name, value := range l.Detail {
		if !opaque(value) {
			told = append(told, plain(name)+": "+plain(value))
		}
	}
	slices.Sort(told)
	subject, _, _ := strings.Cut(l.Subject, ":")
	words := fmt.Sprintf("%s %s, %s: %s", l.At.In(workday.London()).Format("15:04"), subject, l.By, plain(l.What))
	if len(told) > 0 {
		words += " (" + strings.Join(told, "; ") + ")"
	}
	if l.Words != "" {
		words += ". In words: " + l.Words
	}
	return words
}

// opaque reports whether a value says nothing to a reader: an id, a checksum,
// an instant as a number.
func opaque(value string) bool {
	if len(value) < 16 {
		return false
	}
	if _, err := time.Parse(time.RFC3339, value); err == nil {
		return false
	}
	return strings.Trim(value, "0123456789abcdefghijklmnopqrstuvwxyz") == "" && strings.ContainsAny(value, "0123456789")
}
