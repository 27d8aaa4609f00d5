package classify

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/verdicts.tsv anew")

// ownExamples reads the project's own labelled examples.
func ownExamples(tb testing.TB) []Example {
	tb.Helper()
	out, err := OwnExamples()
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

// TestVerdicts holds a line for each example, so that whoever changes a rule
// sees in review which verdicts changed with it.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	const golden = "testdata/verdicts.tsv"
	var b strings.Builder
	b.WriteString("id\tlabel\tverdict\tright\troute\tflags\n")
	for _, e := range ownExamples(t) {
		v := Default().Decide(e.Message, e.Context)
		checkVerdict(t, e.Message, v)
		mark := "yes"
		if v.Label != e.Label {
			mark = "NO"
		}
		if v.Route == Auto && less(v.Label, e.Label) {
			t.Errorf("%s: a %s is settled alone as %s", e.ID, e.Label, v.Label)
		}
		fmt.Fprintf(&b, "%s\t%s\t%s\t%s\t%s\t%s\n", e.ID, e.Label, v.Label, mark, v.Route, strings.Join(flagNames(v.Flags), ","))
	}
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	compareLines(t, b.String(), string(want))
}

func flagNames(flags []Flag) []string {
	out := make([]string, 0, len(flags))
	for _, f := range flags {
		out = append(out, string(f))
	}
	return out
}

func compareLines(t *testing.T, got, want string) {
	t.Helper()
	have, expected := strings.Split(got, "\n"), strings.Split(want, "\n")
	if len(have) != len(expected) {
		t.Fatalf("%d verdicts, %d on record: run go test ./classify -update and read the difference", len(have), len(expected))
	}
	for i := range have {
		if have[i] != expected[i] {
			t.Errorf("verdict changed (when it is meant, run with -update)\n was %s\n is  %s", expected[i], have[i])
		}
	}
}
