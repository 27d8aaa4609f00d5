package web

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"postroom/internal/register"
	"postroom/internal/workday"
)

// An uploadForm is what a clerk says of a pile of letters, as typed.
type uploadForm struct {
	On, Count, Reason string
}

// upload reads what was said. The door decides on the day.
func (f uploadForm) upload(by string) (register.Upload, []mistake) {
	u := register.Upload{By: by, Reason: strings.TrimSpace(f.Reason)}
	var wrong []mistake
	var err error
	if u.ReceivedOn, err = workday.ParseDate(strings.TrimSpace(f.On)); err != nil {
		wrong = append(wrong, mistake{"on", "Write the day of the stamp, such as 2026-11-24"})
	}
	if u.Counted, err = strconv.Atoi(strings.TrimSpace(f.Count)); err != nil || u.Counted < 1 || u.Counted > mostCounted {
		wrong = append(wrong, mistake{"count", "Count the letters in your hand, and write their number"})
	}
	if !within(u.Reason, mostReason) {
		wrong = append(wrong, mistake{"reason", "Shorten the reason to 2,000 characters"})
	}
	return u, wrong
}

// mostCounted is what one pile may hold.
const mostCounted = 5000

// A fileRow is one file of an upload, in words for the mailroom.
type fileRow struct {
	Name, Letters      string
	State, Class, What string
	Link, LinkName     string
}

// An uploadView is how an upload stands, in words.
type uploadView struct {
	register.UploadStands
	Name, Stamped, Taken string
	State, Class         string
	Agrees               bool
	Registered           int // files
	Rows                 []fileRow
}

func uploadViewOf(s register.UploadStands) uploadView {
	v := uploadView{UploadStands: s, Name: clockTime(s.At), Stamped: s.ReceivedOn.Long(), Taken: clockTime(s.At), Agrees: s.Reconciled()}
	v.Registered = len(s.Files) - s.Refused
	switch missing := s.Counted - s.Letters; {
	case s.Waiting > 0:
		v.State, v.Class = "Being read", "soon"
	case s.People > 0:
		v.State, v.Class = "Waits for you", "soon"
	case v.Agrees && len(s.Files) > 0:
		v.State, v.Class = "The numbers agree", "fine"
	case missing > 0:
		v.State, v.Class = counted(missing, "letter")+" not accounted for", "care"
	case missing < 0:
		v.State, v.Class = counted(-missing, "letter")+" more than counted", "care"
	default:
		v.State, v.Class = "A file was refused", "care"
	}
	return v
}

type uploadPage struct {
	frame
	telling
	uploadView
	Refused string
	Path    string
	Count   string // as typed
	Missing int
	MostMB  int64
	Read    int // files
}

// theUpload shows how an upload stands.
func (d *Desk) theUpload(w http.ResponseWriter, r *http.Request, who register.Account) {
	d.showUpload(w, r, who, http.StatusOK, r.PathValue("id"), uploadPage{})
}

func (d *Desk) showUpload(w http.ResponseWriter, r *http.Request, who register.Account, status int, id register.ID, page uploadPage) {
	stands, err := d.c.Register.UploadStands(r.Context(), id)
	if err != nil {
		d.failed(w, r, err)
		return
	}
	page.uploadView, page.Path, page.MostMB = uploadViewOf(stands), "/mailroom/uploads/"+id, d.c.Uploads.Largest()>>20
	page.Missing, page.Read = stands.Counted-stands.Letters, page.Registered-stands.Waiting
	for _, f := range stands.Files {
		page.Rows = append(page.Rows, fileRowOf(f, who))
	}
	title := "Letters taken in " + page.Name
	if len(page.Mistakes) > 0 {
		title = "Error: " + title
	}
	if page.frame, err = d.frame(r.Context(), who, "mailroom", title); err != nil {
		d.failed(w, r, err)
		return
	}
	d.show(w, r, status, "upload.html", page)
}

// fileRowOf says what happened to a file.
func fileRowOf(f register.UploadedFile, who register.Account) fileRow {
	row := fileRow{Name: f.Name, Letters: "–", State: "Registered", Class: "fine"}
	if row.Name == "" {
		row.Name = "(no name)"
	}
	if f.Letters > 0 {
		row.Letters = strconv.Itoa(f.Letters)
	}
	switch {
	case f.Refused != "":
		row.State, row.Class, row.What = "Refused", "care", f.Refused+" It is not taken in."
		return row
	case f.Again:
		row.State, row.Class, row.What, row.Letters = "Here before", "dash", "The same scan came in before, as "+f.Reference+". It is kept once, and not counted again.", "–"
	case f.State == register.Arrived:
		row.What = "Being read. You can leave this page."
	case f.State == register.InReview && f.Letters == 0:
		row.State, row.Class, row.What = "Waits for you", "soon", sentence(f.Problem, "It may hold several letters.")
		row.Link, row.LinkName = "/mailroom/letters/"+f.Message, "Say where its letters begin"
		return row
	case f.State == register.InReview:
		row.What = sentence(f.Problem, "Read. A reviewer decides.")
	case f.State == register.Split:
		row.What = "Read, and split into its letters."
	default:
		row.What = "Read."
	}
	if may(who.Role, mayLook) && f.State != register.Split {
		row.Link, row.LinkName = "/messages/"+f.Message, f.Reference
	}
	return row
}

// sentence makes a sentence of a reason, or gives the other one.
func sentence(why, otherwise string) string {
	if why == "" {
		return otherwise
	}
	return capital(strings.TrimSuffix(why, ".")) + "."
}

// countUpload corrects how many letters were counted.
func (d *Desk) countUpload(w http.ResponseWriter, r *http.Request, who register.Account) {
	id, typed := r.PathValue("id"), strings.TrimSpace(r.PostForm.Get("count"))
	n, err := strconv.Atoi(typed)
	if err != nil || n < 1 || n > mostCounted {
		d.showUpload(w, r, who, http.StatusUnprocessableEntity, id, uploadPage{Count: typed, telling: telling{Mistakes: []mistake{{"count", "Count the letters in your hand, and write their number"}}}})
		return
	}
	err = d.c.Register.CountUpload(r.Context(), id, n)
	if errors.Is(err, register.ErrConflict) {
		err = register.ErrNotFound
	}
	if err != nil {
		d.failed(w, r, err)
		return
	}
	http.Redirect(w, r, "/mailroom/uploads/"+id, http.StatusSeeOther)
}
