package notify

import (
	"context"
	"errors"
	"time"

	"postroom/internal/register"
)

// settle records what became of an attempt, and tells the queue.
func (w *Worker) settle(ctx context.Context, j *job, r result) {
	// What happened must be written down even when the time for sending is over.
	ctx = context.WithoutCancel(ctx)
	outcome := register.Outcome{ID: j.ID, Attempt: j.Attempt, Code: r.code, Why: r.why, At: r.at}
	switch r.fate {
	case sent:
		w.record(ctx, j, r, w.cfg.Register.Sent, outcome)
	case tryAgain:
		w.again(ctx, j, r, outcome)
	case refused:
		w.record(ctx, j, r, w.cfg.Register.Refused, outcome)
	case unknown:
		outcome.Again = w.cfg.Now().Add(jitter(w.cfg.Retry.Unknown))
		w.record(ctx, j, r, w.cfg.Register.Unknown, outcome)
	case holdIt:
		w.record(ctx, j, r, w.cfg.Register.Hold, outcome)
	case notOurs:
		w.about(j.Claimed).InfoContext(ctx, "another worker holds the reply", "attempt", j.Attempt)
		w.over(j)
	case inTray:
		w.recorded(ctx, j, r, outcome, nil)
	case unchanged:
		w.requeue(ctx, *j, r.at)
	}
}

// settleTime is how long the register may be away while a process that has
// to stop waits to write an outcome down.
const settleTime = 30 * time.Second

// detached goes on for a while after ctx has ended.
func detached(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), settleTime)
}

// again owes it for another time, or asks a person when it has been tried
// often enough.
func (w *Worker) again(ctx context.Context, j *job, r result, outcome register.Outcome) {
	now := w.cfg.Now()
	if !r.down && w.cfg.Retry.over(j.Outgoing, now) {
		outcome.Why = "it was tried many times, the last time: " + r.why
		w.record(ctx, j, result{fate: holdIt, code: r.code}, w.cfg.Register.Hold, outcome)
		return
	}
	outcome.Again, outcome.At = r.at, time.Time{}
	if outcome.Again.IsZero() {
		outcome.Again = now.Add(w.cfg.Retry.pause(j.Outgoing, now))
	}
	w.record(ctx, j, r, w.cfg.Register.TryAgain, outcome)
}

// giveBack owes an outgoing again at once that nothing was tried for.
func (w *Worker) giveBack(ctx context.Context, j job, why string) {
	w.settle(ctx, &j, result{fate: tryAgain, why: why, at: w.cfg.Now(), down: true})
}

// record writes an outcome down, and tries until the register takes it: what a
// mail server accepted must not go again because our disk was full for an
// hour. Meanwhile nothing else is claimed. Only a process that has to stop
// gives up; then the lease runs out, and what had begun goes once more with
// the same bytes.
func (w *Worker) record(ctx context.Context, j *job, r result, verb func(context.Context, []register.Outcome) ([]error, error), o register.Outcome) {
	patience, cancel := detached(ctx)
	defer cancel()
	const firstWait = 50 * time.Millisecond
	for wait := firstWait; ; wait = min(2*wait, 5*time.Second) {
		err := tell(ctx, verb, o)
		if err == nil || errors.Is(err, register.ErrStale) {
			w.recorded(ctx, j, r, o, err)
			return
		}
		away := errors.Is(err, register.ErrLost) || errors.Is(err, context.DeadlineExceeded)
		if patience.Err() != nil && (w.ending.Load() || !away) {
			w.about(j.Claimed).ErrorContext(ctx, "what became of a reply could not be recorded", "outcome", string(r.fate), "error", err)
			w.requeue(ctx, *j, w.cfg.Now().Add(w.cfg.Lease))
			return
		}
		if wait == firstWait {
			w.about(j.Claimed).WarnContext(ctx, "the register does not take what became of a reply; it is tried again", "outcome", string(r.fate), "error", err)
			// Until the end, and not only between tries: one may hang for
			// longer than the lease lasts, and this very mail would be claimed.
			w.behind.Add(1)
			defer w.behind.Add(-1)
		}
		pause(ctx, jitter(wait))
	}
}

func tell(ctx context.Context, verb func(context.Context, []register.Outcome) ([]error, error), o register.Outcome) error {
	ctx, cancel := detached(ctx)
	defer cancel()
	return first(verb(ctx, []register.Outcome{o}))
}

// recorded says once what happened, and lets go of the queue's id.
func (w *Worker) recorded(ctx context.Context, j *job, r result, o register.Outcome, stale error) {
	w.step("recorded")
	w.about(j.Claimed).InfoContext(ctx, "a reply was settled", "kind", string(j.Kind),
		"outcome", string(r.fate), "code", o.Code, "attempt", j.Attempt, "stale", stale != nil)
	if o.Again.IsZero() {
		w.over(j)
		return
	}
	w.requeue(ctx, *j, o.Again)
}

// over tells the queue that nothing is due any more.
func (w *Worker) over(j *job) {
	if j.held != nil {
		w.forgetLater(*j.held)
	}
}
