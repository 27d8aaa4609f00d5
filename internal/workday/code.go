package workday

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A Code is a complaint code over time: its schemes under one id, each in
// force from a day on. A clock is counted by the scheme that was in force on
// the day of receipt, whatever came later.
type Code struct {
	schemes []Scheme // by EffectiveFrom, the oldest first; never empty but in the zero Code
}

// DefaultCode is the code of DefaultScheme.
func DefaultCode() Code { return Code{schemes: []Scheme{DefaultScheme()}} }

// CodeByID finds a code among those that are built in and the landlord's own;
// the empty id is the default. A scheme of the landlord's own with the id of
// another replaces it from its day on: one that holds from the same day, or
// names none, stands in the other's place.
func CodeByID(id string, own ...Scheme) (Code, error) {
	if id == "" {
		id = DefaultScheme().ID
	}
	var found []Scheme
	for _, s := range slices.Concat(Schemes(), own) {
		if s.ID != id {
			continue
		}
		same := func(t Scheme) bool { return s.EffectiveFrom.IsZero() || t.EffectiveFrom == s.EffectiveFrom }
		found = append(slices.DeleteFunc(found, same), s)
	}
	if len(found) == 0 {
		return Code{}, fmt.Errorf("unknown scheme %q: want one of %s", id, strings.Join(CodeIDs(own...), ", "))
	}
	slices.SortStableFunc(found, func(a, b Scheme) int { return a.EffectiveFrom.Compare(b.EffectiveFrom) })
	return Code{schemes: found}, nil
}

// CodeIDs lists the ids of every code, the default first.
func CodeIDs(own ...Scheme) []string {
	var ids []string
	for _, s := range slices.Concat(Schemes(), own) {
		if !slices.Contains(ids, s.ID) {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

// On is the scheme in force on the day. Before the first of them it is the
// first: what the code was then is not known here.
func (c Code) On(day Date) Scheme {
	if len(c.schemes) == 0 {
		return DefaultScheme()
	}
	best := c.schemes[0]
	for _, s := range c.schemes[1:] {
		if !s.EffectiveFrom.After(day) {
			best = s
		}
	}
	return best
}

// InForce says why the scheme may not be the right one for that day, in a
// sentence; empty when it is in force.
func (s Scheme) InForce(day Date) string {
	switch {
	case day.Before(s.EffectiveFrom):
		return "This scheme holds from " + s.EffectiveFrom.Long() + " on; what held before is not known here."
	case !s.EffectiveTo.IsZero() && day.After(s.EffectiveTo):
		return "This scheme held until " + s.EffectiveTo.Long() + "; what holds now is not known here."
	}
	return ""
}

// Version names a scheme with the day from which it holds: what a clock keeps
// of how it was counted.
func (s Scheme) Version() string {
	if s.EffectiveFrom.IsZero() {
		return s.ID
	}
	return s.ID + "@" + s.EffectiveFrom.String()
}

// CheckOwn finds what is wrong with a scheme from a configuration.
func (s Scheme) CheckOwn() error {
	var problems []error
	if s.ID == "" {
		problems = append(problems, errors.New("the id is missing"))
	}
	if s.Name == "" {
		problems = append(problems, errors.New("the name is missing"))
	}
	if !s.Stage1.Answer.Exists() || !s.Stage2.Answer.Exists() {
		problems = append(problems, errors.New("both stages need an answer's days"))
	}
	if !s.EffectiveTo.IsZero() && s.EffectiveTo.Before(s.EffectiveFrom) {
		problems = append(problems, errors.New("it ends before it begins"))
	}
	if s.Nation != "" {
		_, err := ParseNation(string(s.Nation))
		problems = append(problems, err)
	}
	return errors.Join(append(problems, s.Validate())...)
}
