package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"postroom/internal/register"
)

// runExport writes a case's file for the Ombudsman.
func runExport(args []string, stdout, stderr io.Writer) int {
	c := newRecordCommand("export", "-config FILE REFERENCE FILE.zip",
		"Writes all that is held about a case into a ZIP file: originals, the exact bytes sent, addresses,\n"+
			"outcomes, and every step, for reading and for programs. The case's history says that it was given out.", stderr, "REFERENCE", "FILE.zip")
	rest, code := c.parse(args)
	if code >= 0 {
		return code
	}
	return c.with(stderr, func(ctx context.Context, room *recordRoom) error {
		press, err := room.config.press()
		if err != nil {
			return err
		}
		room.keeper.Press = press
		err = room.keeper.ExportCase(ctx, aReference(rest[0]), rest[1], operator, room.now())
		if errors.Is(err, register.ErrNotFound) {
			return fmt.Errorf("no case has the reference %s, and no message of a case", rest[0])
		}
		if err == nil {
			fmt.Fprintf(stdout, "%s: the file of %s\n", rest[1], rest[0])
		}
		return err
	})
}
