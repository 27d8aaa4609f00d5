package register

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// held is a disk that flushes when it is let.
type held struct {
	asked chan struct{}
	let   chan error
}

func heldRegister(t *testing.T) (*Register, held) {
	t.Helper()
	r, err := openFile(t, filepath.Join(t.TempDir(), "register.db"))
	if err != nil {
		t.Fatal(err)
	}
	h := held{asked: make(chan struct{}, 100), let: make(chan error)}
	t.Cleanup(func() {
		r.writes.log.flush = flushData // nothing is written any more
		close(h.asked)
	})
	r.writes.log.flush = func(*os.File) error {
		h.asked <- struct{}{}
		return <-h.let
	}
	return r, h
}

// set writes something and says, when it is told, what it was told.
func (r *Register) set(t *testing.T, name string) chan error {
	t.Helper()
	told := make(chan error, 1)
	go func() {
		told <- r.writes.do(t.Context(), func(t *tx) error {
			return t.exec(`INSERT INTO setting (name, value, at, by_whom) VALUES ($1, '', 0, '')`, name)
		})
	}()
	return told
}

// has waits until something is committed.
func (r *Register) has(t *testing.T, name string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; {
		var n int
		if err := r.db.QueryRowContext(t.Context(), `SELECT count(*) FROM setting WHERE name = $1`, name).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n == 1 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s was never committed", name)
		}
	}
}

// The next commit does not wait for the flush of the one before, and nobody
// hears of a commit that is not flushed.
func TestNobodyHearsOfACommitThatIsNotFlushed(t *testing.T) {
	t.Parallel()
	r, disk := heldRegister(t)
	first := r.set(t, "first")
	<-disk.asked
	second := r.set(t, "second")
	third := r.set(t, "third")
	r.has(t, "second")
	r.has(t, "third")
	for name, told := range map[string]chan error{"first": first, "second": second, "third": third} {
		select {
		case err := <-told:
			t.Errorf("%s was told of before it was flushed: %v", name, err)
		default:
		}
	}
	disk.let <- nil
	if err := <-first; err != nil {
		t.Error(err)
	}
	go func() {
		for range disk.asked {
			disk.let <- nil
		}
	}()
	if err := errors.Join(<-second, <-third); err != nil {
		t.Error(err)
	}
}

// After a flush failed nothing counts until the log is in the database file:
// the system may call the next flush a success.
func TestAFailedFlushIsMended(t *testing.T) {
	t.Parallel()
	r, disk := heldRegister(t)
	first := r.set(t, "first")
	<-disk.asked
	second := r.set(t, "second") // committed before anybody knows
	r.has(t, "second")
	disk.let <- errors.New("the disk is gone")
	if err := <-first; !errors.Is(err, ErrLost) {
		t.Errorf("not flushed: %v", err)
	}
	if err := <-second; !errors.Is(err, ErrLost) {
		t.Errorf("committed before the failure was known, and not flushed: %v", err)
	}
	third := r.set(t, "third")
	<-disk.asked
	if r.writes.log.unsure.Load() {
		t.Error("it went on without bringing the log into the file")
	}
	disk.let <- nil
	if err := <-third; err != nil {
		t.Error(err)
	}
	r.has(t, "first")
	r.has(t, "second")
}

// SQLite makes a new log when the last connection was closed.
func TestANewLogIsFound(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "register.db")
	r, err := openFile(t, path)
	if err != nil {
		t.Fatal(err)
	}
	l := r.writes.log
	if err := <-r.set(t, "first"); err != nil {
		t.Fatal(err)
	}
	before := l.file
	if err := os.Rename(path+"-wal", path+"-away"); err != nil {
		t.Fatal(err)
	}
	if err := l.find(); err != nil || l.file != before {
		t.Errorf("without a log: %v", err)
	}
	if err := os.WriteFile(path+"-wal", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := l.find(); err != nil || l.file == before {
		t.Errorf("another log was not opened: %v", err)
	}
}
