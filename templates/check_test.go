package templates

import (
	"strings"
	"testing"
	"testing/fstest"
)

func folder(language string, files ...string) fstest.MapFS {
	m := fstest.MapFS{}
	for i := 0; i < len(files); i += 2 {
		m[language+"/"+files[i]] = &fstest.MapFile{Data: []byte(files[i+1])}
	}
	return m
}

func TestBuiltInWordsAreWhole(t *testing.T) {
	t.Parallel()
	if got := newSet(t).Check(); len(got) > 0 {
		t.Errorf("problems: %q", got)
	}
}

func TestLandlordsWords(t *testing.T) {
	t.Parallel()
	s, err := LoadFolder(folder("en", "receipt_enquiry.tmpl", "Subject: Hello {{.Reference}}\n@ Your reference | {{.Reference}}\n{{template \"phone\" .}}\nWe got it.\n{{template \"sign off\" .}}"), "en")
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Check(); len(got) > 0 {
		t.Errorf("problems: %q", got)
	}
	shown, err := s.Render("receipt", "enquiry", sample())
	if err != nil || !strings.Contains(shown.Text, "We got it.") {
		t.Errorf("%q, error %v", shown.Text, err)
	}
	if shown, err = s.Render("acknowledgement", "holding", sample()); err != nil || !strings.Contains(shown.Text, "Free help") && !strings.Contains(shown.Text, "FREE HELP") {
		t.Errorf("the built-in words are gone: %q, error %v", shown.Text, err)
	}
	if s, err = LoadFolder(folder("en", "terms.txt", strings.ReplaceAll(mustRead(t, "en/terms.txt"), "Monday", "Moonday")), "en"); err != nil || s.Day(Date{2026, 11, 23}) != "Moonday 23 November 2026" {
		t.Errorf("%q, error %v", s.Day(Date{2026, 11, 23}), err)
	}
}

func mustRead(t *testing.T, name string) string {
	t.Helper()
	content, err := embedded.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestLandlordsWordsAreRefused(t *testing.T) {
	t.Parallel()
	holding := mustRead(t, "en/acknowledgement_holding.tmpl")
	for _, row := range []struct{ name, file, words, want string }{
		{"unknown field", "forward.tmpl", "Subject: x {{.Reference}}\n{{.Nummber}}", "forward.tmpl:2"},
		{"unknown field in a branch", "answer.tmpl", "Subject: x\n{{if eq .Stage 2}}{{.Nonsense}}{{end}}", "answer.tmpl:2"},
		{"a field that has no value", "receipt_follow_up.tmpl", "Subject: x\n{{day \"new date\" .NewDate}}", "new date is missing"},
		{"no reference", "forward.tmpl", "Subject: x\nHello", "forward.tmpl: it does not say the reference"},
		{"no Ombudsman", "acknowledgement_holding.tmpl", strings.Replace(holding, `{{template "ombudsman" .}}`, "", 1), "acknowledgement_holding.tmpl: it does not say the Ombudsman's name"},
		{"no answer date", "acknowledgement_unquoted.tmpl", "Subject: x {{.Reference}}\n@ R | {{.Reference}}", "the date of the answer"},
		{"personal words in the subject", "receipt_enquiry.tmpl", "Subject: {{.Name}} {{.Reference}}\n{{.Reference}}", "subject line holds personal words"},
		{"broken", "forward.tmpl", "Subject: x\n\n{{end}}", "forward.tmpl:3"},
		{"a misspelt file", "acknowledgment_holding.tmpl", "x", "is not the name of a reply"},
		{"a stray file", "notes.doc", "x", "is not the name of a reply"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s, err := LoadFolder(folder("en", row.file, row.words), "en")
			var got string
			if err != nil {
				got = err.Error()
			} else {
				got = strings.Join(s.Check(), "\n")
			}
			if !strings.Contains(got, row.want) {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
	if _, err := LoadFolder(folder("cy", "terms.txt", mustRead(t, "en/terms.txt")), "cy"); err == nil {
		t.Error("a language of one file is no error")
	}
}

// Another language is another folder and no code.
func TestAnotherLanguage(t *testing.T) {
	t.Parallel()
	m := fstest.MapFS{}
	entries, err := embedded.ReadDir(English)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		words := strings.ReplaceAll(mustRead(t, "en/"+e.Name()), "November", "Tachwedd")
		m["cy/"+e.Name()] = &fstest.MapFile{Data: []byte(words)}
	}
	s, err := LoadFolder(m, "cy")
	if err != nil {
		t.Fatal(err)
	}
	if shown, err := s.Render("alert", "", Samples()[len(Samples())-1].Reply); err == nil && !strings.Contains(shown.HTML, `<html lang="cy">`) {
		t.Error("the page does not say its language")
	}
	if got := s.Check(); len(got) > 0 || s.Day(Date{2026, 11, 23}) != "Monday 23 Tachwedd 2026" {
		t.Errorf("%q, problems %q", s.Day(Date{2026, 11, 23}), got)
	}
}
