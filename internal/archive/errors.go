package archive

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// ErrNotFound says that the archive holds nothing of that name.
var ErrNotFound = errors.New("archive: not found")

// ErrDamaged says that a file's content is not what its name says.
var ErrDamaged = errors.New("archive: the content does not match its name; restore this file from a backup")

// ErrAway says that the Store could not be reached, or refuses: nothing is
// known of the file, and whoever needs it tries again later.
var ErrAway = errors.New("archive: the storage does not answer")

// explain names the operation and says what to do about what an operator can
// mend.
func explain(operation string, err error) error {
	if err == nil {
		return nil
	}
	if advice := advise(err); advice != "" {
		return fmt.Errorf("archive: %s: %s: %w", operation, advice, err)
	}
	return fmt.Errorf("archive: %s: %w", operation, err)
}

func advise(err error) string {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "the disk is full; make room, nothing is lost and it goes on by itself"
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		return "the folder cannot be written; check its owner and that its disk is mounted for writing"
	case errors.Is(err, syscall.ENOTDIR):
		return "a file is in the place of the folder; choose another folder for the archive"
	case errors.Is(err, syscall.EIO):
		return "the disk reports a fault; look at the system's log and replace the disk"
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return "too many files are open; raise the limit of open files"
	}
	return ""
}
