package registertest_test

import (
	"slices"
	"testing"
	"time"

	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/terms"
	"postroom/internal/workday"
)

// TestManyMessages looks at a register that was filled by copying: nothing in
// it contradicts itself, every case is found by its own words, and the next
// message goes its way.
func TestManyMessages(t *testing.T) {
	t.Parallel()
	for name, point := range map[string]func(testing.TB, register.Config) register.Config{"sqlite": registertest.SQLite, "postgres": registertest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const n = 31
			c := point(t, registertest.Config(t, time.Now))
			registertest.ManyOf(t, c, n, 13) // the last one is open, and a complaint
			r := registertest.Open(t, c)
			if wrong, err := r.Contradictions(t.Context()); err != nil || len(wrong) > 0 {
				t.Errorf("%v %v", wrong, err)
			}
			if broken, err := r.VerifyHistories(t.Context()); err != nil || len(broken) > 0 {
				t.Errorf("broken: %v %v", broken, err)
			}
			registertest.Settle(t, r, time.Now(), 5, 1)
			registertest.Wait(t, r, time.Now(), 0, 3)
			all, err := r.Messages(t.Context(), time.Unix(0, 0), 100)
			if err != nil || len(all) != n+1+3 {
				t.Fatalf("%d messages, %v", len(all), err)
			}
			for _, m := range all {
				found, _, _, err := r.Search(t.Context(), register.Search{Terms: terms.Typed(m.Reading.From.Address), N: 5})
				if err != nil || !slices.ContainsFunc(found, func(f register.Found) bool { return f.Message == m.ID }) {
					t.Errorf("%s is not found by its writer, but %v, %v", m.Reference, found, err)
				}
			}
			if found, n, _, err := r.Search(t.Context(), register.Search{State: register.FoundOpen, N: 50}); err != nil || n == 0 || n > 4 {
				t.Errorf("%d open, %v, %v", n, found, err)
			}
		})
	}
}

// TestAFrequentWord looks for what stands in every one of so many cases that
// SQLite looks at one after the other: they come as all cases do, newest first
// or soonest due, page by page, and only those that the filters let through.
func TestAFrequentWord(t *testing.T) {
	t.Parallel()
	for name, point := range map[string]func(testing.TB, register.Config) register.Config{"sqlite": registertest.SQLite, "postgres": registertest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const n = 700
			c := point(t, registertest.Config(t, time.Now))
			registertest.ManyOf(t, c, n, 13) // the last one is open, and a complaint
			r := registertest.Open(t, c)
			search := func(s register.Search) (ids []register.ID) {
				t.Helper()
				found, _, _, err := r.Search(t.Context(), s)
				if err != nil {
					t.Fatal(err)
				}
				for _, f := range found {
					ids = append(ids, f.ID)
				}
				return ids
			}
			for _, s := range []register.Search{
				{N: n + 1},
				{N: 50},
				{N: 50, Skip: 650},
				{N: n, Topic: "noise"},
				{N: n, State: register.FoundOpen, SoonFirst: true},
				{N: n, Officer: "Sam"},
				{N: n, To: workday.DateOf(time.Now()).AddDays(-900)},
			} {
				all := search(s)
				s.Terms = terms.Typed("regards") // every writer sends them
				if with := search(s); len(all) == 0 || !slices.Equal(all, with) {
					t.Errorf("%+v: %d cases, and %d with a word of every case", s, len(all), len(with))
				}
				s.Terms = terms.Typed("regards nobodywrotethis")
				if none := search(s); len(none) > 0 {
					t.Errorf("%+v: found %v", s, none)
				}
			}
			if officers, err := r.Officers(t.Context()); err != nil || !slices.Equal(officers, []string{"Marta", "Owen", "Priya", "Sam"}) {
				t.Errorf("officers %v, %v", officers, err)
			}
		})
	}
}
