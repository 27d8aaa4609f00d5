package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"postroom/internal/register"
)

// A timed answer notes which time limits the handler sets for its answer.
type timed struct {
	*httptest.ResponseRecorder
	lifted bool
}

func (t *timed) SetWriteDeadline(at time.Time) error {
	t.lifted = at.IsZero()
	return nil
}

// The time limit for pages does not count for files: a case's file of a hundred
// megabytes over somebody's line at home was cut off after two minutes.
func TestAFileMayTakeItsTime(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.signedIn("Priya", register.Reviewer)
	m := h.waiting()
	o := h.byPost("Ann Other", "The roof leaks.", "12 Quay Street", "Bristol", "BS2 9XX")
	h.write(o)
	made := b.post("/tray/batches", form("letter", o.Owed[0].ID))
	at, err := url.Parse(made.header.Get("Location"))
	must(t, err)
	home, err := url.Parse(h.server.URL)
	must(t, err)
	for path, file := range map[string]bool{
		"/messages/" + m.ID: false, "/messages/" + m.ID + "/original": true, "/tray/letters/" + o.Owed[0].ID + "/pdf": true, at.Path + "/pdf": true,
	} {
		w := &timed{ResponseRecorder: httptest.NewRecorder()}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, h.server.URL+path, nil)
		for _, c := range b.Jar.Cookies(home) {
			r.AddCookie(c)
		}
		h.server.Config.Handler.ServeHTTP(w, r)
		if w.Code != http.StatusOK || w.lifted != file {
			t.Errorf("%s: status %d, limit lifted: %v", path, w.Code, w.lifted)
		}
	}
}
