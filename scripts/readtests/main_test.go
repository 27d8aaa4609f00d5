package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRead(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, run, want string
		failed          int
	}{
		{
			"a package that passes shows go's own line only",
			`{"Action":"start","Package":"p"}
{"Action":"output","Package":"p","Output":"-test.shuffle 17\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:4: chatter\n"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Output":"PASS\n"}
{"Action":"output","Package":"p","Output":"ok  \tp\t0.008s\n"}
{"Action":"pass","Package":"p"}
`,
			"ok  \tp\t0.008s\n1 tests passed, 0 failed, 0 skipped; 0 of 1 packages failed\n",
			0,
		},
		{
			"a skipped test shows its reason",
			`{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:4: integration: no Redis: none named\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"--- SKIP: TestA (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Output":"ok  \tp\t0.008s\n"}
{"Action":"pass","Package":"p"}
`,
			"skip\tp TestA: integration: no Redis: none named\nok  \tp\t0.008s\n0 tests passed, 0 failed, 1 skipped; 0 of 1 packages failed\n",
			0,
		},
		{
			"a failed test is heard, and the seed that shuffled it",
			`{"Action":"output","Package":"p","Output":"-test.shuffle 17\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:5: bad\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"--- FAIL: TestA (0.00s)\n"}
{"Action":"fail","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Output":"FAIL\tp\t0.008s\n"}
{"Action":"fail","Package":"p"}
`,
			"    a_test.go:5: bad\n--- FAIL: TestA (0.00s)\n-test.shuffle 17\nFAIL\tp\t0.008s\n0 tests passed, 1 failed, 0 skipped; 1 of 1 packages failed\n",
			1,
		},
		{
			"a package that does not compile fails",
			`{"ImportPath":"p [p.test]","Action":"build-output","Output":"b_test.go:3:28: undefined: x\n"}
{"ImportPath":"p [p.test]","Action":"build-fail"}
{"Action":"output","Package":"p","Output":"FAIL\tp [build failed]\n"}
{"Action":"fail","Package":"p","FailedBuild":"p [p.test]"}
`,
			"b_test.go:3:28: undefined: x\nFAIL\tp [build failed]\n0 tests passed, 0 failed, 0 skipped; 1 of 1 packages failed\n",
			1,
		},
		{
			"a line that is no event is passed on",
			"go: downloading x\n" + `{"Action":"output","Package":"p","Output":"ok  \tp\t0.008s\n"}
{"Action":"pass","Package":"p"}
`,
			"go: downloading x\nok  \tp\t0.008s\n0 tests passed, 0 failed, 0 skipped; 0 of 1 packages failed\n",
			0,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			totals, err := read(strings.NewReader(tt.run), &out)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, out.String()); diff != "" {
				t.Errorf("output (-want +got):\n%s", diff)
			}
			if totals.failedPackages != tt.failed {
				t.Errorf("failed packages = %d, want %d", totals.failedPackages, tt.failed)
			}
		})
	}
}

func TestReadRefusesSilence(t *testing.T) {
	t.Parallel()
	if _, err := read(strings.NewReader(""), &strings.Builder{}); err == nil {
		t.Error("a run without packages passed")
	}
}

func TestWhatIsWorthAnotherRun(t *testing.T) {
	t.Parallel()
	fail := func(test, said string) string {
		return `{"Action":"output","Package":"p","Test":"` + test + `","Output":"` + said + `\n"}
{"Action":"fail","Package":"p","Test":"` + test + `"}
`
	}
	end := `{"Action":"output","Package":"p","Output":"FAIL\tp\t0.008s\n"}
{"Action":"fail","Package":"p"}
`
	tests := []struct {
		name, run string
		want      []string
	}{
		{"one test that failed", fail("TestA/one", "bad") + fail("TestA", "") + end, []string{"p TestA\n"}},
		{"a data race", fail("TestA", "WARNING: DATA RACE") + end, nil},
		{"a panic, told outside the test", fail("TestA", "") + `{"Action":"output","Package":"p","Output":"panic: test timed out after 40m0s\n"}` + "\n" + end, nil},
		{"a package that failed outside its tests", end, nil},
		{"many", fail("TestA", "") + fail("TestB", "") + fail("TestC", "") + fail("TestD", "") + end, nil},
		{"nothing failed", `{"Action":"pass","Package":"p"}` + "\n", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			totals, err := read(strings.NewReader(tt.run), &strings.Builder{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, totals.again()); diff != "" {
				t.Errorf("tests to run again (-want +got):\n%s", diff)
			}
		})
	}
}
