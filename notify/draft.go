package notify

import (
	"fmt"
	"strings"
	"time"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/workday"
	"postroom/templates"
)

// wordsFor picks the template of an outgoing.
func wordsFor(o register.Claimed) (kind, form string) {
	switch o.Kind {
	case register.Acknowledgement:
		form = string(o.Form)
	case register.Receipt:
		form = "follow_up"
		if o.TheCase == nil || o.TheCase.Kind == register.EnquiryCase && o.TheCase.Message == o.Message {
			form = "enquiry"
		}
	case register.Alert:
		form = alarmOf(o)
	case register.ServiceNotice, register.Clarification, register.Extension, register.AnswerNotice, register.NotAcceptedNotice, register.Forward, register.MorningDigest:
	}
	return string(o.Kind), form
}

// alarmOf is the kind of alarm that an alert sounds: its note begins with it.
func alarmOf(o register.Claimed) string {
	kind, _, ok := strings.Cut(o.Note, ": ")
	if !ok {
		return ""
	}
	switch k := register.AlarmKind(kind); k {
	case register.EmergencyAlarm, register.SafeguardingAlarm, register.DeadlineAlarm, register.UnsentAlarm, register.BrakeAlarm, register.FailsafeAlarm, register.HazardAlarm, register.MalwareAlarm:
		return string(k)
	}
	return ""
}

// reply gathers what the words are written from.
func (c *Composer) reply(o register.Claimed, now time.Time) templates.Reply {
	r := templates.Reply{
		Landlord: c.Landlord, Today: templates.Date(workday.DateOf(now)), Reference: o.Reference, Stage: max(1, o.Stage),
		Letter: o.Way == register.ByLetter,
	}
	if m := o.TheMessage; m != nil {
		r.Received = templates.Date(workday.DateOf(m.ReceivedAt))
		r.Channel = channelWords(m.Channel)
		if m.Verdict != nil {
			r.Topics, r.Care = m.Verdict.Topics, m.Verdict.Has(classify.Vulnerable)
			r.Emergency, r.Hazard = m.Verdict.HazardLevel == classify.Emergency, string(m.Verdict.HazardLevel)
		}
		if m.Reading != nil {
			r.Files = len(m.Reading.Attachments)
		}
	}
	r.Corrects = o.Kind == register.Acknowledgement && o.Note == register.CorrectsEarlier
	c.fromCase(&r, o)
	fromOfficer(&r, o.About)
	if ourPeople(o.Kind) {
		c.forOurPeople(&r, o)
	}
	return r
}

// fromCase adds what the case knows. The correspondent's name and words are
// said only where they may be said back.
func (c *Composer) fromCase(r *templates.Reply, o register.Claimed) {
	k := o.TheCase
	if k == nil {
		return
	}
	r.Complaint = k.Kind == register.ComplaintCase
	r.AnswerBy = answerBy(o)
	if k.MayQuote {
		r.Name = k.Correspondent.Name
		if strings.EqualFold(r.Name, k.Correspondent.Address) {
			r.Name = ""
		}
	}
	if k.MayQuote && (o.Form == register.Defined || o.Kind == register.Forward || o.Kind == register.AnswerNotice) {
		r.Issues, r.Outcomes = k.Definition.Issues, k.Definition.Outcomes
	}
	if o.Kind != register.Receipt && len(k.Topics) > 0 {
		r.Topics = k.Topics
	}
	if o.Kind != register.Receipt && k.HazardLevel == classify.Emergency {
		r.Emergency, r.Hazard = true, string(k.HazardLevel)
	}
}

// fromOfficer adds what an officer gave the reply to say.
func fromOfficer(r *templates.Reply, a *register.About) {
	if a == nil {
		return
	}
	r.Reason, r.OldDate, r.NewDate = []string{a.Reason}, templates.Date(a.OldDate), templates.Date(a.NewDate)
	r.Outcome, r.Answer, r.Remedies = string(a.Outcome), []string{a.Text}, a.Remedies
	r.Exclusion, r.Questions, r.Enclosed = string(a.Exclusion), a.Questions, a.FileName
	if a.Digest != nil {
		fromDigest(r, *a.Digest)
	}
	for _, action := range a.Actions {
		r.Actions = append(r.Actions, templates.Action{What: action.What, Due: templates.Date(action.Due)})
	}
}

// fromDigest adds the morning's list, in words.
func fromDigest(r *templates.Reply, d register.DigestFacts) {
	for _, line := range d.DueToday {
		r.DueToday = append(r.DueToday, line.Reference+": "+dueWords(line.What))
	}
	for _, line := range d.Overdue {
		r.Overdue = append(r.Overdue, line.Reference+": "+dueWords(line.What)+", due on "+line.Due.Long())
	}
	if d.Left > 0 {
		r.Troubles = append(r.Troubles, fmt.Sprintf("%d more are not listed here.", d.Left))
	}
	for _, f := range []templates.Figure{
		{Name: "Waiting for a decision", Value: d.Waiting},
		{Name: "Not read yet", Value: d.Unread},
		{Name: "Letters to print", Value: d.Tray},
		{Name: "Replies held for a person", Value: d.Held},
		{Name: "Replies that failed", Value: d.Failed},
		{Name: "Alarms nobody has taken", Value: d.Alarms},
		{Name: "Promised work that is late", Value: d.Promises},
		{Name: "Duties about hazards due by tonight", Value: d.Hazards},
	} {
		if f.Value > 0 {
			r.Figures = append(r.Figures, f)
		}
	}
	r.Troubles = append(r.Troubles, d.Troubles...)
}

// dueWords says in words what is due: "stage1_answer" is "stage 1 answer".
func dueWords(what string) string {
	return strings.ReplaceAll(strings.Replace(what, "stage", "stage ", 1), "_", " ")
}

