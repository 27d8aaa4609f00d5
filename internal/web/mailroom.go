package web

import (
	"fmt"
	"net/http"
	"strings"

	"postroom/ingest"
	"postroom/internal/register"
	"postroom/internal/workday"
)

// A workRow is a letter about which the mailroom has to do something by hand.
type workRow struct {
	ID                       register.ID
	Reference, What, Do, Why string
	Received, Due, Left      string
	Late                     bool
}

type uploadRow struct {
	uploadView
	Path string
}

type mailroomPage struct {
	frame
	telling
	Said    *notice
	Refused string
	Today   string
	Form    uploadForm
	MostMB  int64
	Letters []workRow
	Uploads []uploadRow
	Unread  string // why letters are not read on this machine
}

// How many letters and uploads the mailroom's first page lists.
const (
	workLimit   = 200
	uploadLimit = 8
)

func (d *Desk) mailroom(w http.ResponseWriter, r *http.Request, who register.Account) {
	d.showMailroom(w, r, who, http.StatusOK, mailroomPage{Form: uploadForm{On: workday.DateOf(d.c.Now()).String()}})
}

// showMailroom shows where letters are taken in, with what the page already
// holds.
func (d *Desk) showMailroom(w http.ResponseWriter, r *http.Request, who register.Account, status int, page mailroomPage) {
	title := "Take in letters"
	if len(page.Mistakes) > 0 {
		title = "Error: " + title
	}
	var err error
	if page.frame, err = d.frame(r.Context(), who, "mailroom", title); err != nil {
		d.failed(w, r, err)
		return
	}
	if page.Said, err = d.notice(r, who); err != nil {
		d.failed(w, r, err)
		return
	}
	page.Today, page.MostMB = workday.DateOf(d.c.Now()).String(), d.c.Uploads.Largest()>>20
	if d.c.Letters != nil {
		if missing := d.c.Letters.Missing(); len(missing) > 0 {
			page.Unread = "Letters are registered and not read: " + strings.Join(missing, ", ") + " not installed on this machine. Their clocks run all the same."
		}
	}
	if err := d.fillMailroom(r, &page); err != nil {
		d.failed(w, r, err)
		return
	}
	d.show(w, r, status, "mailroom.html", page)
}

func (d *Desk) fillMailroom(r *http.Request, page *mailroomPage) error {
	letters, err := d.c.Register.ForTheMailroom(r.Context(), workLimit)
	if err != nil {
		return err
	}
	for _, m := range letters {
		page.Letters = append(page.Letters, d.workRow(m))
	}
	uploads, err := d.c.Register.Uploads(r.Context(), uploadLimit)
	if err != nil {
		return err
	}
	for _, u := range uploads {
		stands, err := d.c.Register.UploadStands(r.Context(), u.ID)
		if err != nil {
			return err
		}
		page.Uploads = append(page.Uploads, uploadRow{uploadViewOf(stands), "/mailroom/uploads/" + u.ID})
	}
	return nil
}

func (d *Desk) workRow(m register.Message) workRow {
	row := workRow{ID: m.ID, Reference: m.Reference, Received: shortDay(workday.DateOf(m.ReceivedAt)), Due: shortDay(m.Deadline), What: "Letter", Do: "Type it in"}
	row.Left, _, row.Late = d.daysLeft(m)
	if pages := len(letterPages(m)); pages > 0 {
		row.What += ", " + counted(pages, "page")
	}
	if m.PaperWork() == register.PartIt {
		row.Do = "Say where its letters begin"
		row.What = strings.Replace(row.What, "Letter", "File", 1)
	}
	row.Why = capital(strings.TrimSuffix(unreadWhy(m), "."))
	return row
}

// unreadWhy is why a letter could not be read, as its reader said.
func unreadWhy(m register.Message) string {
	if m.Reading != nil && m.Reading.Error != "" {
		return m.Reading.Error
	}
	return m.Problem
}

type separatorPage struct {
	frame
	Today, Problem          string
	Batch, Received, Number string // as typed
	Most                    int
}

// separators offers separator sheets, and prints them.
func (d *Desk) separators(w http.ResponseWriter, r *http.Request, who register.Account) {
	query := r.URL.Query()
	page := separatorPage{Today: workday.DateOf(d.c.Now()).String(), Batch: strings.TrimSpace(query.Get("batch")), Received: query.Get("received"), Number: query.Get("n"), Most: ingest.MostSeparators}
	status := http.StatusOK
	if page.Number != "" {
		pdf, err := d.separatorPDF(page)
		if err == nil {
			pdfHeaders(w, "separator-sheets.pdf", int64(len(pdf)))
			_, _ = w.Write(pdf)
			return
		}
		page.Problem, status = capital(err.Error()), http.StatusUnprocessableEntity
	} else {
		page.Number = "20"
	}
	title := "Separator sheets"
	if page.Problem != "" {
		title = "Error: " + title
	}
	var err error
	if page.frame, err = d.frame(r.Context(), who, "mailroom", title); err != nil {
		d.failed(w, r, err)
		return
	}
	d.show(w, r, status, "separators.html", page)
}

func (d *Desk) separatorPDF(page separatorPage) ([]byte, error) {
	var n int
	if _, err := fmt.Sscanf(page.Number, "%d", &n); err != nil || n < 1 || n > ingest.MostSeparators {
		return nil, fmt.Errorf("print between 1 and %d sheets at once", ingest.MostSeparators)
	}
	s, err := ingest.Separators(page.Batch, page.Received, d.c.Now())
	if err != nil {
		return nil, err
	}
	s.Copies = n
	printed, err := d.c.Printer.Press.Separators(s)
	return printed.PDF, err
}
