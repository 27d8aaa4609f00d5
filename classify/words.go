package classify

import (
	"errors"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// How often a word must be met to be chosen: in so many messages, of so many
// people or families of messages, so that no name and no one habit counts.
const (
	fewestMessages = 4
	fewestGroups   = 3
)

// longestWord bounds an everyday word, in letters.
const longestWord = 20

// leaningPrefix begins the id of a leaning, which has none of its own.
const leaningPrefix = "leaning "

// wordColumn heads the words in a file of everyday words.
const wordColumn = "word"

// leanings reads the everyday words: a table of columns that tabs part, with
// a heading that names labels and flags, and a line for each word or two. They
// become rules that only lean the scales.
func (rd *reader) leanings(f File) {
	rd.name = f.Name
	var heads []weight
	taken := map[string]bool{}
	n := 0
	for line := range strings.SplitSeq(string(f.Data), "\n") {
		n++
		if line = strings.TrimSuffix(line, "\r"); line == "" || line[0] == '#' {
			continue
		}
		cells := strings.Split(line, "\t")
		if heads == nil {
			heads = rd.wordHeads(n, cells)
			continue
		}
		r := &rule{
			id: leaningPrefix + strings.Join(rd.wordsOf(n, cells[0]), " "), why: everydayWhy, line: n,
			leaning: true, times: 1, within: "message", weights: rd.leaningWeights(n, heads, cells[1:]),
		}
		if taken[r.id] {
			rd.fail(n, "%q stands here twice: remove one", cells[0])
		}
		taken[r.id] = true
		rd.rules.rules = append(rd.rules.rules, r)
	}
	if len(taken) > maxWords {
		rd.fail(n, "over %d everyday words: leave some out", maxWords)
	}
}

// maxWords bounds a file of everyday words.
const maxWords = 30000

// wordHeads reads the heading: what the columns lean to, without values.
func (rd *reader) wordHeads(line int, cells []string) []weight {
	heads, targets := []weight{}, leanTargets()
	for i, c := range cells {
		slot := slices.Index(targets, c)
		if i == 0 && c != wordColumn || i > 0 && slot < 0 {
			rd.fail(line, "%q is no heading here: the first line is %q and labels, flags or topics, with a tab between each: %s", c, wordColumn, strings.Join(targets, ", "))
		}
		if i > 0 {
			slot = max(slot, 0)
			heads = append(heads, weight{target: targets[slot], slot: slot})
		}
	}
	return heads
}

// wordsOf reads the one or two words of a line.
func (rd *reader) wordsOf(line int, cell string) []string {
	words := strings.Fields(cell)
	if len(words) < 1 || len(words) > 2 {
		rd.fail(line, "%q should be one word, or two with a space between", cell)
	}
	for i, w := range words {
		words[i] = fold(w)
		if !plainLetters.MatchString(words[i]) || len(words[i]) > maxWord {
			rd.fail(line, "%q is no word of letters: leave it out", w)
			continue
		}
		rd.lex.atom(words[i])
	}
	return words
}

// leaningWeights reads the weights of a line; an empty cell is none.
func (rd *reader) leaningWeights(line int, heads []weight, cells []string) []weight {
	if len(cells) > len(heads) {
		rd.fail(line, "there are more columns than headings: remove the tabs too many")
		return nil
	}
	filled := 0
	for _, c := range cells {
		if c != "" {
			filled++
		}
	}
	out := make([]weight, 0, filled)
	for i, c := range cells {
		if c == "" {
			continue
		}
		x, err := strconv.ParseFloat(c, 64)
		if err != nil || !(math.Abs(x) <= mostWeight) {
			rd.fail(line, "%q should be a number from %d to %d", c, -mostWeight, mostWeight)
		}
		w := heads[i]
		w.value = x
		out = append(out, w)
	}
	return out
}

const wordsHead = `# Everyday words, and two words in a row, with what each leans a message
# towards a label, flag or topic, or away from it. "postroom rules tune -out-words" writes
# this file; docs/rules.md tells how. Officers need not read it.
`

// wordsFile writes the everyday words; those that lean nowhere are left out.
func (r *Rules) wordsFile() []byte {
	var b strings.Builder
	targets := leanTargets()
	b.WriteString(wordsHead + wordColumn + "\t" + strings.Join(targets, "\t") + "\n")
	for _, l := range r.rules[r.graded:] {
		cells := make([]string, len(targets)+1)
		cells[0] = l.words()
		leansAt := 0
		for _, w := range l.weights {
			if w.value != 0 {
				cells[w.slot+1], leansAt = plainNumber(w.value), max(leansAt, w.slot+1)
			}
		}
		if leansAt > 0 {
			b.WriteString(strings.Join(cells[:leansAt+1], "\t") + "\n")
		}
	}
	return []byte(b.String())
}

// withWords gives the rules with their everyday words chosen anew, without
// weights: every word, and every two words in a row, that enough of the
// examples hold.
func (r *Rules) withWords(examples []Example) (*Rules, error) {
	words := wordColumn + "\n" + strings.Join(r.everyday(examples), "\n")
	out, err := Read(File{"rules", r.source}, File{"new words", []byte(words)})
	if err != nil {
		return nil, errors.Join(errors.New("tune: the words that were chosen cannot be read"), err)
	}
	return out, nil
}

// A tally of where a word is found.
type found struct {
	messages, last int
	groups         map[string]bool
}

// everyday lists the words, and pairs of words, that enough examples hold.
func (r *Rules) everyday(examples []Example) []string {
	all := map[string]*found{}
	for n, e := range examples {
		d := r.read(e.Message)
		before := ""
		for i := range d.tokens {
			w := d.word(i)
			if i > 0 && d.tokens[i-1].sentence != d.tokens[i].sentence {
				before = ""
			}
			if w != "" {
				meet(all, w, n, e.Group)
				if before != "" {
					meet(all, before+" "+w, n, e.Group)
				}
			}
			before = w
		}
	}
	out := make([]string, 0, len(all))
	for _, w := range sortedKeys(all) {
		if f := all[w]; f.messages >= fewestMessages && len(f.groups) >= fewestGroups {
			out = append(out, w)
		}
	}
	return out
}

func meet(all map[string]*found, w string, message int, group string) {
	f := all[w]
	if f == nil {
		f = &found{last: -1, groups: map[string]bool{}}
		all[w] = f
	}
	if f.last != message {
		f.last = message
		f.messages++
		f.groups[group] = true
	}
}

// plainLetters is what a chosen word may hold.
var plainLetters = regexp.MustCompile(`^[\pL]+$`)

// word gives the folded word at i, or "" when it is not the writer's own or
// no word of letters.
func (d *document) word(i int) string {
	t := &d.tokens[i]
	if t.masked {
		return ""
	}
	text := d.text
	if t.sentence < d.subject {
		text = d.subjectText
	}
	w := fold(text[t.start:t.end])
	if len(w) > longestWord || !plainLetters.MatchString(w) {
		return ""
	}
	return w
}
