package records

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"postroom/internal/archive"
	"postroom/internal/register"
)

// A RestorePlan says where a backup goes.
type RestorePlan struct {
	Folder  string          // the backup
	Into    register.Config // an empty place
	By      string
	LostAt  time.Time // when the old register was lost
	Rescan  []string  // mailboxes whose filed mail is looked through too
	Archive *archive.Archive
	// Progress is told now and then what is being done and how far it is; nil:
	// nobody.
	Progress func(what string, done int)
}

// A Restored says what a restore brought back.
type Restored struct {
	Manifest
	Doubtful int // replies that wait for a person, since they may have gone out
	Findings []Finding
}

// CheckBackup proves that the register, the keys and the list of a backup are
// whole. The archive's files prove themselves, by their names.
func CheckBackup(ctx context.Context, folder string) (Manifest, error) {
	m, err := ReadManifest(folder)
	if err != nil {
		return m, err
	}
	parts := append([]Part{m.List}, m.Keys...)
	if m.Register != nil {
		parts = append(parts, *m.Register)
	}
	for _, p := range parts {
		if err := p.check(ctx, folder); err != nil {
			return m, err
		}
	}
	return m, nil
}

// Key reads one of the backup's keys; empty when it has none of that name.
func (m Manifest) Key(folder, name string) (string, error) {
	for _, p := range m.Keys {
		if p.File == filepath.Join(keysPart, name) {
			text, err := os.ReadFile(filepath.Join(folder, p.File)) //nolint:gosec // a file of the backup
			return strings.TrimSpace(string(text)), err
		}
	}
	return "", nil
}

// Restore puts a backup's archive and register into empty places, the register
// last. It may be repeated after it was stopped. A file of the archive that is
// missing or damaged in the backup is named in the findings, and the rest is
// restored.
func Restore(ctx context.Context, p RestorePlan) (Restored, error) {
	var r Restored
	var err error
	if r.Manifest, err = CheckBackup(ctx, p.Folder); err != nil {
		return r, err
	}
	if r.Register == nil {
		return r, errors.New("this backup holds no register: restore the database by its own means, then the archive and the keys by copying them")
	}
	if r.Driver != p.Into.Driver {
		return r, fmt.Errorf("the backup is of a %s register and the configuration names a %s register; set register.driver: %s", r.Driver, p.Into.Driver, r.Driver)
	}
	if err := register.CheckEmpty(ctx, p.Into); err != nil {
		return r, err
	}
	names, err := readList(filepath.Join(p.Folder, listFile))
	if err != nil {
		return r, err
	}
	if err := onlyThese(ctx, p.Archive, names); err != nil {
		return r, err
	}
	if r.Findings, err = p.restoreArchive(ctx, names); err != nil {
		return r, err
	}
	r.Doubtful, err = register.Restore(ctx, p.Into, filepath.Join(p.Folder, r.Register.File), p.By,
		register.Restoration{BackedUpAt: r.MadeAt, LostAt: p.LostAt, Rescan: p.Rescan})
	return r, err
}

func readList(path string) ([]string, error) {
	f, err := os.Open(path) //nolint:gosec // a file of the backup
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	var names []string
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		name, _, _ := strings.Cut(lines.Text(), " ")
		if !archive.ValidName(name) {
			return nil, fmt.Errorf("%s: line %d is no name of an archive", path, len(names)+1)
		}
		names = append(names, name)
	}
	return names, lines.Err()
}

// onlyThese refuses an archive with files of its own: a restore goes into
// empty places, and may find there only what an earlier attempt left.
func onlyThese(ctx context.Context, a *archive.Archive, names []string) error {
	known := make(map[string]bool, len(names))
	for _, n := range names {
		known[n] = true
	}
	return a.Walk(ctx, func(name string) error {
		if !known[name] {
			return fmt.Errorf("the archive holds a file that the backup does not know (%s); name an empty place in archive.folder or archive.s3.prefix", name)
		}
		return nil
	})
}

// restoreTogether is how many files are flushed together.
const restoreTogether = 64

func (p RestorePlan) restoreArchive(ctx context.Context, names []string) ([]Finding, error) {
	var findings []Finding
	for done := 0; done < len(names); done += restoreTogether {
		var writers []*archive.Writer
		for _, name := range names[done:min(done+restoreTogether, len(names))] {
			w, err := p.read(ctx, name)
			switch {
			case errors.Is(err, archive.ErrDamaged), errors.Is(err, os.ErrNotExist):
				findings = append(findings, Finding{Problem: true, What: fmt.Sprintf("file %s is missing or damaged in the backup", name)})
			case err != nil:
				for _, w := range writers {
					w.Abort()
				}
				return findings, err
			default:
				writers = append(writers, w)
			}
		}
		if _, err := p.Archive.Commit(ctx, writers); err != nil {
			return findings, err
		}
		if p.Progress != nil {
			p.Progress("restoring the archive", done)
		}
	}
	return findings, nil
}

// read takes a file of the backup into the archive's hands, when it is what
// its name says.
func (p RestorePlan) read(ctx context.Context, name string) (*archive.Writer, error) {
	f, err := os.Open(filepath.Join(p.Folder, archivePart, name[:2], name)) //nolint:gosec // a file of the backup
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	w, err := p.Archive.Create(ctx)
	if err != nil {
		return nil, err
	}
	h := sha256.New()
	_, err = io.Copy(io.MultiWriter(w, h), reader{ctx, f})
	if err == nil && hex.EncodeToString(h.Sum(nil)) != name {
		err = archive.ErrDamaged
	}
	if err != nil {
		w.Abort()
		return nil, err
	}
	return w, nil
}
