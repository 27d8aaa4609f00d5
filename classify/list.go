package classify

import (
	"cmp"
	"math"
	"slices"
)

// A Described rule is what a page can show of one: its reason and what it
// counts for.
type Described struct {
	ID  string
	Why string
	For []Counts // what it counts for most first
}

// A Counts is a label, flag or topic with what a rule weighs for it.
type Counts struct {
	Target string
	Weight float64
}

// List describes the rules in the order of the file.
func (r *Rules) List() []Described {
	var out []Described
	for _, rule := range r.rules {
		d := Described{ID: rule.id, Why: rule.why}
		for _, w := range rule.weights {
			d.For = append(d.For, Counts{w.target, w.value})
		}
		slices.SortStableFunc(d.For, func(a, b Counts) int { return cmp.Compare(math.Abs(b.Weight), math.Abs(a.Weight)) })
		out = append(out, d)
	}
	return out
}

// Sure is the least confidence with which the rules settle a label alone.
func (r *Rules) Sure(l Label) float64 {
	if slot := slotOf(string(l)); slot >= 0 && slot < len(r.settings.auto) {
		return r.settings.auto[slot]
	}
	return 1
}
