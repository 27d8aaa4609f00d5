package classify

import (
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
)

// TuneOptions bounds a fit. The zero value is ready to use.
type TuneOptions struct {
	Pull   float64 // how strongly weights are held to what the file says; 0 stands for 0.004
	Rounds int     // steps of the fit; 0 stands for 500
	Folds  int     // folds when the examples name fewer than two sources; 0 stands for 5
	Fresh  bool    // forget the file's weights for labels, so that the folds' figures owe nothing to an earlier fit
}

// Tuned is a fit, for a person to review.
type Tuned struct {
	File  []byte // the rule file with the fitted weights; all else is untouched
	Diff  string // what changed, a line of the file each
	Folds []FoldScore
	Rules *Rules // File, read
}

// A FoldScore tells how weights that were fitted without a fold's examples
// did on them.
type FoldScore struct {
	Name   string
	Report Report
}

// A sample is an example as the fit sees it: the rules that fired.
type sample struct {
	fired []int
	label int
	cost  float64
	scale float64 // of the common words
}

// A fit holds the weights while they are fitted: a row a rule, a column a
// label, the last row the bias.
type fit struct {
	rules   *Rules
	opt     TuneOptions
	weights [][]float64
	prior   [][]float64
	free    []bool
}

// Tune fits the weights of the rules to labelled examples, and nothing else:
// patterns, flags and topics stay as they are.
//
// The method is multinomial logistic regression over the rules that fired, by
// Adam on the whole corpus, with a quadratic pull towards the weights that
// the file has (so that a rule which the corpus never needs keeps its
// weight), clamped to the file's bounds. It has no randomness. Before the
// final fit on everything, each source (or, when there is one source, each of
// opt.Folds folds of whole groups) is left out once, fitted without, and
// judged. The verdicts on what was left out also set the temperature and the
// confidence from which each label is settled alone.
func Tune(r *Rules, examples []Example, opt TuneOptions) (*Tuned, error) {
	opt = opt.filled()
	if len(examples) < 20 {
		return nil, errors.New("tune: fewer than 20 examples: collect more before fitting")
	}
	samples := r.samples(examples)
	folds := foldsOf(examples, opt.Folds)
	fitted := map[string]*Rules{}
	var left []leftOut
	for _, name := range sortedKeys(folds) {
		in, outside := split(len(examples), folds[name])
		f := newFit(r, opt)
		f.run(pick(samples, in))
		fitted[name] = f.apply()
		left = append(left, fitted[name].leftOut(pick(examples, outside))...)
	}
	f := newFit(r, opt)
	f.run(samples)
	final := f.apply()
	final.settings = calibrated(final.settings, left)
	out := &Tuned{}
	for _, name := range sortedKeys(folds) {
		// The folds are judged as the new file would settle them.
		fold := fitted[name]
		fold.settings.temperature, fold.settings.auto = final.settings.temperature, final.settings.auto
		out.Folds = append(out.Folds, FoldScore{Name: name, Report: Score(fold, pick(examples, folds[name]))})
	}
	return out, out.write(r, final)
}

// write puts the fitted weights into the file and reads it again.
func (t *Tuned) write(r, final *Rules) error {
	var err error
	if t.File, t.Diff, err = rewrite(r, final); err != nil {
		return err
	}
	if t.Rules, err = Parse("tuned rules", t.File); err != nil {
		return fmt.Errorf("tune: read the fitted file: %w", err)
	}
	return nil
}

func (o TuneOptions) filled() TuneOptions {
	if o.Pull <= 0 {
		o.Pull = 0.004
	}
	if o.Rounds <= 0 {
		o.Rounds = 500
	}
	if o.Folds < 2 {
		o.Folds = 5
	}
	return o
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
		s.fired = append(s.fired, j.fired...)
		s.scale = j.scale()
		out = append(out, s)
	}
	return out
}

