package ingest

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"postroom/ingest/scan"
	"postroom/internal/archive"
	"postroom/internal/register"
	"postroom/internal/workday"
)

// An UploadDoor takes in scans that the mailroom uploads.
type UploadDoor struct {
	Intake   *Intake
	Most     int64 // bytes of a file; 0: 200 MB
	DaysBack int   // a day of receipt further back needs a reason; 0: 14
}

// Begin records an upload. Its letters were received today, or on the day that
// it names.
func (d *UploadDoor) Begin(ctx context.Context, u register.Upload) (register.Upload, error) {
	today := workday.DateOf(d.Intake.Now())
	if u.ReceivedOn.IsZero() {
		u.ReceivedOn = today
	}
	back := d.DaysBack
	if back == 0 {
		back = 14
	}
	switch {
	case u.ReceivedOn.After(today):
		return u, &register.NotAllowedError{Why: "Letters cannot have been received in the future."}
	case u.ReceivedOn.DaysUntil(today) > back && u.Reason == "":
		return u, &register.NotAllowedError{Why: fmt.Sprintf("Letters that were received more than %d days ago need a reason: their deadlines run from that day.", back)}
	}
	return d.Intake.Register.BeginUpload(ctx, u)
}

// Take takes in one file of an upload. What it answers for is on disk and in
// the register, its clock running. A file that is not taken says why; one that
// was here before is found as it is, and goes on where it was.
func (d *UploadDoor) Take(ctx context.Context, upload register.ID, name string, body io.Reader) (register.UploadedFile, error) {
	f := register.UploadedFile{Name: name}
	u, err := d.Intake.Register.GetUpload(ctx, upload)
	if err != nil {
		return f, err
	}
	post, refused, err := d.post(ctx, u, name, body)
	if err != nil {
		return f, fmt.Errorf("ingest: take upload: %w", err)
	}
	if refused != "" {
		f.Refused = refused
		return d.Intake.Register.NoteUploaded(ctx, upload, f)
	}
	got, err := d.Intake.Take(ctx, []Post{post})
	if err == nil {
		err = got[0].Err
	}
	if err != nil {
		return f, err
	}
	f.Message, f.Again = got[0].ID, !got[0].New
	f, err = d.Intake.Register.NoteUploaded(ctx, upload, f)
	f.Reference, f.State = got[0].Reference, got[0].State
	return f, err
}

// Largest is how many bytes a file may have.
func (d *UploadDoor) Largest() int64 {
	if d.Most > 0 {
		return d.Most
	}
	return mostScan
}

// post copies a file towards the archive, or says why it is not taken.
func (d *UploadDoor) post(ctx context.Context, u register.Upload, name string, body io.Reader) (post Post, refused string, err error) {
	most := d.Largest()
	w, err := d.Intake.Archive.Create(ctx)
	if err != nil {
		return post, "", err
	}
	if _, err := io.Copy(w, io.LimitReader(body, most+1)); err != nil {
		w.Abort()
		return post, "", err
	}
	switch {
	case w.Size() == 0:
		refused = emptyFile
	case w.Size() > most:
		refused = fmt.Sprintf("The file is larger than %d MB. Scan it in smaller parts.", most>>20)
	case typed(name, w):
		refused = typedFile
	}
	if refused != "" {
		w.Abort()
		return post, refused, nil
	}
	return Post{Original: w, Channel: register.Letter, Source: register.UploadSource, ReceivedAt: d.receivedOn(u.ReceivedOn), Basis: register.Given}, "", nil
}

// typed reports whether a file is text, and is not called a scan either. What
// a scanner named a scan is taken in whatever it holds: the paper may be gone.
func typed(name string, w *archive.Writer) bool {
	head := make([]byte, 4096)
	n, _ := w.ReadAt(head, 0)
	named := strings.TrimPrefix(strings.ToLower(filepath.Ext(name)), ".")
	return scan.Sniff(head[:n]) == scan.Text && !slices.Contains([]string{"pdf", "tif", "tiff", "jpg", "jpeg", "png", "heic", "heif", "webp"}, named)
}

// receivedOn is the moment for a day of receipt that somebody names: this one,
// if it is today and counts as today.
func (d *UploadDoor) receivedOn(day workday.Date) time.Time {
	now := d.Intake.Now()
	if day == workday.DateOf(now) {
		return d.Intake.Register.ReceivedBy(day, now).UTC().Truncate(time.Microsecond)
	}
	return day.Start()
}
