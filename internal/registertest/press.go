package registertest

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"postroom/internal/reference"
	"postroom/internal/register"
	"postroom/internal/terms"
)

// A press prints copies of stories.
type press struct {
	references reference.Maker
	taken      map[string]bool // references
	random     *rand.Rand
	zipf       *rand.Zipf
	printed    int
}

func newPress(c register.Config) *press {
	random := rand.New(rand.NewPCG(26, 11)) //nolint:gosec // of made-up people
	return &press{references: c.References, taken: map[string]bool{}, random: random, zipf: rand.NewZipf(random, 1.1, 4, vocabulary-1)}
}

// A slot is where a copy has something of its own: what stood there, and what
// kind of thing it is.
type slot struct{ was, kind string }

// A pattern is a text with slots in it: the text before each, then the slot's
// number; the last has none.
type pattern []struct {
	text string
	slot int
}

func (p pattern) with(values []string) string {
	if len(p) == 1 && p[0].slot < 0 {
		return p[0].text
	}
	var b strings.Builder
	for _, piece := range p {
		b.WriteString(piece.text)
		if piece.slot >= 0 {
			b.WriteString(values[piece.slot])
		}
	}
	return b.String()
}

var fullHash = regexp.MustCompile(`\b[0-9a-f]{64}\b`)

// slots finds what each copy has of its own.
func (s *story) slots() []slot {
	var all []slot
	add := func(was, kind string) {
		if was != "" && !slices.ContainsFunc(all, func(o slot) bool { return o.was == was }) {
			all = append(all, slot{was, kind})
		}
	}
	for i, m := range storyMarks(s.number).list() {
		add(m, strconv.Itoa(i))
	}
	for _, t := range s.tables {
		for _, row := range t.rows {
			for i, column := range t.columns {
				text, isText := row[i].(string)
				if !isText {
					continue
				}
				if slices.Contains(strings.Fields(t.own), column) {
					add(text, column)
				}
				if column == "reference" && t.table == "message" {
					add(strings.ReplaceAll(text, "-", ""), "bare")
				}
				for _, hash := range fullHash.FindAllString(text, -1) {
					add(hash, "hash")
				}
			}
		}
	}
	return all
}

// cutting makes patterns of texts.
func cutting(slots []slot) func(string) pattern {
	number, marks := map[string]int{}, make([]string, len(slots))
	for i, s := range slots {
		number[s.was], marks[i] = i, regexp.QuoteMeta(s.was)
	}
	slices.SortFunc(marks, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	mark := regexp.MustCompile(strings.Join(marks, "|"))
	return func(text string) (p pattern) {
		last := 0
		for _, at := range mark.FindAllStringIndex(text, -1) {
			p = append(p, struct {
				text string
				slot int
			}{text[last:at[0]], number[text[at[0]:at[1]]]})
			last = at[1]
		}
		return append(p, struct {
			text string
			slot int
		}{text[last:], -1})
	}
}

// own makes what a copy has of its own.
func (p *press) own(slots []slot, year int) []string {
	p.printed++
	person, values := p.person().list(), make([]string, len(slots))
	fingerprint := ""
	for i, s := range slots {
		switch s.kind {
		case "reference", "bare": // below
		case "id":
			values[i] = s.was[:10] + p.letters(len(s.was)-10)
		case "fingerprint", "original", "text_key", "key", "bytes", "hash":
			sum := sha256.Sum256([]byte(s.was + strconv.Itoa(p.printed)))
			values[i] = hex.EncodeToString(sum[:])[:len(s.was)]
			if s.kind == "fingerprint" {
				fingerprint = values[i]
			}
		default:
			n, _ := strconv.Atoi(s.kind)
			values[i] = person[n]
		}
	}
	ref := p.reference(fingerprint, year)
	for i, s := range slots {
		switch s.kind {
		case "reference":
			values[i] = ref
		case "bare":
			values[i] = strings.ReplaceAll(ref, "-", "")
		}
	}
	return values
}

func (p *press) reference(fingerprint string, year int) string {
	for counter := 0; ; counter++ {
		if ref := p.references.Make(fingerprint, year, counter); !p.taken[ref] {
			p.taken[ref] = true
			return ref
		}
	}
}

const idLetters = "0123456789abcdefghjkmnpqrstvwxyz"

func (p *press) letters(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = idLetters[p.random.IntN(len(idLetters))]
	}
	return string(b)
}

// vocabulary is of how many words people write, the first of them most.
const vocabulary = 20_000

// Word is the nth; none is another one's beginning.
func Word(n int) string {
	const first, vowels, last = "bdfghjklmnprstvz", "aeiou", "kmnrst"
	b := make([]byte, 0, 8)
	for range 3 {
		b = append(b, first[n%len(first)], vowels[n/len(first)%len(vowels)])
		n /= len(first) * len(vowels)
	}
	return string(append(b, last[n%len(last)]))
}

