package main

import (
	"context"
	"fmt"
	"io"
	"math"

	"postroom/internal/workday"
)

// runInformation lists requests for information, or settles one.
func runInformation(args []string, stdout, stderr io.Writer) int {
	c := newRecordCommand("information", "[-settle REFERENCE -how WORDS] -config FILE",
		"Lists the requests for information, such as subject access, that nobody has settled, with the day by which\n"+
			"each must be answered: one calendar month from receipt. -settle says that one was answered, or was none.", stderr)
	settle := c.flags.String("settle", "", "`REFERENCE` of the message that is settled")
	how := c.flags.String("how", "", "how it was settled, in a few `WORDS`; needed with -settle")
	if _, code := c.parse(args); code >= 0 {
		return code
	}
	if (*settle == "") != (*how == "") {
		c.flags.Usage()
		return 2
	}
	return c.with(stderr, func(ctx context.Context, room *recordRoom) error {
		if *settle != "" {
			reference := aReference(*settle)
			return noSuch(room.register.SettleInformation(ctx, reference, operator, *how), reference)
		}
		open, err := room.register.OpenInformation(ctx, workday.Date{Year: 9999, Month: 12, Day: 31}, math.MaxInt32)
		for _, q := range open {
			fmt.Fprintf(stdout, "%s  received %s  answer by %s\n", q.Reference, q.ReceivedOn, q.Due)
		}
		if err == nil && len(open) == 0 {
			fmt.Fprintln(stdout, "no request for information is open")
		}
		return err
	})
}
