package web_test

import (
	"bytes"
	"fmt"
	"html"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"postroom/internal/register"
)

// A chosen file is what somebody picks in the browser.
type chosen struct{ name, bytes string }

// sends posts a step with files, as a browser does.
func (b *browser) sends(f url.Values, files ...chosen) page {
	b.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, values := range f {
		for _, v := range values {
			must(b.TB, w.WriteField(name, v))
		}
	}
	for _, c := range files {
		h := textproto.MIMEHeader{}
		h.Set("Content-Disposition", fmt.Sprintf(`form-data; name="files"; filename="%s"`, strings.ReplaceAll(c.name, `"`, "%22")))
		part, err := w.CreatePart(h)
		must(b.TB, err)
		_, err = part.Write([]byte(c.bytes))
		must(b.TB, err)
	}
	must(b.TB, w.Close())
	return b.send(http.MethodPost, "/complain", body.String(), func(r *http.Request) { r.Header.Set("Content-Type", w.FormDataContentType()) })
}

var removeButton = regexp.MustCompile(`name="remove" value="([0-9a-f]{64})">Remove<span class="vh"> ([^<]*)<`)

// files are those that the page says are kept.
func (p page) files() (sums, names []string) {
	for _, m := range removeButton.FindAllStringSubmatch(p.body, -1) {
		sums, names = append(sums, m[1]), append(names, html.UnescapeString(m[2]))
	}
	return sums, names
}

const (
	jpeg = "\xff\xd8\xff\xe0\x00\x10JFIF\x00"
	heic = "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"
	pdf  = "%PDF-1.4\n"
)

func photo(n int) chosen {
	return chosen{fmt.Sprintf("photo %d.jpg", n), jpeg + strings.Repeat("x", 100+n)}
}

