package web

import (
	"testing"

	"postroom/classify"
)

// TestAReasonIsInPlainEnglish holds that officers read the rule's own reason,
// and its id only in verdicts from before reasons were kept.
func TestAReasonIsInPlainEnglish(t *testing.T) {
	t.Parallel()
	var p itemPage
	views := p.views([]reason{
		{Evidence: classify.Evidence{Rule: "still-waiting", Why: "says that they are still waiting", Label: "complaint", Weight: 1}},
		{Evidence: classify.Evidence{Rule: "still-waiting", Label: "complaint", Weight: 1}},
	})
	for i, want := range []string{"says that they are still waiting", "still waiting"} {
		if views[i].Rule != want {
			t.Errorf("reason %d reads %q, not %q", i+1, views[i].Rule, want)
		}
	}
}
