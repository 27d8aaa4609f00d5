package registertest

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// A tablePlan says which rows of a table are a story's, given its message,
// case and resident, and which columns hold what each copy has of its own.
// What else a row says is looked through for these. Tables that point at
// others come after them.
type tablePlan struct{ table, of, own string }

var tablePlans = []tablePlan{
	{"message", "id = $1", "id fingerprint original reference text_key"},
	{"sameness", "message_id = $1", "key"},
	{"decision", "message_id = $1", "id"},
	{"resident", "id = $3", "id"},
	{"resident_key", "resident_id = $3", ""},
	{"cases", "id = $2", "id"},
	{"case_person", "case_id = $2", ""},
	{"clock", "case_id = $2", ""},
	{"outgoing", "case_id = $2", "id bytes"},
	{"answer", "case_id = $2", "id"},
	{"event", "subject IN ('message:' || $1, 'case:' || $2) ORDER BY subject, seq", ""},
	{"event_words", "subject IN ('message:' || $1, 'case:' || $2)", ""},
	{"search_entry", "id = $2", ""},
}

// A storyTable is a story's rows of a table.
type storyTable struct {
	tablePlan
	columns []string
	rows    [][]any
}

// moves reports whether a column holds an instant that is a little later in
// each copy. Deadlines are not.
func moves(column string) bool {
	return column != "failsafe_at" && column != "deadline_at" && (column == "at" || column == "not_before" || strings.HasSuffix(column, "_at"))
}

// readStories reads what the register beside holds of each story, and fails
// when it holds more than these.
func readStories(db *sql.DB, all []*story) error {
	db.SetMaxOpenConns(1) // the table of words is its connection's own
	words, err := searchWords(db)
	if err != nil {
		return err
	}
	read := map[string]int{}
	for _, s := range all {
		var c, resident string
		var seq int64
		err := db.QueryRowContext(context.Background(), `SELECT c.id, c.resident_id, e.seq FROM cases c JOIN search_entry e ON e.id = c.id WHERE c.message_id = $1`, s.message).Scan(&c, &resident, &seq)
		if err != nil {
			return err
		}
		s.words = words[seq]
		for _, plan := range tablePlans {
			t := storyTable{tablePlan: plan}
			if t.columns, t.rows, err = readRows(db, `SELECT * FROM `+plan.table+` WHERE `+plan.of, s.message, c, resident); err != nil {
				return fmt.Errorf("%s: %w", plan.table, err)
			}
			read[plan.table] += len(t.rows)
			s.tables = append(s.tables, t)
		}
	}
	return nothingLeft(db, read)
}

func nothingLeft(db *sql.DB, read map[string]int) error {
	_, tables, err := readRows(db, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'search_words%' AND name NOT IN ('migration', 'schema_break', 'setting', 'lease')`)
	if err != nil {
		return err
	}
	for _, t := range tables {
		name := t[0].(string) //nolint:forcetypeassert // names are text
		var n int
		if err := db.QueryRowContext(context.Background(), `SELECT count(*) FROM `+name).Scan(&n); err != nil {
			return err
		}
		if n != read[name] {
			return fmt.Errorf("%d rows of %s are copied, of %d", read[name], name, n)
		}
	}
	return nil
}

// searchWords are the words of each row of the search.
func searchWords(db *sql.DB) (map[int64][]string, error) {
	if _, err := db.ExecContext(context.Background(), `CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab(main, search_words, instance)`); err != nil {
		return nil, err
	}
	_, rows, err := readRows(db, `SELECT doc, term FROM temp.vocabulary`)
	words := map[int64][]string{}
	for _, row := range rows {
		doc := row[0].(int64)                            //nolint:forcetypeassert // a row's number
		words[doc] = append(words[doc], row[1].(string)) //nolint:forcetypeassert // a word
	}
	return words, err
}

func readRows(db *sql.DB, query string, args ...any) (columns []string, all [][]any, err error) {
	rows, err := db.QueryContext(context.Background(), query, args...)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close() //nolint:errcheck // read to its end
	if columns, err = rows.Columns(); err != nil {
		return nil, nil, err
	}
	for rows.Next() {
		row, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, nil, err
		}
		all = append(all, row)
	}
	return columns, all, rows.Err()
}
