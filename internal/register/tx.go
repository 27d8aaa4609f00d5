package register

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// A tx is one transaction on the write connection. Its statements are
// prepared once for the connection's life.
type tx struct {
	ctx  context.Context //nolint:containedctx // a tx lives within one call of the writer and is never kept
	conn *sql.Conn
	prep map[string]*sql.Stmt
	now  time.Time
	// words are what officers said in this transaction, by their digests; see said.
	words map[string]string

	sqlite  bool
	looks   bool                 // it only reads; see sides
	touched map[string]staleness // subjects of histories whose search entry is to be made again

	opened   map[ID]*newCase // by the case
	openedBy map[ID]ID       // the case that a message opened
	last     map[string]line // of histories that were added to
	leases   time.Time       // the clock that leases run on, once it was read
	claims   bool            // it is its turn to claim
}

func (t *tx) stmt(query string) (*sql.Stmt, error) {
	if s, ok := t.prep[query]; ok {
		return s, nil
	}
	s, err := t.conn.PrepareContext(t.ctx, query)
	if err != nil {
		return nil, fmt.Errorf("prepare %q: %w", firstWords(query), err)
	}
	t.prep[query] = s
	return s, nil
}

// exec runs a statement that returns nothing.
func (t *tx) exec(query string, args ...any) error {
	_, err := t.affected(query, args...)
	return err
}

// affected runs a statement and says how many rows it changed.
func (t *tx) affected(query string, args ...any) (int64, error) {
	s, err := t.stmt(query) //nolint:sqlclosecheck // kept for the connection's life, closed with it
	if err != nil {
		return 0, err
	}
	res, err := s.ExecContext(t.ctx, args...)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", firstWords(query), err)
	}
	return res.RowsAffected()
}

// changed runs a guarded update and returns ErrConflict when the guard held
// it back.
func (t *tx) changed(query string, args ...any) error {
	n, err := t.affected(query, args...)
	if err == nil && n == 0 {
		return ErrConflict
	}
	return err
}

// one reads one row; ErrNotFound when there is none.
func (t *tx) one(query string, args []any, dest ...any) error {
	s, err := t.stmt(query) //nolint:sqlclosecheck // kept for the connection's life, closed with it
	if err != nil {
		return err
	}
	err = s.QueryRowContext(t.ctx, args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("%s: %w", firstWords(query), err)
	}
	return nil
}

// each reads rows. The rows are closed before it returns, so that the
// connection is free for the next statement.
func (t *tx) each(query string, args []any, scan func(*sql.Rows) error) error {
	s, err := t.stmt(query) //nolint:sqlclosecheck // kept for the connection's life, closed with it
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(t.ctx, args...)
	if err != nil {
		return fmt.Errorf("%s: %w", firstWords(query), err)
	}
	return drain(rows, scan)
}

// script runs the statements of a migration, which are not prepared.
func (t *tx) script(text string) error {
	for statement := range strings.SplitSeq(text, ";\n") {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		if _, err := t.conn.ExecContext(t.ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", firstWords(statement), err)
		}
	}
	return nil
}

func drain(rows *sql.Rows, scan func(*sql.Rows) error) error {
	for rows.Next() {
		if err := scan(rows); err != nil {
			return errors.Join(err, rows.Close())
		}
	}
	return errors.Join(rows.Err(), rows.Close())
}

// firstWords names a statement in an error without its values.
func firstWords(query string) string {
	words := strings.Fields(query)
	return strings.Join(words[:min(3, len(words))], " ")
}

// within runs fn behind a savepoint where the transaction is shared. own is
// fn's error, undone; whole is an error that spoiled the transaction.
func (t *tx) within(fn func(*tx) error, shared bool) (own, whole error) {
	if !shared {
		return t.call(fn), nil
	}
	if _, err := t.conn.ExecContext(t.ctx, `SAVEPOINT one`); err != nil {
		return nil, err
	}
	if own = t.call(fn); own != nil {
		if _, err := t.conn.ExecContext(t.ctx, `ROLLBACK TO SAVEPOINT one`); err != nil {
			return own, err
		}
	}
	if _, err := t.conn.ExecContext(t.ctx, `RELEASE SAVEPOINT one`); err != nil {
		return own, err
	}
	return own, nil
}

// call turns a panic into an error: one poisonous item must not end the
// writer that everybody shares.
func (t *tx) call(fn func(*tx) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("register: panic in a transaction: %v", p)
		}
	}()
	t.words, t.claims = nil, false // of another write in the same group
	clear(t.touched)
	clear(t.opened)
	clear(t.last)
	if err := fn(t); err != nil {
		return err
	}
	return t.reindex()
}
