package scan

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Writer is who wrote a letter, as far as the letter says.
type Writer struct {
	Name    string
	Address []string // lines, the postcode last; without the name
	// Sure says that the address was read without doubt and is complete: an
	// answer may go there by itself. Otherwise Why says what a person checks.
	Sure  bool
	Why   string
	Dated string // the day that the letter says it was written, 2006-01-02
	Phone string
	Email string
}

const (
	headLines   = 24   // an address stands within the first lines, or not at all
	mostAddress = 7    // lines of an address, with the name
	sureLine    = 0.70 // the least sure word of an address that is believed
)

// writerOf finds who wrote. plain says that nothing else about the reading is
// in doubt.
func writerOf(lines []PageLine, plain bool) Writer {
	var w Writer
	text := textOf(lines)
	w.Phone, w.Email = phone(text), strings.ToLower(mailbox.FindString(text))
	head := headOf(lines)
	w.Dated = dated(head)
	b := addressBlock(head)
	w.Name = signature(lines)
	if len(b.lines) > 0 {
		if !b.office {
			b.lines, w.Name = partName(b.lines, w.Name)
		}
		w.Address = b.address()
	}
	w.Why = b.doubt(w.Name, plain)
	w.Sure = w.Why == ""
	return w
}

// WriterOf finds who wrote a letter that a person typed in.
func WriterOf(text string) Writer {
	var lines []PageLine
	for line := range strings.Lines(text) {
		lines = append(lines, PageLine{Text: strings.Join(strings.Fields(line), " "), Confidence: 1})
	}
	return writerOf(lines, true)
}

// A block is the lines that end in a postcode.
type block struct {
	lines    []PageLine
	postcode string
	mended   bool // a character of the postcode was put right
	odd      bool // no postcode looks like that
	first    bool // nothing but it stands above the date
	office   bool // it may be that of whom the letter is for
}

// doubt says why an answer may not go to the address by itself.
func (b block) doubt(name string, plain bool) string {
	least := 1.0
	for _, l := range b.lines {
		least = min(least, l.Confidence)
	}
	switch {
	case b.postcode == "":
		return "no full postal address was found in the letter"
	case !b.first:
		return "it is not certain that this is the writer's own address"
	case len(b.lines) == 0 || len(b.lines) > mostAddress || len(b.address()) < 2:
		return "the lines around the postcode do not look like an address"
	case b.office:
		return "it looks like the address that the letter was sent to"
	case b.odd:
		return "no postcode looks like this one"
	case b.mended:
		return "the postcode was read with a wrong character and put right"
	case name == "":
		return "the writer's name was not found in the letter"
	case least < sureLine || !plain:
		return "the address was hard to read"
	}
	return ""
}

// office is what stands in the address of a landlord and in no home's: letters
// often begin with the address that they are sent to, and with no other.
var office = regexp.MustCompile(`(?i)\b(?:complaints?|homes|landlords?|housing|tenancy|lettings|customer (?:services?|relations?|care|experience|contact)|(?:repairs?|estates?|income|resident|tenant) (?:team|department|dept|services?|office|liaison)|(?:the|area|property|general) manager|head office|chief executive|freepost)\b`)

var salutation = regexp.MustCompile(`(?i)^(?:dear|dears|sirs?|to whom|madam|hello|hi|annwyl|szanown|drog|to the|good (?:morning|afternoon))\b`)

// headOf is what stands above the salutation.
func headOf(lines []PageLine) []PageLine {
	var head []PageLine
	full := 0
	for _, l := range lines {
		if salutation.MatchString(l.Text) && full > 0 || full == headLines {
			break
		}
		if l.Text != "" {
			full++
		}
		head = append(head, l)
	}
	return head
}

func dated(head []PageLine) string {
	for _, l := range head {
		// A date of birth is a date too.
		if d := day(l.Text); d != "" && !strings.Contains(strings.ToLower(l.Text), "birth") && !strings.Contains(strings.ToLower(l.Text), "dob") {
			return d
		}
	}
	return ""
}

