package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestTheDiskIsBrokenOnlyWhenItIsFull holds that a disk which works is not
// called broken: with 19 GB free the status page said "Not working".
func TestTheDiskIsBrokenOnlyWhenItIsFull(t *testing.T) {
	t.Parallel()
	const gb = 1 << 30
	for _, row := range []struct {
		free, whole     uint64
		now             string
		trouble, broken bool
	}{
		{100 * gb, 250 * gb, "40 % free, 100 GB of 250 GB", false, false},
		{19 * gb, 250 * gb, "7 % free, 19 GB of 250 GB", true, false},
		{2 * gb, 250 * gb, "0 % free, 2048 MB of 250 GB", true, true},
		{0, 12 << 20, "0 % free, 0 MB of 12 MB", true, true},
	} {
		p := diskPart(row.free, row.whole)
		if p.Now != row.now || (p.Trouble != "") != row.trouble || p.Broken != row.broken {
			t.Errorf("%d of %d: %+v", row.free, row.whole, p)
		}
	}
}

func TestAMissingScanFolderIsNamed(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "scans")
	if err := tryFolder(folder); err == nil || !strings.HasPrefix(err.Error(), "there is no folder "+folder+": make it") {
		t.Errorf("%v", err)
	}
	if err := tryFolder(filepath.Dir(folder)); err != nil {
		t.Error(err)
	}
}
