package templates

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestMissingIsAnError(t *testing.T) {
	t.Parallel()
	s := newSet(t)
	for _, row := range []struct {
		name, kind, form, want string
		change                 func(*Reply)
	}{
		{"no reference", "acknowledgement", "defined", "reference is missing", func(r *Reply) { r.Reference = "" }},
		{"a reference of spaces", "acknowledgement", "holding", "reference is missing", func(r *Reply) { r.Reference = " \n" }},
		{"no answer date", "acknowledgement", "holding", "date of the answer is missing", func(r *Reply) { r.AnswerBy = Date{} }},
		{"no day of receipt", "acknowledgement", "unquoted", "day of receipt is missing", func(r *Reply) { r.Received = Date{} }},
		{"no phone", "receipt", "enquiry", "phone number is missing", func(r *Reply) { r.Landlord.Phone = "" }},
		{"no out-of-hours number", "service_request_notice", "", "out-of-hours number is missing", func(r *Reply) { r.Landlord.OutOfHours = "" }},
		{"no Ombudsman", "acknowledgement", "unquoted", "Ombudsman's details are missing", func(r *Reply) { r.Landlord.Ombudsman = nil }},
		{"an Ombudsman of tomorrow", "acknowledgement", "unquoted", "Ombudsman's details are missing", func(r *Reply) { r.Landlord.Ombudsman[0].From = Date{2026, 11, 25} }},
		{"no definition", "acknowledgement", "defined", "definition is missing", func(r *Reply) { r.Issues = nil }},
		{"a definition of a link", "acknowledgement", "defined", "definition is missing", func(r *Reply) { r.Issues = []string{"http://evil.example/x"} }},
		{"no name of the landlord", "receipt", "follow_up", "landlord's name is missing", func(r *Reply) { r.Landlord.Name = "" }},
		{"no reason for an alert", "alert", "", "reason is missing", func(r *Reply) { r.What = "" }},
		{"an unknown kind", "poem", "", "there are no words", func(*Reply) {}},
		{"an unknown form", "acknowledgement", "sung", "there are no words", func(*Reply) {}},
		{"shared words are no reply", "shared", "", "subject", func(*Reply) {}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			r := sample()
			row.change(&r)
			if got, err := s.Render(row.kind, row.form, r); err == nil || !strings.Contains(err.Error(), row.want) && row.want != "subject" {
				t.Errorf("got %q, error %v; want an error with %q", got.Subject, err, row.want)
			}
		})
	}
}

func TestOmbudsmanByDate(t *testing.T) {
	t.Parallel()
	l := Landlord{Ombudsman: []Ombudsman{
		{Name: "old", From: Date{2020, 1, 1}}, {Name: "new", From: Date{2026, 12, 1}}, {Name: "first"},
	}}
	for day, want := range map[Date]string{{2019, 12, 31}: "first", {2020, 1, 1}: "old", {2026, 11, 30}: "old", {2026, 12, 1}: "new", {2027, 1, 1}: "new"} {
		if got := l.OmbudsmanOn(day).Name; got != want {
			t.Errorf("on %v: %q, want %q", day, got, want)
		}
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	r := sample()
	if got := r.Landlord.Problems(r.Today); len(got) != 0 {
		t.Errorf("a whole landlord has problems: %q", got)
	}
	if got := (Landlord{}).Problems(r.Today); len(got) != 4 {
		t.Errorf("an empty landlord has the problems %q", got)
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	whole := func() fstest.MapFS {
		m := fstest.MapFS{}
		entries, _ := embedded.ReadDir(English)
		for _, e := range entries {
			content, _ := embedded.ReadFile("en/" + e.Name())
			m["en/"+e.Name()] = &fstest.MapFile{Data: content}
		}
		return m
	}
	if _, err := Load(whole(), English); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name, file, content, want string
	}{
		{"a reply is missing", "en/forward.tmpl", "", "forward are missing"},
		{"broken words", "en/forward.tmpl", "{{if}}", "forward.tmpl:1"},
		{"an unknown function", "en/forward.tmpl", "{{shout .Name}}", "forward.tmpl:1"},
		{"a broken term", "en/terms.txt", "weekdays", "terms.txt:1"},
		{"a term is missing", "en/terms.txt", "weekdays = a b c d e f g", "missing"},
		{"no words to leave out", "en/left-out.txt", "# none", "no words"},
		{"no terms", "en/terms.txt", "", "read terms"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			m := whole()
			if row.content == "" {
				delete(m, row.file)
			} else {
				m[row.file] = &fstest.MapFile{Data: []byte(row.content)}
			}
			if _, err := Load(m, English); err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("error %v, want one with %q", err, row.want)
			}
		})
	}
	m := whole()
	m["en/forward.tmpl"] = &fstest.MapFile{Data: []byte("Subject: x\n{{.Nonsense}}")}
	s, err := Load(m, English)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Render("forward", "", sample()); err == nil {
		t.Error("an unknown field is no error")
	}
}
