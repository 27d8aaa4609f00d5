package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"postroom/classify"
	"postroom/internal/reference"
	"postroom/internal/register"
	"postroom/internal/terms"
	"postroom/internal/workday"
)

// foundAtOnce is how many cases a page of the search lists.
const foundAtOnce = 50

// deepestPage bounds how far a search is leafed through: who is further down
// asks for less.
const deepestPage = 200

// A bit is a part of a text; Hit: it is what was looked for.
type bit struct {
	Text string
	Hit  bool
}

// A foundRow is a case or message in the list of a search.
type foundRow struct {
	register.Found
	Link, Came            string
	Title, Place, Words   []bit
	StateName, StateClass string
	More                  string // beside the state
	Due, Left             string
	Late                  bool
}

// A choosing is one of the lists that a search is kept to.
type choosing struct {
	Name, Label string
	Options     []option
}

type searchPage struct {
	frame
	Q         string
	Filters   []choosing
	From, To  string
	DueTo     string
	Heading   string
	With      string // what was understood
	Rows      []foundRow
	Missing   string // the reference that no case has
	Near      []foundRow
	Wrong     string // what cannot be searched for
	CSV       string
	Sort      string // the address of the other order
	SoonFirst bool
	Previous  string
	Next      string
	Page      int
}

// search lists what a query finds, as a page or to be saved.
func (d *Desk) search(w http.ResponseWriter, r *http.Request, who register.Account) {
	query := r.URL.Query()
	s, wrong := readSearch(query)
	if query.Get("as") == "csv" && wrong == "" {
		d.searchCSV(w, r, who, s)
		return
	}
	page := searchPage{Q: strings.TrimSpace(query.Get("q")), From: query.Get("from"), To: query.Get("to"), DueTo: query.Get("due"), Wrong: wrong, SoonFirst: s.SoonFirst, Page: s.Skip/foundAtOnce + 1}
	title := "Cases"
	if page.Q != "" {
		title = "Cases: “" + cut(page.Q, 60) + "”"
	}
	var err error
	if page.frame, err = d.frame(r.Context(), who, "cases", title); err != nil {
		d.failed(w, r, err)
		return
	}
	officers, err := d.c.Register.Officers(r.Context())
	if err != nil {
		d.failed(w, r, err)
		return
	}
	page.Filters = filters(query, officers)
	if wrong == "" {
		if err := d.fillSearch(r, &page, s); err != nil {
			d.failed(w, r, err)
			return
		}
	}
	d.show(w, r, http.StatusOK, "search.html", page)
}

// fillSearch looks, and says what was looked for.
func (d *Desk) fillSearch(r *http.Request, page *searchPage, s register.Search) error {
	found, n, more, near, err := d.look(r, page, s)
	if err != nil {
		return err
	}
	for _, f := range found {
		page.Rows = append(page.Rows, d.foundRow(f, s.Terms))
	}
	for _, f := range near {
		page.Near = append(page.Near, d.foundRow(f, nil))
	}
	page.Heading = strconv.Itoa(n) + " found"
	if more {
		page.Heading = "More than " + strconv.Itoa(n) + " found"
	}
	page.With = understood(s)
	page.CSV = again(r.URL, "as", "csv")
	page.Sort = again(r.URL, "sort", "due")
	if s.SoonFirst {
		page.Sort = again(r.URL, "sort", "")
	}
	if page.Page > 1 {
		page.Previous = again(r.URL, "page", strconv.Itoa(page.Page-1))
	}
	if (n > s.Skip+foundAtOnce || more) && page.Page < deepestPage && len(found) == foundAtOnce {
		page.Next = again(r.URL, "page", strconv.Itoa(page.Page+1))
	}
	return nil
}

