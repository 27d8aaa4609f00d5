package web

import (
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/mail"
	"sort"
	"strconv"
	"strings"

	"postroom/classify"
	"postroom/internal/register"
)

// A span is a piece of a resident's text; Mark numbers the evidence that it
// is, 0 for none.
type span struct {
	Text, Class string
	Mark        int
	Break       bool // a line end
}

type evidenceView struct {
	Number                   int
	Rule, Quote, For, Weight string
}

type clockView struct {
	Name, Due, Met string
	Steps          []string
}

type eventView struct{ When, What, By, Detail string }

type messagePage struct {
	frame
	row
	Settled     bool
	Problem     string
	AuthWhy     string
	DecidedBy   string
	Size        int64
	Paragraphs  [][]span
	Quoted      []string
	Evidence    []evidenceView
	More        int // evidence that is not shown: it weighs less
	Issues      []string
	Outcomes    []string
	Attachments []register.Attachment
	Repairs     []string
	Clocks      []clockView
	Replies     []replyRow
	History     []eventView
}

func (d *Desk) message(w http.ResponseWriter, r *http.Request) {
	m, err := d.c.Register.GetMessage(r.Context(), r.PathValue("id"))
	if err != nil {
		d.failed(w, r, err)
		return
	}
	page := messagePage{row: d.row(m), Problem: capital(m.Problem), DecidedBy: m.DecidedBy, Size: m.Size, Settled: m.State != register.InReview && m.State != register.Arrived}
	if page.frame, err = d.frame(r.Context(), page.Subject); err != nil {
		d.failed(w, r, err)
		return
	}
	page.read(m)
	if err := d.addCase(r, m, &page); err != nil {
		d.failed(w, r, err)
		return
	}
	if err := d.addHistory(r, m, &page); err != nil {
		d.failed(w, r, err)
		return
	}
	d.show(w, r, http.StatusOK, "message.html", page)
}

// shownEvidence is how many reasons a page lists, the weightiest first.
const shownEvidence = 15

// read fills in what was read and what decided.
func (p *messagePage) read(m register.Message) {
	if m.Verdict != nil {
		p.Why, p.Issues, p.Outcomes = m.Verdict.Why, m.Verdict.Definition.Issues, m.Verdict.Definition.Outcomes
		for i, e := range m.Verdict.Evidence {
			if i == shownEvidence {
				p.More = len(m.Verdict.Evidence) - i
				break
			}
			p.Evidence = append(p.Evidence, evidenceView{Number: i + 1, Rule: e.Rule, Quote: e.Quote, For: e.Label, Weight: fmt.Sprintf("%+.1f", e.Weight)})
		}
	}
	rd := m.Reading
	if rd == nil {
		return
	}
	p.AuthWhy, p.Attachments, p.Repairs = rd.AuthWhy, rd.Attachments, rd.Repairs
	p.Paragraphs = marked(rd.NewText, m.Verdict)
	if strings.TrimSpace(rd.Text) != strings.TrimSpace(rd.NewText) {
		p.Quoted = strings.Split(rd.Text, "\n")
	}
}

func (d *Desk) addCase(r *http.Request, m register.Message, p *messagePage) error {
	if m.Case == "" {
		return nil
	}
	_, clocks, err := d.c.Register.GetCase(r.Context(), m.Case)
	if err != nil {
		return err
	}
	for _, c := range clocks {
		v := clockView{Name: plainHistory(c.Name), Due: c.Counts().Long(), Steps: c.Steps}
		if !c.MetAt.IsZero() {
			v.Met = clockTime(c.MetAt)
		}
		p.Clocks = append(p.Clocks, v)
	}
	replies, err := d.c.Register.CaseOutgoings(r.Context(), m.Case)
	for _, o := range replies {
		p.Replies = append(p.Replies, replyView(o))
	}
	return err
}

func (d *Desk) addHistory(r *http.Request, m register.Message, p *messagePage) error {
	events, err := d.c.Register.History(r.Context(), "message:"+m.ID)
	if err == nil && m.Case != "" {
		var more []register.Event
		more, err = d.c.Register.History(r.Context(), "case:"+m.Case)
		events = append(events, more...)
	}
	sort.SliceStable(events, func(i, j int) bool { return events[i].At.Before(events[j].At) })
	for _, e := range events {
		var detail []string
		for _, k := range []string{"kind", "form", "label", "state", "clock", "due", "code", "why", "guard"} {
			if v := e.Detail[k]; v != "" {
				detail = append(detail, k+" "+v)
			}
		}
		p.History = append(p.History, eventView{When: clockTime(e.At), What: plainHistory(e.What), By: e.By, Detail: strings.Join(detail, ", ")})
	}
	return err
}

