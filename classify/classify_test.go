package classify

import "testing"

func TestDefaultReads(t *testing.T) {
	t.Parallel()
	if _, err := Parse("rules.yaml", defaultRules); err != nil {
		t.Fatal(err)
	}
}
