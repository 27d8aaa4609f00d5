// Package registertest is the suite that a register passes on both databases,
// and opens registers for the tests of other rooms. It is used by tests only.
package registertest

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"postroom/classify"
	"postroom/internal/reference"
	"postroom/internal/register"
	"postroom/internal/workday"
)

// A Clock is a time source that a test sets.
type Clock struct {
	mu sync.Mutex
	t  time.Time
}

// NewClock starts at Monday 23 November 2026, ten in the morning.
func NewClock() *Clock { return &Clock{t: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)} }

// Now is the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

// Set moves the clock to t.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = t
}

// Advance moves the clock on by d.
func (c *Clock) Advance(d time.Duration) { c.Set(c.Now().Add(d)) }

// Policy is the policy that tests run under unless they change it.
func Policy() register.Policy {
	return register.Policy{
		Acknowledge: register.Automatic, FailsafeDay: 4, FailsafeHour: 12, DigestHour: 8, WarnDays: []int{2, 1}, LetterDays: 1,
		Forward: map[string]string{"*": "repairs@landlord.example"}, AlarmRepeat: 15 * time.Minute,
	}
}

// Config is a register's configuration without its database.
func Config(tb testing.TB, now func() time.Time) register.Config {
	tb.Helper()
	cal, err := workday.Default(workday.EnglandAndWales)
	if err != nil {
		tb.Fatal(err)
	}
	refs, err := reference.NewMaker("CIT", []byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		tb.Fatal(err)
	}
	return register.Config{Now: now, Calendar: cal, Code: workday.DefaultCode(), References: refs, Policy: Policy()}
}

// SQLite points a configuration at a fresh SQLite register.
func SQLite(tb testing.TB, c register.Config) register.Config {
	tb.Helper()
	c.Driver, c.DSN = "sqlite", filepath.Join(tb.TempDir(), "register.db")
	return c
}

var schemas atomic.Int64

