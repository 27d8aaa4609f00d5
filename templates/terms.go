package templates

import (
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"text/template"
	"time"
)

// loadTerms reads "key = words" lines; "#" begins a comment.
func loadTerms(files fs.FS, name string) (map[string]string, error) {
	content, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, fmt.Errorf("templates: read terms: %w", err)
	}
	terms := map[string]string{}
	n := 0
	for line := range strings.Lines(string(content)) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		key, words, ok := strings.Cut(line, "=")
		if !ok || strings.TrimSpace(words) == "" {
			return nil, fmt.Errorf("templates: %s:%d: want key = words", name, n)
		}
		terms[strings.TrimSpace(key)] = strings.TrimSpace(words)
	}
	for _, key := range []string{"weekdays", "months", "letter.page", "left_out.link", "left_out.address", "left_out.number", "left_out.word"} {
		if terms[key] == "" {
			return nil, fmt.Errorf("templates: %s: the key %s is missing", name, key)
		}
	}
	if len(strings.Fields(terms["weekdays"])) != 7 || len(strings.Fields(terms["months"])) != 12 {
		return nil, fmt.Errorf("templates: %s: want 7 weekdays from Sunday and 12 months", name)
	}
	return terms, nil
}

// loadMasks reads the words that are never said back, a line each; "*" at the
// end stands for any ending. Group 1 is the character before.
func loadMasks(files fs.FS, name string) (*regexp.Regexp, error) {
	content, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, fmt.Errorf("templates: read words to leave out: %w", err)
	}
	var all []string
	for line := range strings.Lines(string(content)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		stem, open := strings.CutSuffix(line, "*")
		expr := strings.ReplaceAll(regexp.QuoteMeta(stem), " ", `[\s\-]*`)
		if open {
			expr += `\p{L}*`
		}
		all = append(all, expr)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("templates: %s: no words", name)
	}
	masks, err := regexp.Compile(`(?i)(^|[^\p{L}])(?:` + strings.Join(all, "|") + `)\b`)
	if err != nil {
		return nil, fmt.Errorf("templates: %s: %w", name, err)
	}
	return masks, nil
}

// funcs are what the words may use.
func (s *Set) funcs() template.FuncMap {
	return template.FuncMap{
		"need":      need,
		"finding":   s.finding,
		"exclusion": s.exclusion,
		"day":       s.day,
		"topic":     s.topic,
		"topics":    s.topics,
		"place":     func(lines []string) string { return strings.Join(lines, ", ") },
		"ombudsman": func(r Reply) (Ombudsman, error) {
			o := r.Landlord.OmbudsmanOn(r.Today)
			if o.Name == "" || o.Phone == "" {
				return o, errors.New("the Ombudsman's details are missing")
			}
			return o, nil
		},
	}
}

// need stops a reply that lacks what it must say.
func need(what string, value any) (any, error) {
	if v := reflect.ValueOf(value); !v.IsValid() || v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0 {
		return nil, fmt.Errorf("the %s is missing", what)
	}
	return value, nil
}

// Day writes a date in full, or nothing for no date.
func (s *Set) Day(d Date) string {
	words, err := s.day("date", d)
	if err != nil {
		return ""
	}
	return words
}

// PageWords are the words at the foot of a letter's sheet, with {page} and
// {pages} where the numbers go.
func (s *Set) PageWords() string { return s.terms["letter.page"] }

// day writes a date in full: "Monday 30 November 2026".
func (s *Set) day(what string, d Date) (string, error) {
	if d.IsZero() {
		return "", fmt.Errorf("the %s is missing", what)
	}
	weekday := time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC).Weekday()
	return strings.Fields(s.terms["weekdays"])[weekday] + " " + strconv.Itoa(d.Day) + " " +
		strings.Fields(s.terms["months"])[d.Month-1] + " " + strconv.Itoa(d.Year), nil
}

// topic is the plain name of a topic, or empty for one that is not named to
// residents.
func (s *Set) topic(id string) string { return s.terms["topic."+id] }

// topics are the plain names of those that have one, as part of a sentence:
// "repairs, and heating and hot water".
func (s *Set) topics(ids []string) string {
	var named []string
	for _, id := range ids {
		if words := s.topic(id); words != "" && len(named) < 3 {
			named = append(named, words)
		}
	}
	return strings.Join(named, "; ")
}

// finding is an answer's decision in words; an unknown one has none.
func (s *Set) finding(id string) string { return s.terms["finding."+id] }

// exclusion is the sentence that says why a complaint is not accepted.
func (s *Set) exclusion(id string) string { return s.terms["exclusion."+id] }
