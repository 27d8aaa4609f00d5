package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"postroom/ingest/scan"
)

// TestSeparators: what is printed is read again as what it says.
func TestSeparators(t *testing.T) {
	t.Parallel()
	letters := scan.NewReader(scan.Config{Temp: t.TempDir(), Limits: scan.Limits{PageTime: 10 * time.Minute}})
	if missing := letters.Missing(); len(missing) > 0 {
		t.Skipf("integration: not installed: %s", strings.Join(missing, ", "))
	}
	for _, row := range []struct {
		args  []string
		sheet scan.Sheet
		pages int
	}{
		{nil, scan.Sheet{}, 1},
		{[]string{"-batch", "tue2", "-received", "2026-11-24", "-n", "2"}, scan.Sheet{Batch: "TUE2", Received: "2026-11-24"}, 2},
	} {
		var pdf, errs bytes.Buffer
		if code := runSeparators(row.args, &pdf, &errs); code != 0 {
			t.Fatalf("%q: exit %d: %s", row.args, code, errs.String())
		}
		d := letters.Read(t.Context(), &pdf, scan.Progress{})
		if d.Error != "" || len(d.Pages) != row.pages {
			t.Fatalf("%q: %d pages, %s", row.args, len(d.Pages), d.Error)
		}
		for _, p := range d.Pages {
			if p.Sheet == nil || *p.Sheet != row.sheet {
				t.Errorf("%q: read as %+v", row.args, p)
			}
		}
	}
}

// TestSeparatorsRefuse what would put letters on a wrong day.
func TestSeparatorsRefuse(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"-received", "2999-01-01"}, 1, "has not come yet"},
		{[]string{"-received", "soon"}, 1, "the day of receipt"},
		{[]string{"-batch", "a-b"}, 1, "letters and digits"},
		{[]string{"-n", "0"}, 2, "usage"},
		{[]string{"more"}, 2, "usage"},
	} {
		var out, errs bytes.Buffer
		if code := runSeparators(row.args, &out, &errs); code != row.code || !strings.Contains(errs.String(), row.says) || out.Len() > 0 {
			t.Errorf("%q: exit %d: %s", row.args, code, errs.String())
		}
	}
}
