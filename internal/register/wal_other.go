//go:build !linux

package register

import "os"

// flushData flushes a file.
func flushData(f *os.File) error { return f.Sync() }
