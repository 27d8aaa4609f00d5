package workday

import (
	"errors"
	"fmt"
	"time"
)

// An Anchor is the event whose date is day 0 of a clock.
type Anchor string

// The anchors.
const (
	Receipt         Anchor = "receipt"         // the complaint reached the landlord
	Request         Anchor = "request"         // the request for stage 2 reached the landlord
	Acknowledgement Anchor = "acknowledgement" // the same stage's acknowledgement was sent, or was due if that is earlier
)

// The names of the clocks.
const (
	Stage1Acknowledgement = "stage1_acknowledgement"
	Stage1Answer          = "stage1_answer"
	Stage2Acknowledgement = "stage2_acknowledgement"
	Stage2Answer          = "stage2_answer"
)

// ClockNames lists every clock in the order in which they run.
func ClockNames() []string {
	return []string{Stage1Acknowledgement, Stage1Answer, Stage2Acknowledgement, Stage2Answer}
}

// A Rule is one clock: so many working days from its anchor. The zero value is
// a clock that the scheme does not have.
type Rule struct {
	Days int    `json:"days" yaml:"days"`
	From Anchor `json:"from" yaml:"from"`
}

// Exists reports whether the scheme has the clock.
func (r Rule) Exists() bool { return r.Days > 0 }

// A Stage is one of a scheme's two stages.
type Stage struct {
	Acknowledge Rule `json:"acknowledge" yaml:"acknowledge"`
	Answer      Rule `json:"answer" yaml:"answer"`
	Extension   int  `json:"extension" yaml:"extension"` // working days that the answer's date may move on; 0 when no number is set
}

// A Scheme is a complaint code's clocks as data. DefaultScheme counts as
// strictly as the code can be read: the day of receipt is day 0 whatever day it
// is, and a day lasts until midnight in London.
type Scheme struct {
	ID     string `json:"id" yaml:"id"`
	Name   string `json:"name" yaml:"name"`
	Nation Nation `json:"nation" yaml:"nation"` // in which the code is used; empty: in any
	Stage1 Stage  `json:"stage1" yaml:"stage1"`
	Stage2 Stage  `json:"stage2" yaml:"stage2"`

	// ReceiptDayCounts makes the day of receipt day 1, or the next working day
	// when it is none, for clocks that run from receipt or request.
	ReceiptDayCounts bool `json:"receipt_day_counts" yaml:"receipt_day_counts"`
	// RollNonworkingReceipt treats post of a weekend or holiday as received on
	// the next working day: one day more than the strict reading gives.
	RollNonworkingReceipt bool `json:"roll_nonworking_receipt" yaml:"roll_nonworking_receipt"`
	// CutOff, as HH:MM in London, treats post of that time or later as received
	// the next day. Empty, the default, is midnight.
	CutOff string `json:"cut_off" yaml:"cut_off"`

	EffectiveFrom Date `json:"effective_from" yaml:"effective_from"` // no date: not known
	EffectiveTo   Date `json:"effective_to" yaml:"effective_to"`     // no date: still in force
}

// DefaultScheme is the Housing Ombudsman's Complaint Handling Code 2024,
// provisions 6.2 to 6.4 and 6.11 to 6.15.
func DefaultScheme() Scheme {
	return Scheme{
		ID: "housing-ombudsman-2024", Name: "Housing Ombudsman Complaint Handling Code 2024", Nation: EnglandAndWales,
		Stage1:        Stage{Acknowledge: Rule{5, Receipt}, Answer: Rule{10, Acknowledgement}, Extension: 10},
		Stage2:        Stage{Acknowledge: Rule{5, Request}, Answer: Rule{20, Acknowledgement}, Extension: 20},
		EffectiveFrom: Date{2024, time.April, 1},
	}
}

