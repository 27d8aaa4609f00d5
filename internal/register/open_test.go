package register

import (
	"net/url"
	"os"
	"testing"
)

// A machine that is frozen in the middle of a transaction would hold its locks
// for ever: PostgreSQL ends the transaction. What the operator set stands.
func TestAFrozenMachinesTransactionEnds(t *testing.T) {
	t.Parallel()
	dsn := os.Getenv("POSTROOM_TEST_POSTGRES")
	if dsn == "" {
		t.Skip("integration: POSTROOM_TEST_POSTGRES names no server")
	}
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("options", "-cidle_in_transaction_session_timeout=5000")
	u.RawQuery = q.Encode()
	for at, want := range map[string]string{dsn: "1min", u.String(): "5s"} {
		r := &Register{cfg: Config{Driver: "postgres", DSN: at}}
		db, err := r.openPools()
		if err != nil {
			t.Fatal(err)
		}
		var got string
		if err := db.QueryRowContext(t.Context(), `SHOW idle_in_transaction_session_timeout`).Scan(&got); err != nil || got != want {
			t.Errorf("idle transactions end after %q, want %q: %v", got, want, err)
		}
		_ = db.Close()
	}
}
