package web_test

import (
	"net/http"
	"strings"
	"testing"

	"postroom/classify"
	"postroom/ingest"
	"postroom/internal/archive"
	"postroom/internal/objects"
	"postroom/internal/objects/objectstest"
	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/web"
)

// An original that lies in object storage is given out as any other. While the
// storage is away the page says so, to officers and to residents, and what is
// known of the message stays on it.
func TestOriginalsFromObjectStorage(t *testing.T) {
	t.Parallel()
	line, c := objectstest.NewLine(t, objectstest.New(t))
	h := openWith(t, registertest.SQLite, web.Access{}, func(h *house, config *web.Config) {
		b, err := objects.Open(c)
		must(t, err)
		h.archive, err = archive.OpenStore(t.TempDir(), b, h.clock.Now())
		must(t, err)
		t.Cleanup(func() { _ = h.archive.Close() })
		config.Archive, config.Intake.Archive = h.archive, h.archive
		config.Reader = ingest.NewReader(ingest.ReaderConfig{Register: h.register, Archive: h.archive, Queue: h.queue, Rules: classify.Default(), Prefixes: []string{"CIT"}, Now: h.clock.Now, Logger: h.logger()})
	})
	m := h.waiting()
	b := h.signedIn("Gwen", register.Reviewer)
	original := b.get("/messages/" + m.ID + "/original")
	if want := strings.ReplaceAll(plainMail, "\n", "\r\n"); original.status != http.StatusOK || original.body != want {
		t.Errorf("%d: %q", original.status, original.body)
	}

	resident := h.browser()
	check := resident.usual()
	line.Set(objectstest.Refuse(http.StatusServiceUnavailable, "SlowDown"))
	b.get("/messages/"+m.ID+"/original").want(t, http.StatusServiceUnavailable, "The storage that keeps post and files does not answer. No post is lost.")
	b.get("/messages/"+m.ID).want(t, http.StatusOK, "for nine days")
	if log := h.log.String(); !strings.Contains(log, "object storage: get") || strings.Contains(log, c.SecretKey) {
		t.Errorf("the log says %s", log)
	}
	resident.post("/complain", check.fill()).want(t, http.StatusServiceUnavailable, "what you typed is still there")
	if n := len(h.all()); n != 1 {
		t.Errorf("%d messages, and the storage has none of them but the first", n)
	}

	line.Set(nil)
	b.get("/messages/"+m.ID+"/original").want(t, http.StatusOK, "No heating for nine days")
	resident.post("/complain", check.fill()).want(t, http.StatusOK, "We have your complaint")
	if n := len(h.all()); n != 2 {
		t.Errorf("%d messages", n)
	}
}