// answerBy is the day that counts for the answer of the outgoing's stage. A
// receipt says it only for a complaint whose answer has not been given.
func answerBy(o register.Claimed) templates.Date {
	name := workday.Stage1Answer
	if o.Stage == 2 {
		name = workday.Stage2Answer
	}
	for _, k := range o.Clocks {
		if k.Name == name && (o.Kind != register.Receipt && o.Kind != register.Clarification || k.MetAt.IsZero() && o.TheCase.Kind == register.ComplaintCase) {
			return templates.Date(k.Counts())
		}
	}
	return templates.Date{}
}

func (c *Composer) forOurPeople(r *templates.Reply, o register.Claimed) {
	if o.Kind == register.Alert {
		_, note, ok := strings.Cut(o.Note, ": ")
		if !ok || alarmOf(o) == "" {
			note = o.Note
		}
		r.What = capital(note)
		if o.TheMessage != nil {
			r.Deadline = templates.Date(o.TheMessage.Deadline)
		}
	}
	if o.Kind == register.MorningDigest {
		r.Link = c.Landlord.StaffPages
	}
	if c.Landlord.StaffPages != "" && o.Message != "" {
		r.Link = strings.TrimSuffix(c.Landlord.StaffPages, "/") + "/messages/" + o.Message
	}
}

// capital makes a note a sentence.
func capital(s string) string {
	s = strings.TrimSpace(s)
	if s == "" {
		return ""
	}
	s = strings.ToUpper(s[:1]) + s[1:]
	if !strings.ContainsAny(s[len(s)-1:], ".!?") {
		s += "."
	}
	return s
}

func channelWords(c register.Channel) string {
	switch c {
	case register.Email, register.Letter, register.Phone:
		return string(c)
	case register.WebForm:
		return "our form"
	case register.Visit:
		return "a visit"
	case register.Note:
		return "a colleague of ours"
	case register.Social:
		return "social media"
	case register.Portal:
		return "the portal"
	}
	return ""
}

// A Shown reply is what would go out, for somebody to look at.
type Shown struct {
	Channel  string `json:"channel"` // "email", "letter" or "none"
	Why      string `json:"why"`     // why nothing would be sent, or it would be held; else empty
	Template string `json:"template"`
	Subject  string `json:"subject"`
	Text     string `json:"text"`
}

// Preview writes the reply that a plan owes the writer of a message, without a
// register. The message carries its reading and verdict; definition is what
// would be said back, and answer the last day of the answer, if there is one.
// The error is about the words alone.
func (c *Composer) Preview(m register.Message, f register.Facts, p register.Plan, answer workday.Date, s GuardSettings, now time.Time) (Shown, error) {
	shown := Shown{Channel: "none", Why: p.Why}
	for _, reply := range p.Replies {
		if ourPeople(reply.Kind) {
			continue
		}
		o := wouldOwe(m, f, p, reply, answer)
		shown.Why = ""
		if v := Guard(o, s); v.Decision != Send {
			shown.Why = v.Reason
			if o.Way != register.ByLetter { // a letter is shown all the same: a person will look at it
				return shown, nil
			}
		}
		kind, form := wordsFor(o)
		words, err := c.Words.Render(kind, form, c.reply(o, now))
		if err != nil {
			return shown, fmt.Errorf("notify: preview: %w", err)
		}
		return Shown{Channel: string(o.Way), Why: shown.Why, Template: words.Name, Subject: words.Subject, Text: words.Text}, nil
	}
	return shown, nil
}

// wouldOwe is the outgoing that the register would owe, as a worker would
// claim it.
func wouldOwe(m register.Message, f register.Facts, p register.Plan, reply register.PlannedReply, answer workday.Date) register.Claimed {
	stage := max(1, p.Stage)
	k := &register.Case{
		Reference: m.Reference, Kind: p.Opens, Stage: p.Stage, Message: m.ID, Correspondent: f.Reading.ReplyAddress(),
		Channel: m.Channel, Definition: f.Verdict.Definition, MayQuote: f.Words || f.Reading.MayQuote(),
		Topics: f.Verdict.Topics, Flags: f.Verdict.Flags, HazardLevel: f.Verdict.HazardLevel, Postal: f.Reading.PostalAddress,
	}
	if way, _ := register.Asked(f.Verdict); way == register.ByLetter {
		k.Channel = register.Letter
	}
	if p.Opens == "" {
		k.Kind, k.Message = f.Joined.Kind, ""
	}
	m.Reading, m.Verdict = &f.Reading, &f.Verdict
	o := register.Claimed{
		Outgoing: register.Outgoing{
			ID: "preview", Kind: reply.Kind, Form: reply.Form, Stage: stage, Message: m.ID, Reference: m.Reference, Ordinal: 1,
			Way: k.Way(), To: k.Correspondent,
		},
		TheCase: k, TheMessage: &m,
	}
	name := workday.Stage1Answer
	if stage == 2 {
		name = workday.Stage2Answer
	}
	if !answer.IsZero() {
		o.Clocks = []register.Clock{{Name: name, Due: answer}}
	}
	return o
}

// Show writes what an outgoing would say if it went out now, for somebody to
// look at.
func (c *Composer) Show(o register.Claimed, now time.Time) (Shown, error) {
	c = c.speaking(o)
	kind, form := wordsFor(o)
	words, err := c.Words.Render(kind, form, c.reply(o, now))
	if err != nil {
		return Shown{}, fmt.Errorf("notify: show %s: %w", o.Kind, err)
	}
	return Shown{Channel: string(o.Way), Template: words.Name, Subject: words.Subject, Text: words.Text}, nil
}