// look finds by reference where one was typed, however it was typed, and else
// by words. A reference with a wrong character finds nothing, but what it may
// have been is offered.
func (d *Desk) look(r *http.Request, page *searchPage, s register.Search) (found []register.Found, n int, more bool, near []register.Found, err error) {
	ref, wrong := reference.Parse(page.Q)
	if wrong == nil {
		found, n, more, err = d.c.Register.Search(r.Context(), register.Search{Reference: ref})
		if err != nil || n > 0 {
			return found, n, more, nil, err
		}
		page.Missing = ref
	}
	if errors.Is(wrong, reference.ErrCheck) {
		page.Missing = strings.ToUpper(page.Q)
		for _, other := range reference.Near(page.Q) {
			one, _, _, err := d.c.Register.Search(r.Context(), register.Search{Reference: other})
			if err != nil {
				return nil, 0, false, nil, err
			}
			near = append(near, one...)
		}
	}
	if page.Q != "" && len(s.Terms) == 0 {
		return nil, 0, false, near, nil // nothing that can be looked for: that is not everything
	}
	found, n, more, err = d.c.Register.Search(r.Context(), s)
	return found, n, more, near, err
}

// readSearch reads the query; what it does not know is not asked.
func readSearch(q url.Values) (s register.Search, wrong string) {
	s = register.Search{
		Terms: terms.Typed(q.Get("q")), State: register.SearchState(q.Get("state")), Topic: q.Get("topic"), Channel: register.Channel(q.Get("channel")),
		Officer: cut(q.Get("officer"), 100), SoonFirst: q.Get("sort") == "due", N: foundAtOnce,
	}
	kind, stage, _ := strings.Cut(q.Get("kind"), "-")
	s.Kind = register.CaseKind(kind)
	s.Stage, _ = strconv.Atoi(stage) // none asks for none
	if !slices.Contains(classify.Topics(), s.Topic) {
		s.Topic = ""
	}
	if !slices.Contains(register.Channels(), s.Channel) {
		s.Channel = ""
	}
	for _, day := range []struct {
		name string
		into *workday.Date
	}{{"from", &s.From}, {"to", &s.To}, {"due", &s.DueTo}} {
		text := q.Get(day.name)
		if text == "" {
			continue
		}
		date, err := workday.ParseDate(text)
		if err != nil || date.Year < 1990 || date.Year > 2200 {
			return s, "Give dates as in 2026-11-25"
		}
		*day.into = date
	}
	if page, _ := strconv.Atoi(q.Get("page")); page > 1 { // none is the first
		s.Skip = (min(page, deepestPage) - 1) * foundAtOnce
	}
	return s, ""
}

// filters are the lists that a search can be kept to.
func filters(q url.Values, officers []string) []choosing {
	pick := func(name, label, all string, options ...option) choosing {
		options = append([]option{{Name: all}}, options...)
		for i := range options {
			options[i].Chosen = options[i].Value == q.Get(name)
		}
		return choosing{name, label, options}
	}
	var topics, channels, people []option
	for _, t := range classify.Topics() {
		topics = append(topics, option{Value: t, Name: topicName(t)})
	}
	for _, c := range register.Channels() {
		channels = append(channels, option{Value: string(c), Name: capital(channelName(c))})
	}
	for _, o := range officers {
		people = append(people, option{Value: o, Name: o})
	}
	return []choosing{
		pick("state", "State", "Open and closed", option{Value: string(register.FoundOpen), Name: "Open"}, option{Value: string(register.FoundLate), Name: "Open and late"},
			option{Value: string(register.FoundClosed), Name: "Closed"}, option{Value: string(register.FoundReview), Name: "Messages to be decided"}, option{Value: string(register.FoundRecorded), Name: "Messages without a case"}),
		pick("kind", "Kind", "All kinds", option{Value: "complaint-1", Name: "Complaint, stage 1"}, option{Value: "complaint-2", Name: "Complaint, stage 2"},
			option{Value: "service_request", Name: "Service request"}, option{Value: "enquiry", Name: "Enquiry"}),
		pick("topic", "Topic", "All topics", topics...),
		pick("channel", "Came by", "Any way", channels...),
		pick("officer", "Handled by", "Anyone", people...),
	}
}

