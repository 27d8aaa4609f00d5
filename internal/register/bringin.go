package register

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os/exec"
	"strconv"
	"strings"
)

// unfinishedTable is in a PostgreSQL register from the transaction that brings
// a backup in to the one that marks it as restored. Nobody may use the register
// in between: it would send again what had gone.
const unfinishedTable = "unfinished_restore"

// ErrUnfinishedRestore says that a restore was stopped half-way.
var ErrUnfinishedRestore = errors.New("a restore into this register was stopped half-way; run postroom restore again, with the same backup")

// mayUse refuses a register that is not wholly restored.
func (r *Register) mayUse(t *tx) error {
	if r.sqlite() || r.cfg.finishing {
		return nil
	}
	var unfinished bool
	if err := t.one(`SELECT to_regclass('`+unfinishedTable+`') IS NOT NULL`, nil, &unfinished); err != nil {
		return err
	}
	if unfinished {
		return ErrUnfinishedRestore
	}
	return nil
}

// pgThere reports whether a PostgreSQL place holds a register, and of which
// backup, if its restore was not finished.
func pgThere(ctx context.Context, db *sql.DB) (there bool, unfinished string, err error) {
	var marked bool
	err = db.QueryRowContext(ctx, `SELECT to_regclass('migration') IS NOT NULL, to_regclass('`+unfinishedTable+`') IS NOT NULL`).Scan(&there, &marked)
	if err == nil && marked {
		err = db.QueryRowContext(ctx, `SELECT backup FROM `+unfinishedTable).Scan(&unfinished)
	}
	return there, unfinished, err
}

// ErrRestoring says that another restore goes into the same place.
var ErrRestoring = errors.New("another restore into this database is running; let it finish")

// pgRestore brings a dump in and marks it as restored, one restore at a time.
func pgRestore(ctx context.Context, c Config, file, by string, s Restoration) (int, error) {
	db, err := sql.Open("pgx", c.DSN)
	if err != nil {
		return 0, wrap("restore", err)
	}
	defer db.Close() //nolint:errcheck // nothing was written by it
	turn, err := db.Conn(ctx)
	if err != nil {
		return 0, wrap("restore", err)
	}
	defer turn.Close() //nolint:errcheck // only locked by
	alone := false
	if err := turn.QueryRowContext(ctx, `SELECT pg_try_advisory_lock(7766958, hashtext($1))`, quotedSchema(c.DSN)).Scan(&alone); err != nil {
		return 0, wrap("restore", err)
	}
	if !alone {
		return 0, wrap("restore", ErrRestoring)
	}
	// Given back at once: the server lets go of it some moments after the close.
	defer turn.ExecContext(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock(7766958, hashtext($1))`, quotedSchema(c.DSN)) //nolint:errcheck // the close does it too
	if err := CheckEmpty(ctx, c); err != nil {
		return 0, err
	}
	if err := pgBringIn(ctx, c, file, s); err != nil {
		return 0, wrap("restore", err)
	}
	return markRestored(ctx, c, by, s)
}

// pgBringIn puts a dump into an empty PostgreSQL place, with the mark that the
// restore is not finished, in one transaction. Where an earlier attempt came so
// far with the same backup, nothing is left to do.
func pgBringIn(ctx context.Context, c Config, file string, s Restoration) error {
	db, err := sql.Open("pgx", c.DSN)
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // only looked at
	backup := strconv.FormatInt(micros(s.BackedUpAt), 10)
	switch _, unfinished, err := pgThere(ctx, db); {
	case err != nil:
		return err
	case unfinished == backup:
		return nil
	case unfinished != "":
		return errors.New("a restore of another backup into this database was stopped half-way; go on with that one, or name an empty database")
	}
	return pgScript(ctx, c.DSN, file, fmt.Sprintf("\nSET search_path = %s;\nCREATE TABLE %s (backup TEXT NOT NULL);\nINSERT INTO %s VALUES ('%s');\n",
		quotedSchema(c.DSN), unfinishedTable, unfinishedTable, backup))
}

// pgScript runs a dump and what follows it as one transaction: psql is told to
// commit when pg_restore has said all, and not when either is cut off.
func pgScript(ctx context.Context, dsn, file, then string) error {
	path, err := exec.LookPath("pg_restore")
	if err != nil {
		return ErrNoDump
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	dump := exec.CommandContext(ctx, path, "--no-owner", "--no-privileges", "--file=-", file) //nolint:gosec // PostgreSQL's own program, the operator's backup
	var complaints bytes.Buffer
	dump.Stderr = &complaints
	said, err := dump.StdoutPipe()
	if err != nil {
		return err
	}
	if err := dump.Start(); err != nil {
		return err
	}
	whole := &wholeDump{from: said, wait: dump.Wait}
	err = pgProgram(ctx, "psql", dsn, io.MultiReader(strings.NewReader("BEGIN;\n"), whole, strings.NewReader(then+"COMMIT;\n")),
		"--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null", "--file=-")
	cancel()
	if !whole.over {
		_ = dump.Wait()
	}
	if whole.err != nil {
		return fmt.Errorf("pg_restore: %w: %s", whole.err, strings.TrimSpace(complaints.String()))
	}
	return err
}

// wholeDump reads what a program says, and ends without an error only when the
// program ended well.
type wholeDump struct {
	from io.Reader
	wait func() error
	over bool
	err  error
}

func (w *wholeDump) Read(p []byte) (int, error) {
	if w.over {
		return 0, w.end()
	}
	n, err := w.from.Read(p)
	if errors.Is(err, io.EOF) {
		w.over, w.err = true, w.wait()
		return n, w.end()
	}
	return n, err
}

func (w *wholeDump) end() error {
	if w.err != nil {
		return w.err
	}
	return io.EOF
}

// quotedSchema is the schema in which a connection makes its tables.
func quotedSchema(dsn string) string {
	schema := "public"
	if u, err := url.Parse(dsn); err == nil && u.Scheme != "" {
		if first, _, _ := strings.Cut(u.Query().Get("search_path"), ","); first != "" {
			schema = first
		}
	}
	return `"` + strings.ReplaceAll(schema, `"`, `""`) + `"`
}
