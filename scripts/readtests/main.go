// Command readtests owns how a test run reads: from `go test -json` on its
// standard input it prints go's own line for each package, what each failed
// test said, and every skipped test with its reason. It exits 1 when anything
// failed, and 2 when what it read does not look like a test run. With a file's
// name as its argument it writes there which tests are worth running once more,
// one "package test" a line: those of a run in which few tests failed, and none
// by a data race, a panic or a time limit.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

func main() {
	totals, err := read(os.Stdin, os.Stdout)
	if err == nil && len(os.Args) > 1 {
		err = os.WriteFile(os.Args[1], []byte(strings.Join(totals.again(), "")), 0o600) //nolint:gosec // the Makefile names the file
	}
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "readtests:", err)
		os.Exit(2)
	case totals.failedPackages > 0:
		os.Exit(1)
	}
}

// An event is one line of `go test -json` (go doc test2json, go help buildjson).
type event struct {
	Action, Package, Test, ImportPath, Output string
}

type totals struct {
	packages, failedPackages, passed, failed, skipped int

	failures []string // "package test" of the outermost tests that failed
	grave    bool     // something failed that is no accident of a busy machine
}

// mostAgain is how many failed tests may be shaky; more are a fault.
const mostAgain = 3

// again lists the failed tests that are worth another run, or none.
func (t totals) again() []string {
	if t.grave || len(t.failures) > mostAgain {
		return nil
	}
	return t.failures
}

// A reader keeps what each running test has said until it is known whether
// anybody needs to hear it.
type reader struct {
	out    io.Writer
	said   map[[2]string][]string // package and test
	totals totals
}

func read(in io.Reader, out io.Writer) (totals, error) {
	r := reader{out: out, said: make(map[[2]string][]string)}
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			r.line(line)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return r.totals, fmt.Errorf("read the test run: %w", err)
		}
	}
	if r.totals.packages == 0 {
		return r.totals, errors.New("no package was tested")
	}
	fmt.Fprintf(out, "%d tests passed, %d failed, %d skipped; %d of %d packages failed\n",
		r.totals.passed, r.totals.failed, r.totals.skipped, r.totals.failedPackages, r.totals.packages)
	return r.totals, nil
}

// line takes one line in. What is not an event is go's own complaint about
// something else, and is passed on.
func (r *reader) line(line string) {
	var e event
	if json.Unmarshal([]byte(line), &e) != nil {
		fmt.Fprint(r.out, line)
		return
	}
	key := [2]string{e.Package, e.Test}
	switch e.Action {
	case "build-output":
		fmt.Fprint(r.out, e.Output)
	case "output":
		r.said[key] = append(r.said[key], e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			r.endPackage(e.Package, e.Action, r.said[key])
		} else {
			r.endTest(e, r.said[key])
		}
		delete(r.said, key)
	}
}

func (r *reader) endTest(e event, said []string) {
	switch e.Action {
	case "pass":
		r.totals.passed++
	case "skip":
		r.totals.skipped++
		fmt.Fprintf(r.out, "skip\t%s %s: %s\n", e.Package, e.Test, reason(said))
	case "fail":
		r.totals.failed++
		if !strings.Contains(e.Test, "/") {
			r.totals.failures = append(r.totals.failures, e.Package+" "+e.Test+"\n")
		}
		for _, s := range said {
			r.totals.grave = r.totals.grave || grave(s)
			if !strings.HasPrefix(s, "=== ") {
				fmt.Fprint(r.out, s)
			}
		}
	}
}

// grave tells what no second run can excuse.
func grave(said string) bool {
	said = strings.TrimSpace(said)
	return strings.HasPrefix(said, "WARNING: DATA RACE") || strings.HasPrefix(said, "panic: ") || strings.HasPrefix(said, "fatal error: ")
}

// endPackage prints the line that go itself ends a package with; of a failed
// one also what was said outside any test, the shuffle's seed among it.
func (r *reader) endPackage(name, action string, said []string) {
	if action == "skip" {
		return // no test files
	}
	r.totals.packages++
	if action == "fail" {
		r.totals.failedPackages++
		r.totals.grave = r.totals.grave || !slices.ContainsFunc(r.totals.failures, func(f string) bool { return strings.HasPrefix(f, name+" ") })
	}
	for _, s := range said {
		r.totals.grave = r.totals.grave || grave(s)
		if action == "fail" || strings.HasPrefix(s, "ok ") {
			fmt.Fprint(r.out, s)
		}
	}
}

// reason is what the test said last before it was marked as skipped, without
// its place in the source.
func reason(said []string) string {
	why := "no reason given"
	for _, s := range said {
		if strings.HasPrefix(s, "=== ") || strings.HasPrefix(strings.TrimSpace(s), "--- SKIP") {
			continue
		}
		why = strings.TrimSpace(s)
		if _, text, found := strings.Cut(why, ".go:"); found {
			if _, text, found = strings.Cut(text, ": "); found {
				why = text
			}
		}
	}
	return why
}
