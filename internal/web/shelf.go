package web

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"postroom/ingest/mime"
	"postroom/internal/archive"
)

// What files a complaint may bring, and what all that are not sent yet may
// take up together.
const (
	mostFormFiles  = 10
	mostFormFile   = 25_000_000
	mostFormBytes  = 60_000_000 // of one complaint: more is no mail any more
	mostShelfBytes = 2 << 30
	shelfLife      = 24 * time.Hour
)

// A shelf keeps the files of complaints that are not sent yet: each
// complaint's in a folder of its own, which only somebody who has the
// complaint's number can name. What is not sent goes after a day.
type shelf struct {
	dir string // empty: residents send no files
	now func() time.Time
	mu  sync.Mutex // one file at a time is counted and put there
}

// errShelfFull: nothing more fits. It is no fault of whoever is told.
var errShelfFull = errors.New("web: the files of complaints that are not sent yet take up all the room there is for them")

// A shelved is a file that came with a complaint.
type shelved struct {
	SHA256, Name string
	size         int64
	kind         string
}

// Size is how large it is, in words.
func (f shelved) Size() string { return size(f.size) }

// put keeps a file for a complaint. One that is too large is read to its end,
// so that it can be said how large it is, and not kept.
func (s *shelf) put(id, name string, body io.Reader) (f shelved, err error) {
	folder := filepath.Join(s.dir, id)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return f, err
	}
	in, err := os.CreateTemp(folder, "coming-*")
	if err != nil {
		return f, err
	}
	defer func() {
		_ = in.Close()
		_ = os.Remove(in.Name()) // gone already when it was kept
	}()
	sum := sha256.New()
	kept, err := io.Copy(io.MultiWriter(in, sum), io.LimitReader(body, mostFormFile))
	if err != nil {
		return f, err
	}
	more, err := io.Copy(io.Discard, body)
	if err != nil {
		return f, err
	}
	f = shelved{SHA256: hex.EncodeToString(sum.Sum(nil)), Name: name, size: kept + more}
	if f.kind, err = kindOf(in, name); err != nil || unwelcome(f) != "" {
		return f, err
	}
	return f, s.settle(in, filepath.Join(folder, f.SHA256))
}

// settle gives a file its place, if there is room.
func (s *shelf) settle(in *os.File, at string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	held, err := s.sweep()
	if err != nil {
		return err
	}
	if held > mostShelfBytes {
		return errShelfFull
	}
	now := s.now()
	return errors.Join(os.Rename(in.Name(), at), os.Chtimes(filepath.Dir(at), now, now))
}

// sweep removes what was left a day ago, and says how many bytes the rest has.
func (s *shelf) sweep() (held int64, err error) {
	folders, err := os.ReadDir(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	for _, folder := range folders {
		info, gone := folder.Info()
		if gone != nil || !info.IsDir() {
			continue
		}
		path := filepath.Join(s.dir, folder.Name())
		if s.now().Sub(info.ModTime()) >= shelfLife {
			err = errors.Join(err, os.RemoveAll(path))
			continue
		}
		files, _ := os.ReadDir(path) // another process may have swept it
		for _, f := range files {
			if info, gone := f.Info(); gone == nil {
				held += info.Size()
			}
		}
	}
	return held, err
}

// clean sweeps, where there is a shelf.
func (s *shelf) clean() error {
	if s.dir == "" {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.sweep()
	return err
}

// find looks a file up again; ok is false when it is there no more.
func (s *shelf) find(id, sum, name string) (f shelved, ok bool) {
	in, err := s.open(id, sum)
	if err != nil {
		return f, false
	}
	defer in.Close() //nolint:errcheck // only read
	info, err := in.Stat()
	if err != nil {
		return f, false
	}
	f = shelved{SHA256: sum, Name: name, size: info.Size()}
	f.kind, err = kindOf(in, name)
	return f, err == nil
}

func (s *shelf) open(id, sum string) (*os.File, error) {
	if s.dir == "" || !submissionID.MatchString(id) || !archive.ValidName(sum) {
		return nil, fs.ErrNotExist
	}
	return os.Open(filepath.Join(s.dir, id, sum)) //nolint:gosec // both are letters and digits alone
}

// remove takes a file off the shelf. One that is not there is no matter.
func (s *shelf) remove(id, sum string) {
	if s.dir != "" && submissionID.MatchString(id) && archive.ValidName(sum) {
		_ = os.Remove(filepath.Join(s.dir, id, sum))
	}
}

// kindOf says what a file is by its content.
func kindOf(f *os.File, name string) (string, error) {
	head := make([]byte, 4096)
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	return mime.Sniff(head[:n], name), nil
}

// unwelcome says to a resident why a file is not taken, or "". What is taken
// is what the item's page lets officers open without asking anybody.
func unwelcome(f shelved) string {
	switch _, how := attachedWords(f.kind, f.Name); {
	case f.size > mostFormFile:
		return fmt.Sprintf("Choose a smaller file: “%s” is %s and the most is 25 MB", f.Name, size(f.size))
	case f.size == 0:
		return "Choose another file: “" + f.Name + "” is empty"
	case how != opens:
		return "Choose a photo, a PDF or Word document, or a recording: “" + f.Name + "” is something else"
	}
	return ""
}
