package scan

import (
	"strings"
	"unicode"
)

// common are the commonest words of the languages that letters are read in.
// They tell text from rubbish, and one language from another.
func common() map[string]string {
	return map[string]string{
		"eng": " the and to of in is it that you was for on are with as have be this had not from but at we my your they will has been our she he an when there can me would up so if no one what which their out about who get them ",
		"cym": " y yr yn ac a i o ar am fod wedi mae ei eich ein hyn sydd nid oes ond rwy rwyf gan gyda bod ni fy chi chwi nad oedd ddim annwyl gywir yw neu heb pan cyn hwn hon pob ",
		"pol": " w i na z nie się że do jest to o od za dla po jak ale mi pan pani przez są tak oraz państwa proszę nr już lub był była tego moje sie ze przed ",
	}
}

// commonWords counts the common English words, by which two readings of one
// page are compared.
func commonWords(text string) int { return count(text)["eng"] }

func count(text string) map[string]int {
	lists, n := common(), map[string]int{}
	for w := range strings.FieldsFuncSeq(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' }) {
		for language, list := range lists {
			if strings.Contains(list, " "+w+" ") {
				n[language]++
			}
		}
	}
	return n
}

// tesseractLanguage is the language other than English that a text seems to
// be in, by the name that tesseract has for it; empty for English and for
// what is not known.
func tesseractLanguage(text string) string {
	n := count(text)
	best := "cym"
	if n["pol"] > n[best] {
		best = "pol"
	}
	if n[best] > 5 && n[best] > 2*n["eng"] {
		return best
	}
	return ""
}
