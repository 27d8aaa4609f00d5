package register

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"slices"
	"sync"
	"time"
)

// writeLimit bounds one group of transactions on PostgreSQL: a server that
// hangs longer is treated as lost, and the callers are told.
const writeLimit = 30 * time.Second

// groupLimit is how many waiting writes share one commit at most.
const groupLimit = 128

// errClosed is what writes hear that come after the end.
var errClosed = &lostError{errors.New("the register is closed, as this process stops")}

// A write is one caller's transaction, waiting for its commit.
type write struct {
	fn    func(*tx) error
	done  chan error
	ctx   context.Context //nolint:containedctx // of a long one, which ends it; nil: it goes with others, under the limit
	tries int             // how often another process or another of our writers was in its way
	broke bool            // a connection broke under it before
}

// collisions is how often a write may be done again because of others: those
// that are written for the first time do not wait for it.
const collisions = 50

// A writer takes the writes that wait at the same moment into one commit, each
// behind a savepoint of its own: one flush then serves many messages, and one
// that fails spoils only itself.
//
// SQLite has one hand that writes, as it takes one writer at a time whatever we
// do. There the flush has a turn of its own: while the disk is busy with one
// group the next is worked on. Nobody is told of a commit before it is flushed.
// PostgreSQL has several hands, because each waits for the server most of the
// time; they are to each other what those of other processes are.
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
	log    *wal // nil on PostgreSQL, which flushes with the commit
}

// A hand is one connection that writes, with the statements that it prepared.
type hand struct {
	*writer
	conn  *sql.Conn
	prep  map[string]*sql.Stmt
	asked bool // the last try came as far as asking for its commit
}

func newWriter(db *sql.DB, log *wal, hands int, now func() time.Time) *writer {
	w := &writer{
		db: db, sqlite: log != nil, log: log, now: now, most: writeLimit, queue: make(chan write, groupLimit), lots: make(chan write), longs: make(chan write),
		stop: make(chan struct{}), ended: make(chan struct{}),
	}
	if log != nil {
		go log.run()
	}
	var busy sync.WaitGroup
	for range hands {
		busy.Go((&hand{writer: w, prep: map[string]*sql.Stmt{}}).run)
	}
	go func() {
		busy.Wait()
		w.refuse()
		if log != nil {
			log.end()
		}
		close(w.ended)
	}()
	return w
}

// refuse turns away what came too late.
func (w *writer) refuse() {
	for {
		select {
		case job := <-w.queue:
			job.done <- errClosed
		default:
			return
		}
	}
}

// do runs fn as one transaction. When ctx ends first the outcome is open: the
// transaction may still be committed, and the verb must be safe to repeat.
func (w *writer) do(ctx context.Context, fn func(*tx) error) error { return w.put(ctx, w.queue, fn) }

// doLot is do for a batch, which takes long.
func (w *writer) doLot(ctx context.Context, fn func(*tx) error) error { return w.put(ctx, w.lots, fn) }

