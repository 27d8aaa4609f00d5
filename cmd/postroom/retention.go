package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"postroom/internal/records"
	"postroom/internal/register"
	"postroom/internal/workday"
)

// runRetention forgets what is older than the configuration keeps it.
func runRetention(args []string, stdout, stderr io.Writer) int {
	c := newRecordCommand("retention", "[-dry-run] -config FILE",
		"Forgets closed cases, and messages without a case, that are older than retention in the configuration\n"+
			"keeps them. What postroom keep holds is passed over. References, dates and histories stay.", stderr)
	dry := c.flags.Bool("dry-run", false, "say what would be forgotten, and forget nothing")
	if _, code := c.parse(args); code >= 0 {
		return code
	}
	return c.with(stderr, func(ctx context.Context, room *recordRoom) error {
		n, keep := 0, room.config.Retention.months()
		if *dry {
			err := room.keeper.Expired(ctx, keep, room.now(), func(e records.Expiry) error {
				n++
				fmt.Fprintf(stdout, "would forget  %s  %s\n", e.Reference, e.Class)
				return nil
			})
			fmt.Fprintf(stdout, "%d would be forgotten\n", n)
			if room.config.Retention.Daily {
				fmt.Fprintln(stdout, "postroom serve forgets them by itself, once a day (retention.daily)")
			} else {
				fmt.Fprintln(stdout, "nothing is forgotten by itself (retention.daily is off)")
			}
			return err
		}
		err := room.keeper.Retain(ctx, keep, operator, room.now(), func(e records.Expiry, why error) {
			if why != nil {
				fmt.Fprintf(stdout, "stays     %s  %s: %v\n", e.Reference, e.Class, why)
				return
			}
			n++
			fmt.Fprintf(stdout, "forgotten %s  %s\n", e.Reference, e.Class)
		})
		fmt.Fprintf(stdout, "%d forgotten\n", n)
		return err
	})
}

func (c retentionConfig) months() records.Retention {
	return records.Retention{
		register.RetainComplaints: c.Complaints, register.RetainRequests: c.ServiceRequests,
		register.RetainEnquiries: c.Enquiries, register.RetainOthers: c.Others,
	}
}

// aReference is how a reference that somebody typed is looked up.
func aReference(typed string) string { return strings.ToUpper(strings.TrimSpace(typed)) }

// noSuch turns a reference that is not found into words.
func noSuch(err error, reference string) error {
	if errors.Is(err, register.ErrNotFound) {
		return fmt.Errorf("nothing has the reference %s", reference)
	}
	return err
}

// runErase forgets one case, or a message without one.
func runErase(args []string, stdout, stderr io.Writer) int {
	c := newRecordCommand("erase", "-why WORDS -config FILE REFERENCE",
		"Forgets the words, names, addresses and files of a closed case, or of a message without one.\n"+
			"References, dates and histories stay, and the same mail never comes in again. It cannot be undone;\n"+
			"backups that were made before still hold it.", stderr, "REFERENCE")
	why := c.flags.String("why", "", "on whose `WORDS` it is done; needed")
	rest, code := c.parse(args)
	if code >= 0 {
		return code
	}
	if *why == "" {
		c.flags.Usage()
		return 2
	}
	reference := aReference(rest[0])
	return c.with(stderr, func(ctx context.Context, room *recordRoom) error {
		err := room.keeper.Erase(ctx, register.Erasure{Reference: reference, By: operator, Class: "request", Reason: *why})
		if err == nil {
			fmt.Fprintf(stdout, "%s is forgotten\n", reference)
		}
		return noSuch(err, reference)
	})
}