// Postgres points a configuration at a fresh PostgreSQL schema, or skips the
// test when no server is named.
func Postgres(tb testing.TB, c register.Config) register.Config {
	tb.Helper()
	dsn := os.Getenv("POSTROOM_TEST_POSTGRES")
	if dsn == "" {
		tb.Skip("integration: POSTROOM_TEST_POSTGRES names no server")
	}
	schema := fmt.Sprintf("t%d_%d", os.Getpid(), schemas.Add(1))
	admin(tb, dsn, "CREATE SCHEMA "+schema)
	tb.Cleanup(func() { admin(tb, dsn, "DROP SCHEMA IF EXISTS "+schema+" CASCADE") })
	u, err := url.Parse(dsn)
	if err != nil {
		tb.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", schema)
	if _, bench := tb.(*testing.B); !bench {
		// No test pulls the server's plug, so nothing need wait for its disk.
		q.Set("options", "-csynchronous_commit=off") // as libpq reads it too, for pg_dump
	}
	u.RawQuery = q.Encode()
	c.Driver, c.DSN = "postgres", u.String()
	return c
}

func admin(tb testing.TB, dsn, statement string) {
	tb.Helper()
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		tb.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // a test's own connection
	_, err = db.ExecContext(context.Background(), statement)
	for range 100 { // of a deadlock with processes that work, one side is the victim
		if victim, ok := errors.AsType[*pgconn.PgError](err); !ok || victim.Code != "40P01" {
			break
		}
		_, err = db.ExecContext(context.Background(), statement)
	}
	if err != nil {
		tb.Fatal(err)
	}
}

// EndLeases ends every lease in a PostgreSQL register at once, as waiting would
// after a crash: a test need not sit them out.
func EndLeases(tb testing.TB, c register.Config) {
	tb.Helper()
	for _, statement := range []string{
		"UPDATE lease SET until = 0", "UPDATE taking SET until = 0", "UPDATE message SET lease_until = 0", "UPDATE outgoing SET lease_until = 0, awaited = attempt WHERE state = 'sending'",
	} {
		admin(tb, c.DSN, statement)
	}
}

// Overdue ends the leases of what is being sent, as a stall would that lasts
// for longer than they do.
func Overdue(tb testing.TB, c register.Config) {
	tb.Helper()
	admin(tb, c.DSN, "UPDATE outgoing SET lease_until = 1 WHERE state = 'sending'")
}

// A Lock is what another's transaction holds in a PostgreSQL register.
type Lock struct {
	// Waiting counts the connections that wait for it.
	Waiting func() int
	// Release ends the transaction.
	Release func()
}

// LockBy begins a transaction with a statement that locks something, and leaves
// it open, as a frozen machine or somebody's psql does.
func LockBy(tb testing.TB, c register.Config, statement string) Lock {
	tb.Helper()
	db, err := sql.Open("pgx", c.DSN)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	t, err := db.BeginTx(context.Background(), nil)
	if err != nil {
		tb.Fatal(err)
	}
	var me int
	err = t.QueryRowContext(context.Background(), "SELECT pg_backend_pid()").Scan(&me)
	if err == nil {
		_, err = t.ExecContext(context.Background(), statement)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return Lock{
		Waiting: func() (n int) {
			// Who waits behind somebody who waits for it is counted too.
			err := db.QueryRowContext(context.Background(), `WITH RECURSIVE behind(pid) AS (
				SELECT $1::int UNION SELECT a.pid FROM pg_stat_activity a, behind b WHERE b.pid = ANY(pg_blocking_pids(a.pid))
			) SELECT count(*) - 1 FROM behind`, me).Scan(&n)
			if err != nil {
				tb.Error(err)
			}
			return n
		},
		Release: func() {
			if err := t.Rollback(); err != nil {
				tb.Error(err)
			}
		},
	}
}

// Migrate does to a register what a newer version would: it runs statements,
// and writes down that a migration of that number ran.
func Migrate(tb testing.TB, c register.Config, number int, statements ...string) {
	tb.Helper()
	driver, dsn := "pgx", c.DSN
	if c.Driver == "sqlite" {
		driver, dsn = "sqlite", "file:"+c.DSN+"?_txlock=immediate&_pragma=busy_timeout(60000)"
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		tb.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // a test's own connection
	statements = append(statements, fmt.Sprintf("INSERT INTO migration (number, name, checksum) VALUES (%d, 'of a newer version', '')", number))
	for n := 1; ; n++ { // as the program does after a deadlock with what is written meanwhile
		err := together(db, statements)
		if err == nil {
			return
		}
		if n == 10 || !strings.Contains(err.Error(), "40P01") {
			tb.Fatal(err)
		}
	}
}

func together(db *sql.DB, statements []string) error {
	tx, err := db.BeginTx(context.Background(), nil)
	if err != nil {
		return err
	}
	for _, statement := range statements {
		if _, err := tx.ExecContext(context.Background(), statement); err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	return tx.Commit()
}

// Open opens the register and closes it with the test.
func Open(tb testing.TB, c register.Config) *register.Register {
	tb.Helper()
	r, err := register.Connect(context.Background(), c)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = r.Close() })
	return r
}

// Arrival is one piece of post that is told apart by its text.
func Arrival(text string, at time.Time) register.Arrival {
	sum := sha256.Sum256([]byte(text))
	name := hex.EncodeToString(sum[:])
	return register.Arrival{
		Fingerprint: name, Original: name, Size: int64(len(text)), Channel: register.Email, Source: "complaints",
		ReceivedAt: at, Basis: register.InternalDate,
	}
}

// Reading is what an authenticated resident's mail of that text reads as.
func Reading(id, from, text string) register.Reading {
	sum := sha256.Sum256([]byte(text))
	return register.Reading{
		MessageID: id, From: register.Address{Name: strings.Split(from, "@")[0], Address: from}, Subject: "Subject",
		Text: text, NewText: text, Automatic: "none", Authenticated: true, BodyDigest: hex.EncodeToString(sum[:]),
	}
}

// Verdict is a sure verdict of that label, with a definition.
func Verdict(label classify.Label) classify.Verdict {
	return classify.Verdict{
		Label: label, Confidence: 0.95, Route: classify.Auto, Why: "because", Topics: []string{"repairs"}, RulesVersion: "test",
		Definition: classify.Definition{Issues: []string{"The heating has been off for nine days."}, Outcomes: []string{"Repair the heating."}},
	}
}
