package registertest

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/workday"
)

// mostStories is how many cases of a large register are lived through; the
// others are copies of them.
const mostStories = 1000

// storyYears is how far the stories go back.
const storyYears = 6

// Many makes an empty register hold n messages, of a case each, over the last
// six years. A thousand of them go the whole way, each at its own time: the
// complaints of more than two weeks ago are answered and closed, the service
// requests done. All others are copies of these, with ids, references, names,
// addresses and words of their own, chained histories and entries of the
// search as they would have been made: the register finds no contradiction in
// itself. Taking in a million would take half an hour. Originals are not in
// any archive.
func Many(tb testing.TB, c register.Config, n int) {
	tb.Helper()
	ManyOf(tb, c, n, min(n, mostStories))
}

// ManyOf is Many with copies of so many stories.
func ManyOf(tb testing.TB, c register.Config, n, stories int) {
	tb.Helper()
	must(tb, makeRegister(c))
	told := tell(tb, c, stories)
	w, err := openBulk(c)
	must(tb, err)
	p := newPress(c)
	for i, s := range told {
		copies := n / stories
		if i < n%stories {
			copies++
		}
		must(tb, w.write(s.tables, p.print(s, copies)))
	}
	must(tb, w.finish())
}

func makeRegister(c register.Config) error {
	r, err := register.Connect(context.Background(), c)
	if err != nil {
		return err
	}
	return r.Close()
}

// A story is what a register holds of one message and its case.
type story struct {
	number  int
	message register.ID
	tables  []storyTable
	words   []string // by which the search finds the case
}

// tell lives through stories in a register beside, the newest last.
func tell(tb testing.TB, c register.Config, n int) []*story {
	tb.Helper()
	end := c.Now()
	moment := end
	at := func(day time.Time) time.Time { return workday.DateOf(day).Start().Add(9 * time.Hour) }
	beside := SQLite(tb, c)
	beside.Now = func() time.Time { return moment }
	r, err := register.Connect(context.Background(), beside)
	must(tb, err)
	all := make([]*story, n)
	for i := range all {
		began := at(end.AddDate(0, 0, -1-(n-1-i)*storyYears*365/n))
		moment = began
		o := settle(tb, r, began, 1, func(int) register.Opening { return storyOpening(i) })[0]
		all[i] = &story{number: i, message: o.Message}
		if moment = began.AddDate(0, 0, 9); moment.Before(end.AddDate(0, 0, -5)) {
			finishStory(tb, r, i, o.Case, moment)
		}
	}
	must(tb, r.Close())
	db, err := sql.Open("sqlite", beside.DSN)
	must(tb, err)
	defer db.Close() //nolint:errcheck // only read
	must(tb, readStories(db, all))
	return all
}

// finishStory answers a complaint in time and closes it; one in ten was
// withdrawn.
func finishStory(tb testing.TB, r *register.Register, i int, id register.ID, at time.Time) {
	tb.Helper()
	why, officer := register.ClosedDone, []string{"Priya", "Sam", "Marta", "Owen"}[i%4]
	switch {
	case isRequest(i):
	case i%10 == 0:
		why = register.ClosedWithdrawn
	default:
		why = register.ClosedAnswered
		_, err := r.Answer(context.Background(), register.Answering{
			Case: id, Stage: 1, By: officer, Outcome: register.Findings()[i%3], GivenAt: at,
			Text: "We are sorry. We have repaired what was broken, and you will get £50 for the time that it took.",
		})
		must(tb, err)
	}
	must(tb, r.CloseCase(context.Background(), id, officer, why, "the resident said so on the telephone"))
}

func isRequest(i int) bool { return i%3 == 2 }

// What the stories are about, by topic.
var storyTopics = []struct{ topic, subject, text string }{
	{"repairs", "Heating", "The heating has been off since last week and nobody has come to repair the boiler"},
	{"damp_mould", "Mould", "There is black mould in the bedroom again and the children are coughing every night"},
	{"noise", "Noise", "The neighbours above play loud music until three in the morning and nobody does anything"},
	{"parking", "Parking", "Somebody parks in my bay every day and the office has not answered my letters"},
	{"charges", "Service charge", "The service charge went up again and nobody can tell me what it is for"},
	{"staff", "How I was spoken to", "The person on the telephone was rude to me and put the receiver down"},
}

func storyOpening(i int) register.Opening {
	about, label := storyTopics[i%len(storyTopics)], classify.Complaint
	if isRequest(i) {
		label = classify.ServiceRequest
	}
	v := Verdict(label)
	v.Topics = []string{about.topic}
	v.Definition = classify.Definition{Issues: []string{about.text + "."}, Outcomes: []string{"Put it right."}}
	v.Evidence = []classify.Evidence{{Rule: "nobody", Label: string(label), Weight: 2.5, Quote: about.text, Start: 0, End: len(about.text)}}
	s := storyMarks(i)
	rd := Reading(s.mail, s.address, about.text+". "+s.words+".\nKind regards, "+s.name)
	rd.From.Name, rd.Subject = s.name, about.subject
	rd.PostalAddress = []string{s.street, "Millhaven", s.postcode}
	return register.Opening{Verdict: v, Reading: rd}
}

// marks are what a person's story has of its own.
type marks struct{ name, address, mail, street, postcode, words string }

func (m marks) list() []string {
	return []string{m.name, m.address, m.mail, m.street, m.postcode, m.words}
}

// mailMark is the place of a mail's id among them, by which nothing is found.
const mailMark = 2

// storyMarks stand in a story where each copy has its own.
func storyMarks(i int) marks {
	letters := strings.Map(func(r rune) rune { return 'a' + r - '0' }, strconv.Itoa(i)) // "17" is "bh"
	return marks{
		name: "Zqfirst" + letters + " Zqlast", address: "zqfrom" + letters + "@zq.invalid", mail: "zqmail" + letters + "@zq.invalid",
		street: "Zqstreet" + letters + " Row", postcode: "ZQ9 9ZQ", words: "zqwords" + letters,
	}
}
