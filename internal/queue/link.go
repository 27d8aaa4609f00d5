package queue

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// A link knows whether Redis can be reached. It is the circuit breaker: while
// it is down nobody asks Redis but the keeper, in the background, so that no
// caller ever pays for finding out whether it is back.
type link struct {
	log    *slog.Logger
	broken chan struct{} // tells the keeper; holds at most one

	mu      sync.Mutex
	up      bool
	closed  bool
	changed chan struct{} // closed when up changes, and then replaced
}

func newLink(log *slog.Logger) *link {
	return &link{log: log, up: true, broken: make(chan struct{}, 1), changed: make(chan struct{})}
}

// state reports whether Redis is up, and a channel that closes when that changes.
func (l *link) state() (up bool, changed <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.up, l.changed
}

// set reports whether it changed anything.
func (l *link) set(up bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.up == up {
		return false
	}
	l.up = up
	close(l.changed)
	l.changed = make(chan struct{})
	return true
}

// lost opens the circuit at the first failure: one slow answer is already as
// much delay as Put may cause.
func (l *link) lost(err error) {
	if l.set(false) {
		l.log.Warn("queue is down, work is taken from the register", slog.Any("error", err))
		l.broken <- struct{}{}
	}
}

func (l *link) restored() {
	if l.set(true) {
		l.log.Info("queue is up again")
	}
}

// close leaves the link down for good.
func (l *link) close() {
	l.set(false)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
}

// check asks Redis once, so that a queue knows its state when it is opened.
func (q *Queue) check(ctx context.Context) {
	if err := q.Ping(ctx); err != nil {
		q.link.lost(err)
	}
}

// keep brings the link back up after it was lost.
func (q *Queue) keep(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-q.link.broken:
		}
		var wait backoff
		for wait.next(ctx) {
			if q.Ping(ctx) == nil {
				q.link.restored()
				break
			}
		}
	}
}

// A backoff is the pause before trying again: 50 ms, doubling to 2 s.
type backoff time.Duration

// next pauses, and reports false when ctx ended.
func (b *backoff) next(ctx context.Context) bool {
	pause := max(time.Duration(*b), 50*time.Millisecond)
	*b = backoff(min(2*pause, 2*time.Second))
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
