package classify

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Bounds on a rule file.
const (
	maxFile     = 4 << 20
	maxPatterns = 20000
	maxListed   = 5000 // words of a list, with those of the lists in it
)

// A problem is one thing wrong with a file.
type problem struct {
	file string
	line int
	text string
}

// A reader turns a rule file into rules, collecting everything wrong with it.
type reader struct {
	name     string // of the file that is being read
	problems []problem
	rules    *Rules
	lex      *lexicon
	lists    map[string]node
	parser   patternParser
	layout   builder
	nodes    [][]node // symbols of each pattern, before they are bound
	ordinary []string
	leans    []leaning // of the line of everyday words that is being read
}

// Parse reads a rule file by itself, without everyday words.
func Parse(name string, data []byte) (*Rules, error) { return Read(File{name, data}, File{}) }

// Read reads a rule file and the everyday words that go with it. Bad files
// are refused with every problem in them, each with its line and what to do.
// What the rule file holds is kept, and must not be changed.
func Read(rules, words File) (*Rules, error) {
	for _, f := range []File{rules, words} {
		if len(f.Data) > maxFile {
			return nil, fmt.Errorf("rules: %s is larger than %d bytes: split or shorten it", f.Name, maxFile)
		}
	}
	root, err := decode(rules.Name, rules.Data)
	if err != nil {
		return nil, err
	}
	rd := &reader{
		name: rules.Name, lex: newLexicon(), lists: map[string]node{},
		rules: &Rules{version: versionOf(rules.Data, words.Data), source: rules.Data, names: map[string]int{}},
	}
	rd.parser.lists, rd.layout.lex = rd.lists, rd.lex
	rd.document(root)
	rd.leanings(words)
	if rd.name = rules.Name; rd.lex.full() {
		rd.fail(1, "over %d different words, with the everyday ones: leave some out", maxAtoms)
	}
	if err := rd.errors(); err != nil {
		return nil, err
	}
	rd.finish()
	return rd.rules, nil
}

func decode(name string, data []byte) (*yaml.Node, error) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc yaml.Node
	if err := dec.Decode(&doc); err != nil {
		return nil, fmt.Errorf("rules: %s is no readable YAML: %w", name, err)
	}
	var second yaml.Node
	if dec.Decode(&second) == nil {
		return nil, fmt.Errorf("rules: %s:%d: a second document: a rule file holds one, remove the ---", name, second.Line)
	}
	if len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, fmt.Errorf("rules: %s:1: a rule file is a mapping with settings, lists and rules", name)
	}
	return doc.Content[0], nil
}

func (rd *reader) fail(line int, format string, args ...any) {
	rd.problems = append(rd.problems, problem{rd.name, line, fmt.Sprintf(format, args...)})
}

// errors joins the problems in the order of their files and lines.
func (rd *reader) errors() error {
	if len(rd.problems) == 0 {
		return nil
	}
	sort.SliceStable(rd.problems, func(i, j int) bool {
		a, b := rd.problems[i], rd.problems[j]
		return a.file == b.file && a.line < b.line
	})
	errs := make([]error, 0, len(rd.problems))
	for _, p := range rd.problems {
		errs = append(errs, fmt.Errorf("rules: %s:%d: %s", p.file, p.line, p.text))
	}
	return errors.Join(errs...)
}

func (rd *reader) document(root *yaml.Node) {
	parts := rd.mapping(root, "settings", "lists", "ordinary", "languages", "ignore", "rules")
	for w := range strings.FieldsSeq("two three four five six seven eight nine ten eleven twelve several couple dozen few many") {
		rd.lex.atom(w)
	}
	rd.lex.atom(classNumber)
	rd.lex.atom(classRef)
	rd.settings(parts["settings"])
	rd.readLists(parts["lists"])
	for _, name := range setLists() {
		for _, a := range atomsOf(rd.lists[name]) {
			rd.lex.atom(a)
		}
	}
	rd.ordinary = rd.words(parts["ordinary"])
	rd.languages(parts["languages"])
	rd.facts()
	for _, n := range rd.sequence(parts["ignore"]) {
		rd.patterns(n, -1)
	}
	seq := rd.sequence(parts["rules"])
	if len(seq) == 0 {
		rd.fail(root.Line, "no rules: add a list under rules")
	}
	for _, n := range seq {
		rd.rule(n)
	}
	if len(rd.rules.patterns) > maxPatterns {
		rd.fail(root.Line, "over %d patterns: remove some", maxPatterns)
	}
}

// mapping gives the values of a mapping by key, and refuses unknown and
// repeated keys.
func (rd *reader) mapping(n *yaml.Node, allowed ...string) map[string]*yaml.Node {
	out := map[string]*yaml.Node{}
	if n == nil {
		return out
	}
	n = resolve(n)
	if n.Kind != yaml.MappingNode {
		rd.fail(n.Line, "this should be a mapping (name: value)")
		return out
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		if len(allowed) > 0 && !slices.Contains(allowed, k.Value) {
			rd.fail(k.Line, "%q is not known here: use one of %s", k.Value, strings.Join(allowed, ", "))
			continue
		}
		if out[k.Value] != nil {
			rd.fail(k.Line, "%q stands here twice: remove one", k.Value)
		}
		out[k.Value] = n.Content[i+1]
	}
	return out
}

