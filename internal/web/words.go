package web

import (
	"strconv"
	"strings"
	"time"

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
	case register.FailsafeAlarm:
		return "Nobody decided in time"
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
		return "Forwarded to the service team"
	case register.Alert:
		return "Alert"
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

// plainHistory turns an event's name into words.
func plainHistory(what string) string {
	return capital(strings.ReplaceAll(what, "_", " "))
}

// capital begins a sentence.
func capital(s string) string { return strings.ToUpper(s[:min(1, len(s))]) + s[min(1, len(s)):] }
