package register

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func openFile(t *testing.T, path string) (*Register, error) {
	t.Helper()
	r, err := Connect(t.Context(), Config{Driver: "sqlite", DSN: path, Now: time.Now})
	if err == nil {
		t.Cleanup(func() { _ = r.Close() })
	}
	return r, err
}

// A SQLite file goes on taking writes when it is removed, and all of them are
// gone when the process ends.
func TestARegisterThatWasMovedIsNotWritable(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "register.db")
	r, err := openFile(t, path)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Writable(t.Context()); err != nil {
		t.Fatalf("where it was: %v", err)
	}
	if err := os.Rename(path, path+".away"); err != nil {
		t.Fatal(err)
	}
	if err := r.Writable(t.Context()); !errors.Is(err, ErrMoved) {
		t.Errorf("moved: %v", err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := r.Writable(t.Context()); !errors.Is(err, ErrMoved) {
		t.Errorf("replaced: %v", err)
	}
	if err := os.Rename(path+".away", path); err != nil {
		t.Fatal(err)
	}
	if err := r.Writable(t.Context()); err != nil {
		t.Errorf("back: %v", err)
	}
}

func TestADamagedRegisterSaysWhatToDo(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "register.db")
	if err := os.WriteFile(path, []byte(strings.Repeat("no register ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := openFile(t, path)
	if err == nil || !strings.Contains(err.Error(), "postroom restore") || strings.Contains(err.Error(), "goes on by itself") || strings.Count(err.Error(), restoreIt) != 1 {
		t.Errorf("%v", err)
	}
}
