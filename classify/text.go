package classify

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxJudged bounds the text that is judged, in bytes: a letter of a hundred
// pages fits, and a flood of letters costs a bounded time.
const maxJudged = 256 << 10

// maxWord bounds a word, in bytes; the rest of a longer one is passed over.
const maxWord = 40

// A token is one word of the text.
type token struct {
	start, end int // byte offsets
	sentence   int
	kind       uint16 // which words of the rules it stands for; 0 when none
	neg        bool   // within the reach of a negation
	aim        aim    // whom it names
	masked     bool   // not the resident's own new words
}

// A span is a run of tokens: a sentence or a match.
type span struct {
	from, to  int // token indexes, to exclusive
	start     int // byte offsets
	end       int
	paragraph int
	ends      byte // '?', '!', '.' or 0
}

// A document is a text cut into words and sentences.
type document struct {
	text       string
	tokens     []token
	sentences  []span
	letters    int // letters in all
	upper      int // of them capitals
	foreign    int // of them outside the Latin script
	control    int // bytes that text does not hold
	quotations int // quotation marks
	subject    int // the first sentences, those of the subject line

	subjectText string
}

// scan cuts text into words and sentences, in one pass.
func scan(v *vocabulary, text string, ocr bool) document {
	d := document{text: text}
	d.tokens = make([]token, 0, len(text)/6+8)
	c := cutter{doc: &d, vocab: v, ocr: ocr}
	c.run()
	return d
}

// A cutter holds the state of one pass over a text.
type cutter struct {
	doc       *document
	vocab     *vocabulary
	ocr       bool
	buf       [maxWord]byte
	n         int // bytes in buf
	wordStart int // -1 between words
	first     int // first token of the sentence
	lineStart int
	paragraph int
}

