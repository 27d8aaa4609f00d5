package classify_test

import (
	"strings"
	"testing"

	"postroom/classify"
)

func TestEveryRuleCanBeShown(t *testing.T) {
	t.Parallel()
	r := classify.Default()
	all := r.List()
	if len(all) < 100 {
		t.Errorf("%d rules", len(all))
	}
	for _, d := range all {
		if d.ID == "" || d.Why == "" || strings.HasPrefix(d.ID, "leaning") {
			t.Errorf("%+v", d)
		}
		for i := 1; i < len(d.For); i++ {
			if a, b := d.For[i-1].Weight, d.For[i].Weight; a*a < b*b {
				t.Errorf("%s: %v", d.ID, d.For)
			}
		}
	}
	for _, l := range classify.Labels() {
		if s := r.Sure(l); s < 0.5 || s > 1 {
			t.Errorf("%s alone from %v", l, s)
		}
	}
}
