package web

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"

	"postroom/internal/register"
	"postroom/internal/workday"
	"postroom/notify"
)

type batchPage struct {
	frame
	batchRow
	telling
	Said          *notice
	Refused       string
	Rows          []letterRow
	Sheets        int
	Envelopes, On string // as typed
	Earliest      string // day on which it can have been posted
	Today         string
	CanUndo       bool
	PrintedOften  bool
	ToService     bool // a printing service collects it
}

// makeBatch makes a print batch of the letters that were ticked.
func (d *Desk) makeBatch(w http.ResponseWriter, r *http.Request, who register.Account) {
	ticked := r.PostForm["letter"]
	if len(ticked) == 0 {
		d.showTray(w, r, who, http.StatusUnprocessableEntity, "No letter was ticked. Tick the letters that you will print now.")
		return
	}
	var batch register.PrintBatch
	var err error
	if d.c.Printer.Pickup != "" { // the printing service collects files
		batch, _, err = d.c.Printer.Make(r.Context(), who.Name, ticked...)
	} else {
		batch, err = d.c.Printer.Gather(r.Context(), who.Name, ticked...)
	}
	switch {
	case errors.Is(err, notify.ErrNothingToPrint), errors.Is(err, register.ErrConflict):
		d.showTray(w, r, who, http.StatusConflict, "Somebody else was quicker: these letters are in a batch already, or were pulled. The tray is as shown here now.")
	case err != nil && batch.Name == "":
		d.failed(w, r, err)
	case err != nil:
		d.unwritten(w, r, who, batch, err)
	default:
		d.c.Logger.InfoContext(r.Context(), "a print batch was made", slog.String("batch", batch.Name), slog.String("account_id", who.ID))
		http.Redirect(w, r, batchPath(batch.Name)+"?batch="+url.QueryEscape(batch.Name), http.StatusSeeOther)
	}
}

// unwritten tells that a batch is made and its files are not.
func (d *Desk) unwritten(w http.ResponseWriter, r *http.Request, who register.Account, b register.PrintBatch, err error) {
	d.c.Logger.ErrorContext(r.Context(), "the files of a print batch could not be written", slog.String("batch", b.Name), slog.Any("error", err))
	d.showBatch(w, r, who, http.StatusInternalServerError, b, batchPage{Refused: "The batch is made, but its files could not be written for the printing service. Tell the operator, then write them again from here."})
}

// theBatch reads the batch that the address names.
func (d *Desk) theBatch(w http.ResponseWriter, r *http.Request) (register.PrintBatch, bool) {
	name := r.PathValue("batch")
	if i := strings.LastIndex(name, "-"); i >= 0 {
		name = name[:i] + "/" + name[i+1:]
	}
	b, err := d.c.Register.BatchNamed(r.Context(), name)
	if err != nil {
		d.failed(w, r, err)
	}
	return b, err == nil
}

func (d *Desk) batch(w http.ResponseWriter, r *http.Request, who register.Account) {
	if b, ok := d.theBatch(w, r); ok {
		d.showBatch(w, r, who, http.StatusOK, b, batchPage{})
	}
}

// showBatch shows a batch, with what the page already holds.
func (d *Desk) showBatch(w http.ResponseWriter, r *http.Request, who register.Account, status int, b register.PrintBatch, page batchPage) {
	title := "Print batch " + b.Name
	if len(page.Mistakes) > 0 {
		title = "Error: " + title
	}
	var err error
	if page.frame, err = d.frame(r.Context(), who, "tray", title); err != nil {
		d.failed(w, r, err)
		return
	}
	if page.Said, err = d.notice(r, who); err != nil {
		d.failed(w, r, err)
		return
	}
	letters, err := d.c.Register.BatchLetters(r.Context(), b.ID)
	if err != nil {
		d.failed(w, r, err)
		return
	}
	page.batchRow, page.Today, page.Earliest = batchView(b), workday.DateOf(d.c.Now()).String(), workday.DateOf(b.MadeAt).String()
	if page.On == "" {
		page.On = page.Today
	}
	for _, l := range letters {
		row := d.letterRow(l)
		page.Sheets += row.Sheets
		page.Rows = append(page.Rows, row)
	}
	page.CanUndo, page.PrintedOften, page.ToService = b.Unpostable(d.c.Now()), b.Printed > 1, b.Pickup
	d.show(w, r, status, "tray-batch.html", page)
}

