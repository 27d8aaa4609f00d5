package registertest

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/stdlib"

	"postroom/internal/register"
)

// A bulk writes many rows into an empty register, faster than anything that
// must survive a power cut: without indexes at first, and without a journal.
type bulk struct {
	db      *sql.DB
	sqlite  bool
	indexes []string // the statements that make them again
	entries int64    // of the search
}

func openBulk(c register.Config) (*bulk, error) {
	w := &bulk{sqlite: c.Driver == "sqlite"}
	var err error
	if w.db, err = sql.Open(map[bool]string{true: "sqlite", false: "pgx"}[w.sqlite], c.DSN); err != nil {
		return nil, err
	}
	w.db.SetMaxOpenConns(1)
	settings, indexes := []string{"SET synchronous_commit = off", "SET maintenance_work_mem = '512MB'"},
		`SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() AND indexdef NOT LIKE 'CREATE UNIQUE%'`
	if w.sqlite {
		settings = []string{"PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", "PRAGMA cache_size = -1000000", "PRAGMA locking_mode = EXCLUSIVE"}
		indexes = `SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql LIKE 'CREATE INDEX%'`
	}
	if err := w.exec(settings...); err != nil {
		return nil, err
	}
	_, rows, err := readRows(w.db, indexes)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		if err := w.exec(fmt.Sprint("DROP INDEX ", row[0])); err != nil {
			return nil, err
		}
		w.indexes = append(w.indexes, fmt.Sprint(row[1]))
	}
	return w, nil
}

func (w *bulk) exec(statements ...string) error {
	for _, s := range statements {
		if _, err := w.db.ExecContext(context.Background(), s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return nil
}

// finish makes the indexes, and has the database look at what it holds as it
// does by itself in time.
func (w *bulk) finish() error {
	err := w.exec(w.indexes...)
	if err == nil && w.sqlite {
		err = w.exec(`PRAGMA locking_mode = NORMAL`, `PRAGMA journal_mode = WAL`)
	} else if err == nil {
		err = w.exec(`VACUUM ANALYZE`)
	}
	return errors.Join(err, w.db.Close())
}

// write writes rows by table.
func (w *bulk) write(tables []storyTable, printed [][][]any) error {
	if !w.sqlite {
		return w.copyIn(tables, printed)
	}
	tx, err := w.db.BeginTx(context.Background(), nil)
	if err != nil {
		return err
	}
	for i, t := range tables {
		columns, rows := t.columns, printed[i]
		if t.table == "search_entry" {
			words := make([][]any, len(rows))
			for n, row := range rows {
				w.entries++
				row[slices.Index(columns, "seq")] = w.entries
				words[n] = []any{w.entries, row[len(columns)]}
				rows[n] = row[:len(columns)]
			}
			if err := insert(tx, "search_words", []string{"rowid", "words"}, words); err != nil {
				return errors.Join(err, tx.Rollback())
			}
		}
		if err := insert(tx, t.table, columns, rows); err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	return tx.Commit()
}

// insert writes rows, as many in a statement as it takes.
func insert(tx *sql.Tx, table string, columns []string, rows [][]any) error {
	const most = 900 // values in a statement
	one := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(columns)), ", ") + ")"
	start := `INSERT INTO ` + table + ` (` + strings.Join(columns, ", ") + `) VALUES `
	size := max(1, most/len(columns))
	many, err := tx.PrepareContext(context.Background(), start+strings.TrimSuffix(strings.Repeat(one+", ", size), ", ")) //nolint:sqlclosecheck // closed below
	if err != nil {
		return err
	}
	defer many.Close() //nolint:errcheck // with its transaction
	for batch := range slices.Chunk(rows, size) {
		if len(batch) == size {
			_, err = many.ExecContext(context.Background(), slices.Concat(batch...)...)
		} else {
			_, err = tx.ExecContext(context.Background(), start+strings.TrimSuffix(strings.Repeat(one+", ", len(batch)), ", "), slices.Concat(batch...)...)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", table, err)
		}
	}
	return nil
}

// copyIn writes rows by PostgreSQL's COPY.
func (w *bulk) copyIn(tables []storyTable, printed [][][]any) error {
	conn, err := w.db.Conn(context.Background())
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // back to its pool
	escape := strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`, "\t", `\t`)
	for i, t := range tables {
		columns, left := slices.Clone(t.columns), -1
		if t.table == "search_entry" { // counts its rows itself
			left = slices.Index(columns, "seq")
			columns = append(slices.Delete(columns, left, left+1), "words")
		}
		var text bytes.Buffer
		for _, row := range printed[i] {
			if left >= 0 {
				row = slices.Delete(row, left, left+1)
			}
			for j, value := range row {
				if j > 0 {
					text.WriteByte('\t')
				}
				_, _ = escape.WriteString(&text, fmt.Sprint(value))
			}
			text.WriteByte('\n')
		}
		statement := `COPY ` + t.table + ` (` + strings.Join(columns, ", ") + `) FROM STDIN`
		err := conn.Raw(func(driver any) error {
			_, err := driver.(*stdlib.Conn).Conn().PgConn().CopyFrom(context.Background(), &text, statement) //nolint:forcetypeassert // pgx's own
			return err
		})
		if err != nil {
			return fmt.Errorf("%s: %w", t.table, err)
		}
	}
	return nil
}
