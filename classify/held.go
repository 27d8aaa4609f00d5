package classify

import "strings"

// fewestShown is the least number of messages that can show how a label, flag
// or topic sounds.
const fewestShown = 20

// held tells, by slot, what a fit leaves as the file has it, since too few of
// the messages are of it. Messages among which nobody is in danger would teach
// that nobody ever is, and messages without a stage 2 request that all of them
// are complaints.
type held []bool

func heldBy(examples []Example) held {
	out := make(held, len(leanTargets()))
	for k, target := range leanTargets() {
		shown := 0
		for _, e := range examples {
			if e.has(target) {
				shown++
			}
		}
		out[k] = shown < fewestShown
	}
	return out
}

// names lists what is held.
func (h held) names() []string {
	var out []string
	for k, target := range leanTargets() {
		if h[k] {
			out = append(out, target)
		}
	}
	return out
}

// cautious takes back what the messages could not show to be safe: while
// complaints, or stage 2 requests, are too few among them, nothing is settled
// alone more readily than before that might be one.
func (h held) cautious(before, fitted settings) settings {
	auto := make([]float64, len(fitted.auto))
	for k, least := range fitted.auto {
		if h[0] && k > 1 || h[1] && k != 1 {
			least = max(least, before.auto[k])
		}
		auto[k] = least
	}
	fitted.auto = auto
	if h[0] || h[1] {
		fitted.doubt = min(fitted.doubt, before.doubt)
	}
	if h[1] {
		fitted.doubtStage2 = min(fitted.doubtStage2, before.doubtStage2)
	}
	return fitted
}

// words gives the everyday words that lean to what is held, each with those
// leanings as the cells of a line, and the heading of their columns.
func (h held) words(r *Rules) (heading string, cells map[string]string) {
	cells = map[string]string{}
	for i := range r.leans.rows {
		row, some := make([]string, len(h)), false
		for _, l := range r.leans.of(i) {
			if h[l.slot] && l.hundredths != 0 {
				row[l.slot], some = plainNumber(l.value()), true
			}
		}
		if some {
			cells[r.words(i)] = "\t" + strings.Join(row, "\t")
		}
	}
	return "\t" + strings.Join(leanTargets(), "\t"), cells
}
