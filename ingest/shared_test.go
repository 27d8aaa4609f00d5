package ingest_test

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	"postroom/classify"
	"postroom/ingest"
	"postroom/internal/archive"
	"postroom/internal/register"
)

// A mail that another machine took in is read by this one, which does not see
// the original yet: it is waited for, and no person is asked.
func TestAnOriginalThatIsNotVisibleYet(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	here, err := archive.Open(t.TempDir(), r.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	w, err := r.intake.Archive.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, mail{from: "ann@example.com", subject: "Complaint about my heating", text: grievance}.raw(1)); err != nil {
		t.Fatal(err)
	}
	got, err := r.intake.Take(t.Context(), []ingest.Post{{Original: w, Channel: register.Email, Source: "complaints", ReceivedAt: r.clock.Now(), Basis: register.InternalDate}})
	if err != nil {
		t.Fatal(err)
	}
	m, err := r.register.GetMessage(t.Context(), got[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	original := m.Original
	arrived := make(chan error, 1)
	reader := ingest.NewReader(ingest.ReaderConfig{
		Register: r.register, Archive: here, Queue: r.intake.Queue, Rules: classify.Default(), MessageIDs: r.ids, Returns: r.returns,
		Now: r.clock.Now, Logger: slog.New(slog.DiscardHandler), Patience: 5 * time.Minute,
		Step: func(step string) {
			if step == "reading" {
				go func() { arrived <- appear(t.Context(), r.intake.Archive, here, original) }()
			}
		},
	})
	if err := reader.Read(t.Context(), []register.ID{got[0].ID}); err != nil {
		t.Fatal(err)
	}
	if err := <-arrived; err != nil {
		t.Fatal(err)
	}
	m, err = r.register.GetMessage(t.Context(), got[0].ID)
	if err != nil || m.Reading == nil || m.Reading.Subject != "Complaint about my heating" {
		t.Errorf("state %s, problem %q, %v", m.State, m.Problem, err)
	}
}

// appear makes a file of one archive visible in the other.
func appear(ctx context.Context, from, to *archive.Archive, name string) error {
	f, err := from.Get(ctx, name)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // only read
	_, err = to.Put(ctx, f)
	return err
}
