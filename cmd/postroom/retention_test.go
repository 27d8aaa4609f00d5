package main

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/archive"
	"postroom/internal/records"
	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/workday"
)

// TestForgettingEachDay: what is over its time goes once a day, by one of
// several processes, and what is kept for a court stays.
func TestForgettingEachDay(t *testing.T) {
	t.Parallel()
	for name, point := range map[string]func(testing.TB, register.Config) register.Config{"sqlite": registertest.SQLite, "postgres": registertest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, clock := t.Context(), registertest.NewClock()
			kept, err := archive.Open(t.TempDir(), clock.Now())
			if err != nil {
				t.Fatal(err)
			}
			h := &house{
				plan:     plan{now: clock.Now, logger: slog.New(slog.DiscardHandler), retention: records.Retention{register.RetainEnquiries: 12}},
				register: registertest.Open(t, point(t, registertest.Config(t, clock.Now))), archive: kept,
			}
			enquiry := func(text string) string {
				got, err := h.register.Receive(ctx, []register.Arrival{registertest.Arrival(text, clock.Now())})
				if err != nil {
					t.Fatal(err)
				}
				opened, err := h.register.Open(ctx, []register.Opening{{
					Message: got[0].ID, Reading: registertest.Reading(text+"@x", text+"@example.com", text), Verdict: registertest.Verdict(classify.Enquiry),
				}})
				if err == nil {
					err = h.register.CloseCase(ctx, opened[0].Case, "bo", register.ClosedDone, "")
				}
				if err != nil {
					t.Fatal(err)
				}
				return got[0].Reference
			}
			words := func(reference string) bool {
				m, err := h.register.FindReference(ctx, reference)
				if err != nil {
					t.Fatal(err)
				}
				return m.Reading != nil && m.Reading.Text != ""
			}
			old, held := enquiry("old"), enquiry("held")
			if err := h.register.Keep(ctx, held, "bo", "court claim"); err != nil {
				t.Fatal(err)
			}
			clock.Set(clock.Now().AddDate(1, 0, 1))
			young := enquiry("young")
			today := workday.DateOf(clock.Now())

			stopped, stop := context.WithCancel(ctx)
			stop()
			if done := h.retainToday(stopped, "a", workday.Date{}); done == today {
				t.Error("it counts as done although it was stopped")
			}
			if done := h.retainToday(ctx, "b", workday.Date{}); done != today || words(old) || !words(held) || !words(young) {
				t.Errorf("done on %s; words left: old %v, held %v, young %v", done, words(old), words(held), words(young))
			}
			clock.Set(clock.Now().AddDate(1, 0, 2))
			then := workday.DateOf(clock.Now())
			if mine, err := h.register.Lease(ctx, "retention of "+then.String(), "another process", time.Hour); err != nil || !mine {
				t.Fatal(mine, err)
			}
			if done := h.retainToday(ctx, "b", today); done != then || !words(young) {
				t.Errorf("another process does it: %s, %v", done, words(young))
			}
		})
	}
}
