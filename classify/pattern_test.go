package classify

import (
	"fmt"
	"strings"
	"testing"
)

// one makes a rule file of one rule.
func one(t *testing.T, fields string) *Rules {
	t.Helper()
	r, err := Parse("test.yaml", []byte("lists:\n  us: [you, your]\n  others: [neighbour]\n  negators: [not, no]\n  negation-stops: [but]\n"+
		"languages: {en: \"i you the not is was my a are it and to of in\", pl: \"nie jest się\"}\n"+
		"rules:\n- id: one\n  why: it is said\n  weights: {complaint: 1}\n"+fields))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestPatternLanguage(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, fields, text string
		want               string // the words quoted; "" when the rule must not fire
	}{
		{"a word", "  match: waiting", "I am waiting", "waiting"},
		{"a phrase", "  match: still waiting", "I am still  waiting", "still  waiting"},
		{"not across sentences", "  match: still waiting", "I am still. Waiting", ""},
		{"choices", "  match: \"still (waiting|no reply)\"", "still no reply", "still no reply"},
		{"an optional word", "  match: \"still very? cold\"", "it is still cold", "still cold"},
		{"a gap", "  match: \"nobody ..2 came\"", "nobody at all came", "nobody at all came"},
		{"a gap too wide", "  match: \"nobody ..2 came\"", "nobody at all ever came", ""},
		{"inflection", "  match: \"report+\"", "we reported it", "reported"},
		{"inflection that doubles", "  match: \"stop+\"", "it stopped", "stopped"},
		{"a prefix", "  match: \"mould*\"", "a mouldy wall", "mouldy"},
		{"any word but", "  match: \"not !a promise\"", "not one promise", "not one promise"},
		{"that word", "  match: \"not !a promise\"", "not a promise", ""},
		{"a number in digits", "  match: \"#number times\"", "rang 3 times", "3 times"},
		{"a number that a pattern names too", "  match: [\"#number times\", \"stage 2\"]", "rang 2 times", "2 times"},
		{"a number in words", "  match: \"#number times\"", "rang four times", "four times"},
		{"a reference", "  match: \"#ref\"", "job R-118402 please", "R-118402"},
		{"start of a sentence", "  match: \"^thanks\"", "Many thanks", ""},
		{"end with a question mark", "  match: \"coming $?\"", "Is he coming?", "coming"},
		{"end without one", "  match: \"coming $?\"", "He is coming.", ""},
		{"apostrophes", "  match: hasn't", "it hasn’t come", "hasn’t"},
		{"a possessive", "  match: boiler", "the boiler's gone", "boiler's"},
		{"accents", "  match: zazalenie", "zażalenie", "zażalenie"},
		{"a letter left out", "  match: complaint", "a complant here", "complant"},
		{"one of two alike at the end left out", "  match: harness", "the harnes here", "harnes"},
		{"two letters left out", "  match: complaint", "a complat here", ""},
		{"the last letter left out", "  match: complaint", "a complain here", ""},
		{"a letter left out of one of two words", "  match: counters", "the couters here", "couters"},
		{"of the later in the alphabet", "  match: [courters, \"please counters\"]", "the couters here", ""},
		{"letters swapped", "  match: complaint", "my compliant is this", "compliant"},
		{"two letters swapped inside", "  match: complaint", "a copmlaint here", "copmlaint"},
		{"negated", "  match: happy\n  polarity: negated", "I am not very happy", "happy"},
		{"not negated", "  match: happy\n  polarity: negated", "I am very happy", ""},
		{"a but ends a negation", "  match: happy\n  polarity: plain", "not now but happy", "happy"},
		{"aimed at others", "  match: rude\n  aim: us", "my neighbour was rude", ""},
		{"aimed at us", "  match: rude\n  aim: us", "your man was rude", "rude"},
		{"often enough", "  match: again\n  times: 2", "again and again", "again"},
		{"not often enough", "  match: again\n  times: 2", "again", ""},
		{"an arrow", "  match: waiting", "Hello\n> still waiting", "waiting"},
		{"an earlier message", "  match: waiting", "Hello\nOn Tuesday somebody <jo@example.net> wrote:\nstill waiting", ""},
		{"who told what", "  match: waiting", "Hello\nOn Tuesday your man wrote:\nno access\nstill waiting", "waiting"},
		{"below Outlook's line", "  match: waiting", "Hello\n________________________________\nFrom: Jo\nSent: today\nstill waiting", ""},
		{"below a drawn line", "  match: waiting", "Hello\n________________________________\n\nstill waiting", "waiting"},
		{"Outlook's header", "  match: waiting", "Hello\nFrom: Jo <jo@example.net>\nSent: today\nTo: me\nstill waiting", ""},
		{"a form that says from whom", "  match: waiting", "Website\nFrom: jo@example.net\nTelephone: none\nMessage: still waiting", "waiting"},
		{"a forwarded message", "  match: waiting", "Hello\n-------- Original message --------\nstill waiting", ""},
		{"a form's no", "  match: elderly", "Anyone elderly? : No\nDetails : hello", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			v := one(t, row.fields).Decide(Message{Text: row.text}, Context{})
			got := ""
			if len(v.Evidence) > 0 {
				got = v.Evidence[0].Quote
			}
			if row.want == "" && len(v.Evidence) > 0 || row.want != "" && !strings.EqualFold(got, strings.Join(strings.Fields(row.want), " ")) && got != row.want {
				t.Errorf("%q fired on %q, want %q", row.fields, got, row.want)
			}
		})
	}
}

