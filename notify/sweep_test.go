package notify

import (
	"bytes"
	"context"
	"log/slog"
	"testing"
	"time"
)

// What one part of a sweep took too long for takes nothing from the next, and
// whatever fails is said.
func TestEachPartOfASweepHasTimeOfItsOwn(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	o := d.complaint(1)
	var said bytes.Buffer
	d.cfg.Logger = slog.New(slog.NewTextHandler(&said, nil))
	w, err := NewWorker(d.cfg)
	if err != nil {
		t.Fatal(err)
	}
	over, cancel := context.WithDeadline(t.Context(), time.Unix(1, 0))
	defer cancel()
	w.SweepOnce(over)
	held, err := d.queue.Claim(t.Context(), Lane, 10, time.Minute)
	if err != nil || len(held) != 1 || held[0].ID != o.Owed[0].ID {
		t.Errorf("the queue was told of %+v, %v", held, err)
	}
	if said.Len() > 0 {
		t.Errorf("it says %s", said.String())
	}
	if w.trouble(over, "looking for deadlines failed", over.Err()); !bytes.Contains(said.Bytes(), []byte("looking for deadlines failed")) {
		t.Error("what had no more time is not said")
	}
}
