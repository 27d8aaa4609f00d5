package ingest_test

import (
	"log/slog"
	"runtime"
	"testing"
	"time"

	"postroom/classify"
	"postroom/ingest"
	"postroom/internal/register"
)

// TestTheLeaseOfABatchIsKept: however long the scans in its mails take, no other
// reader gets what this one reads.
func TestTheLeaseOfABatchIsKept(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	ids := []register.ID{
		r.arrives("complaints", mail{from: "ann@example.com", subject: "Complaint", text: grievance}.raw(1)),
		r.arrives("complaints", mail{from: "bo@example.com", subject: "Complaint", text: grievance}.raw(2)),
	}
	waited := false
	reader := ingest.NewReader(ingest.ReaderConfig{
		Register: r.register, Archive: r.intake.Archive, Queue: r.intake.Queue, Rules: classify.Default(), MessageIDs: r.ids, Returns: r.returns,
		Now: r.clock.Now, Logger: slog.New(slog.DiscardHandler), Lease: 20 * time.Millisecond,
		Step: func(step string) {
			if step != "read" || waited {
				return
			}
			waited = true
			r.clock.Advance(time.Hour)
			for end := time.Now().Add(2 * time.Minute); ; runtime.Gosched() {
				free, err := r.register.Unread(t.Context(), 10)
				if err != nil || time.Now().After(end) {
					t.Errorf("another reader gets %v: %v", free, err)
					return
				}
				if len(free) == 0 {
					return
				}
			}
		},
	})
	if err := reader.Read(t.Context(), ids); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		if m := r.message(id); !waited || m.State == register.Arrived || m.Attempts != 1 {
			t.Errorf("%s after %d attempts", m.State, m.Attempts)
		}
	}
}
