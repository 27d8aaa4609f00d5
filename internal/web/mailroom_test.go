package web_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"postroom/ingest/scan"
	"postroom/internal/register"
)

func (h *house) heldFile() register.Message {
	h.Helper()
	return h.scanned("18-batch-separator-sheets.pdf", register.Reading{Error: "page 4 looks like a separator sheet that cannot be read", Pages: 5, Paper: &register.Paper{Pages: []int{1, 2, 3, 4, 5}, Held: true}}, "page 4 looks like a separator sheet that cannot be read")
}

func (h *house) unreadLetter() register.Message {
	h.Helper()
	return h.scanned("02-handwriting-stamped-300dpi.jpg", register.Reading{Error: "the text could not be read", Pages: 1, Paper: &register.Paper{Pages: []int{1}}}, "the text could not be read")
}

func TestALetterIsTypedIn(t *testing.T) {
	t.Parallel()
	h := open(t)
	m := h.unreadLetter()
	b := h.signedIn("Dev", register.Mailroom)
	b.get("/mailroom").want(t, http.StatusOK, "To be seen to by hand", m.Reference, "The text could not be read", "Type it in", `Mailroom <b>1</b>`)
	path := "/mailroom/letters/" + m.ID
	b.get(path).want(t, http.StatusOK, "What it says", `src="`+path+`/pages/1"`, "Acknowledge by")
	b.get(path+"/pages/1").want(t, http.StatusOK, "PNG")
	version := []string{"version", "2"}
	typed := func(pairs ...string) page { return b.post(path+"/text", form(append(version, pairs...)...)) }
	typed("text", " ", "dated", "soon").want(t, http.StatusUnprocessableEntity, "Type in what the letter says", "Write the day")
	typed("text", strings.Repeat("x", 100_001)).want(t, http.StatusUnprocessableEntity, "Shorten the text")
	typed("text", "Dear Sirs", "dated", "2027-01-01").want(t, http.StatusConflict, "in the future", "Dear Sirs")
	version[1] = "1"
	typed("text", "The roof leaks </textarea><script>x</script>").want(t, http.StatusConflict, "changed while you had it open", "&lt;/textarea&gt;&lt;script&gt;")
	version[1] = "2"
	got := typed("text", "Dear Sirs,\r\n\r\nThe lift has been broken for weeks. Nobody phones back. I want to complain.\r\n", "name", "Ann  Other", "lines", "12 Quay Street\r\nBristol\r\nBS2 9XX", "dated", "2026-11-20")
	got.want(t, http.StatusSeeOther)
	b.get(got.header.Get("Location")).want(t, http.StatusOK, m.Reference+".", "It is judged in a moment")
	typed("text", "again").want(t, http.StatusConflict, "Somebody has seen to it")
	h.readAll()
	now := h.message(m.ID)
	if now.State == register.Arrived || now.Reading.Paper.Typed != "Dev" || !strings.Contains(now.Reading.Text, "lift has been broken") || now.Reading.From.Name != "Ann Other" || now.Verdict == nil {
		t.Errorf("%s %+v", now.State, now.Reading)
	}
	if strings.Contains(h.log.String(), "lift") || strings.Contains(h.log.String(), "Other") {
		t.Error("the letter's words are in the log")
	}
}

func TestAFileIsPartedByHand(t *testing.T) {
	t.Parallel()
	h := open(t)
	m := h.heldFile()
	b := h.signedIn("Dev", register.Mailroom)
	b.get("/mailroom").want(t, http.StatusOK, "File, 5 pages", "Say where its letters begin")
	path := "/mailroom/letters/" + m.ID
	b.get(path).want(t, http.StatusOK, "Where does each letter begin?", `src="`+path+`/pages/5?small=1"`, `name="p-5"`)
	b.post(path+"/text", form("version", "2", "text", "Dear Sirs")).want(t, http.StatusConflict, "may hold several letters")
	b.post(path+"/parts", form("version", "2", "p-1", "drop", "p-2", "on", "p-3", "on", "p-4", "drop", "p-5", "on")).want(t, http.StatusUnprocessableEntity, "Say on which page a letter begins")
	b.post(path+"/parts", form("version", "2", "p-1", "on", "p-2", "on", "p-3", "begin", "p-4", "drop", "p-5", "on")).want(t, http.StatusConflict, "Page 1 belongs to no letter", `name="p-4" value="drop" checked`)
	b.post(path+"/parts", form("version", "1", "p-1", "begin", "p-2", "on", "p-3", "on", "p-4", "drop", "p-5", "on")).want(t, http.StatusConflict, "changed while you had it open")
	b.get(path).want(t, http.StatusOK, `name="p-4" value="on" required>`, `name="p-3" value="on" checked>`)
	b.post(path+"/parts", form("version", "2", "p-1", "begin")).want(t, http.StatusUnprocessableEntity, "Look at page 4, and say whether a letter begins there")
	got := b.post(path+"/parts", form("version", "2", "p-1", "drop", "p-2", "begin", "p-3", "on", "p-4", "drop", "p-5", "begin"))
	got.want(t, http.StatusSeeOther)
	b.get(got.header.Get("Location")).want(t, http.StatusOK, "Parted into 2 letters")
	parts, err := h.register.PartsOf(t.Context(), m.ID)
	must(t, err)
	if len(parts) != 2 || h.message(m.ID).State != register.Split {
		t.Errorf("%d letters", len(parts))
	}
	b.post(path+"/parts", form("version", "2", "p-1", "begin")).want(t, http.StatusConflict, "Somebody has seen to it")
}

