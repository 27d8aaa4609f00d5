package registertest_test

import (
	"testing"
	"time"

	"postroom/internal/register"
	"postroom/internal/registertest"
)

// TestManyMessages looks at a register that was filled by copying: all are
// found, and the next message goes its way.
func TestManyMessages(t *testing.T) {
	t.Parallel()
	for name, point := range map[string]func(testing.TB, register.Config) register.Config{"sqlite": registertest.SQLite, "postgres": registertest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := point(t, registertest.Config(t, time.Now))
			registertest.Many(t, c, 5, 3)
			r := registertest.Open(t, c)
			registertest.Settle(t, r, time.Now(), 5, 1)
			if _, n, _, err := r.Search(t.Context(), register.Search{N: 1}); err != nil || n != 5<<3+1 {
				t.Errorf("%d cases, %v", n, err)
			}
			if all, err := r.Messages(t.Context(), time.Unix(0, 0), 100); err != nil || len(all) != 5<<3+1 {
				t.Errorf("%d messages, %v", len(all), err)
			}
		})
	}
}
