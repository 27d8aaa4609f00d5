package main

import (
	"context"
	"fmt"
	"log/slog"

	"postroom/ingest"
)

// stopped asks the register before each mail whether a person has stopped
// everything that leaves. While it cannot be asked nothing leaves.
func (h *house) stopped(ctx context.Context) func() bool {
	ctx = context.WithoutCancel(ctx) // what is in hand is finished when the process stops
	return func() bool {
		stop, err := h.register.OutgoingStop(ctx)
		if err != nil {
			h.logger.WarnContext(ctx, "nobody can say whether replies are held, so they wait", slog.Any("error", err))
		}
		return err != nil || stop != nil
	}
}

// outgoingWords says for the status page why nothing leaves.
func (h *house) outgoingWords(ctx context.Context) string {
	if h.guard.Held {
		return "held: nothing leaves until the configuration says outgoing: send"
	}
	stop, err := h.register.OutgoingStop(ctx)
	switch {
	case err != nil:
		return "held: the register cannot be asked"
	case stop != nil:
		return fmt.Sprintf("held: %s. Nothing leaves until somebody runs postroom outgoing release", stop.Why)
	}
	return ""
}

// rescan looks through the filed mail of a mailbox after a restore: what was
// taken in since the backup lies there.
func (h *house) rescan(ctx context.Context, m ingest.Mailbox, in *ingest.Intake) error {
	must, err := h.register.MustRescan(ctx, m.Name)
	if err != nil || !must || m.FiledFolder == "" {
		return err
	}
	m.Folder, m.FiledFolder = m.FiledFolder, ""
	poller, err := ingest.NewPoller(m, in)
	if err != nil {
		return err
	}
	h.logger.InfoContext(ctx, "the register was restored: looking through filed mail", slog.String("mailbox", m.Name))
	if err := poller.TakeAll(ctx); err != nil {
		return nil //nolint:nilerr // the process stops; the next one goes on
	}
	h.logger.InfoContext(ctx, "filed mail is looked through", slog.String("mailbox", m.Name))
	return h.register.Rescanned(ctx, m.Name)
}
