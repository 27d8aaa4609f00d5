package classify

import (
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"sync"
)

// TuneOptions bounds a fit. The zero value is ready to use.
type TuneOptions struct {
	Pull   float64 // how strongly weights are held to what the file says; 0 stands for 0.001
	Rounds int     // steps of the fit; 0 stands for 150
	Folds  int     // folds when the examples name fewer than two sources; 0 stands for 5
	Fresh  bool    // forget the file's weights for labels, so that the folds' figures owe nothing to an earlier fit
	Words  bool    // choose the everyday words anew, and fit them; else they stay as they are
}

// Tuned is a fit, for a person to review.
type Tuned struct {
	File  []byte // the rule file with the fitted weights; all else is untouched
	Words []byte // the new everyday words; nil when they stay as they were
	Diff  string // what changed in the rule file, a line each
	Folds []FoldScore
	Held  []string // labels, flags and topics of which the examples show too little: they stay as they were
	Rules *Rules   // the new rules, as they will be read
}

// A FoldScore tells how weights that were fitted without a fold's examples
// did on them.
type FoldScore struct {
	Name   string
	Report Report
}

// Tune fits the weights of the rules to labelled examples, and nothing else:
// patterns, flags and topics stay as they are. Rules that are fixed, and
// rules that fire on no example, keep their weights, and so does what is held.
//
// The method is that of fit. Before the final fit on everything, each source
// (or, when there is one source, each of opt.Folds folds of whole groups) is
// left out once, fitted without, and judged. The verdicts on what was left
// out also set the temperature and the confidence from which each label is
// settled alone.
func Tune(r *Rules, examples []Example, opt TuneOptions) (*Tuned, error) {
	opt = opt.filled()
	if len(examples) < 20 {
		return nil, errors.New("tune: fewer than 20 examples: collect more before fitting")
	}
	folds := foldsOf(examples, opt.Folds)
	if len(folds) < 2 {
		return nil, errors.New("tune: all examples are one sender's or family's, so none can be left out to judge the fit: add other people's")
	}
	held := heldBy(examples)
	if opt.Words {
		var err error
		if r, err = r.withWords(examples, held); err != nil {
			return nil, err
		}
	}
	samples := r.samples(examples)
	fitted, final := fitAll(r, samples, folds, opt, held)
	var left []leftOut
	for _, name := range sortedKeys(folds) {
		left = append(left, fitted[name].leftOut(pick(examples, folds[name]))...)
	}
	final.settings = held.cautious(r.settings, calibrated(final.settings, left))
	raise := raised(left, held)
	final.raise(raise)
	out := &Tuned{Held: held.names()}
	for _, name := range sortedKeys(folds) {
		// The folds are judged as the new file would settle them.
		fold := fitted[name]
		bias := fold.settings.bias
		fold.settings = final.settings
		fold.settings.bias = bias
		fold.raise(raise)
		out.Folds = append(out.Folds, FoldScore{Name: name, Report: Score(fold, pick(examples, folds[name]))})
	}
	return out, out.write(r, final, opt.Words)
}

// raise moves the biases of the flags to which words lean.
func (r *Rules) raise(by []float64) {
	for k, x := range by {
		r.settings.bias[len(Labels())+k] = rounded(r.settings.bias[len(Labels())+k] + x)
	}
}

// fitAll fits without each fold, and on everything. The fits know nothing of
// each other, and two are made at a time.
func fitAll(r *Rules, samples []sample, folds map[string][]int, opt TuneOptions, held held) (map[string]*Rules, *Rules) {
	names := append(sortedKeys(folds), "")
	rules := make([]*Rules, len(names))
	seen := firedIn(r, samples)
	var wg sync.WaitGroup
	turn := make(chan struct{}, 2)
	for i, name := range names {
		wg.Go(func() {
			turn <- struct{}{}
			defer func() { <-turn }()
			in, _ := split(len(samples), folds[name])
			f := newFit(r, opt, seen, held)
			f.run(pick(samples, in))
			rules[i] = f.apply()
		})
	}
	wg.Wait()
	fitted := map[string]*Rules{}
	for i, name := range names[:len(folds)] {
		fitted[name] = rules[i]
	}
	return fitted, rules[len(folds)]
}

// write puts the fitted weights into the files and reads them again.
func (t *Tuned) write(r, final *Rules, words bool) error {
	var err error
	if t.File, t.Diff, err = rewrite(r, final); err != nil {
		return err
	}
	kept := final.wordsFile()
	if words {
		t.Words = kept
	}
	if t.Rules, err = Read(File{"tuned rules", t.File}, File{"tuned words", kept}); err != nil {
		return fmt.Errorf("tune: read the fitted file: %w", err)
	}
	return nil
}

func (o TuneOptions) filled() TuneOptions {
	if o.Pull <= 0 {
		o.Pull = 0.001
	}
	if o.Rounds <= 0 {
		o.Rounds = 150
	}
	if o.Folds < 2 {
		o.Folds = 5
	}
	return o
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
