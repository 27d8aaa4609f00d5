package web

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/workday"
)

func labelName(l classify.Label) string {
	switch l {
	case classify.Complaint:
		return "Complaint"
	case classify.Stage2:
		return "Stage 2 request"
	case classify.ServiceRequest:
		return "Service request"
	case classify.FollowUp:
		return "Follow-up"
	case classify.Enquiry:
		return "Enquiry"
	case classify.NotActionable:
		return "Not for us"
	}
	return "Undecided"
}

func labelClass(l classify.Label) string {
	switch l {
	case classify.Complaint:
		return "full"
	case classify.Stage2:
		return "two"
	case classify.ServiceRequest:
		return "ask"
	case classify.NotActionable:
		return "dash"
	case classify.FollowUp, classify.Enquiry:
	}
	return ""
}

func alarmName(k register.AlarmKind) string {
	switch k {
	case register.EmergencyAlarm:
		return "Emergency"
	case register.SafeguardingAlarm:
		return "Somebody may be in danger"
	case register.DeadlineAlarm:
		return "A deadline is near"
	case register.UnsentAlarm:
		return "A reply did not go"
	case register.BrakeAlarm:
		return "The brake on outgoing mail is on"
	case register.HazardAlarm:
		return "The law's time for a hazard"
	case register.FailsafeAlarm:
		return "Nobody decided in time"
	case register.MalwareAlarm:
		return "Malware in what came"
	}
	return string(k)
}

func stateName(m register.Message) string {
	switch m.State {
	case register.Arrived:
		return "Registered, being read"
	case register.InReview:
		return "Waits for a person"
	case register.Filed:
		return "Has its case"
	case register.Recorded:
		return "Recorded, no reply"
	case register.Split:
		return "Split into its letters"
	}
	return string(m.State)
}

func outgoingState(s register.OutgoingState) (name, class string) {
	switch s {
	case register.Owed:
		return "Owed", "dash"
	case register.Sending:
		return "Being sent", "dash"
	case register.ToPrint:
		return "To be printed and posted", "dash"
	case register.Delivered:
		return "Sent", "fine"
	case register.Held:
		return "Held for a person", "soon"
	case register.Failed:
		return "Refused", "care"
	case register.Uncertain:
		return "Nobody knows whether it arrived", "care"
	case register.Cancelled:
		return "No longer owed", "dash"
	}
	return string(s), ""
}

func kindName(o register.Outgoing) string {
	switch o.Kind {
	case register.Acknowledgement:
		name := "Acknowledgement, stage " + strconv.Itoa(o.Stage)
		if o.Form == register.Holding {
			name += ", holding form"
		}
		return name
	case register.ServiceNotice:
		return "Service request notice"
	case register.Receipt:
		return "Receipt"
	case register.Clarification:
		return "Question"
	case register.Extension:
		return "Extension"
	case register.AnswerNotice:
		return "Answer, stage " + strconv.Itoa(o.Stage)
	case register.NotAcceptedNotice:
		return "Not accepted"
	case register.Forward:
		return "Forward to the service team"
	case register.Alert:
		return "Alert"
	case register.MorningDigest:
		return "The morning's list"
	}
	return string(o.Kind)
}

type flagView struct{ Name, Class string }

func flagViews(v *classify.Verdict) []flagView {
	if v == nil {
		return nil
	}
	var out []flagView
	for _, f := range v.Flags {
		switch f {
		case classify.Hazard:
			if v.HazardLevel == classify.Emergency {
				out = append(out, flagView{"Emergency", "hot"})
			} else {
				out = append(out, flagView{"Hazard", "hot"})
			}
		case classify.Safeguarding:
			out = append(out, flagView{"Safeguarding", "hot"})
		case classify.Vulnerable:
			out = append(out, flagView{"Vulnerable", "care"})
		case classify.Legal:
			out = append(out, flagView{"Legal", "dash"})
		case classify.Representative:
			out = append(out, flagView{"Representative", "dash"})
		case classify.WantsLetter:
			out = append(out, flagView{"Wants a letter", "dash"})
		case classify.InformationRequest:
			out = append(out, flagView{"Asks for information", "dash"})
		}
	}
	return out
}

// clockTime is a moment as an officer reads it.
func clockTime(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.In(workday.London()).Format("Mon 2 Jan 15:04")
}

// daysLeft says in words how many working days are left, and draws as many
// boxes as the deadline has days, the used ones filled.
func (d *Desk) daysLeft(m register.Message) (words string, boxes []bool, late bool) {
	today := workday.DateOf(d.c.Now())
	total := d.c.Calendar.Between(workday.DateOf(m.ReceivedAt), m.Deadline)
	left := d.c.Calendar.Between(today, m.Deadline)
	for i := range min(total, 20) {
		boxes = append(boxes, i < total-left)
	}
	switch {
	case today.After(m.Deadline):
		return "Late", boxes, true
	case today == m.Deadline || left == 0:
		return "Today", boxes, true
	case left == 1:
		return "1 day left", boxes, false
	}
	return strconv.Itoa(left) + " days left", boxes, false
}

