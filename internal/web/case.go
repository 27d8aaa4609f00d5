package web

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"postroom/internal/register"
	"postroom/internal/workday"
)

// A casePage is a case with all that is known of it.
type casePage struct {
	frame
	Notice    *notice
	ID        register.ID
	Reference string
	Name      string // whose case it is
	Tags      []flagView
	Next      *nextView
	Handler   string
	Standing  string // how it ended, when it has
	Signpost  *linkedView
	Alarms    []alarmView
	Issues    []string
	Outcomes  []string
	Undefined bool
	Topics    []string
	Clocks    []caseClock
	Hazards   []hazardView
	Asked     []askedView // requests for information
	Answers   []answerView
	Actions   []actionView // what the answers promise
	Lines     []lineView
	All       int // lines, shown or not
	Posts     int // of them what came or went
	Order     string
	Show      string
	History   []eventView
	Whole     bool // the history's chain is unbroken
	Letters   []lineView
	Main      *deedView // what most will do
	Deeds     []deedView
	Together  []deedView // deeds about what belongs together
	Persons   []deedView // deeds about people
	People    []personView
	GetsIt    string // who gets our replies, and how
	Postal    []string
	PostalOK  bool
	Needs     []string // what the resident needs done differently
	Related   []relatedView
	Viewers   []viewerView
	Views     []caseSeen
	MoreViews bool
	GivesFile bool // the case's file can be saved
}

// nextView is what must be done next, and by when.
type nextView struct {
	What, By, Left string
	Late           bool
	Boxes          []bool
}

// relatedView is a list of cases that have to do with this one.
type relatedView struct {
	ID, Title string
	Cases     []linkedView
}

type linkedView struct {
	Href, Reference, Why, State, About string
	Offer                              bool // to link or merge it
}

// Deed is a deed that can be done now, by its name; nil when it cannot.
func (p *casePage) Deed(name string) *deedView {
	for i, v := range p.Deeds {
		if v.name == name && v.Not == "" {
			return &p.Deeds[i]
		}
	}
	return nil
}

type hazardView struct {
	ID, Name, Known, Ended, Why string
	Open                        bool
	Duties                      []dutyView
}

type dutyView struct {
	Name, Due, Counted, Done, State, Class string
}

type answerView struct {
	ID, Title, By, State, Class, Text string
	File                              string // what it is called
	HasFile                           bool
	Remedies                          []string
}

type actionView struct {
	ID, What, Due, Done string
	Late                bool
}

type personView struct{ Name, Address, Role, Authority string }

type caseSeen struct{ When, By, What string }

// viewerView is how often somebody looked at a case.
type viewerView struct{ By, Times, Last string }

func (d *Desk) showCase(w http.ResponseWriter, r *http.Request, who register.Account) {
	f, err := d.caseFacts(r)
	if err != nil {
		d.failed(w, r, err)
		return
	}
	if err := d.c.Register.Viewed(r.Context(), register.ViewedCase, f.ID, who.Name); err != nil {
		d.failed(w, r, err)
		return
	}
	page, err := d.casePage(r, who, f)
	if err != nil {
		d.failed(w, r, err)
		return
	}
	d.show(w, r, http.StatusOK, "case.html", page)
}

