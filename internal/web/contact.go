package web

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"postroom/classify"
	"postroom/ingest"
	"postroom/internal/paper"
	"postroom/internal/register"
	"postroom/internal/workday"
	"postroom/templates"
)

// A contact is what a resident told one of us, as it stands in the form.
type contact struct {
	ID                 string // of the submission, so that sending it twice is once
	How, Date, Time    string
	Heard              string
	Danger             string // "yes" or "no"
	Name, Phone, Email string
	Address, Postcode  string
	ForOther           bool
	Reference          string
	Said, Want         string
	Answer             string
	Needs              []string
	Other              string // another need
	Thinks             classify.Label
	ReadBack           bool
}

// A way is how a resident can reach one of us.
type way struct {
	Value, Name string
	channel     register.Channel
}

func ways() []way {
	return []way{
		{"phone", "Phone call", register.Phone},
		{"office", "At the office", register.Visit},
		{"home", "At their home", register.Visit},
		{"colleague", "Told a colleague", register.Note},
		{"social", "Social media", register.Social},
	}
}

// needs are what residents most often need from us.
func needs() []option {
	return []option{{Value: "large", Name: "Large print"}, {Value: "language", Name: "Another language"}, {Value: "easy", Name: "Easy Read"}, {Value: "braille", Name: "Braille or audio"}}
}

type loggedRow struct {
	At, Who, Reference, How, By string
	ID                          register.ID
}

type contactPage struct {
	frame
	telling
	Form   contact
	Ways   []way
	Needs  []option
	Labels []option
	By     string // the last day of the acknowledgement of what is told now
	Ombudsman,
	Phone string
	Logged []loggedRow
	Done   *loggedContact
}

// loggedContact is what can be said at once of what was just logged.
type loggedContact struct{ Reference, By, Received, Think, Link string }

// Needed reports whether the need was ticked.
func (p contactPage) Needed(value string) bool { return slices.Contains(p.Form.Needs, value) }

func wrongIn(all []mistake, field string) string {
	for _, m := range all {
		if m.Field == field {
			return m.Text
		}
	}
	return ""
}

// logContact is the empty form, and what was logged last.
func (d *Desk) logContact(w http.ResponseWriter, r *http.Request, who register.Account) {
	now := d.c.Now().In(workday.London())
	form := contact{ID: rand.Text(), How: "phone", Date: now.Format(time.DateOnly), Time: now.Format("15:04"), Heard: who.Name}
	d.showContact(w, r, who, http.StatusOK, form, telling{})
}

func (d *Desk) showContact(w http.ResponseWriter, r *http.Request, who register.Account, status int, form contact, t telling) {
	page := contactPage{telling: t, Form: form, Ways: ways(), Needs: needs(), By: d.c.Register.AcknowledgeBy(d.c.Now()).Long()}
	title := "Log a contact"
	if len(t.Mistakes) > 0 {
		title = "Error: " + title
	}
	var err error
	if page.frame, err = d.frame(r.Context(), who, "contact", title); err != nil {
		d.failed(w, r, err)
		return
	}
	for _, l := range classify.Labels() {
		if l != classify.NotActionable {
			page.Labels = append(page.Labels, option{Value: string(l), Name: labelName(l), Chosen: form.Thinks == l})
		}
	}
	if o := d.c.Composer.Landlord.OmbudsmanOn(templates.Date(workday.DateOf(d.c.Now()))); o.Name != "" {
		page.Ombudsman, page.Phone = o.Name, o.Phone
	}
	if page.Done = d.justLogged(r, who); page.May(string(mayLook)) {
		page.Logged, err = d.loggedToday(r)
	}
	if err != nil {
		d.failed(w, r, err)
		return
	}
	d.show(w, r, status, "contact.html", page)
}

// keepContact takes down what was told, or says what has to be put right.
func (d *Desk) keepContact(w http.ResponseWriter, r *http.Request, who register.Account) {
	form := readContact(r.PostForm)
	s, wrong := form.submission(d.c.Now(), who)
	if len(wrong) > 0 {
		d.showContact(w, r, who, http.StatusUnprocessableEntity, form, telling{Mistakes: wrong})
		return
	}
	got, err := d.submit(r.Context(), s)
	if err != nil {
		d.failed(w, r, err)
		return
	}
	http.Redirect(w, r, "/contact?logged="+url.QueryEscape(got.ID), http.StatusSeeOther)
}

