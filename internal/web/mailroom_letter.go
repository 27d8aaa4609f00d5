package web

import (
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"postroom/ingest"
	"postroom/internal/malware"
	"postroom/internal/register"
	"postroom/internal/workday"
)

// A partView is a page of a file that is parted, with what was chosen for it.
type partView struct {
	pageView
	Small   string
	Chosen  string // begin, on, drop
	IsFirst bool
	Asked   bool // because of this page the file is held: nothing is chosen for the clerk
}

// A typedForm is what a clerk types in of a letter.
type typedForm struct {
	Version                  int64
	Text, Name, Lines, Dated string
}

type paperPage struct {
	frame
	telling
	row
	Refused string
	Stamped string
	Unread  string // why it could not be read
	Held    bool   // it has to be parted first
	Several bool   // it can be parted
	Pages   []pageView
	Parts   []partView
	Form    typedForm
	Today   string
}

// thePaper reads a letter that waits for somebody to look at its paper. The
// mailroom opens what could not be read; other letters are for reviewers.
func (d *Desk) thePaper(w http.ResponseWriter, r *http.Request, who register.Account) (register.Message, bool) {
	m, err := d.c.Register.GetMessage(r.Context(), r.PathValue("id"))
	if err == nil && (m.Channel != register.Letter || m.State == register.InReview && m.PaperWork() == register.NoPaperWork && !may(who.Role, mayLook)) {
		err = register.ErrNotFound
	}
	if err != nil {
		d.failed(w, r, err)
		return m, false
	}
	if m.State != register.InReview {
		d.problem(w, r, http.StatusConflict, "Somebody has seen to it", m.Reference+" waits no more: it was typed in, parted or decided on in the meantime. Nothing of yours was changed. Go back to the mailroom for the next one.")
		return m, false
	}
	return m, true
}

func (d *Desk) paperLetter(w http.ResponseWriter, r *http.Request, who register.Account) {
	m, ok := d.thePaper(w, r, who)
	if !ok {
		return
	}
	if err := d.c.Register.Viewed(r.Context(), register.ViewedMessage, m.ID, who.Name); err != nil {
		d.failed(w, r, err)
		return
	}
	d.showPaper(w, r, who, http.StatusOK, m, paperPage{Form: typedBefore(m)})
}

// typedBefore is what the form begins with: what was read, where anything was.
func typedBefore(m register.Message) typedForm {
	f := typedForm{Version: m.Version}
	if rd := m.Reading; rd != nil {
		f.Text, f.Name, f.Lines = rd.Text, rd.From.Name, strings.Join(rd.PostalAddress, "\n")
		if rd.Paper != nil {
			f.Dated = rd.Paper.Dated
		}
	}
	return f
}

// showPaper shows a letter's pages beside what is to be typed or chosen.
func (d *Desk) showPaper(w http.ResponseWriter, r *http.Request, who register.Account, status int, m register.Message, page paperPage) {
	base := "/mailroom/letters/" + m.ID
	page.row, page.Unread, page.Today = d.row(m), capital(strings.TrimSuffix(unreadWhy(m), ".")), workday.DateOf(d.c.Now()).String()
	if held, err := d.c.Screen.Held(r.Context(), m.Original); err != nil {
		d.failed(w, r, err)
		return
	} else if held != nil {
		page.Unread = malware.Words(*held)
	}
	page.Stamped, page.Held = workday.DateOf(m.ReceivedAt).Long(), m.PaperWork() == register.PartIt
	page.Pages, page.Several = d.pageViews(m, base+"/pages"), len(letterPages(m)) > 1
	if page.Parts == nil {
		page.Parts = partViews(page.Pages, r.PostForm, askedPage(m))
	}
	page.Form.Version = m.Version
	title := "Letter " + m.Reference
	if page.Held {
		title = "File " + m.Reference
	}
	if len(page.Mistakes) > 0 {
		title = "Error: " + title
	}
	var err error
	if page.frame, err = d.frame(r.Context(), who, "mailroom", title); err != nil {
		d.failed(w, r, err)
		return
	}
	d.show(w, r, status, "mailroom-letter.html", page)
}

// askedPage is the page that the reason names for which a file is held; 0 when
// it names none.
func askedPage(m register.Message) int {
	number, _, _ := strings.Cut(strings.TrimPrefix(unreadWhy(m), "page "), " ")
	page, _ := strconv.Atoi(number)
	return page
}

func partViews(pages []pageView, chosen url.Values, asked int) []partView {
	parts := make([]partView, len(pages))
	for i, p := range pages {
		parts[i] = partView{pageView: p, Small: p.Src + "?small=1", Chosen: chosen.Get("p-" + strconv.Itoa(p.Number)), IsFirst: i == 0, Asked: p.Number == asked}
		switch {
		case parts[i].Chosen != "" || parts[i].Asked:
		case i == 0:
			parts[i].Chosen = "begin"
		default:
			parts[i].Chosen = "on"
		}
	}
	return parts
}

// paperPicture shows a page of it.
func (d *Desk) paperPicture(w http.ResponseWriter, r *http.Request, who register.Account) {
	if m, ok := d.thePaper(w, r, who); ok {
		d.sendPicture(w, r, m, who)
	}
}

func readTypedForm(form url.Values) typedForm {
	return typedForm{
		Text: strings.ReplaceAll(form.Get("text"), "\r\n", "\n"), Name: strings.TrimSpace(form.Get("name")),
		Lines: form.Get("lines"), Dated: strings.TrimSpace(form.Get("dated")),
	}
}

