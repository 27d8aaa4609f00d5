package scripts

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDocsNameTests: docs/failures.md names a test for each failure and
// docs/security.md for what it claims, and each of them is there. So is each
// file that docs/security.md names.
func TestDocsNameTests(t *testing.T) {
	t.Parallel()
	there := testNames(t)
	for page, least := range map[string]int{"failures.md": 100, "security.md": 5} {
		text, err := os.ReadFile("../docs/" + page)
		if err != nil {
			t.Fatal(err)
		}
		named := regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(string(text), -1)
		if len(named) < least {
			t.Errorf("docs/%s: only %d tests are named: the page was not read rightly", page, len(named))
		}
		for _, match := range named {
			if !there[match[1]] {
				t.Errorf("docs/%s names %s, which is no test", page, match[1])
			}
		}
		if page == "failures.md" {
			continue
		}
		for _, match := range regexp.MustCompile("`((?:cmd|ingest|classify|notify|templates|internal|deploy)/[a-z_/.-]+)`").FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat("../" + match[1]); err != nil {
				t.Errorf("docs/%s names %s, which is not there", page, match[1])
			}
		}
	}
}

func testNames(t *testing.T) map[string]bool {
	t.Helper()
	there := map[string]bool{}
	function := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	err := filepath.WalkDir("..", func(path string, _ fs.DirEntry, err error) error {
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
	return there
}
