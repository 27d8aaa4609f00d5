package register

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// inUse opens a register on each database and has a test work with it.
func inUse(t *testing.T, test func(t *testing.T, r *Register)) {
	t.Helper()
	for driver, dsn := range map[string]func(*testing.T) string{
		"sqlite":   newFile,
		"postgres": emptySchema,
	} {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			r, err := Connect(t.Context(), Config{Driver: driver, DSN: dsn(t), Now: time.Now})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = r.Close() })
			test(t, r)
		})
	}
}

func newFile(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "register.db")
}

func emptySchema(t *testing.T) string {
	t.Helper()
	dsn := os.Getenv("POSTROOM_TEST_POSTGRES")
	if dsn == "" {
		t.Skip("integration: POSTROOM_TEST_POSTGRES names no server")
	}
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	schema := fmt.Sprintf("long%d_%d", os.Getpid(), time.Now().UnixNano())
	if _, err := db.ExecContext(t.Context(), `CREATE SCHEMA `+schema); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, err := db.ExecContext(context.Background(), `DROP SCHEMA `+schema+` CASCADE`)
		if err := errors.Join(err, db.Close()); err != nil {
			t.Error(err)
		}
	})
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String()
}

// lasting is a statement that takes so long, or nearly for ever.
func (r *Register) lasting(t *tx, forever bool) error {
	switch {
	case r.sqlite() && forever:
		return t.exec(`WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n`)
	case r.sqlite():
		return t.exec(`WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 100000) SELECT count(*) FROM n`)
	case forever:
		return t.exec(`SELECT pg_sleep(3600)`)
	}
	return t.exec(`SELECT pg_sleep(0.2)`)
}

// with is what a newer program would know: one migration more.
func (r *Register) with(fill filling) []migration {
	return append(migrations(r.cfg.Driver), migration{number: 9001, name: "9001_later.sql", sql: "CREATE TABLE later (id TEXT)", fill: fill})
}

// A migration takes as long as there is post. The limit of other writes, after
// which the server is taken for lost, does not count for it.
func TestAMigrationOutlastsTheLimitOfAWrite(t *testing.T) {
	t.Parallel()
	inUse(t, func(t *testing.T, r *Register) {
		t.Helper()
		var told []string
		r.cfg.Migrating = func(migration string, done int) { told = append(told, fmt.Sprint(migration, " ", done)) }
		r.writes.most = time.Millisecond
		err := r.writes.do(t.Context(), func(tx *tx) error { return r.lasting(tx, false) })
		if got := errors.Is(err, ErrLost); got == r.sqlite() { // where nothing hangs but the disk
			t.Errorf("another write of that length: %v", err)
		}
		err = r.migrate(t.Context(), r.with(func(tx *tx, done func(int)) error {
			defer done(7)
			return r.lasting(tx, false)
		}))
		if err != nil {
			t.Fatal(err)
		}
		if want := []string{"9001_later.sql 0", "9001_later.sql 7"}; !slices.Equal(told, want) {
			t.Errorf("told %q, want %q", told, want)
		}
		r.writes.most = writeLimit
		if err := r.Writable(t.Context()); err != nil {
			t.Errorf("after it: %v", err)
		}
		if err := r.migrate(t.Context(), r.with(func(*tx, func(int)) error { return errors.New("a second time") })); err != nil {
			t.Error(err)
		}
	})
}

// Somebody who stops a migration gets the register back as it was, at once.
func TestAMigrationCanBeStopped(t *testing.T) {
	t.Parallel()
	inUse(t, func(t *testing.T, r *Register) {
		t.Helper()
		ctx, stop := context.WithCancel(t.Context())
		err := r.migrate(ctx, r.with(func(tx *tx, _ func(int)) error {
			go stop()
			return r.lasting(tx, true)
		}))
		if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "nothing of it was kept") {
			t.Errorf("stopped: %v", err)
		}
		if err := r.Writable(t.Context()); err != nil {
			t.Errorf("after it: %v", err)
		}
		if got, err := r.Outgrown(t.Context()); got != "" || err != nil {
			t.Errorf("something of it was kept: %q, %v", got, err)
		}
		if err := r.migrate(t.Context(), r.with(nil)); err != nil {
			t.Errorf("again: %v", err)
		}
	})
}
