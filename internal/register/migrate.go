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
	fill   filling // nil: nothing
}

// A filling fills in what SQL cannot, and says how many it has done.
type filling func(t *tx, done func(int)) error

// fills are what follows a migration's SQL, by its number.
func fills() map[int]filling { return map[int]filling{15: indexAll} }

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

// migrate applies what is missing, in one transaction that takes as long as
// there is post, and that the end of ctx undoes. Two processes that start at
// once wait for each other: SQLite by its write lock, PostgreSQL by an advisory
// lock of this schema, so that no other register of the database waits. Where
// it and an older process, which writes meanwhile, wait for each other's tables,
// the writer does it again. Whether anything is missing is asked before, under
// the usual limit, so that a database that hangs ends the start.
func (r *Register) migrate(ctx context.Context, ms []migration) error {
	if current, err := r.current(ctx, ms); current || err != nil {
		return err
	}
	err := r.migrateAtOnce(ctx, ms)
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("bringing it to the form of this version was stopped, and nothing of it was kept; the next start does it again: %w", ctx.Err())
	}
	return err
}

func (r *Register) migrateAtOnce(ctx context.Context, ms []migration) error {
	return r.writes.long(ctx, func(t *tx) error {
		if !r.sqlite() {
			if err := t.exec(`SELECT pg_advisory_xact_lock(7766955, hashtext(current_schema()))`); err != nil {
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
		return r.applyMigrations(t, ms, done)
	})
}

// current reports whether the register has the form that this program knows.
func (r *Register) current(ctx context.Context, ms []migration) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, writeLimit)
	defer cancel()
	there := `SELECT to_regclass('migration') IS NOT NULL AND to_regclass('` + unfinishedTable + `') IS NULL`
	if r.sqlite() {
		there = `SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'migration')`
	}
	var usable bool
	if err := r.db.QueryRowContext(ctx, there).Scan(&usable); err != nil || !usable {
		return false, err
	}
	rows, err := r.db.QueryContext(ctx, appliedQuery)
	if err != nil {
		return false, err
	}
	done := map[int]string{}
	if err := drain(rows, applied(done)); err != nil {
		return false, err
	}
	missing, err := missingMigrations(ms, done)
	return err == nil && len(missing) == 0, err
}

const appliedQuery = `SELECT number, checksum FROM migration`

func applied(done map[int]string) func(*sql.Rows) error {
	return func(rows *sql.Rows) error {
		var n int
		var sum string
		if err := rows.Scan(&n, &sum); err != nil {
			return err
		}
		done[n] = sum
		return nil
	}
}

func appliedMigrations(t *tx) (map[int]string, error) {
	done := map[int]string{}
	return done, t.each(appliedQuery, nil, applied(done))
}

// missingMigrations are those that were not applied yet. It refuses a register
// of a newer program, and a file that was changed.
func missingMigrations(ms []migration, done map[int]string) ([]migration, error) {
	newest := 0
	for _, m := range ms {
		newest = max(newest, m.number)
	}
	for n := range done {
		if n > newest {
			return nil, ErrNewerSchema
		}
	}
	var missing []migration
	for _, m := range ms {
		switch sum, ok := done[m.number]; {
		case !ok:
			missing = append(missing, m)
		case sum != m.checksum():
			return nil, fmt.Errorf("migration %s was changed after it was applied; restore the released file", m.name)
		}
	}
	return missing, nil
}

func (r *Register) applyMigrations(t *tx, ms []migration, done map[int]string) error {
	missing, err := missingMigrations(ms, done)
	if err != nil {
		return err
	}
	told := func(migration, int) {}
	if len(done) > 0 && r.cfg.Migrating != nil { // a new register takes no time
		told = func(m migration, n int) { r.cfg.Migrating(m.name, n) }
	}
	for _, m := range missing {
		told(m, 0)
		if err := t.script(m.sql); err != nil {
			return fmt.Errorf("migration %s: %w", m.name, err)
		}
		if err := t.exec(`INSERT INTO migration (number, name, checksum) VALUES ($1, $2, $3)`, m.number, m.name, m.checksum()); err != nil {
			return err
		}
	}
	for _, m := range missing { // when the schema is the one that this program knows
		if m.fill == nil {
			continue
		}
		if err := m.fill(t, func(n int) { told(m, n) }); err != nil {
			return fmt.Errorf("migration %s: %w", m.name, err)
		}
	}
	return nil
}
