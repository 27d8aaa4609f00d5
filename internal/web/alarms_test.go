package web_test

import (
	"database/sql"
	"net/http"
	"testing"

	"postroom/internal/register"
	"postroom/internal/registertest"
)

// A person is led to what they are called for, also where the register cannot
// read the case that it is about.
func TestAnAlarmLeadsToWhatItIsAbout(t *testing.T) {
	t.Parallel()
	var file string
	h := openForLong(t, func(tb testing.TB, c register.Config) register.Config {
		tb.Helper()
		c = registertest.SQLite(tb, c)
		file = c.DSN
		return c
	})
	b := h.signedIn("Priya", register.Reviewer)
	late := h.complaint(b)
	h.day("2026-12-10")
	_, err := h.register.Warn(t.Context(), h.clock.Now())
	must(t, err)
	b.get("/").want(t, http.StatusOK, "stage 1 answer has not been given", `<a href="/cases/`+late.Reference+`">See the case`)

	held := h.held()
	db, err := sql.Open("sqlite", file)
	must(t, err)
	defer db.Close() //nolint:errcheck // a test's own connection
	_, err = db.ExecContext(t.Context(), `UPDATE cases SET topics = '{' WHERE id = $1`, held.Case)
	must(t, err)
	b.get("/").want(t, http.StatusOK, `<a href="/replies/`+held.ID+`">See the reply <span class="ref">`+held.Reference)
	b.get("/replies/"+held.ID).want(t, http.StatusOK, "The reply cannot be written as things stand", "Let it go")
}
