// Package archive owns the originals and everything sent: files named by the
// SHA-256 of their content, written once and flushed to disk, or stored by a
// Store that says so. It imports nothing of ours, and knows nothing of what the
// bytes mean.
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
	"sync"
	"sync/atomic"
	"time"
)

// leftoverAge is how old an unfinished file must be to be a crash's leftover
// and not another process's work.
const leftoverAge = 24 * time.Hour

const (
	// workFolder holds files until they are whole and flushed. It lies in the
	// archive, because a rename is atomic only within one file system.
	workFolder = "work"
	// folders is how many there are for whole files, one for each first byte of
	// a name. A batch flushes each folder that it touches, so more of them are
	// slower; with one alone the folder becomes hard to list and to copy.
	folders = 256

	fileMode = 0o600
	dirMode  = 0o700
)

// An Archive is a folder of files that never change. Several processes may
// use the same one, and many goroutines. Files are in 256 folders by the first
// two digits of their names. With a Store the files are there, under the same
// paths, and the folder is for what is on its way.
type Archive struct {
	dir      string
	root     *os.Root   // nothing opened through it lies outside, symbolic links or not
	settling sync.Mutex // makes Stored.New exact within the process
	store    Store      // nil: the folder keeps the files
	away     atomic.Bool
}

// Open opens the archive in dir, makes the folder when it is missing, and
// sweeps away files that a crash left unfinished a day or more before now.
func Open(dir string, now time.Time) (*Archive, error) { return open(dir, nil, now) }

func open(dir string, store Store, now time.Time) (*Archive, error) {
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return nil, explain("open", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, explain("open", err)
	}
	a := &Archive{dir: dir, root: root, store: store}
	if err = a.makeFolders(); err == nil {
		err = a.sweep(now)
	}
	if err != nil {
		return nil, explain("open", errors.Join(err, root.Close()))
	}
	return a, nil
}

// Close lets go of the folder, and of the Store. Files that Get gave out stay
// open.
func (a *Archive) Close() error {
	err := a.root.Close()
	if a.store != nil {
		err = errors.Join(err, a.store.Close())
	}
	return explain("close", err)
}

// makeFolders makes what is missing, and makes it last: the names of the
// folders, and the archive's own in the folder above it.
func (a *Archive) makeFolders() error {
	made, names := false, []string{workFolder}
	if a.store == nil {
		names = append(names, folderNames()...)
	}
	for _, name := range names {
		err := a.root.Mkdir(name, dirMode)
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		made = made || err == nil
	}
	if !made {
		return nil
	}
	above, err := os.Open(filepath.Dir(filepath.Clean(a.dir)))
	if err != nil {
		return err
	}
	return errors.Join(a.syncFolder("."), syncOpen(above))
}

func folderNames() []string {
	names := make([]string, folders)
	for i := range names {
		names[i] = hex.EncodeToString([]byte{byte(i)})
	}
	return names
}

// sweep removes what crashes left unfinished. One that cannot be removed is in
// nobody's way, and the next Open tries again. A whole file that lies aside may
// be needed: Remove goes on with it.
func (a *Archive) sweep(now time.Time) error {
	leftovers, err := fs.ReadDir(a.root.FS(), workFolder)
	if err != nil {
		return err
	}
	for _, l := range leftovers {
		info, err := l.Info()
		if err == nil && info.Mode().IsRegular() && !validName(l.Name()) && now.Sub(info.ModTime()) >= leftoverAge {
			_ = a.root.Remove(filepath.Join(workFolder, l.Name()))
		}
	}
	return nil
}

// Get opens a file. The caller closes it. ErrNotFound also answers anything
// that is not a name of the archive.
func (a *Archive) Get(ctx context.Context, name string) (*os.File, error) {
	if !validName(name) {
		return nil, fmt.Errorf("%w: not a name of the archive", ErrNotFound)
	}
	if err := ctx.Err(); err != nil {
		return nil, explain("get", err)
	}
	if a.store != nil {
		return a.fetch(ctx, name)
	}
	f, err := a.root.Open(path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s", ErrNotFound, name)
	}
	return f, explain("get", err)
}

// Await opens a file as Get does, and where it is not there looks again for up
// to patience: on shared storage what another machine has written and flushed
// may be visible here only after a while.
func (a *Archive) Await(ctx context.Context, name string, patience time.Duration) (*os.File, error) {
	whole := context.WithoutCancel(ctx)
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for pause := firstPause; ; pause = min(2*pause, time.Second) {
		f, err := a.Get(whole, name)
		if !errors.Is(err, ErrNotFound) || !validName(name) {
			return f, err
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, err
		}
		// To list a folder makes an NFS client ask the server about it (nfs(5),
		// close-to-open); a name that was not there is otherwise remembered.
		if a.store != nil {
			continue
		}
		if folder, err := a.root.Open(name[:2]); err == nil {
			_, _ = folder.ReadDir(1)
			_ = folder.Close()
		}
	}
}

// firstPause is before the second look; each next one is twice as long, up to
// a second.
const firstPause = 20 * time.Millisecond

// Verify reads a file whole and compares it with its name. The error is
// ErrDamaged when they differ, and ErrNotFound when there is no such file.
func (a *Archive) Verify(ctx context.Context, name string) error {
	f, err := a.read(ctx, name)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // only read
	h := sha256.New()
	if err := copyAll(ctx, h, f); err != nil {
		return a.explain("verify", err)
	}
	if hex.EncodeToString(h.Sum(nil)) != name {
		return fmt.Errorf("%w: %s", ErrDamaged, name)
	}
	return nil
}

// Walk calls fn for the name of each file, in order, until fn fails or ctx
// ends. Files that are not the archive's are passed over.
func (a *Archive) Walk(ctx context.Context, fn func(name string) error) error {
	if a.store != nil {
		return a.walkStore(ctx, fn)
	}
	for _, folder := range folderNames() {
		entries, err := fs.ReadDir(a.root.FS(), folder)
		if err != nil {
			return explain("walk", err)
		}
		for _, e := range entries {
			if !validName(e.Name()) || e.Name()[:2] != folder {
				continue
			}
			if err := ctx.Err(); err != nil {
				return explain("walk", err)
			}
			if err := fn(e.Name()); err != nil {
				return err
			}
		}
	}
	return nil
}

// path is where a file of that valid name is within the archive.
func path(name string) string { return filepath.Join(name[:2], name) }

func validName(name string) bool {
	return len(name) == sha256.Size*2 && strings.Trim(name, "0123456789abcdef") == ""
}

// copyAll copies until r ends or ctx does, and looks at ctx at each chunk.
func copyAll(ctx context.Context, w io.Writer, r io.Reader) error {
	chunk := make([]byte, 128<<10)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := r.Read(chunk)
		if n > 0 {
			if _, err := w.Write(chunk[:n]); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
