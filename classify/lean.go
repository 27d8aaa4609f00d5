package classify

import (
	"math"
	"math/bits"
	"slices"
	"strings"
)

// The everyday words stand in the evidence as one rule, with one reason.
const (
	everydayID  = "everyday-words"
	everydayWhy = "its everyday words lean this way"
)

// lean finds the everyday words: each word, and each two in a row of one
// sentence, is looked up once.
func (j *judgement) lean() {
	l := &j.rules.leans
	if len(l.rows) == 0 || j.spent {
		return
	}
	seen := make([]uint64, len(l.rows)>>6+1)
	see := func(p phrase) {
		if i, ok := l.at[p]; ok {
			seen[i>>6] |= 1 << (i & 63)
		}
	}
	t := j.doc.tokens
	for i := range t {
		if t[i].kind == 0 || t[i].masked {
			continue
		}
		see(phrase{second: t[i].kind})
		if i+1 < len(t) && t[i+1].kind != 0 && !t[i+1].masked && t[i+1].sentence == t[i].sentence {
			see(phrase{t[i].kind, t[i+1].kind})
		}
	}
	j.leant = make([]int, 0, len(t))
	for i, some := range seen {
		for ; some != 0; some &= some - 1 {
			j.leant = append(j.leant, i<<6+bits.TrailingZeros64(some))
		}
	}
}

// usualWords is how many everyday words a message of usual length holds.
const usualWords = 50

// scale weighs the everyday words down in a long text and up in a short one,
// so that mere length says nothing.
func (j *judgement) scale() float64 {
	return math.Sqrt(usualWords / float64(max(len(j.leant), 8)))
}

// flagWords is how many everyday words a message holds from which a flag's bias
// counts in full. It says how often such messages are of a danger; a message of
// a few words says too little to be of one without a word that tells.
const flagWords = usualWords / 2

func biasShare(leant int) float64 {
	return min(1, float64(leant)/flagWords)
}

// worthSaying is the weight from which the everyday words stand among the
// evidence, and shownWords how many of them are quoted.
const (
	worthSaying = 0.3
	shownWords  = 4
)

// everydayEvidence gives a line for each of the two likeliest labels, and each
// flag and topic that stands, towards which the everyday words lean, with those that
// lean most. A word says little by itself, so none stands alone.
func (j *judgement) everydayEvidence(v *Verdict) []Evidence {
	var out []Evidence
	targets := []string{string(v.Label), string(v.Second)}
	for _, f := range v.Flags {
		targets = append(targets, string(f))
	}
	targets = append(targets, v.Topics...)
	for _, l := range targets {
		slot := slices.Index(leanTargets(), l)
		if slot < 0 {
			continue
		}
		sum, words := j.leaned(slot)
		if sum < worthSaying {
			continue
		}
		out = append(out, Evidence{
			Rule: everydayID, Why: everydayWhy, Label: l, Weight: math.Round(sum*100) / 100, Quote: strings.Join(words, ", "),
		})
	}
	return out
}

// leaned gives how far the everyday words lean towards a label, and those that
// lean towards it most.
func (j *judgement) leaned(slot int) (float64, []string) {
	type towards struct {
		row int
		by  int16
	}
	most := make([]towards, 0, shownWords+1)
	sum := 0.0
	for _, i := range j.leant {
		for _, l := range j.rules.leans.of(i) {
			if int(l.slot) != slot {
				continue
			}
			sum += l.value()
			at := len(most)
			for at > 0 && most[at-1].by < l.hundredths {
				at--
			}
			if l.hundredths > 0 && at < shownWords {
				most = slices.Insert(most, at, towards{i, l.hundredths})
				most = most[:min(len(most), shownWords)]
			}
		}
	}
	words := make([]string, 0, len(most))
	for _, t := range most {
		words = append(words, j.rules.words(t.row))
	}
	return sum * j.scale(), words
}
