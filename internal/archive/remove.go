package archive

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
)

// Remove takes a file out of the archive for good. When it is out of reach it
// asks whether somebody needs it after all, and then puts it back: whoever
// looks for the content meanwhile puts a copy of their own in its place. It
// reports whether the file is gone; one that is not there is. What a kill left
// aside, under a name that can be found again, the next call goes on with.
func (a *Archive) Remove(ctx context.Context, name string, needed func() (bool, error)) (bool, error) {
	if !validName(name) {
		return false, fmt.Errorf("%w: not a name of the archive", ErrNotFound)
	}
	if err := ctx.Err(); err != nil {
		return false, explain("remove", err)
	}
	if a.store != nil {
		return a.removeFromStore(ctx, name, needed)
	}
	aside := filepath.Join(workFolder, name)
	err := a.root.Rename(path(name), aside)
	if errors.Is(err, fs.ErrNotExist) {
		_, err = a.root.Lstat(aside)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, explain("remove", err)
	}
	there := err == nil
	keep, err := needed()
	if there && (keep || err != nil) {
		return false, errors.Join(err, explain("remove", done(a.root.Rename(aside, path(name)))), explain("remove", a.syncFolder(name[:2])))
	}
	if keep || err != nil {
		return false, err
	}
	if there {
		err = done(a.root.Remove(aside))
	}
	return true, explain("remove", errors.Join(err, a.syncFolder(name[:2]), a.syncFolder(workFolder)))
}

// done takes it for no error that another process has done it meanwhile.
func done(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
