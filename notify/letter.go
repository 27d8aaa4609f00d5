package notify

import (
	"context"
	"errors"
	"time"

	"postroom/internal/paper"
	"postroom/internal/register"
	"postroom/templates"
)

// A Letter is what is printed of a composed outgoing.
type Letter struct {
	To    []string // the address as printed
	Pages int
	Large bool
}

var errNoPress = errors.New("letters cannot be printed here")

// letter prints what was rendered for the case's postal address.
func (c *Composer) letter(o register.Claimed, shown templates.Rendered, data templates.Reply, now time.Time) (*Letter, []byte, error) {
	if c.Press == nil || o.TheCase == nil {
		return nil, nil, errNoPress
	}
	to, err := paper.Address(o.TheCase.Addressee())
	if err != nil {
		return nil, nil, err
	}
	large := o.LargePrint || c.LargePrint
	printed, err := c.Paper(shown, data, to, large, now)
	if err != nil {
		return nil, nil, err
	}
	return &Letter{To: to, Pages: printed.Pages, Large: large}, printed.PDF, nil
}

// inTray is the fate of a letter that is printed: a person posts it.
const inTray fate = "to print"

// layInTray gives a letter to the people who print and post it. Its bytes are
// in the archive.
func (w *Worker) layInTray(ctx context.Context, j *job) result {
	errs, err := w.cfg.Register.Tray(ctx, []register.Printed{{
		Beginning: register.Beginning{ID: j.ID, Attempt: j.Attempt, Bytes: j.bytesName, Subject: j.mail.Subject, Guard: j.verdict.Reason, Promised: j.mail.Promised},
		Address:   j.mail.Letter.To, Pages: j.mail.Letter.Pages, Large: j.mail.Letter.Large,
	}})
	switch err = first(errs, err); {
	case errors.Is(err, register.ErrStale):
		return result{fate: notOurs}
	case err != nil:
		return result{fate: tryAgain, why: "the register could not be written", down: true}
	}
	return result{fate: inTray}
}

// unprintable reports whether a letter waits for a person because of its
// characters, length or address. Its error names characters of a resident's
// words, which are nothing for a log.
func unprintable(err error) bool {
	if _, is := errors.AsType[*paper.UnprintableError](err); is {
		return true
	}
	_, is := errors.AsType[*paper.AddressError](err)
	return is || errors.Is(err, paper.ErrTooLong)
}

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
