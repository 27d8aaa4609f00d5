package ingest

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"postroom/internal/register"
)

// A tray is a scan folder and its door.
type tray struct {
	*desk
	path string
	door *FolderDoor
}

func newTray(tb testing.TB) *tray {
	tb.Helper()
	t := &tray{desk: newDesk(tb), path: tb.TempDir()}
	t.reopen()
	return t
}

// reopen is a restart: a door that remembers nothing.
func (t *tray) reopen() {
	t.door = NewFolderDoor(ScanFolder{Name: "scans", Path: t.path, Most: 1 << 20}, t.intake)
}

func (t *tray) put(name, content string) {
	t.Helper()
	file := filepath.Join(t.path, name)
	t.must(os.WriteFile(file, []byte(content), 0o600))
	t.must(os.Chtimes(file, t.clock.Now(), t.clock.Now()))
}

// look looks twice, with the time between that makes a file stable.
func (t *tray) look() int {
	t.Helper()
	_, err := t.door.Look(t.Context())
	t.must(err)
	t.clock.Advance(10 * time.Second)
	n, err := t.door.Look(t.Context())
	t.must(err)
	return n
}

// names lists the files of a folder, with the words of a reason.
func (t *tray) names(folder string) string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(t.path, folder))
	t.must(err)
	var names []string
	for _, e := range entries {
		if !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return strings.Join(names, " ")
}

func (t *tray) want(folder, names string) {
	t.Helper()
	if got := t.names(folder); got != names {
		t.Errorf("in %s: %q, want %q", folder, got, names)
	}
}

func TestScansAreTaken(t *testing.T) {
	t.Parallel()
	d := newTray(t)
	d.put("scan0001.pdf", "one")
	d.put("scan0002.pdf", "two")
	at := d.clock.Now()
	d.look()
	d.want("done", "scan0001.pdf scan0002.pdf")
	d.want(".", "")
	d.want("working", "")
	ms := d.messages()
	if len(ms) != 2 {
		t.Fatalf("%d messages", len(ms))
	}
	for _, m := range ms {
		if m.Channel != register.Letter || m.Source != "scans" || m.Basis != register.FileTime || !m.ReceivedAt.Equal(at) || m.State != register.Arrived {
			t.Errorf("%+v", m)
		}
	}
	if depth, err := d.intake.Queue.Depth(t.Context(), LetterLane); err != nil || depth.Ready != 2 {
		t.Errorf("%+v in the lane of letters: %v", depth, err)
	}
}

// TestAFileNameIsNotLogged: a clerk may have called a scan after a resident.
func TestAFileNameIsNotLogged(t *testing.T) {
	t.Parallel()
	d := newTray(t)
	var log strings.Builder
	d.intake.Logger = slog.New(slog.NewTextHandler(&log, nil))
	d.reopen()
	d.put("Mrs Quill.pdf", "page")
	d.intake.Step = func(step string) {
		if step == "registered" {
			d.must(os.RemoveAll(filepath.Join(d.path, doneFolder)))
		}
	}
	d.look()
	if said := log.String(); !strings.Contains(said, "could not be moved on") || strings.Contains(said, "Quill") {
		t.Errorf("logged is %s", said)
	}
}

// TestWhatIsNeverTakenIn is said: a scanner that makes a folder for each day, or
// gives up a file, must not lose a letter in silence.
func TestWhatIsNeverTakenIn(t *testing.T) {
	t.Parallel()
	d := newTray(t)
	d.must(os.Mkdir(filepath.Join(d.path, "@eaDir"), 0o700))
	d.put("scan.pdf.filepart", "page")
	d.look()
	if d.door.left != "" {
		t.Errorf("of what may still come it is said: %s", d.door.left)
	}
	d.clock.Advance(2 * time.Hour)
	d.look()
	if !strings.Contains(d.door.left, "begun and never finished (1)") {
		t.Errorf("of an unfinished file it is said: %q", d.door.left)
	}
	d.must(os.Mkdir(filepath.Join(d.path, "2026-11-23"), 0o700))
	d.look()
	if !strings.Contains(d.door.left, "such folders (1)") {
		t.Errorf("of a folder it is said: %q", d.door.left)
	}
}

