package registertest_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/terms"
)

// benchCases is how many cases are searched.
const benchCases = 100_000

// BenchmarkSearch looks for things among 100,000 cases: for what stands in one
// of them, in a hundred, in every one, and for what is due. It prints the
// slowest of a hundred searches (p99) in milliseconds.
func BenchmarkSearch(b *testing.B) {
	for name, point := range map[string]func(testing.TB, register.Config) register.Config{"sqlite": registertest.SQLite, "postgres": registertest.Postgres} {
		b.Run(name, func(b *testing.B) {
			r := registertest.Open(b, point(b, registertest.Config(b, time.Now)))
			began := time.Now()
			manyCases(b, r)
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

func manyCases(b *testing.B, r *register.Register) {
	b.Helper()
	const batch = 500
	rnd := rand.New(rand.NewPCG(1, 2))
	for from := 0; from < benchCases; from += batch {
		arrivals := make([]register.Arrival, batch)
		for i := range arrivals {
			arrivals[i] = registertest.Arrival(fmt.Sprint("case ", from+i), time.Now().Add(-time.Duration(benchCases-from-i)*20*time.Minute))
		}
		received, err := r.Receive(context.Background(), arrivals)
		if err != nil {
			b.Fatal(err)
		}
		openings := make([]register.Opening, batch)
		for i := range openings {
			n := from + i
			text := []string{"The heating has been off for nine days and nobody has come."}
			for range 60 {
				text = append(text, benchWord(rnd.IntN(400)))
			}
			v := registertest.Verdict(classify.Complaint)
			if n%50 == 0 {
				v.Topics = []string{"parking"}
			}
			rd := registertest.Reading(fmt.Sprint(n, "@example.com"), fmt.Sprintf("resident%d@example.com", n), strings.Join(text, " "))
			rd.PostalAddress = []string{fmt.Sprint(n%200, " Long Street"), fmt.Sprintf("Millhaven QX%d 1RD", n%90)}
			openings[i] = register.Opening{Message: received[i].ID, Verdict: v, Reading: rd}
		}
		if _, err := r.Open(context.Background(), openings); err != nil {
			b.Fatal(err)
		}
	}
}
