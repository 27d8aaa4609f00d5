package register

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// writeLimit bounds one group of transactions on PostgreSQL: a server that
// hangs longer is treated as lost, and the callers are told.
const writeLimit = 30 * time.Second

// groupLimit is how many waiting writes share one commit at most.
const groupLimit = 128

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
	touched map[string]staleness // subjects of histories whose search entry is to be made again

	opened   map[ID]*newCase // by the case
	openedBy map[ID]ID       // the case that a message opened
	last     map[string]line // of histories that were added to
	leases   time.Time       // the clock that leases run on, once it was read
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

// A write is one caller's transaction, waiting for its commit.
type write struct {
	fn   func(*tx) error
	done chan error
	ctx  context.Context //nolint:containedctx // of a long one, which ends it; nil: it goes with others, under the limit
}

// A writer owns the one write connection and groups the writes that wait at
// the same moment into one commit, each behind a savepoint of its own: one
// flush then serves many messages, and one that fails spoils only itself.
type writer struct {
	db     *sql.DB
	sqlite bool
	now    func() time.Time
	most   time.Duration // writeLimit, but in tests
	queue  chan write
	longs  chan write // each goes alone
	stop   chan struct{}
	ended  chan struct{}
	once   sync.Once

	conn *sql.Conn
	prep map[string]*sql.Stmt
}

func newWriter(db *sql.DB, sqlite bool, now func() time.Time) *writer {
	w := &writer{
		db: db, sqlite: sqlite, now: now, most: writeLimit, queue: make(chan write, groupLimit), longs: make(chan write),
		stop: make(chan struct{}), ended: make(chan struct{}), prep: map[string]*sql.Stmt{},
	}
	go w.run()
	return w
}

// do runs fn as one transaction. When ctx ends first the outcome is open: the
// transaction may still be committed, and the verb must be safe to repeat.
func (w *writer) do(ctx context.Context, fn func(*tx) error) error {
	job := write{fn: fn, done: make(chan error, 1)}
	select {
	case w.queue <- job:
	case <-w.stop:
		return sql.ErrConnDone
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-job.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-w.ended:
		select {
		case err := <-job.done:
			return err
		default:
			return sql.ErrConnDone
		}
	}
}

// long runs fn as a transaction of its own that may last as long as it takes,
// such as a migration. When ctx ends it is undone, and long returns when it is.
func (w *writer) long(ctx context.Context, fn func(*tx) error) error {
	job := write{fn: fn, done: make(chan error, 1), ctx: ctx}
	select {
	case w.longs <- job:
		return <-job.done
	case <-w.stop:
		return sql.ErrConnDone
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *writer) close() error {
	w.once.Do(func() { close(w.stop) })
	<-w.ended
	w.dropConn()
	return w.db.Close()
}

func (w *writer) run() {
	defer close(w.ended)
	for {
		select {
		case job := <-w.queue:
			w.commit(w.gather(job))
		case job := <-w.longs:
			w.commit([]write{job})
		case <-w.stop:
			for {
				select {
				case job := <-w.queue:
					job.done <- sql.ErrConnDone
				default:
					return
				}
			}
		}
	}
}

// gather takes what waits already; it never waits for more.
func (w *writer) gather(first write) []write {
	group := []write{first}
	for len(group) < groupLimit {
		select {
		case job := <-w.queue:
			group = append(group, job)
		default:
			return group
		}
	}
	return group
}

// commit runs the group in one transaction. When that fails as a whole and
// the group had more than one write, each is tried for itself.
func (w *writer) commit(group []write) {
	errs, err := w.try(group)
	if err != nil && len(group) > 1 {
		for _, job := range group {
			w.commit([]write{job})
		}
		return
	}
	for i, job := range group {
		job.done <- errors.Join(err, errs[i])
	}
}

// try returns each write's own error, and an error that undid them all.
func (w *writer) try(group []write) ([]error, error) {
	ctx, cancel := w.limit(group[0].ctx)
	defer cancel()
	errs := make([]error, len(group))
	t, err := w.begin(ctx)
	if err != nil {
		w.dropConn()
		return errs, &lostError{err}
	}
	for i, job := range group {
		if errs[i], err = t.within(job.fn, len(group) > 1); err == nil && (spoils(errs[i]) || job.ctx == nil && ctx.Err() != nil) {
			err = errs[i]
		}
		if err != nil {
			break
		}
		if errs[i] != nil && len(group) == 1 {
			w.rollback(t)
			return errs, nil
		}
	}
	if err == nil {
		_, err = t.conn.ExecContext(ctx, `COMMIT`)
	}
	if err != nil {
		w.dropConn()
		clear(errs)
		err = &lostError{err}
	}
	return errs, err
}

// limit is the context of one group. With SQLite it never ends: what can hang
// there is the disk, which no deadline wakes, and another process's lock, for
// which busy_timeout waits so long and no longer; while a context that may end
// costs two goroutines for each statement.
//
// A long write is ended by its caller alone.
func (w *writer) limit(long context.Context) (context.Context, context.CancelFunc) {
	switch {
	case long != nil:
		return context.WithCancel(long)
	case w.sqlite:
		return context.Background(), func() {}
	}
	return context.WithTimeout(context.Background(), w.most)
}

func (w *writer) rollback(t *tx) {
	if _, err := t.conn.ExecContext(t.ctx, `ROLLBACK`); err != nil {
		w.dropConn()
	}
}

func (w *writer) begin(ctx context.Context) (*tx, error) {
	if w.conn == nil {
		conn, err := w.db.Conn(ctx)
		if err != nil {
			return nil, err
		}
		w.conn = conn
	}
	begin := `BEGIN`
	if w.sqlite {
		begin = `BEGIN IMMEDIATE` // take the write lock now, not at the first write
	}
	if _, err := w.conn.ExecContext(ctx, begin); err != nil {
		return nil, err
	}
	return &tx{ctx: ctx, conn: w.conn, prep: w.prep, now: w.now().UTC().Truncate(time.Microsecond), sqlite: w.sqlite}, nil
}

// dropConn gives up the connection with whatever was open on it; the next
// write starts on a fresh one.
func (w *writer) dropConn() {
	for query, s := range w.prep {
		_ = s.Close()
		delete(w.prep, query)
	}
	if w.conn != nil {
		// ErrBadConn makes the pool discard the connection, and with it the
		// transaction that may still be open on it.
		_ = w.conn.Raw(func(any) error { return driver.ErrBadConn })
		_ = w.conn.Close()
		w.conn = nil
	}
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
	t.words = nil // of another write in the same group
	clear(t.touched)
	clear(t.opened)
	clear(t.last)
	if err := fn(t); err != nil {
		return err
	}
	return t.reindex()
}
