package main

import (
	"context"
	"fmt"
	"net"

	"postroom/ingest"
	"postroom/internal/metrics"
)

// openWatch opens the address at which monitoring programs ask.
func (h *house) openWatch(ctx context.Context) (err error) {
	if h.watch == "" {
		return nil
	}
	var lc net.ListenConfig
	if h.watching, err = lc.Listen(ctx, "tcp", h.watch); err != nil {
		return fmt.Errorf("metrics.listen: %w; another program may use the port, name another one", err)
	}
	return nil
}

func (h *house) monitor() *metrics.Desk {
	var mailboxes []string
	for _, m := range h.mailboxes {
		mailboxes = append(mailboxes, m.Name)
	}
	return metrics.New(metrics.Config{
		Register: h.register, Archive: h.archive, Screen: h.screen, Queue: h.queue, Lanes: []string{ingest.ReadLane, ingest.LetterLane, ingest.ReplyLane},
		Mailboxes: mailboxes, Reading: h.letters.Spent, Now: h.now, Logger: h.logger,
	})
}
