package records

import (
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/workday"
)

// A casePaper is a case as it is given out.
type casePaper struct {
	MadeAt        time.Time           `json:"made_at"`
	Reference     string              `json:"reference"`
	Kind          string              `json:"kind"`
	Stage         int                 `json:"stage"`
	Channel       string              `json:"channel"`
	Correspondent register.Address    `json:"correspondent"`
	Postal        []string            `json:"postal_address"`
	Definition    classify.Definition `json:"definition"`
	Topics        []string            `json:"topics"`
	Flags         []classify.Flag     `json:"flags"`
	Hazard        string              `json:"hazard_level"`
	OpenedAt      time.Time           `json:"opened_at"`
	ClosedAt      *time.Time          `json:"closed_at"`
	ClosedWhy     string              `json:"closed_why"`
	NotAccepted   string              `json:"not_accepted"`
	Handler1      string              `json:"handler_stage_1"` // also of a request or an enquiry; empty: nobody
	Handler2      string              `json:"handler_stage_2"`
	Linked        []string            `json:"linked_cases"`
	Merged        []string            `json:"merged_cases"`
	Clocks        []clockPaper        `json:"clocks"`
	Messages      []messagePaper      `json:"messages"`
	Replies       []replyPaper        `json:"replies"`
	Answers       []answerPaper       `json:"answers"`
	Extensions    []extensionPaper    `json:"extensions"`
	Actions       []register.Action   `json:"actions"`
	Hazards       []hazardPaper       `json:"hazards"`
	People        []whoPaper          `json:"people"`
	Timeline      []linePaper         `json:"timeline"`
	LookedAt      []viewPaper         `json:"looked_at_by"`
}

// A viewPaper says that one of the landlord's people looked at something.
type viewPaper struct {
	At   time.Time `json:"at"`
	By   string    `json:"by,omitempty"`
	What string    `json:"what"`
}

type clockPaper struct {
	Name     string       `json:"name"`
	Scheme   string       `json:"scheme"`
	Start    workday.Date `json:"start"`
	Due      workday.Date `json:"due"`
	BaseDue  workday.Date `json:"due_without_extension"`
	Promised string       `json:"promised"`
	Steps    []string     `json:"arithmetic"`
	MetAt    *time.Time   `json:"met_at"`
	MetBy    string       `json:"met_by"`
	Missed   bool         `json:"missed"`
}

type messagePaper struct {
	Reference  string                `json:"reference"`
	Channel    string                `json:"channel"`
	ReceivedAt time.Time             `json:"received_at"`
	Basis      string                `json:"received_from"`
	From       register.Address      `json:"from"`
	Subject    string                `json:"subject"`
	Text       string                `json:"text"`
	File       string                `json:"file"` // empty: the original is not in the archive
	SHA256     string                `json:"sha256"`
	Withheld   string                `json:"withheld"` // why the file is not in here; empty: it is, or is not in the archive
	Decisions  []decisionPaper       `json:"decisions"`
	Attached   []register.Attachment `json:"attachments"`
}

type decisionPaper struct {
	At     time.Time `json:"at"`
	By     string    `json:"by"`
	Label  string    `json:"label"`
	Reason string    `json:"reason"`
}

type replyPaper struct {
	Kind      string           `json:"kind"`
	Form      string           `json:"form"`
	Stage     int              `json:"stage"`
	Reference string           `json:"reference"`
	State     string           `json:"state"`
	Way       string           `json:"way"`
	To        register.Address `json:"to"`
	Subject   string           `json:"subject"`
	MessageID string           `json:"message_id"`
	SentAt    *time.Time       `json:"sent_at"`
	Promised  string           `json:"promised"`
	Why       string           `json:"why"`
	Rulings   []decisionPaper  `json:"rulings"`
	File      string           `json:"file"` // the exact bytes; empty: nothing was written yet, or they are not in the archive
	SHA256    string           `json:"sha256"`
}

type answerPaper struct {
	Stage       int        `json:"stage"`
	Outcome     string     `json:"outcome"`
	By          string     `json:"by"`
	RecordedAt  time.Time  `json:"recorded_at"`
	GivenAt     *time.Time `json:"given_at"`
	WithdrawnAt *time.Time `json:"withdrawn_at"`
	Text        string     `json:"text"`
	Remedies    []string   `json:"remedies"`
	File        string     `json:"file"`
	FileName    string     `json:"file_name"` // as the resident got it
	Withheld    string     `json:"withheld"`  // as of messages
	SHA256      string     `json:"sha256"`
}

type extensionPaper struct {
	Clock  string       `json:"clock"`
	By     string       `json:"by"`
	At     time.Time    `json:"asked_at"`
	Reason string       `json:"reason"`
	OldDue workday.Date `json:"old_due"`
	NewDue workday.Date `json:"new_due"`
	ToldAt *time.Time   `json:"told_at"`
	Late   bool         `json:"late"`
}

type hazardPaper struct {
	Level   string      `json:"level"`
	Law     string      `json:"law"`
	AwareAt time.Time   `json:"aware_at"`
	EndedAt *time.Time  `json:"ended_at"`
	Why     string      `json:"ended_why"`
	Duties  []dutyPaper `json:"duties"`
}

