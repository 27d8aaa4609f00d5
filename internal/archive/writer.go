package archive

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sync/errgroup"
)

// flushAtOnce is how many files are flushed at the same time: the disk then
// writes its journal once for several of them.
const flushAtOnce = 16

// errDone answers whoever goes on with a Writer after its end.
var errDone = errors.New("the file was committed or aborted before")

// Stored says what was put into the archive.
type Stored struct {
	SHA256 string // the name, 64 hexadecimal digits in lower case
	Size   int64  // bytes
	New    bool   // false: the same content was there already
}

// A Writer is a file on its way into the archive. It is not in the archive
// before Commit. One goroutine at a time may use it.
type Writer struct {
	a      *Archive
	f      *os.File
	name   string // within the archive, until it has its own
	hash   hash.Hash
	size   int64
	broken error // the first failed write, or errDone
}

// Create starts a file. End it with Commit, Archive.Commit or Abort.
func (a *Archive) Create(ctx context.Context) (*Writer, error) {
	if err := ctx.Err(); err != nil {
		return nil, explain("create", err)
	}
	name := filepath.Join(workFolder, rand.Text())
	f, err := a.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return nil, explain("create", err)
	}
	return &Writer{a: a, f: f, name: name, hash: sha256.New()}, nil
}

// Write appends to the file. After an error the file can only be aborted.
func (w *Writer) Write(p []byte) (int, error) {
	if w.broken != nil {
		return 0, explain("write", w.broken)
	}
	n, err := w.f.Write(p)
	_, _ = w.hash.Write(p[:n]) // never fails
	w.size += int64(n)
	w.broken = err
	return n, explain("write", err)
}

// Size is how many bytes were written.
func (w *Writer) Size() int64 { return w.size }

// ReadAt reads back what was written so far.
func (w *Writer) ReadAt(p []byte, off int64) (int, error) { return w.f.ReadAt(p, off) }

// Abort throws the file away. After Commit it does nothing.
func (w *Writer) Abort() {
	if errors.Is(w.broken, errDone) {
		return
	}
	w.broken = errDone
	_ = w.f.Close()
	_ = w.a.root.Remove(w.name)
}

// Commit puts the file into the archive, flushed when it returns, or stored by
// word of the Store. Whatever
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
	defer func() {
		for _, w := range ws {
			w.Abort() // those that did not come to their names
		}
	}()
	if err := ctx.Err(); err != nil {
		return nil, explain("commit", err)
	}
	if a.store != nil {
		return a.commitToStore(ctx, ws)
	}
	if err := each(ws, (*Writer).flush); err != nil {
		return nil, explain("commit", err)
	}
	stored := make([]Stored, len(ws))
	touched := map[string]bool{}
	var names []string
	for i, w := range ws {
		var err error
		if stored[i], err = w.settle(ctx); err != nil {
			return nil, explain("commit", err)
		}
		// Also for content that was there: whoever put it may not have flushed
		// the folder yet.
		if folder := stored[i].SHA256[:2]; !touched[folder] {
			touched[folder] = true
			names = append(names, folder)
		}
	}
	if err := each(names, a.syncFolder); err != nil {
		return nil, explain("commit", err)
	}
	return stored, nil
}

// each does something to all items, a few at a time, and gives the first error
// when all are done.
func each[T any](items []T, do func(T) error) error {
	if len(items) == 1 {
		return do(items[0])
	}
	var g errgroup.Group
	g.SetLimit(flushAtOnce)
	for _, item := range items {
		g.Go(func() error { return do(item) })
	}
	return g.Wait()
}

// flush brings the content to the disk. After a failure the kernel may have
// dropped the bytes and call the next flush a success, so it is not repeated.
func (w *Writer) flush() error {
	if w.broken != nil {
		return w.broken
	}
	return w.f.Sync()
}

// settle moves a flushed file to its name. The same content in two places at
// once ends as one file; a damaged file of that name is replaced.
func (w *Writer) settle(ctx context.Context) (Stored, error) {
	s := Stored{SHA256: hex.EncodeToString(w.hash.Sum(nil)), Size: w.size}
	w.a.settling.Lock()
	defer w.a.settling.Unlock()
	known, err := w.a.holds(ctx, s)
	if known || err != nil {
		return s, err // Commit throws this copy away
	}
	s.New = true
	if err := w.a.root.Rename(w.name, path(s.SHA256)); err != nil {
		return s, err
	}
	w.broken = errDone
	return s, w.f.Close()
}

// holds reports whether the content is there and whole.
func (a *Archive) holds(ctx context.Context, s Stored) (bool, error) {
	info, err := a.root.Lstat(path(s.SHA256))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil || info.Size() != s.Size {
		return false, err
	}
	err = a.Verify(ctx, s.SHA256)
	if errors.Is(err, ErrDamaged) || errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// syncFolder makes the names in a folder last: flushing a file does not flush
// its name.
func (a *Archive) syncFolder(name string) error {
	f, err := a.root.Open(name)
	if err != nil {
		return err
	}
	return syncOpen(f)
}

// syncOpen flushes an open folder and closes it. A file system that cannot
// flush folders keeps their names by itself.
func syncOpen(f *os.File) error {
	err := f.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		err = nil
	}
	return errors.Join(err, f.Close())
}

// Put stores what r holds, flushed when it returns.
func (a *Archive) Put(ctx context.Context, r io.Reader) (Stored, error) {
	w, err := a.fill(ctx, r)
	if err != nil {
		return Stored{}, err
	}
	return w.Commit(ctx)
}

// PutAll stores what each of the readers holds, flushed when it returns. The
// readers are read at the same time. On an error none may be relied on.
func (a *Archive) PutAll(ctx context.Context, readers []io.Reader) ([]Stored, error) {
	ws := make([]*Writer, len(readers))
	places := make([]int, len(readers))
	for i := range places {
		places[i] = i
	}
	err := each(places, func(i int) error {
		var err error
		ws[i], err = a.fill(ctx, readers[i])
		return err
	})
	if err == nil {
		return a.Commit(ctx, ws)
	}
	for _, w := range ws {
		if w != nil {
			w.Abort()
		}
	}
	return nil, err
}

// fill copies r into a file of its own; on an error nothing is left of it.
func (a *Archive) fill(ctx context.Context, r io.Reader) (*Writer, error) {
	w, err := a.Create(ctx)
	if err != nil {
		return nil, err
	}
	if err := copyAll(ctx, w, r); err != nil {
		err = cmp.Or(w.broken, err) // the bare error, to be explained once
		w.Abort()
		return nil, explain("put", err)
	}
	return w, nil
}
