package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"postroom/internal/register"
	"postroom/internal/web"
)

const (
	// clockTolerance is how far two machines' clocks may be apart.
	clockTolerance = 5 * time.Second
	clockEvery     = 10 * time.Minute
)

// clockTrouble says what is wrong with this machine's clock beside the
// database's; empty when nothing is, or nobody can say. Leases run on the
// database's, but the day of receipt and all deadlines are counted by ours.
func clockTrouble(ctx context.Context, r *register.Register) string {
	ahead, err := r.ClockAhead(ctx)
	if err != nil || ahead.Abs() <= clockTolerance {
		return ""
	}
	way := "behind"
	if ahead < 0 {
		way = "ahead of"
	}
	return fmt.Sprintf("this machine's clock is %v %s the database server's; let both be set by a time server (NTP), since deadlines are counted by them", ahead.Abs().Round(time.Second), way)
}

// watchClock warns while this machine's clock and the database's differ.
func (h *house) watchClock(ctx context.Context) error {
	again := time.NewTicker(clockEvery)
	defer again.Stop()
	for {
		if trouble := clockTrouble(ctx, h.register); trouble != "" {
			h.logger.WarnContext(ctx, "clocks differ", slog.String("why", trouble))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-again.C:
		}
	}
}

// clockPart is on the status page only when something is to be done.
func (h *house) clockPart(ctx context.Context) []web.Part {
	trouble := clockTrouble(ctx, h.register)
	if trouble == "" {
		return nil
	}
	return []web.Part{{Name: "Clock of this machine", Now: "wrong", Trouble: trouble, Broken: true}}
}
