package ingest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"postroom/classify"
	"postroom/ingest"
	"postroom/ingest/mime"
	"postroom/ingest/scan"
	"postroom/internal/register"
	"postroom/internal/workday"
)

// letters is a reader of letters beside the room's reader of mail.
func (r *room) letters(path string, step func(string)) *ingest.Reader {
	r.t.Helper()
	return ingest.NewLetterReader(ingest.ReaderConfig{
		Register: r.register, Archive: r.intake.Archive, Queue: r.intake.Queue, Rules: classify.Default(), MessageIDs: r.ids, Prefixes: []string{"CIT"},
		Letters: scan.NewReader(scan.Config{Path: path, Temp: r.t.TempDir(), Limits: scan.Limits{PageTime: 10 * time.Minute}}),
		Now:     r.clock.Now, Logger: slog.New(slog.DiscardHandler), Step: step,
	})
}

func needsPrograms(t *testing.T) {
	t.Helper()
	if missing := scan.NewReader(scan.Config{}).Missing(); len(missing) > 0 {
		t.Skipf("integration: not installed: %s", strings.Join(missing, ", "))
	}
}

// scanned takes a file in as the folder does.
func (r *room) scanned(name string) register.Received {
	r.t.Helper()
	data, err := os.ReadFile("scan/testdata/" + name)
	if err != nil {
		r.t.Fatal(err)
	}
	w, err := r.intake.Archive.Create(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		r.t.Fatal(err)
	}
	got, err := r.intake.Take(r.t.Context(), []ingest.Post{{Original: w, Channel: register.Letter, Source: "scans", ReceivedAt: r.clock.Now(), Basis: register.FileTime}})
	if err != nil || got[0].Err != nil {
		r.t.Fatal(err, got)
	}
	return got[0]
}

// knowPages puts the pages of a sample into the register as if an earlier
// reader had read them: no test needs to read them again.
func (r *room) knowPages(m register.Message, name string) {
	r.t.Helper()
	d := scanPages(r.t, name)
	for _, p := range d.Pages {
		raw, err := json.Marshal(p)
		if err != nil {
			r.t.Fatal(err)
		}
		if err := r.register.SavePage(r.t.Context(), m.ID, m.Original, register.SavedPage{Page: p.Number, Reading: string(raw)}); err != nil {
			r.t.Fatal(err)
		}
	}
}

func (r *room) message(id register.ID) register.Message {
	r.t.Helper()
	m, err := r.register.GetMessage(r.t.Context(), id)
	if err != nil {
		r.t.Fatal(err)
	}
	return m
}

func (r *room) all() []register.Message {
	r.t.Helper()
	ms, err := r.register.Messages(r.t.Context(), time.Time{}, 1000)
	if err != nil {
		r.t.Fatal(err)
	}
	return ms
}

func TestALetterIsRead(t *testing.T) {
	t.Parallel()
	needsPrograms(t)
	r := newRoom(t)
	got := r.scanned("scans/17-born-digital.pdf")
	reader := r.letters("", nil)
	if err := reader.Read(t.Context(), []register.ID{got.ID}); err != nil {
		t.Fatal(err)
	}
	m := r.message(got.ID)
	if m.State != register.InReview || m.Verdict.Label != classify.Complaint || m.Reading.From.Name != "Dilwyn Harcastle MP" || m.Reading.Pages != 1 {
		t.Errorf("%s %+v", m.State, m.Reading)
	}
	if pages, err := r.register.SavedPages(t.Context(), m.Original); err != nil || len(pages) != 0 {
		t.Errorf("%d pages are kept: %v", len(pages), err)
	}
}

// TestLettersWithoutPrograms: the letter is registered and shown, and says
// that it was not read.
func TestLettersWithoutPrograms(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	got := r.scanned("scans/01-typed-300dpi.pdf")
	if err := r.letters(t.TempDir(), nil).Read(t.Context(), []register.ID{got.ID}); err != nil {
		t.Fatal(err)
	}
	m := r.message(got.ID)
	if m.State != register.InReview || !strings.HasPrefix(m.Problem, "text not read") || !m.Reading.Paper.NotRead {
		t.Errorf("%s %q", m.State, m.Problem)
	}
}

