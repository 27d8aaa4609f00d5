package main

import (
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postroom/internal/archive"
	"postroom/internal/register"
	"postroom/internal/registertest"
)

// No command makes a register in the place of one whose disk is not mounted, or
// in a database that is empty: serve would take it for the register from then
// on, and answer everybody again.
func TestNoCommandBeginsARegisterAnewBesideItsPost(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		folder := t.TempDir()
		refusesToBeginAnew(t, folder, "", "sqlite", filepath.Join(folder, "data", "register.db"), "Is the disk mounted")
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		dsn := registertest.Postgres(t, registertest.Config(t, time.Now)).DSN
		folder := t.TempDir()
		writeFile(t, filepath.Join(folder, "dsn"), dsn)
		for _, key := range []string{"reference.key", "message.key"} {
			writeFile(t, filepath.Join(folder, key), rand.Text()+rand.Text())
		}
		refusesToBeginAnew(t, folder, "register: {driver: postgres, dsn_file: dsn}\nkeys: {reference_key_file: reference.key, message_id_key_file: message.key}\n", "postgres", dsn, "name the right database")
	})
}

func refusesToBeginAnew(t *testing.T, folder, config, driver, dsn, asks string) {
	t.Helper()
	file, mail := filepath.Join(folder, "postroom.yaml"), filepath.Join(folder, "old.eml")
	config += "landlord: {name: Citrine Homes, phone: 1, out_of_hours: 2}\nweb: {listen: ''}\noutgoing: held\n"
	for name, text := range map[string]string{file: config, mail: "From: ann@homes.example\r\n\r\nNo heating.\r\n"} {
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
		{"user", "list", "-config", file},
		{"user", "disable", "-config", file, "Priya"},
		{"token", "add", "-config", file, "My Account"},
		{"import", "-config", file, mail},
		{"check", "-config", file},
		{"outgoing", "status", "-config", file},
		{"verify", "-config", file},
		{"serve", "-config", file},
	} {
		var out, log bytes.Buffer
		code := run(args, &out, &log)
		if code != 1 || !strings.Contains(out.String()+log.String(), asks) {
			t.Errorf("postroom %s: exit code %d, and says %q %q", strings.Join(args[:2], " "), code, out.String(), log.String())
		}
		if there, err := register.There(t.Context(), driver, dsn); err != nil || there {
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
