package web_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"postroom/classify"
	"postroom/ingest"
	"postroom/ingest/mime"
	"postroom/ingest/scan"
	"postroom/internal/reference"
	"postroom/internal/register"
)

// A scanFile is a file that a browser uploads.
type scanFile struct{ name, content string }

// uploadBody writes what a browser sends: the fields first, then the files.
func uploadBody(tb testing.TB, fields []string, files ...scanFile) (body, kind string) {
	tb.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i < len(fields); i += 2 {
		must(tb, w.WriteField(fields[i], fields[i+1]))
	}
	for _, f := range files {
		h := textproto.MIMEHeader{}
		h.Set("Content-Disposition", `form-data; name="files"; filename="`+f.name+`"`)
		h.Set("Content-Type", "application/pdf")
		part, err := w.CreatePart(h)
		must(tb, err)
		_, err = io.WriteString(part, f.content)
		must(tb, err)
	}
	must(tb, w.Close())
	return b.String(), w.FormDataContentType()
}

func (b *browser) upload(path string, fields []string, files ...scanFile) page {
	b.Helper()
	body, kind := uploadBody(b.TB, fields, files...)
	b.clock.Advance(time.Second) // which upload is the newest
	return b.send(http.MethodPost, path, body, func(r *http.Request) { r.Header.Set("Content-Type", kind) })
}

func sampleScan(tb testing.TB, name string) string {
	tb.Helper()
	data, err := os.ReadFile("../../ingest/scan/testdata/scans/" + name)
	must(tb, err)
	return string(data)
}

// stands is how the newest upload stands.
func (h *house) stands() register.UploadStands {
	h.Helper()
	all, err := h.register.Uploads(h.Context(), 1)
	must(h.TB, err)
	if len(all) == 0 {
		return register.UploadStands{}
	}
	s, err := h.register.UploadStands(h.Context(), all[0].ID)
	must(h.TB, err)
	return s
}

func TestAPileIsUploaded(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.signedIn("Dev", register.Mailroom)
	b.get("/mailroom").want(t, http.StatusOK, "Take in letters", "PDF, TIFF, JPEG, PNG, HEIC or WebP", `max="2026-11-23"`, "Nothing was taken in here yet")
	got := b.upload("/mailroom/uploads", []string{"on", "2026-11-20", "count", "3", "reason", ""},
		scanFile{"one.pdf", "Dear Sirs,\nthe lift is broken."}, scanFile{"two.pdf", "Dear Sirs,\nthe roof leaks."}, scanFile{"empty.pdf", ""}, scanFile{"again.pdf", "Dear Sirs,\nthe roof leaks."})
	got.want(t, http.StatusSeeOther)
	s := h.stands()
	if s.By != "Dev" || s.Counted != 3 || s.ReceivedOn.String() != "2026-11-20" || len(s.Files) != 4 || s.Waiting != 2 || s.Refused != 1 || s.Again != 1 {
		t.Fatalf("%+v", s)
	}
	m := h.message(s.Files[0].Message)
	if m.Channel != register.Letter || m.ReceivedAt.In(time.UTC).Format("2006-01-02") != "2026-11-20" || m.State != register.Arrived {
		t.Errorf("%+v", m)
	}
	b.get(got.header.Get("Location")).want(t, http.StatusOK, "Being read", "Look again", "empty.pdf", "The file is empty", "came in before, as "+s.Files[1].Reference, "one.pdf")
	b.get("/mailroom").want(t, http.StatusOK, "Taken in lately", "Being read")
	if strings.Contains(h.log.String(), "one.pdf") {
		t.Error("a file's name is in the log")
	}
}

// TestWhatIsWrongWithAnUpload is said before anything is taken in.
func TestWhatIsWrongWithAnUpload(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.signedIn("Dev", register.Mailroom)
	letter := scanFile{"one.pdf", "Dear Sirs"}
	for _, row := range []struct {
		fields []string
		files  []scanFile
		says   string
	}{
		{[]string{"on", "2026-11-24", "count", "1"}, []scanFile{letter}, "in the future"},
		{[]string{"on", "2026-11-01", "count", "1"}, []scanFile{letter}, "need a reason"},
		{[]string{"on", "soon", "count", "1"}, []scanFile{letter}, "Write the day of the stamp"},
		{[]string{"on", "2026-11-23", "count", ""}, []scanFile{letter}, "Count the letters"},
		{[]string{"on", "2026-11-23", "count", "-3"}, []scanFile{letter}, "Count the letters"},
		{[]string{"on", "2026-11-23", "count", "1"}, nil, "Choose the scans"},
		{[]string{"on", "2026-11-23", "count", "1"}, []scanFile{{"", ""}}, "Choose the scans"}, // as a browser sends no file
		{nil, []scanFile{letter}, "Write the day"},
	} {
		got := b.upload("/mailroom/uploads", row.fields, row.files...)
		got.want(t, http.StatusUnprocessableEntity, row.says, "Nothing was changed")
		if len(row.fields) > 0 && row.fields[1] != "soon" && !strings.Contains(got.body, `value="`+row.fields[1]+`"`) {
			t.Errorf("%q: what was typed is lost", row.says)
		}
	}
	if s := h.stands(); s.ID != "" {
		t.Errorf("an upload was begun: %+v", s)
	}
	b.upload("/mailroom/uploads", []string{"on", "2026-11-01", "count", "1", "reason", "found in a drawer"}, letter).want(t, http.StatusSeeOther)
}