// TestLettersAreReadOnceTheProgramsAreThere: programs that are installed while
// the reader runs are found, and what waited for them is read, by its sweep
// and at its start.
func TestLettersAreReadOnceTheProgramsAreThere(t *testing.T) {
	t.Parallel()
	needsPrograms(t)
	r := newRoom(t)
	folder := t.TempDir()
	got := r.scanned("scans/17-born-digital.pdf")
	reader := r.letters(folder, nil)
	if err := reader.Read(t.Context(), []register.ID{got.ID}); err != nil {
		t.Fatal(err)
	}
	if m := r.message(got.ID); !m.Reading.Paper.NotRead {
		t.Fatalf("%+v", m.Reading)
	}
	for _, program := range []string{"tesseract", "pdfinfo", "pdftotext", "pdftoppm", "pdfimages"} {
		path, err := exec.LookPath(program)
		if err != nil {
			t.Skip(err)
		}
		if err := os.Symlink(path, filepath.Join(folder, program)); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { _ = reader.Run(ctx) })
	for r.message(got.ID).Reading.Paper.NotRead {
		if t.Context().Err() != nil {
			t.Fatal("it was never read")
		}
		runtime.Gosched()
	}
	stop()
	done.Wait()
	if m := r.message(got.ID); m.State != register.InReview || m.Reading.From.Name != "Dilwyn Harcastle MP" || m.Reading.Error != "" {
		t.Errorf("%s %+v", m.State, m.Reading)
	}
}

// TestBadLetters are visible items, each with a sentence.
func TestBadLetters(t *testing.T) {
	t.Parallel()
	needsPrograms(t)
	r := newRoom(t)
	reader := r.letters("", nil)
	for _, name := range []string{"truncated.pdf", "encrypted-user-password.pdf", "page-tree-loop.pdf", "bomb-real.png", "directory-loop.tif"} {
		got := r.scanned("bad/" + name)
		if err := reader.Read(t.Context(), []register.ID{got.ID}); err != nil {
			t.Fatal(err)
		}
		if m := r.message(got.ID); m.State != register.InReview || m.Problem == "" {
			t.Errorf("%s: %s %q", name, m.State, m.Problem)
		}
	}
}

// TestABatchKilled: killed at each step, a file of three letters becomes three
// messages, no page lost and none twice.
func TestABatchKilled(t *testing.T) {
	t.Parallel()
	needsPrograms(t)
	for _, step := range []string{"none", "reading", "split", "read", "judged", "opened", "queued"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			r := newRoom(t)
			got := r.scanned("scans/18-batch-separator-sheets.pdf")
			r.knowPages(r.message(got.ID), "18-batch-separator-sheets.pdf")
			killed := r.letters("", func(name string) {
				if name == step {
					panic("killed")
				}
			})
			func() {
				defer func() { _ = recover() }()
				_ = killed.Read(t.Context(), []register.ID{got.ID})
			}()
			r.clock.Advance(time.Hour) // the leases of the killed one end
			r.rest(r.letters("", nil))
			r.wantBatch(got)
		})
	}
}

// rest reads what is left, as Run does after a restart.
func (r *room) rest(reader *ingest.Reader) {
	r.t.Helper()
	for range 10 {
		ids, err := r.register.UnreadLetters(r.t.Context(), 10)
		if err != nil {
			r.t.Fatal(err)
		}
		if len(ids) == 0 {
			return
		}
		if err := reader.Read(r.t.Context(), ids); err != nil {
			r.t.Fatal(err)
		}
	}
	r.t.Fatal("letters stay unread")
}

func (r *room) wantBatch(file register.Received) {
	r.t.Helper()
	var found []string
	for _, m := range r.all() {
		if m.ID == file.ID {
			if m.State != register.Split {
				r.t.Errorf("the file is %s: %s", m.State, m.Problem)
			}
			continue
		}
		found = append(found, fmt.Sprint(m.Fingerprint[65:], m.Reading.Paper.Pages, m.State, m.Verdict.Label))
	}
	slices.Sort(found)
	if want := []string{"1[1]reviewservice_request", "2[3]reviewcomplaint", "3[5]filedenquiry"}; !slices.Equal(found, want) {
		r.t.Errorf("letters %q, want %q", found, want)
	}
}

// TestAStoppedReaderGoesOn: pages that were read before a stop are not read
// again.
func TestAStoppedReaderGoesOn(t *testing.T) {
	t.Parallel()
	needsPrograms(t)
	r := newRoom(t)
	got := r.scanned("scans/20-joint-letter-two-sides.pdf")
	ctx, stop := context.WithCancel(t.Context())
	var pages atomic.Int32
	_ = r.letters("", func(name string) {
		if name == "page" {
			pages.Add(1)
			stop()
		}
	}).Read(ctx, []register.ID{got.ID})
	first := pages.Load()
	if m := r.message(got.ID); m.State != register.Arrived {
		t.Fatalf("a stopped reader left it %s", m.State)
	}
	saved, err := r.register.SavedPages(t.Context(), r.message(got.ID).Original)
	if err != nil || len(saved) == 0 {
		t.Fatalf("%d pages saved: %v", len(saved), err)
	}
	r.clock.Advance(time.Hour)
	r.rest(r.letters("", func(name string) {
		if name == "page" {
			pages.Add(1)
		}
	}))
	if m := r.message(got.ID); m.State != register.InReview || m.Reading.Pages != 2 || pages.Load() > 2 {
		t.Errorf("%s, %d pages; %d page readings before the stop, %d in all", m.State, m.Reading.Pages, first, pages.Load())
	}
}

