package classify

import (
	"slices"
	"sort"
)

// A Report is how a rule set did on a corpus.
type Report struct {
	Version     string
	Examples    int
	Right       int
	Confusion   map[Label]map[Label]int // by the true label, then the verdict's
	Labels      map[Label]Tally
	Flags       map[Flag]Tally
	Topics      map[string]Tally
	Auto        int // messages that the rules would settle alone
	AutoRight   int
	Dangerous   []Miss // complaints and stage 2 requests settled alone as something less
	Calibration []Bin
	Rules       []RuleScore
	Misses      []Miss
}

// A Tally counts what was found and what was there.
type Tally struct{ Found, There, Both int }

// Precision is the share of what was found that was there; 1 when nothing was
// found.
func (t Tally) Precision() float64 { return share(t.Both, t.Found) }

// Recall is the share of what was there that was found; 1 when nothing was
// there.
func (t Tally) Recall() float64 { return share(t.Both, t.There) }

// F1 is the harmonic mean of precision and recall.
func (t Tally) F1() float64 {
	if t.Found+t.There == 0 {
		return 1
	}
	return 2 * float64(t.Both) / float64(t.Found+t.There)
}

func share(part, whole int) float64 {
	if whole == 0 {
		return 1
	}
	return float64(part) / float64(whole)
}

func (t *Tally) add(found, there bool) {
	if found {
		t.Found++
	}
	if there {
		t.There++
	}
	if found && there {
		t.Both++
	}
}

// A Bin is the verdicts of about the same confidence: how sure they were, and
// how often they were right.
type Bin struct {
	From, To  float64
	Count     int
	Sure      float64 // mean confidence
	RightOnes int
}

// A RuleScore tells how one rule served: how often it fired, and how often
// its heaviest weight was for the true label (it helped) or for another (it
// misled).
type RuleScore struct {
	ID                    string
	Fired, Helped, Misled int
}

// A Miss is an example whose verdict differs from its label.
type Miss struct {
	Example Example
	Verdict Verdict
}

// Score judges every example and compares.
func Score(r *Rules, examples []Example) Report {
	rep := newReport(r)
	rules := map[string]*RuleScore{}
	for _, e := range examples {
		v := r.Decide(e.Message, e.Context)
		rep.count(e, v)
		rep.countRules(rules, e, v)
	}
	for _, rule := range r.rules {
		if s := rules[rule.id]; s != nil {
			rep.Rules = append(rep.Rules, *s)
			continue
		}
		rep.Rules = append(rep.Rules, RuleScore{ID: rule.id})
	}
	return rep
}

// bins is the number of bins of the calibration.
const bins = 10

func newReport(r *Rules) Report {
	rep := Report{
		Version: r.version, Confusion: map[Label]map[Label]int{}, Labels: map[Label]Tally{},
		Flags: map[Flag]Tally{}, Topics: map[string]Tally{}, Calibration: make([]Bin, bins),
	}
	for _, l := range Labels() {
		rep.Confusion[l] = map[Label]int{}
	}
	for i := range rep.Calibration {
		rep.Calibration[i].From, rep.Calibration[i].To = float64(i)/bins, float64(i+1)/bins
	}
	return rep
}

func (rep *Report) count(e Example, v Verdict) {
	right := v.Label == e.Label
	rep.Examples++
	rep.Confusion[e.Label][v.Label]++
	if right {
		rep.Right++
	} else {
		rep.Misses = append(rep.Misses, Miss{e, v})
	}
	if v.Route == Auto {
		rep.Auto++
		if right {
			rep.AutoRight++
		}
		if less(v.Label, e.Label) {
			rep.Dangerous = append(rep.Dangerous, Miss{e, v})
		}
	}
	b := &rep.Calibration[min(int(v.Confidence*bins), bins-1)]
	b.Count++
	b.Sure += (v.Confidence - b.Sure) / float64(b.Count)
	if right {
		b.RightOnes++
	}
	for _, l := range Labels() {
		addTo(rep.Labels, l, v.Label == l, e.Label == l)
	}
	for _, f := range Flags() {
		addTo(rep.Flags, f, v.Has(f), slices.Contains(e.Flags, f))
	}
	for _, t := range Topics() {
		addTo(rep.Topics, t, slices.Contains(v.Topics, t), slices.Contains(e.Topics, t))
	}
}

func addTo[K comparable](m map[K]Tally, k K, found, there bool) {
	t := m[k]
	t.add(found, there)
	m[k] = t
}

// less reports whether a verdict files a complaint or a stage 2 request as
// something less.
func less(said, is Label) bool {
	return is == Complaint && said != Complaint && said != Stage2 || is == Stage2 && said != Stage2
}

func (rep *Report) countRules(rules map[string]*RuleScore, e Example, v Verdict) {
	seen := map[string]bool{}
	for _, ev := range v.Evidence {
		if seen[ev.Rule] || slotOf(ev.Label) < 0 {
			continue
		}
		seen[ev.Rule] = true // the evidence is sorted: the first is the heaviest
		s := rules[ev.Rule]
		if s == nil {
			s = &RuleScore{ID: ev.Rule}
			rules[ev.Rule] = s
		}
		s.Fired++
		if ev.Label == string(e.Label) {
			s.Helped++
		} else {
			s.Misled++
		}
	}
}

// Accuracy is the share of examples whose label was right.
func (rep *Report) Accuracy() float64 { return share(rep.Right, rep.Examples) }

// AutoShare is the share of examples that the rules would settle alone.
func (rep *Report) AutoShare() float64 { return share(rep.Auto, rep.Examples) }

// AutoPrecision is the share of those that they would settle rightly.
func (rep *Report) AutoPrecision() float64 { return share(rep.AutoRight, rep.Auto) }

// worst sorts rules by how much more they misled than helped.
func (rep *Report) worst() []RuleScore {
	out := slices.Clone(rep.Rules)
	sort.SliceStable(out, func(a, b int) bool {
		return out[a].Misled-out[a].Helped > out[b].Misled-out[b].Helped
	})
	return out
}
