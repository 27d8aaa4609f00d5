package main

import (
	"context"
	"fmt"
	"strings"

	"postroom/internal/web"
)

// tight is how much of a disk has to be free, of a hundred.
const tight = 10

// machine says for the status page how this machine and its programs are.
func (h *house) machine(ctx context.Context) []web.Part {
	scans := web.Part{Name: "Reading of scans", Now: "the programs are there"}
	if h.letters == nil {
		scans.Now = "not set up here: this machine reads no letters"
	} else if missing := h.letters.Missing(); len(missing) > 0 {
		scans.Now = "missing: " + strings.Join(missing, ", ")
		scans.Trouble = "letters are registered, acknowledged as the policy says, and typed in by people until the operator installs the programs"
	}
	parts := []web.Part{scans}
	if free, whole, ok := diskFree(h.archiveDir); ok {
		disk := web.Part{Name: "Disk of the archive", Now: fmt.Sprintf("%d %% free, %d of %d GB", 100*free/max(whole, 1), free>>30, whole>>30)}
		if free < whole/100*tight {
			disk.Trouble, disk.Broken = "make room: when it is full, post waits on the mail server and no reply is written", true
		}
		parts = append(parts, disk)
	}
	return append(parts, h.clockPart(ctx)...)
}
