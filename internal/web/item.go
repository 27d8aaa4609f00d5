package web

import (
	"cmp"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/workday"
)

// An evidenceView is a reason of the rules, in the words of the rule; its id
// stands for them in verdicts from before they were kept. Marked: it has words
// in the text that lead to it and back.
type evidenceView struct {
	Number                         int
	Rule, Quote, For, Value, Class string
	Marked                         bool
}

type clockView struct {
	Name, Due, Met string
	Steps          []string
}

type eventView struct{ When, What, By, Detail string }

type attachmentView struct {
	register.Attachment
	Size string
	What string
	Href string // where it can be had; empty: nowhere
}

// A caseView is a case that a message may belong to.
type caseView struct {
	ID, Reference, About, State, Why string
	Message                          register.ID
}

type alarmView struct {
	register.Alarm
	Taken string
}

// An option is one choice of a form.
type option struct {
	Value, Name, Hint string
	Key               string // that chooses it
	Chosen            bool
}

type itemPage struct {
	frame
	row
	telling
	Waits        bool // for a decision
	Known        bool // its case is there already: the fail-safe opened it, or it joined one
	Taken        *takenView
	Lang         string
	Headers      []Hint
	WholeSubject string // where the heading could not hold it
	Problem      string
	AuthWhy      string
	Trusted      bool
	DecidedBy    string
	Reason       string
	Size         string
	Stamp        [3]string
	Paragraphs   [][]span
	Quoted       []string
	Evidence     []evidenceView
	Lesser       []evidenceView // reasons that weigh less
	Issues       []string
	Outcomes     []string
	Attachments  []attachmentView // the first of them
	Further      []attachmentView // the others, folded away
	Attached     int              // how many there are
	Held         *heldView        // why its files may not be opened; nil: they may
	HasPage      bool             // that can be shown as it looked
	Pages        []pageView       // of a scanned letter
	Repairs      []string
	Notes        []string
	Alarms       []alarmView
	Near         []caseView
	Clocks       []clockView
	Replies      []replyRow
	History      []eventView

	Form                                              draft
	Labels                                            []option
	People                                            []option
	Topics, MoreTopics, FlagChoices, Hazards, Seconds []option
	ByLetter                                          bool // nobody can be chosen
	RulesThink                                        string
	OtherPerson                                       string // why the writer may not be the person concerned
	JoinedCase                                        *caseView
	RulesVersion                                      string
	Preview                                           []previewView
	NoPreview                                         string // why there is none
}

func (d *Desk) message(w http.ResponseWriter, r *http.Request, who register.Account) {
	if err := d.c.Register.Viewed(r.Context(), register.ViewedMessage, r.PathValue("id"), who.Name); err != nil {
		d.failed(w, r, err)
		return
	}
	t := telling{}
	if r.URL.Query().Has("undone") {
		t.Notice = "The decision is undone. Nothing of it was sent, and the message waits again."
	}
	d.showItem(w, r, who, r.PathValue("id"), http.StatusOK, nil, t)
}

// showItem shows a message; with a draft, the form as it was typed.
func (d *Desk) showItem(w http.ResponseWriter, r *http.Request, who register.Account, id register.ID, status int, form *draft, t telling) {
	m, err := d.c.Register.GetMessage(r.Context(), id)
	if err != nil {
		d.failed(w, r, err)
		return
	}
	page := itemPage{
		row: d.row(m), telling: t, Problem: problem(m), DecidedBy: m.DecidedBy, Size: size(m.Size),
		Waits: m.State == register.InReview, Known: m.Case != "", Form: firstDraft(m),
	}
	if form != nil {
		page.Form = *form
		if m.Version != form.Version || !page.Waits {
			status = http.StatusConflict
			if page.Beaten, err = d.whoWasQuicker(r, m); err != nil {
				d.failed(w, r, err)
				return
			}
		}
		page.Form.Version = m.Version
	}
	title := page.Subject
	if len(t.Mistakes) > 0 {
		title = "Error: " + title
	}
	if page.frame, err = d.frame(r.Context(), who, "queue", title); err != nil {
		d.failed(w, r, err)
		return
	}
	page.read(m)
	if err = d.addHeld(r, m, &page); err != nil {
		d.failed(w, r, err)
		return
	}
	if page.Held == nil {
		page.Pages = d.firstPages(m, "/messages/"+m.ID+"/pages")
	}
	page.choices(m)
	for _, add := range []func(*http.Request, register.Message, *itemPage) error{d.addTaken, d.addLooked, d.addCase, d.addNear, d.addAlarms, d.addDecision, d.addHistory, d.addPreview} {
		if err := add(r, m, &page); err != nil {
			d.failed(w, r, err)
			return
		}
	}
	if page.HasPage {
		w.Header().Set("Content-Security-Policy", framesOwn)
	}
	d.show(w, r, status, "item.html", page)
}

// How many reasons a page lists, and how many of them unfolded.
const (
	mostReasons  = 40
	shownReasons = 8
)

