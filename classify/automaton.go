package classify

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"
)

// A part is the automaton of a piece of a pattern, as sets of positions.
type part struct {
	first, last uint64
	empty       bool // may take no word at all
}

// A builder lays parsed patterns out over positions (Glushkov's construction),
// one after the other.
type builder struct {
	lex     *lexicon
	symbols []node
	follow  []uint64
	tooLong bool
}

// build fills in the automaton of p; its symbols are bound to kinds later,
// when all patterns are known.
func (b *builder) build(n node, p *pattern) ([]node, error) {
	b.symbols, b.follow, b.tooLong = b.symbols[:0], b.follow[:0], false
	whole := b.lay(n)
	switch {
	case b.tooLong:
		return nil, fmt.Errorf("the pattern is too long (over %d words with all its choices): split it in two", maxPositions)
	case whole.empty:
		return nil, errors.New("the pattern could match nothing at all: make one word of it compulsory")
	}
	for s := whole.first; s != 0; s &= s - 1 {
		if sym := b.symbols[bits.TrailingZeros64(s)]; sym.not || sym.atoms[0] == classAny {
			return nil, errors.New("a pattern must begin with a word: gaps, #any and ! may not come first")
		}
	}
	p.first, p.last, p.follow = whole.first, whole.last, slices.Clone(b.follow)
	return slices.Clone(b.symbols), nil
}

func (b *builder) lay(n node) part {
	var p part
	if b.tooLong {
		return p // lists of lists of lists could be laid out for ever
	}
	switch {
	case n.atoms != nil:
		p = b.position(n)
	case n.alt != nil:
		for _, a := range n.alt {
			q := b.lay(a)
			p.first |= q.first
			p.last |= q.last
			p.empty = p.empty || q.empty
		}
	default:
		p = b.sequence(n.seq)
	}
	p.empty = p.empty || n.optional
	return p
}

func (b *builder) position(n node) part {
	i := len(b.symbols)
	if i >= maxPositions {
		b.tooLong = true
		return part{}
	}
	for _, a := range n.atoms {
		b.lex.atom(a)
	}
	b.symbols = append(b.symbols, n)
	b.follow = append(b.follow, 0)
	return part{first: 1 << i, last: 1 << i}
}

func (b *builder) sequence(seq []node) part {
	p := part{empty: true}
	for _, n := range seq {
		q := b.lay(n)
		for s := p.last; s != 0; s &= s - 1 {
			b.follow[bits.TrailingZeros64(s)] |= q.first
		}
		if p.empty {
			p.first |= q.first
		}
		if q.empty {
			p.last |= q.last
		} else {
			p.last = q.last
		}
		p.empty = p.empty && q.empty
	}
	return p
}

// A binder gives the symbols of patterns their kinds. Many take the same ones,
// those of a list, so these are kept once.
type binder struct {
	lex  *lexicon
	sets map[string]kindSet
}

func (b *binder) bind(p *pattern, nodes []node) {
	p.symbols = make([]symbol, len(nodes))
	for i, n := range nodes {
		p.symbols[i] = b.symbol(n)
	}
}

func (b *binder) symbol(n node) symbol {
	if slices.Contains(n.atoms, classAny) {
		return symbol{any: true}
	}
	if len(n.atoms) == 1 && !n.not {
		if k := b.lex.atoms[n.atoms[0]]; len(b.lex.holds[k]) == 0 {
			return symbol{one: k}
		}
	}
	name := strings.Join(n.atoms, " ")
	set, ok := b.sets[name]
	if !ok {
		set = setOf(b.lex.kinds(n.atoms))
		b.sets[name] = set
	}
	return symbol{set: set, not: n.not}
}

// A start is a pattern that may begin at a word, with the positions that take
// it.
type start struct {
	pattern int
	mask    uint64
}

// starts tells for each kind of word which patterns may begin there.
func starts(patterns []*pattern, kinds int) [][]start {
	out := make([][]start, kinds)
	masks := make([]uint64, kinds) // of one pattern, by kind
	var begin []int                // the kinds of which masks says something
	for pi, p := range patterns {
		for s := p.first; s != 0; s &= s - 1 {
			i := bits.TrailingZeros64(s)
			for k := range p.symbols[i].kinds() {
				if masks[k] == 0 {
					begin = append(begin, k)
				}
				masks[k] |= 1 << i
			}
		}
		for _, k := range begin {
			out[k] = append(out[k], start{pattern: pi, mask: masks[k]})
			masks[k] = 0
		}
		begin = begin[:0]
	}
	return out
}

// match tries the pattern from token i, of which mask tells the positions
// that take it, and gives the token after the match, or -1. It never leaves
// the sentence. The steps taken are added to work.
func (p *pattern) match(tokens []token, i int, sentence span, mask uint64, work *int) int {
	if p.atStart && i != sentence.from {
		return -1
	}
	if p.ends != 0 && sentence.ends != p.ends {
		return -1
	}
	active := mask
	for end := i + 1; ; end++ {
		*work++
		if active&p.last != 0 && (!p.atEnd || end == sentence.to) {
			return end
		}
		if end >= sentence.to {
			return -1
		}
		if active = p.step(active, tokens[end].kind); active == 0 {
			return -1
		}
	}
}

func (p *pattern) step(active uint64, kind uint16) uint64 {
	var next uint64
	for s := active; s != 0; s &= s - 1 {
		next |= p.follow[bits.TrailingZeros64(s)]
	}
	for s := next; s != 0; s &= s - 1 {
		if i := bits.TrailingZeros64(s); !p.symbols[i].takes(kind) {
			next &^= 1 << i
		}
	}
	return next
}
