package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"postroom/classify"
)

const rulesTuneUsage = `usage: postroom rules tune [-rules FILE] [-fresh] -out NEWFILE CORPUS...

Fits the weights of a rule file to labelled messages, and never its patterns.
Each source of messages (or, of one source, each of some folds) is left out
once, fitted without, and judged: those figures come first. Then comes the
difference between the two files, for you to read; without the everyday words
if they are chosen anew. NEWFILE must not exist yet.

CORPUS is as in "postroom rules test". The guide to the rules says more.

`

// runRulesTune fits the weights of a rule file, for a person to review.
func runRulesTune(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("rules tune", flag.ContinueOnError)
	flags.SetOutput(stderr)
	file := flags.String("rules", "", "rule `FILE`; without it the rules that come with the program")
	out := flags.String("out", "", "`NEWFILE` for the fitted rules")
	fresh := flags.Bool("fresh", false, "forget the weights for labels that the file has; needed for true figures on messages that it was fitted to before")
	words := flags.Bool("words", false, "choose the everyday words (leanings) anew from these messages")
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
	if err := rulesTune(*file, *out, corpora, classify.TuneOptions{Fresh: *fresh, Folds: *folds, Pull: *pull, Words: *words}, stdout); err != nil {
		fmt.Fprintln(stderr, "postroom rules tune:", err)
		return 1
	}
	return 0
}

func rulesTune(file, out string, corpora []string, opt classify.TuneOptions, stdout io.Writer) error {
	if _, err := os.Lstat(out); err == nil {
		return errors.New(out + " exists already: name a new file")
	}
	rules, err := rulesFrom(file)
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
	if err := tuned.Render(stdout, file, out, examples); err != nil {
		return err
	}
	return os.WriteFile(out, tuned.File, 0o644) //nolint:gosec // rules are no secret
}
