package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A register that is gone, as when its disk is not mounted, is not begun anew
// beside the originals of the old one: everybody would be answered again.
func TestARegisterThatIsGoneIsNotBegunAnew(t *testing.T) {
	t.Parallel()
	w := newTown(t, townPlan{})
	w.post(1)
	p := w.serve("")
	w.until(p, "it serves", func() bool { return strings.Contains(p.log.String(), "postroom serves") })
	w.answered(p)
	p.stop(t)
	if said := "there was no register: a new one was made"; !strings.Contains(p.log.String(), said) {
		t.Errorf("the first start does not say: %s\n%s", said, p.log.String())
	}

	w.must(w.beside.Close())
	files, err := filepath.Glob(filepath.Join(w.folder, "data", "register.db*"))
	w.must(err)
	away := t.TempDir()
	for _, file := range files {
		w.must(os.Rename(file, filepath.Join(away, filepath.Base(file))))
	}
	p = w.serve("")
	select {
	case err := <-p.over:
		if err == nil || !strings.Contains(p.log.String(), "Is the disk mounted") {
			t.Errorf("ended: %v\n%s", err, p.log.String())
		}
	case <-time.After(patience):
		t.Fatal("serves with a new register\n" + p.ended())
	}
	if _, err := os.Stat(filepath.Join(w.folder, "data", "register.db")); !os.IsNotExist(err) {
		t.Errorf("a new register was made: %v", err)
	}
}
