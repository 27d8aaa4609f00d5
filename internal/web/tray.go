package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"postroom/internal/paper"
	"postroom/internal/register"
	"postroom/internal/workday"
)

// A letterRow is a letter that is to be posted, or was.
type letterRow struct {
	ID                        register.ID
	What, Reference, To       string
	PostBy                    string
	Late                      bool // it must go today, or should have gone
	Sheets                    int
	Large                     bool
	Place                     int
	State, Class, Why, Posted string
}

// A batchRow is a print batch in the list.
type batchRow struct {
	register.PrintBatch
	Path, Made, Posted string
}

type trayPage struct {
	frame
	Said    *notice
	Refused string // why something was not done
	Rows    []letterRow
	Cut     bool // more letters are there than are listed
	Urgent  int  // must be posted today
	Sheets  int
	Held    []letterRow
	Batches []batchRow
	Pickup  bool
	Stopped string // why nothing leaves
}

// How many letters and batches the tray shows.
const (
	trayLimit  = 500
	batchLimit = 40
)

func (d *Desk) tray(w http.ResponseWriter, r *http.Request, who register.Account) {
	d.showTray(w, r, who, http.StatusOK, "")
}

func (d *Desk) showTray(w http.ResponseWriter, r *http.Request, who register.Account, status int, refused string) {
	page := trayPage{Refused: refused, Pickup: d.c.Printer.Pickup != "", Stopped: d.outgoing(r.Context())}
	var err error
	if page.frame, err = d.frame(r.Context(), who, "tray", "Print tray"); err != nil {
		d.failed(w, r, err)
		return
	}
	if page.Said, err = d.notice(r, who); err != nil {
		d.failed(w, r, err)
		return
	}
	if err := d.fillTray(r, &page); err != nil {
		d.failed(w, r, err)
		return
	}
	page.Title = "Print tray (" + strconv.Itoa(len(page.Rows)) + ")"
	d.show(w, r, status, "tray.html", page)
}

func (d *Desk) fillTray(r *http.Request, page *trayPage) error {
	waiting, err := d.c.Register.TrayLetters(r.Context(), trayLimit+1)
	if err != nil {
		return err
	}
	page.Cut = len(waiting) > trayLimit
	waiting = waiting[:min(len(waiting), trayLimit)]
	for _, l := range waiting {
		row := d.letterRow(l)
		if row.Late {
			page.Urgent++
		}
		page.Sheets += row.Sheets
		page.Rows = append(page.Rows, row)
	}
	held, err := d.c.Register.HeldLetters(r.Context(), trayLimit)
	if err != nil {
		return err
	}
	for _, o := range held {
		page.Held = append(page.Held, d.letterRow(register.TrayLetter{Outgoing: o}))
	}
	batches, err := d.c.Register.Batches(r.Context(), batchLimit)
	for _, b := range batches {
		page.Batches = append(page.Batches, batchView(b))
	}
	return err
}

func (d *Desk) letterRow(l register.TrayLetter) letterRow {
	row := letterRow{ID: l.ID, What: kindName(l.Outgoing), Reference: l.Reference, To: strings.Join(l.Printed, ", "), Large: l.Large, Place: l.Place, Why: capital(l.Why)}
	row.State, row.Class = outgoingState(l.State)
	row.Sheets = paper.Batch{Double: d.c.Printer.Double}.Sheets(paper.BatchLetter{Pages: l.Pages})
	if row.To == "" {
		row.To = who(l.To)
	}
	by := l.PostBy
	if by.IsZero() {
		by = workday.DateOf(l.Deadline.Add(-time.Second)) // the deadline is the end of its day
	}
	switch today := workday.DateOf(d.c.Now()); {
	case by.Before(today):
		row.PostBy, row.Late = "Late, was "+shortDay(by), true
	case by == today:
		row.PostBy, row.Late = "Today", true
	default:
		row.PostBy = shortDay(by)
	}
	if !l.PostedOn.IsZero() {
		row.Posted = shortDay(l.PostedOn)
	}
	return row
}

func batchView(b register.PrintBatch) batchRow {
	v := batchRow{PrintBatch: b, Path: batchPath(b.Name), Made: clockTime(b.MadeAt)}
	if !b.PostedOn.IsZero() {
		v.Posted = shortDay(b.PostedOn)
	}
	return v
}

// batchPath is where a batch's page is: its name has a slash.
func batchPath(name string) string {
	return "/tray/batches/" + url.PathEscape(strings.ReplaceAll(name, "/", "-"))
}
