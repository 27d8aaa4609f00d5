package classify

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// mostWeight bounds every weight, written or fitted.
const mostWeight = 20

func (rd *reader) settings(n *yaml.Node) {
	s := &rd.rules.settings
	*s = settings{
		bias: make([]float64, len(leanTargets())), auto: make([]float64, len(Labels())),
		temperature: 1, doubt: 0.05, doubtStage2: 0.1, least: -3, most: 3,
	}
	for i := range s.auto {
		s.auto[i] = 0.9
	}
	if n == nil {
		return
	}
	parts := rd.mapping(n, "bias", "auto", "temperature", "doubt", "doubt-stage2", "least-weight", "most-weight")
	for i, m := range marks() {
		if !m.topic {
			s.bias[len(Labels())+i] = flagsBias
		}
	}
	rd.numbers(parts["bias"], leanTargets(), s.bias, -mostWeight, mostWeight)
	rd.numbers(parts["auto"], leanTargets()[:len(Labels())], s.auto, 0.5, 1.01)
	rd.number(parts["temperature"], &s.temperature, 0.1, 10)
	rd.number(parts["doubt"], &s.doubt, 0, 0.5)
	rd.number(parts["doubt-stage2"], &s.doubtStage2, 0, 0.5)
	rd.number(parts["least-weight"], &s.least, -mostWeight, 0)
	rd.number(parts["most-weight"], &s.most, 0, mostWeight)
}

// flagsBias is where a flag starts unless the file says: words alone hardly
// raise it then.
const flagsBias = -5

// numbers reads a number for each of some names.
func (rd *reader) numbers(n *yaml.Node, names []string, into []float64, least, most float64) {
	if n == nil {
		return
	}
	for name, v := range rd.mapping(n, names...) {
		rd.number(v, &into[slices.Index(names, name)], least, most)
	}
}

func (rd *reader) number(n *yaml.Node, into *float64, least, most float64) {
	if n == nil {
		return
	}
	x, err := strconv.ParseFloat(n.Value, 64)
	if err != nil || math.IsNaN(x) || x < least || x > most {
		rd.fail(n.Line, "%q should be a number from %g to %g", n.Value, least, most)
		return
	}
	*into = x
}

// sign gives the number of a sign, a rule's id or a fact, making it when new.
func (rd *reader) sign(name string) int {
	if n, ok := rd.rules.names[name]; ok {
		return n
	}
	n := rd.rules.signs
	rd.rules.names[name] = n
	rd.rules.signs++
	return n
}

// facts gives the built-in signs their numbers, the first ones.
func (rd *reader) facts() {
	for _, f := range factNames() {
		rd.sign(f)
	}
}

func (rd *reader) rule(n *yaml.Node) {
	parts := rd.mapping(n, "id", "why", "match", "in", "polarity", "aim", "times", "all", "any", "none", "within",
		"weights", "fixed", "heard", "level", "outcome", "private", "signs")
	r := &rule{line: n.Line, times: 1}
	rd.identity(r, n, parts)
	rd.conditions(r, parts)
	r.weights = rd.weights(parts["weights"])
	if w := parts["weights"]; w != nil {
		r.weightsLine = w.Line
	}
	heard := rd.oneOf(parts["heard"], "false", "true", "answer")
	r.heard, r.answer = heard == "true", heard == "answer"
	r.fixed = rd.yes(parts["fixed"])
	r.outcome = rd.yes(parts["outcome"])
	r.private = rd.yes(parts["private"])
	r.level = HazardLevel(rd.oneOf(parts["level"], "", string(Significant), string(Emergency)))
	owner := len(rd.rules.rules)
	for _, m := range rd.sequence(parts["match"]) {
		r.match = true
		rd.patterns(m, owner)
	}
	if !r.match && len(r.all) == 0 && len(r.any) == 0 {
		rd.fail(n.Line, "rule %q looks for nothing: give it match, all or any", r.id)
	}
	r.gives = append(r.gives, rd.sign(r.id))
	for _, s := range rd.sequence(parts["signs"]) {
		r.gives = append(r.gives, rd.sign(s.Value))
	}
	rd.rules.rules = append(rd.rules.rules, r)
}

func (rd *reader) identity(r *rule, n *yaml.Node, parts map[string]*yaml.Node) {
	if id := parts["id"]; id != nil {
		r.id = id.Value
	}
	if r.id == "" {
		rd.fail(n.Line, "a rule has no id: add id: with a short name of its own")
		r.id = "line-" + strconv.Itoa(n.Line)
	}
	if _, taken := rd.rules.names[r.id]; taken {
		rd.fail(n.Line, "id %q is taken by a rule, sign or fact above: choose another", r.id)
	}
	if why := parts["why"]; why != nil {
		r.why = why.Value
	}
	if strings.TrimSpace(r.why) == "" {
		rd.fail(n.Line, "rule %q has no reason: add why: in plain English", r.id)
	}
}

func (rd *reader) conditions(r *rule, parts map[string]*yaml.Node) {
	r.in = rd.oneOf(parts["in"], "", "text", "subject")
	r.polarity = rd.oneOf(parts["polarity"], "", "plain", "negated")
	r.aim = rd.oneOf(parts["aim"], "", "us", "others", "not-others")
	r.within = rd.oneOf(parts["within"], "message", "near", "sentence")
	r.all = rd.signs(parts["all"])
	r.any = rd.signs(parts["any"])
	r.none = rd.signs(parts["none"])
	if t := parts["times"]; t != nil {
		k, err := strconv.Atoi(t.Value)
		if err != nil || k < 1 || k > 20 {
			rd.fail(t.Line, "times: should be a whole number from 1 to 20")
			k = 1
		}
		r.times = k
	}
}

// signs looks names up; they must stand above, so that rules can be judged in
// one pass from the top.
func (rd *reader) signs(n *yaml.Node) []int {
	var out []int
	for _, s := range rd.sequence(n) {
		for name := range strings.FieldsSeq(s.Value) {
			k, ok := rd.rules.names[name]
			if !ok {
				rd.fail(s.Line, "%q is no rule, sign or fact known above this line: mend the name or move the rule down", name)
				continue
			}
			out = append(out, k)
		}
	}
	return out
}

func (rd *reader) weights(n *yaml.Node) []weight {
	if n == nil {
		return nil
	}
	var out []weight
	parts := rd.mapping(n)
	for _, target := range sortedKeys(parts) {
		if !knownTarget(target) {
			rd.fail(parts[target].Line, "%q is no label, flag or topic: use one of those in the guide", target)
			continue
		}
		w := weight{target: target, slot: slotOf(target)}
		rd.number(parts[target], &w.value, -mostWeight, mostWeight)
		out = append(out, w)
	}
	return out
}

func knownTarget(t string) bool {
	return slotOf(t) >= 0 || slices.Contains(Flags(), Flag(t)) || slices.Contains(Topics(), t)
}

func (rd *reader) yes(n *yaml.Node) bool { return rd.oneOf(n, "false", "true") == "true" }

// oneOf reads a word that must be one of a few; the first is the default.
func (rd *reader) oneOf(n *yaml.Node, allowed ...string) string {
	if n == nil {
		return allowed[0]
	}
	if !slices.Contains(allowed, n.Value) {
		rd.fail(n.Line, "%q should be one of %s", n.Value, strings.Join(allowed, ", "))
		return allowed[0]
	}
	return n.Value
}
