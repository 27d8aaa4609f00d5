package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"
)

// flushAtOnce is how many files are flushed at the same time: the disk then
// writes its journal once for several of them.
const flushAtOnce = 16

// A Writer is a file on its way into the archive. It is not in the archive
// before Commit.
type Writer struct {
	a    *Archive
	f    *os.File
	hash hash.Hash
	size int64
}

// Create starts a file. End it with Commit, Archive.Commit or Abort.
func (a *Archive) Create(context.Context) (*Writer, error) {
	f, err := os.CreateTemp(a.work(), "new-*")
	if err != nil {
		return nil, explain("create", err)
	}
	return &Writer{a: a, f: f, hash: sha256.New()}, nil
}

// Write appends to the file.
func (w *Writer) Write(p []byte) (int, error) {
	n, err := w.f.Write(p)
	_, _ = w.hash.Write(p[:n]) // never fails
	w.size += int64(n)
	return n, explain("write", err)
}

// Size is how many bytes were written.
func (w *Writer) Size() int64 { return w.size }

// ReadAt reads back what was written so far.
func (w *Writer) ReadAt(p []byte, off int64) (int, error) { return w.f.ReadAt(p, off) }

// Abort throws the file away.
func (w *Writer) Abort() {
	_ = w.f.Close()
	_ = os.Remove(w.f.Name())
}

// Commit puts the file into the archive, flushed when it returns. Whatever
// happens the Writer is done with.
func (w *Writer) Commit(ctx context.Context) (Stored, error) {
	stored, err := w.a.Commit(ctx, []*Writer{w})
	if err != nil {
		return Stored{}, err
	}
	return stored[0], nil
}

// Commit puts several files into the archive: they are flushed in parallel,
// and each folder once. On an error none of them may be relied on, and the
// batch is put again; what is there already does no harm.
func (a *Archive) Commit(ctx context.Context, ws []*Writer) ([]Stored, error) {
	err := errors.Join(ctx.Err(), flushAll(ws))
	stored := make([]Stored, len(ws))
	folders := map[string]bool{}
	for i, w := range ws {
		if err != nil {
			w.Abort()
			continue
		}
		if stored[i], err = w.settle(); err == nil {
			folders[filepath.Join(a.dir, stored[i].SHA256[:2])] = true
		}
	}
	if err != nil {
		return nil, explain("commit", err)
	}
	var g errgroup.Group
	g.SetLimit(flushAtOnce)
	for folder := range folders {
		g.Go(func() error { return syncFolder(folder) })
	}
	return stored, explain("commit", g.Wait())
}

func flushAll(ws []*Writer) error {
	var g errgroup.Group
	g.SetLimit(flushAtOnce)
	for _, w := range ws {
		g.Go(func() error { return w.f.Sync() })
	}
	return g.Wait()
}

// settle moves a flushed file to its name. The same content in two places at
// once ends as one file.
func (w *Writer) settle() (Stored, error) {
	s := Stored{SHA256: hex.EncodeToString(w.hash.Sum(nil)), Size: w.size}
	from := w.f.Name()
	path, err := w.a.path(s.SHA256)
	if err == nil {
		err = w.f.Close()
	}
	if err != nil {
		_ = os.Remove(from)
		return s, err
	}
	if known, err := os.Stat(path); err == nil && known.Size() == s.Size {
		return s, os.Remove(from)
	}
	s.New = true
	if err := os.Rename(from, path); err != nil {
		_ = os.Remove(from)
		return s, err
	}
	return s, nil
}

// syncFolder makes the names in a folder last.
func syncFolder(path string) error {
	f, err := os.Open(path) //nolint:gosec // a folder of the archive's own
	if err != nil {
		return err
	}
	err = f.Sync()
	if errors.Is(err, fs.ErrInvalid) {
		err = nil // a file system that cannot flush folders keeps names by itself
	}
	return errors.Join(err, f.Close())
}
