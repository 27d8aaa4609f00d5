package classify

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"slices"
	"sync"
)

//go:embed rules.yaml
var defaultRules []byte

//go:embed words.tsv
var defaultWords []byte

// Rules is a rule file, with its everyday words, read and compiled. It is
// never changed after that,
// so any number of goroutines may share it.
type Rules struct {
	version  string
	source   []byte
	vocab    *vocabulary
	patterns []*pattern
	owners   []int // the rule of each pattern; -1 for ignore
	starts   [][]start
	rules    []*rule
	leans    leanings       // the everyday words
	names    map[string]int // rule ids, signs and facts -> number of the sign
	signs    int
	settings settings
	negators kindSet
	stops    kindSet
	aims     [aimOthers + 1]kindSet
	nature   map[uint16][]languageVote // votes of each kind of word for a language
	codes    []string
}

// A rule is one rule of the file, compiled.
type rule struct {
	id          string
	why         string
	line        int
	weightsLine int
	match       bool // has patterns of its own
	in          string
	polarity    string
	aim         string
	times       int
	all         []int // signs
	any         []int
	none        []int
	within      string
	weights     []weight
	heard       bool // dissatisfaction with the landlord
	answer      bool // an answer to a complaint may be meant
	level       HazardLevel
	outcome     bool
	private     bool // its sentence is never said back to the resident
	gives       []int
	fixed       bool // its weights are set by hand, and never fitted
}

// A weight is what a rule counts for a label, flag or topic.
type weight struct {
	target string
	slot   int // number of the label, or of the mark to which a word leans; -1 for a flag or topic of a rule
	value  float64
}

type settings struct {
	bias        []float64 // a label, and after them a flag to which words lean
	temperature float64
	auto        []float64 // the least confidence for acting alone, a label
	doubt       float64   // the most chance of a complaint with which a lesser label acts alone
	doubtStage2 float64   // the most chance of stage 2 with which a complaint acts alone
	least, most float64   // bounds of a weight when fitted
}

// kindSet is a set of kinds of words.
type kindSet []uint64

func setOf(kinds []uint16) kindSet {
	set := make(kindSet, slices.Max(append(kinds, 0))>>6+1)
	for _, k := range kinds {
		set[k>>6] |= 1 << (k & 63)
	}
	return set
}

func (s kindSet) has(kind uint16) bool {
	i := int(kind >> 6)
	return i < len(s) && s[i]&(1<<(kind&63)) != 0
}

var parseDefault = sync.OnceValues(func() (*Rules, error) { return Read(BuiltIn()) })

// A File is a rule file, or a file of everyday words, with the name that
// stands before the lines of its errors.
type File struct {
	Name string
	Data []byte
}

// BuiltIn gives the rules and the everyday words that come with the program.
func BuiltIn() (rules, words File) {
	return File{"rules.yaml", defaultRules}, File{"words.tsv", defaultWords}
}

// Default gives the rules that come with the program, read once. They are
// part of the program and tested with it: if they cannot be read, an empty
// rule set is given, which sends every message to a person.
func Default() *Rules {
	r, err := parseDefault()
	if err != nil {
		return &Rules{vocab: &vocabulary{}, names: map[string]int{}, version: "unreadable"}
	}
	return r
}

// Version is a short hash of the content of both files: the same bytes, the
// same version.
func (r *Rules) Version() string { return r.version }

func versionOf(rules, words []byte) string {
	h := sha256.New()
	h.Write(rules)
	if len(words) > 0 {
		h.Write([]byte{0}) // no rule file holds it, so no two pairs of files read alike
		h.Write(words)
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

// slotOf gives the number of a label, or -1.
func slotOf(target string) int {
	for i, l := range Labels() {
		if string(l) == target {
			return i
		}
	}
	return -1
}

// A mark is a flag or a topic to which everyday words may lean.
type mark struct {
	name  string
	topic bool
}

// marks lists the flags and topics for which people have endless words.
var marks = sync.OnceValue(func() []mark {
	return []mark{
		{string(Hazard), false},
		{string(Vulnerable), false},
		{string(Safeguarding), false},
		{string(Representative), false},
		{string(WantsLetter), false},
		{"repairs", true},
		{"heating_hot_water", true},
		{"leak_flood", true},
		{"windows_doors", true},
		{"fire_building_safety", true},
		{"asb_noise", true},
		{"staff_conduct", true},
		{"contractor_conduct", true},
		{"communication", true},
		{"rent_service_charge", true},
		{"allocations_transfer", true},
		{"estate_cleaning_grounds", true},
	}
})

// marked gives the number of a mark, or -1.
func marked(name string) int {
	return slices.IndexFunc(marks(), func(m mark) bool { return m.name == name })
}

// leanTargets lists what everyday words may lean to, by the numbers of the
// slots: the labels, then the marks.
var leanTargets = sync.OnceValue(func() []string {
	var out []string
	for _, l := range Labels() {
		out = append(out, string(l))
	}
	for _, m := range marks() {
		out = append(out, m.name)
	}
	return out
})

// Topics lists every topic that a rule may speak for, in the order in which
// pages show them.
func Topics() []string {
	return []string{
		"repairs", "damp_mould", "heating_hot_water", "leak_flood", "windows_doors", "pests", "lift",
		"fire_building_safety", "adaptations", "asb_noise", "staff_conduct", "contractor_conduct", "communication",
		"complaint_handling", "rent_service_charge", "allocations_transfer", "estate_cleaning_grounds", "parking",
		"data_protection", "other",
	}
}
