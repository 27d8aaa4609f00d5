package register

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
)

// fuse is the number of every file system that a program provides; which one
// it is, only the list of mounts says.
const fuse = 0x65735546

// networkKinds are the file systems, by the numbers that statfs(2) gives, on
// which SQLite's locks and its shared memory do not hold.
func networkKinds() map[int64]string {
	return map[int64]string{
		0x6969: "NFS", 0x517b: "SMB", 0xff534d42: "CIFS", 0xfe534d42: "SMB2", 0x01021997: "9P", 0x5346414f: "AFS", 0x6b414653: "AFS",
		0x73757245: "Coda", 0x00c36400: "CephFS", 0x0bd00bd0: "Lustre", 0x01161970: "GFS2", 0x7461636f: "OCFS2", 0x47504653: "GPFS", 0x19830326: "BeeGFS",
	}
}

// networkDisk names the network file system that a file or folder is on;
// empty: none, or nobody can say.
func networkDisk(path string) string {
	var s syscall.Statfs_t
	if syscall.Statfs(path, &s) != nil {
		return ""
	}
	kind := int64(s.Type) & 0xffffffff //nolint:unconvert // the type differs between machines
	if kind != fuse {
		return networkKinds()[kind]
	}
	var at syscall.Stat_t
	mounts, err := os.Open("/proc/self/mountinfo")
	if err != nil || syscall.Stat(path, &at) != nil {
		return ""
	}
	defer mounts.Close() //nolint:errcheck // only read
	return fuseOverNetwork(mounts, at.Dev)
}

// fuseOverNetwork finds a device in the list of mounts (proc(5), mountinfo)
// and names its file system when it is one that reaches over the network.
func fuseOverNetwork(mounts io.Reader, device uint64) string {
	number := fmt.Sprintf("%d:%d", device>>8&0xfff|device>>32&^0xfff, device&0xff|device>>12&^0xff)
	lines := bufio.NewScanner(mounts)
	for lines.Scan() {
		before, after, _ := strings.Cut(lines.Text(), " - ")
		fields, kind := strings.Fields(before), strings.Fields(after)
		if len(fields) < 3 || len(kind) == 0 || fields[2] != number {
			continue
		}
		switch name, _ := strings.CutPrefix(kind[0], "fuse."); name {
		case "sshfs", "s3fs", "rclone", "glusterfs", "gcsfuse", "goofys", "davfs", "curlftpfs", "ceph", "ceph-fuse", "smbnetfs", "moosefs", "mfs", "juicefs", "seaweedfs", "virtiofs":
			return name
		}
	}
	return ""
}