func TestHostileUploads(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.signedIn("Dev", register.Mailroom)
	fine := []string{"on", "2026-11-23", "count", "1"}
	raw := func(body, kind string) page {
		return b.send(http.MethodPost, "/mailroom/uploads", body, func(r *http.Request) { r.Header.Set("Content-Type", kind) })
	}
	raw("a=b", "application/x-www-form-urlencoded").want(t, http.StatusBadRequest, "no upload")
	raw("{}", "application/json").want(t, http.StatusBadRequest, "no upload")
	raw("", "multipart/form-data").want(t, http.StatusBadRequest, "no upload")
	raw("nothing of the kind", "multipart/form-data; boundary=b").want(t, http.StatusUnprocessableEntity, "Choose the scans")
	raw("--b\r\nno header at all", "multipart/form-data; boundary=b").want(t, http.StatusBadRequest, "broke off")

	// A body that ends within its second file: the first one is safe.
	body, kind := uploadBody(t, fine, scanFile{"first.pdf", "Dear Sirs, one"}, scanFile{"second.pdf", "Dear Sirs, two"})
	got := raw(body[:strings.Index(body, "Sirs, two")], kind)
	got.want(t, http.StatusBadRequest, "broke off", "first.pdf")
	if s := h.stands(); len(s.Files) != 1 || s.Files[0].Message == "" {
		t.Errorf("%+v", s)
	}

	// Names that lead out of folders, into the page or into the log.
	names := []string{`../../etc/passwd`, `<script>alert(1)</script>.pdf`, `C:\\scans\\one.pdf`, "tab\there.pdf", strings.Repeat("n", 5000) + ".pdf", `=cmd|'/c calc'!A1.pdf`, "\u202egnp.pdf"}
	var files []scanFile
	for i, n := range names {
		files = append(files, scanFile{n, fmt.Sprintf("Dear Sirs, %d", i)})
	}
	got = b.upload("/mailroom/uploads", fine, files...)
	got.want(t, http.StatusSeeOther)
	page := b.get(got.header.Get("Location"))
	page.want(t, http.StatusOK, "script_.pdf")
	if strings.Contains(page.body, "<script>alert") || strings.Contains(page.body, "etc/") {
		t.Error("a name is believed")
	}
	for _, f := range h.stands().Files {
		if len(f.Name) > 200 || strings.ContainsAny(f.Name, "/\\\t\u202e") {
			t.Errorf("named %q", f.Name)
		}
	}

	// One file is too large, and the next one is taken all the same.
	got = b.upload("/mailroom/uploads", fine, scanFile{"huge.pdf", strings.Repeat("x", 8<<20+1)}, scanFile{"small.pdf", "Dear Sirs, small"})
	got.want(t, http.StatusSeeOther)
	b.get(got.header.Get("Location")).want(t, http.StatusOK, "larger than 8 MB")
	if s := h.stands(); s.Refused != 1 || s.Waiting != 1 {
		t.Errorf("%+v", s)
	}

	// More files than anybody chooses.
	files = nil
	for i := range 301 {
		files = append(files, scanFile{"x.pdf", fmt.Sprintf("Dear Sirs, file %d", i)})
	}
	b.upload("/mailroom/uploads", fine, files...).want(t, http.StatusRequestEntityTooLarge, "More than 300 files")
	if s := h.stands(); len(s.Files) != 300 {
		t.Errorf("%d files", len(s.Files))
	}
	h.signedIn("Gwen", register.Auditor).upload("/mailroom/uploads", fine, scanFile{"one.pdf", "Dear"}).want(t, http.StatusForbidden)
}

