package records_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/archive"
	"postroom/internal/records"
	"postroom/internal/register"
	"postroom/internal/registertest"
)

// backup makes a backup of the office, or skips where PostgreSQL's programs
// are missing.
func (o *office) backup() string {
	o.t.Helper()
	if _, err := exec.LookPath("pg_dump"); err != nil && o.cfg.Driver == "postgres" {
		o.t.Skip("integration: pg_dump is not installed")
	}
	folder := filepath.Join(o.t.TempDir(), "backup")
	_, findings, err := o.Backup(o.t.Context(), records.BackupPlan{
		Folder: folder, Driver: o.cfg.Driver, Keys: map[string]string{"reference.key": "0123456789abcdef0123456789abcdef"}, At: o.clock.Now(),
	})
	o.must(err)
	if len(findings) > 0 {
		o.t.Fatalf("findings %v", findings)
	}
	return folder
}

// lose closes the office and leaves nothing of it but what is elsewhere, and
// says where an empty one is.
func (o *office) lose() register.Config {
	o.t.Helper()
	o.must(errors.Join(o.Register.Close(), o.Archive.Close(), os.RemoveAll(o.dir)))
	if o.cfg.Driver == "sqlite" {
		o.cfg.DSN = filepath.Join(o.t.TempDir(), "fresh.db")
		return o.cfg
	}
	// A dump of one schema makes it anew.
	o.tamper(`DO $$ BEGIN EXECUTE 'DROP SCHEMA ' || quote_ident(current_schema) || ' CASCADE'; END $$`)
	return o.cfg
}

// restore restores the backup into an empty place and opens it.
func (o *office) restore(folder string, rescan ...string) (*office, records.Restored) {
	o.t.Helper()
	dir := o.t.TempDir()
	a, err := archive.Open(dir, o.clock.Now())
	o.must(err)
	restored, err := records.Restore(o.t.Context(), records.RestorePlan{
		Folder: folder, Into: o.cfg, By: "operator", LostAt: o.clock.Now(), Rescan: rescan, Archive: a,
	})
	o.must(errors.Join(err, a.Close()))
	return open(o.t, o.clock, o.cfg, dir), restored
}

func TestARestoreBringsBackAllAndAnswersNobodyTwice(t *testing.T) {
	t.Parallel()
	both(t, func(o *office) {
		ctx := t.Context()
		answered := o.take("answered before the backup", "ann@homes.example", classify.Complaint)
		o.send(answered.Owed[0].ID)
		owed := o.take("answered after the backup", "bob@homes.example", classify.Complaint)
		o.must(o.Register.Advance(ctx, register.Cursor{Mailbox: "complaints/INBOX", UIDValidity: 1, HighWater: 7}, nil, register.Hold{}))
		folder := o.backup()

		// What happens now is lost.
		o.clock.Advance(time.Hour)
		o.send(owed.Owed[0].ID)
		late := o.take("came after the backup", "cyd@homes.example", classify.Complaint)
		o.send(late.Owed[0].ID)

		o.cfg = o.lose()
		o.clock.Advance(time.Hour)
		n, restored := o.restore(folder, "complaints")
		if restored.Doubtful != 1 {
			t.Errorf("%d replies are doubtful, want the one that was owed", restored.Doubtful)
		}
		if stop, err := n.Register.OutgoingStop(ctx); err != nil || stop == nil {
			t.Errorf("outgoing is not held: %v, %v", stop, err)
		}
		if _, known, err := n.Register.Cursor(ctx, "complaints/INBOX"); known || err != nil {
			t.Errorf("the mailbox is not looked through from its start: %v", err)
		}
		if must, err := n.Register.MustRescan(ctx, "complaints"); !must || err != nil {
			t.Errorf("filed mail is not looked through: %v", err)
		}
		proof, err := n.Verify(ctx, false)
		n.must(err)
		if proof.Problems() > 0 || proof.Messages != 2 || proof.Cases != 2 {
			t.Errorf("proof %+v", proof)
		}

		// The mailbox is looked through again: one is new, two are known.
		for text, known := range map[string]string{"answered before the backup": answered.Reference, "answered after the backup": owed.Reference} {
			if got := n.receive(text); got.New || got.Reference != known {
				t.Errorf("%q: %+v", text, got)
			}
		}
		again := n.take("came after the backup", "cyd@homes.example", classify.Complaint)
		if again.Reference != late.Reference {
			t.Errorf("the same post got the reference %s, and had %s", again.Reference, late.Reference)
		}
		n.must(n.Register.ReleaseOutgoing(ctx, "operator"))
		due, err := n.Register.Due(ctx, n.clock.Now().Add(time.Hour), 10)
		n.must(err)
		if len(again.Owed) != 0 || len(due) != 0 {
			t.Errorf("replies that may have gone are due again: %v %v", again.Owed, due)
		}
		waiting, err := n.Register.ForPeople(ctx, 10)
		n.must(err)
		if len(waiting) != 2 {
			t.Errorf("%d replies wait for a person, want 2", len(waiting))
		}

		// What arrives from now on is answered as ever.
		n.clock.Advance(time.Minute)
		if fresh := n.take("came after the restore", "dee@homes.example", classify.Complaint); len(fresh.Owed) != 1 {
			t.Error("new post is not answered")
		}
		if released, err := n.Register.ReleaseDoubtful(ctx, "operator", "none of them had gone"); released != 2 || err != nil {
			t.Errorf("released %d, %v", released, err)
		}
		proof, err = n.Verify(ctx, false)
		n.must(err)
		if proof.Problems() > 0 || proof.Messages != 4 {
			t.Errorf("proof %+v", proof)
		}
	})
}

