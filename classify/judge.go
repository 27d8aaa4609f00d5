package classify

// An aim is whom words are about.
type aim uint8

// The aims.
const (
	aimNone   aim = iota
	aimUs         // the landlord, its staff, those acting for it
	aimOthers     // a neighbour, the council, anybody else
)

// A hit is where a rule fired.
type hit struct {
	from, to int // tokens; 0, 0 for a fact
	sentence int // -1 for a fact
}

// A judgement is one message under the rules: which signs were seen, and
// where.
type judgement struct {
	rules    *Rules
	doc      document
	raw      places // of rules: where their patterns matched
	signs    places // of signs
	fired    []int  // rules, in their order
	leant    []int  // rows of everyday words, in their order
	facts    [factMany]bool
	language string
	work     int  // steps taken so far
	spent    bool // they were more than a message may cost
}

// places are where rules, or signs, were found. There are thousands of them, and
// a message has few.
type places struct {
	list  []int32 // by number: which of the lists
	lists [][]hit // the first, of what was not found, stays empty
}

func placesOf(n int) places { return places{list: make([]int32, n), lists: make([][]hit, 1, 32)} }

func (p *places) of(i int) []hit { return p.lists[p.list[i]] }

func (p *places) add(i int, hits ...hit) {
	if p.list[i] == 0 {
		p.list[i] = int32(len(p.lists)) //nolint:gosec // a file is bounded
		p.lists = append(p.lists, nil)
	}
	at := p.list[i]
	p.lists[at] = append(p.lists[at], hits...)
}

// anywhere is the place of what is known of the whole message.
const anywhere = -1

// read cuts the subject and the text into one document, the subject first.
func (r *Rules) read(m Message) document {
	// Who types a letter in may have had a scanner's text before him.
	patient := m.OCR || m.Channel == "letter"
	d := scan(r.vocab, m.Subject, patient)
	subject := len(d.sentences)
	body := scan(r.vocab, m.Text, patient)
	off := len(d.tokens)
	for i := range body.tokens {
		body.tokens[i].sentence += subject
	}
	for i := range body.sentences {
		body.sentences[i].from += off
		body.sentences[i].to += off
		body.sentences[i].paragraph++
	}
	body.tokens = append(d.tokens, body.tokens...)
	body.sentences = append(d.sentences, body.sentences...)
	body.subject, body.subjectText = subject, m.Subject
	body.letters += d.letters
	body.upper += d.upper
	body.mask(masks(m.Text, m.ReplyToOurs || isReply(m.Subject)))
	return body
}

// mask marks the words of the text that lie in the ranges.
func (d *document) mask(ranges []masked) {
	if len(ranges) == 0 {
		return
	}
	k := 0
	for i := range d.tokens {
		t := &d.tokens[i]
		if t.sentence < d.subject {
			continue
		}
		for k < len(ranges) && ranges[k].to <= t.start {
			k++
		}
		if k == len(ranges) {
			return
		}
		t.masked = t.start >= ranges[k].from
	}
}

// judge finds every sign in the message.
func (r *Rules) judge(m Message, c Context) *judgement {
	j := &judgement{rules: r, doc: r.read(m), raw: placesOf(len(r.rules)), signs: placesOf(r.signs)}
	j.ignore()
	j.language = r.language(&j.doc)
	j.facts = facts(m, c, &j.doc, j.language)
	for i, holds := range j.facts {
		if holds && i < r.signs {
			j.signs.add(i, hit{sentence: anywhere})
		}
	}
	j.mark()
	j.match(false)
	for i, rule := range r.rules {
		if hits := j.apply(i, rule); len(hits) >= rule.times {
			j.fired = append(j.fired, i)
			for _, s := range rule.gives {
				j.signs.add(s, hits...)
			}
		}
	}
	j.lean()
	return j
}

// ignore masks the sentences that the rules say are nobody's own words.
func (j *judgement) ignore() {
	j.match(true)
}

// mostWork bounds the steps that one message may cost, whatever the rules say
// and however long the text is: some five times what the longest text costs
// under the rules that come with the program.
const mostWork = 10_000_000

// match runs the patterns over the text, once.
func (j *judgement) match(ignoring bool) {
	r := j.rules
	for i := range j.doc.tokens {
		t := &j.doc.tokens[i]
		if t.kind == 0 || t.masked {
			continue
		}
		if j.spent = j.spent || j.work > mostWork; j.spent {
			return
		}
		s := j.doc.sentences[t.sentence]
		for _, st := range r.starts[t.kind] {
			owner := r.owners[st.pattern]
			if (owner < 0) != ignoring {
				continue
			}
			end := r.patterns[st.pattern].match(j.doc.tokens, i, s, st.mask, &j.work)
			if end < 0 {
				continue
			}
			if ignoring {
				j.drop(s)
				break
			}
			j.add(owner, hit{from: i, to: end, sentence: t.sentence})
		}
	}
}

