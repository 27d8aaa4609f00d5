package classify

import (
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// A languageVote is a word's vote for a language.
type languageVote uint8

// languages reads the lists of telling words, a language each; the first is
// the one that the rules are written in.
func (rd *reader) languages(n *yaml.Node) {
	if n == nil {
		rd.rules.codes = []string{"en"}
		return
	}
	parts := rd.mapping(n)
	for i := 0; i+1 < len(n.Content); i += 2 {
		code := n.Content[i].Value
		rd.rules.codes = append(rd.rules.codes, code)
		for _, w := range rd.words(parts[code]) {
			rd.lex.atom(fold(w))
		}
		rd.lists["language "+code] = node{atoms: foldAll(rd.words(parts[code]))}
	}
	if len(rd.rules.codes) > 250 {
		rd.fail(n.Line, "over 250 languages: remove some")
	}
}

func foldAll(words []string) []string {
	out := make([]string, 0, len(words))
	for _, w := range words {
		out = append(out, fold(w))
	}
	return out
}

func (rd *reader) bindLanguages() {
	r := rd.rules
	r.nature = map[uint16][]languageVote{}
	for i, code := range r.codes {
		for _, k := range rd.lex.kinds(rd.lists["language "+code].atoms) {
			r.nature[k] = append(r.nature[k], languageVote(i))
		}
	}
}

// scripts names the languages that a script alone tells well enough to find a
// translator; the first that fits wins.
func scripts() []struct {
	table *unicode.RangeTable
	code  string
} {
	return []struct {
		table *unicode.RangeTable
		code  string
	}{
		{unicode.Arabic, "ur"},
		{unicode.Cyrillic, "uk"},
		{unicode.Bengali, "bn"},
		{unicode.Gurmukhi, "pa"},
		{unicode.Devanagari, "hi"},
		{unicode.Gujarati, "gu"},
		{unicode.Tamil, "ta"},
		{unicode.Greek, "el"},
		{unicode.Ethiopic, "am"},
		{unicode.Hebrew, "he"},
		{unicode.Hiragana, "ja"},
		{unicode.Hangul, "ko"},
		{unicode.Han, "zh"},
		{unicode.Thai, "th"},
	}
}

// language tells which language the text is written in, "und" when it cannot
// tell.
func (r *Rules) language(d *document) string {
	if d.foreign*4 > d.letters {
		return script(d)
	}
	votes, words, known := r.votes(d)
	best := 0
	for i := range votes {
		if votes[i] > votes[best] {
			best = i
		}
	}
	switch {
	case len(votes) == 0 || words == 0:
		return "und"
	case best > 0 && votes[best] >= 3 && votes[best]*2 > votes[0]*3:
		return r.codes[best]
	case best > 0 && votes[0] == 0 && votes[best] >= 1:
		return r.codes[best]
	case votes[0] > 0 && votes[0]*12 >= words, known*3 >= words:
		return r.codes[0]
	}
	return "und"
}

func (r *Rules) votes(d *document) (votes []int, words, known int) {
	votes = make([]int, len(r.codes))
	for i := range d.tokens {
		t := &d.tokens[i]
		if t.masked {
			continue
		}
		words++
		if t.kind == 0 {
			continue
		}
		known++
		for _, v := range r.nature[t.kind] {
			votes[v]++
		}
	}
	return votes, words, known
}

func script(d *document) string {
	counts := map[string]int{}
	seen := 0
	for _, c := range d.text {
		if c < unicode.MaxLatin1 || seen > 2000 {
			continue
		}
		seen++
		for _, s := range scripts() {
			if unicode.Is(s.table, c) {
				counts[s.code]++
				break
			}
		}
	}
	best := "und"
	for _, code := range sortedKeys(counts) {
		if best == "und" || counts[code] > counts[best] {
			best = code
		}
	}
	if best == "ur" && !strings.ContainsAny(d.text, "ےیٹڈڑںہگچپ") {
		return "ar"
	}
	return best
}
