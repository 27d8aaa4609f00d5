package registertest_test

import (
	"testing"
	"time"

	"postroom/internal/register"
)

// chain are three complaints, the last merged into the second and that one
// into the first, which lives on.
func (d *desk) chain() (all []register.Opened) {
	d.t.Helper()
	for _, text := range []string{"cold", "still cold", "colder"} {
		all = append(all, d.complaint(text, "ann@example.com"))
		d.clock.Advance(time.Hour)
	}
	for _, pair := range [][2]int{{2, 1}, {1, 0}} {
		d.must(d.Merge(d.t.Context(), register.Merging{From: all[pair[0]].Case, Into: all[pair[1]].Case, By: "officer:bo", Reason: "the same boiler"}))
	}
	return all
}

// The file of a case that is given out holds all that was merged into it,
// however often, and each message once.
func TestACaseFileHoldsTheWholeFamilyOnce(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		all := d.chain()
		f, err := d.CaseFile(d.t.Context(), all[0].Reference)
		d.must(err)
		if len(f.Merged) != 2 || len(f.Messages) != 3 || len(f.Replies) != 3 {
			d.t.Errorf("%d cases were merged into it, %d messages, %d replies", len(f.Merged), len(f.Messages), len(f.Replies))
		}
		received := 0
		for _, e := range f.Events {
			if e.What == "received" {
				received++
			}
		}
		if received != 3 {
			d.t.Errorf("%d messages were received by its timeline", received)
		}
	})
}

// What was merged is forgotten with the case that lives on, however often.
func TestErasingForgetsTheWholeFamily(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		all := d.chain()
		d.must(d.CloseCase(d.t.Context(), all[0].Case, "officer:bo", register.ClosedWithdrawn, "on the phone"))
		d.must(d.Erase(d.t.Context(), register.Erasure{Reference: all[0].Reference, By: "officer:bo", Class: "request", Reason: "asked"}))
		for i, o := range all {
			if m := d.message(o.Message); m.Reading.Text != "" || m.Reading.From.Address != "" {
				d.t.Errorf("message %d is remembered: %+v", i, m.Reading)
			}
			if c := d.theCase(o.Case); c.Correspondent.Address != "" {
				d.t.Errorf("case %d is remembered: %+v", i, c.Correspondent)
			}
		}
	})
}
