package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"postroom/internal/records"
	"postroom/internal/workday"
)

// operator is the actor of what is done at the command line.
const operator = "operator"

// The keys' files in a backup and in keys.folder.
const (
	referenceKeyFile = "reference.key"
	messageIDKeyFile = "message-id.key"
)

func oldKeyFile(i int) string { return "message-id-old-" + strconv.Itoa(i+1) + ".key" }

// runBackup makes a whole backup while postroom serve runs.
func runBackup(args []string, stdout, stderr io.Writer) int {
	c := newRecordCommand("backup", "[-without-register] -config FILE FOLDER",
		"Copies the register as it is at one moment, the archive and the keys into a new folder.\nMay run while postroom serve runs. Keep the folder safe: it holds the keys and all post.", stderr, "FOLDER")
	without := c.flags.Bool("without-register", false, "leave the register out: its database is backed up by its own means")
	rest, code := c.parse(args)
	if code >= 0 {
		return code
	}
	bad := 0
	code = c.with(stderr, func(ctx context.Context, room *recordRoom) error {
		m, findings, err := room.keeper.Backup(ctx, records.BackupPlan{
			Folder: rest[0], Driver: room.driver, SkipRegister: *without, Keys: room.config.Keys.forBackup(), At: room.now(),
		})
		for _, f := range findings {
			bad++
			fmt.Fprintf(stdout, "WRONG   %s\n", f.What)
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(stdout, "%s: %s, %.1f MB of post, and the keys\n", rest[0], counted(m.Files, "file"), float64(m.Bytes)/1e6)
		if m.Register == nil {
			fmt.Fprintln(stdout, "The register is NOT in it.")
		}
		return nil
	})
	return max(code, min(1, bad))
}

func (k keysConfig) forBackup() map[string]string {
	keys := map[string]string{referenceKeyFile: string(k.Reference), messageIDKeyFile: string(k.MessageID)}
	for i, old := range k.OldMessageIDs {
		keys[oldKeyFile(i)] = string(old)
	}
	return keys
}

// runRestore puts a backup into empty places.
func runRestore(args []string, stdout, stderr io.Writer) int {
	c := newRecordCommand("restore", "[-lost TIME] -config FILE FOLDER",
		"Puts a backup into the empty places that the configuration names. Nothing leaves afterwards until\n"+
			"postroom outgoing release, and mailboxes are looked through from their start again.\n"+
			"Do not start postroom serve before it has finished. It may be repeated after it was stopped.", stderr, "FOLDER")
	lost := c.flags.String("lost", "", "`TIME` when the old register was lost, as 2026-11-23 09:15; empty: now.\nReplies to what arrived before it wait for a person, since they may have gone out")
	rest, code := c.parse(args)
	if code >= 0 {
		return code
	}
	at, err := lostAt(*lost)
	if err != nil {
		fmt.Fprintln(stderr, "postroom restore: -lost:", err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	restored, err := restore(ctx, *c.file, rest[0], at, stderr)
	if err != nil {
		fmt.Fprintln(stderr, "postroom restore:", err)
		return 1
	}
	return sayRestored(stdout, restored)
}

func lostAt(text string) (time.Time, error) {
	if text == "" {
		return time.Now(), nil
	}
	return workday.ParseInstant(text)
}

func restore(ctx context.Context, file, folder string, lost time.Time, stderr io.Writer) (records.Restored, error) {
	c, err := loadConfig(file, nil)
	if err != nil {
		return records.Restored{}, err
	}
	m, err := records.CheckBackup(ctx, folder)
	if err != nil {
		return records.Restored{}, err
	}
	if err := c.Keys.restore(m, folder); err != nil {
		return records.Restored{}, err
	}
	if c, err = loadConfig(file, os.LookupEnv); err != nil {
		return records.Restored{}, err
	}
	if err := c.Keys.agree(m, folder); err != nil {
		return records.Restored{}, err
	}
	p, err := configured(c, c.Log.logger(stderr))
	if err != nil {
		return records.Restored{}, err
	}
	if err := p.makeRegisterFolder(); err != nil {
		return records.Restored{}, err
	}
	a, err := p.openArchive()
	if err != nil {
		return records.Restored{}, err
	}
	restored, err := records.Restore(ctx, records.RestorePlan{
		Folder: folder, Into: p.registerConfig(false), By: operator, LostAt: lost, Rescan: p.filing(), Archive: a, Progress: progressOn(stderr, p.now),
	})
	return restored, errors.Join(err, a.Close())
}

// filing lists the mailboxes whose mail is moved once it is registered.
func (p *plan) filing() []string {
	var names []string
	for _, m := range p.mailboxes {
		if m.FiledFolder != "" {
			names = append(names, m.Name)
		}
	}
	return names
}

// restore puts the backup's keys where the configuration says that keys are,
// and where none is yet.
func (k keysConfig) restore(m records.Manifest, folder string) error {
	places := map[string]string{}
	place := func(name, env, file string) {
		switch {
		case env != "":
		case file != "":
			places[name] = file
		default:
			places[name] = filepath.Join(k.Folder, name)
		}
	}
	place(referenceKeyFile, k.ReferenceEnv, k.ReferenceFile)
	place(messageIDKeyFile, k.MessageIDEnv, k.MessageIDFile)
	for i, file := range k.OldMessageIDFile {
		places[oldKeyFile(i)] = file
	}
	for name, path := range places {
		key, err := m.Key(folder, name)
		if err != nil {
			return err
		}
		if key == "" {
			continue
		}
		if err := placeKey(path, key); err != nil {
			return err
		}
	}
	return nil
}

// placeKey writes a key where none is.
func placeKey(path, key string) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return writeKey(filepath.Dir(path), path, key)
}

// agree refuses keys that are not the backup's: the same post would get other
// references, and replies would no longer find their case.
func (k keysConfig) agree(m records.Manifest, folder string) error {
	for name, have := range map[string]secret{referenceKeyFile: k.Reference, messageIDKeyFile: k.MessageID} {
		key, err := m.Key(folder, name)
		if err != nil {
			return err
		}
		if key != "" && key != string(have) {
			return fmt.Errorf("the configuration has another %s than the backup; put %s in its place", name, filepath.Join(folder, "keys", name))
		}
	}
	return nil
}

func sayRestored(w io.Writer, r records.Restored) int {
	for _, f := range r.Findings {
		fmt.Fprintf(w, "WRONG   %s\n", f.What)
	}
	fmt.Fprintf(w, `Restored the backup of %s: the register, the keys and %s.
Nothing leaves until you run: postroom outgoing release
%s may have gone out since the backup. What may have waits for a person, and so will replies to mail that is found again.
`, r.MadeAt.In(workday.London()).Format("2 January 2006, 15:04"), counted(r.Files-len(r.Findings), "file"), counted(r.Doubtful, "reply"))
	return min(1, len(r.Findings))
}

// runOutgoing stops everything that leaves, or lets it go.
func runOutgoing(args []string, stdout, stderr io.Writer) int {
	about := "hold stops everything that leaves, on every machine, until release. What is owed stays owed.\nrelease -doubtful lets those replies go too that wait because the register was restored.\nstatus says how it is."
	verb := ""
	if len(args) > 0 && args[0] != "" && args[0][0] != '-' {
		verb, args = args[0], args[1:]
	}
	c := newRecordCommand("outgoing", "hold|release|status -config FILE [-why TEXT] [-doubtful]", about, stderr)
	why := c.flags.String("why", "a person stopped it", "why everything is held, in a few `WORDS`")
	doubtful := c.flags.Bool("doubtful", false, "with release: also the replies that may have gone out before a restore")
	_, code := c.parse(args)
	if code >= 0 {
		return code
	}
	work := map[string]func(context.Context, *recordRoom) error{
		"hold": func(ctx context.Context, room *recordRoom) error {
			return room.register.HoldOutgoing(ctx, operator, *why)
		},
		"release": func(ctx context.Context, room *recordRoom) error { return room.release(ctx, *doubtful, stdout) },
		"status":  func(context.Context, *recordRoom) error { return nil },
	}[verb]
	if work == nil {
		c.flags.Usage()
		return 2
	}
	return c.with(stderr, func(ctx context.Context, room *recordRoom) error {
		return errors.Join(work(ctx, room), room.sayOutgoing(ctx, stdout))
	})
}

func (r *recordRoom) release(ctx context.Context, doubtful bool, w io.Writer) error {
	if doubtful {
		n, err := r.register.ReleaseDoubtful(ctx, operator, "the operator let them all go after the restore")
		fmt.Fprintf(w, "let go, although they may have gone out before: %s\n", counted(n, "reply"))
		if err != nil {
			return err
		}
	}
	return r.register.ReleaseOutgoing(ctx, operator)
}

func (r *recordRoom) sayOutgoing(ctx context.Context, w io.Writer) error {
	stop, err := r.register.OutgoingStop(ctx)
	switch {
	case err != nil:
		return err
	case r.guard.Held:
		fmt.Fprintln(w, "held by the configuration: outgoing: held")
	case stop != nil:
		fmt.Fprintln(w, "held:", stop.Why)
	default:
		fmt.Fprintln(w, "sending")
	}
	return nil
}
