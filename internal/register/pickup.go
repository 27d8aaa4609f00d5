package register

import (
	"context"
	"time"

	"postroom/internal/workday"
)

// PickupActor makes the batches that are laid out for a printing service by
// themselves. A person still says that they were posted.
const PickupActor = "postroom"

// UnwrittenBatches lists the batches of the pick-up whose files are not
// written yet.
func (r *Register) UnwrittenBatches(ctx context.Context) ([]PrintBatch, error) {
	return list(ctx, r, "unwritten batches", scanBatch, `SELECT `+batchColumns+` FROM print_batch WHERE printed = 0 ORDER BY made_at, id`)
}

// BatchWritten records that a batch's files are written.
func (r *Register) BatchWritten(ctx context.Context, batch ID) error {
	return wrap("batch written", r.writes.do(ctx, func(t *tx) error {
		return t.exec(`UPDATE print_batch SET printed = 1 WHERE id = $1 AND printed = 0`, batch)
	}))
}

// LaidOut reports whether the pick-up has made its batches of a day: one that
// is full, with that many letters, has another behind it.
func (r *Register) LaidOut(ctx context.Context, day workday.Date, full int) (bool, error) {
	return get(ctx, r, "laid out", func(row scanner) (done bool, err error) {
		var n int
		err = row.Scan(&n)
		return n > 0, err
	}, `SELECT count(*) FROM print_batch WHERE made_by = $1 AND made_at >= $2 AND made_at < $3 AND letters < $4`, PickupActor, micros(day.Start()), micros(day.End().Add(time.Nanosecond)), int64(full))
}
