package register

import (
	"os"
	"syscall"
)

// flushData flushes what a file holds, and not the time of its last change.
func flushData(f *os.File) error {
	for {
		err := syscall.Fdatasync(int(f.Fd()))
		if err != syscall.EINTR {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}
