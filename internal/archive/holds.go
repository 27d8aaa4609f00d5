package archive

import (
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
