package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"postroom/internal/register"
)

// A deed is something that an officer does with a case, by a form of its own:
// what it asks is data, so that every form keeps what was typed, says at the
// field what is wrong, and notices when somebody was quicker, all alike.
type deed struct {
	name   string // in the address
	title  func(*caseFacts) string
	button string
	about  string // a sentence or two above the form
	// offer says whether the case has this deed at all, and why not now; "" for
	// now.
	offer  func(*caseFacts) (is bool, not string)
	fields func(*deedForm) []field
	// read turns what was typed into what is to be done, and says by
	// form.wrong what has to be put right.
	read func(*deedForm) plan
	// blame is the field at which the register's refusals are told.
	blame string
	files bool                  // it takes a file
	group string                // of the page's lists: "together", "people", or the first one
	leads func(*caseFacts) bool // it is what most will do next
}

// A plan is what a form would do.
type plan struct {
	do func(context.Context) ([]register.Hint, error)
	// rehearse shows what it would send; nil: it sends nothing by itself.
	rehearse func(context.Context) ([]register.Claimed, error)
	// then is the page's address afterwards, where it is not the case's own
	// with the newest entry of its history.
	then string
}

// A deedForm is a form with what was typed into it.
type deedForm struct {
	*caseFacts
	d     *Desk
	r     *http.Request
	who   register.Account
	typed url.Values // nil: nothing yet
	wrong []mistake
	// The file that came with it: its name in the archive, what it is called,
	// and its size.
	file, fileName string
	fileSize       int64
}

// get is what stands in a field: what was typed, or what it begins with.
func (f *deedForm) get(name, first string) string {
	if f.typed == nil {
		return first
	}
	return plainText(f.typed.Get(name))
}

func (f *deedForm) must(ok bool, field, text string) {
	if !ok {
		f.wrong = append(f.wrong, mistake{field, text})
	}
}

// A deedView is a deed as the case's page offers it.
type deedView struct{ name, Href, Title, Not, Key string }

// offered lists what can be done with a case: first what most will do next.
func (d *Desk) offered(f *caseFacts, p *casePage) {
	for _, do := range d.deeds() {
		is, not := do.offer(f)
		if !is {
			continue
		}
		v := deedView{name: do.name, Href: "/cases/" + f.Reference + "/" + do.name, Title: do.title(f), Not: not}
		switch {
		case do.group == "together":
			p.Together = append(p.Together, v)
		case do.group == "people":
			p.Persons = append(p.Persons, v)
		case p.Main == nil && not == "" && do.leads != nil && do.leads(f):
			if do.name == "answer" {
				v.Key = "a"
			}
			p.Main = &v
		default:
			p.Deeds = append(p.Deeds, v)
		}
	}
}

// A deedPage is the form of a deed.
type deedPage struct {
	frame
	telling
	Reference, Name, Action string
	Tags                    []flagView
	About                   string
	Heading, Button         string
	Not                     string // why it cannot be done; the form is not shown
	Fields                  []field
	Seen                    string
	Files                   bool
	Sends                   bool // it may be shown what would go
	Preview                 []previewView
	NoPreview               string
	Issues, Outcomes        []string
	Next                    *nextView
	Clocks                  []caseClock
}

func (d *Desk) deedNamed(name string) (deed, bool) {
	all := d.deeds()
	i := slices.IndexFunc(all, func(do deed) bool { return do.name == name })
	if i < 0 {
		return deed{}, false
	}
	return all[i], true
}

// openDeed reads the case and finds the deed that the address names.
func (d *Desk) openDeed(r *http.Request, who register.Account) (*deedForm, deed, error) {
	do, known := d.deedNamed(r.PathValue("do"))
	if !known {
		return nil, do, register.ErrNotFound
	}
	facts, err := d.caseFacts(r)
	if err != nil {
		return nil, do, err
	}
	return &deedForm{caseFacts: facts, d: d, r: r, who: who}, do, nil
}

func (d *Desk) deed(w http.ResponseWriter, r *http.Request, who register.Account) {
	f, do, err := d.openDeed(r, who)
	if err == nil {
		err = d.c.Register.Viewed(r.Context(), register.ViewedCase, f.ID, who.Name)
	}
	if err != nil {
		d.failed(w, r, err)
		return
	}
	d.showDeed(w, r, f, do, http.StatusOK, telling{})
}

// doDeed carries out what a form says. One form at a time is carried out, on
// whichever machine it arrives, so that whoever saw an older case is told, and no
// form overwrites another.
func (d *Desk) doDeed(w http.ResponseWriter, r *http.Request, who register.Account) {
	if !d.readDeed(w, r) {
		return
	}
	if r.MultipartForm != nil { // net/http clears away only what it has read itself, and not a copy with a number
		defer r.MultipartForm.RemoveAll() //nolint:errcheck // the system clears its folder too
	}
	done, err := d.c.Register.TakeTurn(r.Context())
	if err != nil {
		d.failed(w, r, err)
		return
	}
	defer done()
	f, do, err := d.openDeed(r, who)
	if err != nil {
		d.failed(w, r, err)
		return
	}
	f.typed = r.PostForm
	if r.PostForm.Get("seen") != f.seen() {
		d.showDeed(w, r, f, do, http.StatusConflict, telling{Beaten: d.quicker(r, f)})
		return
	}
	if is, not := do.offer(f.caseFacts); !is || not != "" {
		d.showDeed(w, r, f, do, http.StatusUnprocessableEntity, telling{})
		return
	}
	if r.PostForm.Get("do") == "preview" {
		d.showDeed(w, r, f, do, http.StatusOK, telling{Asked: true})
		return
	}
	p, err := readPlan(r, f, do)
	if err != nil {
		d.failed(w, r, err)
		return
	}
	if len(f.wrong) > 0 {
		d.showDeed(w, r, f, do, http.StatusUnprocessableEntity, telling{Mistakes: f.wrong})
		return
	}
	d.carryOut(w, r, f, do, p)
}

