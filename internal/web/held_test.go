package web_test

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"postroom/classify"
	"postroom/internal/malware"
	"postroom/internal/malware/clamdtest"
	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/web"
)

const mailWithFile = `From: Ferdous Rahman <ferdous@example.com>
To: complaints@citrine.example
Subject: No heating
Message-ID: <2@example.com>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/html; charset=utf-8

<p>No heating for nine days.</p>
--b
Content-Type: application/pdf; name=boiler.pdf
Content-Disposition: attachment; filename=boiler.pdf

%PDF-1.4 CONTENT
--b--
`

// openScreened serves pages whose files the scanner looks at.
func openScreened(tb testing.TB, server *clamdtest.Server) *house {
	tb.Helper()
	point := func(tb testing.TB, c register.Config) register.Config {
		tb.Helper()
		c.Screened = true
		return registertest.SQLite(tb, c)
	}
	return openWith(tb, point, web.Access{}, func(h *house, c *web.Config) {
		c.Screen = malware.NewScreen(h.register, h.archive, server.Clamd(), h.clock.Now, slog.New(slog.DiscardHandler))
	})
}

func (p page) wantNone(tb testing.TB, texts ...string) {
	tb.Helper()
	for _, text := range texts {
		if strings.Contains(p.body, text) {
			tb.Errorf("%q is in the page\n%s", text, p.body)
		}
	}
}

func fileDoors(m register.Message) []string {
	at := "/messages/" + m.ID
	return []string{at + "/original", at + "/html", at + "/attachments/1"}
}

// While the scanner is away a message is read and decided on, and none of its
// files leaves; a manager can let them out, and the history says so.
func TestFilesAreHeldUntilTheyWereLookedAt(t *testing.T) {
	t.Parallel()
	server := clamdtest.Start(t, clamdtest.Honest)
	server.Stop()
	h := openScreened(t, server)
	m := h.mail(mailWithFile, unsure(classify.Complaint), nil)
	officer, manager, auditor := h.signedIn("Priya", register.Reviewer), h.signedIn("Gwen", register.Manager), h.signedIn("Ada", register.Auditor)
	for _, door := range fileDoors(m) {
		officer.get(door).want(t, http.StatusConflict, "has not been looked at for malware yet")
	}
	officer.get("/messages/"+m.ID).want(t, http.StatusOK, "No heating for nine days", "has not been looked at for malware yet", "boiler.pdf")
	officer.get("/messages/"+m.ID).wantNone(t, "/original", "/attachments/1", m.ID+"/html", "Let them be opened")
	officer.get("/").want(t, http.StatusOK, "Its files have not been looked at for malware yet")
	auditor.get("/messages/"+m.ID).wantNone(t, "Let them be opened")

	free := "/messages/" + m.ID + "/files"
	for _, b := range []*browser{officer, auditor} {
		b.post(free, form("do", "open", "why", "it cannot wait")).want(t, http.StatusForbidden, "Not for your role")
	}
	manager.get("/messages/"+m.ID).want(t, http.StatusOK, "Let them be opened")
	manager.post(free, form("do", "open")).want(t, http.StatusUnprocessableEntity, "Say why")
	if got := manager.post(free, form("do", "open", "why", "it cannot wait")); got.status != http.StatusSeeOther {
		t.Fatalf("%d\n%s", got.status, got.body)
	}
	for _, door := range fileDoors(m) {
		officer.get(door).want(t, http.StatusOK)
	}
	officer.get("/messages/"+m.ID).want(t, http.StatusOK, "Opened unscreened", "Gwen", "/original")
	officer.get("/").wantNone(t, "not been looked at")
}

// What malware was found in is shown as text, with what was found, and leaves
// by no door; not even a manager can open it.
func TestMalwareIsNeverServed(t *testing.T) {
	t.Parallel()
	h := openScreened(t, clamdtest.Start(t, clamdtest.Honest))
	m := h.mail(strings.Replace(mailWithFile, "CONTENT", clamdtest.Bad, 1), unsure(classify.Complaint), nil)
	manager := h.signedIn("Gwen", register.Manager)
	for range 2 {
		for _, door := range fileDoors(m) {
			manager.get(door).want(t, http.StatusConflict, "Malware was found", "Test.Bad")
			manager.get(door).wantNone(t, "%PDF")
		}
	}
	manager.get("/messages/"+m.ID).want(t, http.StatusOK, "No heating for nine days", "Malware was found", "Test.Bad", "looked at again")
	manager.get("/messages/"+m.ID).wantNone(t, "Let them be opened", "/attachments/1")
	manager.get("/").want(t, http.StatusOK, "Malware was found in its files", "Malware in what came", "the scanner calls it Test.Bad")
	manager.post("/messages/"+m.ID+"/files", form("do", "open", "why", "all the same")).want(t, http.StatusConflict, "looked at in the meantime")
	manager.get("/messages/"+m.ID+"/original").want(t, http.StatusConflict, "Malware was found")
}

// An attachment that clamd does not see as one is looked at by itself.
func TestAttachmentsAreLookedAtByThemselves(t *testing.T) {
	t.Parallel()
	h := openScreened(t, clamdtest.Start(t, func(content []byte) string {
		if strings.HasPrefix(string(content), "%PDF") {
			return "stream: Test.Bad FOUND"
		}
		return "stream: OK"
	}))
	m := h.mail(mailWithFile, unsure(classify.Complaint), nil)
	officer := h.signedIn("Priya", register.Reviewer)
	officer.get("/messages/"+m.ID+"/original").want(t, http.StatusOK)
	officer.get("/messages/"+m.ID+"/attachments/1").want(t, http.StatusConflict, "Malware was found")
	officer.get("/messages/"+m.ID+"/attachments/1").wantNone(t, "%PDF")
}
