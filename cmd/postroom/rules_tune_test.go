package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tinyRules and tinyCorpus are fitted at once.
const tinyRules = `settings:
  bias: {complaint: 0}
  temperature: 1
  auto: {complaint: 0.9}
rules:
- id: angry
  why: is angry
  match: angry
  weights: {complaint: 0.1}
- id: polite
  why: asks
  match: please
  weights: {service_request: 0.1}
`

// tuning is a folder with what a fit needs.
func tuning(t *testing.T) (folder string, args []string) {
	t.Helper()
	folder = t.TempDir()
	var corpus strings.Builder
	for i := range 40 {
		label, text := "complaint", "I am angry with you"
		if i%2 == 0 {
			label, text = "service_request", "please mend the tap"
		}
		fmt.Fprintf(&corpus, `{"id":"%d","channel":"email","subject":"","body":%q,"labels":{"primary":%q}}`+"\n", i, text, label)
	}
	for name, text := range map[string]string{"rules.yaml": tinyRules, "words.tsv": "word\tenquiry\ngone\t0.5\n", "corpus.jsonl": corpus.String()} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder, []string{"tune", "-rules", filepath.Join(folder, "rules.yaml"), "-words", filepath.Join(folder, "words.tsv"), filepath.Join(folder, "corpus.jsonl")}
}

// aClosedPipe is what "| head" leaves.
type aClosedPipe struct{}

func (aClosedPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

// TestRulesTune fits twice, the second time for a reader who goes away: the
// files are there, whole, and nothing lies beside them.
func TestRulesTune(t *testing.T) {
	t.Parallel()
	folder, args := tuning(t)
	out, words := filepath.Join(folder, "new.yaml"), filepath.Join(folder, "new.tsv")
	var stdout, stderr strings.Builder
	if code := runRules(append(args, "-out", out, "-out-words", words), &stdout, &stderr); code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr.String())
	}
	if _, err := rulesFrom(out, words); err != nil || !strings.Contains(stdout.String(), "@@") {
		t.Errorf("the new files: %v\n%s", err, stdout.String())
	}
	for _, name := range []string{out, words} {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != 0o644 {
			t.Errorf("%s: %v, %v; others must be able to read it", name, info, err)
		}
	}
	again := filepath.Join(folder, "again.yaml")
	if code := runRules(append(args, "-out", again), aClosedPipe{}, &stderr); code != 1 {
		t.Errorf("exit code %d though nobody read what was printed", code)
	}
	if _, err := rulesFrom(again, words); err != nil {
		t.Errorf("the reader went away, and the fit with them: %v", err)
	}
	if left, err := filepath.Glob(filepath.Join(folder, ".*")); len(left) > 0 || err != nil {
		t.Errorf("left behind: %q, %v", left, err)
	}
}

// TestRulesTuneRefuses holds that what cannot be written is told at once, and
// no file is written in another's place.
func TestRulesTuneRefuses(t *testing.T) {
	t.Parallel()
	folder, args := tuning(t)
	at := func(name string) string { return filepath.Join(folder, name) }
	for _, row := range []struct {
		name, want string
		args       []string
		code       int
	}{
		{"the rules themselves", "exists already", []string{"-out", at("rules.yaml")}, 1},
		{"one file for both", "the same file", []string{"-out", at("a.yaml"), "-out-words", folder + "/./a.yaml"}, 1},
		{"no such folder", "cannot be written", []string{"-out", at("none/a.yaml")}, 1},
		{"a pull that is no number", "usage", []string{"-out", at("a.yaml"), "-pull", "NaN"}, 2},
		{"an endless pull", "usage", []string{"-out", at("a.yaml"), "-pull", "+Inf"}, 2},
	} {
		var stdout, stderr strings.Builder
		if code := runRules(append(args, row.args...), &stdout, &stderr); code != row.code || !strings.Contains(stderr.String(), row.want) {
			t.Errorf("%s: exit code %d, %s", row.name, code, stderr.String())
		}
	}
	if text, err := os.ReadFile(at("rules.yaml")); err != nil || string(text) != tinyRules {
		t.Errorf("the rules are now %s, %v", text, err)
	}
}

// TestTunedFilesAppearTogether holds that a file which cannot be written keeps
// the other one away too.
func TestTunedFilesAppearTogether(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	rules, words := filepath.Join(folder, "a.yaml"), filepath.Join(folder, "gone", "a.tsv")
	if err := writeTuned([2]string{rules, words}, [2][]byte{[]byte("rules"), []byte("words")}); err == nil {
		t.Fatal("a file was written into a folder that is not there")
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
