package classify

import (
	"sort"
	"strings"
)

// Bounds of a definition: what fits the first page of an acknowledgement.
const (
	mostIssues   = 5
	mostOutcomes = 3
	mostSentence = 240 // bytes
)

// A candidate is a sentence that may be said back to the resident.
type candidate struct {
	sentence int
	issue    float64
	outcome  bool
	private  bool
}

// definition picks the issues and the outcomes from the resident's own
// sentences, most important first (the Code, 5.6). Nothing is rewritten. It
// is empty when nothing clear was said, and for a message that cannot hold a
// complaint.
func (j *judgement) definition() Definition {
	d := Definition{Issues: []string{}, Outcomes: []string{}}
	if j.language != "en" || j.facts[factAutomatic] {
		return d
	}
	cands := j.candidates()
	sort.SliceStable(cands, func(a, b int) bool { return cands[a].issue > cands[b].issue })
	for _, c := range cands {
		if c.private {
			continue
		}
		s := j.sayable(c.sentence)
		switch {
		case s == "":
		case c.outcome && len(d.Outcomes) < mostOutcomes:
			d.Outcomes = append(d.Outcomes, s)
		case !c.outcome && c.issue >= enough && len(d.Issues) < mostIssues:
			d.Issues = append(d.Issues, s)
		}
	}
	return d
}

// candidates weighs every sentence of the text.
func (j *judgement) candidates() []candidate {
	out := make([]candidate, len(j.doc.sentences))
	for i := range out {
		out[i].sentence = i
	}
	for _, i := range j.fired {
		r := j.rules.rules[i]
		if !r.match {
			continue
		}
		for _, h := range j.signs.of(r.gives[0]) {
			if h.sentence == anywhere {
				continue
			}
			c := &out[h.sentence]
			c.issue += r.issue()
			c.outcome = c.outcome || r.outcome
			c.private = c.private || r.private
		}
	}
	return out[j.doc.subject:]
}

// issue is how much the rule makes a sentence worth saying back: what speaks
// for a complaint, and a little what names a subject.
func (r *rule) issue() float64 {
	sum := 0.0
	for _, w := range r.weights {
		switch {
		case w.target == string(Complaint) || w.target == string(Stage2):
			sum += max(w.value, 0)
		case w.target == string(Hazard):
			sum += 0.6
		case w.slot < 0 && w.value > 0:
			sum += 0.4
		}
	}
	return min(sum, 2)
}

// sayable gives a sentence as it may be said back, or "" when it may not:
// with a link, an address, a telephone number or a slur it stays unsaid.
func (j *judgement) sayable(i int) string {
	s := j.doc.sentences[i]
	if s.to-s.from < 3 || j.doc.tokens[s.from].masked {
		return ""
	}
	text := strings.Join(strings.Fields(j.doc.text[s.start:s.end]), " ")
	text = strings.Trim(text, " -*•>\"“”")
	if len(text) > mostSentence || !plainWords(text) || telephone(text) || salutation(text) {
		return ""
	}
	return text
}

// salutation reports whether the text only addresses somebody, or takes leave:
// "Dear Data Protection Officer," names nobody's complaint.
func salutation(s string) bool {
	words := strings.Fields(strings.ToLower(s))
	if len(words) > 6 {
		return false
	}
	switch strings.Trim(words[0], ",.!:") {
	case "dear", "hello", "hi", "fao", "yours", "regards", "sincerely", "attention":
		return true
	}
	return false
}

// plainWords reports whether the text holds nothing that would act or point
// when it is shown: no link, no mail address, no markup.
func plainWords(s string) bool {
	l := strings.ToLower(s)
	for _, bad := range []string{"http", "www.", "@", "<", ">", "://", ".com", ".co.uk", ".org", ".net"} {
		if strings.Contains(l, bad) {
			return false
		}
	}
	return true
}

// telephone reports whether the text holds what may be a telephone or account
// number: seven digits or more with no letter between them.
func telephone(s string) bool {
	digits := 0
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			if digits++; digits >= 7 {
				return true
			}
		case r == ' ' || r == '-' || r == '(' || r == ')' || r == '+' || r == '.':
		default:
			digits = 0
		}
	}
	return false
}
