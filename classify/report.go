package classify

import (
	"fmt"
	"io"
	"strings"

	"postroom/internal/oneline"
)

// Render writes the report as plain text.
func (rep *Report) Render(w io.Writer) error {
	b := &strings.Builder{}
	fmt.Fprintf(b, "rules %s on %d examples\n\n", rep.Version, rep.Examples)
	fmt.Fprintf(b, "label right      %5d  %.3f\n", rep.Right, rep.Accuracy())
	fmt.Fprintf(b, "settled alone    %5d  %.3f\n", rep.Auto, rep.AutoShare())
	fmt.Fprintf(b, "  of them right  %5d  %.3f\n", rep.AutoRight, rep.AutoPrecision())
	fmt.Fprintf(b, "  complaints and stage 2 requests settled as something less: %d\n", len(rep.Dangerous))
	rep.renderConfusion(b)
	rep.renderTallies(b)
	fmt.Fprintf(b, "\ncalibration: how sure, how often right\n")
	for _, bin := range rep.Calibration {
		if bin.Count > 0 {
			fmt.Fprintf(b, "  %.1f to %.1f  %5d  sure %.3f  right %.3f\n", bin.From, bin.To, bin.Count, bin.Sure, share(bin.RightOnes, bin.Count))
		}
	}
	rep.renderRules(b)
	rep.renderMisses(b)
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("report: write: %w", err)
	}
	return nil
}

// RenderChanges writes how the report differs from that of other rules on the
// same examples: the figures side by side, and every verdict that changed.
func (rep *Report) RenderChanges(w io.Writer, before *Report) error {
	b := &strings.Builder{}
	fmt.Fprintf(b, "changed from rules %s to rules %s\n\n%-32s %7s %7s\n", before.Version, rep.Version, "", "before", "after")
	for _, row := range []struct {
		what string
		of   func(*Report) float64
	}{
		{"label right", (*Report).Accuracy},
		{"settled alone", (*Report).AutoShare},
		{"  of them right", (*Report).AutoPrecision},
	} {
		fmt.Fprintf(b, "%-32s %7.3f %7.3f\n", row.what, row.of(before), row.of(rep))
	}
	fmt.Fprintf(b, "%-32s %7d %7d\n", "  settled as something less", len(before.Dangerous), len(rep.Dangerous))
	changed := 0
	for i, now := range rep.Judged {
		if was := before.Judged[i]; was != now {
			changed++
			fmt.Fprintf(b, "  %s is %s: %s (%s) -> %s (%s)%s\n", said(now.ID, 100), now.Is, was.Said, was.Route, now.Said, now.Route, turn(was, now))
		}
	}
	fmt.Fprintf(b, "%d of %d verdicts changed\n\n", changed, len(rep.Judged))
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("report: write: %w", err)
	}
	return nil
}

// turn says whether a changed verdict is for the better.
func turn(was, now Judged) string {
	switch {
	case was.Said != was.Is && now.Said == now.Is:
		return ", now right"
	case was.Said == was.Is && now.Said != now.Is:
		return ", NOW WRONG"
	}
	return ""
}

func (rep *Report) renderConfusion(b *strings.Builder) {
	fmt.Fprintf(b, "\nconfusion: rows are the true labels, columns the verdicts\n%16s", "")
	for _, l := range Labels() {
		fmt.Fprintf(b, " %15s", l)
	}
	b.WriteByte('\n')
	for _, is := range Labels() {
		fmt.Fprintf(b, "%16s", is)
		for _, said := range Labels() {
			fmt.Fprintf(b, " %15d", rep.Confusion[is][said])
		}
		b.WriteByte('\n')
	}
}

func (rep *Report) renderTallies(b *strings.Builder) {
	fmt.Fprintf(b, "\nlabels\n")
	for _, l := range Labels() {
		tallyLine(b, string(l), rep.Labels[l])
	}
	fmt.Fprintf(b, "\nflags\n")
	for _, f := range Flags() {
		tallyLine(b, string(f), rep.Flags[f])
	}
	fmt.Fprintf(b, "\ntopics\n")
	for _, t := range Topics() {
		tallyLine(b, t, rep.Topics[t])
	}
}

// tallyLine tells how well a label, flag or topic was found; nothing of one
// that was neither there nor found.
func tallyLine(b *strings.Builder, name string, t Tally) {
	if t.There+t.Found > 0 {
		fmt.Fprintf(b, "  %-24s there %5d  found %5d  precision %.3f  recall %.3f  F1 %.3f\n", name, t.There, t.Found, t.Precision(), t.Recall(), t.F1())
	}
}

func (rep *Report) renderRules(b *strings.Builder) {
	fmt.Fprintf(b, "\nrules, those that misled most first\n")
	var idle []string
	for _, s := range rep.worst() {
		switch {
		case strings.HasPrefix(s.ID, leaningPrefix): // there are thousands, and none stands alone
		case s.Fired > 0:
			fmt.Fprintf(b, "  %-36s fired %5d  helped %5d  misled %5d\n", s.ID, s.Fired, s.Helped, s.Misled)
		default:
			idle = append(idle, s.ID)
		}
	}
	fmt.Fprintf(b, "  never fired: %s\n", strings.Join(idle, ", "))
}

// said gives what a stranger wrote as it may stand in a terminal.
func said(text string, most int) string { return oneline.Of(text, most) }

func (rep *Report) renderMisses(b *strings.Builder) {
	fmt.Fprintf(b, "\nmisses\n")
	for _, m := range rep.Misses {
		v := m.Verdict
		fmt.Fprintf(b, "  %s is %s, said %s (%.2f, %s)\n    %s :: %s\n    labelled so: %s\n", said(m.Example.ID, 100), m.Example.Label, v.Label, v.Confidence, v.Route,
			said(m.Example.Message.Subject, 200), said(shorten(m.Example.Message.Text, 600), 600), said(m.Example.Why, 600))
		for i, e := range v.Evidence {
			if i < 12 && slotOf(e.Label) >= 0 {
				fmt.Fprintf(b, "    %+.2f %-15s %s: %q\n", e.Weight, e.Label, e.Rule, shorten(e.Quote, 80))
			}
		}
		fmt.Fprintf(b, "    %s\n", said(v.Why, 2000))
	}
}
