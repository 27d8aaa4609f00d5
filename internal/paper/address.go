package paper

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Limits of an address, as GOV.UK Notify has them.
const (
	minLines = 3
	maxLines = 7
)

var (
	postcodeForm  = regexp.MustCompile(`^([A-Z]{1,2})([0-9][0-9A-Z]?)([0-9][ABD-HJLNP-UW-Z]{2})$`)
	postcodeAtEnd = regexp.MustCompile(`(?i)^(.*\S)[\s,]+([A-Z]{1,2}[0-9][0-9A-Z]?\s*[0-9][A-Z]{2})$`)
	bfpoForm      = regexp.MustCompile(`(?i)^bfpo\s*(?:c/o)?\s*([0-9]{1,4})?$`)
	homeless      = regexp.MustCompile(`(?i)^nfa$|no fixed (abode|address)`)
)

// Address makes a postal address ready for an envelope by the rules of GOV.UK
// Notify's published letter specification: three to seven lines, nothing but
// the postcode in the last one, no country. The first line is the name. The
// error is an *AddressError.
func Address(lines []string) ([]string, error) {
	all := tidyLines(lines)
	if len(all) < minLines {
		all = splitAtCommas(all)
	}
	all, bfpo := withoutBFPO(withoutCountry(all))
	all, foreign := ownPostcode(all)
	if bfpo != "" {
		all = append(all, bfpo)
	}
	all = shorten(all)
	if why := implausible(all, foreign && bfpo == ""); why != "" {
		return nil, &AddressError{why}
	}
	return all, nil
}

// implausible says what is wrong with an address whose lines are tidy.
func implausible(all []string, foreign bool) string {
	switch {
	case len(all) == 0:
		return "there is none"
	case slices.ContainsFunc(all, homeless.MatchString):
		return "it says that there is no fixed address"
	case foreign:
		return "its last line is not a UK postcode"
	case len(all) < minLines:
		return fmt.Sprintf("it has %d lines; a name, a street and a postcode are needed", len(all))
	case len(all) > maxLines:
		return fmt.Sprintf("it has %d lines, and an envelope's window shows %d", len(all), maxLines)
	}
	for i, line := range all {
		if i < 2 && strings.IndexFunc(line, alphanumeric) < 0 {
			return fmt.Sprintf("line %d has neither letter nor digit", i+1)
		}
		if strings.ContainsAny(line[:1], `@()=[]"\/,<>~`) {
			return fmt.Sprintf("line %d begins with %q", i+1, line[:1])
		}
	}
	return ""
}

func alphanumeric(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// tidyLines makes each line one clean line without commas at its end, and
// drops what is empty. Line breaks within a value begin lines of their own.
func tidyLines(lines []string) []string {
	var all []string
	for line := range strings.SplitSeq(strings.ReplaceAll(strings.Join(lines, "\n"), "\r", "\n"), "\n") {
		if line = ended(strings.NewReplacer(" ,", ",", " .", ".").Replace(clean(line))); line != "" {
			all = append(all, line)
		}
	}
	return all
}

// ended takes away what ends a line in running text.
func ended(line string) string { return strings.TrimRight(line, " \u00a0,;.") }

// splitAtCommas takes apart an address that was written in one line.
func splitAtCommas(lines []string) []string {
	var all []string
	for _, line := range lines {
		for part := range strings.SplitSeq(line, ",") {
			if part = ended(strings.TrimSpace(part)); part != "" {
				all = append(all, part)
			}
		}
	}
	return all
}

// withoutCountry drops the names of our own country at the end: they make
// sorting machines think of abroad.
func withoutCountry(all []string) []string {
	for len(all) > 0 {
		switch strings.ToLower(strings.ReplaceAll(all[len(all)-1], ".", "")) {
		case "uk", "gb", "united kingdom", "great britain", "england", "scotland", "wales", "cymru", "northern ireland":
			all = all[:len(all)-1]
		default:
			return all
		}
	}
	return all
}

// withoutBFPO takes out the number of a British Forces post office, which
// stands in the last line.
func withoutBFPO(all []string) (rest []string, bfpo string) {
	for _, line := range all {
		if m := bfpoForm.FindStringSubmatch(line); m != nil {
			if m[1] != "" {
				bfpo = "BFPO " + m[1]
			}
			continue
		}
		rest = append(rest, line)
	}
	if bfpo == "" {
		return all, ""
	}
	return rest, bfpo
}

// ownPostcode gives the postcode a line of its own, written as sorting
// machines read it. foreign says that there is none.
func ownPostcode(all []string) (lines []string, foreign bool) {
	if len(all) == 0 {
		return nil, true
	}
	last := all[len(all)-1]
	if code := postcode(last); code != "" {
		return append(all[:len(all)-1:len(all)-1], code), false
	}
	if m := postcodeAtEnd.FindStringSubmatch(last); m != nil {
		if code := postcode(m[2]); code != "" {
			return append(all[:len(all)-1:len(all)-1], ended(m[1]), code), false
		}
	}
	return all, true
}

// postcode writes a postcode as outward code, space, inward code, or gives
// nothing when it cannot be one.
func postcode(s string) string {
	m := postcodeForm.FindStringSubmatch(strings.ToUpper(strings.Join(strings.Fields(s), "")))
	if m == nil || !slices.Contains(areas(), m[1]) {
		return ""
	}
	return m[1] + m[2] + " " + m[3]
}

// shorten joins short neighbours of an address with too many lines, from the
// line before the town upwards; the name and the postcode stay alone.
func shorten(all []string) []string {
	for i := len(all) - 3; len(all) > maxLines && len(all) <= 2*maxLines && i >= 2; i-- {
		if joined := all[i-1] + ", " + all[i]; len(joined) <= 38 {
			all = slices.Concat(all[:i-1], []string{joined}, all[i+1:])
		}
	}
	return all
}

// areas are the postcode areas of the United Kingdom, the Channel Islands and
// the Isle of Man.
func areas() []string {
	return strings.Fields(`AB AL B BA BB BD BF BH BL BN BR BS BT BX CA CB CF CH CM CO CR CT CV CW
		DA DD DE DG DH DL DN DT DY E EC EH EN EX FK FY G GL GU GY HA HD HG HP HR HS HU HX
		IG IM IP IV JE KA KT KW KY L LA LD LE LL LN LS LU M ME MK ML N NE NG NN NP NR NW
		OL OX PA PE PH PL PO PR RG RH RM S SA SE SG SK SL SM SN SO SP SR SS ST SW SY
		TA TD TF TN TQ TR TS TW UB W WA WC WD WF WN WR WS WV YO ZE`)
}