// addressBlock finds the first lines that end in a postcode: letters begin
// with the writer's address, and the landlord's comes after it.
func addressBlock(head []PageLine) block {
	for i, l := range head {
		code, fixed, odd := findPostcode(l.Text)
		if code == "" {
			continue
		}
		first := i
		for first > 0 && head[first-1].Text != "" && day(head[first-1].Text) == "" {
			first--
		}
		above := slices.ContainsFunc(head[:first], func(l PageLine) bool { return l.Text != "" })
		b := block{lines: slices.Clone(head[first : i+1]), postcode: code, mended: fixed, odd: odd, first: !above}
		b.office = slices.ContainsFunc(b.lines, func(l PageLine) bool { return office.MatchString(l.Text) })
		return b
	}
	return block{}
}

// shape is a postcode as people and tesseract write it: digits and letters
// that look alike are told apart by their places.
var shape = regexp.MustCompile(`(?i)\b([A-Z]{1,2})\s?([0-9OILSZB][A-Z0-9]?)\s{0,2}([0-9OILSZB])\s?([A-Z0-9]{2})$`)

// exact is a postcode that needs no mending (the letters that the Post Office
// never uses in the second half left out).
var exact = regexp.MustCompile(`^[A-Z]{1,2}[0-9][A-Z0-9]? [0-9][ABD-HJLNP-UW-Z]{2}$`)

// findPostcode finds a postcode at the end of a line. fixed says that a
// character of it was put right, odd that no postcode looks like it.
func findPostcode(line string) (code string, fixed, odd bool) {
	m := shape.FindStringSubmatch(strings.TrimRight(line, " .,;:|'\""))
	if m == nil || !strings.ContainsFunc(m[1]+m[2]+m[3], unicode.IsDigit) {
		return "", false, false
	}
	up := strings.ToUpper
	raw := up(m[1] + m[2] + " " + m[3] + m[4])
	if exact.MatchString(raw) {
		return raw, m[1]+m[2] != up(m[1]+m[2]), false
	}
	digit := strings.NewReplacer("O", "0", "I", "1", "L", "1", "S", "5", "Z", "2", "B", "8")
	letter := strings.NewReplacer("0", "O", "1", "I", "5", "S", "2", "Z", "8", "B")
	mended := up(m[1]) + digit.Replace(up(m[2][:1])) + digit.Replace(up(m[2][1:])) + " " + digit.Replace(up(m[3])) + letter.Replace(up(m[4]))
	if exact.MatchString(mended) {
		return mended, true, false
	}
	return raw, false, true
}

// address parts the postcode from its line and drops commas at line ends.
func (b block) address() []string {
	var out []string
	for i, l := range b.lines {
		text := strings.TrimRight(l.Text, " .,;:|")
		if i == len(b.lines)-1 {
			if at := shape.FindStringIndex(text); at != nil {
				text = strings.TrimRight(text[:at[0]], " .,;:|")
			}
		}
		if hasLetter(text) {
			out = append(out, text)
		}
	}
	return append(out, b.postcode)
}

// sameHouse reports whether two addresses may be one: a block of flats has one
// postcode, so the numbers before it count as well, where both name any.
func (b block) sameHouse(other block) bool {
	mine, theirs := b.numbers(), other.numbers()
	return b.postcode == other.postcode && (len(mine) == 0 || len(theirs) == 0 || slices.Equal(mine, theirs))
}

var houseNumber = regexp.MustCompile(`[0-9]+[a-zA-Z]?\b`)

// numbers are those of the house and the flat.
func (b block) numbers() []string {
	var all []string
	lines := b.address()
	for _, l := range lines[:max(0, len(lines)-1)] { // the last one is the postcode
		for _, n := range houseNumber.FindAllString(l, -1) {
			all = append(all, strings.ToLower(n))
		}
	}
	return all
}

var closing = regexp.MustCompile(`(?i)^(?:yours\b|(?:with )?(?:kind|best|warm|many)?\s*(?:regards|wishes|thanks)|thank you|thanking you|with (?:love|kind)|god bless|love\b|sincerely|faithfully|respectfully|signed\b|yn gywir|z powa.aniem)`)