// plainHistory turns the name of an event or a clock into words.
func plainHistory(what string) string {
	words := strings.ReplaceAll(what, "_", " ")
	return capital(strings.NewReplacer("stage1", "stage 1", "stage2", "stage 2").Replace(words))
}

// Strangers choose how long a subject and a name are: in headings and lists
// they stay within so many characters.
const (
	shownSubject = 200
	shownName    = 100
)

// capital begins a sentence.
func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	return string(unicode.ToUpper(r)) + s[n:]
}

func who(a register.Address) string {
	switch {
	case a.Address == "" && a.Name == "":
		return "(no address)"
	case a.Name == "" || a.Name == a.Address:
		return a.Address
	case a.Address == "": // who is written to on paper
		return a.Name
	}
	return brief(a.Name, shownName) + " <" + a.Address + ">"
}

func percent(p float64) string {
	if p == 0 {
		return ""
	}
	return strconv.Itoa(int(p*100+1e-9)) + " %" // rounded down, as the rules' reasons are
}

// deciding picks the first words that counted towards the label.
func deciding(v *classify.Verdict, n int) []string {
	var words []string
	for _, e := range v.Evidence {
		if e.Label == string(v.Label) && e.Weight > 0 && e.Quote != "" && len(words) < n {
			words = append(words, e.Quote)
		}
	}
	return words
}

// labelSends says what choosing a label sends.
func labelSends(l classify.Label) string {
	switch l {
	case classify.Complaint:
		return "acknowledged at stage 1"
	case classify.Stage2:
		return "acknowledged at stage 2"
	case classify.ServiceRequest:
		return "notice, and on to the team"
	case classify.FollowUp, classify.Enquiry:
		return "short receipt"
	case classify.NotActionable:
		return "nothing is sent"
	}
	return ""
}

// forName is what a weight counts for: a label, a flag or a topic.
func forName(s string) string {
	for _, l := range classify.Labels() {
		if string(l) == s {
			return small(labelName(l))
		}
	}
	return strings.ReplaceAll(s, "_", " ")
}

func channelName(c register.Channel) string {
	if c == register.Social {
		return "social media"
	}
	return string(c)
}

// signName is the sign of a case that a message carries.
func signName(why string) string {
	switch why {
	case "our_message_id":
		return "an answer to our mail about it"
	case "reference":
		return "its reference"
	case "thread":
		return "an answer to a mail that belongs to it"
	}
	return "a sign of it"
}

// language is the message's, where it is known and not English.
func language(m register.Message) string {
	l := ""
	if m.Reading != nil {
		l = m.Reading.Language
	}
	if m.Verdict != nil && m.Verdict.Language != "" {
		l = m.Verdict.Language
	}
	if l == "und" || l == "en" {
		return ""
	}
	return l
}

func caseRow(c register.Case) caseView {
	v := caseView{ID: c.ID, Reference: c.Reference, Message: c.Message}
	if len(c.Definition.Issues) > 0 {
		v.About = cut(c.Definition.Issues[0], 160)
	}
	switch c.Kind {
	case register.ComplaintCase:
		v.State = "Complaint, stage " + strconv.Itoa(c.Stage)
	case register.ServiceRequestCase:
		v.State = "Service request"
	case register.EnquiryCase:
		v.State = "Enquiry"
	}
	v.State += ", since " + c.OpenedAt.In(workday.London()).Format("2 Jan 2006")
	if !c.ClosedAt.IsZero() {
		v.State += ", closed"
	}
	return v
}

// dangerous reports whether a message stands first in the queue.
func dangerous(m register.Message) bool {
	return m.Verdict != nil && (m.Verdict.HazardLevel != classify.NoHazard || m.Verdict.Has(classify.Safeguarding))
}

// size is a number of bytes as people read it.
func size(n int64) string {
	switch {
	case n < 1000:
		return strconv.FormatInt(n, 10) + " bytes"
	case n < 1_000_000:
		return strconv.FormatInt((n+500)/1000, 10) + " kB"
	}
	return strconv.FormatFloat(float64(n)/1e6, 'f', 1, 64) + " MB"
}

// shortDate is a day in a table that goes back years, such as "1 Dec 2026".
func shortDate(t time.Time) string { return t.Format("2 Jan 2006") }

// shortDay is a date in a table, such as "Tue 1 Dec".
func shortDay(d workday.Date) string { return d.Start().In(workday.London()).Format("Mon 2 Jan") }

// small begins within a sentence.
func small(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	return string(unicode.ToLower(r)) + s[n:]
}
