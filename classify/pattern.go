package classify

import (
	"errors"
	"fmt"
	"iter"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Bounds on a pattern, so that judging stays linear in the text whatever the
// rules say: a match is at most maxPositions words long, and is tried once
// from each word.
const (
	maxPositions = 64
	maxGap       = 12
	defaultGap   = 3
)

// The word classes of the pattern language.
const (
	classNumber = "#number"
	classRef    = "#ref"
	classAny    = "#any"
)

// A node is a parsed pattern: one of word, sequence, choice.
type node struct {
	atoms    []string // a word: any of these
	seq      []node
	alt      []node
	not      bool // a word: none of these
	optional bool
}

// A pattern is a compiled pattern: a Glushkov automaton over words, a bit a
// position.
type pattern struct {
	first   uint64
	last    uint64
	follow  []uint64
	symbols []symbol
	atStart bool // only at the start of a sentence
	atEnd   bool // only at its end
	ends    byte // only in a sentence that ends so
}

// A symbol is what one position of a pattern takes.
type symbol struct {
	one uint16  // the only kind; 0 when set is used
	any bool    // every word
	not bool    // every word that is not in the set
	set kindSet // kinds
}

func (s *symbol) takes(kind uint16) bool {
	if s.any {
		return true
	}
	if s.set == nil {
		return s.one == kind
	}
	return s.set.has(kind) != s.not
}

// kinds gives each kind of word that a symbol takes which begins a pattern:
// not any, and not those outside a set.
func (s *symbol) kinds() iter.Seq[int] {
	return func(yield func(int) bool) {
		if s.set == nil {
			yield(int(s.one))
			return
		}
		for i, some := range s.set {
			for ; some != 0; some &= some - 1 {
				if !yield(i<<6 + bits.TrailingZeros64(some)) {
					return
				}
			}
		}
	}
}

// A patternParser reads patterns, one after the other.
type patternParser struct {
	in    string
	pos   int
	open  []node // what is read so far of the sequences and choices that are not closed
	lists map[string]node
}

// pattern reads the source of a pattern. Errors say what to do.
func (pp *patternParser) pattern(source string) (node, *pattern, error) {
	p := &pattern{}
	body := strings.TrimSpace(source)
	if rest, ok := strings.CutPrefix(body, "^"); ok {
		p.atStart, body = true, rest
	}
	for _, end := range []string{"$?", "$!", "$"} {
		if rest, ok := strings.CutSuffix(body, end); ok {
			p.atEnd, body = true, rest
			if len(end) == 2 {
				p.ends = end[1]
			}
			break
		}
	}
	pp.in, pp.pos = body, 0
	n, err := pp.choice()
	if err != nil {
		return node{}, nil, err
	}
	if pp.pos < len(pp.in) {
		return node{}, nil, fmt.Errorf("%q is not expected at character %d: remove it or open a bracket before it", pp.in[pp.pos], pp.pos+1)
	}
	return n, p, nil
}

func (p *patternParser) space() {
	for p.pos < len(p.in) && (p.in[p.pos] == ' ' || p.in[p.pos] == '\n' || p.in[p.pos] == '\t') {
		p.pos++
	}
}

func (p *patternParser) choice() (node, error) {
	from := len(p.open)
	defer func() { p.open = p.open[:from] }()
	for {
		n, err := p.sequence()
		if err != nil {
			return node{}, err
		}
		p.open = append(p.open, n)
		if p.pos >= len(p.in) || p.in[p.pos] != '|' {
			return choiceOf(p.open[from:]), nil
		}
		p.pos++
	}
}

// choiceOf joins choices of single words into one word.
func choiceOf(alts []node) node {
	if len(alts) == 1 {
		return alts[0]
	}
	var words node
	out := node{}
	for _, a := range alts {
		if a.atoms != nil && !a.not && !a.optional {
			words.atoms = append(words.atoms, a.atoms...)
			continue
		}
		if a.alt != nil && !a.optional {
			out.alt = append(out.alt, a.alt...)
			continue
		}
		out.alt = append(out.alt, a)
	}
	if words.atoms == nil {
		return out
	}
	if out.alt == nil {
		return words
	}
	out.alt = append(out.alt, words)
	return out
}

func (p *patternParser) sequence() (node, error) {
	from := len(p.open)
	defer func() { p.open = p.open[:from] }()
	for {
		p.space()
		if p.pos >= len(p.in) || p.in[p.pos] == '|' || p.in[p.pos] == ')' {
			break
		}
		if err := p.item(); err != nil {
			return node{}, err
		}
	}
	switch seq := p.open[from:]; len(seq) {
	case 0:
		return node{}, errors.New("an empty choice: write a word on both sides of |, and something between brackets")
	case 1:
		return seq[0], nil
	default:
		return node{seq: slices.Clone(seq)}, nil
	}
}

// item reads one thing with its question mark; a gap is several.
func (p *patternParser) item() error {
	if strings.HasPrefix(p.in[p.pos:], "..") {
		return p.gap()
	}
	n, err := p.one()
	if err != nil {
		return err
	}
	if p.pos < len(p.in) && p.in[p.pos] == '?' {
		p.pos++
		n.optional = true
	}
	p.open = append(p.open, n)
	return nil
}

func (p *patternParser) gap() error {
	p.pos += 2
	start := p.pos
	for p.pos < len(p.in) && p.in[p.pos] >= '0' && p.in[p.pos] <= '9' {
		p.pos++
	}
	n := defaultGap
	if p.pos > start {
		k, err := strconv.Atoi(p.in[start:p.pos])
		if err != nil || k < 1 || k > maxGap {
			return fmt.Errorf("gap ..%s: use 1 to %d words", p.in[start:p.pos], maxGap)
		}
		n = k
	}
	// A chain of optional words nests, so that "..3" takes none to three.
	for range n {
		p.open = append(p.open, node{atoms: []string{classAny}, optional: true})
	}
	return nil
}

func (p *patternParser) one() (node, error) {
	switch p.in[p.pos] {
	case '(':
		p.pos++
		n, err := p.choice()
		if err != nil {
			return node{}, err
		}
		if p.pos >= len(p.in) || p.in[p.pos] != ')' {
			return node{}, errors.New("a bracket is not closed: add )")
		}
		p.pos++
		return n, nil
	case '!':
		return p.negated()
	case '@':
		p.pos++
		name := p.name()
		n, ok := p.lists[name]
		if !ok {
			return node{}, fmt.Errorf("there is no list @%s: add it under lists, or mend the name", name)
		}
		return n, nil
	case '#':
		p.pos++
		name := "#" + p.name()
		if name != classNumber && name != classRef && name != classAny {
			return node{}, fmt.Errorf("%s is no class: use #number, #ref or #any", name)
		}
		return node{atoms: []string{name}}, nil
	}
	return p.word()
}

func (p *patternParser) negated() (node, error) {
	p.pos++
	if p.pos >= len(p.in) {
		return node{}, errors.New("! stands before nothing: write a word after it")
	}
	n, err := p.one()
	if err != nil {
		return node{}, err
	}
	if n.atoms == nil || n.not {
		return node{}, errors.New("! may stand only before a word or a choice of single words")
	}
	return node{atoms: n.atoms, not: true}, nil
}

func (p *patternParser) name() string {
	start := p.pos
	for p.pos < len(p.in) && (p.in[p.pos] == '_' || p.in[p.pos] == '-' || isAlnum(rune(p.in[p.pos]))) {
		p.pos++
	}
	return p.in[start:p.pos]
}

func isAlnum(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

func (p *patternParser) word() (node, error) {
	start := p.pos
	for _, r := range p.in[p.pos:] {
		if !isAlnum(r) && r != '\'' && r != '’' && r != '-' && !unicode.IsMark(r) {
			break
		}
		p.pos += len(string(r))
	}
	w := fold(p.in[start:p.pos])
	if w == "" {
		return node{}, fmt.Errorf("%q is not part of the language: see the guide to rules", p.in[p.pos:min(len(p.in), p.pos+1)])
	}
	if len(w) > maxWord {
		return node{}, fmt.Errorf("word %.10s… is too long: %d letters at most", w, maxWord)
	}
	if p.pos < len(p.in) && p.in[p.pos] == '*' {
		p.pos++
		if len(w) < 3 {
			return node{}, fmt.Errorf("%s* would take too many words: give three letters or more", w)
		}
		return node{atoms: []string{w + "*"}}, nil
	}
	if p.pos < len(p.in) && p.in[p.pos] == '+' {
		p.pos++
		return node{atoms: inflected(w)}, nil
	}
	return wordOrWords(w), nil
}

// wordOrWords splits what texts never hold as one word: a hyphen between
// letters parts two words.
func wordOrWords(w string) node {
	parts := strings.Split(w, "-")
	if len(parts) == 1 {
		return node{atoms: []string{w}}
	}
	var seq []node
	for _, s := range parts {
		if s != "" {
			seq = append(seq, node{atoms: []string{s}})
		}
	}
	return node{seq: seq}
}

// inflected gives the regular forms of an English word: report, reports,
// reported, reporting; try, tries, tried, trying; stop, stopped, stopping.
func inflected(w string) []string {
	out := []string{w, w + "s", w + "ed", w + "ing"}
	last := w[len(w)-1]
	switch {
	case last == 'e':
		out = append(out, w+"d", w[:len(w)-1]+"ing")
	case last == 'y':
		out = append(out, w[:len(w)-1]+"ies", w[:len(w)-1]+"ied")
	case strings.HasSuffix(w, "s") || strings.HasSuffix(w, "sh") || strings.HasSuffix(w, "ch") || strings.HasSuffix(w, "x"):
		out = append(out, w+"es")
	case strings.IndexByte("bdglmnprt", last) >= 0:
		out = append(out, w+string(last)+"ed", w+string(last)+"ing")
	}
	return out
}
