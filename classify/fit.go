package classify

import (
	"math"
	"slices"
)

// A sample is an example as the fit sees it: the rules that fired, and the
// everyday words, by their numbers.
type sample struct {
	fired []int
	leant []int
	label int
	marks []bool    // which of the flags and topics to which words lean are there
	rules []float64 // what the rules say of each of them
	cost  float64
	scale float64 // of the everyday words
}

// samples judges each example once.
func (r *Rules) samples(examples []Example) []sample {
	out := make([]sample, 0, len(examples))
	for _, e := range examples {
		j := r.judge(e.Message, e.Context)
		s := sample{label: slotOf(string(e.Label)), cost: 1}
		if e.Label == Complaint || e.Label == Stage2 {
			s.cost = 1.25 // filing a complaint as less is the dearer error
		}
		s.fired, s.scale = j.fired, j.scale()
		for _, i := range j.leant {
			s.leant = append(s.leant, len(r.rules)+i)
		}
		sums := j.sums()
		for _, m := range marks() {
			s.marks = append(s.marks, e.has(m.name))
			s.rules = append(s.rules, sums[m.name])
		}
		out = append(out, s)
	}
	return out
}

// firedIn counts for each rule, and each everyday word, the samples in which it
// is found.
func firedIn(r *Rules, samples []sample) []int {
	seen := make([]int, r.numbered())
	for _, s := range samples {
		for _, i := range s.fired {
			seen[i]++
		}
		for _, i := range s.leant {
			seen[i]++
		}
	}
	return seen
}

// A fit holds the weights while they are fitted: a row a rule or everyday
// word, a column a label, flag or topic to which words lean, the last row the
// bias.
//
// The method is multinomial logistic regression over the rules that fired, by
// Adam on the whole corpus, with a quadratic pull towards the weights that
// the file has (so that a rule which the corpus never needs keeps its
// weight), clamped to the file's bounds. It has no randomness.
//
// For each of the flags, logistic regression over the everyday words beside
// what the rules say of it.
type fit struct {
	rules   *Rules
	rounds  int
	weights [][]float64
	prior   [][]float64
	pull    []float64
	free    []bool
	held    held
}

func newFit(r *Rules, opt TuneOptions, seen []int, held held) *fit {
	n, targets := r.numbered(), len(r.settings.bias)
	f := &fit{rules: r, rounds: opt.Rounds, free: make([]bool, n+1), pull: make([]float64, n+1), held: held}
	most := slices.Max(append(slices.Clone(seen), 1))
	for i := range n + 1 {
		row := make([]float64, targets)
		weights := biasWeights(r.settings.bias)
		fits, fresh := true, opt.Fresh
		f.pull[i] = opt.Pull
		if i < n {
			weights = r.weightsOf(i)
			fits = seen[i] > 0 && (i >= len(r.rules) || !r.rules[i].fixed)
			fresh = fresh && fits
		}
		if i < n && i >= len(r.rules) {
			f.pull[i] *= leaningPull(seen[i], most)
			f.free[i] = opt.Words && fits
			fits = f.free[i]
		}
		for _, w := range weights {
			if w.slot < 0 {
				continue
			}
			f.free[i] = fits
			if !fresh || held[w.slot] {
				row[w.slot] = w.value
			}
		}
		f.prior = append(f.prior, row)
		f.weights = append(f.weights, slices.Clone(row))
	}
	return f
}

// leaningPull is how much more strongly an everyday word is held than a rule:
// the more messages it is in, the less it means.
func leaningPull(in, most int) float64 {
	rare := 1 + math.Log(float64(most)/float64(max(in, 1)))
	return 3 / (rare * rare)
}

// biasWeights gives the bias as if it were the weights of a rule.
func biasWeights(bias []float64) []weight {
	out := make([]weight, 0, len(bias))
	for slot, value := range bias {
		out = append(out, weight{slot: slot, value: value})
	}
	return out
}

// run fits the weights to the samples.
func (f *fit) run(samples []sample) {
	const rate, keep1, keep2, tiny = 0.05, 0.9, 0.999, 1e-8
	g, first, second := zeros(f.weights), zeros(f.weights), zeros(f.weights)
	s := f.rules.settings
	for round := 1; round <= f.rounds; round++ {
		f.gradient(samples, g)
		f.markGradient(samples, g)
		c1, c2 := 1-math.Pow(keep1, float64(round)), 1-math.Pow(keep2, float64(round))
		for i := range f.weights {
			if !f.free[i] {
				continue
			}
			for k := range f.weights[i][:f.columns(i)] {
				if f.held[k] {
					continue
				}
				first[i][k] = keep1*first[i][k] + (1-keep1)*g[i][k]
				second[i][k] = keep2*second[i][k] + (1-keep2)*g[i][k]*g[i][k]
				w := f.weights[i][k] - rate*(first[i][k]/c1)/(math.Sqrt(second[i][k]/c2)+tiny)
				f.weights[i][k] = min(max(w, min(s.least, f.prior[i][k])), max(s.most, f.prior[i][k]))
			}
		}
	}
}

func zeros(like [][]float64) [][]float64 {
	out := make([][]float64, len(like))
	for i := range out {
		out[i] = make([]float64, len(like[i]))
	}
	return out
}