// marked cuts a text into paragraphs of spans, the deciding words marked. Of
// words that overlap the first wins.
func marked(text string, v *classify.Verdict) [][]span {
	marks := make([]int, 0)
	var evidence []classify.Evidence
	if v != nil {
		evidence = v.Evidence
	}
	for i, e := range evidence[:min(len(evidence), shownEvidence)] {
		if e.Start >= 0 && e.Start < e.End && e.End <= len(text) {
			marks = append(marks, i)
		}
	}
	sort.SliceStable(marks, func(a, b int) bool { return evidence[marks[a]].Start < evidence[marks[b]].Start })
	var spans []span
	at := 0
	for _, i := range marks {
		e := evidence[i]
		if e.Start < at {
			continue
		}
		spans = append(spans, span{Text: text[at:e.Start]}, span{Text: text[e.Start:e.End], Mark: i + 1, Class: markClass(e, v)})
		at = e.End
	}
	return paragraphs(append(spans, span{Text: text[at:]}))
}

func markClass(e classify.Evidence, v *classify.Verdict) string {
	switch {
	case e.Label == string(classify.Hazard) || e.Label == string(classify.Safeguarding) || e.Label == string(classify.Vulnerable):
		return "risk"
	case e.Label != string(v.Label) || e.Weight < 0:
		return "other"
	}
	return ""
}

// paragraphs breaks spans at empty lines; a single line end is a line end.
func paragraphs(spans []span) [][]span {
	var out [][]span
	var line []span
	for _, s := range spans {
		lines := strings.Split(s.Text, "\n")
		for i, text := range lines {
			empty := strings.TrimSpace(text) == ""
			if i > 0 && empty && i < len(lines)-1 && len(line) > 0 {
				out, line = append(out, line), nil
			}
			if i > 0 && len(line) > 0 {
				line = append(line, span{Break: true})
			}
			if !empty || s.Mark > 0 && text != "" || len(line) > 0 && text != "" {
				line = append(line, span{Text: text, Mark: s.Mark, Class: s.Class})
			}
		}
	}
	if len(line) > 0 {
		out = append(out, line)
	}
	return out
}

// original hands out the bytes as they came, as a download that no browser
// opens by itself.
func (d *Desk) original(w http.ResponseWriter, r *http.Request) {
	m, err := d.c.Register.GetMessage(r.Context(), r.PathValue("id"))
	if err != nil {
		d.failed(w, r, err)
		return
	}
	d.download(w, r, m.Original, m.Reference+".eml")
}

func (d *Desk) raw(w http.ResponseWriter, r *http.Request) {
	o, err := d.c.Register.GetOutgoing(r.Context(), r.PathValue("id"))
	if err == nil && o.Bytes == "" {
		err = register.ErrNotFound
	}
	if err != nil {
		d.failed(w, r, err)
		return
	}
	d.download(w, r, o.Bytes, "reply-"+o.Reference+".eml")
}

func (d *Desk) download(w http.ResponseWriter, r *http.Request, name, as string) {
	f, err := d.c.Archive.Get(r.Context(), name)
	if err != nil {
		d.failed(w, r, err)
		return
	}
	defer f.Close() //nolint:errcheck // only read
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": as}))
	_, _ = io.Copy(w, f)
}

type replyPage struct {
	frame
	replyRow
	Subject, Text, Message string
}

// reply shows a reply as it was sent: its text part, from the exact bytes.
func (d *Desk) reply(w http.ResponseWriter, r *http.Request) {
	o, err := d.c.Register.GetOutgoing(r.Context(), r.PathValue("id"))
	if err == nil && o.Bytes == "" {
		err = register.ErrNotFound
	}
	if err != nil {
		d.failed(w, r, err)
		return
	}
	page := replyPage{replyRow: replyView(o), Subject: o.Subject, Message: o.Message}
	if page.frame, err = d.frame(r.Context(), o.Subject); err != nil {
		d.failed(w, r, err)
		return
	}
	if page.Text, err = d.sentText(r, o); err != nil {
		d.failed(w, r, err)
		return
	}
	d.show(w, r, http.StatusOK, "reply.html", page)
}

// sentLimit bounds how much of a sent mail a page shows.
const sentLimit = 256 << 10

func (d *Desk) sentText(r *http.Request, o register.Outgoing) (string, error) {
	f, err := d.c.Archive.Get(r.Context(), o.Bytes)
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // only read
	msg, err := mail.ReadMessage(io.LimitReader(f, sentLimit))
	if err != nil {
		return "The exact bytes are not a mail; download them to see them.", nil
	}
	return textPart(msg.Header.Get("Content-Type"), msg.Header.Get("Content-Transfer-Encoding"), msg.Body), nil
}

func who(a register.Address) string {
	switch {
	case a.Address == "" && a.Name == "":
		return "(no address)"
	case a.Name == "" || a.Name == a.Address:
		return a.Address
	}
	return a.Name + " <" + a.Address + ">"
}

func percent(p float64) string {
	if p == 0 {
		return ""
	}
	return strconv.Itoa(int(p*100+0.5)) + " %"
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
