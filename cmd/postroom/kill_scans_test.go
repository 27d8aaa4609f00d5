package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"postroom/ingest/scan"
	"postroom/internal/register"
)

// scanSteps are steps of a scan's way, from the mailroom's folder to its
// letters.
var scanSteps = []string{"scan working", "scan registered", "scan moved", "letters page", "letters split", "letters opened"}

// TestScansKilledAtEachStep: no letter of a folder of scans is lost, and none
// is there twice, wherever the process that takes them in is killed.
func TestScansKilledAtEachStep(t *testing.T) {
	t.Parallel()
	if missing := scan.NewReader(scan.Config{}).Missing(); len(missing) > 0 {
		t.Skipf("integration: not installed: %s", strings.Join(missing, ", "))
	}
	for _, step := range scanSteps {
		t.Run(strings.ReplaceAll(step, " ", "-"), func(t *testing.T) {
			t.Parallel()
			w := newTown(t, townPlan{scans: true})
			folder := filepath.Join(w.folder, "scans")
			for _, name := range []string{"17-born-digital.pdf", "18-batch-separator-sheets.pdf"} {
				raw, err := os.ReadFile(filepath.Join(sampleScans, "scans", name))
				w.must(err)
				w.must(os.WriteFile(filepath.Join(folder, name), raw, 0o600))
			}
			w.serve(step + ":1").killed(t)
			p := w.serve("")
			w.until(p, "every letter is read", func() bool { return len(w.letters()) == 4 && w.taken(folder) })
			p.stop(t)
			w.auditLetters()
		})
	}
}

// letters are those that are read, by reference.
func (w *town) letters() (references []string) {
	w.t.Helper()
	messages, err := w.look().Messages(w.t.Context(), time.Unix(0, 0), 100)
	w.must(err)
	for _, m := range messages {
		if m.State != register.Arrived && m.State != register.Split && m.Reading != nil {
			references = append(references, m.Reference)
		}
	}
	return references
}

// taken reports whether every file of the folder lies where the done ones do.
func (w *town) taken(folder string) bool {
	w.t.Helper()
	done, err := os.ReadDir(filepath.Join(folder, "done"))
	return err == nil && len(done) == 2
}

// auditLetters compares the letters with those of the two files.
func (w *town) auditLetters() {
	w.t.Helper()
	messages, err := w.look().Messages(w.t.Context(), time.Unix(0, 0), 100)
	w.must(err)
	var writers []string
	var pages int
	for _, m := range messages {
		if m.State == register.Split {
			continue
		}
		writers = append(writers, m.Reading.From.Name)
		pages += len(m.Reading.Paper.Pages)
	}
	slices.Sort(writers)
	w.t.Logf("%d messages, %d pages, %q", len(messages), pages, writers)
	if !slices.Contains(writers, "Dilwyn Harcastle MP") || !slices.Contains(writers, "Kwabena Astley") || !slices.Contains(writers, "A. Tweddle") || len(writers) != 4 || pages != 4 {
		w.t.Errorf("%d pages by %q", pages, writers)
	}
	if broken, err := w.look().VerifyHistories(w.t.Context()); err != nil || len(broken) > 0 {
		w.t.Errorf("histories broken: %v %v", broken, err)
	}
	w.auditArchive(messages)
}
