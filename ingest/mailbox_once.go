package ingest

import (
	"context"
	"errors"

	"postroom/internal/register"
)

// TakeAll takes in what is in the folder now, once, and returns when nothing
// of it is open any more but what a person must look at. A mailbox that cannot
// be reached is tried again until ctx ends. A folder that is not there holds
// nothing.
func (p *Poller) TakeAll(ctx context.Context) error {
	p.once = true
	for ctx.Err() == nil {
		err := p.turn(ctx)
		var trouble *MailboxError
		if err == nil || errors.As(err, &trouble) && trouble.Trouble == FolderMissing {
			return nil
		}
		if ctx.Err() == nil {
			pause(ctx, p.afterFailure(ctx, err))
		}
	}
	return ctx.Err()
}

// finished reports whether a visit that is to take all in once has done so.
func (v *visit) finished() bool {
	if !v.p.once || v.backlog > 0 {
		return false
	}
	for _, n := range v.open {
		if n.State == register.UIDPending {
			return false
		}
	}
	return true
}
