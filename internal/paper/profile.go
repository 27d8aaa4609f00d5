package paper

import (
	"fmt"
	"math"
	"slices"
)

// A Rect is a part of the sheet, in millimetres from its top left corner.
type Rect struct{ Left, Top, Right, Bottom float64 }

func (r Rect) width() float64  { return r.Right - r.Left }
func (r Rect) height() float64 { return r.Bottom - r.Top }

// An Envelope is a window envelope and how the sheet is folded for it, in
// millimetres. The sheet lies loose in it, so what the window shows moves.
type Envelope struct {
	Width, Height float64 // of the envelope
	WindowLeft    float64 // from the envelope's left edge
	WindowTop     float64 // from its top edge
	WindowWidth   float64
	WindowHeight  float64
	Fold          float64 // height of the panel that faces the window
}

// clearance is the white margin that readers of addresses want around them.
const clearance = 2

// safe is the part of the sheet that shows in the window however the sheet
// lies, less the margin.
func (e Envelope) safe() Rect {
	x, y := e.play()
	return Rect{e.WindowLeft + clearance, e.WindowTop + clearance, e.WindowLeft + e.WindowWidth - x - clearance, e.WindowTop + e.WindowHeight - y - clearance}
}

// reach is the part of the sheet that can come into the window at all.
func (e Envelope) reach() Rect {
	x, y := e.play()
	return Rect{e.WindowLeft - x, e.WindowTop - y, e.WindowLeft + e.WindowWidth, e.WindowTop + e.WindowHeight}
}

// play is how far the folded sheet can slip to the right and down.
func (e Envelope) play() (x, y float64) {
	return math.Max(0, e.Width-sheetWidth), math.Max(0, e.Height-e.Fold)
}

// A Profile says where things may stand on a letter's first page.
type Profile struct {
	Name     string
	About    string   // for whoever chooses one
	Address  Rect     // the address stands inside
	Reach    Rect     // nothing but the address may stand here
	Body     float64  // the text begins below
	Envelope Envelope // zero where somebody else puts the letter into its envelope
}

// Zones of the first page that all profiles share: they are those of GOV.UK
// Notify's letter specification, so that any letter may be handed to a printer
// that checks them.
const (
	logoTop, logoBottom       = 5.0, 30.0
	logoRight                 = 125.0
	contactLeft, contactRight = 126.0, 194.0
	contactTop, contactBottom = 15.0, 94.0
	marginRight               = 20.0 // Notify wants 15 at least
	bottomMargin              = 5.0
)

// NewProfile works a profile out of an envelope's measures.
func NewProfile(name, about string, e Envelope) (Profile, error) {
	p := Profile{Name: name, About: about, Address: e.safe(), Reach: e.reach(), Envelope: e}
	p.Body = math.Max(96, p.Reach.Bottom+2)
	a := p.Address
	switch {
	case e.Width < sheetWidth || e.Fold <= 0 || e.Height < e.Fold:
		return p, fmt.Errorf("paper: envelope %s: an A4 sheet folded at %g mm does not fit into %g x %g mm", name, e.Fold, e.Width, e.Height)
	case a.width() < 60 || a.height() < minLines*smallestPitch:
		return p, fmt.Errorf("paper: envelope %s: what surely shows in the window is %.0f x %.0f mm, too small for an address", name, a.width(), a.height())
	case a.Left < 15 || p.Reach.Right > contactLeft || a.Top < logoBottom || p.Body > 150:
		return p, fmt.Errorf("paper: envelope %s: the window stands where the letter's head or text is", name)
	}
	return p, nil
}

// NotifyProfile is the address block of GOV.UK Notify's letter specification:
// 95.4 x 26.8 mm, 24.6 mm from the left and 39.5 mm from the top.
func NotifyProfile() Profile {
	block := Rect{24.6, 39.5, 120, 66.3}
	return Profile{
		Name: "notify", About: "GOV.UK Notify's letter specification, for printers that follow it; not for ordinary DL envelopes",
		Address: Rect{block.Left + 1, block.Top + 0.5, block.Right - 1, block.Bottom - 0.5}, Reach: block, Body: 96,
	}
}

// Profiles lists the named profiles. Window positions are the trade's usual
// ones; print the test sheet before you rely on any.
func Profiles() []Profile {
	all := []Profile{NotifyProfile()}
	for _, p := range []struct {
		name, about string
		e           Envelope
	}{
		{"dl-35x90", "DL, window 35 x 90 mm, 20 mm from the left and 18 mm from the bottom; folded at 105 mm", Envelope{220, 110, 20, 57, 90, 35, 105}},
		{"dl-39x93", "DL, window 39 x 93 mm, 20 mm from the left and 53 mm from the top; folded at 105 mm", Envelope{220, 110, 20, 53, 93, 39, 105}},
		{"c5", "C5, window 44 x 90 mm, 20 mm from the left and 60 mm from the bottom; folded in half", Envelope{229, 162, 20, 58, 90, 44, 148.5}},
	} {
		if made, err := NewProfile(p.name, p.about, p.e); err == nil {
			all = append(all, made)
		}
	}
	return all
}

// ProfileNamed finds a named profile.
func ProfileNamed(name string) (Profile, bool) {
	all := Profiles()
	i := slices.IndexFunc(all, func(p Profile) bool { return p.Name == name })
	if i < 0 {
		return Profile{}, false
	}
	return all[i], true
}
