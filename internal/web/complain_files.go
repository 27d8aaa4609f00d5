package web

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"postroom/ingest"
)

// What one step of the residents' form may send. It takes in more than is
// kept, so that it can say of a film how large it is.
const (
	mostStep   = 250_000_000
	stepLength = 20 * time.Minute
)

// How many files are taken within an hour: from one address, and from
// everybody.
const (
	mostFilesFromOne = 100
	mostFilesFromAll = 2000
)

// keptFiles reads which files the page says are kept for the complaint: each
// by the sum of its bytes, with the name that the resident knows it by.
func keptFiles(f url.Values) (all []shelved) {
	for _, v := range f["file"] {
		sum, name, _ := strings.Cut(v, " ")
		if name = fileName(name); name != "" && len(all) < mostFormFiles && !slices.ContainsFunc(all, func(o shelved) bool { return o.SHA256 == sum }) {
			all = append(all, shelved{SHA256: sum, Name: name})
		}
	}
	return all
}

// fileFields is how the pages carry along which files are kept.
func (c complaint) fileFields() (all []keptField) {
	for _, f := range c.Files {
		all = append(all, keptField{"file", f.SHA256 + " " + f.Name})
	}
	return all
}

// submitted is how the complaint's files go along as post.
func (s *shelf) submitted(c complaint) (all []ingest.SubmittedFile) {
	for _, f := range c.Files {
		all = append(all, ingest.SubmittedFile{Name: f.Name, Type: f.kind, Open: func() (io.ReadCloser, error) { return s.open(c.ID, f.SHA256) }})
	}
	return all
}

// readStep reads a step of the form with the files that came with it. What is
// wrong with a file is told at the step; ok is false when the answer is given.
func (d *Desk) readStep(w http.ResponseWriter, r *http.Request) (f url.Values, wrong []mistake, ok bool) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "multipart/form-data" {
		ok = d.readForm(w, r)
		return r.PostForm, nil, ok
	}
	stop := patient(w, r, stepLength, mostStep)
	defer stop()
	parts, err := r.MultipartReader()
	if err != nil {
		d.problem(w, r, http.StatusBadRequest, "Not understood", "The browser sent something that is no form. Nothing was done.")
		return nil, nil, false
	}
	s := stepFiles{Desk: d, client: d.c.Access.client(r), form: url.Values{}}
	switch err := s.read(r.Context(), parts); {
	case errors.Is(err, errLongForm):
		d.problem(w, r, http.StatusRequestEntityTooLarge, "Too much text", "What was sent is too long. Go back and shorten it; what you typed is still there.")
	case err == nil:
		return s.form, s.wrong, true
	case s.broken(err):
		w.Header().Set("Connection", "close") // what is still on its way is not read
		text := "Your files did not reach us whole. Nothing was sent yet. Go back: what you typed is still there. Send fewer or smaller files at a time, or none."
		d.problem(w, r, http.StatusBadRequest, "The files did not arrive", text)
	default:
		d.failed(w, r, err)
	}
	return nil, nil, false
}

// stepFiles is a step of the form while it comes in.
type stepFiles struct {
	*Desk
	client string
	form   url.Values
	typed  int // bytes of it
	wrong  []mistake
	lost   error // by which the line broke
}

var errLongForm = errors.New("web: the form's fields are too long")

// broken reports whether the line is to blame, and not what we did with it.
func (s *stepFiles) broken(err error) bool {
	_, large := errors.AsType[*http.MaxBytesError](err)
	return large || s.lost != nil
}

func (s *stepFiles) read(ctx context.Context, parts *multipart.Reader) error {
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			s.lost = err
			return err
		}
		body := &source{Reader: part}
		if part.FormName() != "files" {
			err = s.field(part.FormName(), body)
		} else if part.FileName() != "" { // empty: none was chosen
			err = s.file(ctx, part.FileName(), body)
		}
		if s.lost = cmp.Or(s.lost, body.broken); err != nil {
			return err
		}
	}
}

