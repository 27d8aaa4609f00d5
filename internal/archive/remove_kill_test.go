package archive_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postroom/internal/archive"
)

// A kill between taking a file out of reach and the answer whether it is needed
// leaves it where the next call finds it, however old it is and however often
// the archive is opened meanwhile.
func TestAKillWhileAFileIsAsideLosesNothing(t *testing.T) {
	t.Parallel()
	a, dir := open(t)
	s, err := a.Put(t.Context(), strings.NewReader("a letter"))
	if err != nil {
		t.Fatal(err)
	}
	long := time.Now().Add(-48 * time.Hour)
	if err := os.Chtimes(filepath.Join(dir, s.SHA256[:2], s.SHA256), long, long); err != nil {
		t.Fatal(err)
	}
	func() {
		defer func() { _ = recover() }() // as a kill leaves it
		_, _ = a.Remove(t.Context(), s.SHA256, func() (bool, error) { panic("killed") })
	}()
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	for _, needed := range []bool{true, false} {
		a, err := archive.Open(dir, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		gone, err := a.Remove(t.Context(), s.SHA256, func() (bool, error) { return needed, nil })
		if verified := a.Verify(t.Context(), s.SHA256); gone == needed || err != nil || needed != (verified == nil) {
			t.Errorf("needed %v: gone %v, %v; and then: %v", needed, gone, err, verified)
		}
		if left, _ := os.ReadDir(filepath.Join(dir, "work")); len(left) > 0 {
			t.Errorf("needed %v: left aside: %v", needed, left)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
}
