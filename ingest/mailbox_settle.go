package ingest

import (
	"context"
	"log/slog"

	"postroom/internal/register"
)

// launch sends a haul on its way into the register while the next one is
// fetched, and settles the oldest when too many are on the way.
func (v *visit) launch(ctx context.Context, h *haul) error {
	h.done = make(chan struct{})
	posts := make([]Post, len(h.items))
	for i, it := range h.items {
		posts[i] = it.post
	}
	go func() {
		defer close(h.done)
		defer recovered(&h.err)
		// What is fetched is registered even when the stop comes meanwhile.
		h.received, h.err = v.intake.Take(context.WithoutCancel(ctx), posts)
	}()
	v.flight = append(v.flight, h)
	if len(v.flight) < flights {
		return nil
	}
	return v.settleOldest(ctx)
}

// drain settles what is on the way.
func (v *visit) drain(ctx context.Context) error {
	for len(v.flight) > 0 {
		if err := v.settleOldest(ctx); err != nil {
			return err
		}
	}
	return nil
}

// settleOldest settles the haul that was launched first. After a failure the
// later ones are only awaited: the mark must not pass what is not settled.
func (v *visit) settleOldest(ctx context.Context) error {
	h := v.flight[0]
	v.flight = v.flight[1:]
	<-h.done
	err := h.err
	if err == nil {
		err = v.settle(ctx, h)
	}
	if err != nil {
		for _, later := range v.flight {
			<-later.done
		}
		v.flight = nil
	}
	return err
}

// settle files what is registered, then moves the mark. In this order a kill
// between the two costs a second look at mails that are gone.
func (v *visit) settle(ctx context.Context, h *haul) error {
	notes := h.notes
	var filed []register.UIDNote
	for i, it := range h.items {
		r := h.received[i]
		v.backlog--
		switch {
		case r.Err != nil:
			notes = append(notes, v.failedOnce(ctx, it.uid, r.Err.Error()))
			continue
		case it.park != "":
			notes = append(notes, register.UIDNote{UID: it.uid, State: register.UIDParked, Attempts: v.open[it.uid].Attempts, Why: it.park, Message: r.ID})
			v.p.memory.tried[it.uid] = v.intake.Now()
		default:
			filed = append(filed, register.UIDNote{UID: it.uid, State: register.UIDUnfiled, Message: r.ID})
		}
		v.p.memory.cleared(it.uid)
		v.p.log.InfoContext(ctx, "mail registered", slog.Uint64("uid", uint64(it.uid)), slog.String("message_id", r.ID), slog.Bool("new", r.New))
	}
	open, filingErr := v.file(ctx, filed)
	if err := v.advance(ctx, h.upTo, append(notes, open...)); err != nil {
		return err
	}
	return filingErr
}
