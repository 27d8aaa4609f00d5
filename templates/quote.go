package templates

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	maxQuotations = 40  // a definition that is longer wants a person's summary
	maxQuotation  = 600 // characters of one quotation
	maxName       = 60
	maxLooked     = 8 * maxQuotation // bytes of a quotation that are looked at
)

// oneLine makes a value one line: no control characters, no line breaks, no
// characters that turn the direction of writing or take no room, single
// spaces.
func oneLine(s string) string {
	s = strings.ToValidUTF8(s, "�")
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r) || r == '\u2028' || r == '\u2029':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r) && r != '\u200c' && r != '\u200d', unicode.Is(unicode.Co, r):
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

var notAName = regexp.MustCompile(`[^\p{L}\p{M} .,'’\-]|\.\S*\.|[\p{L}]\.[\p{L}]{2}`)

// personName is a name to greet somebody by, or nothing when what stands there
// is more than a name: digits, addresses, links and sentences are left out.
func personName(s string) string {
	s = oneLine(norm.NFKC.String(s))
	if utf8.RuneCountInString(s) > maxName || len(strings.Fields(s)) > 6 || notAName.MatchString(s) {
		return ""
	}
	if strings.IndexFunc(s, unicode.IsLetter) < 0 {
		return ""
	}
	return s
}

// Quotable reports whether anything of the words would be left to say back.
func (s *Set) Quotable(words []string) bool {
	return len(words) <= maxQuotations && len(s.quotations(words)) > 0
}

// quotations are a stranger's words made fit to be said back: one line each,
// cut at a length, with no link, address, phone number or slur.
func (s *Set) quotations(all []string) []string {
	var kept []string
	for _, words := range all {
		if words = s.quotation(words); s.says(words) {
			kept = append(kept, words)
		}
	}
	return kept[:min(len(kept), maxQuotations)]
}

func (s *Set) quotation(words string) string {
	// Letters and digits in other shapes are links to a mail program too.
	if len(words) > maxLooked {
		words = words[:maxLooked]
	}
	words = oneLine(norm.NFKC.String(words))
	// Most have none of these, and looking at each letter for them costs more
	// than all the rest of a reply.
	if strings.ContainsAny(words, "@([") {
		words = mailForm.ReplaceAllString(words, s.terms["left_out.address"])
	}
	if strings.ContainsAny(words, ".:") {
		words = linkForm.ReplaceAllString(words, s.terms["left_out.link"])
	}
	if strings.ContainsAny(words, "0123456789") {
		words = s.withoutNumbers(words)
	}
	words = s.masks.ReplaceAllString(words, "${1}"+s.terms["left_out.word"])
	if strings.Contains(words, ".") {
		words = gluedDot.ReplaceAllString(words, "$1. $2") // "gone.It": no link, but shown as one
	}
	return cut(strings.Trim(words, `"“” `), maxQuotation)
}

// says reports whether more is left of a quotation than our own marks.
func (s *Set) says(words string) bool {
	for _, k := range []string{"left_out.address", "left_out.link", "left_out.number", "left_out.word"} {
		words = strings.ReplaceAll(words, s.terms[k], "")
	}
	return strings.IndexFunc(words, unicode.IsLetter) >= 0
}

// cut shortens at a space.
func cut(s string, limit int) string {
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	s = string([]rune(s)[:limit])
	if i := strings.LastIndexByte(s, ' '); i > limit/2 {
		s = s[:i]
	}
	return strings.TrimRight(s, " ,;:.") + " …"
}

var (
	mailForm = regexp.MustCompile(`(?i)\S+(@|\(at\)|\[at\])\S+`)
	// A scheme, "www.", a name under one of the endings that mail programs
	// turn into links, or anything dotted that goes on with a path.
	linkForm = regexp.MustCompile(`(?i)\b[a-z][a-z0-9+.\-]{1,15}:/{1,2}\S+|\b(javascript|data|mailto|tel|sms):\S+|\S*www\.\S+|` +
		`\b[\p{L}\p{N}\-]+(\.[\p{L}\p{N}\-]+)*\.(com|net|org|info|biz|uk|co|eu|io|me|ly|gl|app|dev|xyz|top|site|online|shop|club|link|live|ru|cn|de|fr|us|tk|ml|ga|cf|gq|icu|vip|work|click|cc|tv|ws|to|gov|edu)\b(/\S*)?|` +
		`\b[\p{L}\p{N}\-]+(\.[\p{L}\p{N}\-]+)+/\S*|\b\d{1,3}(\.\d{1,3}){3}\b\S*`)
	gluedDot   = regexp.MustCompile(`(\p{L})\.(\p{L}{2})`)
	numberForm = regexp.MustCompile(`(?i)((call|phone|ring|text|dial|tel|telephone|mobile|whatsapp|number|on|to)[:\s]+)?(\+|£|€|\$)?\(?\d[\d\s().,/\-–]*\d`)
	dateForm   = regexp.MustCompile(`^(\d{1,2}[/.\-]\d{1,2}[/.\-](\d{2}|\d{4})|\d{4}-\d{2}-\d{2}|(19|20)\d\d ?[-–/] ?(19|20)\d\d)$`)
	moneyForm  = regexp.MustCompile(`^[£€$]\d{1,3}(,?\d{3}){0,2}(\.\d\d)?$`)
	callWords  = regexp.MustCompile(`(?i)^(call|phone|ring|text|dial|tel|telephone|mobile|whatsapp)[:\s]`)
)

// withoutNumbers takes out what a reader could phone: nine digits or more,
// seven or more that begin as a phone number does, five or more after a word
// that asks for a call. Dates and sums of money stay.
func (s *Set) withoutNumbers(words string) string {
	return numberForm.ReplaceAllStringFunc(words, func(found string) string {
		start := strings.IndexAny(found, "+£€$(0123456789")
		lead, number := found[:start], strings.TrimRight(found[start:], " .,-/–(")
		tail := found[start+len(number):]
		digits := dialled(number)
		switch {
		case dateForm.MatchString(number), moneyForm.MatchString(number):
			return found
		case len(digits) >= 9,
			len(digits) >= 7 && (digits[0] == '0' || digits[0] == '+'),
			len(digits) >= 5 && callWords.MatchString(lead):
			return lead + s.terms["left_out.number"] + tail
		}
		return found
	})
}
