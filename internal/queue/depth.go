package queue

import (
	"context"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// A Depth is how full a lane is.
type Depth struct {
	Waiting int       // not yet due
	Ready   int       // due, or taken by somebody whose lease has run out
	Held    int       // in somebody's hands
	Urgent  time.Time // the earliest deadline among the ready, UTC; zero when none of them has one
}

// Depth counts a lane.
func (q *Queue) Depth(ctx context.Context, lane string) (Depth, error) {
	var waiting, due, ready, held, late *redis.IntCmd
	var first *redis.ZSliceCmd
	now := strconv.FormatInt(floorMillis(q.now()), 10)
	err := q.do(ctx, q.patience(), "count", lane, func(ctx context.Context) error {
		keys := q.keys(lane)
		_, err := q.client.TxPipelined(ctx, func(p redis.Pipeliner) error {
			waiting, due = p.ZCard(ctx, keys[0]), p.ZCount(ctx, keys[0], "-inf", now)
			ready = p.ZCard(ctx, keys[1])
			held, late = p.ZCard(ctx, keys[2]), p.ZCount(ctx, keys[2], "-inf", now)
			first = p.ZRangeWithScores(ctx, keys[1], 0, 0)
			return nil
		})
		return err
	})
	if err != nil {
		return Depth{}, err
	}
	d := Depth{
		Waiting: int(waiting.Val() - due.Val()),
		Ready:   int(ready.Val() + due.Val() + late.Val()),
		Held:    int(held.Val() - late.Val()),
	}
	for _, z := range first.Val() {
		if at := int64(z.Score); at < noDeadline {
			d.Urgent = time.UnixMilli(at).UTC()
		}
	}
	return d, nil
}
