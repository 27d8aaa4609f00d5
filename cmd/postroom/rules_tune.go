package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"postroom/classify"
)

const rulesTuneUsage = `usage: postroom rules tune [-rules FILE] [-words FILE] [-fresh] -out NEWFILE [-out-words NEWFILE] CORPUS...

Fits the weights of a rule file to labelled messages, and never its patterns.
Each source of messages (or, of one source, each of some folds) is left out
once, fitted without, and judged: those figures come first. Then comes the
difference between the two rule files, for you to read. With -out-words the
everyday words are chosen and fitted anew too; without it they stay as they
are. New files must not exist yet.

CORPUS is as in "postroom rules test". The guide to the rules says more.

`

// runRulesTune fits the weights of a rule file, for a person to review.
func runRulesTune(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("rules tune", flag.ContinueOnError)
	flags.SetOutput(stderr)
	file := flags.String("rules", "", rulesFlag)
	words := flags.String("words", "", wordsFlag)
	out := flags.String("out", "", "`NEWFILE` for the fitted rules")
	fresh := flags.Bool("fresh", false, "forget the weights for labels that the file has; needed for true figures on messages that it was fitted to before")
	outWords := flags.String("out-words", "", "`NEWFILE` for everyday words, chosen anew from these messages")
	folds := flags.Int("folds", 5, "how many `FOLDS` a single source is parted into")
	pull := flags.Float64("pull", 0, "how strongly weights are held to what the file says; 0 is as usual")
	flags.Usage = func() { fmt.Fprint(stderr, rulesTuneUsage); flags.PrintDefaults() }
	corpora, err := parseMixed(flags, args)
	if err != nil {
		return usageCode(err)
	}
	if *out == "" || len(corpora) == 0 || *folds < 2 || !(*pull >= 0) || math.IsInf(*pull, 0) {
		flags.Usage()
		return 2
	}
	opt := classify.TuneOptions{Fresh: *fresh, Folds: *folds, Pull: *pull, Words: *outWords != ""}
	if err := rulesTune([2]string{*file, *words}, [2]string{*out, *outWords}, corpora, opt, stdout); err != nil {
		fmt.Fprintln(stderr, "postroom rules tune:", err)
		return 1
	}
	return 0
}

// rulesTune fits the rules and words of the files given, and writes the two
// that come out of it. They are there before anything is printed: whoever reads
// only the first lines has them too.
func rulesTune(in, out [2]string, corpora []string, opt classify.TuneOptions, stdout io.Writer) error {
	if err := canBeNew(out); err != nil {
		return err
	}
	rules, err := rulesFrom(in[0], in[1])
	if err != nil {
		return err
	}
	examples, err := readCorpora(corpora)
	if err != nil {
		return err
	}
	tuned, err := classify.Tune(rules, examples, opt)
	if err != nil {
		return err
	}
	if err := writeTuned(out, [2][]byte{tuned.File, tuned.Words}); err != nil {
		return err
	}
	return tuned.Render(stdout, in[0], out[0], examples)
}

// canBeNew finds out before the minutes of a fit whether what comes out of it
// can be written.
func canBeNew(names [2]string) error {
	if filepath.Clean(names[0]) == filepath.Clean(names[1]) {
		return errors.New("-out and -out-words name the same file: name two")
	}
	for _, name := range names {
		if name == "" {
			continue
		}
		if _, err := os.Lstat(name); err == nil {
			return errors.New(name + " exists already: name a new file")
		}
		trial, err := os.CreateTemp(filepath.Dir(name), draftOfTune)
		if err != nil {
			return fmt.Errorf("%s cannot be written: %w", name, err)
		}
		if err := errors.Join(trial.Close(), os.Remove(trial.Name())); err != nil {
			return err
		}
	}
	return nil
}

// draftOfTune is what a file is called until it is whole.
const draftOfTune = ".tune-*"

// writeTuned writes the files that belong together. Each appears whole, and
// none before all are: the half of a rule file can be read as a file with fewer
// rules.
func writeTuned(names [2]string, texts [2][]byte) (err error) {
	var drafts [2]string
	defer func() {
		for _, draft := range drafts {
			if draft != "" {
				_ = os.Remove(draft) // where it has its name it is gone from here
			}
		}
	}()
	for i, text := range texts {
		if text == nil {
			continue
		}
		f, err := os.CreateTemp(filepath.Dir(names[i]), draftOfTune)
		if err != nil {
			return err
		}
		drafts[i] = f.Name()
		_, err = f.Write(text)
		if err := errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
			return err
		}
	}
	for i, draft := range drafts {
		if draft == "" {
			continue
		}
		if err := os.Rename(draft, names[i]); err != nil {
			return err
		}
	}
	return nil
}
