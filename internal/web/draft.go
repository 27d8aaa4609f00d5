package web

import (
	"fmt"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"postroom/classify"
	"postroom/internal/paper"
	"postroom/internal/register"
)

// A draft is a decision as it stands in the form, before it is one.
type draft struct {
	Version          int64
	Label            classify.Label
	Reason           string
	Issues, Outcomes string // one a line
	To               string // "writer", "complainant" or "other"
	ToName, ToEmail  string
	Join             string // "", a case's id, "other", or ownCase
	JoinReference    string
	Quote            bool
	Postal           string // for a letter: name and address, one line each
	PostalOK         bool   // the officer has compared them
	Marked           bool   // the form has the marks below
	Topics, Flags    []string
	Hazard           string
	Also, AlsoIssues string // a second case, and what it is about, one a line
	Questions        string // to the resident, one a line
}

// ownCase is the choice of a case of its own for a message that joined one.
const ownCase = "apart"

func readDraft(form url.Values) draft {
	plain := func(name string) string { return strings.TrimSpace(strings.ReplaceAll(form.Get(name), "\r\n", "\n")) }
	return draft{
		Version: version(form), Label: classify.Label(form.Get("label")), Reason: plain("reason"), Issues: plain("issues"), Outcomes: plain("outcomes"),
		To: form.Get("to"), ToName: plain("to_name"), ToEmail: plain("to_email"), Join: form.Get("join"), JoinReference: plain("join_reference"),
		Quote: form.Get("quote") != "", Postal: plain("postal"), PostalOK: form.Get("postal_ok") != "",
		Marked: form.Get("marked") != "", Topics: few(form["topic"]), Flags: few(form["flag"]), Hazard: form.Get("hazard"),
		Also: form.Get("also"), AlsoIssues: plain("also_issues"), Questions: plain("questions"),
	}
}

// firstDraft is what the form says before anybody has touched it: what the
// rules think. Who is answered stays open where the writer may not be the
// person concerned.
func firstDraft(m register.Message) draft {
	f := draft{Version: m.Version, To: "writer", Quote: true, Marked: true}
	if m.Verdict != nil {
		f.Label, f.Topics, f.Hazard = m.Verdict.Label, m.Verdict.Topics, string(m.Verdict.HazardLevel)
		for _, flag := range m.Verdict.Flags {
			f.Flags = append(f.Flags, string(flag))
		}
		f.Issues, f.Outcomes = strings.Join(m.Verdict.Definition.Issues, "\n"), strings.Join(m.Verdict.Definition.Outcomes, "\n")
	}
	if m.Reading != nil {
		f.Quote = m.Reading.MayQuote()
		if m.Reading.Complainant.Address != "" {
			f.To = ""
		}
	}
	if !answerable(m) {
		f.To = "other"
	}
	if m.Reading != nil && (m.Channel == register.Letter || len(m.Reading.PostalAddress) > 0) {
		f.Postal = strings.TrimSpace(strings.Join(append([]string{m.Reading.From.Name}, m.Reading.PostalAddress...), "\n"))
	}
	return f
}

// A mistake is something in a form that has to be put right, by field.
type mistake struct{ Field, Text string }

// Bounds of what an officer may type.
const (
	mostReason = 2000
	mostLines  = 20
	mostLine   = 1000
)

