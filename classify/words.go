package classify

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// How often a word must be met to be chosen: in so many messages, of so many
// people or families of messages, so that no name and no one habit counts.
const (
	fewestMessages = 5
	fewestGroups   = 3
)

// longestWord bounds an everyday word, in letters.
const longestWord = 20

// withWords gives the rules with their everyday words chosen anew, without
// weights: every word, and every two words in a row, that enough of the
// examples hold.
func (r *Rules) withWords(examples []Example) (*Rules, error) {
	lines := strings.Split(strings.TrimRight(string(r.source), "\n"), "\n")
	at := 0
	for at < len(lines) && !strings.HasPrefix(lines[at], leaningsKey) {
		at++
	}
	for i := at + 1; i < len(lines); i++ {
		if lines[i] != "" && lines[i][0] != ' ' && lines[i][0] != '#' {
			return nil, fmt.Errorf("tune: line %d: %s must be the last part of the file, so that its words can be chosen anew: move it", i+1, leaningsKey)
		}
	}
	lines = append(lines[:at:at], leaningsKey)
	for _, w := range r.everyday(examples) {
		lines = append(lines, "  "+w+": {complaint: 0}")
	}
	out, err := Parse("rules with new words", []byte(strings.Join(lines, "\n")+"\n"))
	if err != nil {
		return nil, errors.Join(errors.New("tune: the words that were chosen cannot be read"), err)
	}
	return out, nil
}

const leaningsKey = "leanings:"

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

// prune leaves the everyday words out that lean nowhere.
func prune(file []byte) []byte {
	var out []string
	leanings := false
	for line := range strings.SplitSeq(string(file), "\n") {
		leanings = leanings || strings.HasPrefix(line, leaningsKey)
		if leanings && strings.HasSuffix(line, ": {complaint: 0}") {
			continue
		}
		out = append(out, line)
	}
	return []byte(strings.Join(out, "\n"))
}
