package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"postroom/classify"
	"postroom/templates"
)

// TestTheBuiltInRulesCanBeCopied holds that somebody who has the program and
// not its source gets the very files that it decides by.
func TestTheBuiltInRulesCanBeCopied(t *testing.T) {
	t.Parallel()
	names := map[string]string{}
	for flag, name := range map[string]string{"": "rules.yaml", "-words": "words.tsv"} {
		var stdout, stderr bytes.Buffer
		if code := runRules(append([]string{"show"}, strings.Fields(flag)...), &stdout, &stderr); code != 0 {
			t.Fatalf("exit code %d: %s", code, &stderr)
		}
		names[name] = filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(names[name], stdout.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	rules, err := rulesFrom(names["rules.yaml"], names["words.tsv"])
	if err != nil {
		t.Fatal(err)
	}
	if got, want := rules.Version(), classify.Default().Version(); got != want {
		t.Errorf("the copy is version %s, the program's %s", got, want)
	}
	var stdout, stderr bytes.Buffer
	if code := runRules([]string{"show", "rules.yaml"}, &stdout, &stderr); code != 2 || stdout.Len() > 0 {
		t.Errorf("exit code %d for an argument that means nothing", code)
	}
}

// TestTheBuiltInWordsCanBeCopied holds the same of replies, and that words which
// are there already are never written over.
func TestTheBuiltInWordsCanBeCopied(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "words")
	var stdout, stderr bytes.Buffer
	if code := runTemplates([]string{"copy", folder}, &stdout, &stderr); code != 0 {
		t.Fatalf("exit code %d: %s", code, &stderr)
	}
	set, err := templates.LoadFolder(os.DirFS(folder), templates.English)
	if err != nil {
		t.Fatal(err)
	}
	if problems := set.Check(); len(problems) > 0 {
		t.Errorf("the copy cannot be used: %v", problems)
	}
	mine := filepath.Join(folder, templates.English, "answer.tmpl")
	if err := os.WriteFile(mine, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code := runTemplates([]string{"copy", folder}, &stdout, &stderr); code != 1 || !strings.Contains(stderr.String(), "name an empty folder") {
		t.Errorf("exit code %d: %s", code, &stderr)
	}
	if left, err := os.ReadFile(mine); err != nil || string(left) != "mine" {
		t.Errorf("own words were written over: %q, %v", left, err)
	}
}
