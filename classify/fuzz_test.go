package classify

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzParse(f *testing.F) {
	f.Add(string(defaultRules[:4000]))
	f.Add("rules:\n- id: a\n  why: b\n  match: [\"still (waiting|no) ..3 reply?\"]\n  weights: {complaint: 1}\n")
	f.Add("lists: {x: [a, \"b c\"]}\nrules: [{id: a, why: b, match: \"@x .. #number $?\"}]")
	f.Fuzz(func(t *testing.T, s string) {
		r, err := Parse("fuzz.yaml", []byte(s))
		if err != nil {
			if !strings.Contains(err.Error(), "fuzz.yaml") {
				t.Errorf("the error does not name the file: %v", err)
			}
			return
		}
		v := r.Decide(Message{Channel: "email", Text: "I am still waiting for 3 replies. Why?"}, Context{})
		if v.RulesVersion != r.Version() {
			t.Errorf("version %q, want %q", v.RulesVersion, r.Version())
		}
	})
}

func FuzzDecide(f *testing.F) {
	f.Add("Boiler", "Nobody came. I've rung three times — “still waiting”.\n\nOn Tue wrote:\n> no", true)
	f.Add("", "\x00\xff\xfe", false)
	f.Add("Re: C-26-0031", "ہیٹر خراب ہے", false)
	f.Fuzz(func(t *testing.T, subject, text string, ocr bool) {
		m := Message{Channel: "email", Subject: subject, Text: text, OCR: ocr}
		checkVerdict(t, m, Default().Decide(m, Context{}))
	})
}

// checkVerdict holds what is true of every verdict, whatever the text.
func checkVerdict(t *testing.T, m Message, v Verdict) {
	t.Helper()
	if slotOf(string(v.Label)) < 0 || v.Label == v.Second {
		t.Errorf("labels %q and %q", v.Label, v.Second)
	}
	if v.Confidence < 0 || v.Confidence > 1 || v.Why == "" || v.Topics == nil || v.Flags == nil || v.Evidence == nil {
		t.Errorf("a verdict is not whole: %+v", v)
	}
	if v.Route == Auto && strings.TrimSpace(m.Text+m.Subject) == "" {
		t.Error("an empty message is settled alone")
	}
	for _, e := range v.Evidence {
		if e.Start == 0 && e.End == 0 {
			continue
		}
		if e.Start < 0 || e.End > len(m.Text) || e.Start >= e.End || m.Text[e.Start:e.End] != e.Quote {
			t.Errorf("evidence %s: %d to %d is not %q", e.Rule, e.Start, e.End, e.Quote)
		}
	}
	for _, s := range append(v.Definition.Issues, v.Definition.Outcomes...) {
		if strings.Contains(s, "http") || utf8.ValidString(m.Text) && !utf8.ValidString(s) {
			t.Errorf("a definition says %q", s)
		}
	}
	if len(v.Definition.Issues) > mostIssues || len(v.Definition.Outcomes) > mostOutcomes {
		t.Errorf("a definition is too long: %+v", v.Definition)
	}
}

// FuzzFittedWords reads a file of fitted words as people may have edited it.
func FuzzFittedWords(f *testing.F) {
	_, words := BuiltIn()
	rules := File{"rules.yaml", []byte("rules:\n- id: a\n  why: b\n  match: [\"still (waiting|no) ..3 reply?\"]\n  weights: {complaint: 1}\n")}
	f.Add(string(words.Data[:min(len(words.Data), 2000)]))
	f.Add("word\tcomplaint\tNaN\n\xff\t\t1e999\n")
	f.Fuzz(func(t *testing.T, s string) {
		r, err := Read(rules, File{"fuzz.tsv", []byte(s)})
		if err != nil {
			if !strings.Contains(err.Error(), "fuzz.tsv") {
				t.Errorf("the error does not name the file: %v", err)
			}
			return
		}
		m := Message{Channel: "email", Text: "I am still waiting for 3 replies. Why? " + s}
		checkVerdict(t, m, r.Decide(m, Context{}))
	})
}
