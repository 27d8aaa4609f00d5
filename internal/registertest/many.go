package registertest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/register"
)

// Settle takes messages that came at that time the whole way through the
// register: received, read, opened, claimed, begun, sent. Their numbers run
// from from on.
func Settle(tb testing.TB, r *register.Register, at time.Time, from, n int) []register.Opened {
	tb.Helper()
	ctx := context.Background()
	arrivals := make([]register.Arrival, n)
	for i := range arrivals {
		arrivals[i] = Arrival(fmt.Sprint("message ", from+i), at)
	}
	received, err := r.Receive(ctx, arrivals)
	must(tb, err)
	ids := make([]register.ID, n)
	for i, m := range received {
		ids[i] = m.ID
	}
	_, err = r.BeginReading(ctx, ids, time.Minute, 3)
	must(tb, err)
	openings := make([]register.Opening, n)
	for i, id := range ids {
		text := fmt.Sprintf("The heating has been off for %d days and nobody has come. ", from+i)
		openings[i] = register.Opening{
			Message: id, Verdict: Verdict(classify.Complaint),
			Reading: Reading(fmt.Sprintf("%d@example.com", from+i), fmt.Sprintf("r%d@example.com", from+i), text),
		}
	}
	opened, err := r.Open(ctx, openings)
	must(tb, err)
	var owed []register.ID
	for _, o := range opened {
		for _, h := range o.Owed {
			owed = append(owed, h.ID)
		}
	}
	claimed, err := r.Claim(ctx, owed, time.Minute, register.Windows{Recipient: time.Hour, Case: time.Hour, All: time.Hour})
	must(tb, err)
	if len(claimed) != n {
		tb.Fatal("claimed", len(claimed), "of", n)
	}
	begun, sent := make([]register.Beginning, n), make([]register.Outcome, n)
	for i, c := range claimed {
		begun[i] = register.Beginning{ID: c.ID, Attempt: c.Attempt, MessageID: c.ID + "@post.example", Bytes: "sha"}
		sent[i] = register.Outcome{ID: c.ID, Attempt: c.Attempt, Code: "250"}
	}
	_, err = r.Begin(ctx, begun)
	must(tb, err)
	_, err = r.Sent(ctx, sent)
	must(tb, err)
	return opened
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// copied says which columns of a table hold what must differ in a copy of a
// row, and which hold an instant. Tables that point at others come after them.
var copied = []struct {
	table         string
	ids, instants []string
}{
	{"message", []string{"id", "fingerprint", "reference", "case_id", "mail_id", "sender"}, []string{"received_at", "registered_at", "failsafe_at"}},
	{"sameness", []string{"key", "message_id"}, []string{"received_at"}},
	{"decision", []string{"id", "message_id"}, []string{"at"}},
	{"cases", []string{"id", "reference", "message_id", "resident_id"}, []string{"opened_at"}},
	{"case_person", []string{"case_id"}, nil},
	{"clock", []string{"case_id"}, []string{"met_at", "defined_at"}},
	{"outgoing", []string{"id", "key", "case_id", "message_id", "reference", "to_key", "mail_id"}, []string{"not_before", "deadline_at", "created_at", "begun_at", "sent_at"}},
	{"event", []string{"subject"}, []string{"at"}},
	{"resident", []string{"id"}, []string{"at"}},
	{"resident_key", []string{"key", "resident_id"}, nil},
	{"search_entry", []string{"id", "message_id", "reference"}, []string{"received_at"}},
}

// Many makes an empty register hold messages that were acknowledged, of a case
// each that is closed: first of them go the whole way, and then all rows are
// doubled that often, each copy some days older. Taking in a million would take
// half an hour. The copies' histories are not chained, and their words are not
// their own.
func Many(tb testing.TB, c register.Config, first, doublings int) {
	tb.Helper()
	r, err := register.Connect(context.Background(), c)
	must(tb, err)
	for done := 0; done < first; done += 32 {
		for _, o := range Settle(tb, r, c.Now(), done, min(32, first-done)) {
			must(tb, r.CloseCase(context.Background(), o.Case, "Priya", register.ClosedWithdrawn, "it was mended"))
		}
	}
	must(tb, r.Close())
	driver := map[string]string{"sqlite": "sqlite", "postgres": "pgx"}[c.Driver]
	db, err := sql.Open(driver, c.DSN)
	must(tb, err)
	defer db.Close() //nolint:errcheck // a test's own connection
	db.SetMaxOpenConns(1)
	if driver == "sqlite" {
		must(tb, exec(db, `PRAGMA synchronous = OFF`))
		must(tb, exec(db, `PRAGMA cache_size = -2000000`))
	}
	for i := range doublings {
		must(tb, double(db, driver, i))
	}
	if driver == "pgx" {
		must(tb, exec(db, `ANALYZE`)) // as it does by itself, and SQLite does not
	}
}

func exec(db *sql.DB, statement string, args ...any) error {
	_, err := db.ExecContext(context.Background(), statement, args...)
	return err
}

func columnsOf(db *sql.DB, table string) ([]string, error) {
	rows, err := db.QueryContext(context.Background(), `SELECT * FROM `+table+` LIMIT 0`) //nolint:gosec // a name from the list above
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // there are none
	columns, err := rows.Columns()
	return columns, errors.Join(err, rows.Err())
}

// double copies every row of every table.
func double(db *sql.DB, driver string, round int) error {
	var last int64
	if err := db.QueryRowContext(context.Background(), `SELECT max(seq) FROM search_entry`).Scan(&last); err != nil {
		return err
	}
	for _, t := range copied {
		columns, err := columnsOf(db, t.table)
		if err != nil {
			return err
		}
		columns = slices.DeleteFunc(columns, func(c string) bool { return t.table == "search_entry" && c == "seq" })
		values := make([]string, len(columns))
		for i, c := range columns {
			switch values[i] = c; {
			case slices.Contains(t.ids, c):
				values[i] = fmt.Sprintf(`CASE WHEN %[1]s = '' THEN '' ELSE %[1]s || '~%[2]d' END`, c, round)
			case slices.Contains(t.instants, c):
				values[i] = fmt.Sprintf(`CASE WHEN %[1]s = 0 THEN 0 ELSE %[1]s - CAST(%[2]d AS BIGINT) END`, c, (24*time.Hour).Microseconds()<<round)
			}
		}
		if err := exec(db, `INSERT INTO `+t.table+` (`+strings.Join(columns, ", ")+`) SELECT `+strings.Join(values, ", ")+` FROM `+t.table); err != nil {
			return fmt.Errorf("%s: %w", t.table, err)
		}
	}
	if driver != "sqlite" {
		return nil // the words stand in the entries
	}
	return exec(db, `INSERT INTO search_words (rowid, words) SELECT seq, $1 FROM search_entry WHERE seq > $2`,
		"been come complaint days example for has heating nine nobody off resident the", last)
}
