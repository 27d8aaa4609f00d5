package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/url"
	"time"

	"postroom/internal/register"
)

// What one upload may cost.
const (
	mostAtOnce   = 2 << 30 // bytes of all files together
	mostFiles    = 300
	mostField    = 4 << 10
	uploadStall  = time.Minute // without a byte
	uploadLength = time.Hour
)

// takeUpload takes in a new pile of letters.
func (d *Desk) takeUpload(w http.ResponseWriter, r *http.Request, who register.Account) {
	t := d.taking(w, r, who)
	defer t.stop()
	if t.run(r.Context()) {
		http.Redirect(w, r, "/mailroom/uploads/"+url.PathEscape(t.id), http.StatusSeeOther)
	}
}

// addFiles adds files to an upload that was begun before.
func (d *Desk) addFiles(w http.ResponseWriter, r *http.Request, who register.Account) {
	u, err := d.c.Register.GetUpload(r.Context(), r.PathValue("id"))
	if err != nil {
		d.failed(w, r, err)
		return
	}
	t := d.taking(w, r, who)
	defer t.stop()
	t.id = u.ID
	if t.run(r.Context()) {
		http.Redirect(w, r, "/mailroom/uploads/"+url.PathEscape(t.id), http.StatusSeeOther)
	}
}

// A taking is an upload while it comes in: the form's fields first, then file
// after file, none of which is ever whole in memory.
type taking struct {
	*Desk
	w     http.ResponseWriter
	r     *http.Request
	who   register.Account
	form  uploadForm
	id    register.ID // of the upload; empty: not begun
	files int
	stop  func()
}

func (d *Desk) taking(w http.ResponseWriter, r *http.Request, who register.Account) *taking {
	return &taking{Desk: d, w: w, r: r, who: who, stop: patient(w, r, uploadLength, mostAtOnce)}
}

// patient lifts the server's time limits, which are for forms, and puts others
// in their place: a line may be slow, but not still.
func patient(w http.ResponseWriter, r *http.Request, longest time.Duration, most int64) (stop func()) {
	c := http.NewResponseController(w)
	_ = c.SetReadDeadline(time.Time{}) // a server that has none is one in a test
	_ = c.SetWriteDeadline(time.Time{})
	past := func() { _ = c.SetReadDeadline(time.Unix(1, 0)) }
	stall, long := time.AfterFunc(uploadStall, past), time.AfterFunc(longest, past)
	r.Body = http.MaxBytesReader(w, &moving{r.Body, stall}, most)
	return func() { stall.Stop(); long.Stop() }
}

// A moving body puts off the end of patience with each byte.
type moving struct {
	io.ReadCloser
	stall *time.Timer
}

func (m *moving) Read(p []byte) (int, error) {
	n, err := m.ReadCloser.Read(p)
	if n > 0 {
		m.stall.Reset(uploadStall)
	}
	return n, err
}

// run takes everything in, and reports whether to go on to the upload's page:
// otherwise the answer is given.
func (t *taking) run(ctx context.Context) bool {
	parts, err := t.r.MultipartReader()
	if err != nil {
		t.problem(t.w, t.r, http.StatusBadRequest, "Not understood", "The browser sent something that is no upload. Nothing was taken in.")
		return false
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.brokeOff(ctx, err)
			return false
		}
		if ok := t.part(ctx, part); !ok {
			return false
		}
	}
	if t.files == 0 {
		t.refuse([]mistake{{"files", "Choose the scans that are to be taken in"}})
		return false
	}
	return true
}

// part takes one field or file.
func (t *taking) part(ctx context.Context, p *multipart.Part) bool {
	if p.FileName() == "" {
		value, err := io.ReadAll(io.LimitReader(p, mostField))
		if err != nil {
			t.brokeOff(ctx, err)
			return false
		}
		t.form.set(p.FormName(), storable(string(value)))
		return true
	}
	if t.id == "" && !t.begin(ctx) {
		return false
	}
	if t.files++; t.files > mostFiles {
		t.drain()
		t.halt(http.StatusRequestEntityTooLarge, fmt.Sprintf("More than %d files were sent at once. What is listed is safe; send the rest as a second upload.", mostFiles))
		return false
	}
	body := &source{Reader: p}
	f, err := t.c.Uploads.Take(ctx, t.id, fileName(p.FileName()), body)
	switch {
	case err != nil && body.broken != nil:
		t.brokeOff(ctx, body.broken)
		return false
	case err != nil:
		t.c.Logger.ErrorContext(ctx, "an upload could not be kept", slog.String("upload_id", t.id), slog.Any("error", err))
		t.halt(http.StatusInternalServerError, "The last file could not be kept: tell the operator. What is listed here is safe; send the rest again.")
		return false
	}
	t.c.Logger.InfoContext(ctx, "a scan was uploaded", slog.String("upload_id", t.id), slog.String("message_id", f.Message), slog.Bool("taken", f.Refused == ""), slog.String("account_id", t.who.ID))
	return true
}

func (f *uploadForm) set(name, value string) {
	switch name {
	case "on":
		f.On = value
	case "count":
		f.Count = value
	case "reason":
		f.Reason = value
	}
}

// begin records the upload before its first file.
func (t *taking) begin(ctx context.Context) bool {
	u, wrong := t.form.upload(t.who.Name)
	if len(wrong) > 0 {
		t.refuse(wrong)
		return false
	}
	u, err := t.c.Uploads.Begin(ctx, u)
	if why := whyNot(err); why != "" {
		field := "on"
		if u.Reason == "" && !u.ReceivedOn.IsZero() {
			field = "reason"
		}
		t.refuse([]mistake{{field, why}})
		return false
	}
	if err != nil {
		t.failed(t.w, t.r, err)
		return false
	}
	t.id = u.ID
	return true
}

// drain reads and drops what is still on its way: a browser that is cut off
// while it sends shows no answer at all.
func (t *taking) drain() { _, _ = io.Copy(io.Discard, t.r.Body) }

// refuse shows the form again, with what has to be put right.
func (t *taking) refuse(wrong []mistake) {
	t.drain()
	if t.id != "" { // files are added to an upload
		t.showUpload(t.w, t.r, t.who, http.StatusUnprocessableEntity, t.id, uploadPage{telling: telling{Mistakes: wrong}})
		return
	}
	t.showMailroom(t.w, t.r, t.who, http.StatusUnprocessableEntity, mailroomPage{Form: t.form, telling: telling{Mistakes: wrong}})
}

// A source remembers that it broke: then the line is to blame, and not what
// the bytes were written to.
type source struct {
	io.Reader
	broken error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.broken = err
	}
	return n, err
}

// brokeOff tells what is safe of an upload that did not come whole.
func (t *taking) brokeOff(ctx context.Context, err error) {
	t.c.Logger.InfoContext(ctx, "an upload broke off", slog.String("upload_id", t.id), slog.Int("files", t.files))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		t.halt(http.StatusRequestEntityTooLarge, fmt.Sprintf("The upload is larger than %d GB in all. What is listed is safe; send the rest as a second upload.", mostAtOnce>>30))
		return
	}
	t.halt(http.StatusBadRequest, "The upload broke off. What is listed is safe; send the files that are not.")
}

// halt ends an upload half-way.
func (t *taking) halt(status int, why string) {
	t.w.Header().Set("Connection", "close") // what is still on its way is not read
	if t.id == "" {
		t.showMailroom(t.w, t.r, t.who, status, mailroomPage{Form: t.form, Refused: why})
		return
	}
	t.showUpload(t.w, t.r, t.who, status, t.id, uploadPage{Refused: why})
}
