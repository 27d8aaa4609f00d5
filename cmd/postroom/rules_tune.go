package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

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
	if *out == "" || len(corpora) == 0 || *folds < 2 || *pull < 0 {
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
// that come out of it.
func rulesTune(in, out [2]string, corpora []string, opt classify.TuneOptions, stdout io.Writer) error {
	for _, name := range out {
		if _, err := os.Lstat(name); err == nil && name != "" {
			return errors.New(name + " exists already: name a new file")
		}
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
	if err := tuned.Render(stdout, in[0], out[0], examples); err != nil {
		return err
	}
	for i, text := range [][]byte{tuned.File, tuned.Words} {
		if text == nil {
			continue
		}
		if err := os.WriteFile(out[i], text, 0o644); err != nil { //nolint:gosec // rules are no secret
			return err
		}
	}
	return nil
}
