package registertest_test

import (
	"errors"
	"testing"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
)

func TestARehearsalChangesNothing(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := d.t.Context()
		v := registertest.Verdict(classify.Complaint)
		v.Route = classify.Review
		id := d.take("rehearsed", register.Opening{Reading: registertest.Reading("1@example.com", "ann@example.com", "No heating"), Verdict: v}).Message
		m := d.message(id)
		ruling := register.Ruling{Message: id, Version: m.Version, By: "Priya", Label: classify.ServiceRequest, Reason: "r", Definition: v.Definition, Words: true}
		for range 2 {
			owed, err := d.Rehearse(ctx, ruling)
			d.must(err)
			if len(owed) != 2 || owed[0].Kind != register.ServiceNotice || owed[1].Kind != register.Forward || owed[0].TheCase == nil || owed[0].TheMessage == nil {
				d.t.Fatalf("owed: %+v", owed)
			}
		}
		if now := d.message(id); now.State != register.InReview || now.Version != m.Version || now.Case != "" {
			d.t.Errorf("the message changed: %+v", now)
		}
		all, err := d.Outgoings(ctx, 10)
		d.must(err)
		if len(all) != 0 {
			d.t.Errorf("%d are owed", len(all))
		}
		ruling.Label = classify.Complaint
		owed, err := d.Rehearse(ctx, ruling)
		d.must(err)
		opened, err := d.Decide(ctx, ruling)
		d.must(err)
		shown, err := d.ToShow(ctx, opened.Owed[0].ID)
		d.must(err)
		if len(owed) != 1 || owed[0].Kind != shown.Kind || owed[0].Form != shown.Form || owed[0].Reference != shown.Reference || len(shown.Clocks) == 0 {
			d.t.Errorf("rehearsed %+v, decided %+v", owed, shown)
		}
		if _, err := d.Rehearse(ctx, ruling); !errors.Is(err, register.ErrConflict) {
			d.t.Errorf("after the decision: %v", err)
		}
		broken, err := d.VerifyHistories(ctx)
		d.must(err)
		if len(broken) != 0 {
			d.t.Errorf("broken histories: %v", broken)
		}
	})
}
