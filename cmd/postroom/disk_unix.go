//go:build unix

package main

import "syscall"

// diskFree is how many bytes of a folder's disk are free for us, and how many
// it has.
func diskFree(folder string) (free, whole uint64, ok bool) {
	var s syscall.Statfs_t
	if syscall.Statfs(folder, &s) != nil {
		return 0, 0, false
	}
	block := uint64(s.Bsize)                                        //nolint:gosec // a block has a size
	return uint64(s.Bavail) * block, uint64(s.Blocks) * block, true //nolint:unconvert // the types differ between systems
}
