package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postroom/ingest"
	"postroom/internal/register"
)

// write makes a file of a backlog, and the folders that it lies in.
func write(t *testing.T, text string, path ...string) string {
	t.Helper()
	name := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// backlog takes in paths and returns the tally and what was named.
func (r *room) backlog(ctx context.Context, change func(*ingest.Backlog), paths ...string) (t ingest.Tally, trouble, others []string, err error) {
	r.t.Helper()
	named := func(name string, why error) { trouble = append(trouble, name+": "+why.Error()) }
	files := ingest.FindBacklog(paths, func(path string) { others = append(others, path) }, named)
	b := &ingest.Backlog{Intake: r.intake, Reader: r.reader, Source: "import", Trouble: named, Progress: func(ingest.Tally) {}}
	if change != nil {
		change(b)
	}
	t, err = b.TakeIn(ctx, files)
	return t, trouble, others, err
}

func (r *room) subjects() map[string]register.Message {
	r.t.Helper()
	all, err := r.register.Messages(r.t.Context(), time.Time{}, 1000)
	if err != nil {
		r.t.Fatal(err)
	}
	found := map[string]register.Message{}
	for _, m := range all {
		found[m.Reading.Subject] = m
	}
	return found
}

func TestBacklog(t *testing.T) {
	t.Parallel()
	r, dir := newRoom(t), t.TempDir()
	old := func(subject string) string {
		return mail{from: "jo@example.net", id: subject + "@example.net", subject: subject, text: grievance}.raw(0)
	}
	write(t, old("eml"), dir, "2024", "one.eml")
	write(t, old("capitals"), dir, "2024", "TWO.EML")
	write(t, old("nameless"), dir, "2024", "3")
	write(t, "", dir, "2024", "empty.eml")
	write(t, "minutes of a meeting\n", dir, "2024", "notes.txt")
	for _, part := range []string{"cur/1.a:2,S", "new/2.a", ".Junk/cur/3.a:2,S"} {
		write(t, old("maildir "+part[:3]), dir, "box", part)
	}
	for _, folder := range []string{"box", "box/.Junk"} {
		for _, part := range []string{"cur", "new", "tmp"} {
			if err := os.MkdirAll(filepath.Join(dir, folder, part), 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	write(t, old("unfinished"), dir, "box", "tmp", "4.a")
	write(t, "From jo@example.net Mon Mar  4 10:00:00 2024\n"+old("mbox 1")+"\n\nFrom jo@example.net Tue Mar  5 10:00:00 2024\nFrom: jo@example.net\nSubject: mbox 2\n\n>From then on it leaked.\n", dir, "mbox")
	if err := os.Symlink("nowhere", filepath.Join(dir, "dangling.eml")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(dir, filepath.Join(dir, "circle")); err != nil {
		t.Fatal(err)
	}
	tally, trouble, others, err := r.backlog(t.Context(), nil, dir, filepath.Join(dir, "2024", "one.eml"), filepath.Join(dir, "2024", "notes.txt"), filepath.Join(dir, "missing"))
	if err != nil {
		t.Fatal(err)
	}
	if tally.New != 8 || tally.Known != 0 || tally.Done != tally.Bytes {
		t.Errorf("%+v", tally)
	}
	if len(others) != 1 || !strings.HasSuffix(others[0], "notes.txt") {
		t.Errorf("left alone: %q", others)
	}
	if got := strings.Join(trouble, "\n"); len(trouble) != 4 || !strings.Contains(got, "empty.eml: it is empty") || !strings.Contains(got, "dangling.eml: ") ||
		!strings.Contains(got, "notes.txt: it is neither") || !strings.Contains(got, "missing: ") {
		t.Errorf("trouble:\n%s", got)
	}
	found := r.subjects()
	for subject, m := range found {
		if !m.History || m.State != register.Recorded || m.Junk != (subject == "maildir .Ju") {
			t.Errorf("%q: history %t, state %s, junk %t", subject, m.History, m.State, m.Junk)
		}
	}
	if m := found["mbox 2"]; m.ReceivedAt != time.Date(2024, 3, 5, 10, 0, 0, 0, time.UTC) || !strings.Contains(m.Reading.Text, "\nFrom then") && !strings.HasPrefix(m.Reading.Text, "From then") {
		t.Errorf("received at %v: %q", m.ReceivedAt, m.Reading.Text)
	}
	if m := found["mbox 1"]; m.ReceivedAt != time.Date(2024, 3, 4, 10, 0, 0, 0, time.UTC) {
		t.Errorf("a separator earlier than the Received header: %v", m.ReceivedAt)
	}
	if owed, err := r.register.Outgoings(t.Context(), 10); err != nil || len(owed) != 0 {
		t.Errorf("history owes %v, %v", owed, err)
	}
	if again, _, _, err := r.backlog(t.Context(), nil, dir); err != nil || again.New != 0 || again.Known != 8 {
		t.Errorf("taken in again: %+v, %v", again, err)
	}
}

// TestBacklogOfScans: old scans are registered as history, each once, and read
// by the reader of letters; what is doubtful in them waits for nobody.
func TestBacklogOfScans(t *testing.T) {
	t.Parallel()
	needsPrograms(t)
	r, dir := newRoom(t), t.TempDir()
	for _, name := range []string{"17-born-digital.pdf", "05-scrappy-note-200dpi.jpg"} {
		data, err := os.ReadFile("scan/testdata/scans/" + name)
		if err != nil {
			t.Fatal(err)
		}
		file := write(t, string(data), dir, "2019", name)
		if err := os.Chtimes(file, time.Time{}, time.Date(2019, 5, 6, 9, 0, 0, 0, time.UTC)); err != nil {
			t.Fatal(err)
		}
	}
	write(t, "minutes of a meeting\n", dir, "2019", "notes.txt")
	tally, trouble, others, err := r.backlog(t.Context(), nil, dir)
	if err != nil || tally.Scans != 2 || tally.New != 0 || tally.Done != tally.Bytes || len(trouble) != 0 || len(others) != 1 {
		t.Fatalf("%+v, %q, %q, %v", tally, trouble, others, err)
	}
	if again, _, _, err := r.backlog(t.Context(), nil, dir); err != nil || again.Scans != 0 || again.Known != 2 {
		t.Errorf("taken in again: %+v, %v", again, err)
	}
	ids, err := r.register.UnreadLetters(t.Context(), 10)
	if err != nil || len(ids) != 2 {
		t.Fatalf("%d unread, %v", len(ids), err)
	}
	if err := r.letters("", nil).Read(t.Context(), ids); err != nil {
		t.Fatal(err)
	}
	for _, m := range r.all() {
		if !m.History || m.State != register.Recorded || m.Channel != register.Letter || m.ReceivedAt.Year() != 2019 || m.Reading.Text == "" {
			t.Errorf("%s %q, received %v, history %v", m.State, m.Problem, m.ReceivedAt, m.History)
		}
	}
}

// TestBacklogStopped stops after a batch and goes on: each mail is there once.
func TestBacklogStopped(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	var box strings.Builder
	for i := range 100 {
		fmt.Fprintf(&box, "From jo@example.net Mon Mar  4 10:00:%02d 2024\nFrom: jo@example.net\nSubject: mail %d\n\nthe lift is broken, %d\n\n", i%60, i, i)
	}
	file := write(t, box.String(), t.TempDir(), "old.mbox")
	ctx, stop := context.WithCancel(t.Context())
	first, _, _, err := r.backlog(ctx, func(b *ingest.Backlog) { b.Progress = func(ingest.Tally) { stop() } }, file)
	if !errors.Is(err, context.Canceled) || first.New == 0 || first.New == 100 {
		t.Fatalf("%+v, %v", first, err)
	}
	second, _, _, err := r.backlog(t.Context(), nil, file)
	if err != nil || second.Known != first.New || second.New != 100-first.New || second.Done != second.Bytes {
		t.Errorf("first %+v, second %+v, %v", first, second, err)
	}
	if found := r.subjects(); len(found) != 100 {
		t.Errorf("%d mails", len(found))
	}
}

// TestBacklogOwed answers a backlog like new post, but for the junk.
func TestBacklogOwed(t *testing.T) {
	t.Parallel()
	r, dir := newRoom(t), t.TempDir()
	write(t, mail{from: "jo@example.net", id: "a@example.net", subject: "good", text: grievance}.raw(0), dir, "good.eml")
	write(t, mail{from: "jo@example.net", id: "b@example.net", subject: "bad", text: grievance}.raw(0), dir, "Spam", "bad.eml")
	write(t, "From: jo@example.net\nSubject: broken\nContent-Type: multipart/encrypted; boundary=b\n\n--b\nContent-Type: application/octet-stream\n\nsecret\n--b--\n", dir, "broken.eml")
	tally, trouble, _, err := r.backlog(t.Context(), func(b *ingest.Backlog) { b.Owed = true }, dir)
	if err != nil || tally.New != 3 || tally.People != 2 || len(trouble) != 0 {
		t.Fatalf("%+v, %q, %v", tally, trouble, err)
	}
	found := r.subjects()
	if m := found["good"]; m.History || m.State != register.Filed {
		t.Errorf("a complaint is %s", m.State)
	}
	if m := found["bad"]; m.State != register.InReview || !m.Junk {
		t.Errorf("junk is %s", m.State)
	}
}
