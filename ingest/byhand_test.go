package ingest_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"postroom/classify"
	"postroom/ingest"
	"postroom/ingest/scan"
	"postroom/internal/register"
	"postroom/internal/workday"
)

// holds puts a reading of a file into the register that a person has to part.
func (r *room) holds(id register.ID, pages ...int) register.Message {
	r.t.Helper()
	rd := register.Reading{Automatic: "none", Error: "a sheet cannot be read", Pages: len(pages), Paper: &register.Paper{Pages: pages, Held: true}}
	opened, err := r.register.Open(r.t.Context(), []register.Opening{{Message: id, Reading: rd, Problem: rd.Error}})
	if err != nil || opened[0].Err != nil {
		r.t.Fatal(err, opened)
	}
	return r.message(id)
}

// TestAPartedFileIsRead: its letters are read each on its own pages, and no
// page is lost or read twice.
func TestAPartedFileIsRead(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	const name = "18-batch-separator-sheets.pdf"
	d := scanPages(t, name)
	all := make([]int, len(d.Pages))
	for i := range all {
		all[i] = i + 1
	}
	file := r.holds(r.scanned("scans/"+name).ID, all...)
	letters, why := scan.Letters(d, scan.Splitting{})
	if why != "" || len(letters) < 2 {
		t.Fatalf("%d letters: %s", len(letters), why)
	}
	var begins, kept []int
	for _, l := range letters {
		begins, kept = append(begins, l.Pages[0]), append(kept, l.Pages...)
	}
	dropped := slices.DeleteFunc(all, func(n int) bool { return slices.Contains(kept, n) })
	if err := r.intake.PartFile(t.Context(), register.Parting{File: file.ID, Version: file.Version, By: "Dev", Begins: begins, Dropped: dropped}); err != nil {
		t.Fatal(err)
	}
	r.knowPages(file, name)
	if depth, err := r.intake.Queue.Depth(t.Context(), ingest.LetterLane); err != nil || depth.Ready < len(letters) {
		t.Errorf("%+v in the lane of letters: %v", depth, err)
	}
	ids, err := r.register.UnreadLetters(t.Context(), 10)
	if err != nil || len(ids) != len(letters) {
		t.Fatalf("%d unread: %v", len(ids), err)
	}
	if err := r.letters("", nil).Read(t.Context(), ids); err != nil {
		t.Fatal(err)
	}
	parts, err := r.register.PartsOf(t.Context(), file.ID)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range parts {
		if want := letters[i]; m.Reading.Text != strings.TrimSpace(want.Text) || !slices.Equal(m.Reading.Paper.Pages, want.Pages) || m.State == register.Arrived {
			t.Errorf("letter %d on %v is %s, want %v", i+1, m.Reading.Paper.Pages, m.State, want.Pages)
		}
	}
	if m := r.message(file.ID); m.State != register.Split {
		t.Errorf("the file is %s", m.State)
	}
}

// TestAPartedFileIsOneLetter: what a person says stands against what the
// reader would do.
func TestAPartedFileIsOneLetter(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	const name = "18-batch-separator-sheets.pdf"
	file := r.holds(r.scanned("scans/"+name).ID, 1, 2, 3, 4, 5)
	if err := r.intake.PartFile(t.Context(), register.Parting{File: file.ID, Version: file.Version, By: "Dev", Begins: []int{1}}); err != nil {
		t.Fatal(err)
	}
	r.knowPages(file, name)
	if err := r.letters("", nil).Read(t.Context(), []register.ID{file.ID}); err != nil {
		t.Fatal(err)
	}
	m := r.message(file.ID)
	if len(r.all()) != 1 || m.State == register.Arrived || m.State == register.Split || !slices.Equal(m.Reading.Paper.Pages, []int{1, 2, 3, 4, 5}) {
		t.Errorf("%d messages, %s on %v", len(r.all()), m.State, m.Reading.Paper.Pages)
	}
}

// TestATypedLetterIsOpened: it is judged, answered and dated like one that was
// read, without its picture being read again.
func TestATypedLetterIsOpened(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	got := r.scanned("scans/01-typed-300dpi.pdf")
	reader := r.letters(t.TempDir(), nil) // no programs
	if err := reader.Read(t.Context(), []register.ID{got.ID}); err != nil {
		t.Fatal(err)
	}
	m := r.message(got.ID)
	typed := ingest.TypedLetter{
		Message: m.ID, Version: m.Version, By: "Dev", Name: "Ann  Other", Address: []string{"12 Quay Street", "", "Bristol BS2 9XX"}, Dated: workday.DateOf(r.clock.Now()).AddDays(-2),
		Text: "I wish to make a formal complaint. The lift in our block has been broken for five weeks and nobody has come, though I have reported it three times. I want it repaired and an apology.",
	}
	tomorrow := typed
	tomorrow.Dated = workday.DateOf(r.clock.Now()).AddDays(1)
	if err := r.intake.TypeIn(t.Context(), tomorrow, []string{"CIT"}); err == nil {
		t.Error("a letter from tomorrow was typed in")
	} else if _, ok := errors.AsType[*register.NotAllowedError](err); !ok {
		t.Error(err)
	}
	if err := r.intake.TypeIn(t.Context(), typed, []string{"CIT"}); err != nil {
		t.Fatal(err)
	}
	if err := reader.Read(t.Context(), []register.ID{got.ID}); err != nil {
		t.Fatal(err)
	}
	m = r.message(got.ID)
	if m.State != register.Filed || m.Verdict.Label != classify.Complaint || m.Reading.Paper.Typed != "Dev" || m.Reading.Date != typed.Dated.String() {
		t.Fatalf("%s %q %+v", m.State, m.Problem, m.Reading)
	}
	c, _, err := r.register.GetCase(t.Context(), m.Case)
	if err != nil {
		t.Fatal(err)
	}
	if to := c.Addressee(); !slices.Equal(to, []string{"Ann Other", "12 Quay Street", "Bristol BS2 9XX"}) || !c.PostalOK {
		t.Errorf("to %q, confirmed %v", to, c.PostalOK)
	}
	if owed, err := r.register.CaseOutgoings(t.Context(), c.ID); err != nil || len(owed) != 1 || owed[0].Way != register.ByLetter || owed[0].State != register.Owed {
		t.Errorf("owed %+v: %v", owed, err)
	}
}

// TestATypedLetterWithoutAnAddress waits for one.
func TestATypedLetterWithoutAnAddress(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	got := r.scanned("scans/01-typed-300dpi.pdf")
	reader := r.letters(t.TempDir(), nil)
	if err := reader.Read(t.Context(), []register.ID{got.ID}); err != nil {
		t.Fatal(err)
	}
	typed := ingest.TypedLetter{Message: got.ID, Version: r.message(got.ID).Version, By: "Dev", Text: "I wish to complain that the lift is still broken."}
	r.clock.Advance(time.Minute)
	if err := r.intake.TypeIn(t.Context(), typed, nil); err != nil {
		t.Fatal(err)
	}
	if err := reader.Read(t.Context(), []register.ID{got.ID}); err != nil {
		t.Fatal(err)
	}
	if m := r.message(got.ID); m.State != register.InReview || !strings.Contains(m.Problem, "without an address") {
		t.Errorf("%s %q", m.State, m.Problem)
	}
}
