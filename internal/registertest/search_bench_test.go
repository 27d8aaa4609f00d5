package registertest_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/terms"
	"postroom/internal/workday"
)

// benchCases is how many cases are searched.
const benchCases = 100_000

// BenchmarkSearch looks for things among 100,000 cases: for what stands in one
// of them, in a hundred, in every one, and for what is due. It prints the
// slowest of a hundred searches (p99) in milliseconds.
func BenchmarkSearch(b *testing.B) {
	for name, point := range map[string]func(testing.TB, register.Config) register.Config{"sqlite": registertest.SQLite, "postgres": registertest.Postgres} {
		b.Run(name, func(b *testing.B) {
			c := point(b, registertest.Config(b, time.Now))
			r := registertest.Open(b, c)
			began := time.Now()
			manyCases(b, c)
			b.Logf("%d cases in %s", benchCases, time.Since(began).Round(time.Second))
			for what, search := range map[string]func(i int) register.Search{
				"one": func(i int) register.Search {
					return register.Search{Terms: terms.Typed(fmt.Sprintf("resident%d street", i))}
				},
				"a-name":        func(i int) register.Search { return register.Search{Terms: terms.Typed(benchWord(i % 400))} },
				"two-words":     func(i int) register.Search { return register.Search{Terms: terms.Typed("heating " + benchWord(i%400))} },
				"every-case":    func(int) register.Search { return register.Search{Terms: terms.Typed("heating")} },
				"three-letters": func(i int) register.Search { return register.Search{Terms: terms.Typed(benchWord(i % 400)[:3])} },
				"late":          func(int) register.Search { return register.Search{State: register.FoundLate, SoonFirst: true} },
				"a-topic":       func(int) register.Search { return register.Search{Topic: "parking"} },
			} {
				b.Run(what, func(b *testing.B) {
					var took []time.Duration
					i := 0
					for b.Loop() {
						i += 37
						s := search(i % benchCases)
						s.N = 50
						at := time.Now()
						if _, _, _, err := r.Search(context.Background(), s); err != nil {
							b.Fatal(err)
						}
						took = append(took, time.Since(at))
					}
					slices.Sort(took)
					b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
				})
			}
		})
	}
}

// benchWord is a word that is no other one's beginning.
func benchWord(i int) string {
	return string([]byte{'b' + byte(i%20), 'a' + byte(i/20%5)*4, 'k' + byte(i/100%10), 'o', 'n'})
}

// manyCases writes entries of cases straight into the search's own tables: the
// search reads nothing else, and taking in so much post would take an hour.
func manyCases(b *testing.B, c register.Config) {
	b.Helper()
	driver, fill := "sqlite", `INSERT INTO search_words (rowid, words) VALUES ($1, $2)`
	if c.Driver == "postgres" {
		driver, fill = "pgx", `UPDATE search_entry SET words = array_to_tsvector(string_to_array($2, ' ')) WHERE seq = $1`
	}
	ctx := context.Background()
	db, err := sql.Open(driver, c.DSN)
	check := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	check(err)
	defer db.Close() //nolint:errcheck // a benchmark's own connection
	tx, err := db.BeginTx(ctx, nil)
	check(err)
	entry, err := tx.PrepareContext(ctx, `INSERT INTO search_entry (id, message_id, reference, kind, stage, state, due_on, received_at, channel, topics, officer, private, who, place, about, digest)
		VALUES ($1, $1, $1, 'complaint', 1, $2, $3, $4, 'email', $5, $6, 0, $7, $8, $9, 'x') RETURNING seq`)
	check(err)
	defer entry.Close() //nolint:errcheck // likewise
	words, err := tx.PrepareContext(ctx, fill)
	check(err)
	defer words.Close() //nolint:errcheck // likewise
	rnd, now := rand.New(rand.NewPCG(1, 2)), time.Now()
	for n := range benchCases {
		state, due, topic := "closed", "", "repairs"
		received := now.Add(-time.Duration(benchCases-n) * 20 * time.Minute)
		if n > benchCases-2000 || n%500 == 0 { // what is open is new, but for some
			state, due = "open", workday.DateOf(received).AddDays(14).String()
		}
		if n%50 == 0 {
			topic = "parking"
		}
		who, place := fmt.Sprintf("Resident%d %s", n, benchWord(n%400)), fmt.Sprintf("%d Long Street, Millhaven QX%d 1RD", n%200, n%90)
		text := []string{"The heating has been off for nine days and nobody has come.", who, place, fmt.Sprintf("resident%d@example.com", n)}
		for range 60 {
			text = append(text, benchWord(rnd.IntN(400)))
		}
		var seq int64
		check(entry.QueryRowContext(ctx, fmt.Sprintf("%08d", n), state, due, received.UnixMicro(), " "+topic+" ", fmt.Sprint("Officer ", n%9), who, place, text[0]).Scan(&seq))
		_, err := words.ExecContext(ctx, seq, strings.Join(terms.Of(text...), " "))
		check(err)
	}
	check(tx.Commit())
	_, err = db.ExecContext(ctx, "ANALYZE")
	check(err)
}