func TestMisreadLetters(t *testing.T) {
	t.Parallel()
	r := one(t, "  match: cornplaint") // a scanner's m is often rn
	if v := r.Decide(Message{Text: "a complaint", OCR: true}, Context{}); len(v.Evidence) != 1 {
		t.Error("m read as rn is not understood")
	}
	r = one(t, "  match: mould")
	if v := r.Decide(Message{Text: "rnould", OCR: true}, Context{}); len(v.Evidence) != 1 {
		t.Error("rn read for m is not understood")
	}
	if v := r.Decide(Message{Text: "rnould"}, Context{}); len(v.Evidence) != 0 {
		t.Error("a typed text is read as a scan")
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, file, want string }{
		{"no YAML", "rules: [", "no readable YAML"},
		{"two documents", "rules: []\n---\nrules: []", "second document"},
		{"unknown key", "ruls: []", `"ruls" is not known here`},
		{"no rules", "settings: {}", "no rules"},
		{"no id", "rules:\n- why: x\n  match: a", "f.yaml:2: a rule has no id"},
		{"no reason", "rules:\n- id: x\n  match: a", "no reason"},
		{"an id twice", "rules:\n- {id: x, why: y, match: a}\n- {id: x, why: y, match: a}", "f.yaml:3: id \"x\" is taken"},
		{"an unclosed bracket", "rules:\n- {id: x, why: y, match: \"(a|b\"}", "bracket is not closed"},
		{"an unknown list", "rules:\n- {id: x, why: y, match: \"@nobody\"}", "no list @nobody"},
		{"a gap first", "rules:\n- {id: x, why: y, match: \"..3 a\"}", "must begin with a word"},
		{"nothing to match", "rules:\n- {id: x, why: y, match: \"a?\"}", "match nothing at all"},
		{"a wide gap", "rules:\n- {id: x, why: y, match: \"a ..99 b\"}", "use 1 to 12"},
		{"a short prefix", "rules:\n- {id: x, why: y, match: \"a*\"}", "three letters or more"},
		{"an unknown label", "rules:\n- {id: x, why: y, match: a, weights: {moan: 1}}", "no label, flag or topic"},
		{"a weight that is none", "rules:\n- {id: x, why: y, match: a, weights: {complaint: much}}", "should be a number"},
		{"a sign below", "rules:\n- {id: x, why: y, all: [z]}", "known above this line"},
		{"looks for nothing", "rules:\n- {id: x, why: y}", "looks for nothing"},
		{"a pattern cut by a comment", "rules:\n- id: x\n  why: y\n  match: (a|b #number)", "begins a comment"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse("f.yaml", []byte(row.file))
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v, want %q", err, row.want)
			}
		})
	}
}

func TestParseGivesAllProblems(t *testing.T) {
	t.Parallel()
	_, err := Parse("f.yaml", []byte("rules:\n- {id: x, why: y, match: \"(a\"}\n- {id: z, match: b}\n"))
	if err == nil || !strings.Contains(err.Error(), "f.yaml:2") || !strings.Contains(err.Error(), "f.yaml:3") {
		t.Errorf("not every problem is told: %v", err)
	}
}

// TestCostlyRules holds that no rule file makes a message cost more than its
// share: it goes to a person instead.
func TestCostlyRules(t *testing.T) {
	t.Parallel()
	var file strings.Builder
	file.WriteString("rules:\n")
	for i := range 1000 {
		fmt.Fprintf(&file, "- {id: r%d, why: x, match: \"a ..12 a ..12 b%d\", weights: {complaint: 1}}\n", i, i)
	}
	r, err := Parse("costly.yaml", []byte(file.String()))
	if err != nil {
		t.Fatal(err)
	}
	v := r.Decide(Message{Text: strings.Repeat("a ", maxJudged/3)}, Context{})
	if v.Route != Review || !strings.Contains(v.Why, "take too long") {
		t.Errorf("%s: %s", v.Route, v.Why)
	}
}

// TestListsOfLists holds that lists which name each other twice, level upon
// level, are refused rather than laid out.
func TestListsOfLists(t *testing.T) {
	t.Parallel()
	for name, entry := range map[string]string{"one after the other": "@l%d @l%d", "side by side": "@l%d, x%[1]d, @l%d"} {
		var file strings.Builder
		file.WriteString("lists:\n  l0: [a b, c, d]\n")
		for i := range 60 {
			fmt.Fprintf(&file, "  l%d: [\""+entry+"\"]\n", i+1, i, i)
		}
		file.WriteString("rules:\n- {id: r, why: x, match: \"@l60\"}\n")
		if _, err := Parse("lists.yaml", []byte(file.String())); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