// version is that of the message to which the form was made.
func version(form url.Values) int64 {
	v, _ := strconv.ParseInt(form.Get("version"), 10, 64) // none: it has changed since
	return v
}

// What may be typed in of a letter, in characters.
const mostTyped = 100_000

// typeIn makes what was typed the reading of a letter.
func (d *Desk) typeIn(w http.ResponseWriter, r *http.Request, who register.Account) {
	m, ok := d.thePaper(w, r, who)
	if !ok {
		return
	}
	f := readTypedForm(r.PostForm)
	l := ingest.TypedLetter{Message: m.ID, Version: version(r.PostForm), By: who.Name, Text: strings.TrimSpace(f.Text), Name: f.Name, Address: splitLines(f.Lines)}
	var wrong []mistake
	switch {
	case l.Text == "":
		wrong = append(wrong, mistake{"text", "Type in what the letter says"})
	case !within(f.Text, mostTyped):
		wrong = append(wrong, mistake{"text", "Shorten the text: at most 100,000 characters are kept"})
	}
	if !within(f.Name, mostName) || !within(f.Lines, mostAddress) {
		wrong = append(wrong, mistake{"name", "Shorten the name and address: seven lines fit on an envelope"})
	}
	if f.Dated != "" {
		var err error
		if l.Dated, err = workday.ParseDate(f.Dated); err != nil {
			wrong = append(wrong, mistake{"dated", "Write the day that the letter says, such as 2026-11-20, or leave it empty"})
		}
	}
	page := paperPage{Form: f, telling: telling{Mistakes: wrong}}
	if len(wrong) > 0 {
		d.showPaper(w, r, who, http.StatusUnprocessableEntity, m, page)
		return
	}
	d.paperDone(w, r, who, m, page, "typed in", d.c.Uploads.Intake.TypeIn(r.Context(), l, d.c.Prefixes))
}

// partFile says which letters a file holds.
func (d *Desk) partFile(w http.ResponseWriter, r *http.Request, who register.Account) {
	m, ok := d.thePaper(w, r, who)
	if !ok {
		return
	}
	p := register.Parting{File: m.ID, Version: version(r.PostForm), By: who.Name}
	for i, number := range letterPages(m) {
		switch r.PostForm.Get("p-" + strconv.Itoa(i+1)) {
		case "begin":
			p.Begins = append(p.Begins, number)
		case "drop":
			p.Dropped = append(p.Dropped, number)
		}
	}
	page := paperPage{Form: typedBefore(m)}
	if n := unsaid(r.PostForm, m); n > 0 {
		page.Mistakes = []mistake{{"parts", "Look at page " + strconv.Itoa(n) + ", and say whether a letter begins there"}}
	} else if len(p.Begins) == 0 {
		page.Mistakes = []mistake{{"parts", "Say on which page a letter begins"}}
	}
	if len(page.Mistakes) > 0 {
		d.showPaper(w, r, who, http.StatusUnprocessableEntity, m, page)
		return
	}
	d.paperDone(w, r, who, m, page, "parted", d.c.Uploads.Intake.PartFile(r.Context(), p))
}

// unsaid is a page of which the form says nothing, the one because of which the
// file is held first; 0: it speaks of all. Nobody has looked at such a page, and
// it would go to whoever wrote the letter before it.
func unsaid(form url.Values, m register.Message) int {
	silent := func(n int) bool { return form.Get("p-"+strconv.Itoa(n)) == "" }
	pages := len(letterPages(m))
	if asked := askedPage(m); asked > 0 && asked <= pages && silent(asked) {
		return asked
	}
	for n := 1; n <= pages; n++ {
		if silent(n) {
			return n
		}
	}
	return 0
}

// paperDone shows what became of it.
func (d *Desk) paperDone(w http.ResponseWriter, r *http.Request, who register.Account, m register.Message, page paperPage, what string, err error) {
	if why := whyNot(err); why != "" {
		now, ok := d.thePaper(w, r, who)
		if !ok {
			return
		}
		page.Refused = why
		d.showPaper(w, r, who, http.StatusConflict, now, page)
		return
	}
	if err != nil {
		d.failed(w, r, err)
		return
	}
	d.c.Logger.InfoContext(r.Context(), "a letter was dealt with by hand", slog.String("did", what), slog.String("message_id", m.ID), slog.String("account_id", who.ID))
	http.Redirect(w, r, "/mailroom?paper="+url.QueryEscape(m.ID), http.StatusSeeOther)
}

// paperNotice tells what became of a letter that was typed in or parted.
func (d *Desk) paperNotice(r *http.Request, id register.ID) (*notice, error) {
	m, err := d.c.Register.GetMessage(r.Context(), id)
	if err != nil || m.Channel != register.Letter {
		return nil, err
	}
	n := &notice{Strong: m.Reference + "."}
	switch m.State {
	case register.Split:
		parts, err := d.c.Register.PartsOf(r.Context(), m.ID)
		n.Text = "Parted into " + counted(len(parts), "letter") + ". Each is read now, and goes to a reviewer where the rules are not sure."
		return n, err
	case register.Arrived:
		n.Text = "Taken. It is judged in a moment, and goes to a reviewer where the rules are not sure."
		return n, nil
	case register.InReview, register.Filed, register.Recorded:
		if m.Reading == nil || m.Reading.Paper == nil || m.Reading.Paper.Typed == "" {
			return nil, nil //nolint:nilnil // nothing was done
		}
		n.Text = "Typed in. " + stateName(m) + "."
	}
	return n, nil
}
