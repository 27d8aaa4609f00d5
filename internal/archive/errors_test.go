package archive

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"
	"testing"
)

func TestErrorsSayWhatToDo(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		err  error
		want string
	}{
		{"full", syscall.ENOSPC, "make room"},
		{"quota", syscall.EDQUOT, "make room"},
		{"read-only", syscall.EROFS, "mounted for writing"},
		{"permission", syscall.EACCES, "check its owner"},
		{"not a folder", syscall.ENOTDIR, "choose another folder"},
		{"fault", syscall.EIO, "replace the disk"},
		{"open files", syscall.EMFILE, "raise the limit"},
		{"anything else", errors.New("odd"), "archive: put: odd"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			err := explain("put", &fs.PathError{Op: "write", Path: "x", Err: row.err})
			if row.name == "anything else" {
				err = explain("put", row.err)
			}
			if !strings.Contains(err.Error(), row.want) || !errors.Is(err, row.err) {
				t.Errorf("got %q", err)
			}
		})
	}
	if explain("put", nil) != nil {
		t.Error("no error became one")
	}
}
