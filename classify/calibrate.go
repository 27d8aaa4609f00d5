package classify

import (
	"math"
	"slices"
	"sort"
)

// A leftOut is the verdict on an example that the fit had not seen.
type leftOut struct {
	score   []float64 // a label, and after them a flag to which words lean
	label   int
	flags   []bool    // which of those flags are there
	rules   []float64 // what the rules say of each
	blocked bool      // something besides confidence keeps it from being settled alone
}

func (r *Rules) leftOut(examples []Example) []leftOut {
	out := make([]leftOut, 0, len(examples))
	for _, e := range examples {
		j := r.judge(e.Message, e.Context)
		score := r.score(j)
		first, _ := topTwo(score[:len(Labels())])
		l := leftOut{
			score: score, label: slotOf(string(e.Label)),
			blocked: j.language != "en" || first > 1 && j.heard() != "" || first == 0 && j.answered() != "",
		}
		sums := j.sums()
		for _, f := range leanedFlags() {
			l.flags, l.rules = append(l.flags, slices.Contains(e.Flags, f)), append(l.rules, sums[string(f)])
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
	most := -1
	out := s
	for _, doubt := range bearable(s.doubt, 0.02, 0.03, 0.045, 0.06) {
		for _, stage2 := range bearable(s.doubtStage2, 0.02, 0.03, 0.05, 0.08) {
			s.doubt, s.doubtStage2 = doubt, stage2
			auto, settled := thresholds(left, s)
			if settled > most {
				most, out = settled, s
				out.auto = auto
			}
		}
	}
	return out
}

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
	if f == Hazard || f == Safeguarding {
		return 0.47
	}
	if f == Representative {
		return 0.5
	}
	return 0.65
}

// raised gives by how much the bias of each flag is to be moved, so that as
// many are found as can be while enough of what is found is there.
func raised(left []leftOut) []float64 {
	out := make([]float64, len(leanedFlags()))
	for k := range out {
		out[k] = -1
		for by := -1.0; by <= 1; by += 0.02 {
			var t Tally
			for _, l := range left {
				t.add(stands(l.rules[k], l.score[len(Labels())+k]+by), l.flags[k])
			}
			if t.Precision() < wantedTrue(leanedFlags()[k]) {
				break
			}
			out[k] = rounded(by)
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
const wanted = 0.972

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
// threshold that gains most by itself.
func thresholds(left []leftOut, s settings) (auto []float64, settledAlone int) {
	byLabel := make([][]settled, len(Labels()))
	for k := range byLabel {
		byLabel[k] = settleable(left, k, s)
	}
	auto = make([]float64, len(byLabel))
	for price := 1.0; ; price *= 1.1 {
		all, wrong := 0, 0
		for k, verdicts := range byLabel {
			n, errs := mostGain(verdicts, price)
			all, wrong = all+n, wrong+errs
			auto[k] = never
			if n > 0 {
				auto[k] = min(max(math.Ceil(verdicts[n-1].sure*1000)/1000, 0.6), 0.999)
			}
		}
		if float64(wrong) <= (1-wanted)*float64(all) {
			return auto, all
		}
	}
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
