// Package queue owns which id is due and who holds it, in Redis: a hint that
// makes workers prompt, never the truth. It knows no payload, no attempts and
// no policy, and imports nothing of ours; everything in it may be lost at any
// time and is put again from the register.
//
// A lane is a named queue. Each of its ids is in one of three states: it waits
// (until a time), it is ready (most urgent deadline first), or it is held (by
// a lease). Times are kept in whole milliseconds.
package queue

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// ErrDown is what every failure of Redis matches: it cannot be reached, is
// too slow, or refuses. Who gets it takes what is due from the register.
var ErrDown = errors.New("redis is down")

// Config is what a queue needs to know.
type Config struct {
	// URL is redis://… or rediss://…; empty starts a Redis inside this process.
	URL string
	// Servers are named in the URL's place where several act as one.
	Servers *Servers
	// CA is the certificate, in PEM form, of an authority that signed the
	// servers' own; this machine's authorities are trusted beside it.
	CA []byte
	// Prefix begins every key and the wake-up channels; empty is "postroom:".
	// Letters, digits and ".:_-" only.
	Prefix string
	// Now is the time source, the same as the register's; required.
	Now func() time.Time
	// Logger is told when Redis goes and comes back; nil discards.
	Logger *slog.Logger
	// Timeout bounds one Put of up to 256 items; zero is 200 ms. The other
	// calls, which only workers make, have ten times as long.
	Timeout time.Duration
}

// A Queue is a connection to the lanes. It is safe for concurrent use.
type Queue struct {
	now      func() time.Time
	log      *slog.Logger
	timeout  time.Duration
	prefix   string
	client   redis.UniversalClient
	embedded *miniredis.Miniredis // nil when Redis is a server of its own
	link     *link
	bells    *bells
	stop     context.CancelFunc
	done     sync.WaitGroup
}

// An Item is an id and when it wants to be taken.
type Item struct {
	ID        string
	NotBefore time.Time // zero: at once
	Deadline  time.Time // zero: after everything that has one
}

// A Claimed is an id that the claimer holds until its lease ends, or until it
// says Done or Return. The token tells this hold from any later one.
type Claimed struct {
	ID    string
	Token string
}

// Open returns a queue at once, also when Redis cannot be reached: it is then
// down, and connects by itself later. The error is about the configuration
// alone, or about the in-process Redis. ctx bounds only the opening.
func Open(ctx context.Context, c Config) (*Queue, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	q := &Queue{now: c.Now, log: c.Logger, timeout: c.Timeout, prefix: c.Prefix, link: newLink(c.Logger), bells: newBells()}
	if err := q.connect(c); err != nil {
		return nil, err
	}
	q.check(ctx)
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	q.stop = stop
	q.done.Go(func() { q.keep(run) })
	q.done.Go(func() { q.listen(run) })
	return q, nil
}

// Close lets go of Redis and ends every Wait. What is held stays held until
// its lease ends; an in-process Redis is gone with all it knew.
func (q *Queue) Close() error {
	q.stop()
	q.link.close()
	err := q.client.Close()
	q.done.Wait()
	if q.embedded != nil {
		q.embedded.Close()
	}
	if err != nil && !errors.Is(err, redis.ErrClosed) {
		return fmt.Errorf("queue: close: %w", err)
	}
	return nil
}

// Put makes ids wait or, when NotBefore has come, be ready. Putting an id
// again moves it to its new time and deadline; an id that is held stays held,
// and only its deadline is changed. Put never keeps its caller longer than
// Config.Timeout for each 256 items, and not at all while Redis is known to be
// down: a hint that is lost is put again by the next sweep.
func (q *Queue) Put(ctx context.Context, lane string, items ...Item) error {
	for slice := range slices.Chunk(items, maxSlice) {
		argv := make([]any, 0, 2+3*len(slice))
		argv = append(argv, floorMillis(q.now()), q.channel(lane))
		for _, item := range slice {
			if item.ID == "" {
				return fmt.Errorf("queue: put in lane %s: empty id", lane)
			}
			argv = append(argv, item.ID, ceilMillis(item.NotBefore), urgency(item.Deadline))
		}
		if err := q.run(ctx, q.timeout, "put", lane, putScript, argv).err; err != nil {
			return err
		}
	}
	return nil
}

// Claim takes up to n (at most 256) ready ids, most urgent deadline first, and
// holds them for the lease. It does not block: when nothing is ready it
// returns nothing. Ids whose lease has run out are ready again.
func (q *Queue) Claim(ctx context.Context, lane string, n int, lease time.Duration) ([]Claimed, error) {
	if n <= 0 {
		return nil, nil
	}
	token, now := rand.Text(), q.now()
	argv := []any{floorMillis(now), min(n, maxSlice), ceilMillis(now.Add(lease)), token, noDeadline}
	got := q.run(ctx, q.patience(), "claim", lane, claimScript, argv)
	if got.err != nil {
		return nil, got.err
	}
	claims := make([]Claimed, len(got.ids))
	for i, id := range got.ids {
		claims[i] = Claimed{ID: id, Token: token}
	}
	return claims, nil
}

// Renew makes the leases of claims end a lease from now, and returns those
// that are still the caller's. What is missing may be in other hands.
func (q *Queue) Renew(ctx context.Context, lane string, lease time.Duration, claims ...Claimed) ([]Claimed, error) {
	var held []Claimed
	for slice := range slices.Chunk(claims, maxSlice) {
		argv := append([]any{ceilMillis(q.now().Add(lease))}, pairs(slice)...)
		got := q.run(ctx, q.patience(), "renew", lane, renewScript, argv)
		if got.err != nil {
			return held, got.err
		}
		held = append(held, stillHeld(slice, got.ids)...)
	}
	return held, nil
}

// Done forgets ids whose work is over. A claim that somebody else has taken
// over meanwhile is left alone.
func (q *Queue) Done(ctx context.Context, lane string, claims ...Claimed) error {
	for slice := range slices.Chunk(claims, maxSlice) {
		if err := q.run(ctx, q.patience(), "done", lane, doneScript, pairs(slice)).err; err != nil {
			return err
		}
	}
	return nil
}

// Return gives an id back, to be ready at notBefore (zero: at once) with the
// deadline that it had. A claim that somebody else has taken over meanwhile is
// left alone.
func (q *Queue) Return(ctx context.Context, lane string, claim Claimed, notBefore time.Time) error {
	argv := []any{floorMillis(q.now()), q.channel(lane), claim.ID, claim.Token, ceilMillis(notBefore), noDeadline}
	return q.run(ctx, q.patience(), "return", lane, returnScript, argv).err
}

// Up reports whether Redis answered when it was last asked.
func (q *Queue) Up() bool {
	up, _ := q.link.state()
	return up
}

// Ping asks Redis now, whatever Up says; its error matches ErrDown.
func (q *Queue) Ping(ctx context.Context) error {
	bounded, cancel := context.WithTimeout(ctx, q.patience())
	defer cancel()
	if err := q.ask(bounded); err != nil {
		return fmt.Errorf("queue: ping: %w: %w", ErrDown, err)
	}
	return nil
}
