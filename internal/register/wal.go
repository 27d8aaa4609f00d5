package register

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
)

// A wal flushes SQLite's write-ahead log, which SQLite itself does not flush at
// each commit (synchronous=NORMAL): a commit is written to the log, the next
// one begins, and whoever waits for the first hears of it when the log is on
// the disk. One flush serves all that were committed before it began. After a
// power cut SQLite keeps the log's commits up to the first that is not whole
// (https://www.sqlite.org/walformat.html), so none that was told of is lost.
type wal struct {
	path      string
	file      *os.File
	committed chan committed
	ended     chan struct{}
	flush     func(*os.File) error // but in tests
	// unsure is set by a flush that failed. The system may call the next one a
	// success although the bytes are lost, so that nothing counts as flushed
	// until all of the log is in the database file.
	unsure atomic.Bool
}

// committed is a group of writes that is in the log and not flushed yet.
type committed struct {
	group []write
	errs  []error
}

// ahead is how many groups may wait for their flush before the writer waits.
const ahead = 16

func newWAL(database string) *wal {
	return &wal{path: database + "-wal", committed: make(chan committed, ahead), ended: make(chan struct{}), flush: flushData}
}

func (l *wal) run() {
	defer close(l.ended)
	for first := range l.committed {
		all := []committed{first}
		for more := len(l.committed); more > 0; more-- {
			all = append(all, <-l.committed)
		}
		err := l.last()
		for _, c := range all {
			answer(c.group, c.errs, err)
		}
	}
	if l.file != nil {
		_ = l.file.Close()
	}
}

// end waits until all that was committed is flushed and told of.
func (l *wal) end() {
	close(l.committed)
	<-l.ended
}

// last makes what was committed last.
func (l *wal) last() error {
	if l.unsure.Load() {
		return &lostError{errors.New("an earlier flush of the register's log failed")}
	}
	err := l.find()
	if err == nil && l.file != nil {
		err = l.flush(l.file)
	}
	if err != nil {
		l.unsure.Store(true)
		return &lostError{fmt.Errorf("flush the register's log: %w", err)}
	}
	return nil
}

// find opens the log where it is not open, or another than before: SQLite
// removes it with the last connection, when all of it is in the database file
// and flushed, and then makes a new one.
func (l *wal) find() error {
	now, err := os.Stat(l.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if l.file != nil {
		if is, err := l.file.Stat(); err == nil && os.SameFile(is, now) {
			return nil
		}
		_ = l.file.Close()
		l.file = nil
	}
	if l.file, err = os.OpenFile(l.path, os.O_RDWR, 0); err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(l.path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close()) // its name lasts, too
}

// mend brings all of the log into the database file after a flush failed, and
// has that flushed by SQLite. The log's pages are still in the memory from
// which they could not be written.
func (l *wal) mend(ctx context.Context, conn *sql.Conn) error {
	if !l.unsure.Load() {
		return nil
	}
	var busy, pages, moved int64
	err := conn.QueryRowContext(ctx, `PRAGMA wal_checkpoint(FULL)`).Scan(&busy, &pages, &moved)
	switch {
	case err != nil:
		return fmt.Errorf("after a failed flush: %w", err)
	case busy != 0 || moved < pages:
		return errors.New("after a failed flush: somebody reads the register, so that its log cannot be brought into its file; it is tried again")
	}
	l.unsure.Store(false)
	return nil
}