// TestGrowingScans: a scanner writes page by page, and what it has not
// finished is left alone.
func TestGrowingScans(t *testing.T) {
	t.Parallel()
	d := newTray(t)
	for page := range 4 {
		d.put("long.pdf", strings.Repeat("page", page+1))
		for range 3 {
			n, err := d.door.Look(t.Context())
			d.must(err)
			if n != 1 || d.names("done") != "" {
				t.Fatalf("page %d: %d wait; a file was taken while it grew", page, n)
			}
			d.clock.Advance(4 * time.Second)
		}
	}
	d.look()
	d.want("done", "long.pdf")
	if ms := d.messages(); len(ms) != 1 || d.original(ms[0]) != "pagepagepagepage" {
		t.Errorf("%d messages", len(ms))
	}
}

// TestScansThatGrowLater: a scanner that paused for too long writes on into the
// file that was taken. The whole is taken too.
func TestScansThatGrowLater(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"working", "archived", "registered"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			d := newTray(t)
			d.put("long.pdf", "page")
			grown := false
			d.intake.Step = func(name string) {
				if name == step && !grown && d.names("working") != "" {
					grown = true
					d.put("working/long.pdf", "pagepage")
					d.must(os.Chtimes(filepath.Join(d.path, "working", "long.pdf"), d.clock.Now(), d.clock.Now()))
				}
			}
			d.look()
			d.look()
			d.want("done", "long.pdf")
			d.want(".", "")
			whole, _ := d.originals()
			if !slices.Contains(whole, "pagepage") {
				t.Errorf("registered are %q", whole)
			}
		})
	}
}

// TestScanThatCannotBeRead: one bad file does not keep the others back.
func TestScanThatCannotBeRead(t *testing.T) {
	t.Parallel()
	d := newTray(t)
	for _, name := range []string{"a.pdf", "b.pdf", "c.pdf"} {
		d.put(name, name)
	}
	d.intake.Step = func(name string) {
		if name == "working" && d.names("working") != "" { // a folder opens, and cannot be read
			d.must(errors.Join(os.Remove(filepath.Join(d.path, "working", "b.pdf")), os.Mkdir(filepath.Join(d.path, "working", "b.pdf"), 0o700)))
		}
	}
	_, err := d.door.Look(t.Context())
	d.must(err)
	d.clock.Advance(10 * time.Second)
	if _, err := d.door.Look(t.Context()); err == nil {
		t.Error("nothing is said of the file that cannot be read")
	}
	d.want("done", "a.pdf c.pdf")
	d.wantWhole("a.pdf", "c.pdf")
}

// TestScansWithLongNames: names as long as they may be are met again, and a
// reason is written beside them.
func TestScansWithLongNames(t *testing.T) {
	t.Parallel()
	d := newTray(t)
	name := strings.Repeat("é", 125) + ".pdf"
	for _, content := range []string{"one", "two", "two"} {
		d.put(name, content)
		d.look()
	}
	d.want(".", "")
	d.want("working", "")
	stem := strings.Repeat("é", 118)
	d.want("done", strings.Repeat("é", 116)+" (2).pdf "+stem+".pdf")
	d.want("duplicates", stem+".pdf "+stem+".pdf.txt")
	d.wantWhole("one", "two")
}

func TestScansSeenBefore(t *testing.T) {
	t.Parallel()
	d := newTray(t)
	d.put("a.pdf", "the same")
	d.look()
	d.put("a.pdf", "the same")
	d.put("b.pdf", "another")
	d.look()
	d.want("done", "a.pdf b.pdf")
	d.want("duplicates", "a.pdf a.pdf.txt")
	reason, err := os.ReadFile(filepath.Join(d.path, "duplicates", "a.pdf.txt"))
	if err != nil || !strings.Contains(string(reason), "Its reference is CIT26-") {
		t.Errorf("%q %v", reason, err)
	}
	d.put("a.pdf", "the name again, another letter")
	d.look()
	d.want("done", "a (2).pdf a.pdf b.pdf")
	if n := len(d.messages()); n != 3 {
		t.Errorf("%d messages", n)
	}
}