func (c *cutter) run() {
	text := c.doc.text
	c.wordStart = -1
	for i := 0; i < len(text); {
		b := text[i]
		if b < utf8.RuneSelf {
			c.ascii(i, b)
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		c.wide(i, r, size)
		i += size
	}
	c.endWord(len(text))
	c.endSentence(len(text), 0)
}

func (c *cutter) ascii(i int, b byte) {
	switch {
	case b >= 'a' && b <= 'z':
		c.doc.letters++
		c.put(i, b)
	case b >= 'A' && b <= 'Z':
		c.doc.letters++
		c.doc.upper++
		c.put(i, b+'a'-'A')
	case b >= '0' && b <= '9':
		c.put(i, b)
	case b == '\'' || b == '`':
		// "don't" is one word, "dont".
		if c.wordStart >= 0 && !c.letterAt(i+1) {
			c.endWord(i)
		}
	default:
		c.mark(i, b)
	}
}

// mark handles a byte that is no part of a word.
func (c *cutter) mark(i int, b byte) {
	if c.wordStart >= 0 && (b == '-' && c.digitNear(i) || caseReference(c.doc.text[c.wordStart:], i-c.wordStart)) {
		c.put(i, '-') // R-118402, C-26-0031 and CIT26-HAND-Y2GX are one word
		return
	}
	c.endWord(i)
	switch b {
	case '?', '!':
		c.endSentence(i+1, b)
	case '.', ';':
		if c.stops(i) {
			c.endSentence(i+1, '.')
		}
	case '\n':
		c.newline(i)
	case '"':
		c.doc.quotations++
	case '\t', '\r', '\f', '\v':
	default:
		if b < ' ' || b == 0x7f {
			c.doc.control++
		}
	}
}

// caseReference reports whether text begins with a reference of ours and has
// one of its two gaps at i: a prefix that ends in a year's two digits, and two
// groups of four. Whatever its groups happen to spell says nothing of the
// message. A reference told with spaces must be in capitals.
func caseReference(text string, i int) bool {
	const group, shortest, longest = 4, 4, 7
	head := strings.IndexAny(text[:min(len(text), longest+1)], "- ")
	end := head + 2*(1+group)
	if head < shortest || end > len(text) || i != head && i != head+1+group {
		return false
	}
	gap := text[head]
	for k := range end {
		b := text[k]
		digit, capital := b >= '0' && b <= '9', b >= 'A' && b <= 'Z'
		switch {
		case k == head || k == head+1+group:
			if b != gap {
				return false
			}
		case k == head-1 || k == head-2:
			if !digit {
				return false
			}
		case digit, capital:
		case b >= 'a' && b <= 'z' && gap == '-':
		default:
			return false
		}
	}
	r, _ := utf8.DecodeRuneInString(text[end:])
	return end == len(text) || !unicode.IsLetter(r) && !unicode.IsDigit(r)
}

// digitNear reports whether the hyphen at i belongs to a reference.
func (c *cutter) digitNear(i int) bool {
	t := c.doc.text
	return i+1 < len(t) && t[i+1] >= '0' && t[i+1] <= '9'
}

func (c *cutter) letterAt(i int) bool {
	t := c.doc.text
	return i < len(t) && (t[i]|0x20 >= 'a' && t[i]|0x20 <= 'z')
}

// stops reports whether the full stop at i ends a sentence: not within a
// number or an address, nor after a title or an initial.
func (c *cutter) stops(i int) bool {
	t := c.doc.text
	if i+1 < len(t) && t[i+1] < utf8.RuneSelf && strings.IndexByte(" \n\r\").", t[i+1]) < 0 {
		return false
	}
	n := len(c.doc.tokens)
	if n <= c.first {
		return false
	}
	last := c.doc.tokens[n-1]
	if last.end != i {
		return true
	}
	return !abbreviation(t[last.start:last.end])
}

func abbreviation(w string) bool {
	switch w {
	case "Mr", "Mrs", "Ms", "Dr", "Cllr", "St", "Rd", "No", "no", "etc", "Miss", "Rev", "Revd", "Prof", "Fr", "approx", "tel", "Tel", "ref", "Ref":
		return true
	}
	return len(w) == 1 && w[0] >= 'A' && w[0] <= 'Z' && w != "I"
}

// newline ends a sentence at a blank line, a short line and before a list
// mark; a longer line is thought to be wrapped.
func (c *cutter) newline(i int) {
	const wrapped = 46
	t := c.doc.text
	length := i - c.lineStart
	blank := i+1 < len(t) && (t[i+1] == '\n' || t[i+1] == '\r')
	if blank || length < wrapped || (i+1 < len(t) && (t[i+1] == '-' || t[i+1] == '*' || t[i+1] == '>')) {
		c.endSentence(i, 0)
	}
	if blank {
		c.paragraph++
	}
	c.lineStart = i + 1
}

func (c *cutter) wide(i int, r rune, size int) {
	switch {
	case r == '’' || r == '‘' || r == '´' || r == 'ʼ':
		if c.wordStart >= 0 && !c.letterAt(i+size) {
			c.endWord(i)
		}
	case r == utf8.RuneError && size == 1:
		c.doc.control++
		c.endWord(i)
	case unicode.IsLetter(r) || unicode.IsMark(r):
		c.doc.letters++
		c.letter(i, r)
	case r == '؟' || r == '？':
		c.endWord(i)
		c.endSentence(i+size, '?')
	case r == '۔' || r == '。' || r == '।':
		c.endWord(i)
		c.endSentence(i+size, '.')
	case r == '“' || r == '”':
		c.doc.quotations++
		c.endWord(i)
	default:
		c.endWord(i)
	}
}

// letter adds a letter outside ASCII: folded when Latin, as it is otherwise.
func (c *cutter) letter(i int, r rune) {
	if s := folded(unicode.ToLower(r)); s != "" {
		for k := range len(s) {
			c.put(i, s[k])
		}
		return
	}
	if unicode.Is(unicode.Mn, r) {
		return
	}
	if !unicode.Is(unicode.Latin, r) {
		c.doc.foreign++
	}
	var b [utf8.UTFMax]byte
	n := utf8.EncodeRune(b[:], unicode.ToLower(r))
	for k := range n {
		c.put(i, b[k])
	}
}

func (c *cutter) put(i int, b byte) {
	if c.wordStart < 0 {
		c.wordStart, c.n = i, 0
	}
	if c.n < len(c.buf) {
		c.buf[c.n] = b
		c.n++
	}
}

func (c *cutter) endWord(i int) {
	if c.wordStart < 0 {
		return
	}
	kind := c.vocab.kind(c.buf[:c.n], c.ocr)
	if kind == 0 && c.possessive(i) {
		kind = c.vocab.kind(c.buf[:c.n-1], c.ocr) // "the boiler's gone" speaks of the boiler
	}
	if hiddenWord(c.doc.text, c.wordStart, i) {
		if kind = 0; c.doc.text[c.wordStart-1:i+1] == hiddenNumber {
			kind = c.vocab.number
		}
	}
	c.doc.tokens = append(c.doc.tokens, token{
		start: c.wordStart, end: i, sentence: len(c.doc.sentences), kind: kind,
	})
	c.wordStart = -1
}

// possessive reports whether the word that ends at i ends in 's.
func (c *cutter) possessive(i int) bool {
	w := c.doc.text[c.wordStart:i]
	return c.n > 3 && (strings.HasSuffix(w, "'s") || strings.HasSuffix(w, "’s"))
}

func (c *cutter) endSentence(i int, mark byte) {
	n := len(c.doc.tokens)
	if n == c.first {
		// "really?!" and "..." add to the sentence before.
		if k := len(c.doc.sentences); k > 0 && mark == '?' {
			c.doc.sentences[k-1].ends = mark
		}
		return
	}
	c.doc.sentences = append(c.doc.sentences, span{
		from: c.first, to: n, start: c.doc.tokens[c.first].start, end: i,
		paragraph: c.paragraph, ends: mark,
	})
	c.first = n
}

// folded gives the plain letters for a small Latin letter with a sign on it,
// and "" for any other letter.
func folded(r rune) string {
	switch r {
	case 'à', 'á', 'â', 'ã', 'ä', 'å', 'ą', 'ă', 'ā':
		return "a"
	case 'ç', 'ć', 'č', 'ĉ':
		return "c"
	case 'ď', 'đ':
		return "d"
	case 'è', 'é', 'ê', 'ë', 'ę', 'ě', 'ē', 'ė':
		return "e"
	case 'ğ', 'ģ':
		return "g"
	case 'ì', 'í', 'î', 'ï', 'ı', 'ī', 'į':
		return "i"
	case 'ł', 'ľ', 'ĺ', 'ļ':
		return "l"
	case 'ñ', 'ń', 'ň', 'ņ':
		return "n"
	case 'ò', 'ó', 'ô', 'õ', 'ö', 'ø', 'ő':
		return "o"
	case 'ř', 'ŕ':
		return "r"
	case 'ś', 'š', 'ş', 'ș':
		return "s"
	case 'ť', 'ţ', 'ț':
		return "t"
	case 'ù', 'ú', 'û', 'ü', 'ů', 'ű', 'ū', 'ų':
		return "u"
	case 'ŵ':
		return "w"
	case 'ý', 'ÿ', 'ŷ':
		return "y"
	case 'ź', 'ż', 'ž':
		return "z"
	case 'ß':
		return "ss"
	case 'æ':
		return "ae"
	case 'œ':
		return "oe"
	}
	return ""
}
