package ingest

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"postroom/internal/queue"
	"postroom/internal/register"
)

// Run reads until ctx ends: what the queue names, and at the start and every
// Sweep what the register has unread. A pass that fails is logged and tried
// again; nothing ends Run but ctx.
func (r *Reader) Run(ctx context.Context) error {
	// What an earlier process held when it was killed, Redis believes to be
	// held until the end of its lease; the register knows better.
	if err := errors.Join(r.readAgain(ctx), r.fromRegister(ctx)); err != nil {
		r.failed(ctx, "reading what was left failed", err)
	}
	swept := r.c.Now()
	for ctx.Err() == nil {
		if now := r.c.Now(); now.Sub(swept) >= r.c.Sweep || now.Before(swept) {
			if err := r.sweep(ctx); err != nil {
				r.failed(ctx, "sweep of unread messages failed", err)
			}
			swept = now
		}
		n, err := r.pass(ctx)
		if err != nil {
			r.failed(ctx, "reading failed", err)
		}
		if n == 0 || err != nil {
			r.wait(ctx)
		}
	}
	return nil
}

func (r *Reader) failed(ctx context.Context, what string, err error) {
	if ctx.Err() == nil {
		r.c.Logger.ErrorContext(ctx, "reader", slog.String("what", what), slog.Any("error", err))
	}
}

// wait sleeps until the queue has something, at most until the next sweep.
// With Redis down it returns after a moment, and the register is asked.
func (r *Reader) wait(ctx context.Context) {
	if err := r.c.Queue.Wait(ctx, r.lane, r.c.Sweep); errors.Is(err, queue.ErrDown) {
		r.failed(ctx, "redis is down; reading from the register", r.fromRegister(ctx))
	}
}

// unread lists what is this reader's to read.
func (r *Reader) unread(ctx context.Context, n int) ([]register.ID, error) {
	if r.letters {
		return r.c.Register.UnreadLetters(ctx, n)
	}
	return r.c.Register.Unread(ctx, n)
}

// fromRegister reads everything that is unread without the queue's help.
func (r *Reader) fromRegister(ctx context.Context) error {
	for ctx.Err() == nil {
		ids, err := r.unread(ctx, r.c.Batch)
		if err != nil || len(ids) == 0 {
			return err
		}
		if err := r.Read(ctx, ids); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// sweepLimit bounds how much one sweep puts into the queue.
const sweepLimit = 1000

// sweep puts into the queue what the register has unread: hints may be lost.
func (r *Reader) sweep(ctx context.Context) error {
	if err := r.readAgain(ctx); err != nil {
		return err
	}
	ids, err := r.unread(ctx, sweepLimit)
	if err != nil || len(ids) == 0 {
		return err
	}
	items := make([]queue.Item, len(ids))
	for i, id := range ids {
		items[i] = queue.Item{ID: id}
	}
	if err := r.c.Queue.Put(ctx, r.lane, items...); err != nil {
		return r.fromRegister(ctx)
	}
	return nil
}

// pass reads one batch that the queue names, and says how many that were.
func (r *Reader) pass(ctx context.Context) (int, error) {
	claims, err := r.c.Queue.Claim(ctx, r.lane, r.c.Batch, r.c.Lease)
	if err != nil {
		if errors.Is(err, queue.ErrDown) {
			return 0, nil // wait says so, and asks the register
		}
		return 0, err
	}
	if len(claims) == 0 {
		return 0, nil
	}
	ids := make([]register.ID, len(claims))
	for i, c := range claims {
		ids[i] = c.ID
	}
	if err := r.Read(ctx, ids); err != nil {
		r.giveBack(ctx, claims)
		return len(claims), err
	}
	// Forgetting a hint is a courtesy: one that comes again finds nothing to do.
	_ = r.c.Queue.Done(ctx, r.lane, claims...)
	return len(claims), nil
}

// giveBack puts back what could not be read now: otherwise it would rest until
// its lease ends, however soon the database is back.
func (r *Reader) giveBack(ctx context.Context, claims []queue.Claimed) {
	for _, c := range claims {
		_ = r.c.Queue.Return(ctx, r.lane, c, r.c.Now().Add(5*time.Second))
	}
}
