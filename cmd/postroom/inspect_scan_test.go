package main

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"postroom/ingest/scan"
)

const sampleScans = "../../ingest/scan/testdata/"

// inspectJSON runs inspect -json and gives its lines and exit code.
func inspectJSON(t *testing.T, args ...string) ([]inspected, int) {
	t.Helper()
	var out, errs bytes.Buffer
	code := runInspect(append([]string{"-json"}, args...), &out, &errs)
	var lines []inspected
	for line := range strings.Lines(out.String()) {
		var l inspected
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		lines = append(lines, l)
	}
	return lines, code
}

// TestInspectScans: a line for each letter, files that cannot be read among
// them, and who wrote.
func TestInspectScans(t *testing.T) {
	t.Parallel()
	if missing := scan.NewReader(scan.Config{}).Missing(); len(missing) > 0 {
		t.Skipf("integration: not installed: %s", strings.Join(missing, ", "))
	}
	lines, code := inspectJSON(t, sampleScans+"scans/17-born-digital.pdf", sampleScans+"bad/truncated.pdf", sampleScans+"bad/text-named.pdf")
	if code != 1 || len(lines) != 3 {
		t.Fatalf("exit %d, %d lines", code, len(lines))
	}
	l := lines[0]
	if l.Channel != "letter" || l.Part != 1 || l.Parts != 1 || l.Error != "" || l.Verdict.Label != "complaint" || l.State != "review" {
		t.Errorf("%+v", l)
	}
	m := l.Message
	if m.From.Name != "Dilwyn Harcastle MP" || strings.Join(m.PostalAddress, ", ") != "Constituency Office, 2a Corn Exchange, Larkmere, LM1 2BB" || m.Pages != 1 || m.OCRConfidence != 1 || m.Language != "en" {
		t.Errorf("%+v", m)
	}
	for _, e := range l.Verdict.Evidence {
		if e.End > e.Start && m.NewText[e.Start:e.End] != e.Quote {
			t.Errorf("evidence %q is not at its place", e.Quote)
		}
	}
	if lines[1].Error == "" || !strings.Contains(lines[1].Error, "damaged") || lines[2].Error != "" {
		t.Errorf("errors %q, %q", lines[1].Error, lines[2].Error)
	}
}

// TestInspectBatch: three letters between two separator sheets, and a stamp.
func TestInspectBatch(t *testing.T) {
	t.Parallel()
	if missing := scan.NewReader(scan.Config{}).Missing(); len(missing) > 0 {
		t.Skipf("integration: not installed: %s", strings.Join(missing, ", "))
	}
	lines, code := inspectJSON(t, sampleScans+"scans/18-batch-separator-sheets.pdf")
	var names []string
	for i, l := range lines {
		if l.Part != i+1 || l.Parts != 3 || l.Message.Pages != 1 {
			t.Errorf("part %d of %d, %d pages", l.Part, l.Parts, l.Message.Pages)
		}
		names = append(names, l.Message.From.Name)
	}
	if code != 0 || len(names) != 3 || names[0] != "Kwabena Astley" || names[2] != "A. Tweddle" {
		t.Errorf("exit %d: %q", code, names)
	}
	if lines[1].State != "review" || len(lines[1].Message.Paper.Doubts) == 0 {
		t.Errorf("handwriting is trusted: %+v", lines[1].Message.Paper)
	}
}

// TestInspectTypedLetter reads who wrote from the text alone.
func TestInspectTypedLetter(t *testing.T) {
	t.Parallel()
	file := t.TempDir() + "/letter.txt"
	if err := os.WriteFile(file, []byte("7 Linnet Close\nLarkmere LM7 3FP\n\n17 May 2026\n\nDear Sir,\n\nThe tap drips. Please mend it.\n\nYours faithfully\n\nOctavia Brightmore\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	lines, code := inspectJSON(t, "-received", "2026-05-20", file)
	if code != 0 || len(lines) != 1 {
		t.Fatalf("exit %d, %d lines", code, len(lines))
	}
	m := lines[0].Message
	if m.From.Name != "Octavia Brightmore" || len(m.PostalAddress) != 3 || m.Date != "2026-05-17" || m.ReceivedFrom != "given" || lines[0].Channel != "letter" {
		t.Errorf("%+v", m)
	}
}