func (w *writer) put(ctx context.Context, line chan<- write, fn func(*tx) error) error {
	// What nobody waits for is not begun: by another hand the caller's next write,
	// such as to give back the lease that this one takes, could come first.
	if err := ctx.Err(); err != nil {
		return err
	}
	job := write{fn: fn, done: make(chan error, 1)}
	select {
	case line <- job:
	case <-w.stop:
		return errClosed
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
			return errClosed
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
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *writer) close() error {
	w.once.Do(func() { close(w.stop) })
	<-w.ended
	return w.db.Close()
}

func (h *hand) run() {
	defer h.dropConn()
	for {
		select {
		case job := <-h.queue:
			h.commit(h.gather(job))
			h.oneLot()
		case job := <-h.lots:
			h.commit([]write{job})
			h.allQueued()
		case job := <-h.longs:
			h.commit([]write{job})
		case <-h.stop:
			return
		}
	}
}

// oneLot commits one of the lots, if any waits, before the queue is looked at
// again; allQueued commits what the queue holds before the next lot. A reply
// that is about to go out so waits for one lot at most, and no lot for ever.
func (h *hand) oneLot() {
	select {
	case lot := <-h.lots:
		h.commit([]write{lot})
	default:
	}
}

func (h *hand) allQueued() {
	select {
	case job := <-h.queue:
		h.commit(h.gather(job))
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
// the group had more than one write, each is tried for itself; a single one is
// tried once more on a new connection, since the server may have dropped the
// old one long ago; but not where its commit was lost on the way, as it may be
// done: an officer's note would stand there twice.
func (h *hand) commit(group []write) {
	errs, err := h.try(group)
	switch {
	case err == nil:
	case len(group) > 1:
		for _, job := range group {
			h.commit([]write{job})
		}
		return
	case !h.sqlite && !h.asked && !group[0].broke && group[0].ctx == nil && !errors.Is(err, context.DeadlineExceeded):
		group[0].broke = true
		h.commit(group)
		return
	}
	var again []write
	if err == nil {
		group, errs, again = apart(group, errs)
	}
	switch {
	case h.log != nil && err == nil:
		h.log.committed <- committed{group, errs}
	default:
		answer(group, errs, err)
	}
	for _, job := range again {
		h.commit([]write{job})
	}
}

// apart takes out of a group what another one was in the way of, and what is
// therefore done again.
func apart(group []write, errs []error) (told []write, of []error, again []write) {
	if !slices.ContainsFunc(errs, collided) {
		return group, errs, nil
	}
	for i, job := range group {
		if job.tries < collisions && collided(errs[i]) {
			job.tries++
			again = append(again, job)
			continue
		}
		told, of = append(told, job), append(of, errs[i])
	}
	return told, of, again
}

// answer tells the callers of a group how it ended.
func answer(group []write, errs []error, err error) {
	for i, job := range group {
		job.done <- errors.Join(err, errs[i])
	}
}

// try returns each write's own error, and an error that undid them all.
func (h *hand) try(group []write) ([]error, error) {
	ctx, cancel := h.limit(group[0].ctx)
	defer cancel()
	errs := make([]error, len(group))
	h.asked = false
	t, err := h.begin(ctx, group[0].tries > 0)
	if err != nil {
		h.dropConn()
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
			if err = h.rollback(t); err == nil {
				return errs, nil
			}
			err = errors.Join(errs[i], err)
			break
		}
	}
	if err == nil {
		h.asked = true
		_, err = t.conn.ExecContext(ctx, `COMMIT`)
	}
	if err != nil {
		h.dropConn()
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

// rollback fails where the connection is lost, or the database undid it itself:
// then what went wrong is not the write's own doing.
func (h *hand) rollback(t *tx) error {
	_, err := t.conn.ExecContext(t.ctx, `ROLLBACK`)
	return err
}

// begin opens a transaction. Those that are done again go one after the other:
// at the end of one history many would else be in each other's way for ever.
func (h *hand) begin(ctx context.Context, again bool) (*tx, error) {
	if h.conn == nil {
		conn, err := h.db.Conn(ctx)
		if err != nil {
			return nil, err
		}
		h.conn = conn
	}
	if h.log != nil {
		if err := h.log.mend(ctx, h.conn); err != nil {
			return nil, err
		}
	}
	begin := `BEGIN`
	if h.sqlite {
		begin = `BEGIN IMMEDIATE` // take the write lock now, not at the first write
	}
	if _, err := h.conn.ExecContext(ctx, begin); err != nil {
		return nil, err
	}
	t := &tx{ctx: ctx, conn: h.conn, prep: h.prep, sqlite: h.sqlite}
	if again {
		if err := t.exec(`SELECT pg_advisory_xact_lock(7766956, hashtext(current_schema()))`); err != nil {
			return nil, err
		}
	}
	t.now = h.now().UTC().Truncate(time.Microsecond)
	return t, nil
}

// dropConn gives up the connection with whatever was open on it; the next
// write starts on a fresh one.
func (h *hand) dropConn() {
	for query, s := range h.prep {
		_ = s.Close()
		delete(h.prep, query)
	}
	if h.conn != nil {
		// ErrBadConn makes the pool discard the connection, and with it the
		// transaction that may still be open on it.
		_ = h.conn.Raw(func(any) error { return driver.ErrBadConn })
		_ = h.conn.Close()
		h.conn = nil
	}
}