// batchPDF hands out a batch's letters as one PDF.
func (d *Desk) batchPDF(w http.ResponseWriter, r *http.Request, who register.Account) {
	if b, ok := d.theBatch(w, r); ok {
		d.sendBatch(w, r, who, b)
	}
}

// printAgain does the same and records it: some of it may be in the post
// twice otherwise, and nobody would know.
func (d *Desk) printAgain(w http.ResponseWriter, r *http.Request, who register.Account) {
	b, ok := d.theBatch(w, r)
	if !ok {
		return
	}
	if b.Pickup && d.c.Printer.Pickup != "" {
		b, _, err := d.c.Printer.Again(r.Context(), b.Name, who.Name)
		if err != nil {
			d.unwritten(w, r, who, b, err)
			return
		}
		http.Redirect(w, r, batchPath(b.Name)+"?batch="+url.QueryEscape(b.Name), http.StatusSeeOther)
		return
	}
	if err := d.c.Register.Reprinted(r.Context(), b.ID, who.Name); err != nil {
		d.failed(w, r, err)
		return
	}
	d.sendBatch(w, r, who, b)
}

// sendBatch makes the PDF whole before a byte of it leaves. Whoever saves it
// has seen each of its letters.
func (d *Desk) sendBatch(w http.ResponseWriter, r *http.Request, who register.Account, b register.PrintBatch) {
	f, err := os.CreateTemp("", "postroom-batch-*")
	if err != nil {
		d.failed(w, r, err)
		return
	}
	defer f.Close() //nolint:errcheck // it has no name and goes with its handle
	err = errors.Join(os.Remove(f.Name()), d.c.Printer.PDF(r.Context(), b, f))
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		d.failed(w, r, err)
		return
	}
	info, err := f.Stat()
	if err == nil {
		err = d.batchSeen(r, who, b)
	}
	if err != nil {
		d.failed(w, r, err)
		return
	}
	pdfHeaders(w, "batch-"+strings.ReplaceAll(b.Name, "/", "-")+".pdf", info.Size())
	pour(w, f)
}

func (d *Desk) batchSeen(r *http.Request, who register.Account, b register.PrintBatch) error {
	letters, err := d.c.Register.BatchLetters(r.Context(), b.ID)
	for _, l := range letters {
		err = errors.Join(err, d.c.Register.Viewed(r.Context(), register.ViewedSent, l.ID, who.Name))
	}
	return err
}

// pdfHeaders announces a PDF of our own making, as a download.
func pdfHeaders(w http.ResponseWriter, name string, size int64) {
	w.Header().Set("Content-Type", "application/pdf")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": fileName(name)}))
	w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
	w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox; frame-ancestors 'none'")
}

