package ingest_test

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"postroom/classify"
	"postroom/ingest"
	"postroom/ingest/scan"
	"postroom/internal/register"
)

// scanPages gives a sample scan as it was read when its golden was written.
func scanPages(t *testing.T, name string) scan.Document {
	t.Helper()
	raw, err := os.ReadFile("scan/testdata/pages/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var d scan.Document
	if err := json.Unmarshal(raw, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

type scanTruth struct {
	Letters []struct {
		Text   string                           `json:"text"`
		Labels struct{ Primary classify.Label } `json:"labels"`
	} `json:"letters"`
}

// TestLettersJudged: a letter gets by its scan the label that it gets by its
// true text, or a person decides; and no complaint is filed as less.
func TestLettersJudged(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("scan/testdata/scans/truth.json")
	if err != nil {
		t.Fatal(err)
	}
	var truth map[string]scanTruth
	if err := json.Unmarshal(raw, &truth); err != nil {
		t.Fatal(err)
	}
	rules := classify.Default()
	right, all := 0, 0
	for _, name := range slices.Sorted(maps.Keys(truth)) {
		readings := ingest.ReadScan(scanPages(t, name), scan.Splitting{}, []string{"CIT"})
		if len(readings) != len(truth[name].Letters) {
			t.Fatalf("%s: %d letters", name, len(readings))
		}
		for i, rd := range readings {
			want := truth[name].Letters[i].Labels.Primary
			v := ingest.Judge(rules, register.Letter, rd, nil, classify.Context{})
			typed := ingest.Judge(rules, register.Letter, ingest.TypeLetter(truth[name].Letters[i].Text, nil), nil, classify.Context{})
			all++
			if v.Label == want {
				right++
			}
			t.Logf("%-40s %-16s %.2f %-6s true %-16s typed in %s", name, v.Label, v.Confidence, v.Route, want, typed.Label)
			if v.Route == classify.Auto && v.Label != want {
				t.Errorf("%s: %s by the rules alone, it is %s", name, v.Label, want)
			}
			plan := (register.Policy{Acknowledge: register.Automatic}).Plan(register.Facts{Verdict: v, Reading: rd, Channel: register.Letter, Problem: ingest.LetterProblem(rd)})
			if (rd.Paper.AddressDoubt != "" || len(rd.Paper.Doubts) > 0) && plan.State != register.InReview {
				t.Errorf("%s: doubtful, and %s", name, plan.State)
			}
		}
	}
	t.Logf("%d of %d labels are right", right, all)
	if right < all-6 {
		t.Errorf("%d of %d labels are right", right, all)
	}
}

// TestLetterReceived: paper says when it arrived, within reason.
// TestTheLandlordsOwnAddress is no writer's, until a person says so.
func TestTheLandlordsOwnAddress(t *testing.T) {
	t.Parallel()
	ours := []string{"Quay House", "1 Orchard Quay", "Anytown AN1 1AA"}
	for _, row := range []struct {
		address []string
		typed   string
		doubted bool
	}{
		{[]string{"1 Orchard Quay", "Anytown", "AN1 1AA"}, "", true},
		{[]string{"1 Orchard Quay", "Anytown", "an11aa"}, "", true},
		{[]string{"12 Quay Street", "Anytown", "AN1 1AB"}, "", false},
		{[]string{"1 Orchard Quay", "Anytown", "AN1 1AA"}, "Dev", false},
		{nil, "", false},
	} {
		rd := register.Reading{PostalAddress: row.address, Paper: &register.Paper{Typed: row.typed}}
		ingest.DoubtOurs(&rd, ours)
		if got := ingest.LetterProblem(rd) != ""; got != row.doubted {
			t.Errorf("%v typed by %q: %q", row.address, row.typed, rd.Paper.AddressDoubt)
		}
	}
}

func TestLetterReceived(t *testing.T) {
	t.Parallel()
	scanned := time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
	for _, row := range []struct {
		name  string
		paper *register.Paper
		want  string
	}{
		{"nothing", &register.Paper{}, ""},
		{"not paper", nil, ""},
		{"a stamp", &register.Paper{Stamped: "2026-11-24"}, "2026-11-24"},
		{"the sheet is believed before the stamp", &register.Paper{Stamped: "2026-11-24", Sheet: "2026-11-25"}, "2026-11-25"},
		{"the same day", &register.Paper{Stamped: "2026-11-26"}, "2026-11-26"},
		{"the future", &register.Paper{Stamped: "2026-11-27"}, ""},
		{"long ago", &register.Paper{Stamped: "2021-11-27"}, ""},
		{"no date", &register.Paper{Stamped: "soon"}, ""},
	} {
		at, ok := ingest.LetterReceived(row.paper, scanned)
		if got := at.Format(time.DateOnly); ok != (row.want != "") || ok && got != row.want {
			t.Errorf("%s: %s %v, want %q", row.name, got, ok, row.want)
		}
	}
}

// TestTypedLetter: what a person typed is in no doubt, and says who wrote.
func TestTypedLetter(t *testing.T) {
	t.Parallel()
	rd := ingest.TypeLetter("12a Ferryman's Close\nLarkmere LM7 5GA\n\n26 September 2026\n\nDear Sir\n\nThe ramp is broken, see CIT26-7KR4-M9X9.\n\nYours faithfully\n\nI. Lovelace-Boon\n", []string{"CIT"})
	if rd.From.Name != "I. Lovelace-Boon" || strings.Join(rd.PostalAddress, "|") != "12a Ferryman's Close|Larkmere|LM7 5GA" || rd.Date != "2026-09-26" {
		t.Errorf("%+v", rd)
	}
	if !slices.Equal(rd.ReferencesFound, []string{"CIT26-7KR4-M9X9"}) || ingest.LetterProblem(rd) != "" || rd.Pages != 0 {
		t.Errorf("%+v; %s", rd, ingest.LetterProblem(rd))
	}
}
