package register

import (
	"errors"
	"fmt"
	"sync"
	"testing"
)

// Two of our writers, or two processes, may do two things in the opposite
// order. PostgreSQL undoes one of them, and it is done again: nobody hears of
// it. SQLite has one writer, and no such thing.
func TestADeadlockIsDoneAgain(t *testing.T) {
	t.Parallel()
	inUse(t, func(t *testing.T, r *Register) {
		t.Helper()
		if r.sqlite() {
			return
		}
		must := func(err error) {
			if err != nil {
				t.Error(err)
			}
		}
		must(r.writes.do(t.Context(), func(t *tx) error {
			return t.script("CREATE TABLE pair (name TEXT PRIMARY KEY, n INT);\nINSERT INTO pair VALUES ('a', 0), ('b', 0)")
		}))
		var both, ended sync.WaitGroup
		both.Add(2)
		for _, order := range [][]string{{"a", "b"}, {"b", "a"}} {
			var met sync.Once
			ended.Go(func() {
				must(r.writes.doLot(t.Context(), func(t *tx) error {
					err := t.exec(`UPDATE pair SET n = n + 1 WHERE name = $1`, order[0])
					met.Do(func() { both.Done(); both.Wait() }) // each has its first now
					if err != nil {
						return err
					}
					return t.exec(`UPDATE pair SET n = n + 1 WHERE name = $1`, order[1])
				}))
			})
		}
		ended.Wait()
		var a, b int
		must(r.db.QueryRowContext(t.Context(), `SELECT (SELECT n FROM pair WHERE name = 'a'), (SELECT n FROM pair WHERE name = 'b')`).Scan(&a, &b))
		if a != 2 || b != 2 {
			t.Errorf("both were done once each: a is %d and b is %d, not 2", a, b)
		}
	})
}

// Many who add to one history at once: each line is there, and none hears that
// another took the place that its own was meant for.
func TestManyAddToOneHistory(t *testing.T) {
	t.Parallel()
	inUse(t, func(t *testing.T, r *Register) {
		t.Helper()
		const people, lines = 16, 12
		var all sync.WaitGroup
		for who := range people {
			all.Go(func() {
				for range lines {
					err := r.writes.do(t.Context(), func(t *tx) error { return t.note("case:one", fmt.Sprint("officer ", who), "noted", detail{}) })
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		if events, err := r.History(t.Context(), "case:one"); err != nil || len(events) != people*lines {
			t.Errorf("%d lines, %v", len(events), err)
		}
		if broken, err := r.VerifyHistories(t.Context()); err != nil || len(broken) > 0 {
			t.Errorf("broken: %v %v", broken, err)
		}
	})
}

// What comes after the end is nobody's fault but the end's: no item is blamed.
func TestAClosedRegisterBlamesNoItem(t *testing.T) {
	t.Parallel()
	inUse(t, func(t *testing.T, r *Register) {
		t.Helper()
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		errs, err := r.Sent(t.Context(), []Outcome{{ID: "a"}, {ID: "b"}})
		if !errors.Is(err, ErrLost) || errors.Join(errs...) != nil {
			t.Errorf("failed with %v, the items with %v", err, errs)
		}
	})
}

// A server that was restarted, or a firewall, ends a connection at any moment.
// The write is done once more on a new one; when that ends too, the database is
// lost and not the write wrong.
func TestAConnectionThatEndsUnderAWrite(t *testing.T) {
	t.Parallel()
	inUse(t, func(t *testing.T, r *Register) {
		t.Helper()
		if r.sqlite() {
			return
		}
		for _, row := range []struct {
			ends, tries int
			lost        bool
		}{{1, 2, false}, {2, 2, true}} {
			tries := 0
			err := r.writes.do(t.Context(), func(t *tx) error {
				if tries++; tries <= row.ends {
					return t.exec(`SELECT pg_terminate_backend(pg_backend_pid())`)
				}
				return t.note("case:one", "postroom", "noted", detail{})
			})
			if errors.Is(err, ErrLost) != row.lost || (err == nil) == row.lost || tries != row.tries {
				t.Errorf("ended %d times: tried %d times, error %v", row.ends, tries, err)
			}
		}
	})
}

// TestACommitThatIsLostIsNotDoneAgain: it may be done, and whoever asked is told
// that nobody knows.
func TestACommitThatIsLostIsNotDoneAgain(t *testing.T) {
	t.Parallel()
	inUse(t, func(t *testing.T, r *Register) {
		t.Helper()
		if r.sqlite() {
			return
		}
		tries := 0
		err := r.writes.do(t.Context(), func(t *tx) error {
			tries++
			for _, step := range []string{
				`CREATE TEMP TABLE last_words (word TEXT)`,
				`CREATE FUNCTION pg_temp.hang_up() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END'`,
				`CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON last_words DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pg_temp.hang_up()`,
				`INSERT INTO last_words VALUES ('goodbye')`,
			} {
				if err := t.exec(step); err != nil {
					return err
				}
			}
			return nil
		})
		if !errors.Is(err, ErrLost) || tries != 1 {
			t.Errorf("tried %d times, error %v", tries, err)
		}
	})
}
