package reference_test

import (
	"testing"

	"postroom/internal/reference"
)

var key = []byte("a key for tests, not for a landlord")

const example = "CIT26-7KR4-M9X9"

func TestExample(t *testing.T) {
	t.Parallel()
	got, err := reference.Parse(example)
	if err != nil || got != example {
		t.Fatalf("Parse = %q, %v", got, err)
	}
}
