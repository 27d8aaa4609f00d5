package registertest_test

import (
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"

	"postroom/internal/register"
	"postroom/internal/registertest"
)

// Of a PostgreSQL that cannot be used as it is, an operator is told what to do.
func TestWhyPostgresCannotBeUsed(t *testing.T) {
	t.Parallel()
	cfg := registertest.Postgres(t, registertest.Config(t, registertest.NewClock().Now))
	db, err := sql.Open("pgx", cfg.DSN)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	guest := fmt.Sprintf("guest_%d", os.Getpid())
	if _, err := db.ExecContext(t.Context(), "CREATE ROLE "+guest+" LOGIN"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = db.Exec("DROP ROLE " + guest) })
	for want, change := range map[string]func(*url.URL){
		"no PostgreSQL answers there": func(u *url.URL) { u.Host = "127.0.0.1:1" },
		"no database of that name":    func(u *url.URL) { u.Path = "/there_is_none" },
		"does not let this user in":   func(u *url.URL) { u.User = url.User("there_is_none") },
		"make it the database's owner": func(u *url.URL) {
			u.User, u.RawQuery = url.User(guest), "search_path=pg_catalog"
		},
	} {
		u, err := url.Parse(cfg.DSN)
		if err != nil {
			t.Fatal(err)
		}
		change(u)
		denied := cfg
		denied.DSN = u.String()
		r, err := register.Connect(t.Context(), denied)
		if err == nil {
			_ = r.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