// foldsOf gives the indexes of the examples of each fold.
func foldsOf(examples []Example, n int) map[string][]int {
	sources := map[string][]int{}
	for i, e := range examples {
		sources[e.Source] = append(sources[e.Source], i)
	}
	if len(sources) >= 2 {
		return sources
	}
	folds := map[string][]int{}
	for i, e := range examples {
		h := fnv.New64a()
		h.Write([]byte(e.Group))
		name := fmt.Sprintf("fold %d", h.Sum64()%uint64(max(n, 1))+1)
		folds[name] = append(folds[name], i)
	}
	return folds
}

func split(n int, outside []int) (in, out []int) {
	for i := range n {
		if !slices.Contains(outside, i) {
			in = append(in, i)
		}
	}
	return in, outside
}

func pick[T any](all []T, which []int) []T {
	out := make([]T, 0, len(which))
	for _, i := range which {
		out = append(out, all[i])
	}
	return out
}

func newFit(r *Rules, opt TuneOptions) *fit {
	n, labels := len(r.rules), len(Labels())
	f := &fit{rules: r, opt: opt, free: make([]bool, n+1)}
	for i := range n + 1 {
		row := make([]float64, labels)
		weights := biasWeights(r.settings.bias)
		if i < n {
			weights = r.rules[i].weights
		}
		for _, w := range weights {
			if w.slot < 0 {
				continue
			}
			f.free[i] = true
			if !opt.Fresh {
				row[w.slot] = w.value
			}
		}
		f.prior = append(f.prior, row)
		f.weights = append(f.weights, slices.Clone(row))
	}
	return f
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
	const rate, keep1, keep2, tiny = 0.03, 0.9, 0.999, 1e-8
	first, second := zeros(f.weights), zeros(f.weights)
	s := f.rules.settings
	for round := 1; round <= f.opt.Rounds; round++ {
		g := f.gradient(samples)
		c1, c2 := 1-math.Pow(keep1, float64(round)), 1-math.Pow(keep2, float64(round))
		for i := range f.weights {
			if !f.free[i] {
				continue
			}
			for k := range f.weights[i] {
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
func (f *fit) gradient(samples []sample) [][]float64 {
	g := zeros(f.weights)
	bias := len(f.weights) - 1
	for _, s := range samples {
		score := slices.Clone(f.weights[bias])
		for _, i := range s.fired {
			if f.free[i] {
				by := f.scale(i, s)
				for k, w := range f.weights[i] {
					score[k] += w * by
				}
			}
		}
		p := softmax(score, 1)
		p[s.label]--
		for k := range p {
			p[k] *= s.cost / float64(len(samples))
			g[bias][k] += p[k]
		}
		for _, i := range s.fired {
			by := f.scale(i, s)
			for k := range p {
				g[i][k] += p[k] * by
			}
		}
	}
	for i := range g {
		pull := f.opt.Pull
		if i < bias && f.rules.rules[i].leaning {
			pull *= leaningPull
		}
		for k := range g[i] {
			g[i][k] += pull * (f.weights[i][k] - f.prior[i][k])
		}
	}
	return g
}

// leaningPull is how much more strongly a common word is held than a rule: it
// means little by itself.
const leaningPull = 1

func (f *fit) scale(i int, s sample) float64 {
	if f.rules.rules[i].leaning {
		return s.scale
	}
	return 1
}

// small is a weight not worth a place in the file.
const small = 0.05

// apply gives the rules with the fitted weights, the patterns shared.
func (f *fit) apply() *Rules {
	out := *f.rules
	out.rules = make([]*rule, len(f.rules.rules))
	for i, r := range f.rules.rules {
		c := *r
		if f.free[i] {
			c.weights = fittedWeights(r.weights, f.weights[i])
		}
		out.rules[i] = &c
	}
	out.settings.bias = slices.Clone(f.weights[len(f.weights)-1])
	for i := range out.settings.bias {
		out.settings.bias[i] = rounded(out.settings.bias[i])
	}
	return &out
}

func fittedWeights(old []weight, row []float64) []weight {
	var out []weight
	for k, l := range Labels() {
		if math.Abs(row[k]) >= small {
			out = append(out, weight{target: string(l), slot: k, value: rounded(row[k])})
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
