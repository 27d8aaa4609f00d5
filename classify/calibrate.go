package classify

import (
	"math"
	"sort"
)

// A leftOut is the verdict on an example that the fit had not seen.
type leftOut struct {
	score   []float64 // a label, and after them a mark to which words lean
	label   int
	marks   []bool    // which of those marks are there
	rules   []float64 // what the rules say of each
	leant   int       // how many everyday words it holds
	blocked bool      // something besides confidence keeps it from being settled alone
}

func (r *Rules) leftOut(examples []Example) []leftOut {
	out := make([]leftOut, 0, len(examples))
	for _, e := range examples {
		j := r.judge(e.Message, e.Context)
		score := r.score(j)
		first, _ := topTwo(score[:len(Labels())])
		l := leftOut{
			score: score, label: slotOf(string(e.Label)), leant: len(j.leant),
			blocked: j.language != "en" || first > 1 && j.heard() != "" || first == 0 && j.answered() != "",
		}
		sums := j.sums()
		for _, m := range marks() {
			l.marks, l.rules = append(l.marks, e.has(m.name)), append(l.rules, sums[m.name])
		}
		out = append(out, l)
	}
	return out
}

// calibrated sets the temperature at which confidence tells the truth on what
// was left out; and how much doubt is borne and how much confidence is asked
// for each label, so that acting alone is right often enough.
func calibrated(s settings, left []leftOut) settings {
	best := math.Inf(1)
	for t := 0.5; t <= 4; t += 0.05 {
		if c := cost(left, t); c < best {
			best, s.temperature = c, rounded(t)
		}
	}
	type choice struct {
		settings
		alone int
	}
	var choices []choice
	most := 0
	for _, stage2 := range bearable(s.doubtStage2, 0.005, 0.01, 0.02, 0.03, 0.05) {
		for _, doubt := range bearable(s.doubt, 0.01, 0.02, 0.03, 0.045, 0.06) {
			c := choice{settings: s}
			c.doubt, c.doubtStage2 = doubt, stage2
			c.auto, c.alone = thresholds(left, c.settings)
			choices, most = append(choices, c), max(most, c.alone)
		}
	}
	for _, c := range choices { // the strictest first
		if float64(c.alone) >= nearlyMost*float64(most) {
			return c.settings
		}
	}
	return s // not reached: the most is among them
}

// nearlyMost is the share of what could be settled alone at the most for which
// the least doubt is borne: a complaint filed as less is dearer than a little
// more work.
const nearlyMost = 0.95

// bearable gives the doubts to choose from: none but nought when the file bears
// none.
func bearable(in float64, choice ...float64) []float64 {
	if in == 0 {
		return []float64{0}
	}
	return choice
}

// wantedTrue is the share of what is flagged that must be rightly so, on what
// the fit had not seen: less for dangers, of which none should be missed.
func wantedTrue(f Flag) float64 {
	switch f { //nolint:exhaustive // the others are all alike
	case Safeguarding:
		return 0.25
	case Hazard:
		return 0.38
	case Representative:
		return 0.5
	default:
		return 0.65
	}
}

// raised gives by how much the bias of each mark is to be moved. Of a flag as
// many are found as can be while enough of what is found is there; for a topic
// what is missed and what is said wrongly weigh the same.
func raised(left []leftOut, held held) []float64 {
	out := make([]float64, len(marks()))
	for k, m := range marks() {
		if held[len(Labels())+k] {
			continue
		}
		best := -1.0
		for by := -1.0; by <= 2.5; by += 0.02 {
			var t Tally
			for _, l := range left {
				moved := by
				if !m.topic {
					moved *= biasShare(l.leant)
				}
				t.add(m.stands(l.rules[k], l.score[len(Labels())+k]+moved), l.marks[k])
			}
			gain := t.F1()
			if !m.topic {
				if t.Precision() < wantedTrue(Flag(m.name)) {
					break
				}
				gain = by
			}
			if gain > best {
				best, out[k] = gain, rounded(by)
			}
		}
	}
	return out
}

