package web

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"postroom/internal/register"
	"postroom/internal/workday"
)

// A lineView is a line of a case's timeline: in, out, hurt, or a plain note.
type lineView struct {
	at        time.Time
	ISO       string
	Day, Hour string
	Class     string
	Title     string
	Short     string // for a list
	Quote     string // the resident's words
	Lang      string
	Said      string // what the officer gave as the reason
	Text      []string
	Links     []linkView
	Post      bool // what came or went
}

type linkView struct {
	Href, Name string
	Theirs     bool // a resident's words
	Save       bool
}

// excerpt bounds how much of a message its line says.
const excerpt = 240

// timeline is all that happened, the newest first.
func (d *Desk) timeline(r *http.Request, f *caseFacts) ([]lineView, error) {
	var all []lineView
	corrected := map[time.Time]string{} // why a receipt was corrected: said of the message, told of the case
	for _, m := range f.Messages {
		all = append(all, messageLine(f, m))
		more, err := d.messageEvents(r, f, m, corrected)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	letters, err := d.c.Register.CaseLetters(r.Context(), f.ID)
	if err != nil {
		return nil, err
	}
	replies := f.Replies
	for _, c := range f.Merged {
		theirs, err := d.c.Register.CaseOutgoings(r.Context(), c.ID)
		if err != nil {
			return nil, err
		}
		replies = append(replies, theirs...)
	}
	for _, o := range replies {
		all = append(all, replyLines(o, letters)...)
	}
	alarms, err := d.c.Register.CaseAlarms(r.Context(), f.ID)
	if err != nil {
		return nil, err
	}
	for _, a := range alarms {
		all = append(all, alarmLine(a))
	}
	events, err := d.c.Register.History(r.Context(), "case:"+f.ID)
	if err != nil {
		return nil, err
	}
	for _, e := range events {
		if e.What == "received_corrected" {
			e.Words = corrected[e.At]
		}
		if v, ok := eventLine(f, e); ok {
			all = append(all, v)
		}
	}
	year := d.c.Now().In(workday.London()).Year()
	for i, v := range all {
		if at := v.at.In(workday.London()); at.Year() != year {
			all[i].Day = at.Format("Mon 2 Jan 2006")
		}
	}
	slices.SortStableFunc(all, func(a, b lineView) int { return b.at.Compare(a.at) })
	return all, nil
}

func line(at time.Time, class, title string, text ...string) lineView {
	local := at.In(workday.London())
	v := lineView{at: at, ISO: local.Format("2006-01-02T15:04:05Z07:00"), Day: local.Format("Mon 2 Jan"), Hour: local.Format("15:04"), Class: class, Title: title}
	for _, t := range text {
		if t != "" {
			v.Text = append(v.Text, t)
		}
	}
	return v
}

func messageLine(f *caseFacts, m register.Message) lineView {
	from, subject := "somebody", "(no subject)"
	if rd := m.Reading; rd != nil {
		from = cmp.Or(brief(rd.From.Name, shownName), rd.From.Address, from)
		subject = cmp.Or(brief(rd.Subject, shownSubject), subject)
	}
	title := capital(channelName(m.Channel)) + " from " + from
	switch {
	case m.ID == f.Stage2Message:
		title += ", which asked for stage 2"
	case m.ID == f.Message:
		title += ", and this case opened"
	case m.Case != f.ID:
		title += ", in a case that became part of this one"
	default:
		title += ", joined this case"
	}
	v := line(m.ReceivedAt, "in", title)
	v.Post, v.Short = true, capital(channelName(m.Channel))+" in"
	if m.Basis == register.Given {
		v.Text = append(v.Text, "The time of receipt is as somebody told it.")
	}
	if m.State == register.InReview {
		v.Text = append(v.Text, "It waits for a person's decision.")
	}
	if rd := m.Reading; rd != nil {
		v.Quote, v.Lang = cut(strings.Join(strings.Fields(rd.NewText), " "), excerpt), language(m)
		if n := len(rd.Attachments); n > 0 {
			v.Text = append(v.Text, "With "+plural(n, "attachment")+".")
		}
	}
	v.Links = []linkView{{Href: "/messages/" + m.ID, Name: subject, Theirs: true}, {Href: "/messages/" + m.ID + "/original", Name: "the original", Save: true}}
	return v
}

// messageEvents are decisions on a message, and what was done about a hazard
// that it told of.
func (d *Desk) messageEvents(r *http.Request, f *caseFacts, m register.Message, corrected map[time.Time]string) ([]lineView, error) {
	decisions, err := d.c.Register.Decisions(r.Context(), m.ID)
	if err != nil {
		return nil, err
	}
	var all []lineView
	for i, made := range decisions {
		byRules := strings.HasPrefix(made.By, register.RulesActor(""))
		if byRules && (len(decisions) > 1 || m.State == register.InReview) && i == 0 {
			continue // a guess, which a person decided on
		}
		title := "Decided: " + small(labelName(made.Label))
		if byRules {
			title = "Decided by the rules: " + small(labelName(made.Label))
		}
		v := line(made.At, "", title, made.By)
		v.Said = made.Reason
		all = append(all, v)
	}
	events, err := d.c.Register.History(r.Context(), "message:"+m.ID)
	for _, e := range events {
		title := cmp.Or(hazardWords(e), informationWords(e))
		if e.What == "received_corrected" {
			if corrected[e.At] = e.Words; m.ID != f.Message && m.ID != f.Stage2Message { // else the case's own line says it
				title = "The day of receipt was corrected"
			}
		}
		if title != "" {
			v := line(e.At, "", title, e.By)
			v.Said = e.Words
			all = append(all, v)
		}
	}
	return all, err
}

// replyLines say what became of a reply, and whether it came back.
func replyLines(o register.Outgoing, letters []register.CaseLetter) []lineView {
	if o.Kind == register.Alert || o.Kind == register.MorningDigest {
		return nil // alarms have lines of their own
	}
	name, class, at := kindName(o), "out", cmp.Or(o.SentAt, o.CreatedAt)
	var text []string
	if o.Way == register.ByLetter {
		text = append(text, "To "+cmp.Or(o.To.Name, "the resident")+", by letter.")
	} else {
		text = append(text, "To "+who(o.To)+".")
	}
	links := []linkView{{Href: "/replies/" + o.ID, Name: "What it says"}}
	var back *register.CaseLetter
	for i, l := range letters {
		if l.Outgoing != o.ID {
			continue
		}
		if l.Batch != "" {
			text = append(text, "Batch "+l.Batch+".")
		}
		if l.PostedBy != "" {
			text = append(text, "Marked as posted by "+l.PostedBy+".")
		}
		if o.Bytes != "" {
			links = append(links, linkView{Href: "/replies/" + o.ID + "/raw", Name: "letter, " + plural(l.Pages, "page") + " (PDF)", Save: true})
		}
		if !l.ReturnedAt.IsZero() {
			back = &letters[i]
		}
	}
	if o.Bytes != "" && o.Way == register.ByEmail {
		links = append(links, linkView{Href: "/replies/" + o.ID + "/raw", Name: "as sent", Save: true})
	}
	switch {
	case o.State == register.Delivered && o.Way == register.ByLetter:
		name += " posted"
	case o.State == register.Delivered:
		name += " sent by email"
	case back != nil:
		name += " posted, and came back"
		class = "hurt"
	case o.State == register.Cancelled:
		name, class = name+", no longer owed", ""
	case o.State == register.Held || o.State == register.Failed || o.State == register.Uncertain:
		state, _ := outgoingState(o.State)
		name, class = name+": "+small(state), "hurt"
	default:
		state, _ := outgoingState(o.State)
		name += ": " + small(state)
	}
	if o.Why != "" {
		text = append(text, capital(strings.TrimSuffix(o.Why, "."))+".")
	}
	v := line(at, class, name, text...)
	v.Links, v.Post, v.Short = links, o.Kind != register.Forward, name
	return []lineView{v}
}

func alarmLine(a register.Alarm) lineView {
	taken := "Nobody has taken it yet."
	if !a.TakenAt.IsZero() {
		taken = "Taken by " + a.TakenBy + ", " + clockTime(a.TakenAt) + "."
	}
	note := ""
	if a.Note != "" {
		note = capital(strings.TrimSuffix(a.Note, ".")) + "."
	}
	return line(a.RaisedAt, "hurt", "Alert: "+small(alarmName(a.Kind)), note, taken)
}

// eventLine words what officers did with the case. What came and what went
// have lines of their own already.
func eventLine(f *caseFacts, e register.Event) (lineView, bool) {
	title, text := eventWords(f, e)
	if title == "" {
		return lineView{}, false
	}
	v := line(e.At, "", title, append([]string{e.By}, text...)...)
	if e.What == "bounced" || e.What == "returned" {
		v.Class = "hurt"
	}
	v.Said = e.Words
	if id := e.Detail["case"]; id != "" {
		v.Links = append(v.Links, linkView{Href: "/cases/" + id, Name: "that case"})
	} else if id := e.Detail["into"]; id != "" {
		v.Links = append(v.Links, linkView{Href: "/cases/" + id, Name: "the case that lives on"})
	}
	return v, true
}

// moved says which clocks an event moved.
func moved(e register.Event) (text []string) {
	for _, name := range workday.ClockNames() {
		before, after := e.Detail[name+"_before"], e.Detail[name]
		if before != "" && after != "" {
			text = append(text, plainHistory(name)+": "+days(before)+" became "+days(after)+".")
		}
	}
	return text
}

// days words the "2026-11-23 to 2026-11-30" of a history.
func days(span string) string {
	_, due, _ := strings.Cut(span, " to ")
	day, err := workday.ParseDate(due)
	if err != nil {
		return span
	}
	return "due " + day.Long()
}

func stageOf(e register.Event) string {
	if n, err := strconv.Atoi(e.Detail["stage"]); err == nil && n > 0 {
		return ", stage " + strconv.Itoa(n)
	}
	return ""
}
