package archive_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postroom/internal/archive"
)

func put(t *testing.T, a *archive.Archive, content string) archive.Stored {
	t.Helper()
	s, err := a.Put(t.Context(), strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func unfinished(t *testing.T, dir string) int {
	t.Helper()
	left, err := os.ReadDir(filepath.Join(dir, "work"))
	if err != nil {
		t.Fatal(err)
	}
	return len(left)
}

func TestDamageOfTheSameSizeIsMendedByPuttingAgain(t *testing.T) {
	t.Parallel()
	a, dir := open(t)
	s := put(t, a, "a letter")
	if err := os.WriteFile(filepath.Join(dir, s.SHA256[:2], s.SHA256), []byte("a lettet"), 0o600); err != nil {
		t.Fatal(err)
	}
	if again := put(t, a, "a letter"); !again.New {
		t.Error("the damaged file was taken for the content")
	}
	if err := a.Verify(t.Context(), s.SHA256); err != nil {
		t.Error(err)
	}
}

func TestSymbolicLinksNeverLeadOut(t *testing.T) {
	t.Parallel()
	a, dir := open(t)
	outside := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	name := strings.Repeat("a", 64)
	if err := os.Symlink(outside, filepath.Join(dir, "aa", name)); err != nil {
		t.Fatal(err)
	}
	if f, err := a.Get(t.Context(), name); err == nil {
		t.Error("a link out of the folder was followed", f.Close())
	}
}

func TestPutAllStoresEachOnce(t *testing.T) {
	t.Parallel()
	a, dir := open(t)
	contents := []string{"one", "two", "one", ""}
	readers := make([]io.Reader, len(contents))
	for i, c := range contents {
		readers[i] = strings.NewReader(c)
	}
	stored, err := a.PutAll(t.Context(), readers)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range contents {
		sum := sha256.Sum256([]byte(c))
		if stored[i].SHA256 != hex.EncodeToString(sum[:]) || stored[i].New != (i != 2) {
			t.Errorf("%q: %+v", c, stored[i])
		}
		if err := a.Verify(t.Context(), stored[i].SHA256); err != nil {
			t.Error(err)
		}
	}
	if n := unfinished(t, dir); n != 0 {
		t.Errorf("%d files are left over", n)
	}
}

func TestABrokenReaderSpoilsItsBatchAndLeavesNothing(t *testing.T) {
	t.Parallel()
	a, dir := open(t)
	_, err := a.PutAll(t.Context(), []io.Reader{strings.NewReader("one"), errReader{}})
	if err == nil || unfinished(t, dir) != 0 {
		t.Errorf("%d left, %v", unfinished(t, dir), err)
	}
}

func TestAWriterEndsOnce(t *testing.T) {
	t.Parallel()
	a, dir := open(t)
	w, err := a.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, "a letter"); err != nil {
		t.Fatal(err)
	}
	s, err := w.Commit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.Abort()
	if err := a.Verify(t.Context(), s.SHA256); err != nil {
		t.Errorf("abort after commit threw the file away: %v", err)
	}
	if _, err := w.Commit(t.Context()); err == nil {
		t.Error("committed twice")
	}
	if _, err := io.WriteString(w, "more"); err == nil {
		t.Error("wrote after the end")
	}

	aborted, err := a.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	aborted.Abort()
	fresh, err := a.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Commit(t.Context(), []*archive.Writer{fresh, aborted}); err == nil || unfinished(t, dir) != 0 {
		t.Errorf("a batch with an aborted file: %v, %d left", err, unfinished(t, dir))
	}
}

func TestACancelledContextStoresNothing(t *testing.T) {
	t.Parallel()
	a, dir := open(t)
	w, err := a.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	endless := io.MultiReader(strings.NewReader("begun"), readerFunc(func(p []byte) (int, error) {
		cancel()
		return len(p), nil
	}))
	if _, err := a.Put(ctx, endless); !errors.Is(err, context.Canceled) {
		t.Errorf("put: %v", err)
	}
	if _, err := w.Commit(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("commit: %v", err)
	}
	if n := unfinished(t, dir); n != 0 {
		t.Errorf("%d files are left over", n)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// TestKilledProcess kills a process that stores without end, several times:
// what it said it had stored must be there and whole, and every name in the
// archive must be that of its content.
func TestKilledProcess(t *testing.T) {
	if dir := os.Getenv("ARCHIVE_TEST_CHILD"); dir != "" {
		a, err := archive.Open(dir, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		storeUntilKilled(t, a)
		return
	}
	t.Parallel()
	_, dir := open(t)
	for round := range 4 {
		said := killAfter(t, 20+round*35, "ARCHIVE_TEST_CHILD="+dir)
		a, err := archive.Open(dir, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range said {
			if err := a.Verify(t.Context(), name); err != nil {
				t.Error(err)
			}
		}
		if err := a.Walk(t.Context(), func(name string) error { return a.Verify(t.Context(), name) }); err != nil {
			t.Error(err)
		}
	}
	if _, err := archive.Open(dir, time.Now().Add(25*time.Hour)); err != nil || unfinished(t, dir) != 0 {
		t.Errorf("%d files are left over, %v", unfinished(t, dir), err)
	}
}

// killAfter kills the child once it has said so many names, and gives them all.
func killAfter(t *testing.T, names int, environment ...string) []string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), self, "-test.run=^"+t.Name()+"$", "-test.v")
	child.Env = append(os.Environ(), environment...)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var said []string
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if name, ok := strings.CutPrefix(lines.Text(), "stored "); ok && len(name) == 64 {
			said = append(said, name)
		}
		if len(said) == names {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := child.Wait(); err == nil || len(said) < names {
		t.Fatalf("the child ended by itself after %d names: %v", len(said), err)
	}
	return said
}

func storeUntilKilled(t *testing.T, a *archive.Archive) {
	t.Helper()
	for i := range 100_000 {
		content := bytes.Repeat([]byte(fmt.Sprint(os.Getpid(), " ", i, "\n")), 4000)
		s, err := a.Put(t.Context(), bytes.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println("stored", s.SHA256)
	}
}