func (s *stepFiles) field(name string, body io.Reader) error {
	value, err := io.ReadAll(io.LimitReader(body, largestForm+1))
	if s.typed += len(name) + len(value); err == nil && s.typed > largestForm {
		err = errLongForm
	}
	s.form.Add(storable(name), storable(string(value)))
	return err
}

// file keeps one file, or says why not. The others are kept all the same.
func (s *stepFiles) file(ctx context.Context, name string, body io.Reader) error {
	s.form.Set("id", readComplaint(s.form).ID) // one that is ours, from the first file on
	c := s.shelf.known(readComplaint(s.form))
	name = cmp.Or(fileName(name), "file")
	why := ""
	switch {
	case s.shelf.dir == "":
		why = "Files cannot be sent here. Send your complaint without them, and tell us that you have them"
	case len(c.Files) >= mostFormFiles:
		why = "Send at most " + strconv.Itoa(mostFormFiles) + " files: “" + name + "” was not kept"
	case !s.filing.enter(s.client, s.c.Now()):
		why = "Too many files were sent from where you are in the last hour: “" + name + "” was not kept. Send your complaint without it, or try again in an hour"
	}
	if why != "" {
		s.wrong = append(s.wrong, mistake{"files", why})
		_, err := io.Copy(io.Discard, body)
		return err
	}
	f, err := s.shelf.put(c.ID, name, body)
	switch {
	case errors.Is(err, errShelfFull):
		s.c.Logger.ErrorContext(ctx, "residents' files are not taken", slog.Any("error", err))
		why = "We have no room for files just now: “" + name + "” was not kept. Send your complaint without it, and tell us that you have it"
	case err != nil:
		return err
	default:
		why = unwelcome(f)
	}
	if had := c.bytes(); why == "" && had+f.size > mostFormBytes {
		s.shelf.remove(c.ID, f.SHA256)
		why = "Choose fewer or smaller files: with “" + name + "” they are larger than 60 MB together"
	}
	if why != "" {
		s.wrong = append(s.wrong, mistake{"files", why})
		return nil
	}
	s.form.Add("file", f.SHA256+" "+name)
	return nil
}

// bytes is how large the complaint's files are together.
func (c complaint) bytes() (all int64) {
	for _, f := range c.Files {
		all += f.size
	}
	return all
}

// known is the complaint with its files as they lie on the shelf; those that
// are not there any more are in Gone.
func (s *shelf) known(c complaint) complaint {
	named := c.Files
	c.Files, c.Gone = nil, nil
	for _, f := range named {
		if kept, ok := s.find(c.ID, f.SHA256, f.Name); ok {
			c.Files = append(c.Files, kept)
		} else {
			c.Gone = append(c.Gone, f.Name)
		}
	}
	return c
}

// lost says of files that are kept no longer to choose them again.
func (c complaint) lost() (all []mistake) {
	for _, name := range c.Gone {
		all = append(all, mistake{"files", "Choose “" + name + "” again: we keep files for a day, and it is here no more"})
	}
	return all
}

// takeOff removes a file that the resident does not want to send, and says its
// name.
func (s *shelf) takeOff(c *complaint, sum string) (name string) {
	c.Files = slices.DeleteFunc(c.Files, func(f shelved) bool {
		if f.SHA256 == sum {
			name = f.Name
		}
		return f.SHA256 == sum
	})
	s.remove(c.ID, sum)
	return name
}

// tidy clears the shelf at the start and every hour until ctx ends.
func (d *Desk) tidy(ctx context.Context) {
	hour := time.NewTicker(time.Hour)
	defer hour.Stop()
	for {
		if err := d.shelf.clean(); err != nil {
			d.c.Logger.WarnContext(ctx, "files of complaints that were not sent could not be cleared away", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return
		case <-hour.C:
		}
	}
}
