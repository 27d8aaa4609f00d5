package notify

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/csv"
	"errors"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"

	"postroom/classify"
	"postroom/internal/malware"
	"postroom/internal/malware/clamdtest"
	"postroom/internal/paper"
	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/workday"
)

func press(tb testing.TB) *paper.Press {
	tb.Helper()
	profile, ok := paper.ProfileNamed("dl-35x90")
	if !ok {
		tb.Fatal("no profile")
	}
	p, err := paper.NewPress(paper.Sender{Name: "Larkmere Homes", Lines: []string{"Complaints team", "1 Quay Street", "Bristol", "BS1 7AA"}, Profile: profile})
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// byPost is a letter of that text from somebody of that name, which an officer
// has decided and whose address they have compared.
func (d *desk) byPost(text, name string, postal ...string) register.Opened {
	d.tb.Helper()
	ctx := context.Background()
	a := registertest.Arrival(text, d.clock.Now())
	a.Channel, a.Basis = register.Letter, register.Stamp
	got, err := d.Receive(ctx, []register.Arrival{a})
	if err != nil || got[0].Err != nil {
		d.tb.Fatal(err, got[0].Err)
	}
	v := registertest.Verdict(classify.Complaint)
	v.Route = classify.Review
	_, err = d.Open(ctx, []register.Opening{{Message: got[0].ID, Reading: register.Reading{Text: text, NewText: text, Automatic: "none"}, Verdict: v}})
	if err != nil {
		d.tb.Fatal(err)
	}
	m, err := d.GetMessage(ctx, got[0].ID)
	if err != nil {
		d.tb.Fatal(err)
	}
	o, err := d.Decide(ctx, register.Ruling{
		Message: m.ID, Version: m.Version, By: "Priya", Label: classify.Complaint, Words: true, Postal: postal, Correspondent: register.Address{Name: name},
		Definition: classify.Definition{Issues: []string{text}},
	})
	if err != nil {
		d.tb.Fatal(err)
	}
	return o
}

func (d *desk) printer(tb testing.TB) *Printer {
	tb.Helper()
	return &Printer{Register: d.Register, Archive: d.cfg.Archive, Press: d.cfg.Composer.Press, Words: d.cfg.Composer.Words, Folder: filepath.Join(tb.TempDir(), "print"), Double: true}
}

// TestPrintRun takes letters from a decision to the post.
func TestPrintRun(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.cfg.Composer.Press = press(t)
	d.work()
	first := d.byPost("The roof leaks.", "Ann Other", "12 Quay Street", "Bristol", "BS2 9XX")
	second := d.byPost("Nobody came.", "Bob Other", "13 Quay Street", "Bristol", "BS2 9XX")
	for _, o := range []register.Opened{first, second} {
		d.until(o.Owed[0].ID, "in the tray", is(register.ToPrint))
	}
	p := d.printer(t)
	batch, files, err := p.Make(t.Context(), "Dev")
	if err != nil {
		t.Fatal(err)
	}
	if batch.Letters != 2 || len(files) != 2 || filepath.Base(files[0]) != "batch-26-11-23-1.pdf" {
		t.Fatalf("%+v, files %q", batch, files)
	}
	pdf := read(t, files[0])
	if !bytes.HasPrefix(pdf, []byte("%PDF-")) {
		t.Errorf("the batch begins with %q", pdf[:20])
	}
	var again bytes.Buffer
	if err := p.PDF(t.Context(), batch, &again); err != nil || !bytes.Equal(again.Bytes(), pdf) {
		t.Errorf("the PDF to download is another one, error %v", err)
	}
	rows := manifest(t, files[1])
	if len(rows) != 3 || rows[1][0] != batch.Name || rows[1][7] != "3" || rows[2][7] != "5" || strings.Contains(strings.Join(rows[1], " "), "Ann") {
		t.Errorf("manifest %q", rows)
	}
	if _, _, err := p.Make(t.Context(), "Dev"); !errors.Is(err, ErrNothingToPrint) {
		t.Errorf("an empty tray: error %v", err)
	}
	if _, files, err = p.Again(t.Context(), batch.Name, "Dev"); err != nil || !bytes.Equal(read(t, files[0]), pdf) {
		t.Errorf("printed again: other bytes, error %v", err)
	}
	if err := d.Posted(t.Context(), batch.ID, workday.DateOf(d.clock.Now()), "Dev"); err != nil {
		t.Fatal(err)
	}
	_, clocks, err := d.GetCase(t.Context(), first.Case)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range clocks {
		if k.Name == workday.Stage1Acknowledgement && (k.MetAt.IsZero() || k.MetBy != register.Defined) {
			t.Errorf("the clock after the post: %+v", k)
		}
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func manifest(t *testing.T, name string) [][]string {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(read(t, name))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestABatchOfSomeLetters leaves the others in the tray.
func TestABatchOfSomeLetters(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.cfg.Composer.Press = press(t)
	d.work()
	var ids []register.ID
	for _, text := range []string{"The roof leaks.", "Nobody came."} {
		o := d.byPost(text, "Ann Other", "12 Quay Street", "Bristol", "BS2 9XX")
		ids = append(ids, d.until(o.Owed[0].ID, "in the tray", is(register.ToPrint)).ID)
	}
	p := d.printer(t)
	p.most = 1 // what is named is behind what one batch of all would hold
	batch, err := p.Gather(t.Context(), "Dev", ids[1], ids[1])
	if err != nil || batch.Letters != 1 {
		t.Fatalf("%+v, error %v", batch, err)
	}
	if left, err := d.TrayLetters(t.Context(), 10); err != nil || len(left) != 1 || left[0].ID != ids[0] {
		t.Errorf("left %+v, error %v", left, err)
	}
	if _, err := os.Stat(p.Folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("files were written: %v", err)
	}
	if _, err := p.Gather(t.Context(), "Dev", ids[1]); !errors.Is(err, ErrNothingToPrint) {
		t.Errorf("twice: %v", err)
	}
}

// TestPickup writes each letter as a file, exactly as archived, and nothing
// half.
func TestPickup(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.cfg.Composer.Press = press(t)
	d.work()
	o := d.byPost("The roof leaks.", "Ann Other", "12 Quay Street", "Bristol", "BS2 9XX")
	sent := d.until(o.Owed[0].ID, "in the tray", is(register.ToPrint))
	p := d.printer(t)
	p.Pickup = filepath.Join(t.TempDir(), "pickup")
	batch, files, err := p.Make(t.Context(), "Dev")
	if err != nil || !batch.Pickup || len(files) != 2 {
		t.Fatalf("%+v, files %q, error %v", batch, files, err)
	}
	f, err := d.cfg.Archive.Get(t.Context(), sent.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	archived, err := io.ReadAll(f)
	if err != nil || !bytes.Equal(archived, read(t, files[0])) {
		t.Errorf("the file is not what was archived, error %v", err)
	}
	if rows := manifest(t, files[1]); rows[1][6] != filepath.Base(files[0]) || rows[1][10] != sent.Bytes {
		t.Errorf("manifest %q", rows)
	}
	entries, err := os.ReadDir(p.Pickup)
	if err != nil || len(entries) != 2 {
		t.Errorf("%d files in the folder, error %v", len(entries), err)
	}
	// A folder that cannot be written leaves the batch on record, to be written again.
	o = d.byPost("Nobody came.", "Bob Other", "13 Quay Street", "Bristol", "BS2 9XX")
	d.until(o.Owed[0].ID, "in the tray", is(register.ToPrint))
	good := p.Pickup
	p.Pickup = files[0] // a file, not a folder
	batch, _, err = p.Make(t.Context(), "Dev")
	if err == nil || batch.Name == "" {
		t.Errorf("batch %q, error %v", batch.Name, err)
	}
	p.Pickup = good
	if _, files, err = p.Again(t.Context(), batch.Name, "Dev"); err != nil || len(files) != 2 {
		t.Errorf("files %q, error %v", files, err)
	}
}

// TestPickupTakesAllOfADay: a batch holds so many letters and no more; the rest
// of the day's tray goes the same day, in further ones.
func TestPickupTakesAllOfADay(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.cfg.Composer.Press = press(t)
	d.work()
	for _, text := range []string{"The roof leaks.", "Nobody came.", "It still leaks."} {
		o := d.byPost(text, "Ann Other", "12 Quay Street", "Bristol", "BS2 9XX")
		d.until(o.Owed[0].ID, "in the tray", is(register.ToPrint))
	}
	calendar, err := workday.Default(workday.EnglandAndWales)
	if err != nil {
		t.Fatal(err)
	}
	printer := d.printer(t)
	printer.Pickup, printer.most = filepath.Join(t.TempDir(), "pickup"), 2
	p := &Pickup{Printer: printer, Hour: 9, Calendar: calendar, Held: func() bool { return false }, Now: d.clock.Now, Logger: slog.New(slog.DiscardHandler)}
	for range 2 {
		if err := p.look(t.Context(), "me"); err != nil {
			t.Fatal(err)
		}
	}
	left, err := d.TrayLetters(t.Context(), 10)
	if err != nil || len(left) != 0 {
		t.Errorf("%d letters wait for another day, %v", len(left), err)
	}
	if b, err := d.Batches(t.Context(), 10); err != nil || len(b) != 2 || b[0].Letters+b[1].Letters != 3 {
		t.Errorf("batches %+v, %v", b, err)
	}
}

// TestALostLetterKeepsNoOtherBack: of yesterday's batch a file is lost; today's
// is laid out all the same, and the loss is told.
func TestALostLetterKeepsNoOtherBack(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.cfg.Composer.Press = press(t)
	d.work()
	calendar, err := workday.Default(workday.EnglandAndWales)
	if err != nil {
		t.Fatal(err)
	}
	printer := d.printer(t)
	printer.Pickup, printer.most = filepath.Join(t.TempDir(), "pickup"), 1
	p := &Pickup{Printer: printer, Hour: 9, Calendar: calendar, Held: func() bool { return false }, Now: d.clock.Now, Logger: slog.New(slog.DiscardHandler)}
	lay := func(text string) register.Outgoing {
		o := d.byPost(text, "Ann Other", "12 Quay Street", "Bristol", "BS2 9XX")
		return d.until(o.Owed[0].ID, "in the tray", is(register.ToPrint))
	}
	lost := lay("The roof leaks.")
	if gone, err := d.cfg.Archive.Remove(t.Context(), lost.Bytes, func() (bool, error) { return false, nil }); err != nil || !gone {
		t.Fatal(gone, err)
	}
	if err := p.look(t.Context(), "me"); err == nil {
		t.Fatal("nobody is told of the loss")
	}
	lay("Nobody came.")
	if err := p.look(t.Context(), "me"); err == nil {
		t.Error("nobody is told of the loss any more")
	}
	if b, err := d.Batches(t.Context(), 10); err != nil || len(b) != 2 || b[0].Printed+b[1].Printed != 1 {
		t.Errorf("batches %+v, %v", b, err)
	}
}

// TestPickupByItself: on a working day from its time on, once a day, also when
// the files could not be written at first, and not while nothing may leave.
func TestPickupByItself(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.cfg.Composer.Press = press(t)
	d.work()
	printer := d.printer(t)
	calendar, err := workday.Default(workday.EnglandAndWales)
	if err != nil {
		t.Fatal(err)
	}
	held := false
	folder := filepath.Join(t.TempDir(), "pickup")
	printer.Pickup = folder
	p := &Pickup{Printer: printer, Hour: 15, Calendar: calendar, Held: func() bool { return held }, Now: d.clock.Now, Logger: slog.New(slog.DiscardHandler)}
	look := func() []register.PrintBatch {
		t.Helper()
		if err := p.look(t.Context(), "me"); err != nil {
			t.Fatal(err)
		}
		batches, err := d.Batches(t.Context(), 10)
		if err != nil {
			t.Fatal(err)
		}
		return batches
	}
	lay := func(text string) {
		o := d.byPost(text, "Ann Other", "12 Quay Street", "Bristol", "BS2 9XX")
		d.until(o.Owed[0].ID, "in the tray", is(register.ToPrint))
	}
	lay("The roof leaks.")
	if n := len(look()); n != 0 { // ten in the morning
		t.Fatalf("%d batches before its time", n)
	}
	d.clock.Advance(5 * time.Hour)
	held = true
	if n := len(look()); n != 0 {
		t.Fatalf("%d batches while nothing may leave", n)
	}
	held = false
	// A file in the folder's place: nothing can be written.
	if err := os.WriteFile(folder, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := p.look(t.Context(), "me"); err == nil {
		t.Fatal("nothing failed")
	}
	if b, err := d.Batches(t.Context(), 10); err != nil || len(b) != 1 || b[0].Printed != 0 {
		t.Fatalf("%+v, %v", b, err)
	}
	if err := os.Remove(folder); err != nil {
		t.Fatal(err)
	}
	if b := look(); len(b) != 1 || b[0].Printed != 1 || b[0].MadeBy != register.PickupActor || !b[0].Pickup {
		t.Fatalf("%+v", b)
	}
	if files, err := os.ReadDir(folder); err != nil || len(files) != 2 {
		t.Errorf("%d files, %v", len(files), err)
	}
	lay("Nobody came.")
	if n := len(look()); n != 1 {
		t.Errorf("%d batches on one day", n)
	}
	d.clock.Advance(24 * time.Hour)
	if b := look(); len(b) != 2 || b[0].Letters != 1 {
		t.Errorf("the day after: %+v", b)
	}
	lay("It smells.")
	d.clock.Set(time.Date(2026, 11, 28, 16, 0, 0, 0, time.UTC)) // a Saturday
	if n := len(look()); n != 2 {
		t.Errorf("%d batches on a Saturday", n)
	}
}

// TestLettersHeld: what a machine may not post waits for a person, who is told
// why.
func TestLettersHeld(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.cfg.Composer.Press = press(t)
	d.work()
	for _, row := range []struct {
		text, why, name string
		postal          []string
	}{
		{"no address", "no postal address is known", "Ann Other", nil},
		{"no name", "no name is known", "", []string{"9 Orchard Quay", "BS1 7AA"}},
		{"abroad", "not a UK postcode", "M Dupont", []string{"1 rue de la Paix", "75002 Paris", "France"}},
		{"another script", "cannot be printed rightly: 周 (U+5468), 美 (U+7F8E), 玲 (U+73B2)", "周美玲", []string{"9 Orchard Quay", "BS1 7AA"}},
		{"too wide", "too long for the window", strings.Repeat("Wolfeschlegelsteinhausen ", 5), []string{"9 Orchard Quay", "BS1 7AA"}},
	} {
		o := d.byPost(row.text, row.name, row.postal...)
		held := d.until(o.Owed[0].ID, "held", is(register.Held))
		if !strings.Contains(held.Why, row.why) {
			t.Errorf("%s: held because %q", row.text, held.Why)
		}
	}
	waiting, err := d.HeldLetters(t.Context(), 10)
	if err != nil || len(waiting) != 5 {
		t.Errorf("%d letters wait, error %v", len(waiting), err)
	}
	o := d.byPost("later", "周美玲", "9 Orchard Quay", "BS1 7AA")
	d.until(o.Owed[0].ID, "held", is(register.Held))
	if err := d.ConfirmAddress(t.Context(), o.Case, "Mei-Ling Zhou", nil, "Priya"); err != nil {
		t.Fatal(err)
	}
	d.until(o.Owed[0].ID, "in the tray", is(register.ToPrint))
	named, err := d.LettersNamed(t.Context(), o.Reference)
	if err != nil || len(named) != 1 || named[0].Printed[0] != "Mei-Ling Zhou" {
		t.Errorf("%+v, error %v", named, err)
	}
}

// Without a press, as in a process that cannot print, letters wait.
func TestNoPress(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.work()
	o := d.byPost("The roof leaks.", "Ann Other", "12 Quay Street", "Bristol", "BS2 9XX")
	if held := d.until(o.Owed[0].ID, "held", is(register.Held)); !strings.Contains(held.Why, "cannot be printed here") || strings.HasPrefix(held.Why, "hold") {
		t.Errorf("held because %q", held.Why)
	}
}

// TestLetterKill breaks the worker after each step that it survives, and has a
// claim left by one that it does not: the letter lies in the tray once.
func TestLetterKill(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"archived", "recorded"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.cfg.Composer.Press = press(t)
			o := d.byPost("The roof leaks.", "Ann Other", "12 Quay Street", "Bristol", "BS2 9XX")
			if _, err := d.Claim(t.Context(), []register.ID{o.Owed[0].ID}, time.Minute, d.cfg.Windows); err != nil { // by a process that is gone
				t.Fatal(err)
			}
			d.clock.Advance(2 * time.Minute)
			died := false
			d.cfg.Step = func(name string) {
				d.steps.take(name)
				if name == step && !died {
					died = true
					panic("killed at " + step)
				}
			}
			d.work()
			end := d.until(o.Owed[0].ID, "settled", func(o register.Outgoing) bool { return o.State == register.ToPrint || o.State == register.Held })
			if end.State == register.Held { // the rescue put it into a person's hands
				if _, err := d.Release(t.Context(), end.ID, "Priya", "try again"); err != nil {
					t.Fatal(err)
				}
				d.until(o.Owed[0].ID, "in the tray", is(register.ToPrint))
			}
			tray, err := d.TrayLetters(t.Context(), 10)
			if err != nil || len(tray) != 1 {
				t.Errorf("%d in the tray, error %v", len(tray), err)
			}
		})
	}
}

// BenchmarkLetters composes and prints, as a worker does.
func BenchmarkLetters(b *testing.B) {
	c, p := answered(), composer(b)
	p.Press = press(b)
	c.Way = register.ByLetter
	c.TheCase.Postal, c.TheCase.PostalOK = []string{"12 Quay Street", "BS2 9XX"}, true
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Compose(c, now); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "letters/s")
}

// keepFile puts a file into the archive, as the page for answers does.
func (d *desk) keepFile(content string) string {
	d.tb.Helper()
	stored, err := d.cfg.Archive.Put(context.Background(), strings.NewReader(content))
	if err != nil {
		d.tb.Fatal(err)
	}
	return stored.SHA256
}

// answerWith owes an answer that an officer wrote as a file.
func (d *desk) answerWith(caseID register.ID, file, name string) register.ID {
	d.tb.Helper()
	hints, err := d.Answer(context.Background(), register.Answering{Case: caseID, Stage: 1, By: "Priya", Outcome: register.Upheld, File: file, FileName: name})
	if err != nil || len(hints) != 1 {
		d.tb.Fatal(hints, err)
	}
	return hints[0].ID
}

// TestAnAnswersFileIsLookedAtFirst: it waits while the scanner is away, goes
// when it is back, and a person has it when something was found.
func TestAnAnswersFileIsLookedAtFirst(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	server := clamdtest.Start(t, clamdtest.Honest)
	server.Stop()
	d.cfg.Screen = malware.NewScreen(d.Register, d.cfg.Archive, server.Clamd(), d.cfg.Now, d.cfg.Logger)
	d.work()
	o, other := d.complaint(1), d.complaint(2)
	d.until(o.Owed[0].ID, "sent", is(register.Delivered)) // the acknowledgement waits for nobody
	d.until(other.Owed[0].ID, "sent", is(register.Delivered))
	good := d.answerWith(o.Case, d.keepFile("%PDF-1.7 good"), "good.pdf")
	bad := d.answerWith(other.Case, d.keepFile("%PDF-1.7 "+clamdtest.Bad), "bad.pdf")
	waits := func(o register.Outgoing) bool {
		return o.State == register.Owed && strings.Contains(o.Why, "looked at for malware yet")
	}
	d.until(good, "waits", waits)
	d.until(bad, "waits", waits)
	server.Start()
	d.clock.Advance(5 * time.Minute)
	d.until(good, "sent", is(register.Delivered))
	if got := d.until(bad, "held", is(register.Held)); !strings.Contains(got.Why, "malware was found in the file that goes with it (Test.Bad)") {
		t.Errorf("held because %q", got.Why)
	}
	for _, l := range d.office.letters() {
		if bytes.Contains(l.raw, []byte("bad.pdf")) {
			t.Error("it went")
		}
	}
}

// TestAnAnswerTakesItsFileAlong: to the byte, beside our words, and never a
// file that is not there.
func TestAnAnswerTakesItsFileAlong(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err == nil {
		d.cfg.Composer.DKIM, err = NewDKIM("larkmere.example", "post", pemOf(t, key))
	}
	if err != nil {
		t.Fatal(err)
	}
	d.work()
	document := "%PDF-1.7 what the officer wrote \x00\xff"
	o := d.complaint(1)
	d.until(o.Owed[0].ID, "sent", is(register.Delivered))
	d.until(d.answerWith(o.Case, d.keepFile(document), `C:\Users\priya\Our "answer".pdf`), "sent", is(register.Delivered))
	all := d.office.letters()
	m, err := mail.ReadMessage(bytes.NewReader(all[len(all)-1].raw))
	if err != nil {
		t.Fatal(err)
	}
	_, record, err := d.cfg.Composer.DKIM.Record()
	if err != nil {
		t.Fatal(err)
	}
	signed, err := dkim.VerifyWithOptions(bytes.NewReader(all[len(all)-1].raw), &dkim.VerifyOptions{LookupTXT: func(string) ([]string, error) { return []string{record}, nil }})
	if err != nil || len(signed) != 1 || signed[0].Err != nil {
		t.Errorf("the signature does not hold: %+v, %v", signed, err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/mixed" {
		t.Fatalf("%s, %v", kind, err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	words, err := parts.NextPart()
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(words)
	if err != nil || !strings.HasPrefix(words.Header.Get("Content-Type"), "multipart/alternative") || !bytes.Contains(text, []byte("in the document that comes")) {
		t.Errorf("%s, %v: %s", words.Header, err, text)
	}
	file, err := parts.NextPart()
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, file))
	if err != nil || string(got) != document || file.FileName() != "Our answer.pdf" || !strings.HasPrefix(file.Header.Get("Content-Type"), "application/pdf") {
		t.Errorf("%v, %q, %q", file.Header, got, err)
	}

	second := d.complaint(2)
	d.until(second.Owed[0].ID, "sent", is(register.Delivered))
	held := d.until(d.answerWith(second.Case, strings.Repeat("ab", 32), "gone.docx"), "held", is(register.Held))
	if !strings.Contains(held.Why, "could not be written") {
		t.Errorf("a file that is not there: %q", held.Why)
	}
}

// TestALetterSaysWhatMustGoWithIt: the file is written beside the batch, and
// cover sheet and list name it.
func TestALetterSaysWhatMustGoWithIt(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.cfg.Composer.Press = press(t)
	d.work()
	p := d.printer(t)
	o := d.byPost("The roof leaks.", "Ann Other", "12 Quay Street", "Bristol", "BS2 9XX")
	d.until(o.Owed[0].ID, "in the tray", is(register.ToPrint))
	first, _, err := p.Make(t.Context(), "Dev")
	if err == nil {
		err = d.Posted(t.Context(), first.ID, workday.DateOf(d.clock.Now()), "Dev")
	}
	if err != nil {
		t.Fatal(err)
	}
	d.until(d.answerWith(o.Case, d.keepFile("PK the officer's words"), "Our answer.docx"), "in the tray", is(register.ToPrint))
	batch, files, err := p.Make(t.Context(), "Dev")
	if err != nil || len(files) != 3 {
		t.Fatal(files, err)
	}
	want := "batch-26-11-23-2-001-" + o.Reference + "-enclosed.docx"
	if filepath.Base(files[1]) != want || string(read(t, files[1])) != "PK the officer's words" {
		t.Errorf("files %q", files)
	}
	rows := manifest(t, files[2])
	if last := len(rows[1]) - 1; rows[0][last] != "enclosed" || rows[1][last] != want || batch.Letters != 1 {
		t.Errorf("list %q", rows)
	}
}
