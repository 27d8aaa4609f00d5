package queue

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// downPause is how long Wait waits while Redis is down: the pace at which
// workers look into the register instead.
const downPause = time.Second

// listenFor is how long the wake-up channel may be silent before we ask
// whether it is still there.
const listenFor = 5 * time.Second

// Wait blocks until something may be ready in the lane: an id was put or
// returned, one has become due, a lease has run out, or atMost is over. It
// returns an error that matches ErrDown when the register should be asked
// instead: at once when Redis is lost meanwhile, and else no sooner than after
// a second (or atMost), so that a loop around Wait never spins. The end of ctx
// gives ctx's own error.
func (q *Queue) Wait(ctx context.Context, lane string, atMost time.Duration) error {
	bell := q.bells.hear(lane) // before asking what is due, so that no ring is missed
	up, changed := q.link.state()
	if !up {
		return q.waitDown(ctx, lane, changed, atMost)
	}
	due, err := q.nextDue(ctx, lane)
	if errors.Is(err, ErrDown) && q.Up() { // it answers, and refuses: do not spin
		return q.waitDown(ctx, lane, changed, atMost)
	}
	if err != nil {
		return err
	}
	pause := atMost
	if !due.IsZero() {
		pause = min(atMost, due.Sub(q.now()))
	}
	if pause <= 0 {
		return nil
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-bell:
		return nil
	case <-timer.C:
		return nil
	case <-changed:
		return fmt.Errorf("queue: wait in lane %s: %w", lane, ErrDown)
	case <-ctx.Done():
		return fmt.Errorf("queue: wait in lane %s: %w", lane, ctx.Err())
	}
}

// waitDown pauses while Redis is down; its coming back ends the pause.
func (q *Queue) waitDown(ctx context.Context, lane string, changed <-chan struct{}, atMost time.Duration) error {
	timer := time.NewTimer(min(atMost, downPause))
	defer timer.Stop()
	select {
	case <-changed:
		return nil
	case <-timer.C:
		return fmt.Errorf("queue: wait in lane %s: %w", lane, ErrDown)
	case <-ctx.Done():
		return fmt.Errorf("queue: wait in lane %s: %w", lane, ctx.Err())
	}
}

// nextDue says when the next id can be claimed: now when one is ready, zero
// when the lane is empty.
func (q *Queue) nextDue(ctx context.Context, lane string) (time.Time, error) {
	var ready *redis.IntCmd
	var waiting, held *redis.ZSliceCmd
	err := q.do(ctx, q.patience(), "look", lane, func(ctx context.Context) error {
		keys := q.keys(lane)
		_, err := q.client.TxPipelined(ctx, func(p redis.Pipeliner) error {
			ready = p.ZCard(ctx, keys[1])
			waiting = p.ZRangeWithScores(ctx, keys[0], 0, 0)
			held = p.ZRangeWithScores(ctx, keys[2], 0, 0)
			return nil
		})
		return err
	})
	if err != nil {
		return time.Time{}, err
	}
	if ready.Val() > 0 {
		return q.now(), nil
	}
	var next time.Time
	for _, first := range append(waiting.Val(), held.Val()...) {
		at := time.UnixMilli(int64(first.Score))
		if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	return next, nil
}

// bells wake the waiters of this process, one bell a lane.
type bells struct {
	mu   sync.Mutex
	lane map[string]chan struct{}
}

func newBells() *bells { return &bells{lane: map[string]chan struct{}{}} }

// hear returns a channel that closes at the lane's next ring.
func (b *bells) hear(lane string) <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.lane[lane] == nil {
		b.lane[lane] = make(chan struct{})
	}
	return b.lane[lane]
}

func (b *bells) ring(lane string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if bell := b.lane[lane]; bell != nil {
		close(bell)
		delete(b.lane, lane)
	}
}

func (b *bells) ringAll() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, bell := range b.lane {
		close(bell)
	}
	clear(b.lane)
}

// listen hears Redis's wake-up channels and rings our bells, for as long as
// the queue is open.
func (q *Queue) listen(ctx context.Context) {
	var wait backoff
	for {
		if q.subscribe(ctx) {
			wait = 0
			q.bells.ringAll() // let the waiters find out what happened
		}
		if !wait.next(ctx) {
			return
		}
	}
}

// subscribe lives as long as one connection does, and reports whether it was
// of any use.
func (q *Queue) subscribe(ctx context.Context) (heard bool) {
	sub := q.client.PSubscribe(ctx, q.channel("*"))
	defer context.AfterFunc(ctx, func() { _ = sub.Close() })()
	defer func() { _ = sub.Close() }()
	asked := false
	for {
		message, err := sub.ReceiveTimeout(ctx, listenFor)
		switch {
		case err == nil:
			heard, asked = true, false
			q.heard(message)
		case !isTimeout(err) || asked || sub.Ping(ctx) != nil:
			return heard
		default:
			asked = true // an answer must come before the next timeout
		}
	}
}

// heard rings. A new subscription rings everywhere, because what was put
// before it was not heard.
func (q *Queue) heard(message any) {
	switch m := message.(type) {
	case *redis.Subscription:
		q.bells.ringAll()
	case *redis.Message:
		q.bells.ring(strings.TrimPrefix(m.Channel, q.channel("")))
	}
}

func isTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}
