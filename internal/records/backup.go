package records

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"postroom/internal/archive"
	"postroom/internal/register"
)

// A BackupPlan says what a backup is to hold beside the archive.
type BackupPlan struct {
	Folder       string // new or empty
	Driver       string
	SkipRegister bool              // the database is backed up by other means
	Keys         map[string]string // file name to key
	At           time.Time
}

// Backup copies the register as it is at one moment, then the archive, which
// by then holds all that the copy names, and the keys. The manifest comes
// last, so that a backup that was not finished shows. Files of the archive
// that are missing are left out and named in the findings, and so are damaged
// ones that are copied. What is linked is not read: verify and Restore compare it.
func (k *Keeper) Backup(ctx context.Context, p BackupPlan) (Manifest, []Finding, error) {
	m := Manifest{Format: backupFormat, MadeAt: p.At.UTC(), Driver: p.Driver}
	if err := emptyFolder(p.Folder); err != nil {
		return m, nil, err
	}
	if !p.SkipRegister {
		name := register.CopyName(p.Driver)
		k.progress("copying the register", 0)
		if err := k.Register.Copy(ctx, filepath.Join(p.Folder, name)); err != nil {
			return m, nil, err
		}
		part, err := partOf(ctx, p.Folder, name)
		if err != nil {
			return m, nil, err
		}
		m.Register = &part
	}
	if err := m.writeKeys(ctx, p); err != nil {
		return m, nil, err
	}
	findings, err := k.backupArchive(ctx, p.Folder, &m)
	if err != nil {
		return m, findings, err
	}
	return m, findings, m.write(p.Folder)
}

// emptyFolder makes the folder, or finds it empty.
func emptyFolder(folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	if len(entries) > 0 {
		return fmt.Errorf("%s is not empty; name a new folder for each backup", folder)
	}
	return nil
}

func (m *Manifest) writeKeys(ctx context.Context, p BackupPlan) error {
	if err := os.Mkdir(filepath.Join(p.Folder, keysPart), 0o700); err != nil {
		return err
	}
	for name, key := range p.Keys {
		file := filepath.Join(keysPart, name)
		if err := writeNew(filepath.Join(p.Folder, file), []byte(key+"\n")); err != nil {
			return err
		}
		part, err := partOf(ctx, p.Folder, file)
		if err != nil {
			return err
		}
		m.Keys = append(m.Keys, part)
	}
	slices.SortFunc(m.Keys, func(a, b Part) int { return strings.Compare(a.File, b.File) })
	return syncFolder(filepath.Join(p.Folder, keysPart))
}

// backupArchive copies every file of the archive and writes the list of them.
func (k *Keeper) backupArchive(ctx context.Context, folder string, m *Manifest) (findings []Finding, err error) {
	list, err := os.OpenFile(filepath.Join(folder, listFile), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // within the new backup
	if err != nil {
		return nil, err
	}
	lines := bufio.NewWriter(list)
	var folders []string
	err = k.Archive.Walk(ctx, func(name string) error {
		at := filepath.Join(folder, archivePart, name[:2])
		if n := len(folders); n == 0 || folders[n-1] != at {
			if err := os.MkdirAll(at, 0o700); err != nil {
				return err
			}
			folders = append(folders, at)
		}
		size, err := k.Archive.CopyOut(ctx, name, filepath.Join(at, name))
		if errors.Is(err, archive.ErrDamaged) || errors.Is(err, archive.ErrNotFound) {
			findings = append(findings, Finding{Problem: true, What: err.Error()})
			return nil
		}
		if err != nil {
			return err
		}
		m.Files, m.Bytes = m.Files+1, m.Bytes+size
		k.progress("copying the archive", m.Files)
		_, err = fmt.Fprintln(lines, name, size)
		return err
	})
	err = errors.Join(err, lines.Flush(), list.Sync(), list.Close())
	for _, f := range append(folders, filepath.Join(folder, archivePart)) {
		if err == nil {
			if err = syncFolder(f); errors.Is(err, fs.ErrNotExist) {
				err = nil // the archive is empty
			}
		}
	}
	if err != nil {
		return findings, err
	}
	m.List, err = partOf(ctx, folder, listFile)
	return findings, err
}
