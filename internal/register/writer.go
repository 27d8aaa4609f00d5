package register

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"sync"
	"time"
)

// writeLimit bounds one group of transactions on PostgreSQL: a server that
// hangs longer is treated as lost, and the callers are told.
const writeLimit = 30 * time.Second

// groupLimit is how many waiting writes share one commit at most.
const groupLimit = 128

// A write is one caller's transaction, waiting for its commit.
type write struct {
	fn   func(*tx) error
	done chan error
	ctx  context.Context //nolint:containedctx // of a long one, which ends it; nil: it goes with others, under the limit
}

// A writer owns the one write connection and groups the writes that wait at
// the same moment into one commit, each behind a savepoint of its own: one
// flush then serves many messages, and one that fails spoils only itself.
//
// With SQLite the flush has a turn of its own: while the disk is busy with one
// group the next is worked on. Nobody is told of a commit before it is flushed.
type writer struct {
	db     *sql.DB
	sqlite bool
	now    func() time.Time
	most   time.Duration // writeLimit, but in tests
	queue  chan write
	lots   chan write // batches: each goes alone, in turn with all that the queue holds
	longs  chan write // each goes alone
	stop   chan struct{}
	ended  chan struct{}
	once   sync.Once

	conn *sql.Conn
	prep map[string]*sql.Stmt
	log  *wal // nil on PostgreSQL, which flushes with the commit
}

func newWriter(db *sql.DB, log *wal, now func() time.Time) *writer {
	w := &writer{
		db: db, sqlite: log != nil, log: log, now: now, most: writeLimit, queue: make(chan write, groupLimit), lots: make(chan write), longs: make(chan write),
		stop: make(chan struct{}), ended: make(chan struct{}), prep: map[string]*sql.Stmt{},
	}
	go w.run()
	return w
}

// do runs fn as one transaction. When ctx ends first the outcome is open: the
// transaction may still be committed, and the verb must be safe to repeat.
func (w *writer) do(ctx context.Context, fn func(*tx) error) error { return w.put(ctx, w.queue, fn) }

// doLot is do for a batch, which takes long.
func (w *writer) doLot(ctx context.Context, fn func(*tx) error) error { return w.put(ctx, w.lots, fn) }

func (w *writer) put(ctx context.Context, line chan<- write, fn func(*tx) error) error {
	job := write{fn: fn, done: make(chan error, 1)}
	select {
	case line <- job:
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
	if w.log != nil {
		go w.log.run()
		defer w.log.end()
	}
	for {
		select {
		case job := <-w.queue:
			w.commit(w.gather(job))
			w.oneLot()
		case job := <-w.lots:
			w.commit([]write{job})
			w.allQueued()
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

// oneLot commits one of the lots, if any waits, before the queue is looked at
// again; allQueued commits what the queue holds before the next lot. A reply
// that is about to go out so waits for one lot at most, and no lot for ever.
func (w *writer) oneLot() {
	select {
	case lot := <-w.lots:
		w.commit([]write{lot})
	default:
	}
}

func (w *writer) allQueued() {
	select {
	case job := <-w.queue:
		w.commit(w.gather(job))
	default:
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
	if w.log != nil && err == nil {
		w.log.committed <- committed{group, errs}
		return
	}
	answer(group, errs, err)
}

// answer tells the callers of a group how it ended.
func answer(group []write, errs []error, err error) {
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
	if w.log != nil {
		if err := w.log.mend(ctx, w.conn); err != nil {
			return nil, err
		}
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
