package classify

import (
	"slices"
	"strconv"
	"testing"
)

func TestAnonymised(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, text, want string
		known            []string
	}{
		{"a name that is known", "Bexon here. BEXON'S tap drips.", "[name] here. [name]'S tap drips.", []string{"Cyril Bexon"}},
		{"not within a word", "A bell, says Bel.", "A bell, says [name].", []string{"Bel"}},
		{"a title", "Mrs O. Littlejohn and Mr Amis came.", "[name] and [name] came.", nil},
		{"an address", "I live at Flat 3, 14 Tansy Court, LM3 4QT.", "I live at [address], [address].", nil},
		{"a house", "The lift at Mercer House is out.", "The lift at [address] is out.", nil},
		{"a mail address", "Write to a.b@example.org please.", "Write to [address] please.", nil},
		{"a link", "See https://example.org/x?y=1 for it.", "See [address] for it.", nil},
		{"a telephone number", "Ring 07700 900 123 or +44 1632 960123.", "Ring [number] or [number].", nil},
		{"a signature", "The tap drips.\n\nKind regards\nShaz Oakes\n", "The tap drips.\n\nKind regards\n[name]\n", nil},
		{"a name at the end", "The tap drips.\nT. Oakes", "The tap drips.\n[name]", nil},
		{"dots and slashes in a number", "Ring 07700.900.123, 0161/496/0000 or (0161) 496 0000.", "Ring [number], [number] or [number].", nil},
		{"a hard space in a number", "Ring 07700\u00a0900\u00a0123", "Ring [number]", nil},
		{"a National Insurance number", "It is QQ 12 34 56 C.", "It is [number].", nil},
		{"a postcode with two spaces", "It is LM3  4QT.", "It is [address].", nil},
		{"no capitals", "it was mrs littlejohn", "it was [name]", nil},
		{"who says who they are", "My name is John Smith. I'm Shaz Oakes", "My name is [name]. I'm [name]", nil},
		{"who says how they are", "I am Very angry. This is Awful.", "I am Very angry. This is Awful.", nil},
		{"a closing on one line", "The tap drips.\n\nCheers, Shaz\n", "The tap drips.\n\nCheers, [name]\n", nil},
		{"a signature without capitals", "the tap drips\nthanks\nshaz oakes", "the tap drips\nthanks\n[name]", nil},
		{"a signature with a title behind", "Yours sincerely\n\nJ. P. O'Neill (Mrs)", "Yours sincerely\n\n[name]", nil},
		{"two letters", "Li says so, wei li too, and li.", "[name] says so, [name] too, and li.", []string{"Wei Li"}},
		{"half of a double name", "Jones came.", "[name] came.", []string{"Ann Smith-Jones"}},
		{"of an address what stands before the company", "Ann, for example, has a letter.", "[name], for example, has a letter.", []string{"ann.tremlett@example.com"}},
		{
			"words that tell nobody", "My complaint is about repairs; the county court knows. The team and the house are fine.",
			"My complaint is about repairs; the county court knows. The team and the house are fine.",
			[]string{"Repairs Team", "complaints@citrine.example", "Complaints", "12 Tansy Court", "Mercer House"},
		},
		{"words stay", "On 3 May nobody came. Third time in 12 weeks.", "On 3 May nobody came. Third time in 12 weeks.", nil},
		{"a dozen days are no number", "I rang on 12, 13 and 14 May", "I rang on 12, 13 and 14 May", nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if got := anonymised(row.text, row.known); got != row.want {
				t.Errorf("%q becomes\n%q, want\n%q", row.text, got, row.want)
			}
		})
	}
}

// TestHiddenWordsTeachNothing holds that what stands for a name is no word of
// the writer's: it would lean every message that is signed.
func TestHiddenWordsTeachNothing(t *testing.T) {
	t.Parallel()
	var examples []Example
	for i := range 4 {
		examples = append(examples, Example{Group: strconv.Itoa(i), Message: Message{Text: "boiler [name] [address] [number]"}})
	}
	if got := Default().everyday(examples, 99); !slices.Equal(got, []string{"boiler"}) {
		t.Errorf("chosen %q", got)
	}
	r, err := Read(File{"small.yaml", []byte(smallRules)}, File{"small.tsv", []byte("word\tenquiry\nname\t4\n")})
	if err != nil {
		t.Fatal(err)
	}
	if j := r.judge(Message{Text: "boiler [name]"}, Context{}); len(j.leant) > 0 {
		t.Error("a name that was hidden leans")
	}
	if j := r.judge(Message{Text: "boiler name"}, Context{}); len(j.leant) != 1 {
		t.Error("the word itself does not lean")
	}
}
