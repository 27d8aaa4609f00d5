package ingest

import (
	"context"
	"sync"
	"time"

	"postroom/internal/register"
)

// longestReading is how long the lease on what is read together is renewed, many
// times what honest post takes. A reader that hangs gives it up then, and
// another process reads all but what it hangs on.
const longestReading = 2 * time.Hour

// keepLease renews the lease on messages until the returned function is called:
// the scans in a mail, and the pages of a stack, take longer than a lease.
func (r *Reader) keepLease(ctx context.Context, messages ...register.Message) (stop func()) {
	ctx, cancel := context.WithTimeout(ctx, longestReading)
	ids := make([]register.ID, len(messages))
	for i, m := range messages {
		ids[i] = m.ID
	}
	var done sync.WaitGroup
	done.Go(func() {
		for pause(ctx, r.c.Lease/4) {
			ask, end := context.WithTimeout(ctx, r.c.Lease/4)
			if err := r.c.Register.KeepReading(ask, ids, r.c.Lease); err != nil {
				r.failed(ctx, "the lease on what is read was not renewed", err)
			}
			end()
		}
	})
	return func() { cancel(); done.Wait() }
}
