package archive_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"postroom/internal/archive"
)

func open(tb testing.TB) (*archive.Archive, string) {
	tb.Helper()
	dir := filepath.Join(tb.TempDir(), "archive")
	a, err := archive.Open(dir, time.Now())
	if err != nil {
		tb.Fatal(err)
	}
	return a, dir
}

func TestPutThenGet(t *testing.T) {
	t.Parallel()
	a, dir := open(t)
	for _, content := range []string{"", "a letter", strings.Repeat("long ", 100_000)} {
		s, err := a.Put(t.Context(), strings.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256([]byte(content))
		if s.SHA256 != hex.EncodeToString(sum[:]) || s.Size != int64(len(content)) || !s.New {
			t.Errorf("stored %+v", s)
		}
		f, err := a.Get(t.Context(), s.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(f)
		if err = errors.Join(err, f.Close()); err != nil || string(got) != content {
			t.Errorf("got %d bytes, %v", len(got), err)
		}
		if again, err := a.Put(t.Context(), strings.NewReader(content)); err != nil || again.New || again.SHA256 != s.SHA256 {
			t.Errorf("again %+v %v", again, err)
		}
		if err := a.Verify(t.Context(), s.SHA256); err != nil {
			t.Error(err)
		}
		info, err := os.Stat(filepath.Join(dir, s.SHA256[:2], s.SHA256))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v %v", info, err)
		}
	}
}

func TestNamesNeverLeadOut(t *testing.T) {
	t.Parallel()
	a, _ := open(t)
	for _, name := range []string{"", "../../etc/passwd", strings.Repeat("g", 64), strings.Repeat("A", 64), "ab/" + strings.Repeat("a", 61), strings.Repeat("a", 64)} {
		if _, err := a.Get(t.Context(), name); !errors.Is(err, archive.ErrNotFound) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestDamageIsFound(t *testing.T) {
	t.Parallel()
	a, dir := open(t)
	s, err := a.Put(t.Context(), strings.NewReader("a letter"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, s.SHA256[:2], s.SHA256), []byte("another"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := a.Verify(t.Context(), s.SHA256); !errors.Is(err, archive.ErrDamaged) {
		t.Errorf("damage: %v", err)
	}
	// A file cut short by a crash of the file system is replaced by the whole one.
	if again, err := a.Put(t.Context(), strings.NewReader("a letter")); err != nil || !again.New {
		t.Errorf("again %+v %v", again, err)
	}
	if err := a.Verify(t.Context(), s.SHA256); err != nil {
		t.Error(err)
	}
}

func TestABrokenReaderLeavesNothing(t *testing.T) {
	t.Parallel()
	a, dir := open(t)
	broken := io.MultiReader(strings.NewReader("half"), errReader{})
	if _, err := a.Put(t.Context(), broken); err == nil {
		t.Error("a broken reader was stored")
	}
	left, err := os.ReadDir(filepath.Join(dir, "work"))
	if err != nil || len(left) != 0 {
		t.Errorf("left over: %v %v", left, err)
	}
	if err := a.Walk(t.Context(), func(name string) error { return fmt.Errorf("found %s", name) }); err != nil {
		t.Error(err)
	}
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, errors.New("cut off") }

func TestLeftoversOfACrashAreSwept(t *testing.T) {
	t.Parallel()
	a, dir := open(t)
	if _, err := a.Create(t.Context()); err != nil {
		t.Fatal(err)
	}
	count := func() int {
		left, err := os.ReadDir(filepath.Join(dir, "work"))
		if err != nil {
			t.Fatal(err)
		}
		return len(left)
	}
	if _, err := archive.Open(dir, time.Now()); err != nil || count() != 1 {
		t.Errorf("another process's work was swept: %d left, %v", count(), err)
	}
	if _, err := archive.Open(dir, time.Now().Add(25*time.Hour)); err != nil || count() != 0 {
		t.Errorf("%d left, %v", count(), err)
	}
}

func TestManyAtOnceEndAsOneFileEach(t *testing.T) {
	t.Parallel()
	a, _ := open(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			var ws []*archive.Writer
			for i := range 20 {
				w, err := a.Create(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = fmt.Fprint(w, "content ", i)
				ws = append(ws, w)
			}
			if _, err := a.Commit(t.Context(), ws); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	names := 0
	err := a.Walk(t.Context(), func(name string) error {
		names++
		return a.Verify(t.Context(), name)
	})
	if err != nil || names != 20 {
		t.Errorf("%d files, %v", names, err)
	}
}

func TestAFolderThatCannotBeWrittenSaysWhatToDo(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := archive.Open(file, time.Now()); err == nil {
		t.Error("a file was opened as an archive")
	}
}
