package web

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"postroom/internal/paper"
	"postroom/internal/register"
)

// A letterPage is one letter that goes out: where it stands, and what can be
// done with it.
type letterPage struct {
	frame
	letterRow
	telling
	Said     *notice
	Refused  string
	Deadline string
	Message  register.ID // that it answers
	Batch    *batchRow
	HasPDF   bool
	Printed  []string // the address on it

	InTray, Pulled, Back, WasPosted bool
	// Where the address can be confirmed or changed.
	Address     bool
	Name, Lines string // as typed, or as it stands
	Confirmed   bool   // somebody has compared it before
	Compared    bool   // the box is ticked
	Pages       []pageView
	Reason      string // as typed
}

// theLetter reads the letter that the address names.
func (d *Desk) theLetter(w http.ResponseWriter, r *http.Request) (register.TrayLetter, bool) {
	l, err := d.findLetter(r, r.PathValue("id"))
	if err != nil {
		d.failed(w, r, err)
	}
	return l, err == nil
}

// findLetter reads a reply that goes on paper, with its place in the tray
// where it has one.
func (d *Desk) findLetter(r *http.Request, id register.ID) (register.TrayLetter, error) {
	o, err := d.c.Register.GetOutgoing(r.Context(), id)
	if err != nil {
		return register.TrayLetter{}, err
	}
	if o.Way != register.ByLetter {
		return register.TrayLetter{}, register.ErrNotFound
	}
	named, err := d.c.Register.LettersNamed(r.Context(), o.Reference)
	for _, l := range named {
		if l.ID == id {
			return l, err
		}
	}
	return register.TrayLetter{Outgoing: o}, err
}

func (d *Desk) letter(w http.ResponseWriter, r *http.Request, who register.Account) {
	l, ok := d.theLetter(w, r)
	if !ok {
		return
	}
	if err := d.c.Register.Viewed(r.Context(), register.ViewedReply, l.ID, who.Name); err != nil {
		d.failed(w, r, err)
		return
	}
	d.showLetter(w, r, who, http.StatusOK, l, letterPage{})
}

// showLetter shows a letter, with what the page already holds.
func (d *Desk) showLetter(w http.ResponseWriter, r *http.Request, who register.Account, status int, l register.TrayLetter, page letterPage) {
	row := d.letterRow(l)
	title := row.What + " " + l.Reference
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
	page.letterRow, page.Message, page.HasPDF, page.Printed = row, l.Message, l.Bytes != "", l.Printed
	page.Deadline = replyView(l.Outgoing).LateAfter
	page.InTray, page.WasPosted, page.Back = l.State == register.ToPrint, l.State == register.Delivered, l.State == register.Failed
	page.Pulled = pulled(l.Outgoing)
	if err := errors.Join(d.addBatch(r, l, &page), d.addAddress(r, l, &page)); err != nil {
		d.failed(w, r, err)
		return
	}
	d.show(w, r, status, "tray-letter.html", page)
}

// pulled reports whether a person took the letter out of the tray.
func pulled(o register.Outgoing) bool {
	return o.State == register.Held && strings.HasPrefix(o.Why, "pulled:")
}

func (d *Desk) addBatch(r *http.Request, l register.TrayLetter, page *letterPage) error {
	if l.Batch == "" {
		return nil
	}
	batches, err := d.c.Register.Batches(r.Context(), batchLimit)
	for _, b := range batches {
		if b.ID == l.Batch {
			v := batchView(b)
			page.Batch = &v
		}
	}
	return err
}

// addAddress offers to compare the address where the letter waits for that:
// beside the pages of what the resident wrote.
func (d *Desk) addAddress(r *http.Request, l register.TrayLetter, page *letterPage) error {
	waits := l.State == register.Held || l.State == register.Failed
	if !waits || page.Pulled || l.Case == "" {
		return nil
	}
	c, _, err := d.c.Register.GetCase(r.Context(), l.Case)
	if err != nil {
		return err
	}
	page.Address, page.Confirmed = true, c.PostalOK
	if page.Lines == "" && page.Name == "" {
		page.Name, page.Lines = c.Correspondent.Name, strings.Join(c.Postal, "\n")
	}
	m, err := d.c.Register.GetMessage(r.Context(), c.Message)
	page.Pages = d.firstPages(m, "/tray/letters/"+l.ID+"/pages")
	return err
}