// TestAnUploadOutlastsTheServersPatience: the time limits that protect forms
// do not cut off a pile on a slow line.
func TestAnUploadOutlastsTheServersPatience(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.signedIn("Dev", register.Mailroom)
	handler, err := h.pages.Handler()
	must(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	read := make(chan struct{})
	impatient := &http.Server{ReadHeaderTimeout: time.Minute, ReadTimeout: 1, WriteTimeout: 1, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = &told{r.Body, read}
		handler.ServeHTTP(w, r)
	})}
	done := make(chan struct{})
	go func() { defer close(done); _ = impatient.Serve(l) }()
	t.Cleanup(func() { _ = impatient.Close(); <-done })
	body, kind := uploadBody(t, []string{"on", "2026-11-23", "count", "1"}, scanFile{"slow.pdf", "Dear Sirs, slowly"})
	half := strings.Index(body, "slowly")
	r, w := io.Pipe()
	go func() {
		_, _ = io.WriteString(w, body[:half])
		<-read // it is being taken in, and the server's time is long over
		_, _ = io.WriteString(w, body[half:])
		_ = w.Close()
	}()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+l.Addr().String()+"/mailroom/uploads", r)
	must(t, err)
	req.Header.Set("Content-Type", kind)
	for _, c := range b.Jar.Cookies(mustURL(t, h.server.URL)) {
		req.AddCookie(c)
	}
	res, err := b.Do(req)
	must(t, err)
	defer res.Body.Close() //nolint:errcheck // a test's own
	if res.StatusCode != http.StatusSeeOther || h.stands().Waiting != 1 {
		t.Errorf("status %d, %+v", res.StatusCode, h.stands())
	}
}

// told tells when the body is first read.
type told struct {
	io.ReadCloser
	read chan struct{}
}

func (o *told) Read(p []byte) (int, error) {
	n, err := o.ReadCloser.Read(p)
	if n > 0 && o.read != nil {
		close(o.read)
		o.read = nil
	}
	return n, err
}

// readAll reads what waits, as the letter reader of a real house does.
func (h *house) readAll() {
	h.Helper()
	letters := scan.NewReader(scan.Config{Languages: []string{"eng"}, Temp: h.TempDir(), Limits: scan.Limits{PageTime: 10 * time.Minute}})
	if missing := letters.Missing(); len(missing) > 0 {
		h.Skipf("integration: not installed: %s", strings.Join(missing, ", "))
	}
	reader := ingest.NewLetterReader(ingest.ReaderConfig{
		Register: h.register, Archive: h.archive, Queue: h.queue, Rules: classify.Default(), MessageIDs: reference.MessageIDs{Domain: "post.citrine.example", Key: []byte("0123456789abcdef")},
		Prefixes: []string{"CIT"}, Options: map[string]mime.Options{}, Letters: letters, Now: h.clock.Now, Logger: slog.New(slog.DiscardHandler),
	})
	ids, err := h.register.UnreadLetters(h.Context(), 100)
	must(h.TB, err)
	must(h.TB, reader.Read(h.Context(), ids))
}

// TestAPileIsReconciled with real scans, which are really read: numbers that do
// not agree are put right.
func TestAPileIsReconciled(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.signedIn("Priya", register.Reviewer)
	got := b.upload("/mailroom/uploads", []string{"on", "2026-11-23", "count", "6"}, scanFile{"batch.pdf", sampleScan(t, "18-batch-separator-sheets.pdf")}, scanFile{"typed.pdf", sampleScan(t, "17-born-digital.pdf")})
	got.want(t, http.StatusSeeOther)
	path := got.header.Get("Location")
	h.readAll()
	s := h.stands()
	if s.Waiting != 0 || s.Letters < 2 || s.Files[0].State != register.Split {
		t.Fatalf("%+v", s)
	}
	b.get(path).want(t, http.StatusOK, "The numbers do not agree", "split into its letters", fmt.Sprintf("6 in your hand, %d registered", s.Letters))
	b.post(path+"/count", form("count", "none")).want(t, http.StatusUnprocessableEntity, "Count the letters", `value="none"`)
	b.post(path+"/count", form("count", strconv.Itoa(s.Letters+1))).want(t, http.StatusSeeOther)
	b.get(path).want(t, http.StatusOK, "1 letter not accounted for")
	b.upload(path+"/files", nil).want(t, http.StatusUnprocessableEntity, "Choose the scans")
	b.upload(path+"/files", nil, scanFile{"late.pdf", "Dear Sirs,\nthe lift has been broken for weeks and nobody answers me.\nYours, A Tenant"}).want(t, http.StatusSeeOther)
	h.readAll()
	b.get(path).want(t, http.StatusOK, "The numbers agree", "The paper can be put away")
	b.upload("/mailroom/uploads/nothing/files", nil, scanFile{"x", "x"}).want(t, http.StatusNotFound)
	b.post("/mailroom/uploads/nothing/count", form("count", "1")).want(t, http.StatusNotFound)
	b.get("/mailroom/uploads/nothing").want(t, http.StatusNotFound)
}

func mustURL(tb testing.TB, text string) *url.URL {
	tb.Helper()
	u, err := url.Parse(text)
	must(tb, err)
	return u
}
