package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestBackupRestoreAndRelease(t *testing.T) {
	t.Parallel()
	c := newCabinet(t)
	c.complaint("no heating", "ann@homes.example")
	if _, err := loadConfig(c.config, os.LookupEnv); err != nil { // makes the keys
		t.Fatal(err)
	}
	folder := filepath.Join(t.TempDir(), "backup")
	out, _ := c.postroom(0, "backup", folder)
	c.says(out, "1 file,", "and the keys")
	_, complaint := c.postroom(1, "backup", folder)
	c.says(complaint, "is not empty")
	_, complaint = c.postroom(1, "restore", folder)
	c.says(complaint, "is there already")

	fresh := newCabinet(t)
	data := filepath.Join(fresh.folder, "data")
	if err := os.RemoveAll(data); err != nil {
		t.Fatal(err)
	}
	out, _ = fresh.postroom(0, "restore", folder)
	fresh.says(out, "Nothing leaves until", "1 reply may have gone out")
	old, err := os.ReadFile(filepath.Join(c.folder, "data", "secrets", "reference.key"))
	if err != nil {
		t.Fatal(err)
	}
	if now, err := os.ReadFile(filepath.Join(data, "secrets", "reference.key")); err != nil || !bytes.Equal(now, old) {
		t.Errorf("the key is %q, and was %q: %v", now, old, err)
	}
	out, _ = fresh.postroom(0, "verify")
	fresh.says(out, "1 message,", "all agree")
	for _, step := range []struct{ verb, more, says string }{
		{"status", "", "held: the register was restored"},
		{"release", "-doubtful", "let go, although they may have gone out before: 1 reply\nsending"},
		{"status", "", "sending"},
		{"hold", "-why=the mail server is being moved", "held: the mail server is being moved"},
		{"release", "", "sending"},
	} {
		var out, complaints bytes.Buffer
		args := []string{"outgoing", step.verb, "-config", fresh.config}
		if step.more != "" {
			args = append(args, step.more)
		}
		if code := run(args, &out, &complaints); code != 0 || !strings.Contains(out.String(), step.says) {
			t.Errorf("%v: exit code %d, %q %s; want %q", step, code, out.String(), complaints.String(), step.says)
		}
	}
}

func TestARestoreWithOtherKeysIsRefused(t *testing.T) {
	t.Parallel()
	c := newCabinet(t)
	folder := filepath.Join(t.TempDir(), "backup")
	c.postroom(0, "backup", folder)
	if err := os.Remove(filepath.Join(c.folder, "data", "register.db")); err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(c.folder, "data", "secrets", "reference.key")
	if err := os.WriteFile(key, []byte(strings.Repeat("z", 40)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(c.folder, "data", "register.db-wal")); err != nil {
		t.Fatal(err)
	}
	_, complaint := c.postroom(1, "restore", folder)
	c.says(complaint, "another reference.key than the backup")
}

// TestWhatCameAfterTheBackupIsFoundAgain loses a machine whole and goes on
// from a backup that was made while it ran. It sets the environment, so it
// cannot run beside others.
func TestWhatCameAfterTheBackupIsFoundAgain(t *testing.T) {
	w := newTown(t, townPlan{connections: 2})
	t.Setenv("TOWN_PASSWORD", w.mailbox.password)
	p := w.serve("")
	w.post(3)
	w.answered(p)
	folder := filepath.Join(t.TempDir(), "backup")
	c := &cabinet{t: t, folder: w.folder, config: w.config}
	c.postroom(0, "backup", folder)
	w.post(2)
	w.answered(p)
	p.stop(t)

	w.must(w.beside.Close())
	w.beside = nil
	for _, lost := range []string{"data", "keys"} {
		w.must(os.RemoveAll(filepath.Join(w.folder, lost)))
	}
	c.postroom(0, "restore", folder)
	restored := time.Now()
	p = w.serve("")
	w.answered(p) // all five are registered again, and nothing leaves
	if got, extra, _ := w.arrived(); got != 5 || extra != 0 {
		t.Errorf("%d residents were answered, %d of them twice; want 5 and none", got, extra)
	}
	var out bytes.Buffer
	if code := run([]string{"outgoing", "release", "-config", w.config}, &out, &out); code != 0 {
		t.Errorf("release: exit code %d: %s", code, out.String())
	}
	// A mailbox tells whole seconds: what comes in the second of the restore may
	// have come before it, and its reply waits for a person.
	w.until(p, "the second of the restore is over", func() bool { return time.Now().Truncate(time.Second).After(restored) })
	w.post(1)
	w.answered(p)
	p.stop(t)
	if got, extra, _ := w.arrived(); got != 6 || extra != 0 {
		t.Errorf("%d residents were answered, %d of them twice; want 6 and none", got, extra)
	}
	said, _ := c.postroom(0, "verify")
	c.says(said, "6 messages, 6 cases", "all agree")
}