// letterPicture shows the resident's letter beside the address that is
// compared with it.
func (d *Desk) letterPicture(w http.ResponseWriter, r *http.Request, who register.Account) {
	l, ok := d.theLetter(w, r)
	if !ok {
		return
	}
	if l.Case == "" || l.State != register.Held && l.State != register.Failed {
		d.failed(w, r, register.ErrNotFound)
		return
	}
	c, _, err := d.c.Register.GetCase(r.Context(), l.Case)
	if err != nil {
		d.failed(w, r, err)
		return
	}
	m, err := d.c.Register.GetMessage(r.Context(), c.Message)
	if err != nil {
		d.failed(w, r, err)
		return
	}
	d.sendPicture(w, r, m, who)
}

// letterPDF hands out one letter as it is printed.
func (d *Desk) letterPDF(w http.ResponseWriter, r *http.Request, who register.Account) {
	l, ok := d.theLetter(w, r)
	if !ok {
		return
	}
	if l.Bytes == "" {
		d.failed(w, r, register.ErrNotFound)
		return
	}
	f, err := d.c.Archive.Get(r.Context(), l.Bytes)
	if err != nil {
		d.failed(w, r, err)
		return
	}
	defer f.Close() //nolint:errcheck // only read
	info, err := f.Stat()
	if err == nil {
		err = d.c.Register.Viewed(r.Context(), register.ViewedSent, l.ID, who.Name)
	}
	if err != nil {
		d.failed(w, r, err)
		return
	}
	pdfHeaders(w, "letter-"+l.Reference+".pdf", info.Size())
	pour(w, f)
}

// pullLetter takes a letter out of the tray or its batch.
func (d *Desk) pullLetter(w http.ResponseWriter, r *http.Request, who register.Account) {
	l, ok := d.theLetter(w, r)
	if !ok {
		return
	}
	if l.State != register.ToPrint {
		d.showLetter(w, r, who, http.StatusConflict, l, letterPage{Refused: "The letter is not in the tray or in a batch that waits to be posted. It is as shown here now."})
		return
	}
	reason, wrong := reasonOf(r, "reason")
	if wrong != nil {
		d.showLetter(w, r, who, http.StatusUnprocessableEntity, l, letterPage{telling: telling{Mistakes: wrong}, Reason: reason})
		return
	}
	d.letterDone(w, r, who, l, letterPage{Reason: reason}, "pulled", d.c.Register.Pull(r.Context(), l.ID, who.Name, reason))
}

// reprintLetter has a letter that was pulled written anew. What waits for
// another reason is for whoever decides on replies.
func (d *Desk) reprintLetter(w http.ResponseWriter, r *http.Request, who register.Account) {
	l, ok := d.theLetter(w, r)
	if !ok {
		return
	}
	if !pulled(l.Outgoing) {
		d.showLetter(w, r, who, http.StatusConflict, l, letterPage{Refused: "Only a letter that was pulled can be printed anew. This one is as shown here now."})
		return
	}
	hint, err := d.c.Register.Release(r.Context(), l.ID, who.Name, "to be printed anew")
	if err == nil {
		d.c.Owed(r.Context(), []register.Hint{hint})
	}
	d.letterDone(w, r, who, l, letterPage{}, "printed anew", err)
}

// letterReturned records that a letter came back.
func (d *Desk) letterReturned(w http.ResponseWriter, r *http.Request, who register.Account) {
	l, ok := d.theLetter(w, r)
	if !ok {
		return
	}
	why := strings.TrimSpace(r.PostForm.Get("why"))
	if more := strings.TrimSpace(r.PostForm.Get("reason")); more != "" {
		why = strings.TrimPrefix(why+", "+more, ", ")
	}
	if why == "" || !within(why, mostReason) {
		page := letterPage{telling: telling{Mistakes: []mistake{{"why", "Say why it came back, as the envelope says"}}}, Reason: r.PostForm.Get("reason")}
		d.showLetter(w, r, who, http.StatusUnprocessableEntity, l, page)
		return
	}
	d.letterDone(w, r, who, l, letterPage{}, "returned", d.c.Register.Returned(r.Context(), l.ID, who.Name, why))
}

