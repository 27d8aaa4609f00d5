package classify

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"
)

// Decide says what the message is, and why. It is pure, takes time linear in
// the text, and always gives a verdict: what cannot be judged goes to review
// with the reason. Evidence offsets are bytes of m.Text.
func (r *Rules) Decide(m Message, c Context) Verdict {
	v, _ := r.decide(m, c)
	return v
}

// decide gives the verdict with what it was judged by.
func (r *Rules) decide(m Message, c Context) (Verdict, *judgement) {
	text, cut := bounded(m.Text)
	m.Text = text
	m.Subject, _ = bounded(m.Subject)
	j := r.judge(m, c)
	v := Verdict{RulesVersion: r.version, Language: j.language, Topics: []string{}, Flags: []Flag{}}
	score := r.score(j)
	chances := softmax(score[:len(Labels())], r.settings.temperature)
	first, second := topTwo(chances)
	labels := Labels()
	v.Label, v.Second, v.Confidence = labels[first], labels[second], chances[first]
	j.extras(&v, score[len(Labels()):])
	v.Evidence = j.evidence(&v)
	v.Definition = j.definition()
	doubt := r.doubt(j, m, chances, first, cut)
	v.Route = Auto
	if doubt != "" {
		v.Route = Review
	}
	v.Why = why(&v, doubt)
	return v, j
}

// bounded cuts a text that is too long to judge, at the end of a character.
func bounded(s string) (string, bool) {
	if len(s) <= maxJudged {
		return s, false
	}
	n := maxJudged
	for n > maxJudged-4 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n], true
}

// score adds up the weights of what fired, a sum for each label, and after
// them how far the everyday words lean to each of their marks.
func (r *Rules) score(j *judgement) []float64 {
	score := make([]float64, len(Labels())+len(marks()))
	copy(score, r.settings.bias)
	for k, m := range marks() {
		if !m.topic {
			score[len(Labels())+k] *= biasShare(len(j.leant))
		}
	}
	for _, i := range j.fired {
		for _, w := range r.rules[i].weights {
			if w.slot >= 0 {
				score[w.slot] += w.value
			}
		}
	}
	scale := j.scale()
	for _, i := range j.leant {
		for _, l := range r.leans.of(i) {
			score[l.slot] += l.value() * scale
		}
	}
	return score
}

// softmax turns sums of evidence into chances.
func softmax(score []float64, temperature float64) []float64 {
	if temperature <= 0 {
		temperature = 1
	}
	most := score[0]
	for _, s := range score {
		most = max(most, s)
	}
	out := make([]float64, len(score))
	sum := 0.0
	for i, s := range score {
		out[i] = math.Exp((s - most) / temperature)
		sum += out[i]
	}
	for i := range out {
		out[i] /= sum
	}
	return out
}

func topTwo(chances []float64) (first, second int) {
	second = 1
	if chances[1] > chances[0] {
		first, second = 1, 0
	}
	for i := 2; i < len(chances); i++ {
		switch {
		case chances[i] > chances[first]:
			first, second = i, first
		case chances[i] > chances[second]:
			second = i
		}
	}
	return first, second
}

// enough is the sum of weights from which a flag or topic stands.
const enough = 1

// stands reports whether a mark stands, by what the rules say of it and how
// far the everyday words lean to it. For a flag the rules are enough by
// themselves, and words add to them; for a topic words also speak against
// rules, which fire on things that are only said in passing.
func (m mark) stands(rules, words float64) bool {
	return !m.topic && rules >= enough || rules+words >= enough
}

// extras sets topics, flags and the hazard's level, each by its own evidence.
func (j *judgement) extras(v *Verdict, leaned []float64) {
	sums := j.sums()
	for _, f := range Flags() {
		words := 0.0
		if i := marked(string(f)); i >= 0 && len(j.leant) > 0 {
			words = leaned[i]
		}
		if (mark{name: string(f)}).stands(sums[string(f)], words) {
			v.Flags = append(v.Flags, f)
		}
	}
	if v.Has(Hazard) {
		v.HazardLevel = j.level()
	}
	if v.Label == NotActionable {
		return
	}
	for _, t := range Topics() {
		if i := marked(t); i >= 0 && len(j.leant) > 0 {
			sums[t] += leaned[i]
		}
		if sums[t] >= enough {
			v.Topics = append(v.Topics, t)
		}
	}
	if len(v.Topics) > 1 {
		v.Topics = slices.DeleteFunc(v.Topics, func(t string) bool { return t == "other" })
	}
	if v.Label == Stage2 && sums["complaint_handling"] < enough {
		v.Topics = append(v.Topics, "complaint_handling")
	}
	sort.SliceStable(v.Topics, func(a, b int) bool { return sums[v.Topics[a]] > sums[v.Topics[b]] })
}

// sums adds up what the rules weigh for each flag and topic.
func (j *judgement) sums() map[string]float64 {
	sums := map[string]float64{}
	for _, i := range j.fired {
		for _, w := range j.rules.rules[i].weights {
			if w.slot < 0 {
				sums[w.target] += w.value
			}
		}
	}
	return sums
}

// level gives the gravest level that a rule for the hazard named.
func (j *judgement) level() HazardLevel {
	level := Significant
	for _, i := range j.fired {
		if j.rules.rules[i].level == Emergency {
			level = Emergency
		}
	}
	return level
}

