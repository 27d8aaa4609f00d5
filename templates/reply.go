package templates

import (
	"strings"
	"time"
)

// A Date is a civil day, in no zone. The zero value is no date.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// IsZero reports whether d is no date.
func (d Date) IsZero() bool { return d == Date{} }

func (d Date) after(e Date) bool {
	if d.Year != e.Year {
		return d.Year > e.Year
	}
	if d.Month != e.Month {
		return d.Month > e.Month
	}
	return d.Day > e.Day
}

// A Landlord is who writes.
type Landlord struct {
	Name         string
	Team         string   // who signs, such as "Complaints team"
	Address      []string // postal, a line each
	Phone        string
	Hours        string // when the phone is answered, in words
	OutOfHours   string // phone for emergencies, day and night
	Email        string
	Website      string // an https address, or empty
	StaffPages   string // base address of the pages for staff, or empty
	Ombudsman    []Ombudsman
	ComplaintsAt string // the web address of the complaints policy, or empty
}

// An Ombudsman is the free help outside the landlord, with the details that
// hold from a day on: they change, and old ones still circulate.
type Ombudsman struct {
	From    Date // the zero date: always
	Name    string
	Phone   string
	Website string
	Address []string
}

// DefaultOmbudsman is the Housing Ombudsman for England. Since 13 January 2026
// it takes no new cases by email.
func DefaultOmbudsman() []Ombudsman {
	return []Ombudsman{{
		Name:    "Housing Ombudsman Service",
		Phone:   "0300 111 3000",
		Website: "https://www.housing-ombudsman.org.uk",
		Address: []string{"PO Box 1484", "Unit D", "Preston", "PR2 0ET"},
	}}
}

// OmbudsmanOn is the one whose details hold on the day.
func (l Landlord) OmbudsmanOn(day Date) Ombudsman {
	var best Ombudsman
	for _, o := range l.Ombudsman {
		if !o.From.after(day) && !best.From.after(o.From) {
			best = o
		}
	}
	return best
}

// Problems lists what a landlord's details lack for replies to be written, in
// sentences for the person who configures them.
func (l Landlord) Problems(today Date) []string {
	var all []string
	for _, need := range []struct{ value, words string }{
		{l.Name, "name: the landlord's name is missing"},
		{l.Phone, "phone: every reply gives a phone number"},
		{l.OutOfHours, "out_of_hours: every reply gives the number for emergencies"},
		{l.OmbudsmanOn(today).Name, "ombudsman: there are no details for the Ombudsman that hold today"},
	} {
		if strings.TrimSpace(need.value) == "" {
			all = append(all, need.words)
		}
	}
	return all
}

// A Reply is what one reply is written from. What a kind does not use may be
// empty.
type Reply struct {
	Landlord  Landlord
	Today     Date // the day of writing, in London
	Reference string
	Name      string // of the correspondent; empty: written without one
	Stage     int    // 1 or 2 for an acknowledgement
	AnswerBy  Date   // the last day of the answer; zero where there is none; it may have passed (Late)
	Received  Date   // the day the message came
	Emergency bool   // somebody may be in danger
	Complaint bool   // a receipt: the case is a complaint
	Letter    bool   // it goes on paper: nobody can reply to it by a click

	Issues         []string // what went wrong, in the resident's words
	Outcomes       []string // what they want, in the resident's words
	Topics         []string // by id, as in terms.txt; one without words is not named
	NotResponsible []string // what the landlord does not answer for, in its own words
	RepairRef      string   // reference of work that carries on; empty when there is none

	// What an officer writes: paragraphs in the landlord's own words.
	Reason    []string // of an extension, or why a complaint is not accepted
	OldDate   Date     // of the answer, before an extension
	NewDate   Date
	Outcome   string // of an answer, as in terms.txt
	Answer    []string
	Enclosed  string // the name of the file that goes with it; empty: none
	Remedies  []string
	Actions   []Action
	Exclusion string // why a complaint is not accepted, as in terms.txt
	Questions []string

	// For the landlord's own people only.
	What     string // what happened, in our words
	Deadline Date
	Link     string // to the page about it, or empty
	Channel  string
	Hazard   string // "", "significant" or "emergency"
	Care     bool   // somebody at more risk than others
	Corrects bool   // it takes the place of something else that we told about the same message
	Files    int    // how many attachments came with it

	// The morning's list.
	DueToday []string
	Overdue  []string
	Figures  []Figure
	Troubles []string // sentences
}

// Late reports whether the day of the answer has passed: it is said so, and
// never promised.
func (r Reply) Late() bool { return !r.AnswerBy.IsZero() && r.Today.after(r.AnswerBy) }

// A Figure is one number of the morning's list.
type Figure struct {
	Name  string
	Value int
}

// An Action is something that an answer promises, and by when.
type Action struct {
	What string
	Due  Date // the zero date: no day was named
}

// tidy makes each value one clean line, so that no value can pass for markup,
// and takes out of quotations what must not be said back.
func (s *Set) tidy(r Reply) Reply {
	l := &r.Landlord
	for _, p := range []*string{
		&l.Name, &l.Team, &l.Phone, &l.Hours, &l.OutOfHours, &l.Email, &l.Website, &l.StaffPages, &l.ComplaintsAt,
		&r.Reference, &r.RepairRef, &r.What, &r.Link, &r.Channel, &r.Hazard, &r.Enclosed,
	} {
		*p = oneLine(*p)
	}
	l.Address = lines(l.Address)
	r.NotResponsible = lines(r.NotResponsible)
	for _, own := range []*[]string{&r.Reason, &r.Answer, &r.Remedies, &r.Questions, &r.DueToday, &r.Overdue, &r.Troubles} {
		*own = plain(*own)
	}
	actions := make([]Action, 0, len(r.Actions))
	for _, a := range r.Actions {
		if what := plain([]string{a.What}); len(what) > 0 {
			actions = append(actions, Action{What: what[0], Due: a.Due})
		}
	}
	r.Actions = actions
	r.Name = personName(r.Name)
	r.Issues = s.quotations(r.Issues)
	r.Outcomes = s.quotations(r.Outcomes)
	return r
}

// plain makes paragraphs of what an officer wrote, none of which passes for
// markup.
func plain(all []string) []string {
	var kept []string
	for _, text := range all {
		for line := range strings.Lines(text) {
			line = strings.TrimLeft(oneLine(line), "=!@->| ")
			if line != "" {
				kept = append(kept, line)
			}
		}
	}
	return kept
}

func lines(all []string) []string {
	var kept []string
	for _, line := range all {
		if line = oneLine(line); line != "" {
			kept = append(kept, line)
		}
	}
	return kept
}
