package archive

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"
)

// A Store keeps whole files by their keys, elsewhere. What is not there is
// fs.ErrNotExist.
type Store interface {
	// Put returns when the file is safe: it survives whatever ends us.
	Put(ctx context.Context, key, sum string, content io.ReadSeeker, size int64) error
	Get(ctx context.Context, key string) (io.ReadCloser, error)
	// Look gives an empty sum where the Store knows none.
	Look(ctx context.Context, key string) (size int64, sum string, err error)
	Copy(ctx context.Context, from, to string) error
	Delete(ctx context.Context, key string) error // what is not there is gone
	List(ctx context.Context, start string, fn func(key string) error) error
	Close() error
}

// OpenStore opens an archive whose files a Store keeps; dir is a folder of this
// machine's own, for what is on its way. The Store is closed with it.
func OpenStore(dir string, store Store, now time.Time) (*Archive, error) {
	return open(dir, store, now)
}

// awayError is an error of the Store's, which is an ErrAway too.
type awayError struct {
	operation string
	err       error
}

func (e *awayError) Error() string   { return "archive: " + e.operation + ": " + e.err.Error() }
func (e *awayError) Unwrap() []error { return []error{ErrAway, e.err} }

// explain is the package's own for the folder. Of a Store's error it says what
// it means for whoever needs the file, and remembers whether the Store answers.
func (a *Archive) explain(operation string, err error) error {
	if a.store == nil {
		return explain(operation, err)
	}
	switch {
	case err == nil, errors.Is(err, fs.ErrNotExist):
		a.away.Store(false)
		return explain(operation, err)
	case errors.Is(err, context.Canceled):
		return explain(operation, err)
	}
	a.away.Store(true)
	return &awayError{operation, err}
}

// Remote reports whether a Store keeps the files.
func (a *Archive) Remote() bool { return a.store != nil }

// Reach asks the Store, when the last that was heard of it was no good, whether
// it answers now. Whoever is about to begin something that it cannot finish
// without the files had better not begin. A folder is there.
func (a *Archive) Reach(ctx context.Context) error {
	if !a.away.Load() {
		return nil
	}
	return a.Probe(ctx)
}

// probing is how long a Store may take to say that it is there: whoever looks
// after many things has no more time for one of them.
const probing = 4 * time.Second

// Probe asks the Store whether it answers, and soon. A folder is there.
func (a *Archive) Probe(ctx context.Context) error {
	if a.store == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, probing)
	defer cancel()
	_, _, err := a.store.Look(ctx, workFolder+"/none")
	if err = a.explain("look", err); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Present reports whether a file is there, without reading it; ErrNotFound when
// it is not.
func (a *Archive) Present(ctx context.Context, name string) error {
	if a.store == nil || !validName(name) {
		f, err := a.Get(ctx, name)
		if err != nil {
			return err
		}
		return f.Close()
	}
	_, _, err := a.store.Look(ctx, key(name))
	if errors.Is(err, fs.ErrNotExist) {
		a.away.Store(false)
		return fmt.Errorf("%w: %s", ErrNotFound, name)
	}
	return a.explain("look", err)
}

// key is where a file of that valid name is within the Store.
func key(name string) string { return name[:2] + "/" + name }

// nameOf is the name of the file under a key; empty where it is none of ours.
func nameOf(k string) string {
	folder, name, _ := strings.Cut(k, "/")
	if !validName(name) || name[:2] != folder {
		return ""
	}
	return name
}

// read opens a file to be read once, from beginning to end. Its bytes are as
// they come.
func (a *Archive) read(ctx context.Context, name string) (io.ReadCloser, error) {
	if a.store == nil || !validName(name) {
		return a.Get(ctx, name)
	}
	f, err := a.store.Get(ctx, key(name))
	if errors.Is(err, fs.ErrNotExist) {
		a.away.Store(false)
		return nil, fmt.Errorf("%w: %s", ErrNotFound, name)
	}
	return f, a.explain("get", err)
}

// fetches is how often a file that did not come as it should is asked for.
const fetches = 3

// fetch gets a file whole into one of this machine's without a name, and
// compares it: nobody is given the half of it.
func (a *Archive) fetch(ctx context.Context, name string) (*os.File, error) {
	for n := 1; ; n++ {
		from, err := a.read(ctx, name) // which tries more than once itself
		if err != nil {
			return nil, err
		}
		f, err := a.take(ctx, name, from)
		if err == nil || n == fetches || ctx.Err() != nil {
			return f, err
		}
	}
}