// gradient is that of the mean cost-weighted cross-entropy and the pull.
func (f *fit) gradient(samples []sample, g [][]float64) {
	for i := range g {
		for k := range g[i] {
			g[i][k] = f.pull[i] * (f.weights[i][k] - f.prior[i][k])
		}
	}
	bias := len(f.weights) - 1
	score := make([]float64, len(Labels()))
	for _, s := range samples {
		copy(score, f.weights[bias])
		for _, i := range s.fired {
			for k, w := range f.weights[i][:len(score)] {
				score[k] += w
			}
		}
		for _, i := range s.leant {
			for k, w := range f.weights[i][:len(score)] {
				score[k] += w * s.scale
			}
		}
		p := softmax(score, 1)
		p[s.label]--
		for k := range p {
			p[k] *= s.cost / float64(len(samples))
		}
		add(g[bias], p, 1)
		for _, i := range s.fired {
			add(g[i], p, 1)
		}
		for _, i := range s.leant {
			add(g[i], p, s.scale)
		}
	}
}

// add adds p to the first numbers of a row.
func add(row, p []float64, by float64) {
	row = row[:len(p)]
	for k, x := range p {
		row[k] += x * by
	}
}

// columns tells how many weights of a row are fitted: only words, and the
// bias, lean to flags.
func (f *fit) columns(i int) int {
	if i < len(f.rules.rules) {
		return len(Labels())
	}
	return len(f.weights[i])
}

// How steeply the chance of a flag or topic rises with the evidence, how much
// dearer it is to miss one than to raise one too many, and how far the words
// heed what the rules say. Rules were written with these messages in view: if
// words learnt only what the rules miss here, they would hear nothing of what
// the rules miss elsewhere.
const (
	markSlope = 3
	flagCost  = 3
	flagHeed  = 0.3
)

// missed gives how dear it is to miss the mark, and how far the words heed
// what the rules say. A topic's rules know the thing, and words whether it is
// the matter.
func (m mark) missed() (cost, heed float64) {
	if m.topic {
		return 1, 1
	}
	return flagCost, flagHeed
}

// markGradient adds the gradient for the flags and topics: of the mean
// cost-weighted cross-entropy, where the rules' evidence is given.
func (f *fit) markGradient(samples []sample, g [][]float64) {
	labels, bias := len(Labels()), len(f.weights)-1
	all := marks()
	for _, s := range samples {
		for k, there := range s.marks {
			missed, heed := all[k].missed()
			share := 1.0
			if !all[k].topic {
				share = biasShare(len(s.leant))
			}
			score := f.weights[bias][labels+k] * share
			for _, i := range s.leant {
				score += f.weights[i][labels+k] * s.scale
			}
			score = markSlope * (score + heed*min(max(s.rules[k], -enough), 1.5*enough) - enough)
			p, cost := 1/(1+math.Exp(-score)), 1.0
			if there {
				p, cost = p-1, missed
			}
			p *= cost / float64(len(samples))
			g[bias][labels+k] += p * share
			for _, i := range s.leant {
				g[i][labels+k] += p * s.scale
			}
		}
	}
}

// Weights not worth a place in the file: of a rule, of an everyday word, and
// of one for a topic, of which there are many.
const (
	small        = 0.05
	smallLeaning = 0.04
	smallTopical = 0.12
)

// apply gives the rules with the fitted weights, the patterns shared.
func (f *fit) apply() *Rules {
	out := *f.rules
	out.rules = make([]*rule, len(f.rules.rules))
	for i, r := range f.rules.rules {
		c := *r
		if f.free[i] {
			c.weights = fittedWeights(r.weights, f.weights[i], small)
		}
		out.rules[i] = &c
	}
	out.leans = f.leanings()
	out.settings.bias = slices.Clone(f.weights[len(f.weights)-1])
	for i := range out.settings.bias {
		out.settings.bias[i] = rounded(out.settings.bias[i])
	}
	return &out
}

// leanings gives the table of everyday words with the fitted weights.
func (f *fit) leanings() leanings {
	old := &f.rules.leans
	out := leanings{at: make(map[phrase]uint16, len(old.rows))}
	for i, r := range old.rows {
		leans, number := old.of(i), len(f.rules.rules)+i
		if f.free[number] {
			leans = nil
			for _, w := range fittedWeights(nil, f.weights[number], smallLeaning) {
				leans = append(leans, leaningOf(w.slot, w.value))
			}
		}
		out.add(r.phrase, leans)
	}
	return out
}

func fittedWeights(old []weight, row []float64, least float64) []weight {
	var out []weight
	all := marks()
	for k, target := range leanTargets() {
		if i := k - len(Labels()); i >= 0 && all[i].topic {
			least = smallTopical
		}
		if math.Abs(row[k]) >= least {
			out = append(out, weight{target: target, slot: k, value: rounded(row[k])})
		}
	}
	if len(out) == 0 {
		// A rule that is to be fitted again must keep a place for it.
		for _, w := range old {
			if w.slot >= 0 {
				out = append(out, weight{target: w.target, slot: w.slot})
				break
			}
		}
	}
	for _, w := range old {
		if w.slot < 0 {
			out = append(out, w)
		}
	}
	return out
}

func rounded(x float64) float64 { return math.Round(x*100) / 100 }