// postBatch marks a batch as posted, once its envelopes were counted.
func (d *Desk) postBatch(w http.ResponseWriter, r *http.Request, who register.Account) {
	b, ok := d.theBatch(w, r)
	if !ok {
		return
	}
	page := batchPage{Envelopes: strings.TrimSpace(r.PostForm.Get("envelopes")), On: strings.TrimSpace(r.PostForm.Get("on"))}
	n, err := strconv.Atoi(page.Envelopes)
	switch {
	case err != nil || n < 0:
		page.Mistakes = append(page.Mistakes, mistake{"envelopes", "Count the envelopes that are posted, and write their number"})
	case n != b.Letters && b.PostedOn.IsZero():
		page.Mistakes = append(page.Mistakes, mistake{"envelopes", fmt.Sprintf("Count again: you counted %d, and the batch holds %s. What does not go is pulled from the batch first", n, counted(b.Letters, "letter"))})
	}
	on, err := workday.ParseDate(page.On)
	if err != nil {
		page.Mistakes = append(page.Mistakes, mistake{"on", "Write the day on which it was posted, such as " + workday.DateOf(d.c.Now()).String()})
	}
	if len(page.Mistakes) == 0 {
		d.batchDone(w, r, who, b, page, "posted", d.c.Register.Posted(r.Context(), b.ID, on, who.Name))
		return
	}
	d.showBatch(w, r, who, http.StatusUnprocessableEntity, b, page)
}

// unpostBatch takes back that a batch was posted.
func (d *Desk) unpostBatch(w http.ResponseWriter, r *http.Request, who register.Account) {
	b, ok := d.theBatch(w, r)
	if !ok {
		return
	}
	reason, wrong := reasonOf(r, "undo")
	if wrong != nil {
		d.showBatch(w, r, who, http.StatusUnprocessableEntity, b, batchPage{telling: telling{Mistakes: wrong}})
		return
	}
	d.batchDone(w, r, who, b, batchPage{}, "not posted", d.c.Register.Unpost(r.Context(), b.ID, who.Name, reason))
}

// batchDone shows what became of an action on a batch.
func (d *Desk) batchDone(w http.ResponseWriter, r *http.Request, who register.Account, b register.PrintBatch, page batchPage, what string, err error) {
	if why := whyNot(err); why != "" {
		now, err := d.c.Register.BatchNamed(r.Context(), b.Name)
		if err != nil {
			d.failed(w, r, err)
			return
		}
		page.Refused = why
		d.showBatch(w, r, who, http.StatusConflict, now, page)
		return
	}
	if err != nil {
		d.failed(w, r, err)
		return
	}
	d.c.Logger.InfoContext(r.Context(), "a print batch was dealt with", slog.String("did", what), slog.String("batch", b.Name), slog.String("account_id", who.ID))
	http.Redirect(w, r, "/tray?batch="+url.QueryEscape(b.Name), http.StatusSeeOther)
}

// whyNot is why the register did not do what was asked, in a sentence; empty
// where that is no matter for people.
func whyNot(err error) string {
	refused, _ := errors.AsType[*register.NotAllowedError](err)
	switch {
	case refused != nil:
		return refused.Why
	case errors.Is(err, register.ErrConflict):
		return "This changed while you had it open. It is as shown here now."
	}
	return ""
}

// reasonOf reads why something is done.
func reasonOf(r *http.Request, field string) (string, []mistake) {
	reason := strings.TrimSpace(r.PostForm.Get("reason"))
	if reason == "" || !within(reason, mostReason) {
		return reason, []mistake{{field, "Say why, in at most 2,000 characters: it stays with the letters"}}
	}
	return reason, nil
}

// counted puts a number before a word.
func counted(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return strconv.Itoa(n) + " " + word + "s"
}

// batchNotice tells how a batch stands.
func (d *Desk) batchNotice(r *http.Request, name string) (*notice, error) {
	b, err := d.c.Register.BatchNamed(r.Context(), name)
	if err != nil {
		return nil, err
	}
	n := &notice{Strong: "Batch " + b.Name + ": " + counted(b.Letters, "letter") + "."}
	switch {
	case !b.PostedOn.IsZero():
		n.Text, n.Link = "It is posted: the letters count as sent on "+b.PostedOn.Long()+". Not true? It can be taken back for a day.", batchPath(b.Name)
	case b.Pickup:
		n.Text = "Its files lie ready for the printing service. Mark it as posted when they are in the post."
	default:
		n.Text = "Print it, put the letters into their envelopes, count them and post them. Then say here that they are posted: until then they count as not sent."
	}
	return n, nil
}
