package notify

import (
	"context"
	"sync"
	"time"
)

const (
	firstShut = time.Second
	mostShut  = 30 * time.Second
)

// A gate shuts while the mail server takes no mail at all, so that the replies
// that wait are not each tried in vain. After a pause one is let through to
// see.
type gate struct {
	mu    sync.Mutex
	shut  bool
	pause time.Duration // of the shutting that is on, or was last; 0: all is well
	since time.Time     // since when it has not been well
}

// fail shuts the gate for twice as long as the time before. It returns how
// long, and since when no mail has gone.
func (g *gate) fail(now time.Time) (time.Duration, time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.shut {
		g.shut = true
		g.pause = min(max(2*g.pause, firstShut), mostShut)
	}
	if g.since.IsZero() {
		g.since = now
	}
	return g.pause, g.since
}

// open says that the mail server has answered about a mail.
func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut, g.pause, g.since = false, 0, time.Time{}
}

// closed reports whether it is no use to try, and for how long.
func (g *gate) closed() (time.Duration, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.pause, g.shut
}

// pass waits out the pause. It says how many may be claimed: one, as a probe,
// until the mail server has answered again.
func (g *gate) pass(ctx context.Context, n int) (int, bool) {
	wait, shut := g.closed()
	if shut {
		pause(ctx, jitter(wait))
		g.mu.Lock()
		g.shut = false
		g.mu.Unlock()
	}
	if wait > 0 {
		return 1, true
	}
	return n, false
}
