package registertest_test

import (
	"slices"
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
)

// due reads when each duty about a message's hazard is due: the last day, and
// for emergencies the hour.
func (d *desk) due(message register.ID) map[string]string {
	d.t.Helper()
	h, err := d.MessageHazard(d.t.Context(), message)
	d.must(err)
	all := map[string]string{}
	for _, duty := range h.Duties {
		all[duty.Name] = duty.DueAt.Add(-time.Second).Format("2006-01-02")
		if h.Level == classify.Emergency {
			all[duty.Name] = duty.DueAt.Format("2006-01-02T15")
		}
	}
	return all
}

func (d *desk) mould() register.Opened {
	d.t.Helper()
	return d.take("mould", register.Opening{Reading: registertest.Reading("1@x", "ann@example.com", "mould"), Verdict: hazardous(classify.Significant, "damp_mould")})
}

func TestANewBankHolidayRecountsHazards(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.mould() // 23 November: to be investigated by 7 December
		d.closed("2026-12-02")
		moved, err := d.Recount(t.Context())
		d.must(err)
		if got := d.due(o.Message)["investigate"]; moved != 2 || got != "2026-12-08" { // the request's clocks move as well
			t.Errorf("%d moved, to be investigated by %s", moved, got)
		}
		d.clock.Set(on(t, "2026-12-08"))
		h, err := d.MessageHazard(t.Context(), o.Message)
		d.must(err)
		d.must(d.HazardDone(t.Context(), h.ID, "investigate", d.clock.Now(), "officer:bo"))
		d.closed("2026-12-10") // the list of now has this one and not the other
		d.must(errOf(d.Recount(t.Context())))
		due := d.due(o.Message)
		if due["investigate"] != "2026-12-08" || due["written_summary"] != "2026-12-14" {
			t.Errorf("what was done stays as it was counted, what is to be done moves: %v", due)
		}
		if again, err := d.Recount(t.Context()); err != nil || again != 0 {
			t.Errorf("moved again: %d %v", again, err)
		}
		if !slices.Contains(d.events("message:"+o.Message), "hazard_clocks_recounted") {
			t.Error("the history does not say so")
		}
	})
}

func TestAnOfficerSaysWhatIsAHazard(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := t.Context()
		o := d.take("the flat is very cold", register.Opening{Reading: registertest.Reading("1@x", "ann@example.com", "the flat is very cold"), Verdict: about(classify.ServiceRequest, "repairs")})
		say := register.HazardRuling{Message: o.Message, Level: classify.Significant, By: "officer:bo", Reason: "there is a baby"}
		for _, row := range []struct {
			change   func(*register.HazardRuling)
			sentence string
		}{
			{func(h *register.HazardRuling) { h.By = "rules@1" }, "Only a person"},
			{func(h *register.HazardRuling) { h.Reason = " " }, "Say why"},
			{func(h *register.HazardRuling) { h.Level = "dire" }, "significant, or an emergency"},
			{func(h *register.HazardRuling) { h.Level = classify.NoHazard }, "No hazard is known"},
		} {
			h := say
			row.change(&h)
			d.refused(d.SetHazard(ctx, h), row.sentence)
		}
		d.clock.Set(on(t, "2026-11-25"))
		d.must(d.SetHazard(ctx, say))
		if got := d.due(o.Message)["investigate"]; got != "2026-12-07" {
			t.Errorf("the landlord knew from the 23rd on: to be investigated by %s", got)
		}
		d.refused(d.SetHazard(ctx, say), "known as this hazard already")

		say.Level, say.Reason = classify.Emergency, "no heating at all, and frost"
		d.must(d.SetHazard(ctx, say))
		if due := d.due(o.Message); due["investigate"] != "2026-11-24T10" || due["make_safe"] != "2026-11-24T10" || len(due) != 2 {
			t.Errorf("an emergency from receipt on: %v", due)
		}
		if len(d.alarms(register.EmergencyAlarm)) != 1 || d.theCase(o.Case).HazardLevel != classify.Emergency {
			t.Error("nobody is called, or the case does not show it")
		}
		h, err := d.MessageHazard(ctx, o.Message)
		d.must(err)
		d.must(d.HazardDone(ctx, h.ID, "make_safe", d.clock.Now(), "officer:bo"))

		say.Level, say.Reason = classify.NoHazard, "the wrong flat"
		d.must(d.SetHazard(ctx, say))
		h, err = d.MessageHazard(ctx, o.Message)
		d.must(err)
		if h.EndedAt.IsZero() || h.EndedWhy != "the wrong flat" || d.theCase(o.Case).HazardLevel != classify.NoHazard {
			t.Errorf("hazard %+v", h)
		}
		say.Level, say.Reason = classify.Significant, "the right flat after all"
		d.must(d.SetHazard(ctx, say))
		if due := d.due(o.Message); due["investigate"] != "2026-12-07" || due["make_safe"] == "" {
			t.Errorf("what was done stays: %v", due)
		}
	})
}

// TestAJoinedMessageSpeaksForItself: one message of a case can make it more
// urgent; that it tells of no hazard says nothing about the others.
func TestAJoinedMessageSpeaksForItself(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.mould()
		more := d.reply(o.Case, "ann@example.com", "sparks", registertest.Verdict(classify.FollowUp))
		say := register.HazardRuling{Message: more.Message, Level: classify.Emergency, By: "officer:bo", Reason: "sparks"}
		d.must(d.SetHazard(t.Context(), say))
		if got := d.theCase(o.Case).HazardLevel; got != classify.Emergency {
			t.Errorf("the case is %q", got)
		}
		all, err := d.CaseHazards(t.Context(), o.Case)
		d.must(err)
		if len(all) != 2 {
			t.Errorf("%d hazards", len(all))
		}
		say.Level = classify.NoHazard
		d.must(d.SetHazard(t.Context(), say))
		if got := d.theCase(o.Case).HazardLevel; got == classify.NoHazard {
			t.Error("the mould is forgotten")
		}
	})
}