// again is the same query with one thing changed, from its first page.
func again(u *url.URL, name, value string) string {
	q := u.Query()
	q.Del("page")
	q.Del("as")
	q.Set(name, value)
	if value == "" {
		q.Del(name)
	}
	for _, k := range []string{"q", "state", "kind", "topic", "channel", "officer", "from", "to", "due"} {
		if q.Get(k) == "" {
			q.Del(k)
		}
	}
	return "/cases?" + q.Encode()
}

// understood says in words what was looked for.
func understood(s register.Search) string {
	var all []string
	for _, t := range s.Terms {
		all = append(all, "“"+t.Word+"”")
	}
	text := ""
	if len(all) > 0 {
		text = "with " + strings.Join(all, " and ")
	}
	if !s.From.IsZero() {
		text += " received since " + s.From.Long()
	}
	if !s.To.IsZero() {
		text += " received until " + s.To.Long()
	}
	if !s.DueTo.IsZero() {
		text += " due by " + s.DueTo.Long()
	}
	return strings.TrimSpace(text)
}

// foundRow words a row of the list.
func (d *Desk) foundRow(f register.Found, all []terms.Term) foundRow {
	row := foundRow{
		Found: f, Link: "/messages/" + f.Message, Came: channelName(f.Channel) + ", " + shortDate(f.ReceivedAt.In(workday.London())),
		Title: hits(f.Who, all), Place: hits(f.Place, all), Words: hits(f.About, all), Due: "–",
	}
	if f.Case != "" {
		row.Link = "/cases/" + f.Reference
	}
	if f.Who == "" {
		row.Title = []bit{{Text: "(no name)"}}
	}
	if f.Private {
		row.Place, row.Words = nil, []bit{{Text: "(not shown in lists)"}}
	}
	row.StateName, row.StateClass, row.More = foundState(f)
	if !f.Due.IsZero() && f.State != register.FoundClosed {
		row.Due = shortDay(f.Due)
		row.Left, row.Late = d.until(f.Due)
	}
	return row
}

// until says how far off a day is.
func (d *Desk) until(day workday.Date) (words string, late bool) {
	today := workday.DateOf(d.c.Now())
	days := func(n int, rest string) string {
		if n == 1 {
			return "1 day " + rest
		}
		return strconv.Itoa(n) + " days " + rest
	}
	switch {
	case day == today:
		return "Today", false
	case day.Before(today):
		return days(max(1, d.c.Calendar.Between(day, today)), "late"), true
	}
	return days(d.c.Calendar.Between(today, day), "left"), false
}

func foundState(f register.Found) (name, class, more string) {
	switch f.Kind {
	case register.ComplaintCase:
		name, class = "Stage "+strconv.Itoa(f.Stage), map[int]string{1: "full", 2: "two"}[f.Stage]
	case register.ServiceRequestCase:
		name, class = "Service request", "ask"
	case register.EnquiryCase:
		name = "Enquiry"
	default:
		return "Message", "dash", map[register.SearchState]string{register.FoundReview: "waits for a person", register.FoundRecorded: "recorded, no reply"}[f.State]
	}
	if f.State == register.FoundClosed {
		return name, "", "closed"
	}
	return name, class, "open"
}

// hits parts a text into what was looked for and the rest.
func hits(text string, all []terms.Term) []bit {
	var bits []bit
	done := 0
	for _, s := range terms.Spans(text) {
		if !slices.ContainsFunc(all, func(t terms.Term) bool { return t.Fits(s.Word) }) {
			continue
		}
		if s.Start > done {
			bits = append(bits, bit{Text: text[done:s.Start]})
		}
		bits = append(bits, bit{text[s.Start:s.End], true})
		done = s.End
	}
	if done < len(text) {
		bits = append(bits, bit{Text: text[done:]})
	}
	return bits
}
