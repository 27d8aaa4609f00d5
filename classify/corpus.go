package classify

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"slices"
	"strings"
)

// An Example is a message with the label that a careful officer gives it.
type Example struct {
	ID      string
	Source  string // the file it came from; "" when the caller names none
	Group   string // messages of one group belong together and are never parted between folds
	Message Message
	Context Context
	Label   Label
	Topics  []string
	Flags   []Flag
	Why     string // the labeller's reason
}

// corpusLine is one line of a corpus.
type corpusLine struct {
	ID          string            `json:"id"`
	Family      string            `json:"family,omitempty"`
	Channel     string            `json:"channel"`
	FromEmail   string            `json:"from_email,omitempty"`
	FromName    string            `json:"from_name,omitempty"`
	Subject     string            `json:"subject"`
	Body        string            `json:"body"`
	HTML        bool              `json:"html,omitempty"`
	Headers     map[string]string `json:"headers,omitempty"`
	Attachments []string          `json:"attachments,omitempty"`
	Context     *Context          `json:"context,omitempty"`
	Labels      corpusLabels      `json:"labels"`
	// What the mail reader found, in a corpus that was written by us; other
	// corpora give Headers and Attachments instead.
	Automatic   string `json:"automatic,omitempty"`
	Attached    int    `json:"attached,omitempty"`
	ReplyToOurs bool   `json:"reply_to_ours,omitempty"`
	OCR         bool   `json:"ocr,omitempty"`
}

type corpusLabels struct {
	Primary        Label    `json:"primary"`
	Topics         []string `json:"topics"`
	Hazard         bool     `json:"hazard"`
	Vulnerable     bool     `json:"vulnerable"`
	Safeguarding   bool     `json:"safeguarding"`
	Legal          bool     `json:"legal"`
	Representative bool     `json:"representative"`
	WantsLetter    bool     `json:"wants_letter"`
	Information    bool     `json:"information_request,omitempty"`
	Why            string   `json:"why,omitempty"`
}

// maxLine bounds a line of a corpus, in bytes.
const maxLine = 16 << 20

// ReadCorpus reads labelled messages, a JSON object a line. An error names the
// line.
func ReadCorpus(r io.Reader) ([]Example, error) {
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 64<<10), maxLine)
	var out []Example
	n := 1
	for ; sc.Scan(); n++ {
		line := bytes.TrimPrefix(sc.Bytes(), []byte("\ufeff")) // some editors put it before the first
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var l corpusLine
		if err := json.Unmarshal(line, &l); err != nil {
			return nil, fmt.Errorf("corpus: line %d: %w", n, err)
		}
		if !slices.Contains(Labels(), l.Labels.Primary) {
			return nil, fmt.Errorf("corpus: line %d: %q is no label", n, l.Labels.Primary)
		}
		e := l.example()
		e.Group = cmp.Or(e.Group, fmt.Sprintf("line %d", n)) // nobody else's
		out = append(out, e)
	}
	if err := sc.Err(); err != nil {
		return nil, fmt.Errorf("corpus: line %d: %w", n, err)
	}
	if len(out) == 0 {
		return nil, errors.New("corpus: there is no example in it")
	}
	return out, nil
}

func (l *corpusLine) example() Example {
	e := Example{
		ID: l.ID, Group: l.group(), Label: l.Labels.Primary, Topics: l.Labels.Topics, Flags: l.Labels.flags(), Why: l.Labels.Why,
		Message: Message{
			Channel: l.Channel, Subject: l.Subject, Text: l.Body, Attachments: max(len(l.Attachments), l.Attached), Automatic: l.automatic(),
			ReplyToOurs: l.ReplyToOurs, OCR: l.OCR,
		},
	}
	if l.HTML {
		e.Message.Text = textOf(l.Body)
	}
	if l.Context != nil {
		e.Context = *l.Context
	}
	return e
}

