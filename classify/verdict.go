// Package classify owns what a message is, and why: rules in, evidence and a
// verdict out. It is pure: it touches no clock, file or network, and imports
// nothing of ours.
package classify

import "slices"

// A Label is what the rules, or an officer, call a message. The label answers
// one question: which clock runs.
type Label string

// The labels, in the Code's terms (Housing Ombudsman Complaint Handling Code
// 2024, provisions 1.2 to 1.5 and 6.10 to 6.12).
const (
	Complaint      Label = "complaint"       // an expression of dissatisfaction, however made (1.2)
	Stage2         Label = "stage2"          // a request to take a complaint to stage 2; no reasons needed (6.12)
	ServiceRequest Label = "service_request" // a request to put something right, without dissatisfaction (1.4)
	FollowUp       Label = "follow_up"       // adds to or asks about something already known, contentedly
	Enquiry        Label = "enquiry"         // a question, praise, a suggestion, a survey answer
	NotActionable  Label = "not_actionable"  // machine mail, spam, post for somebody else
)

// Labels lists every label in the order in which pages and reports show them.
func Labels() []Label {
	return []Label{Complaint, Stage2, ServiceRequest, FollowUp, Enquiry, NotActionable}
}

// A Flag tells who else must know; flags are independent of the label.
type Flag string

// The flags.
const (
	Hazard             Flag = "hazard"
	Vulnerable         Flag = "vulnerable"
	Safeguarding       Flag = "safeguarding"
	Legal              Flag = "legal"
	Representative     Flag = "representative"
	WantsLetter        Flag = "wants_letter"
	InformationRequest Flag = "information_request"
)

// Flags lists every flag.
func Flags() []Flag {
	return []Flag{Hazard, Vulnerable, Safeguarding, Legal, Representative, WantsLetter, InformationRequest}
}

// A HazardLevel grades the flag Hazard as Awaab's Law does.
type HazardLevel string

// The hazard levels; the empty one stands for no hazard.
const (
	NoHazard    HazardLevel = ""
	Significant HazardLevel = "significant"
	Emergency   HazardLevel = "emergency"
)

// A Route says whether the rules are sure enough to act alone.
type Route string

// The routes.
const (
	Auto   Route = "auto"
	Review Route = "review"
)

// Evidence is one rule that fired, with the words that made it fire.
type Evidence struct {
	Rule   string  `json:"rule"`
	Why    string  `json:"why"`   // the reason that the rule gives, in plain English
	Label  string  `json:"label"` // the label, flag or topic that the weight counts for
	Weight float64 `json:"weight"`
	Quote  string  `json:"quote"`
	Start  int     `json:"start"` // byte offsets into the text that was judged; 0, 0 when the words are elsewhere (the subject line, a fact)
	End    int     `json:"end"`
}

// A Definition is the Code's complaint definition (5.6): what went wrong and
// the outcomes sought, in the resident's own words.
type Definition struct {
	Issues   []string `json:"issues"`
	Outcomes []string `json:"outcomes"`
}

// Empty reports whether nothing clear was said, so that a person must write
// the definition.
func (d Definition) Empty() bool { return len(d.Issues) == 0 }

// A Verdict is what the rules say of a message.
type Verdict struct {
	Label        Label       `json:"label"`
	Second       Label       `json:"second"` // the next likeliest label; empty when there is no other
	Confidence   float64     `json:"confidence"`
	Route        Route       `json:"route"`
	Why          string      `json:"why"` // one sentence that an officer can argue with
	Topics       []string    `json:"topics"`
	Flags        []Flag      `json:"flags"`
	HazardLevel  HazardLevel `json:"hazard_level"`
	Language     string      `json:"language"` // BCP 47, "und" when unknown
	Evidence     []Evidence  `json:"evidence"`
	Definition   Definition  `json:"definition"`
	RulesVersion string      `json:"rules_version"`
}

// Has reports whether the verdict carries the flag.
func (v Verdict) Has(f Flag) bool {
	return slices.Contains(v.Flags, f)
}

// A Message is what the rules are given to judge. Only the resident's new
// words count: quoted mail, signatures and form labels are left out by the
// reader before.
type Message struct {
	Channel     string // "email", "letter", "form", "phone", "visit", "portal"
	Subject     string
	Text        string // new text; evidence offsets are bytes of it
	Attachments int    // how many attachments that are not inline pictures
	Automatic   string // "none" or the kind of automatic mail (RFC 3834, RFC 3464 and kin)
	ReplyToOurs bool   // it answers one of our own messages
	OCR         bool   // the text was read from a scan, and may hold misread letters
	Unread      string // why the text could not be read; empty when it was
}

// Context is the state of the case that the message joins. The zero value is
// a message that joins nothing.
type Context struct {
	Joins          bool // there is a case
	CaseKind       Label
	Stage          int  // 1 or 2
	Stage1Answered bool // a stage 1 answer has gone out: unhappiness now asks for stage 2
	Stage2Answered bool
}
