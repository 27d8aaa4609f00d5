package ingest_test

import (
	"encoding/base64"
	"os"
	"strings"
	"testing"
	"time"

	"postroom/classify"
	"postroom/ingest"
	"postroom/ingest/mime"
	"postroom/internal/register"
)

// scanners is a reader of mail to which two doors of scanners belong.
func (r *room) scanners(step func(string)) *ingest.Reader {
	r.t.Helper()
	return ingest.NewReader(ingest.ReaderConfig{
		Register: r.register, Archive: r.intake.Archive, Queue: r.intake.Queue, Rules: classify.Default(), MessageIDs: r.ids, Prefixes: []string{"CIT"},
		Options:  map[string]mime.Options{"complaints": {AuthservID: server}},
		Scanners: map[string][]string{"complaints": {"Scanner@landlord.example"}, "scans": {ingest.AnyScanner}},
		Now:      r.clock.Now, Logger: r.intake.Logger, Step: step,
	})
}

// scannersMail carries files as scanners send them.
func scannersMail(t *testing.T, from string, files ...string) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("Received: from mfp by " + server + "; Mon, 23 Nov 2026 10:00:00 +0000\n")
	if !strings.HasPrefix(from, "forged") {
		b.WriteString("Authentication-Results: " + server + "; dmarc=pass header.from=landlord.example\n")
	}
	b.WriteString("From: " + strings.TrimPrefix(from, "forged ") + "\nTo: complaints@landlord.example\nSubject: Scan from MFP-2\nMessage-ID: <" + from[:6] + "@mfp>\n" +
		"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nThis email was sent from a device.\n")
	for _, name := range files {
		data, err := os.ReadFile("scan/testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString("--b\nContent-Type: application/octet-stream; name=doc.pdf\nContent-Disposition: attachment; filename=doc.pdf\nContent-Transfer-Encoding: base64\n\n")
		text := base64.StdEncoding.EncodeToString(data)
		for len(text) > 76 {
			b.WriteString(text[:76] + "\n")
			text = text[76:]
		}
		b.WriteString(text + "\n")
	}
	return strings.ReplaceAll(b.String()+"--b--\n", "\n", "\r\n")
}

// arrives takes a mail in at a door, unread.
func (r *room) arrives(source, raw string) register.ID {
	r.t.Helper()
	w, err := r.intake.Archive.Create(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	if _, err := w.Write([]byte(raw)); err != nil {
		r.t.Fatal(err)
	}
	got, err := r.intake.Take(r.t.Context(), []ingest.Post{{Original: w, Channel: register.Email, Source: source, ReceivedAt: r.clock.Now(), Basis: register.InternalDate}})
	if err != nil || got[0].Err != nil {
		r.t.Fatal(err, got)
	}
	return got[0].ID
}

// TestScannersSendScans: each file in a scanner's mail is a letter, received
// with the mail; the mail itself asks for nothing, and nobody is answered.
func TestScannersSendScans(t *testing.T) {
	t.Parallel()
	for name, door := range map[string]struct{ source, from string }{
		"by address": {"complaints", "scanner@landlord.example"}, "by mailbox": {"scans", "forged copier@elsewhere.example"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRoom(t)
			files := []string{"scans/17-born-digital.pdf", "scans/05-scrappy-note-200dpi.jpg"}
			id := r.arrives(door.source, scannersMail(t, door.from, files...))
			if err := r.scanners(nil).Read(t.Context(), []register.ID{id}); err != nil {
				t.Fatal(err)
			}
			mail := r.message(id)
			letters, err := r.register.PartsOf(t.Context(), id)
			if err != nil || mail.State != register.Split || len(letters) != 2 || len(r.all()) != 3 {
				t.Fatalf("the mail is %s, %d letters, %v", mail.State, len(letters), err)
			}
			sizes := map[int64]bool{fileSize(t, files[0]): true, fileSize(t, files[1]): true}
			for _, l := range letters {
				if l.Channel != register.Letter || l.State != register.Arrived || !l.ReceivedAt.Equal(mail.ReceivedAt) || l.Basis != register.InternalDate || l.Source != door.source {
					t.Errorf("%+v", l)
				}
				if !sizes[l.Size] {
					t.Errorf("a letter of %d bytes", l.Size)
				}
				delete(sizes, l.Size)
			}
			if owed, err := r.register.Outgoings(t.Context(), 10); err != nil || len(owed) != 0 {
				t.Errorf("owed %+v, %v", owed, err)
			}
			if depth, err := r.intake.Queue.Depth(t.Context(), ingest.LetterLane); err != nil || depth.Ready != 2 {
				t.Errorf("%+v in the lane of letters: %v", depth, err)
			}
		})
	}
}

