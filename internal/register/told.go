package register

import "postroom/classify"

// Told is what only post has that was typed into a form: by a resident, by an
// officer who heard them, or by another system of the landlord's.
type Told struct {
	By        string   `json:"by"`        // the officer or system that took it down; empty: the resident, by the form
	How       string   `json:"how"`       // in an officer's words: "at the office"
	Heard     string   `json:"heard"`     // who heard it, where somebody else took it down
	Phone     string   `json:"phone"`     // to reach the resident by
	Postal    []string `json:"postal"`    // a line each, without the name
	Answer    Wish     `json:"answer"`    // how they want to be answered
	Wanted    []string `json:"wanted"`    // what would put it right, a line each
	Reference string   `json:"reference"` // of an earlier complaint, as it was typed
	Needs     []string `json:"needs"`     // what they need from us, in words
	Large     bool     `json:"large"`     // and of that: large print
	ForOther  bool     `json:"for_other"` // they speak for somebody else
	Danger    bool     `json:"danger"`    // whoever took it down says that somebody is in danger now
	Thinks    Label    `json:"thinks"`    // what that officer thinks it is; empty: the rules say
	Decides   bool     `json:"decides"`   // that officer goes on to decide on it, which the rules leave to them
	ReadBack  bool     `json:"read_back"` // the words were read back to the resident, who agreed
	// Vouched: whoever took it down knows who spoke: an officer, or a system
	// that the resident had signed in to. Nobody vouches for the form.
	Vouched bool `json:"vouched"`

	// What another system of the landlord's says of it; nobody else does.
	TheirID  string `json:"their_id,omitempty"` // its own number for it
	Customer string `json:"customer,omitempty"` // the resident's or the tenancy's number there
	Request  string `json:"request,omitempty"`  // the SHA-256 of what it sent
}

// A Wish is how somebody wants to be answered.
type Wish string

// The wishes.
const (
	WishesEmail  Wish = "email"
	WishesLetter Wish = "letter"
	WishesPhone  Wish = "phone" // and a letter to follow
)

// byPaper reports whether somebody asked to be answered on paper, and said
// where they live.
func (t *Told) byPaper() bool {
	return t != nil && len(t.Postal) > 0 && (t.Answer == WishesLetter || t.Answer == WishesPhone || t.Large)
}

// unreachable says why nobody can be answered, or "".
func unreachable(f Facts) string {
	switch {
	case f.Reading.ReplyAddress().Address != "" || f.Channel == Letter:
		return ""
	case f.Channel == Email:
		return "nobody can be answered: no usable sender's address"
	case len(f.Reading.PostalAddress) == 0:
		return "nobody can be answered: neither an email address nor a home is known"
	}
	return ""
}

// Apply puts what was said into what the rules found: a person's word outdoes
// theirs where it asks for more care, and never where it asks for less.
func (t *Told) Apply(v *Verdict) {
	if t == nil {
		return
	}
	flag := func(f classify.Flag, on bool) {
		if on && !v.Has(f) {
			v.Flags = append(v.Flags, f)
		}
	}
	flag(classify.Hazard, t.Danger)
	flag(classify.Representative, t.ForOther)
	if t.Danger {
		v.HazardLevel = classify.Emergency
	}
	if len(t.Wanted) > 0 {
		v.Definition.Outcomes = t.Wanted
	}
}

// Doubt says why a person must look at what an officer took down, or "".
func (t *Told) Doubt(v Verdict) string {
	switch {
	case t == nil:
		return ""
	case t.Decides:
		return t.By + " took it down on the case’s page to decide on it there"
	case t.Thinks == "" || t.Thinks == v.Label:
		return ""
	}
	return t.By + " thinks that it is something else than the rules do: a person decides"
}
