package classify

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// smallRules is a file with a rule that the examples of tuning need, one that
// is fixed and one that they never meet.
const smallRules = `settings:
  bias: {complaint: 0}
  temperature: 1
  auto: {complaint: 0.9}
  doubt: 0.05
  doubt-stage2: 0.05
rules:
- id: angry
  why: is angry
  match: angry
  weights: {complaint: 0.1}
- id: polite
  why: asks
  match: please
  weights: {service_request: 0.1, hazard: 0.2}
- id: kept
  why: is set by hand
  match: tap
  fixed: true
  weights: {follow_up: 0.7}
- id: unmet
  why: is in no example
  match: zebra
  weights: {enquiry: 0.6}
`

const smallWords = "word\tenquiry\ngone\t0.5\n"

func smallExamples() []Example {
	var out []Example
	for i := range 40 {
		e := Example{ID: "x", Group: strconv.Itoa(i), Source: []string{"a", "b"}[i/2%2], Label: Complaint, Message: Message{Text: "I am angry with you"}}
		if i%2 == 0 {
			e.Label, e.Message.Text = ServiceRequest, "please mend the tap"
		}
		out = append(out, e)
	}
	return out
}

func tuneSmall(t *testing.T, opt TuneOptions) *Tuned {
	t.Helper()
	r, err := Read(File{"small.yaml", []byte(smallRules)}, File{"small.tsv", []byte(smallWords)})
	if err != nil {
		t.Fatal(err)
	}
	opt.Rounds = 100
	tuned, err := Tune(r, smallExamples(), opt)
	if err != nil {
		t.Fatal(err)
	}
	return tuned
}

func TestTune(t *testing.T) {
	t.Parallel()
	tuned := tuneSmall(t, TuneOptions{})
	if len(tuned.Folds) != 2 || tuned.Folds[0].Report.Accuracy() != 1 {
		t.Errorf("folds %+v", tuned.Folds)
	}
	if !strings.Contains(string(tuned.File), "hazard: 0.2") || !strings.Contains(tuned.Diff, "@@ -11 +11 @@ angry") {
		t.Errorf("file\n%s\ndiff\n%s", tuned.File, tuned.Diff)
	}
	if again := tuneSmall(t, TuneOptions{}); !bytes.Equal(tuned.File, again.File) {
		t.Error("a second fit gives another file")
	}
}

func TestTuneKeeps(t *testing.T) {
	t.Parallel()
	tuned := tuneSmall(t, TuneOptions{Fresh: true})
	file := string(tuned.File)
	if tuned.Words != nil || tuned.Rules.numbered() != 5 {
		t.Errorf("new words %q and %d rules, though the words were to stay", tuned.Words, len(tuned.Rules.rules))
	}
	for why, want := range map[string]string{
		"is fixed":            "fixed: true\n  weights: {follow_up: 0.7}",
		"fires on no example": "match: zebra\n  weights: {enquiry: 0.6}",
	} {
		if !strings.Contains(file, want) {
			t.Errorf("a weight that %s was not kept\n%s", why, file)
		}
	}
}

func TestTuneChoosesWords(t *testing.T) {
	t.Parallel()
	tuned := tuneSmall(t, TuneOptions{Words: true})
	words := string(tuned.Words)
	for _, want := range []string{"word\tcomplaint\tstage2\t", "\nmend\t", "\nmend the\t", "\nwith you\t"} {
		if !strings.Contains(words, want) {
			t.Errorf("%q is not among the words\n%s", want, words)
		}
	}
	if !strings.Contains(words, "\ngone\t\t\t\t\t0.5\n") {
		t.Errorf("what leans to enquiries, of which there is no example, did not stay\n%s", words)
	}
	again, err := Read(File{"new.yaml", tuned.File}, File{"new.tsv", tuned.Words})
	if err != nil || again.Version() != tuned.Rules.Version() {
		t.Errorf("the new files read as %v, %v; want what was tried", again, err)
	}
	if v := again.Decide(Message{Text: "please mend the tap"}, Context{}); v.Label != ServiceRequest {
		t.Errorf("label %s", v.Label)
	}
}

func TestWordsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for words, want := range map[string]string{
		"wort\tcomplaint": `small.tsv:1: "wort" is no heading here`,
		"word\tmoan":      `small.tsv:1: "moan" is no heading here`,
		"# why\nword\tenquiry\n\ngone away now\t1":    `small.tsv:4: "gone away now" should be one word, or two`,
		"word\tenquiry\nr2d2\t1":                      `small.tsv:2: "r2d2" is no word of letters`,
		"word\tenquiry\ngone\tone":                    `small.tsv:2: "one" should be a number`,
		"word\tenquiry\ngone\tNaN":                    `small.tsv:2: "NaN" should be a number`,
		"word\tenquiry\ngone\t0.125":                  `small.tsv:2: "0.125" should be a number from -20 to 20, with two decimals at most`,
		"word\tenquiry\ngone\t1\t1":                   `small.tsv:2: there are more columns than headings`,
		"word\tenquiry\ngone\t1\t":                    `small.tsv:2: there are more columns than headings`,
		manyWords(maxWords + 1):                       `over 30000 everyday words: leave some out`,
		"word\tenquiry\ngone\t1\nGone\t1\nword\tnone": `small.tsv:3: "Gone" stands here twice`,
	} {
		_, err := Read(File{"small.yaml", []byte(smallRules)}, File{"small.tsv", []byte(words)})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gives %v, want %s", words, err, want)
		}
	}
}

// manyWords is a file of so many pairs of words, no two words alike.
func manyWords(n int) string {
	var b strings.Builder
	b.WriteString("word\tenquiry")
	for i := range n {
		letters := strings.Map(func(r rune) rune { return r - '0' + 'a' }, strconv.Itoa(100000+i))
		fmt.Fprintf(&b, "\n%sx %sy\t1", letters, letters)
	}
	return b.String()
}

// TestTooManyWords holds that words are refused before their numbers run out.
func TestTooManyWords(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range maxAtoms - 2*maxWords {
		fmt.Fprintf(&b, " w%d", i)
	}
	for _, row := range []struct {
		rules, words, want string
	}{
		{smallRules + "languages: {en: \"" + b.String() + "\"}", manyWords(maxWords), "small.yaml:1: over 65535 different words"},
		{smallRules, manyWords(maxWords), ""},
	} {
		_, err := Read(File{"small.yaml", []byte(row.rules)}, File{"small.tsv", []byte(row.words)})
		if (err == nil) != (row.want == "") || err != nil && !strings.Contains(err.Error(), row.want) {
			t.Errorf("%v, want %q", err, row.want)
		}
	}
}

// TestLeaningsSettleNothing holds that everyday words, however they lean, do
// not settle a message in which dissatisfaction is heard.
func TestLeaningsSettleNothing(t *testing.T) {
	t.Parallel()
	file := strings.Replace(smallRules, "match: angry\n", "match: angry\n  heard: true\n", 1)
	file = strings.Replace(file, "auto: {complaint: 0.9}", "auto: {complaint: 0.9, enquiry: 0.6}", 1)
	r, err := Read(File{"small.yaml", []byte(file)}, File{"small.tsv", []byte("word\tenquiry\nwith\t4\nwith you\t4\n")})
	if err != nil {
		t.Fatal(err)
	}
	v := r.Decide(Message{Text: "I am angry with you"}, Context{})
	if v.Label != Enquiry || v.Route != Review {
		t.Errorf("label %s, route %s", v.Label, v.Route)
	}
	var lines []Evidence
	for _, e := range v.Evidence {
		if e.Rule == everydayID {
			lines = append(lines, e)
		}
	}
	if len(lines) != 1 || lines[0].Label != string(Enquiry) || lines[0].Quote != "with, with you" || lines[0].Why == "" {
		t.Errorf("the everyday words stand in the evidence as %+v", lines)
	}
}

// TestPairsEndWhereTheWriterDoes holds that a form's label, which is nobody's
// own word, makes no pair with the word before it: a fit learns none either.
func TestPairsEndWhereTheWriterDoes(t *testing.T) {
	t.Parallel()
	r, err := Read(File{"small.yaml", []byte(smallRules)}, File{"small.tsv", []byte("word\tenquiry\nhere telephone\t4\n")})
	if err != nil {
		t.Fatal(err)
	}
	for text, pairs := range map[string]int{
		"there is a long line before the one that begins here\nTelephone : none of yours": 0,
		"there is a long line before the one that begins here telephone me":               1,
	} {
		if j := r.judge(Message{Text: text}, Context{}); len(j.leant) != pairs {
			t.Errorf("%q: %d pairs, want %d", text, len(j.leant), pairs)
		}
	}
}
