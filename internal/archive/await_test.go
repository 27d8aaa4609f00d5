package archive_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"postroom/internal/archive"
)

// What another machine wrote shows up on shared storage after a while: it is
// waited for, and not for ever.
func TestAFileThatIsNotVisibleYetIsWaitedFor(t *testing.T) {
	t.Parallel()
	a, dir := open(t)
	s, err := a.Put(t.Context(), strings.NewReader("a letter"))
	if err != nil {
		t.Fatal(err)
	}
	there, elsewhere := filepath.Join(dir, s.SHA256[:2], s.SHA256), filepath.Join(dir, "elsewhere")
	if err := os.Rename(there, elsewhere); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		if f, err := a.Await(t.Context(), s.SHA256, 5*time.Second); !errors.Is(err, archive.ErrNotFound) || time.Since(begun) != 5*time.Second {
			t.Errorf("got %v, %v after %v", f, err, time.Since(begun))
		}
		go func() {
			time.Sleep(3 * time.Second)
			if err := os.Rename(elsewhere, there); err != nil {
				t.Error(err)
			}
		}()
		f, err := a.Await(t.Context(), s.SHA256, 5*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
		begun = time.Now()
		if _, err := a.Await(t.Context(), "no name", 5*time.Second); !errors.Is(err, archive.ErrNotFound) || time.Since(begun) > 0 {
			t.Errorf("what is no name was waited for: %v", err)
		}
	})
}