// confirmAddress records that a person compared the name and address of a
// letter, or gave others.
func (d *Desk) confirmAddress(w http.ResponseWriter, r *http.Request, who register.Account) {
	l, ok := d.theLetter(w, r)
	if !ok {
		return
	}
	page := letterPage{Name: strings.TrimSpace(r.PostForm.Get("name")), Lines: r.PostForm.Get("lines"), Compared: r.PostForm.Get("compared") == "yes"}
	lines := splitLines(page.Lines)
	if !within(page.Name, mostName) || !within(page.Lines, mostAddress) {
		page.Mistakes = append(page.Mistakes, mistake{"lines", "Shorten the name and address: seven lines fit into a window"})
	} else if _, err := paper.Address(append([]string{page.Name}, lines...)); err != nil {
		page.Mistakes = append(page.Mistakes, mistake{"lines", capital(err.Error())})
	}
	if page.Name == "" {
		page.Mistakes = append(page.Mistakes, mistake{"name", "Write the name for the envelope. Where it is not known: The occupier"})
	}
	if !page.Compared {
		page.Mistakes = append(page.Mistakes, mistake{"compared", "Compare the name and address with what the resident wrote, then tick the box"})
	}
	if len(page.Mistakes) > 0 {
		d.showLetter(w, r, who, http.StatusUnprocessableEntity, l, page)
		return
	}
	if l.Case == "" {
		d.failed(w, r, register.ErrNotFound)
		return
	}
	err := d.c.Register.ConfirmAddress(r.Context(), l.Case, page.Name, lines, who.Name)
	if err == nil {
		err = d.hintCase(r, l.Case)
	}
	d.letterDone(w, r, who, l, page, "address confirmed", err)
}

// What may be typed of an address, in characters.
const (
	mostName    = 200
	mostAddress = 600
)

// splitLines are the lines of a field that are not empty.
func splitLines(text string) []string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// hintCase tells the queue what a case owes now.
func (d *Desk) hintCase(r *http.Request, id register.ID) error {
	all, err := d.c.Register.CaseOutgoings(r.Context(), id)
	var hints []register.Hint
	for _, o := range all {
		if o.State == register.Owed {
			hints = append(hints, register.Hint{ID: o.ID, NotBefore: o.NotBefore, Deadline: o.Deadline})
		}
	}
	d.c.Owed(r.Context(), hints)
	return err
}

// letterDone shows what became of an action on a letter.
func (d *Desk) letterDone(w http.ResponseWriter, r *http.Request, who register.Account, l register.TrayLetter, page letterPage, what string, err error) {
	if why := whyNot(err); why != "" {
		now, err := d.findLetter(r, l.ID)
		if err != nil {
			d.failed(w, r, err)
			return
		}
		page.Refused = why
		d.showLetter(w, r, who, http.StatusConflict, now, page)
		return
	}
	if err != nil {
		d.failed(w, r, err)
		return
	}
	d.c.Logger.InfoContext(r.Context(), "a letter was dealt with", slog.String("did", what), slog.String("outgoing_id", l.ID), slog.String("account_id", who.ID))
	http.Redirect(w, r, "/tray?letter="+url.QueryEscape(l.ID), http.StatusSeeOther)
}

// letterNotice tells how a letter stands.
func (d *Desk) letterNotice(r *http.Request, id register.ID) (*notice, error) {
	l, err := d.findLetter(r, id)
	if err != nil {
		return nil, err
	}
	n := &notice{Strong: kindName(l.Outgoing) + " " + l.Reference + ".", Link: "/tray/letters/" + l.ID}
	switch {
	case pulled(l.Outgoing):
		n.Text = "It is pulled: do not post it. It waits until somebody has it printed anew, or cancels it."
	case l.State == register.Held:
		n.Text = "It waits for a person: " + l.Why + "."
	case l.State == register.Failed && !l.ReturnedAt.IsZero():
		n.Text = "It came back. The clock stays met, but the resident has not read it: somebody finds another address, or phones them."
	case l.State == register.Failed:
		n.Text = "It waits for a person: " + l.Why + "."
	case l.State == register.Owed, l.State == register.Sending:
		n.Text = "It is being written, and comes into the tray in a moment."
	case l.State == register.ToPrint:
		n.Text = "It is in the tray."
	default:
		return nil, nil //nolint:nilnil // there is nothing to say
	}
	return n, nil
}
