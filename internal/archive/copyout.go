package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// CopyOut gives a file out under a path that is free: a second name of the
// same file where the file system can, otherwise a copy that is compared with
// its name and flushed. The folder is not flushed. It returns the size.
func (a *Archive) CopyOut(ctx context.Context, name, to string) (int64, error) {
	f, err := a.Get(ctx, name)
	if err != nil {
		return 0, err
	}
	defer f.Close() //nolint:errcheck // only read
	info, err := f.Stat()
	if err != nil {
		return 0, explain("copy out", err)
	}
	if a.store == nil && os.Link(filepath.Join(a.dir, path(name)), to) == nil {
		return info.Size(), nil
	}
	return info.Size(), explain("copy out", copyFile(ctx, name, f, to))
}

func copyFile(ctx context.Context, name string, from io.Reader, to string) error {
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, fileMode) //nolint:gosec // the caller names it
	if err != nil {
		return err
	}
	h := sha256.New()
	err = copyAll(ctx, io.MultiWriter(out, h), from)
	if err == nil && hex.EncodeToString(h.Sum(nil)) != name {
		err = fmt.Errorf("%w: %s", ErrDamaged, name)
	}
	if err := errors.Join(err, out.Sync(), out.Close()); err != nil {
		_ = os.Remove(to)
		return err
	}
	return nil
}

// ValidName reports whether name could be a file's in an archive.
func ValidName(name string) bool { return validName(name) }
