package templates

import (
	"fmt"
	"slices"
	"strings"
)

// Check writes every sample as email and as letter, and lists what is wrong
// with the words: what cannot be written, with its line, and what a reply
// must say and does not. A set without problems may be used.
func (s *Set) Check() []string {
	var problems []string
	for _, sample := range Samples() {
		for _, letter := range []bool{false, true} {
			sample.Reply.Letter = letter
			for _, p := range s.checkOne(sample) {
				if !slices.Contains(problems, p) {
					problems = append(problems, p)
				}
			}
		}
	}
	return problems
}

func (s *Set) checkOne(sample Sample) []string {
	file := Name(sample.Kind, sample.Form) + ".tmpl"
	shown, err := s.Render(sample.Kind, sample.Form, sample.Reply)
	if err != nil {
		return []string{err.Error()}
	}
	var problems []string
	for _, n := range s.musts(sample) {
		if !strings.Contains(shown.Text, n.words) {
			problems = append(problems, fmt.Sprintf("templates: %s: it does not say %s; %s", file, n.what, n.put))
		}
	}
	for _, private := range append([]string{sample.Reply.Name}, sample.Reply.Issues...) {
		if private != "" && strings.Contains(shown.Subject, private) {
			problems = append(problems, fmt.Sprintf("templates: %s: the subject line holds personal words; anybody may read it", file))
		}
	}
	return problems
}

// A must is what a reply has to say, as the sample says it.
type must struct{ what, words, put string }

// musts are what a reply of that kind has to say: Code 1.8 and 5.6 for what
// acknowledges, and what makes any reply of use.
func (s *Set) musts(sample Sample) []must {
	r := s.tidy(sample.Reply)
	o := r.Landlord.OmbudsmanOn(r.Today)
	reference := must{"the reference", r.Reference, `put {{.Reference}} into it`}
	answer := must{"the date of the answer", s.Day(r.AnswerBy), `put {{template "first lines" .}} into it`}
	phone := must{"the phone number", r.Landlord.Phone, `put {{template "phone" .}} into it`}
	urgent := must{"the number for emergencies", r.Landlord.OutOfHours, `put {{template "urgent" .}} and {{template "emergency" .}} into it`}
	name := must{"the landlord's name", r.Landlord.Name, `put {{template "sign off" .}} into it`}
	ombudsman := []must{
		{"the Ombudsman's name", o.Name, `put {{template "ombudsman" .}} into it`},
		{"the Ombudsman's phone number", o.Phone, `put {{template "ombudsman" .}} into it`},
	}
	residents := []must{reference, name}
	switch sample.Kind {
	case "acknowledgement":
		all := append(append(residents, answer, phone, urgent), ombudsman...)
		if sample.Form == "defined" {
			for _, words := range append(r.Issues, r.Outcomes...) {
				all = append(all, must{"the resident's own words", words, `put {{range .Issues}} and {{range .Outcomes}} into it`})
			}
		}
		return all
	case "service_request_notice":
		return append(residents, phone, urgent)
	case "extension":
		return append(append(residents, must{"the new date", s.Day(r.NewDate), `put {{day "new date" .NewDate}} into it`}), ombudsman...)
	case "answer", "not_accepted":
		return append(residents, ombudsman...)
	case "receipt", "clarification":
		return append(residents, phone)
	case "forward":
		return []must{reference}
	}
	return nil
}
