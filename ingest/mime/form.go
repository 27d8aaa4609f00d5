package mime

import (
	"regexp"
	"strings"
)

// A form is what the labels of a web form gave.
type form struct {
	values map[string]string // by kind of label: name, first, last, email, phone, address, postcode, message
	email  string
}

func (f form) isForm() bool {
	_, name := f.values["name"]
	_, last := f.values["last"]
	_, first := f.values["first"]
	return len(f.values) >= 3 && (name || last || first || f.email != "")
}

func (f form) fullName() string {
	if n := f.values["name"]; n != "" {
		return clean(n)
	}
	return clean(strings.TrimSpace(f.values["first"] + " " + f.values["last"]))
}

// formLabels sorts the labels that forms use.
var formLabels = []struct {
	kind  string
	words *regexp.Regexp
}{
	{"email", regexp.MustCompile(`^((your|contact|customer|resident|tenant|my) )?e-?mail( ?address)?( \(required\))?$`)},
	{"first", regexp.MustCompile(`^(your )?(first|given|fore)[ -]?names?(\(s\))?$|^forename\(s\)$`)},
	{"last", regexp.MustCompile(`^(your )?(last|family) ?name$|^(your )?surname$`)},
	{"name", regexp.MustCompile(`^((your|full|contact|customer|resident|tenant|complainant|sender)('s)? )*(full )?name$|^from$|^name of (complainant|tenant|resident)$`)},
	{"phone", regexp.MustCompile(`^((your|contact|daytime|mobile|home|customer) )*(tele)?(phone|mobile|tel|telephone)( (number|no\.?))?$|^contact number$`)},
	{"postcode", regexp.MustCompile(`^(your )?post ?code$`)},
	{"address", regexp.MustCompile(`^((your|home|property|full|postal) )*address( line 1)?$|^house (name|number).{0,20}$|^street( address)?$`)},
	{"reference", regexp.MustCompile(`^(form|reference|submission( id)?|submitted( (on|at|by))?|date submitted|tenancy (ref|reference|number)|form name|page url|ip address|remote ip)$`)},
	{"message", regexp.MustCompile(`^(your )?(message|comments?|details?|enquiry|complaint|description|problem|query|feedback)( details)?$|^(details|description) of .{2,60}$|^(please )?(tell|describe|give) .{2,80}$|^what (is|happened|has|would) .{0,80}$`)},
}

// readForm reads "Label: value" lines, and a label on a line of its own with
// its value below.
func readForm(text string) form {
	f := form{values: map[string]string{}}
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines) && i < 300; i++ {
		label, value, ok := cutLabel(lines[i])
		kind := labelKind(label)
		if kind == "" {
			continue
		}
		if value == "" {
			value = nextValue(lines, i)
		}
		if _, twice := f.values[kind]; twice || !ok && (value == "" || kind == "reference" || countWords(label) > 3) {
			continue
		}
		f.values[kind] = value
		if kind == "email" {
			f.email = findAddress(value)
		}
	}
	return f
}

// cutLabel splits a line; ok says that a colon or a table stood between.
func cutLabel(line string) (label, value string, ok bool) {
	line = strings.Trim(line, " *_|•-\t")
	i := strings.IndexAny(line, ":\t")
	if i < 0 {
		return line, "", false
	}
	return line[:i], strings.Trim(line[i+1:], " *_|:\t"), true
}

func labelKind(label string) string {
	label = strings.ToLower(strings.Trim(label, " *_?.:"))
	if label == "" || len(label) > 90 {
		return ""
	}
	for _, l := range formLabels {
		if l.words.MatchString(label) {
			return l.kind
		}
	}
	return ""
}

// nextValue gives the next line that is not blank, when it is no label itself.
func nextValue(lines []string, i int) string {
	for j := i + 1; j < len(lines) && j <= i+2; j++ {
		if v := strings.Trim(lines[j], " *_|\t"); v != "" {
			if label, _, ok := cutLabel(v); ok && labelKind(label) != "" {
				return ""
			}
			return v
		}
	}
	return ""
}
