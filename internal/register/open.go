package register

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// A Register is an open system of record. It is safe for concurrent use.
type Register struct {
	cfg    Config
	db     *sql.DB // reads, and on PostgreSQL writes too
	writes *writer
	sides  sides
	turn   chan struct{} // see TakeTurn
	lock   *os.File      // held while this process owns a SQLite register
	file   os.FileInfo   // of a SQLite register, as it was opened
}

// The connections of one process to PostgreSQL: so many read, besides those
// kept for sides and the one of a turn, and so many write.
const (
	reading      = 8
	writingHands = 4
)

// Connect opens the register, brings its schema up to date, and refuses one
// that is newer than the program (ErrNewerSchema), a SQLite file on a network drive (ErrNetworkDisk), or a SQLite file that
// another process owns (ErrInUse, only when Config.Own is set).
func Connect(ctx context.Context, c Config) (*Register, error) {
	r := &Register{cfg: c, sides: make(sides, kept), turn: make(chan struct{}, 1)}
	if err := r.connect(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("register: open: %w", explain(err)), r.Close())
	}
	return r, nil
}

func (r *Register) connect(ctx context.Context) error {
	if kind := r.cfg.diskKind; r.sqlite() {
		if kind == nil {
			kind = networkDisk
		}
		if err := onNetworkDisk(r.cfg.DSN, kind); err != nil {
			return err
		}
	}
	if r.sqlite() && r.cfg.Own {
		if err := r.own(); err != nil {
			return err
		}
	}
	writeDB, err := r.openPools()
	if err != nil {
		return err
	}
	log, hands := (*wal)(nil), writingHands
	if r.sqlite() {
		log, hands = newWAL(r.cfg.DSN), 1
	}
	r.writes = newWriter(writeDB, log, hands, r.cfg.Now)
	if err := r.migrate(ctx, migrations(r.cfg.Driver)); err != nil {
		return err
	}
	if r.sqlite() && r.cfg.Own {
		if err := r.forgetHolders(ctx); err != nil {
			return err
		}
	}
	return r.db.PingContext(ctx)
}

// forgetHolders ends every lease: whoever held one was an earlier process,
// and this one owns the register alone. After a crash nothing then waits for
// leases to run out.
func (r *Register) forgetHolders(ctx context.Context) error {
	return r.writes.do(ctx, func(t *tx) error {
		return errors.Join(
			t.exec(`UPDATE message SET lease_until = 0 WHERE state = 'arrived' AND lease_until > 0`),
			t.exec(`UPDATE outgoing SET lease_until = 0, awaited = attempt WHERE state IN ('owed', 'sending') AND lease_until > 0`),
			t.exec(`DELETE FROM lease`),
		)
	})
}

func (r *Register) sqlite() bool { return r.cfg.Driver == "sqlite" }

// own takes a lock on a file beside the register that lasts as long as the
// process, however it ends.
func (r *Register) own() error {
	f, err := os.OpenFile(r.cfg.DSN+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return ErrInUse
	}
	r.lock = f
	return nil
}

// openPools opens the pool for reads and the one for writes. SQLite has one
// writer at a time whatever we do; one connection of our own never waits for
// itself.
func (r *Register) openPools() (*sql.DB, error) {
	switch r.cfg.Driver {
	case "sqlite":
		if err := makePrivate(r.cfg.DSN); err != nil {
			return nil, err
		}
		// There are several that read, and the system keeps the file's pages too.
		read, err := sql.Open("sqlite", sqliteDSN(r.cfg.DSN, "query_only(1)", "cache_size(-4000)"))
		if err != nil {
			return nil, err
		}
		read.SetMaxOpenConns(max(2, runtime.NumCPU()) + kept)
		r.db = read
		write, err := sql.Open("sqlite", sqliteDSN(r.cfg.DSN))
		if err != nil {
			return nil, err
		}
		write.SetMaxOpenConns(1)
		r.file, err = os.Stat(r.cfg.DSN)
		return write, err
	case "postgres":
		config, err := pgx.ParseConfig(r.cfg.DSN)
		if err != nil {
			return nil, err
		}
		db := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(endIdleTransactions))
		db.SetMaxOpenConns(reading + kept + 1 + writingHands)
		db.SetConnMaxIdleTime(5 * time.Minute)
		r.db = db
		return db, nil
	}
	return nil, fmt.Errorf("register.driver is %q; it must be sqlite or postgres", r.cfg.Driver)
}

