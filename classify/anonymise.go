package classify

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What stands in a corpus in place of what would tell who wrote.
const (
	hiddenName    = "[name]"
	hiddenAddress = "[address]"
	hiddenNumber  = "[number]"
)

// The shapes of what tells who somebody is, in the order in which they are
// looked for: mail addresses and links before the words in them.
var (
	mailShape     = regexp.MustCompile(`[\pL\pN._%+'-]+@[\pL\pN.-]+\.\pL{2,}`)
	linkShape     = regexp.MustCompile(`(?i)\b(?:https?://|www\.)\S+`)
	postcodeShape = regexp.MustCompile(`(?i)\b[A-Z]{1,2}[0-9][0-9A-Z]?[ \t\x{A0}]{0,3}[0-9][A-Z]{2}\b`)
	streetShape   = regexp.MustCompile(`(?i)\b(?:(?:flat|apartment|apt|unit|room|plot) ?[0-9]+[a-z]?,? ?)?(?:no\.? ?)?[0-9]+[a-z]?,? (?:[\pL'’]+ ){1,3}(?:street|st|road|rd|avenue|ave|close|lane|drive|court|crescent|way|walk|place|terrace|gardens|grove|mews|row|rise|square|green|hill|house|tower|lodge|buildings|yard|view|park)\b`)
	flatShape     = regexp.MustCompile(`(?i)\b(?:flat|apartment|apt|unit|plot) ?[0-9]+[a-z]?\b`)
	houseShape    = regexp.MustCompile(`\b(?:\p{Lu}[\pL'’]+ ){1,2}(?:Street|Road|Avenue|Close|Lane|Drive|Court|Crescent|Way|Walk|Place|Terrace|Gardens|Grove|Mews|Row|Rise|Square|House|Tower|Lodge|Buildings|Yard)\b`)
	nationalShape = regexp.MustCompile(`(?i)\b[a-z]{2} ?(?:[0-9]{2} ?){3}[a-d]\b`) // a National Insurance number
	numberShape   = regexp.MustCompile(`\+?\(?[0-9](?:[ ()./\x{A0}-]{0,2}[0-9]){6,}|[0-9][0-9 ()-]{5,}[0-9]`)
	titledShape   = regexp.MustCompile(`\b(?i:mr|mrs|ms|miss|mx|dr|cllr|councillor|rev|revd|prof|fr|sir|dame|imam)\.? (?:(?:\p{Lu}\.? ?)*\p{Lu}[\pL'’-]+)(?: \p{Lu}[\pL'’-]+)?`)
	smallShape    = regexp.MustCompile(`(?i)\b(?:mr|mrs)\.? [\pL'’-]{2,}`) // by somebody who writes no capitals
	saidShape     = regexp.MustCompile(`\b((?i:my name is|my name's|my name’s) )\p{Lu}[\pL'’-]+(?: \p{Lu}[\pL'’-]+){0,2}|\b((?i:i am|i'm|i’m|this is|it's|it’s) )\p{Lu}[\pL'’-]+(?: \p{Lu}[\pL'’-]+){1,2}`)
	closedShape   = regexp.MustCompile(`(?m)\b((?i:regards|wishes|sincerely|faithfully|truly|thanks|thank you|cheers|ta),? +)\p{Lu}[\pL'’.-]*(?: \p{Lu}[\pL'’.-]*){0,2}(\s*)$`)
	signedShape   = regexp.MustCompile(`(?m)^(?:\p{Lu}[\pL'’.-]* ?){1,4}(?:\(\pL+\.?\))?$`)
	smallSigned   = regexp.MustCompile(`^[\pL'’.-]+(?: [\pL'’.-]+)?$`)
	signingShape  = regexp.MustCompile(`(?i)\b(?:regards|wishes|sincerely|faithfully|truly|thanks|thank you|cheers|ta|yours|from|love),?\s*\n\s*\z`)
)

// anonymised gives the text without what tells who wrote it or where they
// live. The names that are known of the message go first; then whatever has
// the shape of a name with a title, a signature, an address or a number. It
// cannot know every name: whoever passes a corpus on reads it first.
func anonymised(text string, known []string) string {
	text = mailShape.ReplaceAllString(text, hiddenAddress)
	text = linkShape.ReplaceAllString(text, hiddenAddress)
	text = hideKnown(text, known)
	for _, shape := range []*regexp.Regexp{streetShape, postcodeShape, flatShape, houseShape} {
		text = shape.ReplaceAllString(text, hiddenAddress)
	}
	text = titledShape.ReplaceAllString(text, hiddenName)
	text = smallShape.ReplaceAllString(text, hiddenName)
	text = saidShape.ReplaceAllString(text, "${1}${2}"+hiddenName)
	text = closedShape.ReplaceAllString(text, "${1}"+hiddenName+"${2}")
	text = nationalShape.ReplaceAllString(text, hiddenNumber)
	text = numberShape.ReplaceAllString(text, hiddenNumber)
	return hideSignature(text)
}

