package register

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"sort"
	"strconv"
	"strings"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// A migration is one numbered file. It is never edited once released: its
// checksum is in the database.
type migration struct {
	number int
	name   string
	sql    string
	fill   func(*tx) error // fills in what SQL cannot; nil: nothing
}

// fills are what follows a migration's SQL, by its number.
func fills() map[int]func(*tx) error { return map[int]func(*tx) error{15: indexAll} }

func (m migration) checksum() string {
	sum := sha256.Sum256([]byte(m.sql))
	return hex.EncodeToString(sum[:])
}

// migrations lists the embedded files by number. Where the databases differ
// there are two of a number, each named by its database.
func migrations(driver string) []migration {
	names, _ := fs.Glob(migrationFiles, "migrations/*.sql")
	sort.Strings(names)
	var ms []migration
	for _, name := range names {
		text, _ := migrationFiles.ReadFile(name)
		base := strings.TrimPrefix(name, "migrations/")
		if only := strings.TrimPrefix(path.Ext(strings.TrimSuffix(base, ".sql")), "."); only != "" && only != driver {
			continue
		}
		number, _ := strconv.Atoi(base[:4])
		ms = append(ms, migration{number: number, name: base, sql: string(text), fill: fills()[number]})
	}
	return ms
}

const migrationTable = `CREATE TABLE IF NOT EXISTS migration (
	number   BIGINT PRIMARY KEY,
	name     TEXT NOT NULL,
	checksum TEXT NOT NULL
)`

// migrate applies what is missing, each file in a transaction of its own. Two
// processes that start at once wait for each other: SQLite by its write lock,
// PostgreSQL by an advisory lock.
func (r *Register) migrate(ctx context.Context, ms []migration) error {
	return r.writes.do(ctx, func(t *tx) error {
		if !r.sqlite() {
			if err := t.exec(`SELECT pg_advisory_xact_lock(7766955)`); err != nil {
				return err
			}
		}
		if err := r.mayUse(t); err != nil {
			return err
		}
		if err := t.exec(migrationTable); err != nil {
			return err
		}
		done, err := appliedMigrations(t)
		if err != nil {
			return err
		}
		return applyMigrations(t, ms, done)
	})
}

func appliedMigrations(t *tx) (map[int]string, error) {
	done := map[int]string{}
	err := t.each(`SELECT number, checksum FROM migration`, nil, func(rows *sql.Rows) error {
		var n int
		var sum string
		if err := rows.Scan(&n, &sum); err != nil {
			return err
		}
		done[n] = sum
		return nil
	})
	return done, err
}

func applyMigrations(t *tx, ms []migration, done map[int]string) error {
	newest := 0
	for _, m := range ms {
		newest = max(newest, m.number)
	}
	for n := range done {
		if n > newest {
			return ErrNewerSchema
		}
	}
	var fill []migration
	for _, m := range ms {
		if sum, ok := done[m.number]; ok {
			if sum != m.checksum() {
				return fmt.Errorf("migration %s was changed after it was applied; restore the released file", m.name)
			}
			continue
		}
		if err := t.script(m.sql); err != nil {
			return fmt.Errorf("migration %s: %w", m.name, err)
		}
		if m.fill != nil {
			fill = append(fill, m)
		}
		if err := t.exec(`INSERT INTO migration (number, name, checksum) VALUES ($1, $2, $3)`, m.number, m.name, m.checksum()); err != nil {
			return err
		}
	}
	for _, m := range fill { // when the schema is the one that this program knows
		if err := m.fill(t); err != nil {
			return fmt.Errorf("migration %s: %w", m.name, err)
		}
	}
	return nil
}