// submissionID is one of ours: rand.Text makes such.
var submissionID = regexp.MustCompile(`^[A-Z2-7]{26}$`)

// mostSaid bounds what a resident's words may be, in characters.
const mostSaid = 20_000

func readContact(f url.Values) contact {
	plain := func(name string) string { return strings.TrimSpace(strings.ReplaceAll(f.Get(name), "\r\n", "\n")) }
	c := contact{
		ID: f.Get("id"), How: f.Get("how"), Date: plain("date"), Time: plain("time"), Heard: oneLine(f.Get("heard")), Danger: f.Get("danger"),
		Name: oneLine(f.Get("name")), Phone: oneLine(f.Get("phone")), Email: plain("email"), Address: plain("address"), Postcode: strings.ToUpper(oneLine(f.Get("postcode"))),
		ForOther: f.Get("rep") != "", Reference: oneLine(f.Get("reference")), Said: plain("said"), Want: plain("want"), Answer: f.Get("answer"),
		Needs: f["needs"], Other: oneLine(f.Get("other")), Thinks: classify.Label(f.Get("thinks")), ReadBack: f.Get("readback") != "",
	}
	if !submissionID.MatchString(c.ID) {
		c.ID = rand.Text()
	}
	return c
}

// postal is the home in lines, the postcode last.
func postal(address, postcode string) []string {
	all := lines(strings.ReplaceAll(address, ",", "\n"))
	if postcode != "" && len(all) > 0 && !strings.Contains(strings.ReplaceAll(all[len(all)-1], " ", ""), strings.ReplaceAll(postcode, " ", "")) {
		all = append(all, postcode)
	}
	return all
}

// submission turns the form into post, or says what is wrong with it.
func (c contact) submission(now time.Time, who register.Account) (ingest.Submission, []mistake) {
	var wrong []mistake
	must := func(ok bool, field, text string) {
		if !ok {
			wrong = append(wrong, mistake{field, text})
		}
	}
	chosen := slices.IndexFunc(ways(), func(w way) bool { return w.Value == c.How })
	must(chosen >= 0, "how", "Choose how they reached us")
	received, why := heardAt(c.Date, c.Time, now)
	must(why == "", "date", why)
	must(c.Danger == "yes" || c.Danger == "no", "danger", "Say whether anyone is in danger now")
	must(c.Email == "" || isEmail(c.Email), "email", "Give an email address such as name@example.com")
	must(c.Said != "", "said", "Write down what they said")
	must(len([]rune(c.Said)) <= mostSaid, "said", "Write at most "+strconv.Itoa(mostSaid)+" characters")
	must(fits(lines(c.Want)), "want", "Write at most "+strconv.Itoa(mostLines)+" lines")
	must(c.Thinks == "" || slices.Contains(classify.Labels(), c.Thinks), "thinks", "Choose what you think it is, or leave it to the rules")
	home := postal(c.Address, c.Postcode)
	field, text := wrongAnswer(register.Wish(c.Answer), c.Name, c.Email, home)
	must(text == "", field, text)
	if len(wrong) > 0 {
		return ingest.Submission{}, wrong
	}
	return ingest.Submission{
		ID: "contact:" + who.ID + ":" + c.ID + ":" + c.digest(), Channel: ways()[chosen].channel, Source: "logged by " + who.Name, ReceivedAt: received, Basis: register.Given,
		Name: c.Name, Email: c.Email, Text: wordsOf(c.Said, c.Want), Told: c.told(who, ways()[chosen], home),
	}, nil
}

// digest is of all that was typed: who goes back to the page and takes down
// another call has taken down another one.
func (c contact) digest() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%#v", c))
	return hex.EncodeToString(sum[:16])
}

