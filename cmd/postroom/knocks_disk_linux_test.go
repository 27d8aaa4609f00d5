package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// A disk is a small one of its own, mounted where a test wants it.
type disk struct {
	tb     testing.TB
	folder string
}

const (
	diskSize = 24 << 20
	page     = 4 << 10
)

func mountDisk(tb testing.TB, folder string) *disk {
	tb.Helper()
	if os.Getuid() != 0 {
		tb.Skip("integration: only root can mount a small disk")
	}
	d := &disk{tb, folder}
	d.must(os.MkdirAll(folder, 0o700))
	d.mountable(syscall.Mount("tmpfs", folder, "tmpfs", 0, fmt.Sprintf("size=%d,mode=0700", diskSize)))
	tb.Cleanup(func() { d.must(syscall.Unmount(folder, syscall.MNT_DETACH)) })
	return d
}

// mountable skips the test where the kernel lets not even root mount, as in
// most containers: no program that could be installed would change that, so
// continuous integration does not take it for a test that is missing.
func (d *disk) mountable(err error) {
	d.tb.Helper()
	for _, no := range []error{syscall.EPERM, syscall.EACCES, syscall.ENODEV, syscall.ENOSYS, syscall.ENOTBLK} {
		if errors.Is(err, no) {
			d.tb.Skipf("this machine lets nobody mount a file system: %v", err)
		}
	}
	d.must(err)
}

func (d *disk) must(err error) {
	d.tb.Helper()
	if err != nil {
		d.tb.Fatal(err)
	}
}

func (d *disk) ballast() string { return filepath.Join(d.folder, "ballast") }

// fill leaves that many pages of the disk free.
func (d *disk) fill(free int) {
	d.tb.Helper()
	f, err := os.OpenFile(d.ballast(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	d.must(err)
	defer f.Close() //nolint:errcheck // its last write was looked at
	nothing := make([]byte, page)
	for err == nil {
		_, err = f.Write(nothing)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		d.must(err)
	}
	info, err := f.Stat()
	d.must(err)
	d.must(f.Truncate(info.Size()/page*page - int64(free)*page))
}

func (d *disk) makeRoom() {
	d.tb.Helper()
	d.must(os.Remove(d.ballast()))
}

// A full disk at every write: of the register, of the archive, of both. With
// ever a page more room the next write is the one that fails. The process
// lives on, says what is wrong, and takes in and answers everything once there
// is room.
func TestDiskFullAtEveryWrite(t *testing.T) {
	t.Parallel()
	for name, place := range map[string]struct{ small, archive string }{
		"both":     {small: ".", archive: "archive"},
		"register": {small: ".", archive: "../archive"},
		"archive":  {small: "archive", archive: "archive"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var d *disk
			w := newTown(t, townPlan{
				connections: 2, more: fmt.Sprintf("archive: {folder: data/%s}\nmetrics: {listen: \"127.0.0.1:0\"}\n", place.archive),
				prepare: func(data string) { d = mountDisk(t, filepath.Join(data, place.small)) },
			})
			w.archive = filepath.Join(w.folder, "data", place.archive)
			w.env = append(w.env, "TOWN_SWEEP=1s")
			p := w.serve("")
			w.post(3)
			w.answered(p)
			stopped := 0
			for free := range long(t, 16) {
				before := len(p.log.String())
				d.fill(free)
				w.post(2)
				full := func() bool { return saysFull.MatchString(p.log.String()[before:]) }
				w.until(p, "the full disk is spoken of, or was not needed", func() bool { return full() || w.quiet() })
				if full() {
					stopped++
				}
				if free == 0 {
					w.until(p, "monitoring hears of it", func() bool { return strings.HasPrefix(w.ready(p), "503 cannot serve") })
				}
				d.makeRoom()
				w.answered(p)
			}
			w.until(p, "monitoring hears that all is well", func() bool { return strings.HasPrefix(w.ready(p), "200") })
			p.stop(t)
			if found := w.audit(); found.delivered != w.sent {
				t.Errorf("of %d replies %+v", w.sent, found)
			}
			if got, extra, _ := w.arrived(); got != w.sent || extra > 0 {
				t.Errorf("%d of %d residents were answered, %d mails too many", got, w.sent, extra)
			}
			if stopped == 0 {
				t.Error("the disk was never too small")
			}
			t.Logf("the disk was too small %d times", stopped)
		})
	}
}

var saysFull = regexp.MustCompile(`the disk is full|database or disk is full|no space left|disk I/O error`)