func TestAResidentSendsFiles(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browser()
	what := b.post("/complain", b.get("/complain").fill())
	what.want(t, http.StatusOK, "Photos, letters or recordings", `enctype="multipart/form-data"`)
	// Files alone are kept, and nothing is said of words that are not written yet.
	first, second := photo(1), chosen{"IMG_2201.HEIC", heic + strings.Repeat("y", 300)}
	what = b.sends(what.fill("said", "It le", "go", "add"), first, second)
	what.want(t, http.StatusOK, "What has gone wrong?", "It le", "photo 1.jpg", "IMG_2201.HEIC", "you do not have to choose it again")
	// What is wrong with the words leaves the files where they are, and takes in more.
	what = b.sends(what.fill("said", ""), chosen{"C:\\Users\\Idris\\Förderung <b>.pdf", pdf + "z"})
	what.want(t, http.StatusUnprocessableEntity, "Tell us what has gone wrong")
	if _, names := what.files(); len(names) != 3 || strings.ContainsAny(names[2], `<>\`) {
		t.Fatalf("kept %q", names)
	}
	// The same file twice is one.
	who := b.sends(what.fill("said", letDown, "want", "A new boiler"), first)
	who.want(t, http.StatusOK, "How can we reach you?")
	back := b.post("/complain", who.fill("go", "back"))
	sums, names := back.files()
	if len(names) != 3 {
		t.Fatalf("after going back: %q", names)
	}
	back = b.sends(back.fill("said", letDown, "remove", sums[2]))
	back.want(t, http.StatusOK, "was removed and will not be sent", "What has gone wrong?", letDown)
	who = b.sends(back.fill("said", letDown))
	check := b.post("/complain", who.fill("name", "Idris Bowen", "answer", "letter", "address", "12 Tanner's Row", "postcode", "LS1 4AP"))
	check.want(t, http.StatusOK, "Check what you have written", "photo 1.jpg", "IMG_2201.HEIC")
	if len(h.all()) != 0 {
		t.Fatal("it is registered before it is sent")
	}
	done := b.post("/complain", check.fill())
	done.want(t, http.StatusOK, "We have your complaint", "Your 2 files came with it")
	all := h.all()
	if len(all) != 1 {
		t.Fatalf("%d messages", len(all))
	}
	m := h.message(all[0].ID)
	if a := m.Reading.Attachments; len(a) != 2 || a[0].Filename != first.name || a[0].ContentType != "image/jpeg" || a[1].ContentType != "image/heic" {
		t.Fatalf("attached %+v", a)
	}
	staff := h.signedIn("Priya", register.Reviewer)
	staff.get("/messages/"+m.ID).want(t, http.StatusOK, "Attachments (2)", "photo 1.jpg", "Picture (JPEG)", "Picture (HEIC)")
	for i, want := range []chosen{first, second} {
		if got := staff.get(fmt.Sprintf("/messages/%s/attachments/%d", m.ID, i+1)); got.body != want.bytes {
			t.Errorf("file %d comes back as %d bytes, status %d", i+1, len(got.body), got.status)
		}
	}
	// Sent again it is the same complaint; with another file it is another one.
	b.post("/complain", check.fill()).want(t, http.StatusOK, m.Reference)
	if len(h.all()) != 1 {
		t.Error("sent twice is two")
	}
	for _, words := range []string{"photo", "IMG_2201", "Förderung"} {
		if strings.Contains(h.log.String(), words) {
			t.Errorf("%q is in the log", words)
		}
	}
}

func TestAFileIsTakenOffTheLastPage(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browser()
	what := b.post("/complain", b.get("/complain").fill())
	who := b.sends(what.fill("said", letDown), photo(1), photo(2))
	check := b.post("/complain", who.fill("name", "Idris Bowen", "answer", "email", "email", "idris@example.com"))
	sums, _ := check.files()
	check = b.post("/complain", check.fill("remove", sums[0]))
	check.want(t, http.StatusOK, "Check what you have written", "“<span class=\"any\">photo 1.jpg</span>” was removed", "photo 2.jpg")
	b.post("/complain", check.fill()).want(t, http.StatusOK, "Your 1 file came with it")
	if a := h.message(h.all()[0].ID).Reading.Attachments; len(a) != 1 || a[0].Filename != "photo 2.jpg" {
		t.Errorf("attached %+v", a)
	}
}

func TestFilesThatAreNotTaken(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browser()
	var eleven []chosen
	for n := range 11 {
		eleven = append(eleven, photo(n))
	}
	large := func(n, bytes int) chosen {
		return chosen{fmt.Sprintf("film %d.jpg", n), jpeg + strings.Repeat(string(rune('a'+n)), bytes)}
	}
	for name, row := range map[string]struct {
		files []chosen
		want  string
		kept  int
	}{
		"too many":              {eleven, "Send at most 10 files: “photo 10.jpg” was not kept", 10},
		"too large":             {[]chosen{photo(1), large(1, 26_000_000)}, "Choose a smaller file: “film 1.jpg” is 26.0 MB and the most is 25 MB", 1},
		"too much together":     {[]chosen{large(1, 24_000_000), large(2, 24_000_000), large(3, 24_000_000)}, "larger than 60 MB together", 2},
		"empty":                 {[]chosen{{"nothing.jpg", ""}}, "“nothing.jpg” is empty", 0},
		"a program":             {[]chosen{{"photo.jpg", "MZ\x90\x00\x03" + strings.Repeat("\x00", 200) + "PE\x00\x00"}}, "Choose a photo, a PDF or Word document, or a recording: “photo.jpg” is something else", 0},
		"a program by its name": {[]chosen{{"photo.jpg.exe", jpeg + "xx"}}, "is something else", 0},
		"a shortcut":            {[]chosen{{"photo.url", "[InternetShortcut]\r\nURL=file://evil.example/x\r\n"}}, "is something else", 0},
		"a query for Excel":     {[]chosen{{"bill.iqy", "WEB\r\n1\r\nhttps://evil.example/x\r\n"}}, "is something else", 0},
		"a script of Windows":   {[]chosen{{"letter.wsc", "<?XML version=\"1.0\"?><package></package>"}}, "is something else", 0},
		"a saved web page":      {[]chosen{{"letter.mht", "From: saved\r\nContent-Type: text/html\r\n\r\n<p>x</p>"}}, "is something else", 0},
		"a web page":            {[]chosen{{"letter.pdf", "<!doctype html><script>alert(1)</script>"}}, "is something else", 0},
		"an archive":            {[]chosen{{"photos.zip", "PK\x03\x04" + strings.Repeat("\x00", 100)}}, "is something else", 0},
		"a name that is markup": {[]chosen{{attack, "PK\x03\x04" + strings.Repeat("\x00", 100)}}, "is something else", 0},
		"one of several":        {[]chosen{photo(1), {"nothing.jpg", ""}, photo(2)}, "“nothing.jpg” is empty", 2},
	} {
		got := b.sends(b.post("/complain", b.get("/complain").fill()).fill("said", "kept words"), row.files...)
		got.want(t, http.StatusUnprocessableEntity, "There is a problem", `<a href="#c-files">`, html.EscapeString(row.want), "kept words", `aria-invalid="true"`)
		if sums, names := got.files(); len(sums) != row.kept || strings.Contains(got.body, "<script") || strings.Contains(got.body, "<img") {
			t.Errorf("%s: kept %q", name, names)
		}
	}
	if len(h.all()) != 0 {
		t.Error("something was registered")
	}
}

// TestFilesOfOthersCannotBeHad: a file is found by whoever has the complaint's
// number, and nothing outside the shelf by anybody.
func TestFilesOfOthersCannotBeHad(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browser()
	mine := b.sends(b.post("/complain", b.get("/complain").fill()).fill("said", letDown), photo(1))
	file := mine.carried().Get("file")
	other := b.post("/complain", b.get("/complain").fill())
	b.post("/complain", other.fill("said", letDown, "file", file)).want(t, http.StatusUnprocessableEntity, "Choose “photo 1.jpg” again")
	for _, f := range []string{"../../etc/passwd x", strings.Repeat("a", 64) + " " + attack, "../" + file, attack, " ", ""} {
		got := b.post("/complain", other.fill("said", letDown, "file", f, "remove", f))
		if strings.Contains(got.body, "<script") || strings.Contains(got.body, "root:") {
			t.Errorf("%q: %s", f, got.body)
		}
	}
	b.post("/complain", mine.fill("name", "Idris", "answer", "email", "email", "i@example.com")).want(t, http.StatusOK, "photo 1.jpg")
}

func TestFilesThatNobodySendsGoAfterADay(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browser()
	who := b.sends(b.post("/complain", b.get("/complain").fill()).fill("said", letDown), photo(1))
	kept, err := filepath.Glob(filepath.Join(h.shelf, "*", "*"))
	must(t, err)
	if len(kept) != 1 {
		t.Fatalf("on the shelf: %q", kept)
	}
	h.clock.Advance(23 * time.Hour)
	must(t, h.pages.ClearShelf())
	if _, err := os.Stat(kept[0]); err != nil {
		t.Fatal("it went too early")
	}
	h.clock.Advance(time.Hour)
	must(t, h.pages.ClearShelf())
	if left, _ := os.ReadDir(h.shelf); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
	late := b.post("/complain", who.fill("name", "Idris", "answer", "email", "email", "i@example.com"))
	late.want(t, http.StatusUnprocessableEntity, "Choose “photo 1.jpg” again", letDown, `value="Idris"`)
	b.post("/complain", late.fill("said", letDown)).want(t, http.StatusOK, "How can we reach you?")
}

func TestAnUploadThatBreaksOffIsSaid(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browser()
	raw := func(body, kind string) page {
		return b.send(http.MethodPost, "/complain", body, func(r *http.Request) { r.Header.Set("Content-Type", kind) })
	}
	part := "--b\r\nContent-Disposition: form-data; name=\"said\"\r\n\r\n"
	raw(part+"half", "multipart/form-data; boundary=b").want(t, http.StatusBadRequest, "The files did not arrive", "0300 555 0100")
	raw(part+strings.Repeat("x", 300<<10)+"\r\n--b--\r\n", "multipart/form-data; boundary=b").want(t, http.StatusRequestEntityTooLarge, "too long")
	raw("x", "multipart/form-data").want(t, http.StatusBadRequest, "no form")
	raw("%zz", "application/x-www-form-urlencoded").want(t, http.StatusBadRequest, "no form")
	if left, _ := filepath.Glob(filepath.Join(h.shelf, "*", "*")); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}
