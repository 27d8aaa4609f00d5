package registertest_test

import (
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
)

// letterFile registers a file of letters.
func (d *desk) letterFile(name string) register.Received {
	a := registertest.Arrival(name, d.clock.Now())
	a.Channel, a.Source, a.Basis = register.Letter, "scans", register.FileTime
	return d.receive(a)[0]
}

// TestSplitFile: each letter of a file becomes a message once, received with
// the file or by its sheet, and the file's own row asks for nothing any more.
func TestSplitFile(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := d.t.Context()
		file := d.letterFile("a batch")
		begun, err := d.BeginReading(ctx, []register.ID{file.ID}, time.Minute, 3)
		d.must(err)
		if len(begun) != 1 {
			d.t.Fatalf("begun %d", len(begun))
		}
		sheet := d.clock.Now().Add(-48 * time.Hour)
		parts := []register.Part{{Number: 1}, {Number: 2, ReceivedAt: sheet}, {Number: 3}}
		letters, err := d.SplitFile(ctx, file.ID, parts, time.Minute)
		d.must(err)
		if len(letters) != 3 {
			d.t.Fatalf("%d letters", len(letters))
		}
		whole, err := d.GetMessage(ctx, file.ID)
		d.must(err)
		for i, l := range letters {
			if l.Original != whole.Original || l.Channel != register.Letter || l.Source != "scans" || l.Fingerprint != register.PartFingerprint(whole.Fingerprint, i+1) {
				d.t.Errorf("letter %d: %+v", i+1, l)
			}
		}
		if !letters[0].ReceivedAt.Equal(whole.ReceivedAt) || letters[0].Basis != register.FileTime || !letters[1].ReceivedAt.Equal(sheet) || letters[1].Basis != register.Stamp {
			d.t.Errorf("received %v %s, %v %s", letters[0].ReceivedAt, letters[0].Basis, letters[1].ReceivedAt, letters[1].Basis)
		}
		if whole.State != register.Split {
			d.t.Errorf("the file is %s", whole.State)
		}
		// A reader that was killed after the split comes again.
		opened, err := d.Open(ctx, []register.Opening{{Message: letters[0].ID, Reading: registertest.Reading("", "", "a letter"), Verdict: registertest.Verdict(classify.Enquiry)}})
		d.must(err)
		d.must(opened[0].Err)
		again, err := d.SplitFile(ctx, file.ID, parts, time.Minute)
		d.must(err)
		if len(again) != 2 || again[0].ID != letters[1].ID || again[1].ID != letters[2].ID {
			d.t.Errorf("after a restart %d letters are left", len(again))
		}
		if ids, _ := d.UnreadLetters(ctx, 10); len(ids) != 0 {
			d.t.Errorf("%d letters are unread though they are leased", len(ids))
		}
		d.clock.Advance(2 * time.Minute)
		if d.cfg.Driver == "postgres" {
			registertest.EndLeases(d.t, d.cfg)
		}
		if ids, _ := d.UnreadLetters(ctx, 10); len(ids) != 2 {
			d.t.Errorf("%d letters are unread, want 2", len(ids))
		}
		if ids, _ := d.Unread(ctx, 10); len(ids) != 0 {
			d.t.Errorf("%d letters are read like mail", len(ids))
		}
	})
}

// TestSavedPages: pages outlive their reader until all letters are read.
func TestSavedPages(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := d.t.Context()
		file := d.letterFile("a long batch")
		whole, err := d.GetMessage(ctx, file.ID)
		d.must(err)
		for range 3 { // killed three times, and each time a page further
			_, err := d.BeginReading(ctx, []register.ID{file.ID}, time.Minute, 3)
			d.must(err)
			d.must(d.SavePage(ctx, file.ID, whole.Original, register.SavedPage{Page: 1, Reading: "one\x00"}))
			d.must(d.KeepReading(ctx, []register.ID{file.ID}, time.Hour))
			if ids, _ := d.UnreadLetters(ctx, 10); len(ids) != 0 {
				d.t.Error("a lease was not kept")
			}
			d.must(d.KeepReading(ctx, []register.ID{file.ID}, -time.Hour))
		}
		d.must(d.SavePage(ctx, file.ID, whole.Original, register.SavedPage{Page: 2, Reading: "two"}))
		begun, err := d.BeginReading(ctx, []register.ID{file.ID}, time.Minute, 3)
		d.must(err)
		if len(begun) != 1 {
			d.t.Fatal("a file that gets on was given up")
		}
		d.must(d.DropPages(ctx, whole.Original))
		pages, err := d.SavedPages(ctx, whole.Original)
		d.must(err)
		if len(pages) != 2 || pages[0].Reading != "one" || pages[1].Page != 2 {
			d.t.Errorf("saved %+v", pages)
		}
		_, err = d.Open(ctx, []register.Opening{{Message: file.ID, Reading: registertest.Reading("", "", "a letter"), Verdict: registertest.Verdict(classify.Enquiry)}})
		d.must(err)
		d.must(d.DropPages(ctx, whole.Original))
		if pages, _ = d.SavedPages(ctx, whole.Original); len(pages) != 0 {
			d.t.Errorf("%d pages are kept for nothing", len(pages))
		}
	})
}
