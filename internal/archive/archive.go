// Package archive owns the originals and everything sent: files named by the
// SHA-256 of their content, written once and flushed to disk. It imports
// nothing of ours, and knows nothing of what the bytes mean.
package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// ErrNotFound: the archive holds nothing of that name.
var ErrNotFound = errors.New("archive: not found")

// ErrDamaged: a file's content is not what its name says.
var ErrDamaged = errors.New("archive: the content does not match its name; restore this file from a backup")

// leftoverAge is how old an unfinished file must be to be a crash's leftover
// and not another process's work.
const leftoverAge = 24 * time.Hour

// workFolder holds files until they are whole and flushed.
const workFolder = "work"

// An Archive is a folder of files that never change. Several processes may
// use the same one. Files are in 256 folders by the first two digits of their
// names.
type Archive struct{ dir string }

// Open opens the archive in dir, makes the folder when it is missing, and
// sweeps away files that a crash left unfinished a day or more before now.
func Open(dir string, now time.Time) (*Archive, error) {
	a := &Archive{dir: dir}
	if err := os.MkdirAll(a.work(), 0o700); err != nil {
		return nil, explain("open", err)
	}
	for i := range 256 {
		if err := os.Mkdir(filepath.Join(dir, hex.EncodeToString([]byte{byte(i)})), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, explain("open", err)
		}
	}
	if err := syncFolder(dir); err != nil {
		return nil, explain("open", err)
	}
	return a, a.sweep(now)
}

func (a *Archive) work() string { return filepath.Join(a.dir, workFolder) }

func (a *Archive) sweep(now time.Time) error {
	leftovers, err := os.ReadDir(a.work())
	if err != nil {
		return explain("open", err)
	}
	for _, l := range leftovers {
		info, err := l.Info()
		if err != nil || now.Sub(info.ModTime()) < leftoverAge {
			continue // gone already, or in work
		}
		if err := os.Remove(filepath.Join(a.work(), l.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return explain("open", err)
		}
	}
	return nil
}

// Stored says what was put into the archive.
type Stored struct {
	SHA256 string // the name, 64 hexadecimal digits in lower case
	Size   int64  // bytes
	New    bool   // false: the same content was there already
}

// Put stores what r holds, flushed when it returns.
func (a *Archive) Put(ctx context.Context, r io.Reader) (Stored, error) {
	w, err := a.Create(ctx)
	if err != nil {
		return Stored{}, err
	}
	if _, err := io.Copy(w, r); err != nil {
		w.Abort()
		return Stored{}, explain("put", err)
	}
	return w.Commit(ctx)
}

// Get opens a file. The caller closes it.
func (a *Archive) Get(_ context.Context, name string) (*os.File, error) {
	path, err := a.path(name)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path) //nolint:gosec // path is made of hexadecimal digits alone
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s", ErrNotFound, name)
	}
	return f, explain("get", err)
}

// Verify reads a file whole and compares it with its name.
func (a *Archive) Verify(ctx context.Context, name string) error {
	f, err := a.Get(ctx, name)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // only read
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return explain("verify", err)
	}
	if hex.EncodeToString(h.Sum(nil)) != name {
		return fmt.Errorf("%w: %s", ErrDamaged, name)
	}
	return nil
}

// Walk calls fn for the name of each file, in order, until fn fails or ctx
// ends.
func (a *Archive) Walk(ctx context.Context, fn func(name string) error) error {
	for i := range 256 {
		entries, err := os.ReadDir(filepath.Join(a.dir, hex.EncodeToString([]byte{byte(i)})))
		if err != nil {
			return explain("walk", err)
		}
		for _, e := range entries {
			if !validName(e.Name()) {
				continue
			}
			if err := errors.Join(ctx.Err(), fn(e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// path is where a file of that name is. Anything but a SHA-256 is refused, so
// that no name leads out of the folder.
func (a *Archive) path(name string) (string, error) {
	if !validName(name) {
		return "", fmt.Errorf("%w: not a name of the archive", ErrNotFound)
	}
	return filepath.Join(a.dir, name[:2], name), nil
}

func validName(name string) bool {
	return len(name) == sha256.Size*2 && strings.Trim(name, "0123456789abcdef") == ""
}

// explain names the operation and says what to do about what an operator can
// mend.
func explain(operation string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("archive: %s: the disk is full; make room, nothing is lost and it goes on by itself: %w", operation, err)
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("archive: %s: the folder cannot be written; check its owner and that its disk is mounted for writing: %w", operation, err)
	}
	return fmt.Errorf("archive: %s: %w", operation, err)
}
