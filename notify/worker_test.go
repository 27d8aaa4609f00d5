package notify

import (
	"bytes"
	"context"
	"io"
	"net/mail"
	"os"
	"strings"
	"testing"
	"time"

	"postroom/internal/register"
	"postroom/internal/registertest"
)

// toResidents are the letters that did not go to our own people.
func toResidents(all []letter) []letter {
	var some []letter
	for _, l := range all {
		if !strings.Contains(l.to, "@larkmere.example") && !strings.Contains(l.to, "@landlord.example") {
			some = append(some, l)
		}
	}
	return some
}

func header(t *testing.T, raw []byte) mail.Header {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return m.Header
}

func TestAnAcknowledgementArrivesOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	o := d.complaint(1)
	d.work()
	got := d.until(o.Owed[0].ID, "sent, and that said", func(o register.Outgoing) bool { // the step comes just after the commit
		return o.State == register.Delivered && d.steps.taken("recorded") > 0
	})
	letters := toResidents(d.office.letters())
	if len(letters) != 1 || letters[0].to != "person1@mail.example" || letters[0].from != "complaints@larkmere.example" {
		t.Fatalf("letters %+v", letters)
	}
	h := header(t, letters[0].raw)
	if h.Get("Message-Id") != "<"+got.MessageID+">" || h.Get("Subject") != "Your complaint "+o.Reference || got.Subject != h.Get("Subject") {
		t.Errorf("header %v, recorded %q, %q", h, got.MessageID, got.Subject)
	}
	kept, err := d.cfg.Archive.Get(t.Context(), got.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close() //nolint:errcheck // only read
	if want, err := io.ReadAll(kept); err != nil || !bytes.Equal(want, letters[0].raw) {
		t.Errorf("the archive does not hold what was sent (%v)", err)
	}
	if got.Promised.String() != "2026-12-07" {
		t.Errorf("promised %s", got.Promised)
	}
	d.steps.mu.Lock()
	defer d.steps.mu.Unlock()
	for _, step := range []string{"claimed", "archived", "connected", "rcpt", "begun", "data", "accepted", "recorded"} {
		if d.steps.count[step] != 1 {
			t.Errorf("the step %s was taken %d times", step, d.steps.count[step])
		}
	}
}

func TestRedisIsNeverMissed(t *testing.T) { // F30
	t.Parallel()
	t.Run("down from the start", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t)
		if err := d.queue.Close(); err != nil {
			t.Fatal(err)
		}
		var owed []register.ID
		for i := range 20 {
			owed = append(owed, d.complaint(i).Owed[0].ID)
		}
		d.work()
		for _, id := range owed {
			d.until(id, "sent", is(register.Delivered))
		}
		if n := len(toResidents(d.office.letters())); n != 20 {
			t.Errorf("%d letters, want 20", n)
		}
	})
	t.Run("never told", func(t *testing.T) { // as after a FLUSHALL: no hint is there, nor ever was
		t.Parallel()
		d := newDesk(t)
		d.work()
		o := d.complaint(1)
		d.until(o.Owed[0].ID, "sent", is(register.Delivered))
	})
	t.Run("told twice", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t)
		o := d.complaint(1)
		d.work()
		w, err := NewWorker(d.cfg)
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			w.put(t.Context(), o.Owed)
		}
		d.until(o.Owed[0].ID, "sent", is(register.Delivered))
		for range 5 {
			w.put(t.Context(), o.Owed)
		}
		next := d.complaint(2)
		d.until(next.Owed[0].ID, "sent", is(register.Delivered))
		if n := len(d.office.letters()); n != 2 {
			t.Errorf("%d letters, want 2", n)
		}
	})
}

func TestTwoWorkersSendEachOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	var owed []register.ID
	for i := range 60 {
		owed = append(owed, d.complaint(i).Owed[0].ID)
	}
	d.cfg.Guard.Caps = Caps{}
	d.work()
	d.work()
	for _, id := range owed {
		d.until(id, "sent", is(register.Delivered))
	}
	seen := map[string]int{}
	for _, l := range d.office.letters() {
		seen[l.to]++
	}
	for to, n := range seen {
		if n != 1 {
			t.Errorf("%s got %d", to, n)
		}
	}
	if len(seen) != 60 {
		t.Errorf("%d were answered, want 60", len(seen))
	}
	if n := d.office.server.Connections(); n > 8 {
		t.Errorf("%d connections were opened for 60 mails", n)
	}
}

func TestNearMidnight(t *testing.T) { // F31
	t.Parallel()
	for _, row := range []struct {
		name     string
		now      time.Time
		promised string
		date     string
	}{
		{"a minute before midnight in London", time.Date(2026, 11, 24, 23, 59, 0, 0, time.UTC), "2026-12-08", "Tue, 24 Nov 2026 23:59:00 +0000"},
		{"a minute after", time.Date(2026, 11, 25, 0, 1, 0, 0, time.UTC), "2026-12-09", "Wed, 25 Nov 2026 00:01:00 +0000"},
		{"summer: midnight UTC has long passed in London", time.Date(2026, 6, 10, 23, 30, 0, 0, time.UTC), "2026-06-25", "Thu, 11 Jun 2026 00:30:00 +0100"},
		{"the evening before the clocks go back", time.Date(2026, 10, 24, 23, 30, 0, 0, time.UTC), "2026-11-06", "Sun, 25 Oct 2026 00:30:00 +0100"},
		{"within the hour that comes twice", time.Date(2026, 10, 25, 1, 30, 0, 0, time.UTC), "2026-11-06", "Sun, 25 Oct 2026 01:30:00 +0000"},
		{"the night in which the clocks go forward", time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC), "2026-04-14", "Sun, 29 Mar 2026 02:00:00 +0100"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.clock.Set(row.now.Add(-time.Minute))
			o := d.complaint(1)
			d.clock.Set(row.now)
			d.work()
			got := d.until(o.Owed[0].ID, "sent", is(register.Delivered))
			raw := toResidents(d.office.letters())[0].raw
			if got.Promised.String() != row.promised || !bytes.Contains(raw, []byte(got.Promised.Long())) {
				t.Errorf("promised %s, want %s, and said in the mail", got.Promised, row.promised)
			}
			if date := header(t, raw).Get("Date"); date != row.date {
				t.Errorf("Date: %s, want %s", date, row.date)
			}
			_, clocks, err := d.GetCase(t.Context(), o.Case)
			if err != nil {
				t.Fatal(err)
			}
			for _, k := range clocks {
				if k.Name == "stage1_answer" && (k.Counts() != got.Promised || k.Promised != got.Promised) {
					t.Errorf("the clock says %s, promised %s; the resident was told %s", k.Due, k.Promised, got.Promised)
				}
			}
		})
	}
}

func TestOnPostgres(t *testing.T) {
	t.Parallel()
	if os.Getenv("POSTROOM_TEST_POSTGRES") == "" {
		t.Skip("integration: POSTROOM_TEST_POSTGRES names no server")
	}
	d := newDeskOn(t, registertest.Postgres)
	var owed []register.ID
	for i := range 30 {
		owed = append(owed, d.complaint(i).Owed[0].ID)
	}
	d.work()
	d.work()
	for _, id := range owed {
		d.until(id, "sent", is(register.Delivered))
	}
	if n := len(toResidents(d.office.letters())); n != 30 {
		t.Errorf("%d letters, want 30", n)
	}
}

// carryOne takes one claimed outgoing the whole way.
func carryOne(ctx context.Context, w *Worker, j job) {
	s := &sender{Worker: w, courier: &courier{server: w.cfg.SMTP, now: time.Now}}
	for _, j := range w.prepare(ctx, []job{j}) {
		s.carry(ctx, j)
	}
	s.settled()
	s.courier.close()
}
