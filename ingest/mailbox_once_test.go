package ingest

import (
	"context"
	"errors"
	"testing"

	"github.com/emersion/go-imap/v2"
)

func TestTakeAllEndsWhenTheFolderIsTakenIn(t *testing.T) {
	t.Parallel()
	d, s := newDesk(t), newMemServer(t, imap.CapIMAP4rev2)
	m := d.mailboxAt(s.addr)
	m.FiledFolder = "Filed"
	for _, l := range letters(40) {
		s.deliver("INBOX", l, monday)
	}
	d.passes(d.poller(m))

	// A register that was restored knows none of them.
	fresh := newDesk(t)
	filed := fresh.mailboxAt(s.addr)
	filed.Folder = "Filed"
	fresh.must(fresh.poller(filed).TakeAll(t.Context()))
	fresh.wantWhole(letters(40)...)

	filed.Folder = "nowhere"
	fresh.must(fresh.poller(filed).TakeAll(t.Context()))

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	filed.Folder = "Filed"
	if err := fresh.poller(filed).TakeAll(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped before it was done: %v", err)
	}
}
