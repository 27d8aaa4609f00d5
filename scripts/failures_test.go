package scripts

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestFailuresNamesTests: docs/failures.md names a test for each failure, and
// each of them is there.
func TestFailuresNamesTests(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/failures.md")
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	function := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	err = filepath.WalkDir("..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, match := range function.FindAllSubmatch(source, -1) {
			there[string(match[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(string(text), -1)
	if len(named) < 100 {
		t.Errorf("only %d tests are named: the page was not read rightly", len(named))
	}
	for _, match := range named {
		if !there[match[1]] {
			t.Errorf("docs/failures.md names %s, which is no test", match[1])
		}
	}
}
