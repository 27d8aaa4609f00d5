package ingest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
)

// mostFileName is bytes; file systems take 255, and a reason's name is longer.
const mostFileName = 240

// unnamed is what went wrong with a scan for the log, without the name of its
// file: a clerk may have called it after a resident.
func unnamed(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Errorf("%s: %w", p.Op, p.Err)
	}
	if l, ok := errors.AsType[*os.LinkError](err); ok {
		return fmt.Errorf("%s: %w", l.Op, l.Err)
	}
	return err
}

// free finds a name that nothing has in a folder: scanners count from 1 every
// day.
func free(root *os.Root, folder, name string) (string, error) {
	ext := path.Ext(name)
	if len(ext) > mostFileName/2 {
		ext = ""
	}
	stem := strings.TrimSuffix(name, ext)
	for n := 1; ; n++ {
		number := ""
		if n > 1 {
			number = fmt.Sprintf(" (%d)", n)
		}
		name = strings.ToValidUTF8(stem[:min(len(stem), mostFileName-len(number+ext))], "") + number + ext
		switch _, err := root.Lstat(path.Join(folder, name)); {
		case errors.Is(err, fs.ErrNotExist):
			return name, nil
		case err != nil:
			return "", fmt.Errorf("find a name in scan folder: %w", err)
		}
	}
}
