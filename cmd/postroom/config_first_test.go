package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTheGuidesFirstConfigurationServes holds that what the operator's guide
// says is enough to begin with is enough.
func TestTheGuidesFirstConfigurationServes(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(guide), "```yaml\n")
	text, _, found := strings.Cut(rest, "```")
	folder := t.TempDir()
	path := filepath.Join(folder, "postroom.yaml")
	for name, content := range map[string]string{"postroom.yaml": text, "mail-password": "secret"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := loadConfig(path, noEnv)
	if err != nil || !found {
		t.Fatalf("found %v: %v", found, err)
	}
	if err := report(path, c.checkServing()); err != nil {
		t.Error(err)
	}
}
