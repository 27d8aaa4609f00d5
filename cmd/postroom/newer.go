package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"postroom/internal/register"
)

var errOutgrown = errors.New("a newer version of Postroom has changed the register in a way that this one does not understand, so this one stops; " +
	"install the newer version on this machine too. No post is lost: it waits in the mailboxes, and what was taken in is in the register")

// watchSchema stops the process politely when a newer version has taken away
// from the register what this one knows, as happens while machines are
// upgraded one after the other. What the newer one only added harms nobody.
func (h *house) watchSchema(ctx context.Context) error {
	again := time.NewTicker(cmp.Or(h.sweep, time.Minute))
	defer again.Stop()
	for told := false; ; {
		switch grown, err := h.register.Outgrown(ctx); {
		case err != nil: // whoever uses the register says so
		case grown == register.TakenAway:
			return errOutgrown
		case grown == register.GrownOn && !told:
			told = true
			h.logger.WarnContext(ctx, "a newer version of Postroom serves this register too; this one goes on, and would not start again", slog.String("do", "install the newer version on this machine"))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-again.C:
		}
	}
}
