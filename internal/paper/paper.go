// Package paper owns everything that is printed: letters on A4 for window
// envelopes, cover sheets, test sheets, and the PDF that joins them for the
// printer. It knows nothing of registers, mail or templates, and imports
// nothing of ours; gofpdf is known here alone.
//
// A letter is laid out before gofpdf hears of it. So every character was
// looked up in a font, every page is counted, and what cannot be printed
// rightly is an error that names it, for a person to deal with. The same
// letter always gives the same bytes.
package paper

import (
	"errors"
	"fmt"
	"strings"
)

// Measures of the sheet, in millimetres.
const (
	sheetWidth  = 210.0
	sheetHeight = 297.0
	point       = 25.4 / 72 // one point
)

// MaxPages is the longest letter: five sheets on both sides, which is what
// GOV.UK Notify takes and a C5 envelope carries at one postage.
const MaxPages = 10

// ErrTooLong says that a letter would have more than MaxPages pages.
var ErrTooLong = errors.New("the letter would be longer than 10 pages")

// An UnprintableError names the characters that no font here can print
// rightly. A person writes them another way.
type UnprintableError struct {
	Where      string // "the address" or "the text"
	Characters []rune
}

func (e *UnprintableError) Error() string {
	named := make([]string, len(e.Characters))
	for i, r := range e.Characters {
		named[i] = fmt.Sprintf("%c (U+%04X)", r, r)
	}
	return e.Where + " has characters that cannot be printed rightly: " + strings.Join(named, ", ")
}

// An AddressError says why a letter cannot be posted to an address.
type AddressError struct{ Why string }

func (e *AddressError) Error() string { return "the postal address cannot be used: " + e.Why }

// A BlockKind says how a block is set.
type BlockKind string

// The kinds of block.
const (
	Heading   BlockKind = "heading"
	Important BlockKind = "important" // must not be missed
	Fact      BlockKind = "fact"      // a label and a value
	Item      BlockKind = "item"      // of a list
	Quote     BlockKind = "quote"     // somebody else's words
	Paragraph BlockKind = "paragraph"
)

// A Block is one piece of a letter.
type Block struct {
	Kind  BlockKind
	Label string // of a fact
	Words string
}
