package classify

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
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
	postcodeShape = regexp.MustCompile(`(?i)\b[A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][A-Z]{2}\b`)
	streetShape   = regexp.MustCompile(`(?i)\b(?:(?:flat|apartment|apt|unit|room|plot) ?[0-9]+[a-z]?,? ?)?(?:no\.? ?)?[0-9]+[a-z]?,? (?:[\pL'’]+ ){1,3}(?:street|st|road|rd|avenue|ave|close|lane|drive|court|crescent|way|walk|place|terrace|gardens|grove|mews|row|rise|square|green|hill|house|tower|lodge|buildings|yard|view|park)\b`)
	flatShape     = regexp.MustCompile(`(?i)\b(?:flat|apartment|apt|unit|plot) ?[0-9]+[a-z]?\b`)
	houseShape    = regexp.MustCompile(`\b(?:\p{Lu}[\pL'’]+ ){1,2}(?:Street|Road|Avenue|Close|Lane|Drive|Court|Crescent|Way|Walk|Place|Terrace|Gardens|Grove|Mews|Row|Rise|Square|House|Tower|Lodge|Buildings|Yard)\b`)
	numberShape   = regexp.MustCompile(`\+?[0-9][0-9 ()-]{5,}[0-9]`)
	titledShape   = regexp.MustCompile(`\b(?i:mr|mrs|ms|miss|mx|dr|cllr|councillor|rev|revd|prof|fr|sir|dame|imam)\.? (?:(?:\p{Lu}\.? ?)*\p{Lu}[\pL'’-]+)(?: \p{Lu}[\pL'’-]+)?`)
	signedShape   = regexp.MustCompile(`(?m)^(?:\p{Lu}[\pL'’.-]* ?){1,4}$`)
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
	text = numberShape.ReplaceAllString(text, hiddenNumber)
	return hideSignature(text)
}

// hideKnown hides names and addresses that are known, and the parts of names,
// as whole words; the longest first.
func hideKnown(text string, known []string) string {
	var parts []string
	for _, k := range known {
		parts = append(parts, strings.TrimSpace(k))
		for _, p := range strings.FieldsFunc(k, func(r rune) bool { return strings.ContainsRune(" ,.;()\"'", r) }) {
			if len(p) >= 3 && !isTitle(p) {
				parts = append(parts, p)
			}
		}
	}
	slices.SortFunc(parts, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	for _, p := range slices.Compact(parts) {
		if len(p) >= 3 {
			text = hideWord(text, p)
		}
	}
	return text
}

func isTitle(s string) bool {
	switch strings.ToLower(s) {
	case "mrs", "miss", "the", "and", "cllr", "councillor", "rev", "prof", "office", "for":
		return true
	}
	return false
}

// hideWord hides a name wherever it stands as a whole word with a capital.
func hideWord(text, name string) string {
	re, err := regexp.Compile(`(?i)(^|[^\pL\pN])` + regexp.QuoteMeta(name) + `($|[^\pL\pN])`)
	if err != nil {
		return text
	}
	// Twice, since neighbours share the character between them.
	for range 2 {
		text = re.ReplaceAllString(text, "${1}"+hiddenName+"${2}")
	}
	return text
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
		if trimmed != "" && (ends || signingShape.MatchString(before)) && signedShape.MatchString(trimmed) {
			lines[i] = hiddenName
		}
		if trimmed != "" {
			before = line + "\n"
		}
	}
	return strings.Join(lines, "\n")
}
