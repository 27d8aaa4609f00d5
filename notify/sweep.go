package notify

import (
	"context"
	"errors"
	"time"

	"postroom/internal/queue"
	"postroom/internal/register"
)

const (
	sweepDue      = 2000 // hints put at one sweep
	sweepFailsafe = 100  // messages that the fail-safe acts on at once
)

// sweepLoop looks, at start and then every so often, for what the queue does
// not know: what is undecided too long, and what is owed and due.
func (w *Worker) sweepLoop(ctx context.Context) {
	w.every(ctx, w.cfg.Sweep, w.SweepOnce)
}

// soundLoop calls people. It runs more often: somebody may be in danger.
func (w *Worker) soundLoop(ctx context.Context) {
	w.every(ctx, w.cfg.Sound, w.SoundOnce)
}

// every does it at once and then at each tick, until ctx ends. What has begun
// is not cut off: a write whose caller has gone may still be done.
func (w *Worker) every(ctx context.Context, d time.Duration, do func(context.Context)) {
	ticker := time.NewTicker(d)
	defer ticker.Stop()
	for ctx.Err() == nil {
		whole, cancel := detached(ctx)
		do(whole)
		cancel()
		select {
		case <-ticker.C:
		case <-ctx.Done():
		}
	}
}

// SweepOnce acts on messages that nobody decided in time, raises warnings of
// deadlines, writes the morning's list, and puts what is due into the queue. Several processes may sweep
// at once. What fails is logged, and the next sweep tries again.
func (w *Worker) SweepOnce(ctx context.Context) {
	// Each has time of its own: a fail-safe with thousands to act on takes none
	// of what warnings and replies need.
	for _, step := range []func(context.Context){w.failsafe, w.warn, w.oweDigest, w.putDue} {
		if w.ending.Load() {
			return
		}
		whole, cancel := detached(ctx)
		step(whole)
		cancel()
	}
}

func (w *Worker) warn(ctx context.Context) {
	if n, err := w.cfg.Register.Warn(ctx, w.cfg.Now()); err != nil {
		w.trouble(ctx, "looking for deadlines failed", err)
	} else if n > 0 {
		w.log.InfoContext(ctx, "warnings of deadlines were raised", "count", n)
	}
}

func (w *Worker) oweDigest(ctx context.Context) {
	if _, err := w.cfg.Register.OweDigest(ctx, w.cfg.Now(), w.cfg.Digest); err != nil {
		w.trouble(ctx, "writing the morning's list failed", err)
	}
}

func (w *Worker) putDue(ctx context.Context) {
	due, err := w.cfg.Register.Due(ctx, w.cfg.Now(), sweepDue)
	if err != nil {
		w.trouble(ctx, "looking for what is due failed", err)
		return
	}
	w.put(ctx, due)
}

func (w *Worker) failsafe(ctx context.Context) {
	for ctx.Err() == nil && !w.ending.Load() {
		ids, err := w.cfg.Register.Undecided(ctx, w.cfg.Now(), sweepFailsafe)
		if err != nil {
			w.trouble(ctx, "looking for undecided messages failed", err)
			return
		}
		if len(ids) == 0 {
			return
		}
		opened, err := w.cfg.Register.Failsafe(ctx, ids)
		if err != nil {
			w.trouble(ctx, "the fail-safe failed", err)
			return
		}
		var owed []register.Hint
		failed := 0
		for _, o := range opened {
			owed = append(owed, o.Owed...)
			if o.Err != nil {
				failed++
				w.log.ErrorContext(ctx, "the fail-safe could not act on a message", "message_id", o.Message, "error", o.Err)
			}
		}
		w.put(ctx, owed)
		w.log.InfoContext(ctx, "the fail-safe acted on undecided messages", "count", len(opened)-failed)
		if failed > 0 || len(ids) < sweepFailsafe {
			return // those that fail would be listed again for ever
		}
	}
}

// SoundOnce owes an alert to everybody who is to be told, for each alarm that
// is due.
func (w *Worker) SoundOnce(ctx context.Context) {
	if len(w.cfg.Alarms) == 0 {
		return
	}
	hints, err := w.cfg.Register.Sound(ctx, w.cfg.Now(), w.cfg.Alarms)
	if err != nil {
		w.trouble(ctx, "sounding alarms failed", err)
	}
	w.put(ctx, hints)
	w.callBesides(ctx)
}

// calledBesides is how many alerts go at one sounding while no mail does.
const calledBesides = 10

// callBesides takes alerts to other systems out while the mail server is away:
// behind mail that is tried again and again they would wait until it is back,
// and nobody would hear that it is away.
func (w *Worker) callBesides(ctx context.Context) {
	if wait, _ := w.gate.closed(); wait == 0 || w.stopped() {
		return
	}
	due, err := w.cfg.Register.DueToSystems(ctx, w.cfg.Now(), calledBesides)
	if err != nil {
		w.trouble(ctx, "looking for alerts failed", err)
		return
	}
	jobs, err := w.take(ctx, idsOf(due), nil)
	if err != nil {
		w.trouble(ctx, "claiming alerts failed", err)
		return
	}
	s := &sender{Worker: w, courier: &courier{server: w.cfg.SMTP, now: w.cfg.Now}}
	defer s.settled()
	for _, j := range w.prepare(ctx, jobs) {
		s.carry(ctx, j)
	}
}

// put gives hints to the queue. One that is lost is put again by the next
// sweep, and while the queue is down workers ask the register.
func (w *Worker) put(ctx context.Context, hints []register.Hint) {
	if len(hints) == 0 || !w.cfg.Queue.Up() {
		return
	}
	items := make([]queue.Item, len(hints))
	for i, h := range hints {
		items[i] = queue.Item{ID: h.ID, NotBefore: h.NotBefore, Deadline: h.Deadline}
	}
	if err := w.cfg.Queue.Put(ctx, Lane, items...); err != nil {
		w.log.WarnContext(ctx, "the queue took no hints", "count", len(items), "error", err)
	}
}

// trouble says what failed, also when it had no more time: what takes too long
// each time would else never be done, and nobody would hear of it.
func (w *Worker) trouble(ctx context.Context, what string, err error) {
	if !errors.Is(ctx.Err(), context.Canceled) {
		w.log.ErrorContext(ctx, what, "error", err) //nolint:sloglint // one of a few constant messages
	}
}