func capital(w string) string { return strings.ToUpper(w[:1]) + w[1:] }

// ownWords are written by each beside what the story says.
const ownWords = 24

// person makes somebody up, and some words of theirs.
func (p *press) person() marks {
	words := make([]string, ownWords)
	for i := range words {
		words[i] = Word(int(p.zipf.Uint64())) //nolint:gosec // a small number
	}
	name := capital(Word(p.random.IntN(300))) + " " + capital(Word(1000+p.random.IntN(3000)))
	pc := p.random.IntN(8000)
	return marks{
		name: name, address: fmt.Sprintf("resident%d@example.com", p.printed), mail: fmt.Sprintf("letter%d@example.com", p.printed),
		street:   fmt.Sprintf("%d %s Street", 1+p.random.IntN(150), capital(Word(5000+p.random.IntN(2000)))),
		postcode: fmt.Sprintf("QX%d %d%c%c", 1+pc/400, pc%10, 'A'+pc/10%8, 'L'+pc/80%5), words: strings.Join(words, " "),
	}
}

// print makes copies of a story: rows by table. The last value of a row of
// search_entry is its words.
func (p *press) print(s *story, copies int) [][][]any {
	slots := s.slots()
	cut := cutting(slots)
	patterns := make([][][]any, len(s.tables))
	year := 0
	for i, t := range s.tables {
		for _, row := range t.rows {
			cells := slices.Clone(row)
			for j, cell := range row {
				if text, ok := cell.(string); ok {
					cells[j] = cut(text)
				}
				if t.table == "message" && t.columns[j] == "received_at" {
					year = time.UnixMicro(cell.(int64)).Year() //nolint:forcetypeassert // an instant is a number
				}
			}
			patterns[i] = append(patterns[i], cells)
		}
	}
	printed := make([][][]any, len(s.tables))
	all := s.wordsOfAll(slots)
	for n := range copies {
		values := p.own(slots, year)
		later := int64(n) * (3 * time.Hour).Microseconds() / int64(copies)
		for i, t := range s.tables {
			rows := t.fill(patterns[i], values, later)
			switch t.table {
			case "event":
				chain(rows)
			case "search_entry":
				rows[0] = t.withWords(rows[0], all, searchedOf(slots, values))
			}
			printed[i] = append(printed[i], rows...)
		}
	}
	return printed
}

func (t storyTable) fill(patterns [][]any, values []string, later int64) [][]any {
	rows := make([][]any, len(patterns))
	for i, cells := range patterns {
		row := make([]any, len(cells))
		for j, cell := range cells {
			switch cell := cell.(type) {
			case pattern:
				row[j] = cell.with(values)
			case int64:
				if row[j] = cell; cell > 0 && moves(t.columns[j]) {
					row[j] = cell + later
				}
			}
		}
		rows[i] = row
	}
	return rows
}

// chain ties the lines of each history together, as the register does.
func chain(rows [][]any) {
	var subject, before any
	for _, row := range rows { // subject, seq, at, by_whom, what, detail, hash
		if row[0] != subject {
			subject, before = row[0], ""
		}
		h := sha256.New()
		for _, field := range append([]any{before}, row[:6]...) {
			text := fmt.Sprint(field)
			_, _ = fmt.Fprintf(h, "%d:%s,", len(text), text)
		}
		before = hex.EncodeToString(h.Sum(nil))
		row[6] = before
	}
}

// searched reports whether a case is found by what stands in the slot.
func (s slot) searched() bool {
	n, err := strconv.Atoi(s.kind)
	return err == nil && n != mailMark || s.kind == "reference" || s.kind == "bare"
}

// searchedOf are those of the values by which a case is found.
func searchedOf(slots []slot, values []string) (texts []string) {
	for i, s := range slots {
		if s.searched() {
			texts = append(texts, values[i])
		}
	}
	return texts
}

// wordsOfAll are the words of a story that every copy has too.
func (s *story) wordsOfAll(slots []slot) []string {
	were := make([]string, len(slots))
	for i, s := range slots {
		were[i] = s.was
	}
	own := terms.Of(searchedOf(slots, were)...)
	return slices.DeleteFunc(slices.Clone(s.words), func(w string) bool { return slices.Contains(own, w) })
}

// withWords gives a row of the search its words, and their digest.
func (t storyTable) withWords(row []any, all, own []string) []any {
	words := append(terms.Of(own...), all...)
	slices.Sort(words)
	words = slices.Compact(words)
	text := strings.Join(words, " ")
	sum := sha256.Sum256([]byte(text))
	row[slices.Index(t.columns, "digest")] = hex.EncodeToString(sum[:16])
	return append(row, text)
}
