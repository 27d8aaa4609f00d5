package web_test

import (
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"postroom/internal/register"
	"postroom/internal/registertest"
)

// enclose sends a case's answer with a file of that name and content.
func (b *browser) enclose(c register.Case, name, content string) page {
	b.Helper()
	_, seen := b.form(c, "answer")
	var body strings.Builder
	w := multipart.NewWriter(&body)
	for _, f := range [][2]string{{"seen", seen}, {"outcome", "upheld"}, {"way", "send"}, {"text", "We are sorry."}} {
		must(b.TB, w.WriteField(f[0], f[1]))
	}
	part, err := w.CreateFormFile("file", name)
	must(b.TB, err)
	_, err = part.Write([]byte(content))
	must(b.TB, err)
	must(b.TB, w.Close())
	return b.send(http.MethodPost, "/cases/"+c.Reference+"/answer", body.String(), func(r *http.Request) { r.Header.Set("Content-Type", w.FormDataContentType()) })
}

// An answer's file is personal data, and lies nowhere but in the archive when
// the form was carried out. It sets TMPDIR for the process, so it runs alone.
func TestAFileLeavesNoCopyBehind(t *testing.T) {
	h := openForLong(t, registertest.SQLite)
	b := h.signedIn("Priya", register.Reviewer)
	c := h.complaint(b)
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	b.enclose(c, "answer.pdf", "%PDF-1.4 "+strings.Repeat("We are sorry. ", 200_000)).want(t, http.StatusSeeOther)
	left, err := filepath.Glob(filepath.Join(folder, "*"))
	must(t, err)
	for _, path := range left {
		info, err := os.Stat(path)
		must(t, err)
		t.Errorf("%s lies there, of %d bytes", filepath.Base(path), info.Size())
	}
}

// A Word document is saved as one, under the name that its officer gave it.
func TestAnAnswerIsSavedAsWhatItIs(t *testing.T) {
	t.Parallel()
	h := openForLong(t, registertest.SQLite)
	b := h.signedIn("Priya", register.Reviewer)
	c := h.complaint(b)
	b.enclose(c, "Our answer.docx", "PK\x03\x04 a document").want(t, http.StatusSeeOther)
	link := regexp.MustCompile(`/cases/[^"]*/answers/[^"]*`).FindString(b.get("/cases/" + c.Reference).body)
	if got := b.get(link).header.Get("Content-Disposition"); got != `attachment; filename="Our answer.docx"` {
		t.Errorf("saved as %s", got)
	}
}