// TestScansThatStandInTheMail: some scanners call their scans inline.
func TestScansThatStandInTheMail(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	raw := strings.Replace(scannersMail(t, "copier@landlord.example", "scans/17-born-digital.pdf", "scans/05-scrappy-note-200dpi.jpg"),
		"Content-Disposition: attachment", "Content-Disposition: inline", 1)
	id := r.arrives("scans", raw)
	if err := r.scanners(nil).Read(t.Context(), []register.ID{id}); err != nil {
		t.Fatal(err)
	}
	if letters, err := r.register.PartsOf(t.Context(), id); err != nil || len(letters) != 2 {
		t.Errorf("%d letters: %v", len(letters), err)
	}
}

func fileSize(t *testing.T, name string) int64 {
	t.Helper()
	info, err := os.Stat("scan/testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// TestScannersMailsThatAreNone: what holds no scan waits for a person, and
// somebody who only claims to be a scanner is an ordinary sender.
func TestScannersMailsThatAreNone(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	empty := r.arrives("scans", scannersMail(t, "forged copier@elsewhere.example"))
	forged := r.arrives("complaints", scannersMail(t, "forged scanner@landlord.example", "scans/17-born-digital.pdf"))
	if err := r.scanners(nil).Read(t.Context(), []register.ID{empty, forged}); err != nil {
		t.Fatal(err)
	}
	if m := r.message(empty); m.State != register.InReview || !strings.Contains(m.Problem, "holds no scan") || m.Reading.DoNotAnswer == "" {
		t.Errorf("%s %q", m.State, m.Problem)
	}
	if m := r.message(forged); m.State == register.Split || len(r.all()) != 2 {
		t.Errorf("a forged scanner's mail is %s", m.State)
	}
	// The fail-safe answers no scanner either.
	r.clock.Set(r.message(empty).FailsafeAt)
	opened, err := r.register.Failsafe(t.Context(), []register.ID{empty})
	if err != nil || len(opened[0].Owed) != 0 {
		t.Errorf("the fail-safe owes %+v, %v", opened, err)
	}
}

// TestAScannersMailKilled: whatever step the reader is stopped at, its scans
// are letters, once.
func TestAScannersMailKilled(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"reading", "split"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			r := newRoom(t)
			id := r.arrives("scans", scannersMail(t, "copier@landlord.example", "scans/17-born-digital.pdf"))
			func() {
				defer func() { _ = recover() }()
				_ = r.scanners(func(name string) {
					if name == step {
						panic("killed")
					}
				}).Read(t.Context(), []register.ID{id})
				t.Error("nothing was stopped")
			}()
			r.clock.Advance(time.Hour) // the lease of the killed one ends
			if err := r.scanners(nil).Read(t.Context(), []register.ID{id}); err != nil {
				t.Fatal(err)
			}
			if letters, err := r.register.PartsOf(t.Context(), id); err != nil || len(letters) != 1 || len(r.all()) != 2 || r.message(id).State != register.Split {
				t.Errorf("%d letters of %d messages, the mail is %s: %v", len(letters), len(r.all()), r.message(id).State, err)
			}
		})
	}
}
