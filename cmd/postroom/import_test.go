package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// TestImportStops interrupts an import of ten thousand mails once it has begun:
// it ends with what it has, says how to go on, and exits with 1.
func TestImportStops(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var box strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&box, "From jo@example.net Mon Mar  4 10:00:%02d 2024\nFrom: jo@example.net\nSubject: mail %d\n\nthe lift is broken\n\n", i%60, i)
	}
	config := "landlord: {name: Larkmere Homes, reference_prefix: LAR, phone: 01632 960 100, address: [1 Orchard Quay]}\n" +
		"smtp: {host: smtp.larkmere.example, from: {address: complaints@larkmere.example}, message_id_domain: larkmere.example}\n"
	for name, text := range map[string]string{"old.mbox": box.String(), "c.yaml": config} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "import", "-config", "c.yaml", "old.mbox")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "POSTROOM_TEST_BE_POSTROOM=1")
	var out bytes.Buffer
	cmd.Stdout = &out
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var last string
	for lines := bufio.NewScanner(said); lines.Scan(); {
		if last = lines.Text(); strings.Contains(last, " % of ") {
			if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
				t.Error(err)
			}
		}
	}
	exit, ok := errors.AsType[*exec.ExitError](cmd.Wait())
	if !ok || exit.ExitCode() != 1 || !strings.Contains(last, "stopped; nothing is lost") {
		t.Errorf("%v, %q", exit, last)
	}
	taken := regexp.MustCompile(`^([1-9]\d*) mails taken in, 0 there already\n`).FindStringSubmatch(out.String())
	if taken == nil || taken[1] == "10000" {
		t.Errorf("it says %q", out.String())
	}
}
