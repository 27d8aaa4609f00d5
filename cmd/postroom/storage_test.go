package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postroom/internal/archive"
	"postroom/internal/objects"
	"postroom/internal/objects/objectstest"
	"postroom/internal/register"
)

// keysIn writes the bucket's keys into files of the folder, as an operator
// does, and returns the lines of the configuration that name the bucket.
func keysIn(tb testing.TB, folder string, c objects.Config) string {
	tb.Helper()
	for name, key := range map[string]string{"access.key": c.AccessKey, "secret.key": c.SecretKey} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(key+"\n"), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	return fmt.Sprintf("archive: {folder: data/archive, s3: {endpoint: %q, region: %s, bucket: %s, prefix: %s, access_key_file: %q, secret_key_file: %q}}\n",
		c.Endpoint, c.Region, c.Bucket, c.Prefix, filepath.Join(folder, "access.key"), filepath.Join(folder, "secret.key"))
}

// kept opens the bucket's archive from beside.
func kept(tb testing.TB, c objects.Config) *archive.Archive {
	tb.Helper()
	b, err := objects.Open(c)
	if err != nil {
		tb.Fatal(err)
	}
	a, err := archive.OpenStore(tb.TempDir(), b, time.Now())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = a.Close() })
	return a
}

// The whole way with originals in object storage, which goes away while post
// comes in: the mail waits in its mailbox, nobody is answered twice, no message
// is taken for an unreadable one, and the log holds no secret.
func TestTheWayOverObjectStorage(t *testing.T) {
	t.Parallel()
	c := objectstest.New(t)
	l, over := objectstest.NewLine(t, c)
	w := newTown(t, townPlan{connections: 2, door: true, more: keysIn(t, t.TempDir(), over) + "metrics: {listen: \"localhost:0\"}\n"})
	w.elsewhere = kept(t, c)
	p := w.serve("")
	w.post(4)
	w.answered(p)

	l.Set(objectstest.Refuse(http.StatusServiceUnavailable, "SlowDown"))
	w.post(4)
	w.until(p, "the log says that the storage is away", func() bool { return strings.Contains(p.log.String(), "object storage: ") })
	if messages, err := w.look().Messages(t.Context(), time.Time{}, 100); err != nil || len(messages) != 4 {
		t.Errorf("%d messages are registered, their originals nowhere: %v", len(messages), err)
	}
	if said := w.ready(p); !strings.Contains(said, "object storage: down; post waits") || !strings.Contains(said, "ready, coping") {
		t.Errorf("readyz says %q", said)
	}
	l.Set(nil)
	w.answered(p)
	p.stop(t)

	if residents, extra, _ := w.arrived(); residents != 8 || extra != 0 {
		t.Errorf("mail for %d residents, %d too many", residents, extra)
	}
	w.audit()
	if holds, err := archive.Holds(w.archive); holds || err != nil {
		t.Errorf("originals lie in the folder too: %v", err)
	}
	if strings.Contains(p.log.String(), c.SecretKey) {
		t.Error("the log holds the secret key")
	}
}

// The storage goes away between registering and reading: the message is read
// when it is back, however long that takes, and not shown as one that cannot
// be read.
func TestReadingWaitsForTheStorage(t *testing.T) {
	t.Parallel()
	c := objectstest.New(t)
	l, over := objectstest.NewLine(t, c)
	w := newTown(t, townPlan{more: keysIn(t, t.TempDir(), over)})
	w.elsewhere = kept(t, c)
	l.Set(objectstest.Only(http.MethodGet, objectstest.Refuse(http.StatusForbidden, "AccessDenied")))
	w.post(1)
	p := w.serve("")
	w.until(p, "it is registered", w.registered)
	w.until(p, "reading it was tried", func() bool { return strings.Contains(p.log.String(), "s3:GetObject") })
	messages, err := w.look().Messages(t.Context(), time.Time{}, 10)
	if err != nil || len(messages) != 1 || messages[0].State != register.Arrived || messages[0].Problem != "" {
		t.Errorf("%+v, %v", messages, err)
	}
	l.Set(nil)
	w.answered(p)
	p.stop(t)
	w.audit()
}

// A record in a bucket is proven, backed up, lost, and restored into another
// place, by the commands that an operator has.
func TestBackupAndRestoreOfABucket(t *testing.T) {
	t.Parallel()
	c := objectstest.New(t)
	old := newCabinet(t)
	old.archive = kept(t, c)
	old.uses(keysIn(t, old.folder, c))
	opened := old.complaint("no heating", "ann@homes.example")
	out, _ := old.postroom(0, "verify")
	old.says(out, "1 message, 1 case, 1 reply", "all agree")
	out, _ = old.postroom(1, "check") // there is no mail server
	old.says(out, "object storage           ok     "+c.Bucket+"/originals/ takes files and gives them back; it keeps no old versions")
	folder := filepath.Join(t.TempDir(), "backup")
	out, _ = old.postroom(0, "backup", folder)
	old.says(out, "1 file,", "and the keys")

	fresh := newCabinet(t)
	if err := os.RemoveAll(filepath.Join(fresh.folder, "data")); err != nil {
		t.Fatal(err)
	}
	fresh.uses(keysIn(t, fresh.folder, c))
	stranger, err := old.archive.Put(t.Context(), strings.NewReader("what came after the backup"))
	if err != nil {
		t.Fatal(err)
	}
	_, complaint := fresh.postroom(1, "restore", folder)
	fresh.says(complaint, stranger.SHA256, "name an empty place")
	c.Prefix = "restored/"
	fresh.uses(keysIn(t, fresh.folder, c))
	out, _ = fresh.postroom(0, "restore", folder)
	fresh.says(out, "1 file.", "Nothing leaves until")
	out, _ = fresh.postroom(0, "verify")
	fresh.says(out, "1 message,", "all agree")
	out, _ = fresh.postroom(0, "export", opened.Reference, filepath.Join(t.TempDir(), "case.zip"))
	fresh.says(out, "the file of")
}

// uses writes the cabinet's configuration anew with these lines.
func (c *cabinet) uses(lines string) {
	c.t.Helper()
	text, err := os.ReadFile(c.config)
	if err != nil {
		c.t.Fatal(err)
	}
	before, _, _ := strings.Cut(string(text), "archive:")
	if err := os.WriteFile(c.config, []byte(before+lines), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// A folder that holds originals beside a bucket would hide them; a new register
// beside a bucket that holds post would answer everybody again.
func TestABucketIsNotTakenForAnEmptyArchive(t *testing.T) {
	t.Parallel()
	c := objectstest.New(t)
	cabinet := newCabinet(t)
	cabinet.complaint("no heating", "ann@homes.example")
	cabinet.uses(keysIn(t, cabinet.folder, c))
	_, complaint := cabinet.postroom(1, "verify")
	cabinet.says(complaint, "holds originals that are not looked for any more; copy them into the bucket")

	fresh := newCabinet(t)
	if err := os.RemoveAll(filepath.Join(fresh.folder, "data")); err != nil {
		t.Fatal(err)
	}
	fresh.uses("outgoing: held\n" + keysIn(t, fresh.folder, c))
	if _, err := kept(t, c).Put(t.Context(), strings.NewReader("old post")); err != nil {
		t.Fatal(err)
	}
	_, complaint = fresh.postroom(1, "serve")
	fresh.says(complaint, "there is no register", c.Bucket+"/originals/ holds post that one knew", "name another archive.s3.prefix")
}
