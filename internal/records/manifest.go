package records

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// The parts of a backup's folder.
const (
	manifestFile = "manifest.json" // written last: without it a backup is half-made
	listFile     = "archive.list"  // a line for each file: checksum, which is its name, and size
	archivePart  = "archive"
	keysPart     = "keys"
	backupFormat = 1
)

// A Part is one file of a backup, with what proves that it is whole.
type Part struct {
	File   string `json:"file"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
}

// A Manifest says what a backup holds. A folder with one is a whole backup.
type Manifest struct {
	Format   int       `json:"postroom_backup"`
	MadeAt   time.Time `json:"made_at"`
	Driver   string    `json:"driver"`
	Register *Part     `json:"register"` // null: the database is backed up elsewhere
	Keys     []Part    `json:"keys"`
	List     Part      `json:"archive_list"`
	Files    int       `json:"archive_files"`
	Bytes    int64     `json:"archive_bytes"`
}

// ErrHalfMade says that a folder is no whole backup.
var ErrHalfMade = errors.New("it has no " + manifestFile + ", so it is no backup, or one that was not finished; choose another one")

// ReadManifest reads a backup's manifest.
func ReadManifest(folder string) (Manifest, error) {
	var m Manifest
	text, err := os.ReadFile(filepath.Join(folder, manifestFile)) //nolint:gosec // the operator names it
	if errors.Is(err, os.ErrNotExist) {
		return m, fmt.Errorf("%s: %w", folder, ErrHalfMade)
	}
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("%s: %w", filepath.Join(folder, manifestFile), err)
	}
	if m.Format != backupFormat {
		return m, fmt.Errorf("the backup has format %d; this version of Postroom reads format %d", m.Format, backupFormat)
	}
	return m, nil
}

// write makes the backup whole: the manifest appears with all of its bytes.
func (m Manifest) write(folder string) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	draft := filepath.Join(folder, manifestFile+".new")
	if err := writeNew(draft, append(text, '\n')); err != nil {
		return err
	}
	return errors.Join(os.Rename(draft, filepath.Join(folder, manifestFile)), syncFolder(folder))
}

// partOf reads a file of the backup and says what it holds.
func partOf(ctx context.Context, folder, file string) (Part, error) {
	p := Part{File: file}
	f, err := os.Open(filepath.Join(folder, file)) //nolint:gosec // a file of the backup
	if err != nil {
		return p, err
	}
	defer f.Close() //nolint:errcheck // only read
	h := sha256.New()
	if p.Size, err = io.Copy(h, reader{ctx, f}); err != nil {
		return p, err
	}
	p.SHA256 = hex.EncodeToString(h.Sum(nil))
	return p, nil
}

// check proves that a file is as the manifest says.
func (p Part) check(ctx context.Context, folder string) error {
	if !filepath.IsLocal(p.File) {
		return fmt.Errorf("the manifest names %q, which is not within the backup", p.File)
	}
	found, err := partOf(ctx, folder, p.File)
	if err != nil {
		return err
	}
	if found != p {
		return fmt.Errorf("%s is not what the manifest says: the backup is damaged; choose another one", filepath.Join(folder, p.File))
	}
	return nil
}

// A reader stops when its context ends.
type reader struct {
	ctx context.Context //nolint:containedctx // a reader lives within one call
	r   io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// writeNew writes a file that was not there, flushed.
func writeNew(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // the caller names it
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Sync(), f.Close())
}

func syncFolder(path string) error {
	d, err := os.Open(path) //nolint:gosec // the caller names it
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