// readPlan reads the form; a file that came with it is kept first.
func readPlan(r *http.Request, f *deedForm, do deed) (plan, error) {
	if do.files {
		if err := f.keepFile(r); err != nil {
			return plan{}, err
		}
	}
	return do.read(f), nil
}

func (d *Desk) carryOut(w http.ResponseWriter, r *http.Request, f *deedForm, do deed, p plan) {
	ctx := r.Context()
	hints, err := p.do(ctx)
	refused, _ := errors.AsType[*register.NotAllowedError](err)
	switch {
	case refused != nil:
		d.showDeed(w, r, f, do, http.StatusUnprocessableEntity, telling{Mistakes: []mistake{{do.blame, refused.Why}}})
		return
	case errors.Is(err, register.ErrNeedsDefinition):
		d.showDeed(w, r, f, do, http.StatusUnprocessableEntity, telling{Mistakes: []mistake{{"issues", "Write at least one thing that went wrong"}}})
		return
	case errors.Is(err, register.ErrConflict):
		d.showDeed(w, r, f, do, http.StatusConflict, telling{Beaten: d.quicker(r, f)})
		return
	case err != nil:
		d.failed(w, r, err)
		return
	}
	d.c.Owed(ctx, hints)
	d.c.Logger.InfoContext(ctx, "a case was worked on by a person", slog.String("case_ref", f.Reference), slog.String("case_id", f.ID), slog.String("account_id", f.who.ID), slog.String("deed", do.name))
	http.Redirect(w, r, d.after(ctx, f, p), http.StatusSeeOther)
}

// after is the page that says what was done: it reads it from the history.
func (d *Desk) after(ctx context.Context, f *deedForm, p plan) string {
	page := "/cases/" + f.Reference
	if p.then != "" {
		return page + p.then
	}
	if last, err := d.c.Register.LastAct(ctx, f.ID); err == nil && last.Seq > f.Last.Seq {
		page += "?done=" + strconv.FormatInt(last.Seq, 10)
	}
	return page
}

// quicker says who changed the case while a form of it was open.
func (d *Desk) quicker(r *http.Request, f *deedForm) *beaten {
	title := ""
	if events, err := d.c.Register.History(r.Context(), "case:"+f.ID); err == nil {
		for _, e := range events {
			if e.Seq == f.Last.Seq {
				title, _ = eventWords(f.caseFacts, e)
			}
		}
	}
	return &beaten{By: f.Last.By, When: clockTime(f.Last.At), What: title, Reference: f.Reference}
}

// showDeed shows a form: with what was typed, if anything was.
func (d *Desk) showDeed(w http.ResponseWriter, r *http.Request, f *deedForm, do deed, status int, t telling) {
	p := deedPage{
		telling: t, Reference: f.Reference, Name: f.name(), Action: "/cases/" + f.Reference + "/" + do.name, Tags: caseTags(f.caseFacts), About: do.about,
		Heading: do.title(f.caseFacts), Button: do.button, Seen: f.seen(), Files: do.files, Issues: f.Definition.Issues, Outcomes: f.Definition.Outcomes, Next: d.nextView(f.caseFacts),
		Clocks: d.clockViews(f.caseFacts),
	}
	is, not := do.offer(f.caseFacts)
	if p.Not = not; !is {
		p.Not = "this cannot be done with the case as it stands"
	}
	title := p.Heading + ", " + f.Reference
	if len(t.Mistakes) > 0 {
		title = "Error: " + title
	}
	var err error
	if p.frame, err = d.frame(r.Context(), f.who, "cases", title); err != nil {
		d.failed(w, r, err)
		return
	}
	p.Fields = withMistakes(do.fields(f), t.Mistakes)
	if p.Not == "" {
		if err := d.previewDeed(r, f, do, &p); err != nil {
			d.failed(w, r, err)
			return
		}
	}
	d.show(w, r, status, "case-do.html", p)
}

// previewDeed shows what the form as it stands would send: the register does
// it and undoes it.
func (d *Desk) previewDeed(r *http.Request, f *deedForm, do deed, p *deedPage) error {
	trial := &deedForm{caseFacts: f.caseFacts, d: d, r: f.r, who: f.who, typed: f.typed}
	trial.chosenFile(r)
	if trial.typed == nil {
		trial.typed = url.Values{}
		for _, field := range do.fields(f) {
			field.into(trial.typed)
		}
	}
	what := do.read(trial)
	if p.Sends = what.rehearse != nil; !p.Sends || !p.Asked {
		return nil
	}
	if len(trial.wrong) > 0 {
		p.NoPreview = trial.wrong[0].Text
		return nil
	}
	owed, err := what.rehearse(r.Context())
	refused, _ := errors.AsType[*register.NotAllowedError](err)
	switch {
	case refused != nil:
		p.NoPreview, err = strings.TrimSuffix(refused.Why, "."), nil
	case errors.Is(err, register.ErrNeedsDefinition):
		p.NoPreview, err = "Write at least one thing that went wrong", nil
	case err == nil && len(owed) == 0:
		p.NoPreview = "Nothing is sent"
	}
	for _, o := range owed {
		v, failed := d.previewOf(o)
		err = errors.Join(err, failed)
		p.Preview = append(p.Preview, v)
	}
	return err
}
