package classify

import (
	"encoding/json"
	"math"
	"slices"
	"sort"
)

// A Report is how a rule set did on a corpus.
type Report struct {
	Version     string                  `json:"rules_version"`
	Examples    int                     `json:"examples"`
	Right       int                     `json:"right"`
	Confusion   map[Label]map[Label]int `json:"confusion"` // by the true label, then the verdict's
	Labels      map[Label]Tally         `json:"labels"`
	Flags       map[Flag]Tally          `json:"flags"`
	Topics      map[string]Tally        `json:"topics"`
	Auto        int                     `json:"auto"` // messages that the rules would settle alone
	AutoRight   int                     `json:"auto_right"`
	Dangerous   []Miss                  `json:"settled_as_less"` // complaints and stage 2 requests settled alone as something less
	Calibration []Bin                   `json:"calibration"`
	Rules       []RuleScore             `json:"rules"`
	Misses      []Miss                  `json:"misses"`
	Judged      []Judged                `json:"judged"` // every example, in order
}

// Judged is one example with its verdict, in short.
type Judged struct {
	ID    string `json:"id"`
	Is    Label  `json:"is"`
	Said  Label  `json:"said"`
	Route Route  `json:"route"`
}

// A Tally counts what was found and what was there.
type Tally struct{ Found, There, Both int }

// MarshalJSON writes the counts and what follows from them.
func (t Tally) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{
		"there": t.There, "found": t.Found, "both": t.Both, "precision": t.Precision(), "recall": t.Recall(), "f1": t.F1(),
	})
}

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

func (t Tally) plus(o Tally) Tally {
	return Tally{t.Found + o.Found, t.There + o.There, t.Both + o.Both}
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
	From      float64 `json:"from"`
	To        float64 `json:"to"`
	Count     int     `json:"count"`
	Sure      float64 `json:"sure"` // mean confidence
	RightOnes int     `json:"right"`
}

// A RuleScore tells how one rule served: how often it fired, and how often
// what its heaviest weight says was true (it helped) or not (it misled).
type RuleScore struct {
	ID     string `json:"id"`
	Fired  int    `json:"fired"`
	Helped int    `json:"helped"`
	Misled int    `json:"misled"`
}

// A Miss is an example whose verdict differs from its label.
type Miss struct {
	Example Example
	Verdict Verdict
}

// MarshalJSON writes the miss with its words.
func (m Miss) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{
		"id": m.Example.ID, "source": m.Example.Source, "is": m.Example.Label, "why_labelled_so": m.Example.Why,
		"subject": m.Example.Message.Subject, "text": m.Example.Message.Text, "verdict": m.Verdict,
	})
}

// Score judges every example and compares.
func Score(r *Rules, examples []Example) Report {
	rep := newReport(r)
	for _, e := range examples {
		v, j := r.decide(e.Message, e.Context)
		rep.count(e, v)
		rep.countRules(j, e)
	}
	return rep
}

// bins is the number of bins of the calibration.
const bins = 10

func newReport(r *Rules) Report {
	rep := Report{
		Version: r.version, Confusion: map[Label]map[Label]int{}, Labels: map[Label]Tally{},
		Flags: map[Flag]Tally{}, Topics: map[string]Tally{}, Calibration: make([]Bin, bins),
		Dangerous: []Miss{}, Misses: []Miss{}, Rules: make([]RuleScore, r.numbered()), Judged: []Judged{},
	}
	for i, rule := range r.rules {
		rep.Rules[i].ID = rule.id
	}
	for i := range r.leans.rows {
		rep.Rules[len(r.rules)+i].ID = leaningPrefix + r.words(i)
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
	rep.Judged = append(rep.Judged, Judged{e.ID, e.Label, v.Label, v.Route})
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

// countRules notes of every rule that fired whether its weightiest word was
// true of the example: a weight below nought says that its target is not.
func (rep *Report) countRules(j *judgement, e Example) {
	for _, i := range j.fired {
		rep.countRule(i, j.rules, e)
	}
	for _, i := range j.leant {
		rep.countRule(len(j.rules.rules)+i, j.rules, e)
	}
}

func (rep *Report) countRule(number int, r *Rules, e Example) {
	s := &rep.Rules[number]
	s.Fired++
	w, ok := weightiest(r.weightsOf(number))
	switch {
	case !ok:
	case e.has(w.target) == (w.value > 0):
		s.Helped++
	default:
		s.Misled++
	}
}

// weightiest gives the weight that counts most: of those for labels when
// there is one, else of those for flags and topics.
func weightiest(weights []weight) (best weight, ok bool) {
	for _, w := range weights {
		forLabel, bestForLabel := w.slot >= 0, ok && best.slot >= 0
		switch {
		case w.value == 0:
		case !ok, forLabel && !bestForLabel, forLabel == bestForLabel && math.Abs(w.value) > math.Abs(best.value):
			best, ok = w, true
		}
	}
	return best, ok
}

// has reports whether the example is rightly given the label, flag or topic.
func (e Example) has(target string) bool {
	return string(e.Label) == target || slices.Contains(e.Flags, Flag(target)) || slices.Contains(e.Topics, target)
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
