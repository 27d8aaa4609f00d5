package register

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// ErrMoved is returned by Writable when the SQLite file is not where it was
// opened.
var ErrMoved = errors.New("the register's file was moved, replaced or removed while it is open: stop this process, put the file back with those beside it, and start again")

// A lostError is the database's own failure, not an item's: trying the items
// one by one would only fail as often. It matches ErrLost.
type lostError struct{ err error }

// Error says what an operator can do, where something is known.
func (e *lostError) Error() string {
	if damaged(e.err) {
		return "database: " + restoreIt + ": " + e.err.Error()
	}
	if advice := advise(e.err); advice != "" {
		return "database: " + advice + "; nothing is lost and it goes on by itself: " + e.err.Error()
	}
	return "database: " + e.err.Error()
}

func (e *lostError) Unwrap() error { return e.err }

// Is makes it match ErrLost.
func (e *lostError) Is(target error) bool { return target == ErrLost }

// isLost reports whether the database itself failed.
func isLost(err error) bool { return errors.Is(err, ErrLost) }

// spoils reports whether a statement failed for a reason that has nothing to
// do with it: whatever is tried now fails as well.
func spoils(err error) bool { return err != nil && advise(err) != "" }

// collided reports whether a write failed on PostgreSQL because of another one
// at the same moment, and may succeed when it is done again: a deadlock, or a
// key (the next line of a history, a new resident) that the other took first.
func collided(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pg.Code == "40P01" || pg.Code == "40001" || pg.Code == "23505")
}

// byDatabase reports whether the database refused or broke off a statement. What
// else goes wrong in reading is that the row is not there or makes no sense.
func byDatabase(err error) bool {
	_, lite := errors.AsType[*sqlite.Error](err)
	_, pg := errors.AsType[*pgconn.PgError](err)
	return lite || pg
}

// explain puts what to do before an error that an operator can mend.
func explain(err error) error {
	if err == nil {
		return nil
	}
	if lost, ok := errors.AsType[*lostError](err); ok { // which says so itself
		return lost
	}
	if damaged(err) {
		return fmt.Errorf("%s: %w", restoreIt, err)
	}
	if advice := advise(err); advice != "" {
		return fmt.Errorf("%s: %w", advice, err)
	}
	return err
}

// damaged reports whether a SQLite file is no register any more.
func damaged(err error) bool {
	lite, ok := errors.AsType[*sqlite.Error](err)
	return ok && (lite.Code()&0xff == sqlite3.SQLITE_CORRUPT || lite.Code()&0xff == sqlite3.SQLITE_NOTADB)
}

// advise says what to do about a failure that an operator can mend.
func advise(err error) string {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return makeRoom
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		return readOnly
	case errors.Is(err, syscall.ECONNREFUSED):
		return "no PostgreSQL answers there; see whether it runs, its listen_addresses and port, and the firewall"
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		return adviseSQLite(lite.Code() & 0xff) // the rest of the code says where
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return advisePostgres(pg.Code)
	}
	return ""
}

const (
	makeRoom = "the disk is full; make room"
	readOnly = "the register or its folder cannot be written; check who owns them and that their disk is mounted for writing"
	// restoreIt is not for waiting: nothing mends such a file by itself.
	restoreIt = "the register's file is damaged, or is none: keep it, and put back the last backup (postroom restore)"
)

func adviseSQLite(code int) string {
	switch code {
	case sqlite3.SQLITE_FULL:
		return makeRoom
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return readOnly
	case sqlite3.SQLITE_IOERR:
		return "the disk reports a fault or is full; look at its room and at the system's log"
	}
	return ""
}

// advisePostgres knows the codes of its appendix "Error Codes".
func advisePostgres(code string) string {
	switch {
	case code == "53100":
		return makeRoom
	case code == "53300":
		return "the server has no connections left; raise max_connections or run fewer processes"
	case code == "25006":
		return "this server only reads, as a standby does; promote it, or name the one that writes"
	case code == "3D000":
		return "PostgreSQL has no database of that name; make it, with createdb, or name another"
	case strings.HasPrefix(code, "28"):
		return "PostgreSQL does not let this user in; see whether it exists, its password, and the server's pg_hba.conf"
	case code == "42501":
		return "the user may not do this in the database; make it the database's owner (since version 15 others may make no tables)"
	case strings.HasPrefix(code, "53"), strings.HasPrefix(code, "57P"), strings.HasPrefix(code, "58"):
		return "the server is stopping, starting or in trouble; look at its log"
	}
	return ""
}
