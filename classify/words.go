package classify

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// How often a word must be met to be chosen: in so many messages, of so many
// people or families of messages, so that no name and no one habit counts.
const (
	fewestMessages = 4
	fewestGroups   = 3
)

// longestWord bounds an everyday word, in letters.
const longestWord = 20

// leaningPrefix begins the name of a row of everyday words where it is counted
// beside rules.
const leaningPrefix = "leaning "

// wordColumn heads the words in a file of everyday words.
const wordColumn = "word"

// leanings reads the everyday words: a table of columns that tabs part, with
// a heading that names labels and flags, and a line for each word or two.
func (rd *reader) leanings(f File) {
	rd.name = f.Name
	l := &rd.rules.leans
	l.grow(bytes.Count(f.Data, []byte("\n")), len(f.Data)/8)
	var heads []int
	n := 0
	for line := range bytes.SplitSeq(f.Data, []byte("\n")) {
		n++
		if line = bytes.TrimSuffix(line, []byte("\r")); len(line) == 0 || line[0] == '#' {
			continue
		}
		if heads == nil {
			heads = rd.wordHeads(n, strings.Split(string(line), "\t"))
			continue
		}
		words, cells, some := bytes.Cut(line, []byte("\t"))
		var leans []leaning
		if some {
			leans = rd.leaningsOf(n, heads, cells)
		}
		if p, ok := rd.phrase(n, words); ok && !l.add(p, leans) {
			rd.fail(n, "%q stands here twice: remove one", words)
		}
		if len(l.rows) > maxWords {
			rd.fail(n, "over %d everyday words: leave some out", maxWords)
		}
		if len(l.rows) > maxWords || rd.lex.full() {
			return // the numbers beyond have no place
		}
	}
}

// maxWords bounds a file of everyday words.
const maxWords = 30000

// wordHeads reads the heading: to which slots the columns lean.
func (rd *reader) wordHeads(line int, cells []string) []int {
	heads, targets := []int{}, leanTargets()
	for i, c := range cells {
		slot := slices.Index(targets, c)
		if i == 0 && c != wordColumn || i > 0 && slot < 0 {
			rd.fail(line, "%q is no heading here: the first line is %q and labels, flags or topics, with a tab between each: %s", c, wordColumn, strings.Join(targets, ", "))
		}
		if i > 0 {
			heads = append(heads, max(slot, 0))
		}
	}
	return heads
}

// phrase reads the one or two words of a line.
func (rd *reader) phrase(line int, cell []byte) (p phrase, ok bool) {
	n := 0
	for w := range bytes.FieldsSeq(cell) {
		kind, ok := rd.everydayWord(line, w)
		if !ok {
			return phrase{}, false
		}
		p = phrase{p.second, kind}
		n++
	}
	if n < 1 || n > 2 {
		rd.fail(line, "%q should be one word, or two with a space between", cell)
		return phrase{}, false
	}
	return p, true
}

// everydayWord gives a word its kind.
func (rd *reader) everydayWord(line int, w []byte) (kind uint16, ok bool) {
	if plain(w) {
		if k, ok := rd.lex.atoms[string(w)]; ok {
			return k, true
		}
	}
	folded := fold(string(w))
	if !allLetters(folded) || len(folded) > maxWord {
		rd.fail(line, "%q is no word of letters: leave it out", w)
		return 0, false
	}
	return rd.lex.atom(folded), true
}

// leaningsOf reads the weights of a line; an empty cell is none.
func (rd *reader) leaningsOf(line int, heads []int, cells []byte) []leaning {
	out := rd.leans[:0]
	column := -1
	for cell := range bytes.SplitSeq(cells, []byte("\t")) {
		if column++; column == len(heads) {
			rd.fail(line, "there are more columns than headings: remove the tabs too many")
			break
		}
		if len(cell) == 0 {
			continue
		}
		x, err := strconv.ParseFloat(string(cell), 64)
		l := leaningOf(heads[column], x)
		if err != nil || !(math.Abs(x) <= mostWeight) || l.value() != x {
			rd.fail(line, "%q should be a number from %d to %d, with two decimals at most", cell, -mostWeight, mostWeight)
			continue
		}
		out = append(out, l)
	}
	rd.leans = out
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
	for i := range r.leans.rows {
		cells := make([]string, len(targets)+1)
		cells[0] = r.words(i)
		leansAt := 0
		for _, l := range r.leans.of(i) {
			if l.hundredths != 0 {
				at := int(l.slot) + 1
				cells[at], leansAt = plainNumber(l.value()), max(leansAt, at)
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
// examples hold. What leans to something held stays, with those weights.
func (r *Rules) withWords(examples []Example, held held) (*Rules, error) {
	heading, kept := held.words(r)
	lines := []string{wordColumn + heading}
	for _, w := range r.everyday(examples, max(maxWords-len(kept), 0)) {
		if kept[w] == "" {
			lines = append(lines, w)
		}
	}
	for _, w := range sortedKeys(kept) {
		lines = append(lines, w+kept[w])
	}
	out, err := Read(File{"rules", r.source}, File{"new words", []byte(strings.Join(lines, "\n"))})
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

// everyday lists the words, and pairs of words, that enough examples hold; where
// there are more than may be, those that the most examples hold.
func (r *Rules) everyday(examples []Example, most int) []string {
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
	if len(out) > most {
		slices.SortStableFunc(out, func(a, b string) int { return all[b].messages - all[a].messages })
		out = out[:most]
		slices.Sort(out)
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

// allLetters reports whether a text is what a chosen word may be.
func allLetters(w string) bool {
	return w != "" && strings.IndexFunc(w, func(r rune) bool { return !unicode.IsLetter(r) }) < 0
}

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
	if hiddenWord(text, t.start, t.end) {
		return ""
	}
	w := fold(text[t.start:t.end])
	if len(w) > longestWord || !allLetters(w) {
		return ""
	}
	return w
}
