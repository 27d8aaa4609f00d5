package classify

import (
	"bytes"
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
leanings:
  gone: {enquiry: 0.5}
`

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
	r, err := Parse("small.yaml", []byte(smallRules))
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
	file := string(tuneSmall(t, TuneOptions{Fresh: true}).File)
	for why, want := range map[string]string{
		"is fixed":            "fixed: true\n  weights: {follow_up: 0.7}",
		"fires on no example": "match: zebra\n  weights: {enquiry: 0.6}",
		"is no longer said":   "gone: {enquiry: 0.5}",
	} {
		if !strings.Contains(file, want) {
			t.Errorf("a weight that %s was not kept\n%s", why, file)
		}
	}
}

func TestTuneChoosesWords(t *testing.T) {
	t.Parallel()
	tuned := tuneSmall(t, TuneOptions{Words: true})
	file := string(tuned.File)
	for _, want := range []string{"\n  mend: {", "\n  mend the: {", "\n  with you: {"} {
		if !strings.Contains(file, want) {
			t.Errorf("%q is not among the words\n%s", want, file)
		}
	}
	if strings.Contains(file, "gone:") || strings.Contains(file, "{complaint: 0}") {
		t.Errorf("a word that leans nowhere is in the file\n%s", file)
	}
	if strings.Contains(tuned.Diff, "mend") {
		t.Errorf("the difference holds words that were chosen anew\n%s", tuned.Diff)
	}
}

func TestTuneWordsStandLast(t *testing.T) {
	t.Parallel()
	file := strings.Replace(smallRules, "rules:\n", "leanings:\n  gone: {enquiry: 0.5}\nrules:\n", 1)
	file = file[:strings.LastIndex(file, "leanings:")]
	r, err := Parse("small.yaml", []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Tune(r, smallExamples(), TuneOptions{Words: true}); err == nil || !strings.Contains(err.Error(), "last part") {
		t.Errorf("words in the middle of the file: %v", err)
	}
}

// TestLeaningsSettleNothing holds that everyday words, however they lean, do
// not settle a message in which dissatisfaction is heard.
func TestLeaningsSettleNothing(t *testing.T) {
	t.Parallel()
	file := strings.Replace(smallRules, "match: angry\n", "match: angry\n  heard: true\n", 1)
	file = strings.Replace(file, "gone: {enquiry: 0.5}", "with: {enquiry: 4}\n  with you: {enquiry: 4}", 1)
	file = strings.Replace(file, "auto: {complaint: 0.9}", "auto: {complaint: 0.9, enquiry: 0.6}", 1)
	r, err := Parse("small.yaml", []byte(file))
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