// evidence lists what fired, a line for each rule and what it speaks for,
// weightiest first. The everyday words have one line together for each of the
// two likeliest labels, and each flag, that they lean towards.
func (j *judgement) evidence(v *Verdict) []Evidence {
	out := append(make([]Evidence, 0, 2*len(j.fired)+4), j.everydayEvidence(v)...)
	for _, i := range j.fired {
		r := j.rules.rules[i]
		quote, start, end := j.quote(r)
		for _, w := range r.weights {
			if w.slot >= 0 && w.value <= 0 {
				continue
			}
			out = append(out, Evidence{Rule: r.id, Why: r.why, Label: w.target, Weight: w.value, Quote: quote, Start: start, End: end})
		}
	}
	sort.SliceStable(out, func(a, b int) bool { return out[a].Weight > out[b].Weight })
	return out
}

// quote gives the words that made a rule fire. Words of the subject line have
// no offsets.
func (j *judgement) quote(r *rule) (quote string, start, end int) {
	hits := j.signs.of(r.gives[0])
	for _, h := range hits {
		if h.sentence == anywhere {
			continue
		}
		from, to := j.doc.tokens[h.from].start, j.doc.tokens[h.to-1].end
		if h.sentence < j.doc.subject {
			return strings.Clone(j.doc.subjectText[from:to]), 0, 0
		}
		return strings.Clone(j.doc.text[from:to]), from, to
	}
	return "", 0, 0
}

// doubt says why a person must decide, or "" when the rules are sure.
func (r *Rules) doubt(j *judgement, m Message, chances []float64, first int, cut bool) string {
	labels := Labels()
	complaint := chances[0] + chances[1] // complaint and stage 2 stand first
	switch {
	case m.Unread != "":
		return "the text could not be read: " + m.Unread
	case len(j.doc.tokens) == 0 && m.Attachments > 0:
		return "there is no text, only something attached"
	case len(j.doc.tokens) == 0:
		return "there is no text"
	case binary(&j.doc):
		return "the text does not look like writing"
	case cut:
		return "the text is very long, and only its beginning was judged"
	case j.spent:
		return "the rules take too long on this text: some pattern begins with a word that is all over it"
	}
	if labels[first] == NotActionable && j.facts[factAutomatic] {
		return ""
	}
	switch {
	case j.language == "und":
		return "it is not clear which language this is"
	case j.language != "en":
		return "it is not in English (" + j.language + ")"
	case first > 1 && j.heard() != "":
		return "dissatisfaction may be heard: " + j.heard()
	case first > 1 && complaint > r.settings.doubt:
		return fmt.Sprintf("the chance that it is a complaint is %.0f%%", complaint*100)
	case labels[first] == Complaint && chances[1] > r.settings.doubtStage2:
		return fmt.Sprintf("the chance that it asks for stage 2 is %.0f%%", chances[1]*100)
	case labels[first] == Complaint && j.answered() != "":
		return "it may ask for stage 2: " + j.answered()
	}
	return short(chances[first], r.settings.auto[first])
}

// likely is the confidence from which "thin or divided" would be untrue: one
// label is then much likelier than the rest, though not likely enough.
const likely = 0.7

// short says that a confidence is less than what is asked for, or "".
func short(sure, asked float64) string {
	switch {
	case sure >= asked:
		return ""
	case sure < likely:
		return "the evidence is thin or divided"
	case asked > 1:
		return "a person always decides on this label"
	}
	// Rounded down and up, so that the two never read as the same.
	return fmt.Sprintf("%.0f%% is less than the %.0f%% that is asked for acting alone", math.Floor(sure*100), math.Ceil(asked*100-1e-9))
}

// binary reports whether the text holds what writing does not.
func binary(d *document) bool {
	return d.control > 8 && d.control*20 > len(d.text)
}

// heard gives the reason of the first rule that hears dissatisfaction with
// the landlord, or "".
func (j *judgement) heard() string {
	for _, i := range j.fired {
		if r := j.rules.rules[i]; r.heard {
			return r.why
		}
	}
	return ""
}

// answered gives the reason of the first rule that hears of an answer to a
// complaint, or "".
func (j *judgement) answered() string {
	for _, i := range j.fired {
		if r := j.rules.rules[i]; r.answer {
			return r.why
		}
	}
	return ""
}

// why writes the verdict's sentence: the label, the weightiest reasons for
// it, and the doubt.
func why(v *Verdict, doubt string) string {
	var reasons []string
	for _, e := range v.Evidence {
		if e.Label != string(v.Label) || len(reasons) == 3 || e.Rule == everydayID {
			continue
		}
		s := e.Why
		if e.Quote != "" {
			s += " (“" + shorten(e.Quote, 60) + "”)"
		}
		reasons = append(reasons, s)
	}
	name := strings.ReplaceAll(string(v.Label), "_", " ")
	because := "no rule speaks clearly for anything"
	if len(reasons) > 0 {
		because = strings.Join(reasons, "; ")
	}
	if doubt == "" {
		return fmt.Sprintf("%s, because %s.", capital(name), because)
	}
	second := strings.ReplaceAll(string(v.Second), "_", " ")
	return fmt.Sprintf("A person should decide, because %s. Likeliest: %s (%s), then %s.", doubt, name, because, second)
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// shorten cuts a quotation to n bytes, at the end of a word.
func shorten(s string, n int) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) <= n {
		return s
	}
	if i := strings.LastIndexByte(s[:n], ' '); i > 0 {
		return s[:i] + "…"
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}
