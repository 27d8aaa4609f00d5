package registertest_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
)

func TestGaugesCountWhatIsLateAndHowLongItTook(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		gauges := func() register.Gauges {
			t.Helper()
			g, err := d.Gauges(t.Context(), d.clock.Now())
			d.must(err)
			return g
		}
		spans := len(register.AcknowledgedWithin())
		if diff := cmp.Diff(register.Gauges{Acknowledged: register.Acknowledged{Within: make([]int, spans)}, OpenAlarms: noAlarms()}, gauges()); diff != "" {
			t.Errorf("of nothing (-want +got):\n%s", diff)
		}
		quick := d.complaint("quick", "ann@example.com")
		slow := d.complaint("slow", "bob@example.com")
		owed := d.complaint("owed", "cy@example.com")
		d.waits("waits", nil)
		d.clock.Advance(30 * time.Second)
		d.send(quick.Owed[0].ID)
		d.clock.Advance(2*time.Hour - 30*time.Second)
		d.send(slow.Owed[0].ID)
		sent := d.clock.Now()
		want := register.Acknowledged{All: 2, Within: []int{1, 1, 1, 2, 2, 2, 2}, Average: time.Hour + 15*time.Second}
		if diff := cmp.Diff(register.Gauges{LastSent: sent, Acknowledged: want, OpenAlarms: noAlarms()}, gauges()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		// A try that fails, and then days in which nobody does anything.
		c := d.claim(owed.Owed[0].ID)[0]
		errs, err := d.TryAgain(t.Context(), []register.Outcome{{ID: c.ID, Attempt: c.Attempt, Code: "451", Why: "later", Again: d.clock.Now().Add(time.Hour)}})
		d.must(err)
		d.must(errs[0])
		if got := gauges().Retrying; got != 1 {
			t.Errorf("%d are tried again", got)
		}
		d.clock.Set(on(t, "2026-12-04"))
		g := gauges()
		if g.LateUndecided != 1 || g.LateReplies != 1 || g.LateClocks != 1 || g.Acknowledged.All != 0 || !g.LastSent.IsZero() {
			t.Errorf("days later: %+v", g)
		}
	})
}

// A request for service has no day for an answer by any code. Nothing is late of
// it, wherever one looks; and where it is a complaint after all, its clocks
// count from the day of receipt.
func TestTheClocksOfARequestRest(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		late := func(want int) {
			t.Helper()
			g, err := d.Gauges(t.Context(), d.clock.Now())
			d.must(err)
			facts, err := d.Digest(t.Context(), d.clock.Now())
			d.must(err)
			_, found, _, err := d.Search(t.Context(), register.Search{State: register.FoundLate, N: 10})
			d.must(err)
			if g.LateClocks != want || len(facts.Overdue) != want || found != min(want, 1) {
				t.Errorf("late by the gauge %d, by the digest %d, and %d cases are found; want %d clocks", g.LateClocks, len(facts.Overdue), found, want)
			}
		}
		req := d.take("tap", register.Opening{Reading: registertest.Reading("1@x", "ann@example.com", "tap"), Verdict: registertest.Verdict(classify.ServiceRequest)})
		for _, h := range req.Owed {
			d.send(h.ID)
		}
		was := d.undecided(classify.Complaint)
		d.must(d.rules(was, classify.Enquiry))
		d.at("2027-01-11")
		late(0)
		for _, caseID := range []register.ID{req.Case, was.Case} {
			c, clocks, err := d.GetCase(t.Context(), caseID)
			d.must(err)
			for _, k := range c.Counting(clocks) {
				if k.Running() {
					t.Errorf("%s runs", k.Name)
				}
			}
		}
		m := d.message(req.Message)
		d.must(d.Reconsider(t.Context(), m.ID, m.Version, "officer:bo", "the third time"))
		m = d.message(m.ID)
		d.must(errOf(d.Decide(t.Context(), register.Ruling{Message: m.ID, Version: m.Version, By: "officer:bo", Label: classify.Complaint, Reason: "the third time", Definition: registertest.Verdict(classify.Complaint).Definition})))
		late(2)
	})
}

func noAlarms() map[register.AlarmKind]int {
	none := map[register.AlarmKind]int{}
	for _, kind := range register.AlarmKinds() {
		none[kind] = 0
	}
	return none
}
