package web

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"

	"postroom/classify"
)

// A span is a piece of a resident's text; Mark numbers the evidence that it
// is, 0 for none.
type span struct {
	Text, Class string
	Mark        int
	Break       bool // a line end
}

// A reason is evidence that a page shows, numbered from 1 in the page's order.
type reason struct {
	classify.Evidence
	Class string // of its mark
}

// reasons picks what counted towards a label or a flag, and not the topics:
// dangers first, then what spoke for the label, then the rest, each by weight.
func reasons(v *classify.Verdict) []reason {
	if v == nil {
		return nil
	}
	var all []reason
	for _, e := range v.Evidence {
		if !slices.Contains(classify.Topics(), e.Label) {
			all = append(all, reason{e, markClass(e, v)})
		}
	}
	order := map[string]int{"risk": 0, "": 1, "other": 2}
	slices.SortStableFunc(all, func(a, b reason) int {
		return cmp.Or(cmp.Compare(order[a.Class], order[b.Class]), -cmp.Compare(math.Abs(a.Weight), math.Abs(b.Weight)))
	})
	return all
}

// marked cuts a text into paragraphs of spans, the words of reasons marked. Of
// words that overlap the more important reason wins.
func marked(text string, rs []reason) [][]span {
	var spans []span
	at := 0
	for _, i := range apart(text, rs) {
		e := rs[i]
		spans = append(spans, span{Text: text[at:e.Start]}, span{Text: text[e.Start:e.End], Mark: i + 1, Class: e.Class})
		at = e.End
	}
	return paragraphs(append(spans, span{Text: text[at:]}))
}

// apart picks the reasons whose words stand in the text and overlap no more
// important one's, in the order of the text.
func apart(text string, rs []reason) []int {
	var picked []int
	for i, e := range rs {
		if e.Start < 0 || e.Start >= e.End || e.End > len(text) {
			continue
		}
		if !slices.ContainsFunc(picked, func(j int) bool { return e.Start < rs[j].End && rs[j].Start < e.End }) {
			picked = append(picked, i)
		}
	}
	slices.SortFunc(picked, func(a, b int) int { return cmp.Compare(rs[a].Start, rs[b].Start) })
	return picked
}

func markClass(e classify.Evidence, v *classify.Verdict) string {
	switch {
	case e.Label == string(classify.Hazard) || e.Label == string(classify.Safeguarding) || e.Label == string(classify.Vulnerable):
		return "risk"
	case e.Label != string(v.Label) || e.Weight < 0:
		return "other"
	}
	return ""
}

// paragraphs breaks spans at empty lines; a single line end is a line end.
func paragraphs(spans []span) [][]span {
	var out [][]span
	var line []span
	for _, s := range spans {
		lines := strings.Split(s.Text, "\n")
		for i, text := range lines {
			empty := strings.TrimSpace(text) == ""
			if i > 0 && empty && i < len(lines)-1 && len(line) > 0 {
				out, line = append(out, line), nil
			}
			if i > 0 && len(line) > 0 {
				line = append(line, span{Break: true})
			}
			if !empty || s.Mark > 0 && text != "" || len(line) > 0 && text != "" {
				line = append(line, span{Text: text, Mark: s.Mark, Class: s.Class})
			}
		}
	}
	if len(line) > 0 {
		out = append(out, line)
	}
	return out
}

// visible reports whether a text holds anything that can be seen: characters
// without width or shape alone say nothing.
func visible(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsSpace(r) })
}