// group keeps together what one person wrote, and what makes a contrast set.
func (l *corpusLine) group() string {
	switch {
	case l.Family != "":
		return l.Family
	case l.FromEmail != "" && l.FromEmail != "webform@larkmere.example.org":
		return l.FromEmail
	case l.FromName != "":
		return l.FromName
	}
	return l.ID
}

// automatic reads the plainest signs of automatic mail (RFC 3834 section 5,
// RFC 3464, RFC 2369); in the program the mail reader knows more.
func (l *corpusLine) automatic() string {
	if l.Automatic != "" {
		return l.Automatic
	}
	for _, name := range sortedKeys(l.Headers) { // in order, so that a fit always gives the same
		k, v := strings.ToLower(name), strings.ToLower(l.Headers[name])
		switch {
		case k == "auto-submitted" && !strings.HasPrefix(v, "no"):
			return "auto_reply"
		case k == "content-type" && strings.Contains(v, "report"):
			return "bounce"
		case k == "list-unsubscribe" || k == "list-id":
			return "list"
		case k == "precedence" && (v == "bulk" || v == "junk" || v == "list"):
			return "bulk"
		}
	}
	return "none"
}

// switches gives the field of each flag.
func (l *corpusLabels) switches() map[Flag]*bool {
	return map[Flag]*bool{
		Hazard: &l.Hazard, Vulnerable: &l.Vulnerable, Safeguarding: &l.Safeguarding, Legal: &l.Legal,
		Representative: &l.Representative, WantsLetter: &l.WantsLetter, InformationRequest: &l.Information,
	}
}

func (l *corpusLabels) flags() []Flag {
	set, out := l.switches(), []Flag{}
	for _, f := range Flags() {
		if *set[f] {
			out = append(out, f)
		}
	}
	return out
}

// Labelled gives a message read elsewhere the labels of a corpus, which are
// JSON as in a corpus line's field labels.
func Labelled(id, group string, m Message, labels []byte) (Example, error) {
	var l corpusLabels
	if err := json.Unmarshal(labels, &l); err != nil {
		return Example{}, fmt.Errorf("corpus: labels of %s: %w", id, err)
	}
	if !slices.Contains(Labels(), l.Primary) {
		return Example{}, fmt.Errorf("corpus: labels of %s: %q is no label", id, l.Primary)
	}
	return Example{ID: id, Group: group, Message: m, Label: l.Primary, Topics: l.Topics, Flags: l.flags(), Why: l.Why}, nil
}

// textOf gives the words of simple HTML, a line for each block, without what
// it quotes.
func textOf(s string) string {
	var b strings.Builder
	depth := 0 // of quotations, styles and scripts
	for s != "" {
		i := strings.IndexByte(s, '<')
		if i < 0 {
			i = len(s)
		}
		if depth == 0 {
			b.WriteString(s[:i])
		}
		s = s[i:]
		end := strings.IndexByte(s, '>')
		if end < 0 {
			break
		}
		depth = max(0, depth+tag(&b, strings.ToLower(s[1:end])))
		s = s[end+1:]
	}
	return html.UnescapeString(b.String())
}

// tag writes what a tag means to a reader, and tells how it nests.
func tag(b *strings.Builder, t string) int {
	name := t
	if i := strings.IndexAny(t, " \t\n/"); i > 0 {
		name = t[:i]
	}
	switch name {
	case "blockquote", "style", "script", "head":
		return 1
	case "/blockquote", "/style", "/script", "/head":
		return -1
	case "br", "p", "div", "tr", "li", "/p", "/div", "/tr":
		b.WriteByte('\n')
	case "td", "/td":
		b.WriteByte(' ')
	}
	if strings.HasPrefix(t, "/blockquote") || strings.HasPrefix(t, "/style") || strings.HasPrefix(t, "/script") || strings.HasPrefix(t, "/head") {
		return -1
	}
	return 0
}