// Schemes lists every scheme, the default first.
func Schemes() []Scheme {
	lgsco := DefaultScheme() // the sister code, with the same clocks
	lgsco.ID, lgsco.Name = "lgsco-2024", "Local Government and Social Care Ombudsman Complaint Handling Code 2024"
	return []Scheme{
		DefaultScheme(), lgsco,
		{
			// The model procedure counts the day of receipt as day 1, which
			// puts each deadline a day earlier than counting from the day after.
			ID: "spso", Name: "Scottish Public Services Ombudsman model complaints handling procedure", Nation: Scotland,
			Stage1:           Stage{Answer: Rule{5, Receipt}, Extension: 5},
			Stage2:           Stage{Acknowledge: Rule{3, Request}, Answer: Rule{20, Request}},
			ReceiptDayCounts: true,
		},
		{
			ID: "nipso", Name: "Northern Ireland Public Services Ombudsman model complaints handling procedure", Nation: NorthernIreland,
			Stage1: Stage{Answer: Rule{5, Receipt}, Extension: 5},
			Stage2: Stage{Acknowledge: Rule{3, Request}, Answer: Rule{20, Request}},
		},
		{
			ID: "psow", Name: "Public Services Ombudsman for Wales model complaints policy", Nation: EnglandAndWales,
			Stage1: Stage{Acknowledge: Rule{5, Receipt}, Answer: Rule{10, Receipt}},
			Stage2: Stage{Answer: Rule{20, Request}},
		},
	}
}

// Rule is the clock of that name, and whether the scheme has it.
func (s Scheme) Rule(name string) (Rule, bool) {
	rules := map[string]Rule{
		Stage1Acknowledgement: s.Stage1.Acknowledge, Stage1Answer: s.Stage1.Answer,
		Stage2Acknowledgement: s.Stage2.Acknowledge, Stage2Answer: s.Stage2.Answer,
	}
	r := rules[name]
	return r, r.Exists()
}

// Validate reports everything that is wrong with a scheme from a configuration.
func (s Scheme) Validate() error {
	var problems []error
	for _, name := range ClockNames() {
		problems = append(problems, s.checkRule(name))
	}
	if s.Stage1.Extension < 0 || s.Stage2.Extension < 0 {
		problems = append(problems, errors.New("an extension must not be negative"))
	}
	if _, err := s.cutOff(); err != nil {
		problems = append(problems, err)
	}
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("scheme %q: %w", s.ID, err)
	}
	return nil
}

// maxDays is more than any code allows: a slip of the finger is beyond it.
const maxDays = 250

func (s Scheme) checkRule(name string) error {
	r, exists := s.Rule(name)
	if r.Days < 0 || r.Days > maxDays {
		return fmt.Errorf("%s: %d working days is not between 0 and %d", name, r.Days, maxDays)
	}
	if !exists {
		return nil
	}
	first := Receipt
	acknowledge := s.Stage1.Acknowledge
	if name == Stage2Acknowledgement || name == Stage2Answer {
		first, acknowledge = Request, s.Stage2.Acknowledge
	}
	answer := name == Stage1Answer || name == Stage2Answer
	switch {
	case r.From == first, r.From == Acknowledgement && answer && acknowledge.Exists():
		return nil
	case r.From == Acknowledgement && answer:
		return fmt.Errorf("%s: counts from an acknowledgement that the scheme does not have", name)
	default:
		return fmt.Errorf("%s: cannot count from %q", name, r.From)
	}
}

// cutOff is the minute of the day from which post counts for the next day.
func (s Scheme) cutOff() (int, error) {
	if s.CutOff == "" {
		return 24 * 60, nil
	}
	t, err := time.Parse("15:04", s.CutOff)
	if err != nil {
		return 24 * 60, fmt.Errorf("cut-off %q: want a time of day such as 16:00", s.CutOff)
	}
	return t.Hour()*60 + t.Minute(), nil
}

// LastReceipt is the last second that counts as received on a date.
func (s Scheme) LastReceipt(d Date) time.Time {
	minute, err := s.cutOff()
	if err != nil || minute == 24*60 {
		return d.End().Add(-time.Second)
	}
	return d.At(minute/60, minute%60).Add(-time.Second)
}

// ReceiptDate is the date in London on which post of that instant counts as
// received: its own, or the next one from the scheme's cut-off on.
func (s Scheme) ReceiptDate(received time.Time) Date {
	local := received.In(london)
	minute, err := s.cutOff()
	if err == nil && local.Hour()*60+local.Minute() >= minute {
		return DateOf(received).AddDays(1)
	}
	return DateOf(received)
}
