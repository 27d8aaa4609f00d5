package register

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// CopyName is what a copy of a register under that driver is called.
func CopyName(driver string) string {
	if driver == "sqlite" {
		return "register.db"
	}
	return "register.pgdump"
}

// ErrNoDump says that PostgreSQL's own program for copies is missing.
var ErrNoDump = errors.New("PostgreSQL's programs pg_dump, pg_restore and psql are not installed here; install the PostgreSQL client, " +
	"or copy the database by yourself and back up only the archive and the keys")

// Copy writes the whole register, as it is at one moment, into a new file, and
// flushes it. Others may go on using the register. A PostgreSQL register is
// copied by pg_dump.
func (r *Register) Copy(ctx context.Context, file string) error {
	err := r.copyTo(ctx, file)
	if err == nil {
		err = flush(file)
	}
	return wrap("copy", explain(err))
}

func (r *Register) copyTo(ctx context.Context, file string) error {
	if r.sqlite() {
		// The pool for reads refuses it, though it changes nothing here.
		db, err := sql.Open("sqlite", sqliteDSN(r.cfg.DSN))
		if err != nil {
			return err
		}
		_, err = db.ExecContext(ctx, `VACUUM INTO $1`, file)
		return errors.Join(err, db.Close())
	}
	return pgProgram(ctx, "pg_dump", r.cfg.DSN, nil, "--format=custom", "--no-owner", "--no-privileges", "--file="+file)
}

// VACUUM INTO and pg_dump leave flushing to others.
func flush(file string) error {
	f, err := os.Open(file) //nolint:gosec // the copy that was just made
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Restore puts a copy that Copy made into an empty place, marked as Restored
// says, and says how many replies wait for a person's look. A SQLite register
// appears only when all that is done, and a PostgreSQL register may be used
// only then. What was stopped half-way may be done again.
func Restore(ctx context.Context, c Config, file, by string, s Restoration) (doubtful int, err error) {
	if err := CheckEmpty(ctx, c); err != nil {
		return 0, err
	}
	if c.Driver != "sqlite" {
		return pgRestore(ctx, c, file, by, s)
	}
	// Two restores by mistake write one copy together, and the second would
	// take the place of a register that is served already.
	alone := &Register{cfg: c}
	if err := alone.own(); err != nil {
		return 0, wrap("restore", explain(err))
	}
	defer alone.lock.Close() //nolint:errcheck // the lock goes with it
	if err := CheckEmpty(ctx, c); err != nil {
		return 0, err
	}
	final := c.DSN
	c.DSN += ".restoring"
	if err := freshCopy(file, c.DSN); err != nil {
		return 0, wrap("restore", err)
	}
	if doubtful, err = markRestored(ctx, c, by, s); err != nil {
		return 0, err
	}
	// The last to close a SQLite register merges its log into the file.
	if err := errors.Join(flush(c.DSN), os.Rename(c.DSN, final), flush(filepath.Dir(final))); err != nil {
		return 0, wrap("restore", err)
	}
	return doubtful, nil
}

func markRestored(ctx context.Context, c Config, by string, s Restoration) (int, error) {
	c.Own, c.finishing = false, true
	r, err := Connect(ctx, c)
	if err != nil {
		return 0, err
	}
	doubtful, err := r.Restored(ctx, by, s)
	return doubtful, errors.Join(err, r.Close())
}

// freshCopy copies a file over whatever an earlier attempt left.
func freshCopy(from, to string) error {
	for _, old := range []string{to, to + "-wal", to + "-shm"} {
		if err := os.Remove(old); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	in, err := os.Open(from) //nolint:gosec // the backup that the operator names
	if err != nil {
		return err
	}
	defer in.Close()                                                      //nolint:errcheck // only read
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // beside the register that the configuration names
	if err != nil {
		return err
	}
	_, err = out.ReadFrom(in)
	return errors.Join(err, out.Close())
}

var passwordInDSN = regexp.MustCompile(`(?i)\bpassword\s*=\s*('(?:[^'\\]|\\.)*'|\S+)`)

// pgProgram runs one of PostgreSQL's programs on a database. The password goes
// by its environment, since anybody on the machine can read its arguments.
func pgProgram(ctx context.Context, program, dsn string, stdin io.Reader, args ...string) error {
	path, err := exec.LookPath(program)
	if err != nil {
		return ErrNoDump
	}
	parsed, err := pgconn.ParseConfig(dsn)
	if err != nil {
		return err
	}
	database, more := pgDatabase(dsn)
	if program == "pg_dump" {
		args = append(args, more...)
	}
	cmd := exec.CommandContext(ctx, path, append([]string{"--dbname=" + database, "--no-password"}, args...)...) //nolint:gosec // PostgreSQL's own program
	cmd.Env, cmd.Stdin = append(os.Environ(), "PGPASSWORD="+parsed.Password), stdin
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w: %s", program, err, strings.TrimSpace(complaints.String()))
	}
	return nil
}

// pgDatabase is a connection string as PostgreSQL's programs take it, without
// the password, and the arguments that keep pg_dump to the schemas that it
// names: search_path is no parameter of theirs.
func pgDatabase(dsn string) (database string, args []string) {
	u, err := url.Parse(dsn)
	if err != nil || u.Scheme == "" {
		return passwordInDSN.ReplaceAllString(dsn, ""), nil
	}
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	q := u.Query()
	for schema := range strings.SplitSeq(q.Get("search_path"), ",") {
		if schema != "" {
			args = append(args, "--schema="+schema)
		}
	}
	q.Del("search_path")
	u.RawQuery = q.Encode()
	return u.String(), args
}