// take copies what comes into a file without a name and closes it.
func (a *Archive) take(ctx context.Context, name string, from io.ReadCloser) (*os.File, error) {
	defer from.Close() //nolint:errcheck // only read
	w, err := a.Create(ctx)
	if err != nil {
		return nil, err
	}
	// Without a name it is gone when it is closed, and when we are killed.
	_ = a.root.Remove(w.name)
	err = copyAll(ctx, w, from)
	switch {
	case err != nil && w.broken != nil:
		err = explain("get", w.broken) // this machine's disk
	case err != nil:
		err = a.explain("get", err)
	case hex.EncodeToString(w.hash.Sum(nil)) != name:
		err = fmt.Errorf("%w: %s", ErrDamaged, name)
	default:
		_, err = w.f.Seek(0, io.SeekStart)
	}
	if err != nil {
		w.Abort()
		return nil, err
	}
	return w.f, nil
}

func (a *Archive) walkStore(ctx context.Context, fn func(name string) error) error {
	var failed error
	err := a.store.List(ctx, "", func(k string) error {
		if name := nameOf(k); name != "" {
			failed = fn(name)
		}
		return failed
	})
	if failed != nil {
		return failed
	}
	return a.explain("walk", err)
}

// commitToStore puts several files into the Store, a few at a time. They are
// not flushed here: a file is the archive's when the Store has said so.
func (a *Archive) commitToStore(ctx context.Context, ws []*Writer) ([]Stored, error) {
	stored := make([]Stored, len(ws))
	places := map[string][]int{} // the same content twice is stored once
	var names []string
	for i, w := range ws {
		if w.broken != nil {
			return nil, explain("commit", w.broken)
		}
		name := hex.EncodeToString(w.hash.Sum(nil))
		stored[i] = Stored{SHA256: name, Size: w.size}
		if places[name] == nil {
			names = append(names, name)
		}
		places[name] = append(places[name], i)
	}
	err := each(names, func(name string) error {
		i := places[name][0]
		var err error
		stored[i].New, err = a.send(ctx, ws[i], stored[i])
		return err
	})
	if err != nil {
		return nil, err
	}
	return stored, nil
}

// send stores one file, unless it is there and whole.
func (a *Archive) send(ctx context.Context, w *Writer, s Stored) (sent bool, err error) {
	known, err := a.storeHolds(ctx, s)
	if known || err != nil {
		return false, err
	}
	err = a.store.Put(ctx, key(s.SHA256), s.SHA256, io.NewSectionReader(w.f, 0, w.size), w.size)
	return err == nil, a.explain("put", err)
}

// storeHolds reports whether the content is there and whole. A Store that
// knows no sums is asked for the bytes.
func (a *Archive) storeHolds(ctx context.Context, s Stored) (bool, error) {
	size, sum, err := a.store.Look(ctx, key(s.SHA256))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, a.explain("look", err)
	case size != s.Size:
		return false, nil
	case sum != "":
		return sum == s.SHA256, nil
	}
	err = a.Verify(ctx, s.SHA256)
	if errors.Is(err, ErrDamaged) || errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// removeFromStore is Remove for a Store. The copy aside has a name that can be
// found again: what a kill or an outage interrupts the next call finishes, on
// whatever machine.
func (a *Archive) removeFromStore(ctx context.Context, name string, needed func() (bool, error)) (bool, error) {
	at, aside := key(name), workFolder+"/"+name
	err := a.store.Copy(ctx, at, aside)
	if err == nil {
		err = a.store.Delete(ctx, at)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, a.explain("remove", err)
	}
	keep, err := needed()
	if err != nil {
		keep = true
	}
	if keep {
		back := a.putBack(ctx, aside, at)
		return false, errors.Join(err, a.explain("remove", back))
	}
	return true, a.explain("remove", a.store.Delete(ctx, aside))
}

// putBack copies what lies aside to its place, where nobody put it meanwhile.
func (a *Archive) putBack(ctx context.Context, aside, at string) error {
	_, _, err := a.store.Look(ctx, at)
	if errors.Is(err, fs.ErrNotExist) {
		err = a.store.Copy(ctx, aside, at)
	}
	if errors.Is(err, fs.ErrNotExist) { // it lies in neither place, and did not before
		return nil
	}
	if err == nil {
		err = a.store.Delete(ctx, aside)
	}
	return err
}
