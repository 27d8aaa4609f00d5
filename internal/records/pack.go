package records

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"postroom/internal/archive"
	"postroom/internal/malware"
)

// A pack is a ZIP file that is being filled, with the checksum of everything
// in it. It appears under its name only when it is whole.
type pack struct {
	k     *Keeper
	f     *os.File
	path  string
	zip   *zip.Writer
	at    time.Time
	sums  []string
	names map[string]bool
}

// newPack starts a ZIP file where none is.
func (k *Keeper) newPack(path string, at time.Time) (*pack, error) {
	if _, err := os.Lstat(path); err == nil {
		return nil, fmt.Errorf("%s is there already; name a new file", path)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".pack-*") // readable by its owner alone
	if err != nil {
		return nil, err
	}
	return &pack{k: k, f: f, path: path, zip: zip.NewWriter(f), at: at, names: map[string]bool{}}, nil
}

// close finishes the file, or takes it away when filling it failed.
func (p *pack) close(err error) error {
	if err == nil {
		slices.Sort(p.sums)
		err = p.add("checksums.txt", strings.NewReader(strings.Join(p.sums, "")))
	}
	if err = errors.Join(err, p.zip.Close(), p.f.Sync(), p.f.Close()); err == nil {
		err = os.Rename(p.f.Name(), p.path)
	}
	if err != nil {
		_ = os.Remove(p.f.Name())
	}
	return err
}

func (p *pack) add(name string, from io.Reader) error {
	w, err := p.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: p.at})
	if err != nil {
		return err
	}
	h := sha256.New()
	if _, err := io.Copy(io.MultiWriter(w, h), from); err != nil {
		return err
	}
	p.sums = append(p.sums, fmt.Sprintf("%s  %s\n", hex.EncodeToString(h.Sum(nil)), name))
	return nil
}

func (p *pack) addJSON(name string, v any) error {
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	if err := out.Encode(v); err != nil {
		return err
	}
	return p.add(name, &b)
}

// withheld says why a file is not given out; empty when it is.
func (p *pack) withheld(ctx context.Context, sha string) (string, error) {
	err := p.k.Screen.Pass(ctx, sha)
	if w, held := malware.IsWithheld(err); held {
		return malware.Words(w.Screening), nil
	}
	if errors.Is(err, archive.ErrNotFound) {
		return "", nil // which addArchived says
	}
	return "", err
}

// addArchived puts a file of the archive in, under a name that tells what it
// is, ended as it is called where its bytes do not tell. Where the archive has
// lost it the name is empty.
func (p *pack) addArchived(ctx context.Context, stem, sha, called string) (name string, err error) {
	f, err := p.k.Archive.Get(ctx, sha)
	if errors.Is(err, archive.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // only read
	start := make([]byte, 512)
	n, err := io.ReadFull(f, start)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return "", err
	}
	name = p.free(stem, extension(start[:n], called))
	return name, p.add(name, io.MultiReader(bytes.NewReader(start[:n]), reader{ctx, f}))
}

// free makes a name that is not taken yet.
func (p *pack) free(stem, ext string) string {
	name := stem + ext
	for i := 2; p.names[name]; i++ {
		name = fmt.Sprintf("%s-%d%s", stem, i, ext)
	}
	p.names[name] = true
	return name
}

// ending is one that an officer's file may bring along.
var ending = regexp.MustCompile(`^\.[a-z0-9]{1,5}$`)

// extension is by what the bytes are. What has no sign of its own, such as a
// Word document, is called as its officer called it.
func extension(start []byte, called string) string {
	kind := http.DetectContentType(start)
	switch {
	case kind == "application/pdf":
		return ".pdf"
	case kind == "image/jpeg":
		return ".jpg"
	case kind == "image/png":
		return ".png"
	case bytes.HasPrefix(start, []byte("II*\x00")), bytes.HasPrefix(start, []byte("MM\x00*")):
		return ".tif"
	case kind == "image/webp":
		return ".webp"
	case len(start) >= 8 && string(start[4:8]) == "ftyp":
		return ".heic"
	case ending.MatchString(strings.ToLower(filepath.Ext(called))):
		return strings.ToLower(filepath.Ext(called))
	case strings.HasPrefix(kind, "text/"):
		return ".eml"
	}
	return ".bin"
}