// hideKnown hides names and addresses that are known, and the parts of names,
// as whole words; the longest first.
func hideKnown(text string, known []string) string {
	var parts []string
	for _, k := range known {
		name, _, _ := strings.Cut(k, "@") // what follows is a company's
		telling := slices.DeleteFunc(strings.FieldsFunc(name, func(r rune) bool { return strings.ContainsRune(" ,.;()\"'-_+", r) }), tellsNobody)
		if len(telling) > 0 {
			parts = append(append(parts, strings.TrimSpace(k)), telling...)
		}
	}
	slices.SortFunc(parts, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	for _, p := range slices.Compact(parts) {
		text = hideWord(text, p)
	}
	return text
}

// tellsNobody knows the parts of names and addresses that are words like any
// other: hidden, they would be missing where the rules listen for them, as in
// "the county court" and "a complaint about repairs".
func tellsNobody(part string) bool {
	switch strings.ToLower(part) {
	case "mr", "mrs", "ms", "mx", "dr", "miss", "cllr", "councillor", "rev", "prof", "sir",
		"the", "and", "for", "of", "to", "at", "in", "on", "by", "no", "we", "my", "do", "so", "is", "it", "as", "am", "an", "he", "if", "me", "or", "up", "us", "go", "be", "re",
		"flat", "apartment", "unit", "room", "plot", "floor", "block", "street", "st", "road", "rd", "avenue", "ave", "close", "lane", "drive", "court", "crescent",
		"way", "walk", "place", "terrace", "gardens", "grove", "mews", "row", "rise", "square", "green", "hill", "house", "tower", "lodge", "buildings", "yard", "view", "park",
		"complaints", "complaint", "repairs", "repair", "team", "office", "officer", "housing", "homes", "home", "council", "association", "society", "group",
		"customer", "customers", "service", "services", "support", "help", "desk", "enquiries", "enquiry", "info", "contact", "contacts", "admin", "mail", "post", "postroom",
		"property", "maintenance", "lettings", "rent", "rents", "income", "tenancy", "tenant", "tenants", "neighbourhood", "legal", "manager", "noreply", "reply":
		return true
	}
	return strings.IndexFunc(part, unicode.IsLetter) < 0 || utf8.RuneCountInString(part) < 2
}

// hideWord hides a name wherever it stands as a whole word, however it is
// written; one of two letters only where it begins with a capital.
func hideWord(text, name string) string {
	letters := "(?i)"
	if utf8.RuneCountInString(name) < 3 {
		first, size := utf8.DecodeRuneInString(name)
		name, letters = string(unicode.ToUpper(first))+name[size:], ""
	}
	re, err := regexp.Compile(letters + `(^|[^\pL\pN])` + regexp.QuoteMeta(name) + `($|[^\pL\pN])`)
	if err != nil {
		return text
	}
	// Twice, since neighbours share the character between them.
	for range 2 {
		text = re.ReplaceAllString(text, "${1}"+hiddenName+"${2}")
	}
	return text
}

// hiddenWord reports whether the word between two places of a text is what
// stands for something hidden: no word of the writer's, and none to learn from.
func hiddenWord(text string, from, to int) bool {
	if from == 0 || to == len(text) {
		return false
	}
	switch text[from-1 : to+1] {
	case hiddenName, hiddenAddress, hiddenNumber:
		return true
	}
	return false
}

// hideSignature hides a line that is only capitalised words at the end of a
// letter, or after its closing words.
func hideSignature(text string) string {
	lines := strings.Split(text, "\n")
	last := len(lines) - 1
	for last > 0 && strings.TrimSpace(lines[last]) == "" {
		last--
	}
	before := ""
	for i, line := range lines {
		trimmed := strings.TrimSpace(line)
		ends := i > 0 && i >= last-2 && len(strings.Fields(trimmed)) <= 4
		signs := signingShape.MatchString(before)
		if trimmed != "" && ((ends || signs) && signedShape.MatchString(trimmed) || ends && signs && smallSigned.MatchString(trimmed)) {
			lines[i] = hiddenName
		}
		if trimmed != "" {
			before = line + "\n"
		}
	}
	return strings.Join(lines, "\n")
}
