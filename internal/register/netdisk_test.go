package register

import (
	"errors"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// A SQLite register on a network drive is refused, by serve, check and every
// other command, before anything is made there.
func TestASQLiteRegisterIsRefusedOnTheNetwork(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := filepath.Join(folder, "not yet", "register.db")
	asked := ""
	nfs := func(path string) string { asked = path; return "NFS" }
	if err := onNetworkDisk(file, nfs); !errors.Is(err, ErrNetworkDisk) || !strings.Contains(err.Error(), "(NFS)") || asked != folder {
		t.Errorf("%q was asked about: %v", asked, err)
	}
	if err := OnNetworkDisk(file); err != nil {
		t.Errorf("on a disk of this machine: %v", err)
	}
	r, err := Connect(t.Context(), Config{Driver: "sqlite", DSN: filepath.Join(folder, "register.db"), Own: true, diskKind: nfs})
	if !errors.Is(err, ErrNetworkDisk) {
		t.Errorf("opened %v, %v", r, err)
	}
	if there, _ := filepath.Glob(filepath.Join(folder, "*")); len(there) > 0 {
		t.Errorf("made %v", there)
	}
}

func TestWhichFileSystemsReachOverTheNetwork(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux says what a file system is")
	}
	for number, name := range map[int64]string{0x6969: "NFS", 0xff534d42: "CIFS", 0x01021997: "9P"} {
		if got := networkKinds()[number]; got != name {
			t.Errorf("%x is %q", number, got)
		}
	}
	for _, local := range []int64{0xef53, 0x9123683e, 0x58465342, 0x01021994, 0x794c7630} { // ext4, btrfs, xfs, tmpfs, overlay
		if got := networkKinds()[local]; got != "" {
			t.Errorf("%x is taken for %s", local, got)
		}
	}
	const mounts = `36 35 98:0 / / rw,noatime shared:1 - ext4 /dev/root rw
40 36 0:52 / /srv/share rw shared:2 - fuse.sshfs backup:/srv rw
41 36 0:53 / /mnt/usb rw - fuseblk /dev/sdb1 rw
`
	for device, want := range map[uint64]string{52: "sshfs", 53: "", 54: ""} {
		if got := fuseOverNetwork(strings.NewReader(mounts), device); got != want {
			t.Errorf("device %d is %q, want %q", device, got, want)
		}
	}
}
