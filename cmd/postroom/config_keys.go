package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// shortestKey is the fewest characters that a key may have.
const shortestKey = 32

// makeKeys fills in the keys that the configuration names no place for, from
// keys.folder; one that is not there is made, flushed to disk before it is
// used. The reference key must never change while the register lives: the
// same post would get another reference.
func (c *config) makeKeys() error {
	for _, key := range []struct {
		into *secret
		file string
	}{{&c.Keys.Reference, "reference.key"}, {&c.Keys.MessageID, "message-id.key"}} {
		if *key.into != "" {
			continue
		}
		value, err := keyIn(c.Keys.Folder, key.file)
		if err != nil {
			return fmt.Errorf("keys.folder: %w", err)
		}
		*key.into = value
	}
	return nil
}

// keyIn reads a key, or makes it. Of two processes that make it at once one
// wins, and the other takes the winner's.
func keyIn(folder, name string) (secret, error) {
	path := filepath.Join(folder, name)
	text, err := os.ReadFile(path) //nolint:gosec // the operator names the folder
	if errors.Is(err, fs.ErrNotExist) {
		if err := newKey(folder, path); err != nil {
			return "", err
		}
		text, err = os.ReadFile(path) //nolint:gosec // the operator names the folder
	}
	if err != nil {
		return "", err
	}
	key := strings.TrimSpace(string(text))
	if len(key) < shortestKey {
		return "", fmt.Errorf("%s holds %d characters, too few for a key: restore it from a backup", path, len(key))
	}
	return secret(key), nil
}

// newKey makes a key of 32 random bytes.
func newKey(folder, path string) error {
	random := make([]byte, 32)
	_, _ = rand.Read(random) // never fails (crypto/rand)
	return writeKey(folder, path, hex.EncodeToString(random))
}

// writeKey writes a key into a file that appears whole, by a link that fails
// where the file is already there.
func writeKey(folder, path, key string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil { //nolint:gosec // the folder that the configuration names
		return err
	}
	draft, err := os.CreateTemp(folder, ".new-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(draft.Name()) }() //nolint:gosec // made above
	_, err = draft.WriteString(key + "\n")
	if err := errors.Join(err, draft.Sync(), draft.Close()); err != nil {
		return err
	}
	if err := os.Link(draft.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return flushFolder(folder)
}

func flushFolder(folder string) error {
	d, err := os.Open(folder) //nolint:gosec // the operator names the folder
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
