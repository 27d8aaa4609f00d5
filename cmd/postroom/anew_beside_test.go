package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postroom/internal/archive"
)

// No command makes a register in the place of one whose disk is not mounted:
// serve would take it for the register from then on, and answer everybody
// again.
func TestNoCommandBeginsARegisterAnewBesideItsPost(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file, mail := filepath.Join(folder, "postroom.yaml"), filepath.Join(folder, "old.eml")
	for name, text := range map[string]string{file: "landlord: {name: Citrine Homes}\n", mail: "From: ann@homes.example\r\n\r\nNo heating.\r\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	a, err := archive.Open(filepath.Join(folder, "data", "archive"), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	_, err = a.Put(t.Context(), strings.NewReader("a letter that a register knew"))
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"user", "list", "-config", file}, {"user", "disable", "-config", file, "Priya"}, {"token", "add", "-config", file, "My Account"}, {"import", "-config", file, mail},
	} {
		var out, log bytes.Buffer
		code := run(args, &out, &log)
		if code != 1 || !strings.Contains(log.String(), "Is the disk mounted") {
			t.Errorf("postroom %s: exit code %d, and says %q %q", strings.Join(args[:2], " "), code, out.String(), log.String())
		}
		if _, err := os.Stat(filepath.Join(folder, "data", "register.db")); !os.IsNotExist(err) {
			t.Fatalf("postroom %s has made a register: %v", strings.Join(args[:2], " "), err)
		}
	}
}

// What cannot be opened is an error with words, and no crash.
func TestImportSaysWhatCannotBeOpened(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := filepath.Join(folder, "postroom.yaml")
	if err := os.WriteFile(file, []byte("landlord: {name: Citrine Homes}\nregister: {path: .}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, log bytes.Buffer
	if code := run([]string{"import", "-config", file, folder}, &out, &log); code != 1 || !strings.Contains(log.String(), "postroom import: ") {
		t.Errorf("exit code %d, and says %q", code, log.String())
	}
}