func (c contact) told(who register.Account, w way, home []string) register.Told {
	t := register.Told{
		By: who.Name, How: small(w.Name), Heard: c.Heard, Phone: c.Phone, Postal: home, Answer: register.Wish(c.Answer), Wanted: lines(c.Want), Reference: c.Reference,
		Large: slices.Contains(c.Needs, "large"), ForOther: c.ForOther, Danger: c.Danger == "yes", Thinks: c.Thinks, ReadBack: c.ReadBack, Vouched: true,
	}
	t.Needs = needsOf(c.Needs, c.Other)
	return t
}

// needsOf words what was ticked.
func needsOf(ticked []string, other string) (all []string) {
	for _, n := range needs() {
		if slices.Contains(ticked, n.Value) {
			all = append(all, n.Name)
		}
	}
	if other != "" {
		all = append(all, other)
	}
	return all
}

// wordsOf is what the rules read: what was said, and what would put it right.
func wordsOf(said, want string) string {
	if want == "" {
		return said
	}
	return said + "\n\nWhat would put it right:\n" + want
}

// wrongAnswer says what is missing for the answer that is wished.
func wrongAnswer(wish register.Wish, name, email string, home []string) (field, text string) {
	switch wish {
	case register.WishesEmail:
		if email == "" {
			return "email", "Give the email address that we should answer to"
		}
		return "", ""
	case register.WishesLetter, register.WishesPhone:
		if name == "" {
			return "name", "Give the name that we should write on the envelope"
		}
		if len(home) == 0 {
			return "address", "Give the address that we should write to"
		}
	case "none":
		return "", ""
	default:
		return "answer", "Choose how we should answer"
	}
	if _, err := paper.Address(append([]string{name}, home...)); err != nil {
		return "address", capital(err.Error())
	}
	return "", ""
}

func isEmail(s string) bool {
	parsed, err := mail.ParseAddress(s)
	return err == nil && parsed.Name == "" && parsed.Address == s && len(s) <= 254
}

// longestAgo is how many days before today something may have been told.
const longestAgo = 366

// heardAt reads when something was told.
func heardAt(date, clock string, now time.Time) (at time.Time, wrong string) {
	at, err := time.ParseInLocation("2006-01-02 15:04", date+" "+cmp.Or(clock, "12:00"), workday.London())
	switch {
	case err != nil:
		return at, "Give the day and the time when they told us"
	case at.After(now):
		return at, "Give a time that has been: nobody can have told us in the future"
	case now.Sub(at) > longestAgo*24*time.Hour:
		return at, "Give a day within the last year, or ask a manager"
	}
	return at.UTC(), ""
}

// justLogged tells what became of what the address says was logged.
func (d *Desk) justLogged(r *http.Request, who register.Account) *loggedContact {
	id := r.URL.Query().Get("logged")
	if id == "" {
		return nil
	}
	m, err := d.c.Register.GetMessage(r.Context(), id)
	if err != nil || m.Source != "logged by "+who.Name {
		return nil
	}
	done := &loggedContact{Reference: m.Reference, By: m.Deadline.Long(), Received: clockTime(m.ReceivedAt)}
	if m.Verdict != nil && m.Verdict.Label != "" {
		done.Think = small(labelName(m.Verdict.Label))
	}
	if may(who.Role, mayLook) {
		done.Link = "/messages/" + m.ID
	}
	return done
}

// loggedToday lists what officers took down today.
func (d *Desk) loggedToday(r *http.Request) ([]loggedRow, error) {
	messages, err := d.c.Register.Messages(r.Context(), workday.DateOf(d.c.Now()).Start(), rowLimit)
	var rows []loggedRow
	for _, m := range messages {
		if m.Reading == nil || m.Reading.Told == nil || !strings.HasPrefix(m.Source, "logged by ") {
			continue
		}
		rows = append(rows, loggedRow{
			At: m.RegisteredAt.In(workday.London()).Format("15:04"), Who: cmp.Or(m.Reading.From.Name, "No name given"), Reference: m.Reference,
			How: m.Reading.Told.How, By: m.Reading.Told.By, ID: m.ID,
		})
	}
	return rows, err
}
