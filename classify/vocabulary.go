package classify

import (
	"bytes"
	"slices"
	"sort"
	"strings"
)

// A vocabulary knows every word that the rules and the everyday words name,
// and turns a word of a text into its kind: the set of the pattern words that
// it stands for.
type vocabulary struct {
	exact    map[string]uint16 // word -> kind
	names    []string          // by kind
	prefixes map[string]uint16 // prefix -> kind of an unknown word that starts so
	shortest int               // length of the shortest prefix
	longest  int
	shapes   map[shape][]uint16 // the kinds of long words, by their shape
	ordinary map[string]bool    // words never to be taken for a slip
	number   uint16             // kind of a number in digits
	ref      uint16             // kind of a job or case reference
}

// A shape is what a slip of the fingers leaves standing of a word: its first
// and its last letter, and nearly its length.
type shape struct {
	first, last byte
	length      uint8
}

func shapeOf(w string) shape { return shape{w[0], w[len(w)-1], uint8(len(w))} } //nolint:gosec // maxWord bounds it

// minFuzzy is the length from which a word may be mistyped: shorter ones lie
// too near each other.
const minFuzzy = 6

// kind gives the kind of a folded word.
func (v *vocabulary) kind(w []byte, ocr bool) uint16 {
	if k, ok := v.exact[string(w)]; ok {
		return k
	}
	if k := v.digits(w); k != 0 {
		return k
	}
	if k := v.prefixed(w); k != 0 {
		return k
	}
	if v.ordinary[string(w)] {
		return 0
	}
	if ocr {
		if k := v.misread(w); k != 0 {
			return k
		}
	}
	if len(w) < minFuzzy {
		return 0
	}
	return v.mistyped(w)
}

// digits knows numbers and references.
func (v *vocabulary) digits(w []byte) uint16 {
	count, hyphen := 0, false
	for _, b := range w {
		switch {
		case b >= '0' && b <= '9':
			count++
		case b == '-':
			hyphen = true
		}
	}
	switch {
	case count == 0:
		return 0
	case count == len(w):
		return v.number
	case hyphen && (count >= 3 || caseReference(string(w), bytes.IndexByte(w, '-'))):
		return v.ref
	case count >= 5 && w[0] >= 'a':
		return v.ref
	case len(w)-count == 2 && count <= 2: // 3rd, 14th
		return v.number
	}
	return 0
}

func (v *vocabulary) prefixed(w []byte) uint16 {
	for n := min(len(w), v.longest); n >= v.shortest && n > 0; n-- {
		if k, ok := v.prefixes[string(w[:n])]; ok {
			return k
		}
	}
	return 0
}

// known looks a repaired word up.
func (v *vocabulary) known(w []byte) uint16 {
	if k, ok := v.exact[string(w)]; ok {
		return k
	}
	return v.prefixed(w)
}

// mistyped repairs one slip of the fingers inside a long word: a letter left
// out, one too many, two swapped, or the wrong vowel. The first and the last
// letter must stand.
func (v *vocabulary) mistyped(w []byte) uint16 {
	if k := v.shortened(w); k != 0 {
		return k
	}
	var b [maxWord]byte
	for i := 1; i < len(w)-1; i++ {
		n := copy(b[:], w[:i])
		n += copy(b[n:], w[i+1:])
		if k, ok := v.exact[string(b[:n])]; ok && n >= minFuzzy-1 {
			return k
		}
		copy(b[:], w)
		b[i], b[i+1] = b[i+1], b[i]
		if k, ok := v.exact[string(b[:len(w)])]; ok && i+1 < len(w)-1 {
			return k
		}
		if k := v.vowel(b[:copy(b[:], w)], i); k != 0 {
			return k
		}
	}
	return 0
}

// shortened finds the word of which w has all letters but one; the first in the
// alphabet, so that a text always reads the same.
func (v *vocabulary) shortened(w []byte) (kind uint16) {
	for _, k := range v.shapes[shape{w[0], w[len(w)-1], uint8(len(w) + 1)}] { //nolint:gosec // maxWord bounds it
		whole, i := v.names[k], 1
		for i < len(w) && whole[i] == w[i] {
			i++
		}
		if whole[i+1:] == string(w[i:]) && (kind == 0 || whole < v.names[kind]) {
			kind = k
		}
	}
	return kind
}

func (v *vocabulary) vowel(b []byte, i int) uint16 {
	const vowels = "aeiou"
	if strings.IndexByte(vowels, b[i]) < 0 {
		return 0
	}
	was := b[i]
	for k := range len(vowels) {
		b[i] = vowels[k]
		if kind, ok := v.exact[string(b)]; ok && vowels[k] != was {
			return kind
		}
	}
	b[i] = was
	return 0
}