func cost(left []leftOut, temperature float64) float64 {
	sum := 0.0
	for _, l := range left {
		sum -= math.Log(max(softmax(l.score[:len(Labels())], temperature)[l.label], 1e-9))
	}
	return sum
}

// wanted is the share of what is settled alone that must be right on what the
// fit had not seen.
const wanted = 0.98

// fewest is the least number of verdicts of a label, on what the fit had not
// seen, that can show how often it is right.
const fewest = 8

// never is a least confidence that no verdict reaches.
const never = 1.01

// A settled is a verdict that only its confidence may keep from being settled
// alone.
type settled struct {
	sure      float64
	right     bool
	dangerous bool // a complaint or stage 2 request under a lesser label
}

// thresholds gives each label the least confidence for acting alone, so that
// on what was left out as many as can be are settled alone, of all of them as
// many as wanted are right, and no complaint is settled as something less.
//
// An error under one label may be paid for by another. What an error costs is
// raised until enough are right; for each cost every label takes the
// threshold that gains most by itself. Then the labels take what errors are
// left over, the one first that gains most by them.
func thresholds(left []leftOut, s settings) (auto []float64, settledAlone int) {
	byLabel := make([][]settled, len(Labels()))
	for k := range byLabel {
		byLabel[k] = settleable(left, k, s)
	}
	taken := make([]int, len(byLabel))
	var all, wrong int
	for price := 1.0; ; price *= 1.1 {
		all, wrong = 0, 0
		for k, verdicts := range byLabel {
			n, errs := mostGain(verdicts, price)
			taken[k], all, wrong = n, all+n, wrong+errs
		}
		if float64(wrong) <= (1-wanted)*float64(all) {
			break
		}
	}
	for {
		best, more, errs := 0, 0, 0
		for k, verdicts := range byLabel {
			if n, e := leftOver(verdicts[taken[k]:], all, wrong); n > more {
				best, more, errs = k, n, e
			}
		}
		if more == 0 {
			break
		}
		taken[best], all, wrong = taken[best]+more, all+more, wrong+errs
	}
	auto = make([]float64, len(byLabel))
	for k, verdicts := range byLabel {
		auto[k] = never
		if n := taken[k]; n >= fewest {
			auto[k] = leastSure(verdicts[n-1].sure)
		}
	}
	return auto, all
}

// leastSure rounds up the confidence of the last verdict that may be settled
// alone: the next one, which may not, can be as near to it as the last decimals.
func leastSure(last float64) float64 {
	steps := 1000.0
	if last > 0.999 {
		steps = 1e6
	}
	return max(math.Ceil(last*steps)/steps, 0.6)
}

// leftOver gives how many further verdicts of a label can be settled alone
// while enough of all are right, and how many of those are wrong.
func leftOver(further []settled, all, wrong int) (n, errs int) {
	e := 0
	for i, v := range further {
		if v.dangerous {
			break
		}
		if !v.right {
			e++
		}
		if float64(wrong+e) <= (1-wanted)*float64(all+i+1) {
			n, errs = i+1, e
		}
	}
	return n, errs
}

// settleable lists the verdicts of a label, the surest first.
func settleable(left []leftOut, label int, s settings) []settled {
	var out []settled
	for _, l := range left {
		p := softmax(l.score[:len(Labels())], s.temperature)
		first, _ := topTwo(p)
		if first != label || l.blocked || label > 1 && p[0]+p[1] > s.doubt || label == 0 && p[1] > s.doubtStage2 {
			continue
		}
		out = append(out, settled{p[first], l.label == label, less(Labels()[label], Labels()[l.label])})
	}
	sort.SliceStable(out, func(a, b int) bool { return out[a].sure > out[b].sure })
	return out
}

// mostGain gives how many of the surest verdicts are best settled alone when
// an error costs so much, and how many of those are wrong.
func mostGain(verdicts []settled, price float64) (n, wrong int) {
	best, errs := 0.0, 0
	for i, v := range verdicts {
		if v.dangerous {
			break
		}
		if !v.right {
			errs++
		}
		if gain := float64(i+1) - price*float64(errs); i+1 >= fewest && gain > best {
			best, n, wrong = gain, i+1, errs
		}
	}
	return n, wrong
}
