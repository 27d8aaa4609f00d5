package classify

import (
	"math"
	"slices"
	"strings"
)

// leanings are the everyday words, and what each leans to. There are tens of
// thousands of them and every process keeps them, so they are one table, and
// no rules.
type leanings struct {
	rows  []row             // in the order of the file
	leans []leaning         // of all rows, one after the other
	at    map[phrase]uint16 // which row a phrase has
}

// A phrase is an everyday word, or two in a row, by their kinds; the first of
// a single word is 0.
type phrase struct{ first, second uint16 }

// A row is a phrase with the place in the table where its leanings begin.
type row struct {
	phrase

	begin uint32
}

// A leaning is how far a phrase leans to a label or mark, in hundredths: a fit
// gives no more decimals.
type leaning struct {
	slot       uint8
	hundredths int16
}

func leaningOf(slot int, value float64) leaning {
	return leaning{uint8(slot), int16(math.Round(value * 100))} //nolint:gosec // there are few slots, and mostWeight bounds the value
}

func (l leaning) value() float64 { return float64(l.hundredths) / 100 }

// add adds a row with its leanings, unless its phrase has one.
func (l *leanings) add(p phrase, leans []leaning) bool {
	if _, taken := l.at[p]; taken {
		return false
	}
	l.at[p] = uint16(len(l.rows))                         //nolint:gosec // the reader refuses more than maxWords
	l.rows = append(l.rows, row{p, uint32(len(l.leans))}) //nolint:gosec // a file is bounded
	l.leans = append(l.leans, leans...)
	return true
}

// of gives the leanings of a row.
func (l *leanings) of(i int) []leaning {
	end := len(l.leans)
	if i+1 < len(l.rows) {
		end = int(l.rows[i+1].begin)
	}
	return l.leans[l.rows[i].begin:end]
}

// grow makes room for about so many rows and leanings.
func (l *leanings) grow(rows, leans int) {
	l.rows, l.leans, l.at = make([]row, 0, rows), make([]leaning, 0, leans), make(map[phrase]uint16, rows)
}

// trim gives back the room for more.
func (l *leanings) trim() { l.rows, l.leans = slices.Clone(l.rows), slices.Clone(l.leans) }

// words gives the everyday words of a row.
func (r *Rules) words(i int) string {
	p := r.leans.rows[i]
	return strings.TrimPrefix(r.vocab.names[p.first]+" "+r.vocab.names[p.second], " ")
}

// numbered tells how many rules and rows there are: where both are fitted, or
// counted, the rows have the numbers after the rules'.
func (r *Rules) numbered() int { return len(r.rules) + len(r.leans.rows) }

// weightsOf gives the weights of what has the number.
func (r *Rules) weightsOf(number int) []weight {
	if number < len(r.rules) {
		return r.rules[number].weights
	}
	leans := r.leans.of(number - len(r.rules))
	out := make([]weight, 0, len(leans))
	for _, l := range leans {
		out = append(out, weight{target: leanTargets()[l.slot], slot: int(l.slot), value: l.value()})
	}
	return out
}
