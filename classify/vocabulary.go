package classify

import (
	"bytes"
	"slices"
	"sort"
	"strings"
)

// A vocabulary knows every word that the rules name, and turns a word of a
// text into its kind: the set of the pattern words that it stands for.
type vocabulary struct {
	exact    map[string]uint16 // word -> kind
	prefixes map[string]uint16 // prefix -> kind of an unknown word that starts so
	shortest int               // length of the shortest prefix
	longest  int
	deletes  map[string]string // a word with one letter left out -> the word
	ordinary map[string]bool   // words never to be taken for a slip
	number   uint16            // kind of a number in digits
	ref      uint16            // kind of a job or case reference
	kinds    int
}

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
	if whole, ok := v.deletes[string(w)]; ok {
		return v.exact[whole]
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
// one word, prefix or class, and gets a number.
type lexicon struct {
	atoms map[string]int // "word", "word*", "#number" -> number
	names []string
}

func newLexicon() *lexicon { return &lexicon{atoms: map[string]int{}} }

func (l *lexicon) atom(name string) {
	if _, ok := l.atoms[name]; ok {
		return
	}
	l.atoms[name] = len(l.names)
	l.names = append(l.names, name)
}

// vocabulary closes the lexicon: it numbers the kinds, and tells for each atom
// which kinds it holds.
func (l *lexicon) vocabulary(ordinary []string) (*vocabulary, [][]uint16) {
	v := &vocabulary{exact: map[string]uint16{}, prefixes: map[string]uint16{}, deletes: map[string]string{}, ordinary: map[string]bool{}, shortest: maxWord}
	holds := make([][]uint16, len(l.names))
	next := uint16(1)
	for _, name := range sortedKeys(l.atoms) {
		switch {
		case name == classNumber:
			v.number = next
		case name == classRef:
			v.ref = next
		case name == classAny:
			continue
		case strings.HasSuffix(name, "*"):
			p := strings.TrimSuffix(name, "*")
			v.prefixes[p] = next
			v.shortest, v.longest = min(v.shortest, len(p)), max(v.longest, len(p))
		default:
			v.exact[name] = next
		}
		next++
	}
	v.kinds = int(next)
	l.fill(v, holds)
	for w := range v.exact {
		v.addDeletes(w)
	}
	for _, w := range ordinary {
		v.ordinary[fold(w)] = true
	}
	return v, holds
}

// fill tells each atom its kinds: its own, and those of the longer words and
// prefixes that start as it does.
func (l *lexicon) fill(v *vocabulary, holds [][]uint16) {
	words := sortedKeys(v.exact)
	for name, n := range l.atoms {
		switch {
		case name == classNumber:
			holds[n] = append(holds[n], v.number)
		case name == classRef:
			holds[n] = append(holds[n], v.ref)
		case name == classAny:
		case strings.HasSuffix(name, "*"):
			holds[n] = v.startingWith(strings.TrimSuffix(name, "*"), words)
		default:
			holds[n] = append(holds[n], v.exact[name])
			if v.number != 0 && (isNumberWord(name) || v.digits([]byte(name)) == v.number) {
				c := l.atoms[classNumber]
				holds[c] = append(holds[c], v.exact[name])
			}
		}
	}
}

// startingWith gives the kinds of the words, of which those known are given in
// their order, and of the prefixes that start so.
func (v *vocabulary) startingWith(p string, words []string) []uint16 {
	var out []uint16
	for i, _ := slices.BinarySearch(words, p); i < len(words) && strings.HasPrefix(words[i], p); i++ {
		out = append(out, v.exact[words[i]])
	}
	for q, k := range v.prefixes {
		if strings.HasPrefix(q, p) {
			out = append(out, k)
		}
	}
	return out
}

func (v *vocabulary) addDeletes(w string) {
	if len(w) < minFuzzy+1 {
		return
	}
	for i := 1; i < len(w)-1; i++ {
		short := w[:i] + w[i+1:]
		// The first in the alphabet wins, so that a file always reads the same.
		if old, ok := v.deletes[short]; !ok || w < old {
			v.deletes[short] = w
		}
	}
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

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
