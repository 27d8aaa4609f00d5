package registertest_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postroom/internal/register"
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
		if diff := cmp.Diff(register.Gauges{Acknowledged: register.Acknowledged{Within: make([]int, spans)}}, gauges()); diff != "" {
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
		if diff := cmp.Diff(register.Gauges{LastSent: sent, Acknowledged: want}, gauges()); diff != "" {
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
