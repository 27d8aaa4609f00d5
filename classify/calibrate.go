package classify

import (
	"math"
	"slices"
	"sort"
)

// A leftOut is the verdict on an example that the fit had not seen.
type leftOut struct {
	score   []float64
	label   int
	blocked bool // something besides confidence keeps it from being settled alone
}

func (r *Rules) leftOut(examples []Example) []leftOut {
	out := make([]leftOut, 0, len(examples))
	for _, e := range examples {
		j := r.judge(e.Message, e.Context)
		score := r.score(j)
		first, _ := topTwo(score)
		out = append(out, leftOut{
			score: score, label: slotOf(string(e.Label)),
			blocked: j.language != "en" || first > 1 && j.heard() != "",
		})
	}
	return out
}

// calibrated sets the temperature at which confidence tells the truth on what
// was left out, and the least confidence for each label at which acting alone
// is right often enough.
func calibrated(s settings, left []leftOut) settings {
	best := math.Inf(1)
	for t := 0.5; t <= 4; t += 0.05 {
		if c := cost(left, t); c < best {
			best, s.temperature = c, rounded(t)
		}
	}
	s.auto = slices.Clone(s.auto)
	for k := range s.auto {
		s.auto[k] = threshold(left, k, s)
	}
	return s
}

func cost(left []leftOut, temperature float64) float64 {
	sum := 0.0
	for _, l := range left {
		sum -= math.Log(max(softmax(l.score, temperature)[l.label], 1e-9))
	}
	return sum
}

// wanted is the share of what is settled alone under a label that must be
// right on what the fit had not seen.
const wanted = 0.98

// threshold gives the least confidence from which verdicts of a label were
// right as often as wanted.
func threshold(left []leftOut, label int, s settings) float64 {
	type point struct {
		sure  float64
		right bool
	}
	var points []point
	for _, l := range left {
		p := softmax(l.score, s.temperature)
		first, _ := topTwo(p)
		if first != label || l.blocked || label > 1 && p[0]+p[1] > s.doubt || label == 0 && p[1] > s.doubtStage2 {
			continue
		}
		points = append(points, point{p[first], l.label == label})
	}
	sort.Slice(points, func(a, b int) bool { return points[a].sure > points[b].sure })
	right, least := 0, 0.99
	for i, p := range points {
		if p.right {
			right++
		}
		if i+1 >= 8 && float64(right)/float64(i+1) >= wanted {
			least = p.sure
		}
	}
	return min(max(math.Ceil(least*100)/100, 0.6), 0.99)
}