// read fills in what was read and what the rules thought of it.
func (p *itemPage) read(m register.Message) {
	at := m.ReceivedAt.In(workday.London())
	p.Stamp = [3]string{strings.ToUpper(at.Format("2 Jan 2006")), at.Format("15:04") + " by " + channelName(m.Channel), m.ReceivedAt.Format("2006-01-02T15:04:05Z07:00")}
	if v := m.Verdict; v != nil {
		p.Why, p.Issues, p.Outcomes, p.RulesVersion = capital(shortWhy(v.Why)), v.Definition.Issues, v.Definition.Outcomes, v.RulesVersion
	}
	rs := reasons(m.Verdict)
	rs = rs[:min(len(rs), mostReasons)]
	if m.Reading != nil {
		p.Paragraphs = marked(m.Reading.NewText, rs)
	}
	p.Evidence = p.views(rs)
	if len(p.Evidence) > shownReasons {
		p.Evidence, p.Lesser = p.Evidence[:shownReasons], p.Evidence[shownReasons:]
	}
	rd := m.Reading
	if rd == nil {
		return
	}
	p.Lang = language(m)
	p.Headers = headers(rd)
	if p.Subject != rd.Subject {
		p.WholeSubject = rd.Subject
	}
	p.AuthWhy, p.Trusted, p.Repairs, p.Notes, p.OtherPerson = rd.AuthWhy, rd.MayQuote(), rd.Repairs, rd.Notes, rd.ComplainantWhy
	p.attach(m, rd.Attachments)
	if strings.TrimSpace(rd.Text) != strings.TrimSpace(rd.NewText) {
		p.Quoted = strings.Split(strings.TrimSpace(rd.Text), "\n")
	}
}

// shownAttachments are listed openly: a mail may have a thousand.
const shownAttachments = 20

func (p *itemPage) attach(m register.Message, all []register.Attachment) {
	views := make([]attachmentView, len(all))
	for i, a := range all {
		what, how := attachedWords(a.ContentType, a.Filename)
		views[i] = attachmentView{Attachment: a, Size: size(a.Size), What: what}
		if m.Channel != register.Letter && how != keepsShut {
			views[i].Href = fmt.Sprintf("/messages/%s/attachments/%d", m.ID, i+1)
		}
	}
	open := min(len(all), shownAttachments)
	p.Attachments, p.Further, p.Attached = views[:open], views[open:], len(all)
}

// views words the reasons, and notes which have a mark in the text to lead to.
func (p *itemPage) views(rs []reason) []evidenceView {
	views := make([]evidenceView, len(rs))
	for i, e := range rs {
		views[i] = evidenceView{Number: i + 1, Rule: cmp.Or(e.Why, strings.ReplaceAll(e.Rule, "-", " ")), Quote: e.Quote, For: forName(e.Label), Class: e.Class}
		if e.Class != "risk" {
			views[i].Value = strings.ReplaceAll(fmt.Sprintf("%+.1f", e.Weight), "-", "−")
		}
	}
	for _, paragraph := range p.Paragraphs {
		for _, s := range paragraph {
			if s.Mark > 0 {
				views[s.Mark-1].Marked = true
			}
		}
	}
	return views
}

func headers(rd *register.Reading) []Hint {
	var all []Hint
	add := func(name string, as []register.Address) {
		var names []string
		for _, a := range as {
			names = append(names, who(a))
		}
		if len(names) > 0 {
			all = append(all, Hint{name, strings.Join(names, ", ")})
		}
	}
	if len(rd.ReplyTo) > 0 && rd.ReplyAddress().Address != rd.From.Address {
		add("Reply to", rd.ReplyTo)
	}
	if t := rd.Told; t != nil {
		all = append(all, toldHints(t)...)
	}
	add("To", rd.To)
	add("Copy", rd.Cc)
	return all
}

// choices fills in what the form offers.
func (p *itemPage) choices(m register.Message) {
	for i, l := range classify.Labels() {
		p.Labels = append(p.Labels, option{Value: string(l), Name: labelName(l), Hint: labelSends(l), Key: strconv.Itoa(i + 1), Chosen: p.Form.Label == l})
	}
	if m.Verdict != nil && m.Verdict.Label != "" {
		p.RulesThink = small(labelName(m.Verdict.Label))
	}
	p.marks()
	if m.Reading == nil {
		return
	}
	if p.ByLetter = onPaper(m); p.ByLetter {
		p.People = []option{{Value: "writer", Name: strings.Join(append([]string{cmp.Or(m.Reading.From.Name, "The writer")}, m.Reading.PostalAddress...), ", "), Hint: "by letter", Chosen: true}}
		return
	}
	if writer := m.Reading.ReplyAddress(); writer.Address != "" {
		p.People = append(p.People, option{Value: "writer", Name: who(writer), Hint: "who wrote", Chosen: p.Form.To == "writer"})
	}
	if other := m.Reading.Complainant; other.Address != "" {
		p.People = append(p.People, option{Value: "complainant", Name: who(other), Hint: m.Reading.ComplainantWhy, Chosen: p.Form.To == "complainant"})
	}
}
