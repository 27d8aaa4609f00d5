package main

import (
	"context"
	"fmt"
	"strings"

	"postroom/internal/web"
)

// How much of a disk is free, of a hundred, when somebody has to make room, and
// when it is as good as full: post may not fit any more.
const (
	tight = 10
	full  = 1
)

// scannerPart says how the malware scanner is, where there is one.
func (h *house) scannerPart(ctx context.Context) []web.Part {
	if !h.screen.Configured() {
		return nil
	}
	counts, err := h.register.CountScreenings(ctx)
	part := web.Part{Name: "Malware scanner", Now: "answers; nothing waits for it"}
	if counts.Waiting > 0 {
		part.Now = "answers; waiting for it: " + counted(counts.Waiting, "file")
	}
	if counts.Infected > 0 {
		part.Now += "; with malware, and not to be opened: " + counted(counts.Infected, "file")
	}
	if counts.Unscannable > 0 {
		part.Now += fmt.Sprintf("; %d could not be looked at and wait for a manager", counts.Unscannable)
	}
	if down := h.screen.Check(ctx); down != nil || err != nil {
		part.Now = "does not answer; waiting for it: " + counted(counts.Waiting, "file")
		part.Trouble, part.Broken = "the operator starts clamav-daemon. Post is taken in and acknowledged meanwhile; its files cannot be opened until they were looked at", true
	}
	return []web.Part{part}
}

// machine says for the status page how this machine and its programs are.
func (h *house) machine(ctx context.Context) []web.Part {
	scans := web.Part{Name: "Reading of scans", Now: "the programs are there"}
	if h.letters == nil {
		scans.Now = "not set up here: this machine reads no letters"
	} else if missing := h.letters.Missing(); len(missing) > 0 {
		scans.Now = "missing: " + strings.Join(missing, ", ")
		scans.Trouble = "letters are registered, acknowledged as the policy says, and typed in by people until the operator installs the programs"
	}
	parts := append([]web.Part{scans}, h.scannerPart(ctx)...)
	if free, whole, ok := diskFree(h.archiveDir); ok {
		parts = append(parts, diskPart(free, whole))
	}
	parts = append(parts, h.storagePart(ctx)...)
	return append(parts, h.clockPart(ctx)...)
}

func diskPart(free, whole uint64) web.Part {
	p := web.Part{Name: "Disk of the archive", Now: fmt.Sprintf("%d %% free, %s of %s", 100*free/max(whole, 1), roomWords(free), roomWords(whole))}
	if free < whole/100*tight {
		p.Trouble, p.Broken = "make room: when it is full, post waits on the mail server and no reply is written", free < whole/100*full
	}
	return p
}

// roomWords says small disks in MB: "0 of 0 GB" tells nobody anything.
func roomWords(bytes uint64) string {
	if bytes < 10<<30 {
		return fmt.Sprintf("%d MB", bytes>>20)
	}
	return fmt.Sprintf("%d GB", bytes>>30)
}
