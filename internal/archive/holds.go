package archive

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Holds reports whether the archive in dir holds any file, without opening or
// making it; where there is no folder there is none.
func Holds(dir string) (bool, error) {
	for _, name := range folderNames() {
		files, err := os.ReadDir(filepath.Join(dir, name))
		if len(files) > 0 {
			return true, nil
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, explain("look into", err)
		}
	}
	return false, nil
}

// errSeen ends a listing: one file is enough.
var errSeen = errors.New("archive: one was seen")

// StoreHolds reports whether a Store holds any file of an archive's.
func StoreHolds(ctx context.Context, store Store) (bool, error) {
	err := store.List(ctx, "", func(k string) error {
		if nameOf(k) != "" {
			return errSeen
		}
		return nil
	})
	if errors.Is(err, errSeen) {
		return true, nil
	}
	return false, explain("look into", err)
}