type dutyPaper struct {
	Name   string     `json:"name"`
	DueAt  time.Time  `json:"due_at"`
	DoneAt *time.Time `json:"done_at"`
	DoneBy string     `json:"done_by"`
	Missed bool       `json:"missed"`
}

type whoPaper struct {
	Name      string `json:"name"`
	Address   string `json:"address"`
	Role      string `json:"role"`
	Authority string `json:"authority"`
}

// A linePaper is a line of a history, with the hash that ties it to the one
// before it.
type linePaper struct {
	At      time.Time         `json:"at"`
	Subject string            `json:"subject"`
	Seq     int64             `json:"seq"`
	By      string            `json:"by"`
	What    string            `json:"what"`
	Detail  map[string]string `json:"detail"`
	Words   string            `json:"words"` // what the officer said
	Hash    string            `json:"hash"`
}

//go:embed casefile.html
var casePage string

const caseReadme = `This is the file of one complaint or request, as Postroom holds it.

case.html       the case, its dates, what came, what was sent, and every step, for reading
case.json       the same for programs, with the histories' hashes
timeline.pdf    what happened, day by day, for printing
received/       what came, as it came
sent/           what was sent, to the byte
answers/        answers that were given as files
checksums.txt   the SHA-256 of every file here

A mail (.eml) opens in any mail program. Times are UTC in case.json, and London
time in case.html. The histories hold no words of the resident: they hold
checksums of them.
`

// ExportCase writes a case's file as a ZIP: originals, the exact bytes sent,
// outcomes and the timeline. That it was given out goes into its history.
func (k *Keeper) ExportCase(ctx context.Context, reference, path, by string, at time.Time) error {
	file, err := k.Register.CaseFile(ctx, reference)
	if err != nil {
		return err
	}
	p, err := k.newPack(path, at)
	if err != nil {
		return err
	}
	if err := p.close(p.fillCase(ctx, file)); err != nil {
		return err
	}
	return k.Register.Exported(ctx, file.Case.ID, by, "case file")
}

func (p *pack) fillCase(ctx context.Context, f register.CaseFile) error {
	c, err := p.paper(ctx, f)
	if err != nil {
		return err
	}
	if err := p.add("README.txt", strings.NewReader(caseReadme)); err != nil {
		return err
	}
	if err := p.addJSON("case.json", c); err != nil {
		return err
	}
	if err := p.addTimeline(c); err != nil {
		return err
	}
	return p.addPage("case.html", casePage, c)
}

func (p *pack) addPage(name, text string, data any) error {
	page, err := template.New(name).Funcs(template.FuncMap{"when": when, "plain": plain, "details": details}).Parse(text)
	if err != nil {
		return err
	}
	var b strings.Builder
	if err := page.Execute(&b, data); err != nil {
		return err
	}
	return p.add(name, strings.NewReader(b.String()))
}

// paper puts a case's files into the pack and says all that is known.
func (p *pack) paper(ctx context.Context, f register.CaseFile) (casePaper, error) {
	c := f.Case
	out := casePaper{
		MadeAt: p.at.UTC(), Reference: c.Reference, Kind: string(c.Kind), Stage: c.Stage, Channel: string(c.Channel),
		Correspondent: c.Correspondent, Postal: c.Postal, Definition: c.Definition, Topics: c.Topics, Flags: c.Flags, Hazard: string(c.HazardLevel),
		OpenedAt: c.OpenedAt, ClosedAt: some(c.ClosedAt), ClosedWhy: string(c.ClosedWhy), NotAccepted: string(c.NotAccepted),
		Handler1: c.Handler1, Handler2: c.Handler2, Linked: references(f.Linked), Merged: references(f.Merged), Actions: f.Actions,
	}
	for _, k := range f.Clocks {
		out.Clocks = append(out.Clocks, clockPaper{
			Name: k.Name, Scheme: k.Scheme, Start: k.Start, Due: k.Due, BaseDue: k.BaseDue, Promised: dateText(k.Promised), Steps: k.Steps,
			MetAt: some(k.MetAt), MetBy: string(k.MetBy), Missed: k.Missed(p.at),
		})
	}
	for _, x := range f.Extensions {
		out.Extensions = append(out.Extensions, extensionPaper{
			Clock: x.Clock, By: x.By, At: x.AskedAt, Reason: x.Reason, OldDue: x.OldDue, NewDue: x.NewDue, ToldAt: some(x.ToldAt), Late: x.Late,
		})
	}
	for _, h := range f.Hazards {
		out.Hazards = append(out.Hazards, hazard(h, p.at))
	}
	for _, w := range f.People {
		out.People = append(out.People, whoPaper{Name: w.Address.Name, Address: w.Address.Address, Role: string(w.Role), Authority: w.Authority})
	}
	for _, e := range f.Events {
		out.Timeline = append(out.Timeline, linePaper{At: e.At, Subject: e.Subject, Seq: e.Seq, By: e.By, What: e.What, Detail: e.Detail, Words: e.Words, Hash: e.Hash})
	}
	for _, v := range f.Views {
		out.LookedAt = append(out.LookedAt, viewPaper{At: v.At, By: v.By, What: string(v.What)})
	}
	return out, p.papers(ctx, f, &out)
}

