package register

import (
	"database/sql"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// whole names the queries that may read a whole table: they run seldom, or
// the table is small.
var whole = []string{
	"FROM event ORDER BY subject", "NOT EXISTS (SELECT 1", "m.decisions <> (", "o.bytes = ''", "erased_at = 0 ORDER BY id", "bytes <> '' ORDER BY id", "a.file <> '' ORDER BY", // verify and backup
	"NOT LIKE 'rules@%' ORDER BY m.id",                               // what people decided, for the rules' owner
	"d.id >= $1 AND d.at >= $2",                                      // of today: ids begin with their time
	"SELECT c.id, c.reference, s.stage", "SELECT o.label, d.verdict", // the figures
	"DELETE FROM session", "lease_until = 0 WHERE lease_until > 0", // after a restore
	"FROM removal ORDER BY",                                // empty but for a moment
	"FROM account WHERE role", "DELETE FROM sign_in_place", // a few rows for each officer
	"FROM migration", "FROM sqlite_master", "DELETE FROM lease", "mailbox_status", "mailbox_uid", "FROM alarm WHERE taken_at = 0`",
	"FROM outgoing WHERE state = 'held'", "FROM outgoing WHERE state = 'refused'", "FROM outgoing WHERE state = 'unknown'",
	"count(*), COALESCE(min(created_at)", "count(*), COALESCE(min(received_at)", // the status page
}

// TestHotQueriesUseAnIndex reads every statement in this package's source and
// asks SQLite how it would run it. An index with a condition is only used when
// the query repeats the condition, which is easily forgotten.
func TestHotQueriesUseAnIndex(t *testing.T) {
	t.Parallel()
	r := &Register{cfg: Config{Driver: "sqlite", DSN: filepath.Join(t.TempDir(), "r.db"), Now: time.Now}}
	if err := r.connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	queries := statements(t)
	if len(queries) < 60 {
		t.Fatalf("found only %d statements", len(queries))
	}
	for _, q := range queries {
		if m := twoBounds.FindStringSubmatch(q); m != nil && m[1] == m[2] {
			t.Errorf("SQLite takes the first of two lower bounds, which is no bound at all; say <> 0, in the index too: %s", q)
		}
		for _, step := range queryPlan(t, r.db, q) {
			if readsAll(step) && !allowed(q) {
				t.Errorf("%s\n%s", step, q)
			}
			if strings.HasSuffix(step, "INDEX message_case (case_id=?)") && strings.Contains(q, "case_id = ''") && strings.Contains(q, "deadline") {
				t.Errorf("it reads all that never got a case, such as advertising of years; say length(case_id) = 0: %s", q)
			}
		}
	}
}

var twoBounds = regexp.MustCompile(`(\w+) > 0 AND (?:\w+\.)?(\w+) >=? \$`)

// fromKey is a step that goes through a table from some key to its end.
var fromKey = regexp.MustCompile(`^SEARCH \w+ USING INDEX sqlite_autoindex_\w+ \(\w+>\?\)$`)

func readsAll(step string) bool {
	if fromKey.MatchString(step) {
		return true
	}
	if !strings.HasPrefix(step, "SCAN ") {
		return false
	}
	for _, few := range []string{"USING", "SCAN x", "VIRTUAL TABLE INDEX 0:=", "VIRTUAL TABLE INDEX 0:M", "SCAN counted", "SCAN CONSTANT ROW", "SCAN (subquery-"} {
		if strings.Contains(step, few) {
			return false
		}
	}
	return true
}

func allowed(q string) bool {
	for _, w := range whole {
		if strings.Contains(q, strings.TrimSuffix(w, "`")) {
			return true
		}
	}
	return false
}

func queryPlan(t *testing.T, db *sql.DB, q string) (steps []string) {
	t.Helper()
	args := make([]any, strings.Count(q, "$"))
	for i := range args {
		args[i] = "1"
	}
	n := 0
	for n < len(args) && strings.Contains(q, "$"+strconv.Itoa(n+1)) {
		n++
	}
	rows, err := db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+q, args[:n]...)
	if err != nil {
		t.Errorf("%s: %v", q, err)
		return nil
	}
	err = drain(rows, func(rows *sql.Rows) error {
		var id, parent, unused int
		var step string
		err := rows.Scan(&id, &parent, &unused, &step)
		steps = append(steps, step)
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return steps
}

// statements collects the string literals that are SQL, with the column lists
// put together as the source does.
func statements(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	consts := map[string]string{
		"messageColumns": messageColumns, "messageTables": messageTables, "caseColumns": caseColumns,
		"clockColumns": clockColumns, "outgoingColumns": outgoingColumns, "alarmColumns": alarmColumns,
	}
	var out []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		inner := map[ast.Node]bool{}
		ast.Inspect(f, func(n ast.Node) bool {
			if b, ok := n.(*ast.BinaryExpr); ok {
				inner[b.X], inner[b.Y] = true, true
			}
			if e, ok := n.(ast.Expr); ok && !inner[n] {
				if q, ok := joined1(e, consts); ok && isStatement(q) {
					out = append(out, q)
				}
			}
			return true
		})
	}
	return out
}

func joined1(e ast.Expr, consts map[string]string) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(e.Value)
		return s, err == nil && e.Kind == token.STRING
	case *ast.Ident:
		s, ok := consts[e.Name]
		return s, ok
	case *ast.BinaryExpr:
		a, okA := joined1(e.X, consts)
		b, okB := joined1(e.Y, consts)
		return a + b, okA && okB
	}
	return "", false
}

func isStatement(q string) bool {
	for _, verb := range []string{"SELECT ", "UPDATE ", "INSERT INTO ", "DELETE FROM "} {
		if strings.HasPrefix(q, verb) && !strings.Contains(q, "advisory_") && !strings.Contains(q, "clock_timestamp") && !strings.Contains(q, "to_regclass") && !strings.Contains(q, "to_tsvector") && q != "SELECT 1" {
			return true
		}
	}
	return false
}

// TestMigrationsHaveNumbersOfTheirOwn finds two of a number before a register
// does, which then opens no more.
func TestMigrationsHaveNumbersOfTheirOwn(t *testing.T) {
	t.Parallel()
	for _, driver := range []string{"sqlite", "postgres"} {
		for i, m := range migrations(driver) {
			if m.number != i+1 {
				t.Errorf("%s: migration %s stands at place %d", driver, m.name, i+1)
			}
		}
	}
}
