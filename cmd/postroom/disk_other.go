//go:build !unix

package main

// diskFree knows nothing on this system.
func diskFree(string) (free, whole uint64, ok bool) { return 0, 0, false }
