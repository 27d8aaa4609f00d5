package archive_test

import (
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"postroom/internal/archive"
)

func TestRemoveAsksBeforeTheFileIsGone(t *testing.T) {
	t.Parallel()
	broken := errors.New("the register does not answer")
	for _, c := range []struct {
		name         string
		needed       bool
		err          error
		gone, stands bool
	}{
		{"nobody needs it", false, nil, true, false},
		{"somebody needs it", true, nil, false, true},
		{"nobody can say", false, broken, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a, dir := open(t)
			s, err := a.Put(t.Context(), strings.NewReader("a letter"))
			if err != nil {
				t.Fatal(err)
			}
			gone, err := a.Remove(t.Context(), s.SHA256, func() (bool, error) {
				if err := a.Verify(t.Context(), s.SHA256); !errors.Is(err, archive.ErrNotFound) {
					t.Errorf("it is within reach while the question is asked: %v", err)
				}
				return c.needed, c.err
			})
			if gone != c.gone || !errors.Is(err, c.err) {
				t.Errorf("gone %v, %v; want %v, %v", gone, err, c.gone, c.err)
			}
			if err := a.Verify(t.Context(), s.SHA256); (err == nil) != c.stands {
				t.Errorf("afterwards: %v", err)
			}
			if left, _ := os.ReadDir(filepath.Join(dir, "work")); len(left) > 0 {
				t.Errorf("left aside: %v", left)
			}
			if err := a.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestRemovingWhatIsNotThere(t *testing.T) {
	t.Parallel()
	a, _ := open(t)
	no := func() (bool, error) { return false, nil }
	if gone, err := a.Remove(t.Context(), strings.Repeat("ab", 32), no); !gone || err != nil {
		t.Errorf("a file that is not there: %v, %v", gone, err)
	}
	if gone, err := a.Remove(t.Context(), "../../etc/passwd", no); gone || !errors.Is(err, archive.ErrNotFound) {
		t.Errorf("no name of an archive: %v, %v", gone, err)
	}
}

func TestCopyOut(t *testing.T) {
	t.Parallel()
	a, dir := open(t)
	s, err := a.Put(t.Context(), strings.NewReader("a letter"))
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{t.TempDir(), elsewhere(t)} {
		to := filepath.Join(folder, "copy")
		size, err := a.CopyOut(t.Context(), s.SHA256, to)
		if got, readErr := os.ReadFile(to); err != nil || readErr != nil || string(got) != "a letter" || size != s.Size {
			t.Errorf("%s: %q, %d bytes, %v, %v", to, got, size, err, readErr)
		}
		if _, err := a.CopyOut(t.Context(), s.SHA256, to); err == nil {
			t.Error("wrote over a file")
		}
	}
	name := filepath.Join(dir, s.SHA256[:2], s.SHA256)
	if err := errors.Join(os.Remove(name), os.WriteFile(name, []byte("a lettuce"), 0o600)); err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(elsewhere(t), "damaged")
	if _, err := a.CopyOut(t.Context(), s.SHA256, to); sameDevice(t, dir, to) == (err != nil) {
		t.Errorf("a damaged file was copied: %v", err)
	}
	if _, err := a.CopyOut(t.Context(), strings.Repeat("ab", 32), to); !errors.Is(err, archive.ErrNotFound) {
		t.Error(err)
	}
}

// elsewhere is a folder on another file system, where the machine has one.
func elsewhere(t *testing.T) string {
	t.Helper()
	folder := filepath.Join("/dev/shm", "archive-"+rand.Text())
	if err := os.Mkdir(folder, 0o700); err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}

// sameDevice reports whether a second name can be had there.
func sameDevice(t *testing.T, dir, to string) bool {
	t.Helper()
	probe := filepath.Join(dir, "probe")
	if err := os.WriteFile(probe, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return os.Link(probe, to+".probe") == nil
}
