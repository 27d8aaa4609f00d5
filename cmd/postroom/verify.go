package main

import (
	"context"
	"fmt"
	"io"

	"postroom/internal/records"
)

// runVerify proves that register, archive and histories agree.
func runVerify(args []string, stdout, stderr io.Writer) int {
	c := newRecordCommand("verify", "[-quick] -config FILE",
		"Proves that the register, the archive and the histories agree, and names what does not.\nMay run while postroom serve runs. Exit code 1 when something is wrong.", stderr)
	quick := c.flags.Bool("quick", false, "look whether files are there, and do not read them")
	if _, code := c.parse(args); code >= 0 {
		return code
	}
	problems := 0
	code := c.with(stderr, func(ctx context.Context, room *recordRoom) error {
		proof, err := room.keeper.Verify(ctx, *quick)
		if err == nil {
			sayProof(stdout, proof)
		}
		problems = proof.Problems()
		return err
	})
	return max(code, min(1, problems))
}

func sayProof(w io.Writer, p records.Proof) {
	others := 0
	for _, f := range p.Findings {
		if f.Problem {
			fmt.Fprintf(w, "WRONG   %s\n", f.What)
			continue
		}
		others++
		fmt.Fprintf(w, "orphan  %s\n", f.What)
	}
	lines := counted(p.Events, "line") + " of history"
	fmt.Fprintf(w, "%s, %s, %s, %s, %s: ", counted(p.Messages, "message"), counted(p.Cases, "case"), counted(p.Replies, "reply"), lines, counted(p.Files, "file"))
	if n := p.Problems(); n > 0 {
		fmt.Fprintf(w, "%d WRONG", n)
	} else {
		fmt.Fprint(w, "all agree")
	}
	if others > 0 {
		fmt.Fprintf(w, "; orphans: %s", counted(others, "file"))
	}
	fmt.Fprintln(w)
}
