package web

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"postroom/classify"
	"postroom/internal/figures"
	"postroom/internal/register"
)

// mostTried bounds a text that is tried against the rules, in bytes.
const mostTried = 100 << 10

type rulesPage struct {
	frame
	telling
	Version string
	Labels  []labelView
	Spoke   []ruleView // on what officers decided, most often first
	Silent  []ruleView
	Since   string // from when firing is counted
	Subject string // as typed
	Text    string
	Tried   *triedView
}

// A labelView is a label with the confidence that settles it alone.
type labelView struct {
	Label classify.Label
	Sure  string
}

type ruleView struct {
	classify.Described
	Counts               []string
	Reviewed, Overridden int
	Share                string
}

type triedView struct {
	Label, Second classify.Label
	Sure, Why     string
	Alone         bool
	Flags         []flagView
	Topics        []string
	Language      string
	Text          [][]span
	Evidence      []triedEvidence
	Issues        []string
	Outcomes      []string
}

type triedEvidence struct {
	N           int
	Quote, Rule string
	Why, For    string
	Weight      string
	Class       string
}

// rulesInForce shows the rules, how often each spoke and was overruled.
func (d *Desk) rulesInForce(w http.ResponseWriter, r *http.Request, who register.Account) {
	d.showRules(w, r, who, http.StatusOK, rulesPage{})
}

// tryRules judges a text that somebody typed. Nothing of it is kept.
func (d *Desk) tryRules(w http.ResponseWriter, r *http.Request, who register.Account) {
	page := rulesPage{Subject: oneLine(r.PostForm.Get("subject")), Text: r.PostForm.Get("text")}
	switch {
	case strings.TrimSpace(page.Text) == "":
		page.Mistakes = []mistake{{"text", "Type or paste what a resident might write"}}
	case len(page.Text) > mostTried:
		page.Mistakes = []mistake{{"text", fmt.Sprintf("Shorten it: the most is %d KB", mostTried>>10)}}
	}
	if len(page.Mistakes) > 0 {
		d.showRules(w, r, who, http.StatusUnprocessableEntity, page)
		return
	}
	text := strings.ReplaceAll(page.Text, "\r\n", "\n")
	v := d.c.Rules.Decide(classify.Message{Channel: string(register.Email), Subject: page.Subject, Text: text, Automatic: "none"}, classify.Context{})
	page.Tried = d.tried(text, v)
	d.showRules(w, r, who, http.StatusOK, page)
}

func (d *Desk) tried(text string, v classify.Verdict) *triedView {
	why := d.reasonsOfRules()
	rs := reasons(&v)
	t := &triedView{
		Label: v.Label, Second: v.Second, Sure: percent(v.Confidence), Why: v.Why, Alone: v.Route == classify.Auto,
		Flags: flagViews(&v), Language: v.Language, Text: marked(text, rs), Issues: v.Definition.Issues, Outcomes: v.Definition.Outcomes,
	}
	for _, topic := range v.Topics {
		t.Topics = append(t.Topics, topicName(topic))
	}
	for i, e := range rs {
		t.Evidence = append(t.Evidence, triedEvidence{i + 1, e.Quote, e.Rule, why[e.Rule], targetName(e.Label), fmt.Sprintf("%+.2f", e.Weight), e.Class})
	}
	return t
}

// reasonsOfRules is the plain reason of each rule in force.
func (d *Desk) reasonsOfRules() map[string]string {
	why := map[string]string{}
	for _, rule := range d.c.Rules.List() {
		why[rule.ID] = rule.Why
	}
	return why
}

func (d *Desk) showRules(w http.ResponseWriter, r *http.Request, who register.Account, status int, page rulesPage) {
	var err error
	if page.frame, err = d.frame(r.Context(), who, "rules", "Rules"); err != nil {
		d.failed(w, r, err)
		return
	}
	span, _ := d.span("", "") // this reporting year is never wrong
	rep, err := figures.Make(r.Context(), d.c.Register, span)
	if err != nil {
		d.failed(w, r, err)
		return
	}
	spoke := map[string]figures.RuleCount{}
	for _, c := range rep.Rules {
		spoke[c.Rule] = c
	}
	page.Version, page.Since = d.c.Rules.Version(), span.From.Long()
	for _, l := range classify.Labels() {
		page.Labels = append(page.Labels, labelView{l, percent(d.c.Rules.Sure(l))})
	}
	for _, rule := range d.c.Rules.List() {
		c := spoke[rule.ID]
		v := ruleView{Described: rule, Reviewed: c.Reviewed, Overridden: c.Overridden, Share: share(c.Overridden, c.Reviewed)}
		for _, f := range rule.For[:min(len(rule.For), 3)] {
			v.Counts = append(v.Counts, fmt.Sprintf("%s %+.2f", targetName(f.Target), f.Weight))
		}
		if v.Reviewed > 0 {
			page.Spoke = append(page.Spoke, v)
		} else {
			page.Silent = append(page.Silent, v)
		}
	}
	slices.SortStableFunc(page.Spoke, func(a, b ruleView) int { return b.Reviewed - a.Reviewed })
	d.show(w, r, status, "rules.html", page)
}

// targetName is a label, flag or topic in words.
func targetName(target string) string {
	if slices.Contains(classify.Labels(), classify.Label(target)) {
		return labelName(classify.Label(target))
	}
	if slices.Contains(classify.Topics(), target) {
		return topicName(target)
	}
	return plainHistory(target)
}

// labelWord is a label of a report in words.
func labelWord(l string) string {
	if l == "undecided" {
		return "Nobody has decided yet"
	}
	return labelName(classify.Label(l))
}

// channelWord is a channel of a report in words.
func channelWord(c string) string { return capital(channelName(register.Channel(c))) }
