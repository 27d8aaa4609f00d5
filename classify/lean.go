package classify

import (
	"math"
	"sort"
	"strings"
)

// The everyday words stand in the evidence as one rule, with one reason.
const (
	everydayID  = "everyday-words"
	everydayWhy = "its everyday words lean this way"
)

// usualWords is how many everyday words a message of usual length holds.
const usualWords = 50

// scale weighs the everyday words down in a long text and up in a short one,
// so that mere length says nothing.
func (j *judgement) scale() float64 {
	n := 0
	for _, i := range j.fired {
		if j.rules.rules[i].leaning {
			n++
		}
	}
	return math.Sqrt(usualWords / float64(max(n, 8)))
}

// worthSaying is the weight from which the everyday words stand among the
// evidence, and shownWords how many of them are quoted.
const (
	worthSaying = 0.3
	shownWords  = 4
)

// everydayEvidence gives a line for each of the labels towards which the
// everyday words lean, with those that lean most. A word says little by
// itself, so none stands alone.
func (j *judgement) everydayEvidence(labels []Label) []Evidence {
	var out []Evidence
	for _, l := range labels {
		sum, words := j.leaned(slotOf(string(l)))
		if sum < worthSaying {
			continue
		}
		out = append(out, Evidence{
			Rule: everydayID, Why: everydayWhy, Label: string(l), Weight: math.Round(sum*100) / 100, Quote: strings.Join(words, ", "),
		})
	}
	return out
}

// leaned gives how far the everyday words lean towards a label, and those that
// lean towards it most.
func (j *judgement) leaned(slot int) (float64, []string) {
	type lean struct {
		words string
		by    float64
	}
	var leans []lean
	sum := 0.0
	for _, i := range j.fired {
		r := j.rules.rules[i]
		if !r.leaning {
			continue
		}
		for _, w := range r.weights {
			if w.slot == slot {
				sum += w.value
				leans = append(leans, lean{strings.TrimPrefix(r.id, leaningPrefix), w.value})
			}
		}
	}
	sort.SliceStable(leans, func(a, b int) bool { return leans[a].by > leans[b].by })
	var words []string
	for _, l := range leans[:min(shownWords, len(leans))] {
		if l.by > 0 {
			words = append(words, l.words)
		}
	}
	return sum * j.scale(), words
}
