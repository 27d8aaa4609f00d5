// Package register is the system of record: messages, cases, decisions,
// clocks, outgoing replies, histories, mailbox cursors and leases. Nothing
// else knows SQL, and nothing here reads mail, talks to Redis or sends.
//
// A verb is named by what happened and is one transaction. Verbs take slices
// where work comes in batches; a batch in which one item fails is done again
// item by item, so that one bad item never spoils its neighbours. Every verb
// may be repeated after a kill: what was done already is reported, not done
// twice.
//
// Instants are stored as microseconds since 1970 in UTC, due dates as civil
// dates of Europe/London (YYYY-MM-DD).
package register

import (
	"errors"
	"time"

	"postroom/classify"
	"postroom/internal/reference"
	"postroom/internal/workday"
)

// Errors that callers branch on. Each matches on both databases.
var (
	// ErrNotFound: no such row.
	ErrNotFound = errors.New("not found")
	// ErrConflict: somebody else changed the item in the meantime; read it
	// again and decide anew.
	ErrConflict = errors.New("changed by somebody else in the meantime")
	// ErrStale: the attempt or the lease is no longer the caller's.
	ErrStale = errors.New("no longer held by this worker")
	// ErrNewerSchema: the database was written by a newer Postroom.
	ErrNewerSchema = errors.New("the register was written by a newer version of Postroom; install that version on this machine, or restore a backup that this one wrote")
	// ErrLost: the database itself failed, or is away. It says nothing about
	// the items, and the same may be tried again.
	ErrLost = errors.New("the database failed")
	// ErrInUse: another process owns this SQLite register.
	ErrInUse = errors.New("another Postroom process serves this register")
)

// Config says where the register is and what its rules are.
type Config struct {
	Driver string // "sqlite" or "postgres"
	DSN    string // the file of a SQLite register, or a PostgreSQL connection string
	Own    bool   // refuse to open a SQLite register that another process owns

	Now      func() time.Time
	Calendar *workday.Calendar
	Code     workday.Code
	// HazardLaws are the landlord's own, beside those that are built in.
	HazardLaws []workday.HazardLaw
	References reference.Maker
	Policy     Policy
	Screened   bool // originals are to be looked at for malware
	// Migrating is told each migration of a register that is in use, and often
	// how much of a long one is done; nil: nobody.
	Migrating func(migration string, done int)
	finishing bool                     // it is being restored
	diskKind  func(path string) string // names a network file system; nil: as the system says
}

// An ID names a row. Ids are made here, sort by time and mean nothing.
type ID = string

// RulesActor is the actor of what rules of that version decided.
func RulesActor(version string) string { return "rules@" + version }

// Label aliases keep callers that only route replies from importing classify.
type (
	// Label is classify.Label.
	Label = classify.Label
	// Verdict is classify.Verdict.
	Verdict = classify.Verdict
)
