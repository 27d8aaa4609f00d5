package classify

import (
	"math"
	"math/bits"
	"slices"
	"sort"
	"strings"
)

// The everyday words stand in the evidence as one rule, with one reason.
const (
	everydayID  = "everyday-words"
	everydayWhy = "its everyday words lean this way"
)

// leans tells where the leanings stand among the rules, by the kinds of their
// words: a number one too high, so that nought is none.
type leans struct {
	words []int
	pairs map[uint32]int
}

func pairKey(first, second uint16) uint32 { return uint32(first)<<16 | uint32(second) }

// bindLeanings notes where each leaning is found, once every word has its
// kind.
func (r *Rules) bindLeanings() {
	r.leans = leans{words: make([]int, r.vocab.kinds), pairs: map[uint32]int{}}
	for i := r.graded; i < len(r.rules); i++ {
		first, second, two := strings.Cut(r.rules[i].words(), " ")
		k := r.vocab.exact[first]
		if two {
			r.leans.pairs[pairKey(k, r.vocab.exact[second])] = i + 1
		} else {
			r.leans.words[k] = i + 1
		}
	}
}

// words gives the everyday words of a leaning.
func (r *rule) words() string { return strings.TrimPrefix(r.id, leaningPrefix) }

// lean finds the everyday words: each word, and each two in a row of one
// sentence, is looked up once.
func (j *judgement) lean() {
	l := &j.rules.leans
	if len(j.rules.rules) == j.rules.graded || j.spent {
		return
	}
	seen := make([]uint64, len(j.rules.rules)>>6+1)
	t := j.doc.tokens
	for i := range t {
		if t[i].kind == 0 || t[i].masked {
			continue
		}
		seen[l.words[t[i].kind]>>6] |= 1 << (l.words[t[i].kind] & 63)
		if i+1 < len(t) && t[i+1].kind != 0 && t[i+1].sentence == t[i].sentence {
			k := l.pairs[pairKey(t[i].kind, t[i+1].kind)]
			seen[k>>6] |= 1 << (k & 63)
		}
	}
	seen[0] &^= 1 // what was no leaning
	for i, some := range seen {
		for ; some != 0; some &= some - 1 {
			j.fired = append(j.fired, i<<6+bits.TrailingZeros64(some)-1)
			j.leant++
		}
	}
}

// usualWords is how many everyday words a message of usual length holds.
const usualWords = 50

// scale weighs the everyday words down in a long text and up in a short one,
// so that mere length says nothing.
func (j *judgement) scale() float64 {
	return math.Sqrt(usualWords / float64(max(j.leant, 8)))
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
	type lean struct {
		words string
		by    float64
	}
	var leans []lean
	sum := 0.0
	for _, i := range j.fired[len(j.fired)-j.leant:] {
		for _, w := range j.rules.rules[i].weights {
			if w.slot == slot {
				sum += w.value
				leans = append(leans, lean{j.rules.rules[i].words(), w.value})
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