func TestScansThatAreNone(t *testing.T) {
	t.Parallel()
	d := newTray(t)
	for _, name := range []string{".hidden.pdf", "Thumbs.db", "desktop.ini", "half.pdf.part", "upload.filepart", "~lock"} {
		d.put(name, "x")
	}
	d.must(os.Symlink("/etc/passwd", filepath.Join(d.path, "link.pdf")))
	d.must(os.Mkdir(filepath.Join(d.path, "sub"), 0o700))
	d.put("empty.pdf", "")
	d.put("huge.pdf", strings.Repeat("x", 1<<20+1))
	d.look()
	d.want(".", ".hidden.pdf Thumbs.db desktop.ini empty.pdf half.pdf.part link.pdf upload.filepart ~lock")
	d.want("done", "huge.pdf")
	d.clock.Advance(10 * time.Minute) // an empty file may be a scanner's that has not begun to write
	d.look()
	d.want("failed", "empty.pdf empty.pdf.txt")
	ms := d.messages()
	if len(ms) != 1 || ms[0].State != register.InReview || !strings.Contains(ms[0].Problem, "more than the limit") {
		t.Errorf("%+v", ms)
	}
}

// TestScansWithoutAFolder: a share that is away is a problem that is shown,
// and nothing is lost when it is back.
func TestScansWithoutAFolder(t *testing.T) {
	t.Parallel()
	d := newTray(t)
	d.must(os.RemoveAll(d.path))
	if _, err := d.door.Look(t.Context()); err == nil || !strings.Contains(err.Error(), "open scan folder") {
		t.Errorf("%v", err)
	}
	d.must(os.MkdirAll(d.path, 0o700))
	d.put("a.pdf", "a")
	d.look()
	d.want("done", "a.pdf")
}

// TestScansKilled: killed at every step, no file is lost and none comes twice.
func TestScansKilled(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"working", "archived", "registered", "hinted", "moved"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			d := newTray(t)
			const files = 2*folderBatch + 3
			for i := range files {
				d.put(fmt.Sprintf("s%02d.pdf", i), fmt.Sprintf("letter %d", i))
			}
			for kill := 1; kill <= 4; kill++ {
				d.killAt(step, kill)
				d.reopen()
			}
			d.intake.Step = nil
			d.look()
			d.look()
			var got []string
			for _, m := range d.messages() {
				got = append(got, d.original(m))
			}
			slices.Sort(got)
			if len(got) != files || len(slices.Compact(got)) != files {
				t.Errorf("%d messages for %d files: %q", len(got), files, got)
			}
			d.want(".", "")
			d.want("working", "")
			d.want("failed", "")
			if kept := len(strings.Fields(d.names("done"))); kept != files {
				t.Errorf("%d files in done", kept)
			}
		})
	}
}

// killAt looks until that step has come so often, and dies there.
func (t *tray) killAt(step string, times int) {
	t.Helper()
	defer func() { _ = recover() }()
	t.intake.Step = func(name string) {
		if name == step {
			if times--; times == 0 {
				panic("killed")
			}
		}
	}
	_, _ = t.door.Look(t.Context())
	t.clock.Advance(10 * time.Second)
	_, _ = t.door.Look(t.Context())
}

// TestFolderDoorRuns: it shows on the status page that it looks, and what is
// wrong, and ends when it is told to.
func TestFolderDoorRuns(t *testing.T) {
	t.Parallel()
	d := newTray(t)
	d.door.folder.Poll = time.Millisecond
	d.door.folder.Problem = func() string { return "tesseract is not installed" }
	d.must(os.Mkdir(filepath.Join(d.path, "done"), 0o700))
	d.put("a.pdf", "a")
	ended := make(chan error, 1)
	ctx := t.Context()
	go func() { ended <- d.door.Run(ctx) }()
	deadline := time.Now().Add(5 * time.Minute)
	for d.names("done") != "a.pdf" && time.Now().Before(deadline) {
		d.clock.Advance(10 * time.Second)
		pause(ctx, time.Millisecond)
	}
	d.want("done", "a.pdf")
	s, err := d.intake.Register.Status(ctx)
	d.must(err)
	if len(s.Mailboxes) != 1 || s.Mailboxes[0].Mailbox != "scans" || s.Mailboxes[0].Problem != "tesseract is not installed" {
		t.Errorf("%+v", s.Mailboxes)
	}
	t.Cleanup(func() {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
