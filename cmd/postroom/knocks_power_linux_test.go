package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// A drive is a file system in a file, whose power can be cut: what was not
// flushed is gone.
type drive struct {
	disk

	image string
	loop  string // the device
}

func mountDrive(tb testing.TB, folder string) *drive {
	tb.Helper()
	if os.Getuid() != 0 {
		tb.Skip("integration: only root can mount a drive")
	}
	for _, program := range []string{"mkfs.ext4", "losetup"} {
		if _, err := exec.LookPath(program); err != nil {
			tb.Skipf("integration: not installed: %s", program)
		}
	}
	d := &drive{disk: disk{tb, folder}, image: filepath.Join(tb.TempDir(), "drive")}
	d.must(os.WriteFile(d.image, nil, 0o600))
	d.must(os.Truncate(d.image, 64<<20))
	d.run("mkfs.ext4", "-q", "-F", d.image)
	loop, err := exec.Command("losetup", "--find", "--show", d.image).Output()
	if err != nil {
		tb.Skipf("this machine has no loop device: %v", err)
	}
	d.loop = strings.TrimSpace(string(loop))
	tb.Cleanup(func() {
		_ = syscall.Unmount(folder, syscall.MNT_DETACH)
		d.run("losetup", "--detach", d.loop)
	})
	d.mountable(syscall.Mount(d.loop, d.folder, "ext4", 0, ""))
	d.must(os.Chmod(d.folder, 0o700))
	return d
}

func (d *drive) run(program string, args ...string) string {
	d.tb.Helper()
	out, err := exec.Command(program, args...).CombinedOutput()
	if err != nil {
		d.tb.Fatalf("%s %v: %v\n%s", program, args, err, out)
	}
	return string(out)
}

func (d *drive) mount() {
	d.tb.Helper()
	d.must(syscall.Mount(d.loop, d.folder, "ext4", 0, ""))
	d.must(os.Chmod(d.folder, 0o700))
}

// cutPower stops the file system dead, its journal unflushed: EXT4_IOC_SHUTDOWN
// with EXT4_GOING_FLAGS_NOLOGFLUSH of the kernel's fs/ext4/ext4.h.
func (d *drive) cutPower() {
	d.tb.Helper()
	const shutdown, withoutFlush = 0x8004587d, uint32(2)
	f, err := os.Open(d.folder)
	d.must(err)
	defer f.Close() //nolint:errcheck // only read
	flag := withoutFlush
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), shutdown, uintptr(unsafe.Pointer(&flag)))
	if errno != 0 {
		d.tb.Fatal(errno)
	}
}

// powerBack mounts it again, as a machine does that starts.
func (d *drive) powerBack() {
	d.tb.Helper()
	d.must(syscall.Unmount(d.folder, 0))
	d.mount()
}

// The power fails under load, again and again: whatever was not flushed is
// gone. What the mailbox was told to be taken in is there all the same, and
// nobody is answered twice but through the one window.
func TestThePowerFails(t *testing.T) {
	t.Parallel()
	var d *drive
	const connections = 2
	w := newTown(t, townPlan{connections: connections, prepare: func(data string) { d = mountDrive(t, data) }})
	w.env = append(w.env, "TOWN_SWEEP=1s")
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 2))
	began := time.Now()
	w.post(3)
	p := w.serve("")
	w.answered(p)
	span := time.Since(began)
	p.stop(t)
	w.shut()
	cuts := long(t, 4)
	for range cuts {
		w.post(2 + random.IntN(6))
		p := w.serve("")
		w.post(2)
		select {
		case <-time.After(time.Duration(random.Int64N(int64(span) * 3 / 2))):
		case err := <-p.over:
			t.Fatalf("ended by itself: %v\n%s", err, p.log.String())
		}
		d.cutPower()
		_ = p.ended()
		d.powerBack()
	}
	w.post(1)
	p = w.serve("")
	w.answered(p)
	p.stop(t)
	found := w.audit()
	got, extra, identical := w.arrived()
	if got+found.uncertain+found.blamed < w.sent || found.refused > 0 || found.blamed > 1+cuts/10 {
		t.Errorf("%d of %d residents were answered, and %+v", got, w.sent, found)
	}
	if extra != identical || extra > cuts*connections || found.uncertain > cuts*connections/2 {
		t.Errorf("%d mails too many, %d of them the identical bytes; %+v", extra, identical, found)
	}
	t.Logf("%d cuts, %d mails: the identical bytes of %d went once more, %d replies are in people's hands", cuts, w.sent, extra, found.uncertain+found.blamed)
	w.shut()
}

