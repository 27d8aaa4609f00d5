package web

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode"

	readmail "postroom/ingest/mime"
	"postroom/internal/register"
)

// original hands out the bytes as they came, as a download that no browser
// opens by itself.
func (d *Desk) original(w http.ResponseWriter, r *http.Request, who register.Account) {
	m, err := d.c.Register.GetMessage(r.Context(), r.PathValue("id"))
	if err == nil {
		err = d.c.Screen.Pass(r.Context(), m.Original)
	}
	if err == nil {
		err = d.c.Register.Viewed(r.Context(), register.ViewedOriginal, m.ID, who.Name)
	}
	if err != nil {
		d.failed(w, r, err)
		return
	}
	d.download(w, r, m.Original, m.Reference, "")
}

func (d *Desk) raw(w http.ResponseWriter, r *http.Request, who register.Account) {
	o, err := d.c.Register.GetOutgoing(r.Context(), r.PathValue("id"))
	if err == nil && o.Bytes == "" {
		err = register.ErrNotFound
	}
	if err == nil {
		err = d.c.Register.Viewed(r.Context(), register.ViewedSent, o.ID, who.Name)
	}
	if err != nil {
		d.failed(w, r, err)
		return
	}
	d.download(w, r, o.Bytes, "reply-"+o.Reference, "")
}

// attachment takes one attachment out of the original, whole and compared
// with what was read before a byte of it leaves.
func (d *Desk) attachment(w http.ResponseWriter, r *http.Request, who register.Account) {
	m, err := d.c.Register.GetMessage(r.Context(), r.PathValue("id"))
	if err != nil {
		d.failed(w, r, err)
		return
	}
	n, err := strconv.Atoi(r.PathValue("n"))
	if err != nil || m.Channel == register.Letter || m.Reading == nil || n < 1 || n > len(m.Reading.Attachments) {
		d.failed(w, r, register.ErrNotFound)
		return
	}
	f, err := d.takeOut(r, m, n-1)
	if err != nil {
		d.failed(w, r, err)
		return
	}
	defer f.Close() //nolint:errcheck // only read
	if err := d.c.Screen.PassPart(r.Context(), m.Original, m.Reading.Attachments[n-1].SHA256, f); err != nil {
		d.failed(w, r, err)
		return
	}
	if err := d.c.Register.Viewed(r.Context(), register.ViewedAttachment, m.ID, who.Name); err != nil {
		d.failed(w, r, err)
		return
	}
	d.send(w, f, m.Reading.Attachments[n-1].Filename)
}

// takeOut writes an attachment into a file without a name.
func (d *Desk) takeOut(r *http.Request, m register.Message, index int) (*os.File, error) {
	original, err := d.c.Archive.Get(r.Context(), m.Original)
	if err != nil {
		return nil, err
	}
	defer original.Close() //nolint:errcheck // only read
	f, err := os.CreateTemp("", "postroom-attachment-*")
	if err != nil {
		return nil, err
	}
	sum := sha256.New()
	err = errors.Join(os.Remove(f.Name()), readmail.OpenAttachment(r.Context(), original, index, io.MultiWriter(f, sum), d.c.Reading(m.Source)))
	if err == nil && hex.EncodeToString(sum.Sum(nil)) != m.Reading.Attachments[index].SHA256 {
		err = errOtherBytes
	}
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

var errOtherBytes = errors.New("web: the attachment read now differs from the one read before; download the original")

// download hands out a file of the archive: as it is called, or with a name of
// ours, ended by what it is.
func (d *Desk) download(w http.ResponseWriter, r *http.Request, name, as, called string) {
	f, err := d.c.Archive.Get(r.Context(), name)
	if err != nil {
		d.failed(w, r, err)
		return
	}
	defer f.Close() //nolint:errcheck // only read
	head := make([]byte, 16)
	n, _ := f.ReadAt(head, 0) // a file may be shorter
	d.send(w, f, cmp.Or(called, as+ending(head[:n])))
}

// ending is the end of a file's name by its first bytes: mail has no sign of
// its own.
func ending(head []byte) string {
	for _, kind := range []struct{ sign, end string }{
		{"%PDF", ".pdf"}, {"\x89PNG", ".png"}, {"\xff\xd8\xff", ".jpg"}, {"II*\x00", ".tif"}, {"MM\x00*", ".tif"},
	} {
		if bytes.HasPrefix(head, []byte(kind.sign)) {
			return kind.end
		}
	}
	switch { // which begin with a length
	case len(head) >= 12 && string(head[8:12]) == "WEBP":
		return ".webp"
	case len(head) >= 8 && string(head[4:8]) == "ftyp":
		return ".heic"
	}
	return ".eml"
}

// send hands out a stranger's bytes so that no browser shows them: as a
// download of no known type, and sandboxed should one try all the same.
func (d *Desk) send(w http.ResponseWriter, f *os.File, as string) {
	disposition := mime.FormatMediaType("attachment", map[string]string{"filename": fileName(as)})
	if disposition == "" {
		disposition = "attachment"
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", disposition)
	w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox; frame-ancestors 'none'")
	if info, err := f.Stat(); err == nil {
		w.Header().Set("Content-Length", strconv.FormatInt(info.Size(), 10))
	}
	pour(w, f)
}

// pour lifts the server's time limit, which is for pages and has run while the
// file was made: a large file over a slow line was cut off. The line may be
// slow, but not still.
func pour(w http.ResponseWriter, f io.Reader) {
	c := http.NewResponseController(w)
	_ = c.SetWriteDeadline(time.Time{}) // a server that has none is one in a test
	stall := time.AfterFunc(uploadStall, func() { _ = c.SetWriteDeadline(time.Unix(1, 0)) })
	defer stall.Stop()
	_, _ = io.Copy(&flowing{w, stall}, f) // the reader went away
}

// A flowing writer puts off the end of patience with each piece.
type flowing struct {
	io.Writer
	stall *time.Timer
}

func (f *flowing) Write(p []byte) (int, error) {
	n, err := f.Writer.Write(p)
	if err == nil {
		f.stall.Reset(uploadStall)
	}
	return n, err
}

// fileName keeps what can stand in a name on any system.
func fileName(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || strings.ContainsRune(`<>:"/\|?*`, r) {
			return '_'
		}
		return r
	}, s)
	return cut(strings.Trim(s, " ."), 150)
}
