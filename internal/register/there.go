package register

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// There reports whether a place holds a register, of which a restore may not be
// finished. It makes none.
func There(ctx context.Context, driver, dsn string) (bool, error) {
	if driver == "sqlite" {
		info, err := os.Stat(dsn)
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		return err == nil && info.Size() > 0, err
	}
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return false, wrap("there", err)
	}
	defer db.Close() //nolint:errcheck // only looked at
	there, _, err := pgThere(ctx, db)
	return there, wrap("there", explain(err))
}

// CheckEmpty refuses a place where a register is already.
func CheckEmpty(ctx context.Context, c Config) error {
	if c.Driver == "sqlite" {
		for _, file := range []string{c.DSN, c.DSN + "-wal"} {
			if _, err := os.Lstat(file); err == nil {
				return fmt.Errorf("%s is there already; move it away, or name another place in register.path", file)
			}
		}
		return nil
	}
	db, err := sql.Open("pgx", c.DSN)
	if err != nil {
		return wrap("check empty", err)
	}
	defer db.Close() //nolint:errcheck // only looked at
	there, unfinished, err := pgThere(ctx, db)
	if err != nil {
		return wrap("check empty", err)
	}
	if there && unfinished == "" {
		return errors.New("the database holds a register already; name an empty database in register.dsn_env or register.dsn_file")
	}
	return nil
}