func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		return n.Alias
	}
	return n
}

// sequence gives the items of a list; a single value is a list of one.
func (rd *reader) sequence(n *yaml.Node) []*yaml.Node {
	if n == nil {
		return nil
	}
	n = resolve(n)
	if n.Kind == yaml.SequenceNode {
		return n.Content
	}
	if n.Kind == yaml.ScalarNode {
		return []*yaml.Node{n}
	}
	rd.fail(n.Line, "this should be a list")
	return nil
}

// words gives the plain words of a list, which may hold several a line.
func (rd *reader) words(n *yaml.Node) []string {
	var out []string
	for _, c := range rd.sequence(n) {
		out = append(out, strings.Fields(c.Value)...)
	}
	return out
}

// readLists reads the named lists in their order: a list may use those above
// it.
func (rd *reader) readLists(n *yaml.Node) {
	if n == nil {
		return
	}
	parts := rd.mapping(n)
	for i := 0; i+1 < len(n.Content); i += 2 {
		name := n.Content[i].Value
		if node, ok := rd.list(parts[name]); ok {
			rd.lists[name] = node
		}
	}
}

func (rd *reader) list(n *yaml.Node) (node, bool) {
	var alts []node
	for _, item := range rd.sequence(n) {
		for entry := range strings.SplitSeq(item.Value, ",") {
			if strings.TrimSpace(entry) == "" {
				continue
			}
			one, _, err := rd.parser.pattern(entry)
			if err != nil {
				rd.fail(item.Line, "list entry %q: %v", strings.TrimSpace(entry), err)
				continue
			}
			alts = append(alts, one)
		}
	}
	if len(alts) == 0 {
		return node{}, false
	}
	whole := choiceOf(alts)
	if len(whole.atoms)+len(whole.alt) > maxListed {
		rd.fail(n.Line, "a list of over %d words, with the lists in it: split it or name fewer lists", maxListed)
		return node{}, false
	}
	return whole, true
}

// patterns reads the patterns of one line, which commas part.
func (rd *reader) patterns(n *yaml.Node, owner int) {
	if strings.HasPrefix(n.LineComment, "#") && strings.Count(n.Value, "(") != strings.Count(n.Value, ")") {
		rd.fail(n.Line, "the pattern is cut short at #, which begins a comment: put the pattern in quotation marks")
	}
	for source := range strings.SplitSeq(n.Value, ",") {
		rd.pattern(n, strings.TrimSpace(source), owner)
	}
}

// pattern reads one pattern for a rule.
func (rd *reader) pattern(n *yaml.Node, source string, owner int) {
	parsed, p, err := rd.parser.pattern(source)
	if err != nil {
		rd.fail(n.Line, "pattern %q: %v", source, err)
		return
	}
	if parsed.alt == nil || parsed.optional {
		rd.compile(n, source, parsed, p, owner)
		return
	}
	// Choices of the whole pattern are patterns of their own: shorter, and
	// quicker to try.
	for _, one := range parsed.alt {
		q := *p
		rd.compile(n, source, one, &q, owner)
	}
}

func (rd *reader) compile(n *yaml.Node, source string, parsed node, p *pattern, owner int) {
	symbols, err := rd.layout.build(parsed, p)
	if err != nil {
		rd.fail(n.Line, "pattern %q: %v", source, err)
		return
	}
	rd.rules.patterns = append(rd.rules.patterns, p)
	rd.rules.owners = append(rd.rules.owners, owner)
	rd.nodes = append(rd.nodes, symbols)
}

// setLists names the lists of which every rule makes use: what turns round, how
// far that goes, and whom a sentence names.
func setLists() []string { return []string{"negators", "negation-stops", "us", "others"} }

// finish binds all patterns to the closed vocabulary.
func (rd *reader) finish() {
	r := rd.rules
	r.vocab = rd.lex.vocabulary(rd.ordinary)
	b := binder{rd.lex, map[string]kindSet{}}
	for i, p := range r.patterns {
		b.bind(p, rd.nodes[i])
	}
	for i, set := range []*kindSet{&r.negators, &r.stops, &r.aims[aimUs], &r.aims[aimOthers]} {
		*set = setOf(rd.lex.kinds(atomsOf(rd.lists[setLists()[i]])))
	}
	r.starts = starts(r.patterns, len(r.vocab.names))
	r.leans.trim()
	rd.bindLanguages()
}

// atomsOf gives the single words of a list; its phrases do not count.
func atomsOf(n node) []string {
	out := slices.Clone(n.atoms)
	for _, a := range n.alt {
		if a.atoms != nil && !a.not {
			out = append(out, a.atoms...)
		}
	}
	return out
}