// A disk that reports faults stops nothing for good: the process says so, and
// goes on where it was when it is started on a good one.
func TestTheDiskFails(t *testing.T) {
	t.Parallel()
	var d *drive
	w := newTown(t, townPlan{more: "metrics: {listen: \"127.0.0.1:0\"}\n", prepare: func(data string) { d = mountDrive(t, data) }})
	p := w.serve("")
	w.post(3)
	w.answered(p)
	w.shut()
	d.cutPower()
	w.post(3)
	w.until(p, "monitoring hears of it", func() bool { return strings.HasPrefix(w.ready(p), "503 cannot serve") })
	w.until(p, "the log says so", func() bool { return strings.Contains(p.log.String(), "the disk reports a fault") })
	log := p.ended()
	d.powerBack()
	p = w.serve("")
	w.answered(p)
	p.stop(t)
	if found := w.audit(); found.delivered != w.sent {
		t.Errorf("of %d replies %+v\n%s", w.sent, found, log)
	}
	w.shut()
}

// An archive that can only be read any more, as after a fault of its disk: no
// post is lost, and it goes on by itself when the disk can be written again.
func TestTheArchiveCanOnlyBeRead(t *testing.T) {
	t.Parallel()
	var d *disk
	w := newTown(t, townPlan{more: "metrics: {listen: \"127.0.0.1:0\"}\n", prepare: func(data string) { d = mountDisk(t, filepath.Join(data, "archive")) }})
	w.env = append(w.env, "TOWN_SWEEP=1s")
	p := w.serve("")
	w.post(3)
	w.answered(p)
	w.until(p, "nobody writes, so that it can be remounted", func() bool { return d.remount(syscall.MS_RDONLY) == nil })
	w.post(3)
	w.until(p, "the log says so", func() bool { return strings.Contains(p.log.String(), "the folder cannot be written") })
	w.until(p, "monitoring hears of it", func() bool { return strings.Contains(w.ready(p), "archive: down") })
	d.must(d.remount(0))
	w.answered(p)
	p.stop(t)
	if found := w.audit(); found.delivered != w.sent {
		t.Errorf("of %d replies %+v", w.sent, found)
	}
}

// A process that is started on a disk that can only be read says so, and goes
// away again.
func TestStartedOnADiskThatCanOnlyBeRead(t *testing.T) {
	t.Parallel()
	says := map[bool]string{true: "read-only file system", false: "the register or its folder cannot be written"}
	for _, fresh := range []bool{true, false} {
		t.Run(fmt.Sprint("fresh ", fresh), func(t *testing.T) {
			t.Parallel()
			var d *disk
			w := newTown(t, townPlan{prepare: func(data string) { d = mountDisk(t, data) }})
			if !fresh {
				w.post(1)
				p := w.serve("")
				w.answered(p)
				p.stop(t)
				w.shut()
			}
			d.must(d.remount(syscall.MS_RDONLY))
			p := w.serve("")
			if err := <-p.over; err == nil || !strings.Contains(p.log.String(), says[fresh]) {
				t.Errorf("%v\n%s", err, p.log.String())
			}
			d.must(d.remount(0))
			w.post(1)
			p = w.serve("")
			w.answered(p)
			p.stop(t)
			if found := w.audit(); found.delivered != w.sent {
				t.Errorf("of %d replies %+v", w.sent, found)
			}
		})
	}
}

func (d *disk) remount(flags uintptr) error {
	return syscall.Mount("", d.folder, "", syscall.MS_REMOUNT|flags, fmt.Sprintf("size=%d", diskSize))
}

// shut closes the register that was opened from beside.
func (w *town) shut() {
	w.t.Helper()
	if w.beside != nil {
		w.must(w.beside.Close())
		w.beside = nil
	}
}

// A backup onto a disk that fills up is no backup, and says so.
func TestABackupOntoAFullDisk(t *testing.T) {
	t.Parallel()
	c := newCabinet(t)
	c.complaint("no heating", "ann@homes.example")
	c.postroom(0, "verify")
	d := mountDisk(t, filepath.Join(t.TempDir(), "backups"))
	for _, free := range []int{0, 8, 40} {
		d.fill(free)
		folder := filepath.Join(d.folder, fmt.Sprint("backup", free))
		_, complaint := c.postroom(1, "backup", folder)
		c.says(complaint, "the disk is full")
		fresh := newCabinet(t)
		d.must(os.RemoveAll(filepath.Join(fresh.folder, "data")))
		_, complaint = fresh.postroom(1, "restore", folder)
		if free > 0 {
			fresh.says(complaint, "manifest.json")
		}
		d.must(os.RemoveAll(folder))
		d.makeRoom()
	}
	out, _ := c.postroom(0, "backup", filepath.Join(d.folder, "backup"))
	c.says(out, "1 file,", "and the keys")
}