func (j *judgement) drop(s span) {
	for k := s.from; k < s.to; k++ {
		j.doc.tokens[k].masked = true
	}
}

// mostHits bounds the places that are kept for one rule.
const mostHits = 40

// add keeps a match, unless it overlaps the one before.
func (j *judgement) add(owner int, h hit) {
	have := j.raw.of(owner)
	if n := len(have); n > 0 && (have[n-1].to > h.from || n >= mostHits) {
		return
	}
	j.raw.add(owner, h)
}

// negationReach is how many words after a negation it still turns round.
const negationReach = 4

// mark notes which words stand within the reach of a negation, and which name
// us or others.
func (j *judgement) mark() {
	r, d := j.rules, &j.doc
	reach, sentence := 0, int(-1)
	for i := range d.tokens {
		t := &d.tokens[i]
		if t.sentence != sentence {
			reach, sentence = 0, t.sentence
		}
		if reach > 0 && i > 0 && (r.stops.has(t.kind) || d.comma(i)) {
			reach = 0
		}
		t.neg = reach > 0
		reach--
		switch {
		case r.negators.has(t.kind):
			reach = negationReach
		case r.aims[aimUs].has(t.kind):
			t.aim = aimUs
		case r.aims[aimOthers].has(t.kind):
			t.aim = aimOthers
		}
	}
}

// comma reports whether a comma, dash or bracket parts token i from the one
// before it.
func (d *document) comma(i int) bool {
	if d.tokens[i].sentence < d.subject || d.tokens[i-1].sentence != d.tokens[i].sentence {
		return false
	}
	for k := d.tokens[i-1].end; k < d.tokens[i].start; k++ {
		switch d.text[k] {
		case ',', '(', ')', ':':
			return true
		case '-':
			return true
		}
	}
	return false
}

// apply gives the places where a rule fires.
func (j *judgement) apply(i int, r *rule) []hit {
	candidates := j.raw.of(i)
	if !r.match {
		candidates = j.firstOf(r)
	}
	var out []hit
	for _, h := range candidates {
		if j.holds(r, h) {
			out = append(out, h)
		}
	}
	return out
}

// firstOf gives the places that a rule without patterns starts from: those of
// the first sign that it asks for.
func (j *judgement) firstOf(r *rule) []hit {
	if len(r.all) > 0 {
		return j.signs.of(r.all[0])
	}
	var out []hit
	for _, s := range r.any {
		out = append(out, j.signs.of(s)...)
	}
	return out
}

// holds reports whether the rule's conditions hold at the place.
func (j *judgement) holds(r *rule, h hit) bool {
	if h.sentence != anywhere && !j.placed(r, h) {
		return false
	}
	for _, s := range r.all {
		if !j.seen(s, h, r.within) {
			return false
		}
	}
	for _, s := range r.none {
		if j.seen(s, h, r.within) {
			return false
		}
	}
	if len(r.any) == 0 || !r.match && len(r.all) == 0 {
		return true
	}
	for _, s := range r.any {
		if j.seen(s, h, r.within) {
			return true
		}
	}
	return false
}

// placed checks where the words stand, whom they are about and whether they
// are negated.
func (j *judgement) placed(r *rule, h hit) bool {
	inSubject := h.sentence < j.doc.subject
	switch {
	case r.in == "text" && inSubject, r.in == "subject" && !inSubject:
		return false
	case r.polarity == "plain" && j.doc.tokens[h.from].neg, r.polarity == "negated" && !j.doc.tokens[h.from].neg:
		return false
	}
	switch r.aim {
	case "us":
		return j.aimAt(h) == aimUs
	case "others":
		return j.aimAt(h) == aimOthers
	case "not-others":
		return j.aimAt(h) != aimOthers
	}
	return true
}

// seen reports whether the sign was seen within reach of the place. Facts and
// anything asked within the message are in reach wherever they are.
func (j *judgement) seen(sign int, h hit, within string) bool {
	hits := j.signs.of(sign)
	if within == "message" || h.sentence == anywhere {
		return len(hits) > 0
	}
	for _, g := range hits {
		d := g.sentence - h.sentence
		if g.sentence == anywhere || d == 0 || within == "near" && (d == 1 || d == -1) {
			return true
		}
	}
	return false
}

// aimAt tells whom the words at the place are about: whoever is named nearest
// in the sentence, a name before counting as nearer than one after.
func (j *judgement) aimAt(h hit) aim {
	s := j.doc.sentences[h.sentence]
	best, distance := aimNone, 1<<30
	for k := s.from; k < s.to; k++ {
		a := j.doc.tokens[k].aim
		if a == aimNone {
			continue
		}
		d := max(h.from-k, 0)
		if k >= h.to {
			d = 2 * (k - h.to + 1)
		}
		if d < distance {
			best, distance = a, d
		}
	}
	return best
}