// endIdleTransactions has PostgreSQL end a transaction of ours in which nothing
// was asked for a minute: a machine that is frozen, or that lost its power
// without a word, would hold its locks against all others. What the operator
// set, on the server or in the connection string, stands. It is no start-up
// parameter, because poolers such as PgBouncer refuse those that they do not know.
func endIdleTransactions(ctx context.Context, conn *pgx.Conn) error {
	var limit string
	err := conn.QueryRow(ctx, `SHOW idle_in_transaction_session_timeout`).Scan(&limit)
	if err == nil && limit == "0" {
		_, err = conn.Exec(ctx, `SET idle_in_transaction_session_timeout = '1min'`)
	}
	return err
}

// makePrivate makes a SQLite file that is not there yet, for its owner alone:
// it holds what residents wrote, and SQLite would let everybody read it. One
// that is there is not opened: closing it would drop SQLite's own locks on it.
func makePrivate(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600) //nolint:gosec // the operator names the file
	switch {
	case errors.Is(err, os.ErrExist):
		return nil
	case err != nil:
		return err
	}
	return f.Close()
}

// sqliteDSN puts the pragmas where every pooled connection gets them. NORMAL:
// a message that was acknowledged as received must survive a power cut, and
// the writer sees to it that its log is flushed; see wal.
func sqliteDSN(path string, more ...string) string {
	pragmas := append([]string{
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(NORMAL)",
		"foreign_keys(1)", "temp_store(MEMORY)", "cache_size(-8000)", "journal_size_limit(67108864)",
		// Brought into the file every 16 MB of the log, not every 4: many of its
		// pages are written again and again, and go there once.
		"wal_autocheckpoint(4000)",
	}, more...)
	var b strings.Builder
	b.WriteString("file:")
	// What has a meaning of its own in a SQLite file URI is escaped.
	b.WriteString(strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path))
	for i, p := range pragmas {
		b.WriteByte("?&"[min(i, 1)])
		b.WriteString("_pragma=" + p)
	}
	return b.String()
}

// Close finishes what is being written and closes the register.
func (r *Register) Close() error {
	var errs []error
	if r.writes != nil {
		errs = append(errs, r.writes.close())
	}
	r.sides.close()
	if r.db != nil {
		errs = append(errs, r.db.Close())
	}
	if r.lock != nil {
		errs = append(errs, r.lock.Close())
	}
	return errors.Join(errs...)
}

// Ping reports whether the register answers.
func (r *Register) Ping(ctx context.Context) error {
	var one int
	if err := r.db.QueryRowContext(ctx, `SELECT 1`).Scan(&one); err != nil {
		return fmt.Errorf("register: ping: %w", err)
	}
	return nil
}

// Writable reports whether the register takes a write that stays: a full disk
// and a standby answer every question and take nothing, and what is written to
// a SQLite file that was removed is gone when the process ends.
func (r *Register) Writable(ctx context.Context) error {
	if r.sqlite() {
		if now, err := os.Stat(r.cfg.DSN); err != nil || !os.SameFile(now, r.file) {
			return errors.Join(ErrMoved, err)
		}
	}
	_, err := r.lease(ctx, "writable", "everybody", time.Second)
	return err
}

// now is the application's clock, cut to what is stored.
func (r *Register) now() time.Time { return r.cfg.Now().UTC().Truncate(time.Microsecond) }