func (d *Desk) casePage(r *http.Request, who register.Account, f *caseFacts) (*casePage, error) {
	p := &casePage{
		ID: f.ID, Reference: f.Reference, Name: f.name(), Tags: caseTags(f), Clocks: d.clockViews(f), Hazards: d.hazardViews(f), Asked: d.askedViews(f),
		Issues: f.Definition.Issues, Outcomes: f.Definition.Outcomes, Undefined: f.complaint() && !f.Defined, Next: d.nextView(f), Handler: f.Handler(), Standing: f.standingWords(),
	}
	var err error
	if p.frame, err = d.frame(r.Context(), who, "cases", f.Reference+", "+p.Name); err != nil {
		return nil, err
	}
	if p.Notice, err = d.caseNotice(r, who, f); err != nil {
		return nil, err
	}
	for _, t := range f.Topics {
		p.Topics = append(p.Topics, aboutWords(t))
	}
	p.answers(f, workday.DateOf(d.c.Now()))
	p.people(f)
	if p.MayDecide() {
		p.GivesFile = d.c.CaseFile != nil
		d.offered(f, p)
	}
	for _, add := range []func(*http.Request, *caseFacts, *casePage) error{d.addCaseAlarms, d.addTimeline, d.addCaseHistory, d.addRelated, d.addViews} {
		if err := add(r, f, p); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// name is whose case it is, as far as anybody knows.
func (f *caseFacts) name() string {
	if f.Resident != nil && f.Resident.Name != "" {
		return brief(f.Resident.Name, shownName)
	}
	return cmp.Or(brief(f.Correspondent.Name, shownName), f.Correspondent.Address, "Somebody whose name is not known")
}

// standingWords say how a case ended; empty while it is open.
func (f *caseFacts) standingWords() string {
	if f.ClosedAt.IsZero() {
		return ""
	}
	words := "Closed on " + workday.DateOf(f.ClosedAt).Long() + ": " + small(closeName(f.ClosedWhy)) + "."
	if f.NotAccepted != "" {
		name, _ := exclusionName(f.NotAccepted)
		words += " " + name + "."
	}
	return words
}

func (d *Desk) nextView(f *caseFacts) *nextView {
	k, asked := f.next(), f.openAsked()
	if len(asked) > 0 && (k == nil || asked[0].Due.Before(k.Counts())) {
		due := asked[0].Due
		return &nextView{What: "Give the information", By: due.Long(), Left: small(d.leftWords(due)), Late: !workday.DateOf(d.c.Now()).Before(due)}
	}
	if k == nil {
		return nil
	}
	what, _, _ := strings.Cut(clockTitle(k.Name), " stage")
	today, counts := workday.DateOf(d.c.Now()), k.Counts()
	v := &nextView{What: what, By: counts.Long(), Left: small(d.leftWords(counts)), Late: today.After(counts) || today == counts}
	total, left := d.c.Calendar.Between(k.Start, counts), d.c.Calendar.Between(today, counts)
	for i := range min(total, 20) {
		v.Boxes = append(v.Boxes, i < total-left)
	}
	return v
}

func (d *Desk) hazardViews(f *caseFacts) (all []hazardView) {
	now := d.c.Now()
	for _, h := range f.Hazards {
		v := hazardView{ID: h.ID, Name: capital(string(h.Level)) + " hazard", Known: clockTime(h.AwareAt), Open: h.EndedAt.IsZero(), Why: h.EndedWhy}
		if !v.Open {
			v.Ended = clockTime(h.EndedAt) + " by " + h.EndedBy
		}
		for _, duty := range h.Duties {
			u := dutyView{Name: plainHistory(duty.Name), Due: clockTime(duty.DueAt), Counted: duty.Counted}
			switch {
			case !duty.DoneAt.IsZero():
				u.Done, u.State, u.Class = clockTime(duty.DoneAt)+" by "+duty.DoneBy, "Done", "fine"
				if duty.Missed(now) {
					u.State, u.Class = "Done late", "care"
				}
			case !v.Open:
				u.State, u.Class = "Not needed", "dash"
			case duty.Missed(now):
				u.State, u.Class = "Late", "hot"
			default:
				u.State, u.Class = "To do", "soon"
			}
			v.Duties = append(v.Duties, u)
		}
		all = append(all, v)
	}
	return all
}

// answers fills in what was answered, and what was promised with it.
func (p *casePage) answers(f *caseFacts, today workday.Date) {
	for _, a := range slices.Backward(f.Answers) {
		v := answerView{ID: a.ID, Title: "Stage " + strconv.Itoa(a.Stage) + ": " + small(findingName(a.Outcome)), By: a.By, Text: a.Text, HasFile: a.File != "", File: cmp.Or(a.FileName, "The answer as a file"), Remedies: a.Remedies}
		switch {
		case !a.WithdrawnAt.IsZero():
			v.State, v.Class = "Withdrawn, "+clockTime(a.WithdrawnAt), "dash"
		case !a.GivenAt.IsZero():
			v.State, v.Class = "Given, "+clockTime(a.GivenAt), "fine"
		default:
			v.State, v.Class = "Not with the resident yet", "soon"
		}
		p.Answers = append(p.Answers, v)
	}
	for _, x := range f.Actions {
		v := actionView{ID: x.ID, What: x.What}
		if !x.Due.IsZero() {
			v.Due = x.Due.Long()
		}
		if v.Late = x.DoneAt.IsZero() && !x.Due.IsZero() && today.After(x.Due); !x.DoneAt.IsZero() {
			v.Done = clockTime(x.DoneAt) + " by " + x.DoneBy
		}
		p.Actions = append(p.Actions, v)
	}
}

// people fills in who belongs to the case, and what the resident needs.
func (p *casePage) people(f *caseFacts) {
	for _, who := range f.People {
		p.People = append(p.People, personView{Name: who.Address.Name, Address: who.Address.Address, Role: roleName(who.Role), Authority: who.Authority})
	}
	p.Postal, p.PostalOK = f.Postal, f.PostalOK
	p.GetsIt = who(f.Correspondent) + ", by email"
	if f.Way() == register.ByLetter {
		p.GetsIt = cmp.Or(f.Correspondent.Name, "Somebody whose name is not known") + ", by letter"
	}
	if f.Resident == nil {
		return
	}
	a := f.Resident.Adjustments
	for _, need := range []struct {
		is    bool
		words string
	}{
		{a.PhoneOnly, "Ring, do not write"},
		{a.LargePrint, "Large print"},
		{a.Language != "", "Reads best: " + a.Language},
		{a.SafeContact != "", "Write only to " + a.SafeContact},
		{a.Note != "", a.Note},
	} {
		if need.is {
			p.Needs = append(p.Needs, need.words)
		}
	}
}

func (d *Desk) addCaseAlarms(r *http.Request, f *caseFacts, p *casePage) error {
	alarms, err := d.c.Register.CaseAlarms(r.Context(), f.ID)
	for _, a := range alarms {
		if a.TakenAt.IsZero() {
			p.Alarms = append(p.Alarms, alarmView{Alarm: a})
		}
	}
	return err
}

func (d *Desk) addTimeline(r *http.Request, f *caseFacts, p *casePage) error {
	all, err := d.timeline(r, f)
	if err != nil {
		return err
	}
	p.All, p.Show, p.Order = len(all), r.URL.Query().Get("show"), r.URL.Query().Get("order")
	for _, v := range all {
		if v.Post {
			p.Posts++
			p.Letters = append(p.Letters, v)
		}
		if v.Post || p.Show != "post" {
			p.Lines = append(p.Lines, v)
		}
	}
	if p.Order == "old" {
		slices.Reverse(p.Lines)
	}
	return nil
}

// addCaseHistory lists every entry of the case's own history, as it is kept.
func (d *Desk) addCaseHistory(r *http.Request, f *caseFacts, p *casePage) error {
	events, err := d.c.Register.History(r.Context(), "case:"+f.ID)
	p.Whole = register.HistoryWhole(events)
	for _, e := range events {
		p.History = append(p.History, eventView{When: clockTime(e.At), What: plainHistory(e.What), By: e.By, Detail: e.Words})
	}
	return err
}

// shownViews bounds how many views of a case its page lists.
const shownViews = 200

// addViews says who looked at the case, to those who answer for it.
func (d *Desk) addViews(r *http.Request, f *caseFacts, p *casePage) error {
	if !p.May(string(mayManage)) {
		return nil
	}
	views, err := d.c.Register.CaseViews(r.Context(), f.ID, shownViews+1)
	if p.MoreViews = len(views) > shownViews; p.MoreViews {
		views = views[:shownViews]
	}
	times := map[string]int{}
	for _, v := range views {
		p.Views = append(p.Views, caseSeen{clockTime(v.At), v.By, viewName(v.What)})
		if times[v.By]++; times[v.By] == 1 {
			p.Viewers = append(p.Viewers, viewerView{By: v.By, Last: clockTime(v.At)})
		}
	}
	for i, v := range p.Viewers {
		p.Viewers[i].Times = plural(times[v.By], "time")
	}
	return err
}

// answerFile hands out the file of an answer.
func (d *Desk) answerFile(w http.ResponseWriter, r *http.Request, who register.Account) {
	f, err := d.caseFacts(r)
	if err != nil {
		d.failed(w, r, err)
		return
	}
	i := slices.IndexFunc(f.Answers, func(a register.Answer) bool { return a.ID == r.PathValue("id") && a.File != "" })
	if i < 0 {
		d.failed(w, r, register.ErrNotFound)
		return
	}
	a := f.Answers[i]
	err = d.c.Screen.Pass(r.Context(), a.File)
	switch {
	case err != nil:
	case a.Outgoing != "":
		err = d.c.Register.Viewed(r.Context(), register.ViewedSent, a.Outgoing, who.Name)
	default: // they had it by another way
		err = d.c.Register.Viewed(r.Context(), register.ViewedCase, f.ID, who.Name)
	}
	if err != nil {
		d.failed(w, r, err)
		return
	}
	d.download(w, r, a.File, "answer-"+f.Reference, a.FileName)
}