func hazard(h register.HazardRecord, at time.Time) hazardPaper {
	out := hazardPaper{Level: string(h.Level), Law: h.Law, AwareAt: h.AwareAt, EndedAt: some(h.EndedAt), Why: h.EndedWhy}
	for _, d := range h.Duties {
		out.Duties = append(out.Duties, dutyPaper{Name: d.Name, DueAt: d.DueAt, DoneAt: some(d.DoneAt), DoneBy: d.DoneBy, Missed: d.Missed(at)})
	}
	return out
}

// papers puts the files in: what came, what was sent, what was answered.
func (p *pack) papers(ctx context.Context, f register.CaseFile, out *casePaper) error {
	for i, m := range f.Messages {
		paper, err := p.message(ctx, i+1, m, f.Decisions[m.ID])
		if err != nil {
			return err
		}
		out.Messages = append(out.Messages, paper)
	}
	for i, o := range f.Replies {
		paper, err := p.reply(ctx, i+1, o, f.Rulings[o.ID])
		if err != nil {
			return err
		}
		out.Replies = append(out.Replies, paper)
	}
	for _, a := range f.Answers {
		paper := answerPaper{
			Stage: a.Stage, Outcome: string(a.Outcome), By: a.By, RecordedAt: a.RecordedAt, GivenAt: some(a.GivenAt), WithdrawnAt: some(a.WithdrawnAt),
			Text: a.Text, Remedies: a.Remedies, FileName: a.FileName, SHA256: a.File,
		}
		if a.File != "" {
			var err error
			if paper.Withheld, err = p.withheld(ctx, a.File); err != nil {
				return err
			}
			if paper.Withheld != "" {
				out.Answers = append(out.Answers, paper)
				continue
			}
			if paper.File, err = p.addArchived(ctx, fmt.Sprintf("answers/stage-%d", a.Stage), a.File, a.FileName); err != nil {
				return err
			}
		}
		out.Answers = append(out.Answers, paper)
	}
	return nil
}

func (p *pack) message(ctx context.Context, n int, m register.Message, decisions []register.DecisionMade) (messagePaper, error) {
	out := messagePaper{Reference: m.Reference, Channel: string(m.Channel), ReceivedAt: m.ReceivedAt, Basis: string(m.Basis), SHA256: m.Original}
	if r := m.Reading; r != nil {
		out.From, out.Subject, out.Text, out.Attached = r.From, r.Subject, r.Text, r.Attachments
	}
	for _, d := range decisions {
		out.Decisions = append(out.Decisions, decisionPaper{At: d.At, By: d.By, Label: string(d.Label), Reason: d.Reason})
	}
	var err error
	if out.Withheld, err = p.withheld(ctx, m.Original); err != nil || out.Withheld != "" {
		return out, err
	}
	out.File, err = p.addArchived(ctx, fmt.Sprintf("received/%03d-%s-%s", n, workday.DateOf(m.ReceivedAt), m.Reference), m.Original, "")
	return out, err
}

func (p *pack) reply(ctx context.Context, n int, o register.Outgoing, rulings []register.ReplyRuling) (replyPaper, error) {
	out := replyPaper{
		Kind: string(o.Kind), Form: string(o.Form), Stage: o.Stage, Reference: o.Reference, State: string(o.State), Way: string(o.Way), To: o.To,
		Subject: o.Subject, MessageID: o.MessageID, SentAt: some(o.SentAt), Promised: dateText(o.Promised), Why: o.Why, SHA256: o.Bytes,
	}
	for _, r := range rulings {
		out.Rulings = append(out.Rulings, decisionPaper{At: r.At, By: r.By, Label: r.What, Reason: r.Reason})
	}
	if o.Bytes == "" {
		return out, nil
	}
	day := workday.DateOf(cmp.Or(o.SentAt, o.CreatedAt))
	var err error
	out.File, err = p.addArchived(ctx, fmt.Sprintf("sent/%03d-%s-%s", n, day, strings.ReplaceAll(string(o.Kind), "_", "-")), o.Bytes, "")
	return out, err
}

func references(cases []register.Case) []string {
	all := []string{}
	for _, c := range cases {
		all = append(all, c.Reference)
	}
	return all
}

// some is nil for a time that has not come.
func some(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func dateText(d workday.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}

// when is an instant as people in London read it.
func when(at any) string {
	t, ok := at.(time.Time)
	if p, isPointer := at.(*time.Time); isPointer && p != nil {
		t, ok = *p, true
	}
	if !ok || t.IsZero() {
		return "not yet"
	}
	return t.In(workday.London()).Format("Mon 2 January 2006, 15:04")
}

// plain turns a name of ours into words.
func plain(name string) string { return strings.ReplaceAll(name, "_", " ") }

// details is an event's detail in one line.
func details(d map[string]string) string {
	var parts []string
	for name, value := range d {
		parts = append(parts, plain(name)+": "+value)
	}
	slices.Sort(parts)
	return strings.Join(parts, "; ")
}
