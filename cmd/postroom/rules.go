package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"postroom/classify"
)

const rulesUsage = `usage: postroom rules show|test|tune|corpus [-h] ...

  show     print the rule file that comes with the program, to copy it
  test     score a rule file on labelled messages
  tune     fit its weights to labelled messages, for you to review
  corpus   write officers' decisions out as labelled messages, masked
`

// runRules is the managers' tools for the rule file.
func runRules(args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		fmt.Fprint(stderr, rulesUsage)
		return 2
	}
	switch args[0] {
	case "show":
		return runRulesShow(args[1:], stdout, stderr)
	case "test":
		return runRulesTest(args[1:], stdout, stderr)
	case "tune":
		return runRulesTune(args[1:], stdout, stderr)
	case "corpus":
		return runRulesCorpus(args[1:], stdout, stderr)
	case "-h", "-help", "--help", "help":
		fmt.Fprint(stderr, rulesUsage)
		return 0
	}
	fmt.Fprintf(stderr, "postroom rules: there is no command %q\n\n%s", args[0], rulesUsage)
	return 2
}

const rulesShowUsage = `usage: postroom rules show [-words]

Prints the rule file that comes with the program: copy it, change it, test it,
and name it under rules.file in the configuration.

`

// runRulesShow prints what comes with the program: a package brings no source.
func runRulesShow(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("rules show", flag.ContinueOnError)
	flags.SetOutput(stderr)
	everyday := flags.Bool("words", false, "the everyday words in its place")
	flags.Usage = func() { fmt.Fprint(stderr, rulesShowUsage); flags.PrintDefaults() }
	if rest, err := parseMixed(flags, args); err != nil || len(rest) > 0 {
		if err == nil {
			flags.Usage()
			return 2
		}
		return usageCode(err)
	}
	file, words := classify.BuiltIn()
	if *everyday {
		file = words
	}
	if _, err := stdout.Write(file.Data); err != nil {
		fmt.Fprintln(stderr, "postroom rules show:", err)
		return 1
	}
	return 0
}

const rulesTestUsage = `usage: postroom rules test [-rules FILE] [-words FILE] [-json] [CORPUS...]

Judges labelled messages and says how the rules did: confusion, precision and
recall, what would be settled alone and how rightly, calibration, every rule,
and every miss with its words. With -rules or -words it also says what changes
against what comes with the program.

CORPUS is a file of JSON lines, a folder of such files, or a folder of mails
with labels.json beside them. Without one, the program's own examples are used.

`

// runRulesTest scores a rule file on a corpus.
func runRulesTest(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("rules test", flag.ContinueOnError)
	flags.SetOutput(stderr)
	file := flags.String("rules", "", rulesFlag)
	words := flags.String("words", "", wordsFlag)
	asJSON := flags.Bool("json", false, "one JSON object instead of words")
	flags.Usage = func() { fmt.Fprint(stderr, rulesTestUsage); flags.PrintDefaults() }
	corpora, err := parseMixed(flags, args)
	if err != nil {
		return usageCode(err)
	}
	if err := rulesTest(*file, *words, corpora, *asJSON, stdout); err != nil {
		fmt.Fprintln(stderr, "postroom rules test:", err)
		return 1
	}
	return 0
}

func rulesTest(file, words string, corpora []string, asJSON bool, stdout io.Writer) error {
	rules, err := rulesFrom(file, words)
	if err != nil {
		return err
	}
	examples, err := readCorpora(corpora)
	if err != nil {
		return err
	}
	report := classify.Score(rules, examples)
	if asJSON {
		return writeJSON(stdout, report)
	}
	if file != "" || words != "" {
		before := classify.Score(classify.Default(), examples)
		if err := report.RenderChanges(stdout, &before); err != nil {
			return err
		}
	}
	return report.Render(stdout)
}

// The flags of all commands that read rules.
const (
	rulesFlag = "rule `FILE`; without it the rules that come with the program"
	wordsFlag = "`FILE` of everyday words; without it those that come with the program"
)

// rulesFrom reads a rule file and everyday words; what is not named comes
// with the program.
func rulesFrom(file, wordsFile string) (*classify.Rules, error) {
	if file == "" && wordsFile == "" {
		return classify.Default(), nil
	}
	rules, words := classify.BuiltIn()
	for name, into := range map[string]*classify.File{file: &rules, wordsFile: &words} {
		if name == "" {
			continue
		}
		text, err := os.ReadFile(name) //nolint:gosec // the file that the user names
		if err != nil {
			return nil, err
		}
		*into = classify.File{Name: name, Data: text}
	}
	return classify.Read(rules, words)
}

// readCorpora reads labelled messages; each file, or folder of mails, is a
// source of its own, so that tune can leave it out as a fold.
func readCorpora(paths []string) ([]classify.Example, error) {
	if len(paths) == 0 {
		return classify.OwnExamples()
	}
	var out []classify.Example
	for _, path := range paths {
		examples, err := readCorpus(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		out = append(out, examples...)
	}
	return out, nil
}

func readCorpus(path string) ([]classify.Example, error) {
	info, err := os.Stat(path) //nolint:gosec // the file that the user names
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return readCorpusFile(path)
	}
	if _, err := os.Stat(filepath.Join(path, labelsFile)); err == nil { //nolint:gosec // as above
		return readMails(context.Background(), path)
	}
	files, err := filepath.Glob(filepath.Join(path, "*.jsonl"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, errors.New("holds neither " + labelsFile + " nor files that end in .jsonl")
	}
	slices.Sort(files)
	var out []classify.Example
	for _, file := range files {
		examples, err := readCorpusFile(file)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Base(file), err)
		}
		out = append(out, examples...)
	}
	return out, nil
}

func readCorpusFile(path string) ([]classify.Example, error) {
	f, err := os.Open(path) //nolint:gosec // the file that the user names
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	examples, err := classify.ReadCorpus(f)
	for i := range examples {
		examples[i].Source = strings.TrimSuffix(filepath.Base(path), ".jsonl")
	}
	return examples, err
}
