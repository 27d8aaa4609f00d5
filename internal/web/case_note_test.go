package web_test

import (
	"archive/zip"
	"net/http"
	"slices"
	"strings"
	"testing"

	"postroom/internal/register"
	"postroom/internal/registertest"
)

func TestANoteOnACase(t *testing.T) {
	t.Parallel()
	for name, point := range onEach() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := openForLong(t, point)
			b := h.signedIn("Priya", register.Reviewer)
			c := h.complaint(b)
			b.does(c, "note", "reason", " ").want(t, http.StatusUnprocessableEntity, "#f-reason", "Write the note")
			b.did(c, "note", "reason", "The contractor rang: "+attack).want(t, http.StatusOK, "A note, by Priya", "The contractor rang: &lt;script&gt;", "Answer by Wednesday 9 December 2026")
			b.did(c, "close", "why", "withdrawn", "reason", "he rang").want(t, http.StatusOK, "Closed")
			b.did(c, "note", "reason", "He rang again").want(t, http.StatusOK, "He rang again")
			owed, err := h.register.CaseOutgoings(t.Context(), c.ID)
			must(t, err)
			if len(owed) != 1 {
				t.Errorf("a note sends something: %d outgoings", len(owed))
			}
		})
	}
}

// onEach are those that every page works on alike.
func onEach() map[string]func(testing.TB, register.Config) register.Config {
	return map[string]func(testing.TB, register.Config) register.Config{"sqlite": registertest.SQLite, "postgres": registertest.Postgres}
}

// TestTheCasesFileIsGivenOut to who may decide, whole, and it is written down.
func TestTheCasesFileIsGivenOut(t *testing.T) {
	t.Parallel()
	h := openForLong(t, registertest.SQLite)
	b := h.signedIn("Priya", register.Reviewer)
	c := h.complaint(b)
	b.get("/cases/"+c.Reference).want(t, http.StatusOK, "Save the case’s file (ZIP)")
	got := b.post("/cases/"+c.Reference+"/file", form("x", "y"))
	got.want(t, http.StatusOK)
	isDownload(t, got)
	packed, err := zip.NewReader(strings.NewReader(got.body), int64(len(got.body)))
	must(t, err)
	if !slices.ContainsFunc(packed.File, func(f *zip.File) bool { return f.Name == "case.json" }) || !strings.Contains(got.header.Get("Content-Disposition"), "case-"+c.Reference+".zip") {
		t.Errorf("the file holds %d files, named %s", len(packed.File), got.header.Get("Content-Disposition"))
	}
	b.get("/cases/"+c.Reference).want(t, http.StatusOK, "Given out: case file")
	views, err := h.register.CaseViews(t.Context(), c.ID, 100)
	must(t, err)
	if len(views) < 3 {
		t.Errorf("%d views", len(views))
	}
	b.post("/cases/nothing/file", form("x", "y")).want(t, http.StatusNotFound)
	auditor := h.signedIn("Ann", register.Auditor)
	auditor.post("/cases/"+c.Reference+"/file", form("x", "y")).want(t, http.StatusForbidden)
	if strings.Contains(auditor.get("/cases/"+c.Reference).body, "/file\"") {
		t.Error("it is offered to who only reads")
	}
}
