package register

import (
	"context"
	"errors"
)

// settingReferenceKey holds what tells one reference key from another.
const settingReferenceKey = "reference_key"

// ErrOtherReferenceKey says that references in this register were made with
// another key.
var ErrOtherReferenceKey = errors.New("the references in this register were made with another reference key, which never changes: " +
	"the same post would get a second reference; put the key back from a backup (keys.folder or keys.reference_key_file)")

// HoldReferenceKey refuses a reference key that is not the register's own, and
// makes the first one that it sees its own.
func (r *Register) HoldReferenceKey(ctx context.Context) error {
	return wrap("reference key", r.writes.do(ctx, func(t *tx) error {
		ours := r.cfg.References.Fingerprint()
		err := t.exec(`INSERT INTO setting (name, value, at, by_whom) VALUES ($1, $2, $3, 'postroom') ON CONFLICT (name) DO NOTHING`,
			settingReferenceKey, ours, micros(t.now))
		if err != nil {
			return err
		}
		var held string
		if err := t.one(`SELECT value FROM setting WHERE name = $1`, []any{settingReferenceKey}, &held); err != nil {
			return err
		}
		if held != ours {
			return ErrOtherReferenceKey
		}
		return nil
	}))
}

// CheckReferenceKey compares as HoldReferenceKey does, and writes nothing.
func (r *Register) CheckReferenceKey(ctx context.Context) error {
	held, err := get(ctx, r, "reference key", func(row scanner) (held string, err error) { return held, row.Scan(&held) },
		`SELECT value FROM setting WHERE name = $1`, settingReferenceKey)
	switch {
	case errors.Is(err, ErrNotFound): // nothing has served yet
		return nil
	case err == nil && held != r.cfg.References.Fingerprint():
		return wrap("reference key", ErrOtherReferenceKey)
	}
	return err
}