func TestABackupThatIsNotWholeIsRefused(t *testing.T) {
	t.Parallel()
	for name, harm := range map[string]func(folder string) error{
		"no manifest": func(f string) error { return os.Remove(filepath.Join(f, "manifest.json")) },
		"register damaged": func(f string) error {
			return os.WriteFile(filepath.Join(f, "register.db"), []byte("SQLite format 3"), 0o600)
		},
		"key changed": func(f string) error {
			return os.WriteFile(filepath.Join(f, "keys", "reference.key"), []byte("another"), 0o600)
		},
		"list gone": func(f string) error { return os.Remove(filepath.Join(f, "archive.list")) },
		"newer format": func(f string) error {
			return os.WriteFile(filepath.Join(f, "manifest.json"), []byte(`{"postroom_backup":2}`), 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := registertest.NewClock()
			o := open(t, clock, registertest.SQLite(t, registertest.Config(t, clock.Now)), t.TempDir())
			o.take("a", "ann@homes.example", classify.Complaint)
			folder := o.backup()
			o.must(harm(folder))
			if m, err := records.CheckBackup(t.Context(), folder); err == nil {
				t.Errorf("passed as whole: %+v", m)
			}
		})
	}
}

func TestARestoreGoesIntoEmptyPlacesOnly(t *testing.T) {
	t.Parallel()
	both(t, func(o *office) {
		o.take("a", "ann@homes.example", classify.Complaint)
		folder := o.backup()
		_, err := records.Restore(t.Context(), records.RestorePlan{Folder: folder, Into: o.cfg, Archive: o.Archive})
		if err == nil || !strings.Contains(err.Error(), "already") {
			t.Errorf("restored over a register: %v", err)
		}
		other, err := archive.Open(t.TempDir(), o.clock.Now())
		o.must(err)
		defer other.Close() //nolint:errcheck // a test's own
		_, err = other.Put(t.Context(), strings.NewReader("another landlord's post"))
		o.must(err)
		o.cfg = o.lose()
		if _, err = records.Restore(t.Context(), records.RestorePlan{Folder: folder, Into: o.cfg, Archive: other}); err == nil {
			t.Error("restored into an archive that holds other files")
		}
	})
}