// signature finds the name below a letter: after its closing words, or else
// its last line.
func signature(lines []PageLine) string {
	if name := signedBelow(lines); name != "" {
		return name
	}
	full := withWords(lines)
	if len(full) > 0 && nameLike(full[len(full)-1].Text) {
		return tidyName(full[len(full)-1].Text)
	}
	return ""
}

// signedBelow finds the name after the last closing words.
func signedBelow(lines []PageLine) string {
	full := withWords(lines)
	for i, last := range slices.Backward(full) {
		if closing.MatchString(last.Text) && len(strings.Fields(last.Text)) < 10 {
			for _, l := range full[i+1:] {
				if nameLike(l.Text) {
					return tidyName(l.Text)
				}
			}
			break
		}
	}
	return ""
}

func withWords(lines []PageLine) []PageLine {
	return slices.DeleteFunc(slices.Clone(lines), func(l PageLine) bool { return l.Text == "" })
}

// nameLike reports whether a line may be a person's name and nothing else.
func nameLike(line string) bool {
	words := strings.Fields(tidyName(line))
	if len(words) < 2 || len(words) > 6 || strings.ContainsAny(line, "0123456789?!:;@£&") {
		return false
	}
	capitals := 0
	for _, w := range words {
		r, _ := utf8.DecodeRuneInString(w)
		switch {
		case unicode.IsUpper(r):
			capitals++
		case w == "van" || w == "de" || w == "der" || w == "von" || w == "al" || w == "ap" || w == "bin" || w == "el":
		default:
			return false
		}
	}
	return capitals >= 2
}

// tidyName takes off what stands around a name: "Winifred Pellow (Mrs)",
// "Aurelio Pastorino, Flat 31".
func tidyName(line string) string {
	if len(line) > 3 && line[1] == ',' {
		line = line[:1] + "." + line[2:] // an initial's stop, read as a comma
	}
	name, _, _ := strings.Cut(line, ",")
	name, _, _ = strings.Cut(name, "(")
	return strings.Trim(strings.Join(strings.Fields(name), " "), " .-_|~*'\"")
}

var (
	title        = regexp.MustCompile(`(?i)^(?:mr|mrs|ms|miss|mx|dr|rev|sir|lady|sister|prof)\b`)
	organisation = regexp.MustCompile(`(?i)\b(?:group|association|ltd|limited|llp|solicitors|council|mp|committee|windows|office|company|plc|trust|services)\b`)
)

// partName takes a name off the top of an address. The name below the letter
// says whether it is one: "The Maltings" looks like a name too.
func partName(lines []PageLine, signed string) ([]PageLine, string) {
	top := tidyName(lines[0].Text)
	switch {
	case len(lines) < 2 || strings.ContainsFunc(lines[0].Text, unicode.IsDigit):
		return lines, signed
	case sameSurname(top, signed):
		return lines[1:], fuller(top, signed)
	case organisation.MatchString(top):
		return lines[1:], strings.TrimRight(lines[0].Text, " ,.")
	case title.MatchString(top) && nameLike(top):
		if signed == "" {
			signed = top
		}
		return lines[1:], signed
	}
	return lines, signed
}

func sameSurname(a, b string) bool {
	x, y := strings.Fields(a), strings.Fields(b)
	return len(x) > 0 && len(y) > 0 && strings.EqualFold(x[len(x)-1], y[len(y)-1])
}

// fuller picks the one that spells more of the name out.
func fuller(top, signed string) string {
	if title.MatchString(top) || len(signed) >= len(top) {
		return signed
	}
	return top
}

var (
	mailbox = regexp.MustCompile(`(?i)\b[a-z0-9._%+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}\b`)
	phones  = regexp.MustCompile(`(?:\+44\s?\(?0?\)?|\b0)[0-9 ()-]{8,14}[0-9]\b`)
)

// phone finds the first number that has as many digits as numbers in the
// United Kingdom have.
func phone(text string) string {
	for _, found := range phones.FindAllString(text, 20) {
		n := 0
		for _, r := range found {
			if unicode.IsDigit(r) {
				n++
			}
		}
		if n >= 10 && n <= 13 {
			return strings.TrimSpace(found)
		}
	}
	return ""
}