// TestASheetBeforeOneLetter: the day on a separator sheet counts for a file of
// one letter as for one of many, and the file's own does not.
func TestASheetBeforeOneLetter(t *testing.T) {
	t.Parallel()
	needsPrograms(t)
	r := newRoom(t)
	got := r.scanned("scans/18-batch-separator-sheets.pdf")
	m := r.message(got.ID)
	d := scanPages(t, "18-batch-separator-sheets.pdf")
	sheet := workday.DateOf(m.ReceivedAt).AddDays(-5)
	d.Pages[0] = scan.Page{Number: 1, Sheet: &scan.Sheet{Received: sheet.String()}}
	for i := range d.Pages[1:] {
		if i != 1 {
			d.Pages[i+1] = scan.Page{Number: i + 2, Blank: true}
		}
	}
	for _, p := range d.Pages {
		raw, err := json.Marshal(p)
		if err == nil {
			err = r.register.SavePage(t.Context(), m.ID, m.Original, register.SavedPage{Page: p.Number, Reading: string(raw)})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := r.letters("", nil).Read(t.Context(), []register.ID{got.ID}); err != nil {
		t.Fatal(err)
	}
	now := r.message(got.ID)
	if now.Reading == nil || !slices.Equal(now.Reading.Paper.Pages, []int{3}) {
		t.Fatalf("read as %+v", now.Reading)
	}
	if workday.DateOf(now.ReceivedAt) != sheet || now.Basis != register.Stamp || !now.Deadline.Before(m.Deadline) || !now.FailsafeAt.Before(m.FailsafeAt) {
		t.Errorf("received %s by %s, due %s, fail-safe %s", now.ReceivedAt, now.Basis, now.Deadline, now.FailsafeAt)
	}
	if now.Case != "" {
		if c, clocks, err := r.register.GetCase(t.Context(), now.Case); err != nil || clocks[0].Start != sheet {
			t.Errorf("case %s has clocks %+v, %v", c.Reference, clocks, err)
		}
	}
}

// TestASpoiltSheetHoldsTheBatch: nobody's letter is read as another's.
func TestASpoiltSheetHoldsTheBatch(t *testing.T) {
	t.Parallel()
	d := scanPages(t, "18-batch-separator-sheets.pdf")
	d.Pages[1].Sheet, d.Pages[1].Suspect = nil, true
	readings := ingest.ReadScan(d, scan.Splitting{}, nil)
	if len(readings) != 1 || !readings[0].Paper.Held || !strings.Contains(readings[0].Error, "page 2 looks like a separator sheet") {
		t.Fatalf("%d readings: %+v", len(readings), readings[0].Paper)
	}
	v := ingest.Judge(classify.Default(), register.Letter, readings[0], nil, classify.Context{})
	if plan := (register.Policy{}).Plan(register.Facts{Verdict: v, Reading: readings[0], Channel: register.Letter, Problem: ingest.LetterProblem(readings[0])}); plan.State != register.InReview {
		t.Errorf("a batch that is held is %s", plan.State)
	}
}

// TestALetterInAPicture: a mail that carries its words only in a picture is
// judged by them, and left to a person.
func TestALetterInAPicture(t *testing.T) {
	t.Parallel()
	needsPrograms(t)
	raw, err := os.ReadFile("testdata/letter-in-picture.eml")
	if err != nil {
		t.Fatal(err)
	}
	letters := scan.NewReader(scan.Config{Temp: t.TempDir(), Limits: scan.Limits{PageTime: 10 * time.Minute}})
	rd := ingest.ReadMail(t.Context(), raw, mime.Options{}, nil, letters)
	v := ingest.Judge(classify.Default(), register.Email, rd, nil, classify.Context{})
	if v.Label != classify.Complaint || v.Route != classify.Review || len(rd.Paper.Doubts) == 0 || rd.OCRConfidence == 0 {
		t.Errorf("%s %s: %q", v.Label, v.Route, rd.NewText)
	}
}
