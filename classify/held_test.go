package classify

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// calmRules know of danger by a word and by everyday words that lean to it.
const (
	calmRules = `settings:
  bias: {complaint: 0, stage2: 0, safeguarding: 0.5}
  temperature: 1
  auto: {complaint: 0.9, service_request: 0.95}
  doubt: 0.05
  doubt-stage2: 0.02
rules:
- id: angry
  why: is angry
  match: angry
  weights: {complaint: 0.1, stage2: 0.1}
- id: polite
  why: asks
  match: please
  weights: {service_request: 0.1}
`
	calmWords = "word\tstage2\tsafeguarding\tcomplaint\nscared\t0.31\t0.9\t0.2\nthe tap\t\t-0.2\nabuse\t\t0.8\nkettle\t\t\t0.4\n"
)

// calmExamples hold no danger, and no stage 2 request.
func calmExamples(n int) []Example {
	var out []Example
	for i := range n {
		e := Example{ID: strconv.Itoa(i), Group: strconv.Itoa(i), Source: []string{"a", "b"}[i/2%2], Label: Complaint, Message: Message{Text: "I am angry with you"}}
		if i%2 == 0 {
			e.Label, e.Message.Text = ServiceRequest, "please mend the tap"
		}
		out = append(out, e)
	}
	return out
}

// TestTuneKeepsWhatTheMessagesDoNotShow holds that a fit to calm post does not
// make the rules deaf to danger, nor to stage 2.
func TestTuneKeepsWhatTheMessagesDoNotShow(t *testing.T) {
	t.Parallel()
	r, err := Read(File{"calm.yaml", []byte(calmRules)}, File{"calm.tsv", []byte(calmWords)})
	if err != nil {
		t.Fatal(err)
	}
	danger := Message{Text: "I am scared of the abuse"}
	if v := r.Decide(danger, Context{}); !v.Has(Safeguarding) {
		t.Fatalf("flags %v before the fit", v.Flags)
	}
	for _, opt := range []TuneOptions{{}, {Words: true}, {Words: true, Fresh: true}} {
		tuned, err := Tune(r, calmExamples(60), opt)
		if err != nil {
			t.Fatal(err)
		}
		if v := tuned.Rules.Decide(danger, Context{}); !v.Has(Safeguarding) {
			t.Errorf("%+v: flags %v after the fit", opt, v.Flags)
		}
		if !strings.Contains(tuned.Diff+calmRules, "safeguarding: 0.5") || !strings.Contains(string(tuned.File), "weights: {complaint:") {
			t.Errorf("%+v: file\n%s", opt, tuned.File)
		}
		slot := slotOf(string(Stage2))
		if got := tuned.Rules.settings.bias[slot]; got != 0 {
			t.Errorf("%+v: the bias of stage 2 was fitted to %v, without a message of it", opt, got)
		}
		if s := tuned.Rules.settings; s.doubtStage2 > 0.02 || s.doubt > 0.05 || s.auto[slotOf(string(ServiceRequest))] < 0.95 {
			t.Errorf("%+v: acts alone more readily than before: %+v", opt, s)
		}
		if !slices.Contains(tuned.Held, "safeguarding") || !slices.Contains(tuned.Held, "stage2") || slices.Contains(tuned.Held, "complaint") {
			t.Errorf("held %v", tuned.Held)
		}
		if words := string(tuned.Words); opt.Words && (strings.Contains(words, "kettle") || !strings.Contains(words, "\nscared\t\t0.31\t\t\t\t\t\t\t0.9\n")) {
			t.Errorf("%+v: words\n%s", opt, words)
		}
		var b strings.Builder
		if err := tuned.Render(&b, "", "new.yaml", calmExamples(60)); err != nil || !strings.Contains(b.String(), "fewer than 20 messages show these") {
			t.Errorf("%v, and the manager is told\n%s", err, b.String())
		}
	}
}

// TestTheMostFrequentWordsAreChosen holds that a corpus with more words than a
// file may have is no error: the rarest are left out.
func TestTheMostFrequentWordsAreChosen(t *testing.T) {
	t.Parallel()
	var examples []Example
	for i := range 8 {
		text := "boiler"
		if i < 4 {
			text += " kettle"
		}
		examples = append(examples, Example{Group: strconv.Itoa(i), Message: Message{Text: text}})
	}
	if got := Default().everyday(examples, 1); !slices.Equal(got, []string{"boiler"}) {
		t.Errorf("chosen %q, want what most messages hold", got)
	}
	if got := Default().everyday(examples, 9); !slices.Equal(got, []string{"boiler", "boiler kettle", "kettle"}) {
		t.Errorf("chosen %q", got)
	}
}

// TestLeastSure holds that rounding lets none act alone that is less sure than
// the last that may.
func TestLeastSure(t *testing.T) {
	t.Parallel()
	for _, last := range []float64{0.2, 0.6, 0.9123, 0.9989, 0.9991, 0.99991, 0.9999999} {
		if got := leastSure(last); got < last {
			t.Errorf("%v is asked for where the last had %v", got, last)
		}
	}
}

// TestTuneReadsOtherLineEnds holds that a file saved on another machine, with
// spaces left behind a line, is fitted too.
func TestTuneReadsOtherLineEnds(t *testing.T) {
	t.Parallel()
	for _, file := range []string{strings.ReplaceAll(smallRules, "\n", "\r\n"), strings.ReplaceAll(smallRules, "}\n", "} \n")} {
		r, err := Read(File{"small.yaml", []byte(file)}, File{"small.tsv", []byte(smallWords)})
		if err != nil {
			t.Fatal(err)
		}
		tuned, err := Tune(r, smallExamples(), TuneOptions{Rounds: 100})
		if err != nil || strings.Count(string(tuned.File), "\n") != strings.Count(file, "\n") {
			t.Errorf("%v: %s", err, fmt.Sprintf("%q", file[:80]))
		}
	}
}

// TestAReportMovesNoTerminal holds that what a stranger wrote does nothing to the
// terminal in which a manager reads how the rules did.
func TestAReportMovesNoTerminal(t *testing.T) {
	t.Parallel()
	odd := "odd \x1b]0;x\x07\x1b[2J thanks a lot"
	rep := Score(Default(), []Example{{ID: odd, Why: odd, Label: Complaint, Message: Message{Subject: odd, Text: odd}}})
	var b strings.Builder
	if err := rep.Render(&b); err != nil || len(rep.Misses) != 1 || strings.ContainsAny(b.String(), "\x1b\x07") {
		t.Errorf("%v, %d misses: %q", err, len(rep.Misses), b.String())
	}
	b.Reset()
	before := rep
	before.Judged = []Judged{{ID: odd, Is: Complaint, Said: Enquiry}}
	if err := rep.RenderChanges(&b, &before); err != nil || strings.ContainsAny(b.String(), "\x1b\x07") {
		t.Errorf("%v: %q", err, b.String())
	}
}

// TestTuneNeedsSomethingToLeaveOut holds that no fit is judged by the messages
// that it was made from.
func TestTuneNeedsSomethingToLeaveOut(t *testing.T) {
	t.Parallel()
	examples := calmExamples(60)
	for i := range examples {
		examples[i].Source, examples[i].Group = "a", "one person"
	}
	if _, err := Tune(Default(), examples, TuneOptions{}); err == nil || !strings.Contains(err.Error(), "left out") {
		t.Errorf("a fit to one person's messages: %v", err)
	}
}
