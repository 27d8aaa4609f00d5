package classify

import (
	"cmp"
	"fmt"
	"io"
	"strings"
)

// Render writes a fit for a person to review: how it did on each fold, the
// fit on everything beside it, and the lines of the file that differ, as a
// unified diff.
func (t *Tuned) Render(w io.Writer, from, to string, examples []Example) error {
	b := &strings.Builder{}
	fmt.Fprintf(b, "fitted without each fold in turn, and judged on it:\n")
	fmt.Fprintf(b, "  %-24s %8s %7s %7s %9s %8s\n", "fold", "examples", "right", "alone", "of them", "as less")
	all := Report{Flags: map[Flag]Tally{}}
	for _, f := range t.Folds {
		foldLine(b, f.Name, &f.Report)
		all.Examples += f.Report.Examples
		all.Right += f.Report.Right
		all.Auto += f.Report.Auto
		all.AutoRight += f.Report.AutoRight
		all.Dangerous = append(all.Dangerous, f.Report.Dangerous...)
		for flag, t := range f.Report.Flags {
			all.Flags[flag] = all.Flags[flag].plus(t)
		}
	}
	foldLine(b, "all folds", &all)
	for _, f := range Flags() {
		tallyLine(b, string(f), all.Flags[f])
	}
	if len(t.Held) > 0 {
		fmt.Fprintf(b, "fewer than %d messages show these, so what leans to them stays as it was: %s\n", fewestShown, strings.Join(t.Held, ", "))
	}
	fit := Score(t.Rules, examples)
	fmt.Fprintf(b, "fitted on all, and judged on the same; better than it will be:\n")
	foldLine(b, "the fit", &fit)
	if t.Diff == "" {
		fmt.Fprintf(b, "\nno weight changes\n")
	} else {
		fmt.Fprintf(b, "\n--- %s\n+++ %s\n%s", cmp.Or(from, "rules.yaml"), to, t.Diff)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("tune: write: %w", err)
	}
	return nil
}

func foldLine(b *strings.Builder, name string, r *Report) {
	fmt.Fprintf(b, "  %-24s %8d %7.3f %7.3f %9.3f %8d\n", name, r.Examples, r.Accuracy(), r.AutoShare(), r.AutoPrecision(), len(r.Dangerous))
}
