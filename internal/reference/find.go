package reference

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits on what FindAll gives, so that a text made of references stays cheap.
const (
	mostFound  = 100
	mostMisses = 20
	mostNear   = 500
)

// Within a reference there may be one separator between any two characters,
// and between its groups a few: a line end with quotation marks after it.
const (
	gapWithin = 1
	gapGroups = 6
)

// FindAll finds the references with one of the prefixes in a text of any
// language, in order and each once. found holds those whose check character is
// right. near holds the right references that differ from something in the
// text by one character or by a swap of neighbours: to be offered to a person,
// never assumed. The time it takes grows with the length of the text only.
func FindAll(text string, prefixes []string) (found, near []string) {
	f := finder{text: text}
	for _, p := range prefixes {
		if p = strings.ToUpper(p); validPrefix(p) && !slices.Contains(f.prefixes, p) {
			f.prefixes = append(f.prefixes, p)
		}
	}
	f.scan()
	return f.found.list, f.missed.without(f.found)
}

// Near gives the right references that differ from s by one character or a
// swap of neighbours, the prefix being right; none when s is right itself or
// has not the shape of a reference.
func Near(s string) []string {
	bare, ok := squeeze(s)
	if !ok || len(bare) < shortestPrefix+tailLength || len(bare) > longestPrefix+tailLength {
		return nil
	}
	head := len(bare) - tailLength
	return corrections(bare[:head], mendTail(bare[head:]))
}

// A finder walks a text once.
type finder struct {
	text     string
	prefixes []string
	found    once
	misses   once // what was nearly a reference, as read
	missed   once // what it may have been
}

// once is a list without repetitions.
type once struct {
	list []string
	seen map[string]bool
}

// add reports whether s is new and there was room for it.
func (o *once) add(s string, most int) bool {
	if len(o.list) >= most || o.seen[s] {
		return false
	}
	if o.seen == nil {
		o.seen = map[string]bool{}
	}
	o.seen[s] = true
	o.list = append(o.list, s)
	return true
}

func (o *once) without(other once) []string {
	return slices.DeleteFunc(o.list, func(s string) bool { return other.seen[s] })
}

func (f *finder) scan() {
	for i := 0; i < len(f.text); {
		r, size := utf8.DecodeRuneInString(f.text[i:])
		next := i + size
		if plain(r) != 0 {
			next = max(next, f.try(i))
		}
		i = next
	}
}

// glued reports whether what is read from begin to end has a letter or digit
// before or behind it.
func (f *finder) glued(begin, end int) bool {
	before, _ := utf8.DecodeLastRuneInString(f.text[:begin])
	after, _ := utf8.DecodeRuneInString(f.text[end:])
	return wordRune(before) || wordRune(after)
}

func wordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// try reads a reference at i and gives its end, or 0. One that is glued to
// other letters counts only when it is right.
func (f *finder) try(i int) int {
	for _, prefix := range f.prefixes {
		tail, end := f.read(i, prefix)
		if tail == "" {
			continue
		}
		bare := prefix + tail
		if digits(tail[:yearLength]) && strangers(bare) == 0 && weightedSum(bare) == 0 {
			f.found.add(format(bare), mostFound)
			return end
		}
		if !f.glued(i, end) {
			f.miss(prefix, tail)
		}
	}
	return 0
}

// miss looks for what was meant, for each thing that is not a reference once.
func (f *finder) miss(prefix, tail string) {
	if !f.misses.add(prefix+tail, mostMisses) {
		return
	}
	for _, ref := range corrections(prefix, tail) {
		f.missed.add(ref, mostNear)
	}
}

// read reads the prefix and ten more characters at i; the tail is empty when
// they are not there.
func (f *finder) read(i int, prefix string) (tail string, end int) {
	bare := make([]byte, 0, longestPrefix+tailLength)
	want := len(prefix) + tailLength
	for len(bare) < want {
		if n := len(bare); n > 0 {
			i = f.skip(i, gapAt(n-len(prefix)))
		}
		r, size := utf8.DecodeRuneInString(f.text[i:])
		c := plain(r)
		if c == 0 {
			return "", 0
		}
		if n := len(bare); n < len(prefix) && inPrefix(c) != inPrefix(prefix[n]) {
			return "", 0
		}
		bare = append(bare, c)
		i += size
	}
	return mendTail(string(bare[len(prefix):])), i
}

// gapAt says how many separators may stand before the nth character of the
// tail.
func gapAt(n int) int {
	if n == 0 || n == yearLength || n == yearLength+bodyLength/2 {
		return gapGroups
	}
	return gapWithin
}

// skip passes over at most so many separators.
func (f *finder) skip(i, most int) int {
	for range most {
		r, size := utf8.DecodeRuneInString(f.text[i:])
		if size == 0 || !separator(r) {
			return i
		}
		i += size
	}
	return i
}

// corrections gives the right references that differ from prefix and tail by
// one character of the tail or by a swap of neighbours in it.
func corrections(prefix, tail string) []string {
	bare := []byte(prefix + tail)
	var all once
	keep := func() {
		if weightedSum(bare) != 0 {
			return
		}
		if s := string(bare); digits(s[len(prefix):len(prefix)+yearLength]) && strangers(s) == 0 {
			all.add(format(s), mostNear)
		}
	}
	if keep(); len(all.list) > 0 {
		return nil
	}
	for i := len(prefix); i < len(bare); i++ {
		symbols := alphabet
		if i < len(prefix)+yearLength {
			symbols = "0123456789"
		}
		was := bare[i]
		for j := range len(symbols) {
			bare[i] = symbols[j]
			keep()
		}
		bare[i] = was
		if i+1 < len(bare) {
			bare[i], bare[i+1] = bare[i+1], bare[i]
			keep()
			bare[i], bare[i+1] = bare[i+1], bare[i]
		}
	}
	return all.list
}