// misread repairs what scanners do to letters.
func (v *vocabulary) misread(w []byte) uint16 {
	for _, s := range [...][2]string{{"rn", "m"}, {"m", "rn"}, {"0", "o"}, {"1", "l"}, {"1", "i"}, {"vv", "w"}, {"cl", "d"}, {"li", "h"}, {"5", "s"}, {"ii", "u"}, {"i", "l"}, {"l", "i"}, {"c", "e"}, {"e", "c"}} {
		if k := v.replaced(w, s[0], s[1]); k != 0 {
			return k
		}
	}
	return 0
}

func (v *vocabulary) replaced(w []byte, from, to string) uint16 {
	if len(w)+len(to) > maxWord {
		return 0
	}
	s := string(w)
	for i := strings.Index(s, from); i >= 0; {
		if k := v.known([]byte(s[:i] + to + s[i+len(from):])); k != 0 {
			return k
		}
		next := strings.Index(s[i+1:], from)
		if next < 0 {
			break
		}
		i += 1 + next
	}
	if strings.Count(s, from) > 1 {
		return v.known([]byte(strings.ReplaceAll(s, from, to)))
	}
	return 0
}

// A lexicon collects the pattern words while rules are compiled: each atom is
// one word, prefix or class, and gets a number, the kind of the words that are
// no more than it.
type lexicon struct {
	atoms map[string]uint16 // "word", "word*", "#number" -> number
	names []string          // by number
	holds map[uint16][]uint16
}

// maxAtoms bounds the words of both files, whose numbers have two bytes.
const maxAtoms = 1<<16 - 1

func (l *lexicon) full() bool { return len(l.names)-1 > maxAtoms }

func newLexicon() *lexicon {
	return &lexicon{atoms: map[string]uint16{}, names: []string{""}} // 0 is no kind
}

func (l *lexicon) atom(name string) uint16 {
	n, ok := l.atoms[name]
	if !ok {
		n = uint16(len(l.names)) //nolint:gosec // the reader refuses more than maxAtoms
		l.atoms[name] = n
		l.names = append(l.names, name)
	}
	return n
}

// vocabulary closes the lexicon: it notes for each prefix and class which
// kinds it holds beside its own.
func (l *lexicon) vocabulary(ordinary []string) *vocabulary {
	v := &vocabulary{
		exact: l.atoms, names: slices.Clip(l.names), prefixes: map[string]uint16{}, shortest: maxWord,
		shapes: map[shape][]uint16{}, ordinary: map[string]bool{}, number: l.atoms[classNumber], ref: l.atoms[classRef],
	}
	for _, name := range l.names {
		if p, ok := strings.CutSuffix(name, "*"); ok {
			v.prefixes[p] = l.atoms[name]
			v.shortest, v.longest = min(v.shortest, len(p)), max(v.longest, len(p))
		}
	}
	l.holds = map[uint16][]uint16{}
	for _, name := range l.names[1:] {
		l.enter(v, l.atoms[name], name)
	}
	for _, w := range ordinary {
		v.ordinary[fold(w)] = true
	}
	return v
}

// enter tells the prefixes and classes that hold a word, or a longer prefix,
// of it; and notes the shape of a long word.
func (l *lexicon) enter(v *vocabulary, k uint16, name string) {
	word, prefix := strings.CutSuffix(name, "*")
	if name[0] == '#' {
		return
	}
	for n := v.shortest; n <= min(len(word), v.longest); n++ {
		if p, ok := v.prefixes[word[:n]]; ok && p != k {
			l.holds[p] = append(l.holds[p], k)
		}
	}
	if prefix {
		return
	}
	if v.number != 0 && (isNumberWord(word) || v.digits([]byte(word)) == v.number) {
		l.holds[v.number] = append(l.holds[v.number], k)
	}
	if len(word) > minFuzzy {
		v.shapes[shapeOf(word)] = append(v.shapes[shapeOf(word)], k)
	}
}

// kinds gives the kinds of some atoms.
func (l *lexicon) kinds(atoms []string) []uint16 {
	var out []uint16
	for _, a := range atoms {
		n := l.atoms[a]
		out = append(append(out, n), l.holds[n]...)
	}
	return out
}

func isNumberWord(w string) bool {
	switch w {
	case "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
		"fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty", "thirty", "forty", "fifty",
		"sixty", "hundred", "several", "couple", "dozen", "few", "many":
		return true
	}
	return false
}

// fold writes a word as texts are read: small letters, no signs, no
// apostrophes.
func fold(w string) string {
	if plain(w) {
		return w
	}
	var b strings.Builder
	for _, r := range strings.ToLower(w) {
		switch s := folded(r); {
		case s != "":
			b.WriteString(s)
		case r == '\'' || r == '’':
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// plain reports whether a word holds small letters only, as nearly all words of
// our files do: they are folded already.
func plain[W string | []byte](w W) bool {
	for i := range len(w) {
		if w[i] < 'a' || w[i] > 'z' {
			return false
		}
	}
	return true
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
