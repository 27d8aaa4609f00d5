package registertest_test

import (
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
)

// What was decided since midnight is counted by who decided it, and what waits
// again is not.
func TestDecidedSince(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		count := func(at time.Time, people, rules int) {
			t.Helper()
			p, r, err := d.DecidedSince(t.Context(), at)
			d.must(err)
			if p != people || r != rules {
				t.Errorf("%d by people and %d by the rules, want %d and %d", p, r, people, rules)
			}
		}
		began := d.clock.Now()
		d.take("settled alone", register.Opening{Reading: registertest.Reading("alone@x", "alone@example.com", "settled alone"), Verdict: registertest.Verdict(classify.Enquiry)})
		m := d.waits("cold", nil)
		count(began, 0, 1)
		_, err := d.Decide(t.Context(), register.Ruling{Message: m.ID, Version: m.Version, By: "Priya", Label: classify.Complaint, Definition: registertest.Verdict(classify.Complaint).Definition})
		d.must(err)
		count(began, 1, 1)
		count(d.clock.Now().Add(time.Second), 0, 0)
	})
}
