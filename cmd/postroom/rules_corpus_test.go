package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
)

// TestRulesCorpus has an officer decide, and reads the decision back as a
// corpus without the resident's name and address.
func TestRulesCorpus(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	config := filepath.Join(folder, "postroom.yaml")
	if err := os.WriteFile(config, []byte(`
landlord: {name: Citrine Homes, reference_prefix: CIT, phone: 01632 960100, out_of_hours: 01632 960999}
register: {path: `+filepath.Join(folder, "register.db")+`}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	rulePost(t, filepath.Join(folder, "register.db"))
	var stdout, stderr strings.Builder
	if code := runRules([]string{"corpus", "-config", config}, &stdout, &stderr); code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr.String())
	}
	examples, err := classify.ReadCorpus(strings.NewReader(stdout.String()))
	if err != nil || len(examples) != 1 {
		t.Fatalf("%d examples, %v; want the one that the officer decided\n%s", len(examples), err, stdout.String())
	}
	e := examples[0]
	if e.Label != classify.Complaint || !strings.Contains(e.Message.Text, "nobody came about the boiler") {
		t.Errorf("example %+v", e)
	}
	for _, told := range []string{"Ann", "Tremlett", "example.com", "07700", "Tansy", "LM3"} {
		if strings.Contains(stdout.String(), told) {
			t.Errorf("the corpus tells %q:\n%s", told, stdout.String())
		}
	}
}

// rulePost registers two messages, of which an officer decides one.
func rulePost(t *testing.T, path string) {
	t.Helper()
	c := registertest.Config(t, registertest.NewClock().Now)
	c.Driver, c.DSN = "sqlite", path
	r, err := register.Connect(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close() //nolint:errcheck // a test's own register
	for i, text := range []string{
		"Hello, Ann Tremlett here at 14 Tansy Court, LM3 4QT. I rang and nobody came about the boiler. My number is 07700 900123.\n\nAnn\nann.tremlett@example.com",
		"Please mend the tap.",
	} {
		got, err := r.Receive(t.Context(), []register.Arrival{registertest.Arrival(text, c.Now())})
		if err != nil {
			t.Fatal(err)
		}
		v := registertest.Verdict(classify.ServiceRequest)
		if i == 0 {
			v.Route = classify.Review
		}
		reading := registertest.Reading("1@x", "ann.tremlett@example.com", text)
		reading.From.Name = "Ann Tremlett"
		if _, err := r.Open(t.Context(), []register.Opening{{Message: got[0].ID, Reading: reading, Verdict: v}}); err != nil {
			t.Fatal(err)
		}
		m, err := r.GetMessage(t.Context(), got[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			continue
		}
		if _, err := r.Decide(t.Context(), register.Ruling{
			Message: m.ID, Version: m.Version, By: "officer:bo", Label: classify.Complaint, Definition: v.Definition, Reason: "nobody came",
		}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestWritersAreKeptTogether holds that a sender's messages, and a case's, have
// one group, which tells nobody.
func TestWritersAreKeptTogether(t *testing.T) {
	t.Parallel()
	w := writers{group: map[string]string{}}
	of := func(caseID, from string) string {
		m := register.RuledMessage{Message: register.Message{ID: caseID + from, Case: caseID, Reading: &register.Reading{}}}
		m.Reading.From.Address = from
		return w.of(m)
	}
	ann, bo := of("1", "ann@example.com"), of("2", "bo@example.com")
	for _, row := range []struct{ got, want string }{
		{of("3", "Ann@example.com"), ann}, {of("3", "mp@example.org"), ann}, {of("2", ""), bo},
	} {
		if row.got != row.want || ann == bo || strings.Contains(row.got, "@") {
			t.Errorf("group %q, want %q; of two people %q and %q", row.got, row.want, ann, bo)
		}
	}
	if of("4", "") == of("5", "") {
		t.Error("two people who are not known are taken for one")
	}
}