// ruling turns a draft into a decision, or says what is wrong with it.
func (f draft) ruling(m register.Message, who register.Account) (register.Ruling, []mistake) {
	var wrong []mistake
	must := func(ok bool, field, format string, args ...any) {
		if !ok {
			wrong = append(wrong, mistake{field, fmt.Sprintf(format, args...)})
		}
	}
	must(slices.Contains(classify.Labels(), f.Label), "label", "Choose what it is")
	must(within(f.Reason, mostReason), "reason", "Say it in at most %d characters", mostReason)
	if m.Verdict != nil && m.Verdict.Label != "" && m.Verdict.Label != f.Label {
		must(f.Reason != "", "reason", "Say why you change “%s” to “%s”", small(labelName(m.Verdict.Label)), small(labelName(f.Label)))
	}
	issues, outcomes := lines(f.Issues), lines(f.Outcomes)
	must(fits(issues), "issues", "Write at most %d lines of %d characters", mostLines, mostLine)
	must(fits(outcomes), "outcomes", "Write at most %d lines of %d characters", mostLines, mostLine)
	also, questions := lines(f.AlsoIssues), lines(f.Questions)
	must(fits(also), "also", "Write at most %d lines of %d characters", mostLines, mostLine)
	must(fits(questions), "questions", "Ask at most %d questions of %d characters", mostLines, mostLine)
	must(slices.Contains([]string{"", string(register.ComplaintCase), string(register.ServiceRequestCase), string(register.EnquiryCase)}, f.Also), "also", "Choose what the second case is")
	must(f.Label != classify.NotActionable || f.Also == "" && len(questions) == 0, "label", "“Not for us” opens no second case and asks nothing")
	to, why := f.correspondent(m)
	must(why == "" || f.Label == classify.NotActionable, "to", "%s", why)
	ruling := register.Ruling{
		Message: m.ID, Version: f.Version, By: who.Name, Label: f.Label, Definition: classify.Definition{Issues: issues, Outcomes: outcomes},
		Correspondent: to, Reason: f.Reason, Words: f.Quote, Apart: f.Join == ownCase,
		Also: register.CaseKind(f.Also), AlsoIssues: also, Questions: questions, ByLetter: f.To == "post",
	}
	if f.Marked {
		ruling.Marks = &register.Marks{Topics: f.Topics, HazardLevel: classify.HazardLevel(f.Hazard)}
		for _, flag := range f.Flags {
			ruling.Marks.Flags = append(ruling.Marks.Flags, classify.Flag(flag))
		}
	}
	must(f.To != "post" || f.PostalOK || f.Label == classify.NotActionable, "to", "Say that you have compared the name and address")
	if f.PostalOK && (onPaper(m) || f.To == "post") {
		_, err := paper.Address(lines(f.Postal))
		must(err == nil, "to", "%v", err)
		if all := lines(f.Postal); err == nil {
			ruling.Correspondent.Name, ruling.Postal = all[0], all[1:]
		}
	}
	return ruling, wrong
}

// onPaper reports whether the writer is answered by letter alone: they wrote
// one, or said where they live and gave no email address.
func onPaper(m register.Message) bool {
	return m.Channel == register.Letter || m.Reading != nil && m.Reading.Told != nil && m.Reading.From.Address == "" && len(m.Reading.PostalAddress) > 0
}

// answerable reports whether a reply can go to the writer: a letter is
// answered by letter, and what is wrong with its address is said there.
func answerable(m register.Message) bool {
	return onPaper(m) || m.Reading != nil && m.Reading.ReplyAddress().Address != ""
}

// correspondent is who was chosen to get the reply; zero for the writer.
func (f draft) correspondent(m register.Message) (to register.Address, wrong string) {
	switch f.To {
	case "writer":
		if !answerable(m) {
			return to, "The writer's address could not be read: give another one"
		}
		return to, ""
	case "complainant":
		if m.Reading != nil && m.Reading.Complainant.Address != "" {
			return m.Reading.Complainant, ""
		}
	case "post":
		return to, ""
	case "other":
		parsed, err := mail.ParseAddress(f.ToEmail)
		if err != nil || parsed.Name != "" || parsed.Address != f.ToEmail {
			return to, "Give an email address such as name@example.com"
		}
		return register.Address{Name: oneLine(f.ToName), Address: f.ToEmail}, ""
	}
	return to, "Choose who gets the reply"
}

// few bounds a list of choices.
func few(all []string) []string { return all[:min(len(all), 40)] }

func lines(s string) []string {
	var out []string
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

func fits(all []string) bool {
	return len(all) <= mostLines && !slices.ContainsFunc(all, func(line string) bool { return !within(line, mostLine) })
}

// within counts characters: many letters have several bytes.
func within(s string, most int) bool { return utf8.RuneCountInString(s) <= most }

func oneLine(s string) string { return cut(strings.Join(strings.Fields(s), " "), 200) }