// TestTheMailroomSeesWhatItOpens and no more: letters that were read are for
// reviewers.
func TestTheMailroomSeesWhatItOpens(t *testing.T) {
	t.Parallel()
	h := open(t)
	read := h.scanned("01-typed-300dpi.pdf", register.Reading{Text: "Dear Sirs", Pages: 1, Paper: &register.Paper{Pages: []int{1}}}, "")
	mail := h.waiting()
	dev, priya := h.signedIn("Dev", register.Mailroom), h.signedIn("Priya", register.Reviewer)
	for _, id := range []string{read.ID, mail.ID, "nothing"} {
		for _, path := range []string{"", "/pages/1"} {
			dev.get("/mailroom/letters/"+id+path).want(t, http.StatusNotFound)
		}
		dev.post("/mailroom/letters/"+id+"/text", form("version", "2", "text", "x")).want(t, http.StatusNotFound)
		dev.post("/mailroom/letters/"+id+"/parts", form("version", "2", "p-1", "begin")).want(t, http.StatusNotFound)
	}
	priya.get("/mailroom/letters/"+read.ID).want(t, http.StatusOK, "Dear Sirs") // who sees that it was read badly
	priya.get("/mailroom/letters/"+mail.ID).want(t, http.StatusNotFound)
	h.signedIn("Gwen", register.Auditor).get("/mailroom").want(t, http.StatusForbidden)
}

func TestSeparatorSheets(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.signedIn("Dev", register.Mailroom)
	b.get("/mailroom/separators").want(t, http.StatusOK, "Separator sheets", `value="20"`)
	for query, says := range map[string]string{
		"n=0": "between 1 and 500", "n=501": "between 1 and 500", "n=x": "between 1 and 500", "n=2&received=2026-11-24": "has not come yet", "n=2&received=soon": "day of receipt", "n=2&batch=a-b": "up to 12 letters",
	} {
		b.get("/mailroom/separators?"+query).want(t, http.StatusUnprocessableEntity, says, "No sheets were made")
	}
	got := b.get("/mailroom/separators?n=3&received=2026-11-20&batch=tue")
	got.want(t, http.StatusOK, "%PDF-")
	reader := scan.NewReader(scan.Config{Temp: t.TempDir()})
	if len(reader.Missing()) > 0 {
		return
	}
	d := reader.Read(t.Context(), strings.NewReader(got.body), scan.Progress{})
	if len(d.Pages) != 3 || d.Pages[2].Sheet == nil || d.Pages[2].Sheet.Received != "2026-11-20" || d.Pages[2].Sheet.Batch != "TUE" {
		t.Errorf("read as %+v", d.Pages)
	}
}

// A file of many letters is parted to its end: a page that nobody was shown
// would go to whoever wrote the letter before it.
func TestALongFileIsPartedToItsEnd(t *testing.T) {
	t.Parallel()
	h := open(t)
	var pages []int
	for i := range 150 {
		pages = append(pages, i+1)
	}
	m := h.scanned("18-batch-separator-sheets.pdf", register.Reading{Error: "page 4 looks like a separator sheet that cannot be read", Pages: 150, Paper: &register.Paper{Pages: pages, Held: true}}, "page 4 looks like a separator sheet that cannot be read")
	b := h.signedIn("Dev", register.Mailroom)
	path := "/mailroom/letters/" + m.ID
	b.get(path).want(t, http.StatusOK, `name="p-61"`, `name="p-150"`, `src="`+path+`/pages/150?small=1"`)
	choices := []string{"version", "2"}
	for i := range 150 {
		is := map[bool]string{true: "begin", false: "on"}[i%2 == 0]
		if i != 99 {
			choices = append(choices, "p-"+strconv.Itoa(i+1), is)
		}
	}
	b.post(path+"/parts", form(choices...)).want(t, http.StatusUnprocessableEntity, "Look at page 100, and say whether a letter begins there")
	b.post(path+"/parts", form(append(choices, "p-100", "on")...)).want(t, http.StatusSeeOther)
	parts, err := h.register.PartsOf(t.Context(), m.ID)
	must(t, err)
	if len(parts) != 75 {
		t.Errorf("%d letters", len(parts))
	}
}

// What a notice tells is read by the address, so that whoever makes one up is
// told no more than their role sees.
func TestTheMailroomIsToldNothingOfMailAndCases(t *testing.T) {
	t.Parallel()
	h := open(t)
	b, dev := h.signedIn("Priya", register.Reviewer), h.signedIn("Dev", register.Mailroom)
	m := h.waiting()
	b.decide(m).want(t, http.StatusOK)
	replies, err := h.register.CaseOutgoings(t.Context(), h.message(m.ID).Case)
	must(t, err)
	b.get("/?decided="+m.ID).want(t, http.StatusOK, "Complaint, decided by Priya.", "ferdous@example.com")
	for _, at := range []string{"/mailroom", "/tray"} {
		for _, query := range []string{"?decided=" + m.ID, "?reply=" + replies[0].ID} {
			got := dev.get(at + query)
			got.want(t, http.StatusOK)
			got.wantNone(t, "decided by Priya", "ferdous@example.com", "Ferdous")
		}
	}
}