func TestABackupWithAMissingFileRestoresTheRest(t *testing.T) {
	t.Parallel()
	clock := registertest.NewClock()
	o := open(t, clock, registertest.SQLite(t, registertest.Config(t, clock.Now)), t.TempDir())
	lost := o.receive("lost")
	damaged := o.receive("damaged")
	o.receive("whole")
	folder := o.backup()
	files := map[string]string{}
	for _, r := range []register.Received{lost, damaged} {
		m, err := o.Register.GetMessage(t.Context(), r.ID)
		o.must(err)
		files[m.Original] = filepath.Join(folder, "archive", m.Original[:2], m.Original)
	}
	for i, name := range slices.Sorted(maps.Keys(files)) {
		o.must(os.Remove(files[name])) // a second name of the archive's own file
		if i == 0 {
			o.must(os.WriteFile(files[name], []byte("other bytes"), 0o600))
		}
	}
	o.cfg = o.lose()
	n, restored := o.restore(folder)
	if len(restored.Findings) != 2 {
		t.Errorf("findings %v", restored.Findings)
	}
	proof, err := n.Verify(t.Context(), false)
	n.must(err)
	if proof.Problems() != 2 || proof.Messages != 3 {
		t.Errorf("proof %+v", proof)
	}
}

// TestARestoreOfPostgresIsWholeOrNotThere: a dump that is cut off leaves the
// place empty, and a restore that is stopped before the register was marked as
// restored cannot be used, but done again.
func TestARestoreOfPostgresIsWholeOrNotThere(t *testing.T) {
	t.Parallel()
	both(t, func(o *office) {
		if o.cfg.Driver != "postgres" {
			return // a SQLite register appears by a rename
		}
		ctx := t.Context()
		o.take("owed before the backup", "bob@homes.example", classify.Complaint)
		folder := o.backup()
		o.cfg = o.lose()
		dump := filepath.Join(folder, register.CopyName("postgres"))
		whole, err := os.ReadFile(dump)
		o.must(err)
		s := register.Restoration{BackedUpAt: o.clock.Now(), LostAt: o.clock.Now()}
		for _, part := range []int{len(whole) / 3, len(whole) / 2, len(whole) - len(whole)/10} {
			cut := filepath.Join(o.t.TempDir(), "cut.pgdump")
			o.must(os.WriteFile(cut, whole[:part], 0o600))
			if _, err := register.Restore(ctx, o.cfg, cut, "operator", s); err == nil || !strings.Contains(err.Error(), "pg_restore") {
				o.t.Errorf("a dump of %d of %d bytes: %v", part, len(whole), err)
			}
			o.must(register.CheckEmpty(ctx, o.cfg))
		}
		// Three people restore at once: one does it, the others are told.
		outcomes, done := make(chan error), 0
		for range 3 {
			go func() {
				doubtful, err := register.Restore(ctx, o.cfg, dump, "operator", s)
				if err == nil && doubtful != 1 {
					err = fmt.Errorf("%d doubtful", doubtful)
				}
				outcomes <- err
			}()
		}
		for range 3 {
			switch err := <-outcomes; {
			case err == nil:
				done++
			case !errors.Is(err, register.ErrRestoring) && !strings.Contains(err.Error(), "holds a register already"):
				o.t.Error(err)
			}
		}
		if err := register.CheckEmpty(ctx, o.cfg); err == nil || done != 1 {
			o.t.Errorf("%d restored, and then: %v", done, err)
		}

		// As a kill leaves it between the two steps.
		o.tamper(`CREATE TABLE unfinished_restore (backup TEXT NOT NULL)`)
		o.tamper(fmt.Sprintf(`INSERT INTO unfinished_restore VALUES ('%d')`, s.BackedUpAt.UnixMicro()))
		o.tamper(`DELETE FROM setting`)
		o.tamper(`UPDATE outgoing SET state = 'owed'`)
		if r, err := register.Connect(ctx, o.cfg); !errors.Is(err, register.ErrUnfinishedRestore) {
			o.t.Errorf("it can be used: %v %v", r, err)
		}
		other := s
		other.BackedUpAt = s.BackedUpAt.Add(time.Hour)
		if _, err := register.Restore(ctx, o.cfg, dump, "operator", other); err == nil || !strings.Contains(err.Error(), "another backup") {
			o.t.Errorf("with another backup: %v", err)
		}
		if doubtful, err := register.Restore(ctx, o.cfg, dump, "operator", s); err != nil || doubtful != 1 {
			o.t.Errorf("once more: %d doubtful, %v", doubtful, err)
		}
		r := registertest.Open(o.t, o.cfg)
		if stop, err := r.OutgoingStop(ctx); err != nil || stop == nil {
			o.t.Errorf("outgoing is not held: %v, %v", stop, err)
		}
	})
}