// runKeep has a case kept whatever its age.
func runKeep(args []string, stdout, stderr io.Writer) int {
	c := newRecordCommand("keep", "-why WORDS|-end -config FILE REFERENCE",
		"Has a case kept whatever its age, for a court or the Ombudsman: neither retention nor erase touches it.\n-end lets it go again.", stderr, "REFERENCE")
	why := c.flags.String("why", "", "why it is kept, in a few `WORDS`")
	end := c.flags.Bool("end", false, "keep it no longer")
	rest, code := c.parse(args)
	if code >= 0 {
		return code
	}
	if (*why == "") != *end {
		c.flags.Usage()
		return 2
	}
	reference := aReference(rest[0])
	return c.with(stderr, func(ctx context.Context, room *recordRoom) error {
		if *end {
			return noSuch(room.register.Unkeep(ctx, reference, operator), reference)
		}
		err := room.register.Keep(ctx, reference, operator, *why)
		if err == nil {
			fmt.Fprintf(stdout, "%s is kept\n", reference)
		}
		return noSuch(err, reference)
	})
}

// runSubjectAccess writes what is held about one person.
func runSubjectAccess(args []string, stdout, stderr io.Writer) int {
	c := newRecordCommand("subject-access", "-config FILE ADDRESS FILE.zip",
		"Writes what is held about whoever writes from an email address into a ZIP file, for that person.\n"+
			"Somebody must read it before it is given out: mails may speak of other people.", stderr, "ADDRESS", "FILE.zip")
	rest, code := c.parse(args)
	if code >= 0 {
		return code
	}
	return c.with(stderr, func(ctx context.Context, room *recordRoom) error {
		messages, cases, err := room.keeper.SubjectAccess(ctx, rest[0], rest[1], operator, room.now())
		if err == nil {
			fmt.Fprintf(stdout, "%s: %s, %s\n", rest[1], counted(messages, "message"), counted(cases, "case"))
		}
		return err
	})
}

// sweepFiles removes the files of what was forgotten, where a command was
// stopped before it could, or a mailbox brought them again.
func (h *house) sweepFiles(ctx context.Context) error {
	keeper := &records.Keeper{Register: h.register, Archive: h.archive}
	again := time.NewTicker(time.Hour)
	defer again.Stop()
	for {
		gone, err := keeper.Sweep(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			h.logger.WarnContext(ctx, "files of what was forgotten could not be removed", slog.Any("error", err))
		case gone > 0:
			h.logger.InfoContext(ctx, "files of what was forgotten were removed", slog.Int("count", gone))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-again.C:
		}
	}
}

// retainDaily forgets once a day what is older than the configuration keeps
// it. Of several processes one does it.
func (h *house) retainDaily(ctx context.Context) error {
	again := time.NewTicker(time.Hour)
	defer again.Stop()
	me := rand.Text()
	for done := (workday.Date{}); ; {
		done = h.retainToday(ctx, me, done)
		select {
		case <-ctx.Done():
			return nil
		case <-again.C:
		}
	}
}

// retainToday forgets unless that was done today, here or by another process,
// and tells for which day it is done. What fails is tried again an hour later.
func (h *house) retainToday(ctx context.Context, me string, done workday.Date) workday.Date {
	today := workday.DateOf(h.now())
	if done == today {
		return done
	}
	name := "retention of " + today.String()
	mine, err := h.register.Lease(ctx, name, me, 25*time.Hour)
	if err == nil && !mine {
		return today
	}
	n := 0
	if err == nil {
		keeper := &records.Keeper{Register: h.register, Archive: h.archive}
		err = keeper.Retain(ctx, h.retention, "retention", h.now(), func(e records.Expiry, why error) {
			if why != nil {
				h.logger.InfoContext(ctx, "not forgotten although its time is over", slog.String("case_ref", e.Reference), slog.Any("why", why))
				return
			}
			n++
			h.logger.InfoContext(ctx, "forgotten: its time is over", slog.String("case_ref", e.Reference), slog.String("class", string(e.Class)))
		})
	}
	if err != nil && ctx.Err() == nil {
		h.logger.WarnContext(ctx, "what is over its time could not all be forgotten", slog.Int("forgotten", n), slog.Any("error", err))
	}
	if err != nil {
		_ = h.register.Unlease(context.WithoutCancel(ctx), name, me) // another may try
		return done
	}
	return today
}
